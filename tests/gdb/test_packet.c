/*
 * Packets: whatever way the bytes are cut, the same packets come out, and what is put in a frame comes out of it.
 */
#include "emu/gdb/packet.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct packets packets;

static enum packet_event feed(const char *bytes, size_t count) {
    enum packet_event last = PACKET_NONE;
    for (size_t i = 0; i < count; i++) {
        enum packet_event event = packets_take(&packets, (uint8_t)bytes[i]);
        if (event != PACKET_NONE)
            last = event;
    }
    return last;
}

#define FEED(text) feed(text, sizeof(text) - 1)

Test(packet, comes_out_as_it_was_framed) {
    static char data[PACKET_BYTES], framed[PACKET_FRAMED];
    srand(4);
    for (unsigned round = 0; round < 300; round++) {
        size_t length = round < 256 ? 1 : (size_t)rand() % PACKET_BYTES;
        for (size_t i = 0; i < length; i++)
            data[i] = (char)(round < 256 ? round : (unsigned)rand());
        size_t count = packet_frame(data, length, framed);
        cr_assert_leq(count, PACKET_FRAMED);
        packets_reset(&packets);
        cr_assert_eq(feed(framed, count), PACKET_READY, "round %u", round);
        cr_assert_eq(packets.length, length, "round %u: %zu of %zu bytes", round, packets.length, length);
        cr_assert_eq(memcmp(packets.data, data, length), 0, "round %u", round);
    }
}

Test(packet, of_the_largest_size_fits_the_frame) {
    static char data[PACKET_BYTES], framed[PACKET_FRAMED];
    memset(data, '#', sizeof data);
    cr_expect_eq(packet_frame(data, sizeof data, framed), PACKET_FRAMED);
    packets_reset(&packets);
    cr_expect_eq(feed(framed, PACKET_FRAMED), PACKET_READY);
    cr_expect_eq(packets.length, PACKET_BYTES);
}

Test(packet, events_between_packets) {
    packets_reset(&packets);
    cr_expect_eq(FEED("\x03"), PACKET_INTERRUPT);
    cr_expect_eq(FEED("+"), PACKET_ACK);
    cr_expect_eq(FEED("-"), PACKET_NACK);
    cr_expect_eq(FEED("noise\xff"), PACKET_NONE);
    cr_expect_eq(FEED("$g#67"), PACKET_READY);
    cr_expect_str_eq(packets.data, "g");
    cr_expect_eq(FEED("$X0,1:\x03#22"), PACKET_READY, "Ctrl-C inside a packet is data");
}

Test(packet, with_a_wrong_sum_is_told) {
    packets_reset(&packets);
    cr_expect_eq(FEED("$g#68"), PACKET_BAD);
    cr_expect_eq(FEED("$g#6x"), PACKET_BAD);
    cr_expect_eq(FEED("$g#xx"), PACKET_BAD);
    cr_expect_eq(FEED("$g#67"), PACKET_READY, "the next one is good again");
    cr_expect_eq(FEED("$lost$g#67"), PACKET_READY, "one that was cut off is forgotten");
    cr_expect_str_eq(packets.data, "g");
}

Test(packet, that_is_too_long_is_swallowed_to_its_end) {
    packets_reset(&packets);
    cr_expect_eq(FEED("$"), PACKET_NONE);
    for (unsigned i = 0; i < 10 * PACKET_BYTES; i++)
        cr_assert_eq(packets_take(&packets, 0), PACKET_NONE);
    cr_expect_eq(FEED("#00"), PACKET_LONG);
    cr_expect_eq(FEED("$g#67"), PACKET_READY);
}

Test(packet, hexadecimal_digits) {
    char text[9];
    uint8_t bytes[4] = {0x00, 0x7f, 0xa5, 0xff}, back[4];
    packet_put_hex(text, bytes, 4);
    cr_expect_str_eq(text, "007fa5ff");
    cr_expect(packet_get_hex("007FA5ff", back, 4));
    cr_expect_eq(memcmp(bytes, back, 4), 0);
    cr_expect_not(packet_get_hex("00g0", back, 2));
    cr_expect_not(packet_get_hex("0", back, 1));
}
