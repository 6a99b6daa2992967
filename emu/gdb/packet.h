/*
 * Packets of GDB's remote protocol: bytes in, events out. Pure: no socket, no machine, no allocation.
 *
 *     $ data # two hex digits      data: } hides the next byte, which is given xor 0x20
 *
 * The model. Bytes may come split and merged anywhere. Whatever they are, the parser's memory is bounded, and the next
 * '$' begins a packet again. A packet that is longer than PACKET_BYTES is swallowed to its end and told as such.
 */
#ifndef FAULTLINE_PACKET_H
#define FAULTLINE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_BYTES 16384u /* of data; told to GDB as PacketSize */
#define PACKET_FRAMED (2 * PACKET_BYTES + 4)

enum packet_event {
    PACKET_NONE,
    PACKET_READY,     /* data and length hold it; data[length] is 0 */
    PACKET_INTERRUPT, /* Ctrl-C, between packets */
    PACKET_ACK,
    PACKET_NACK,
    PACKET_BAD,  /* the checksum is wrong */
    PACKET_LONG, /* too long; what it said is lost */
};

struct packets {
    enum { PACKET_OUTSIDE, PACKET_INSIDE, PACKET_SUM_HIGH, PACKET_SUM_LOW } place;
    char data[PACKET_BYTES + 1];
    size_t length;
    uint8_t sum;
    int given; /* checksum that came with it, -1: no hex digits */
    bool escaped, too_long;
};

void packets_reset(struct packets *packets);
enum packet_event packets_take(struct packets *packets, uint8_t byte);

/* The bytes of a packet with that data, at most PACKET_BYTES. to: room for PACKET_FRAMED bytes. Returns their number.
 */
size_t packet_frame(const char *data, size_t length, char *to);

/* Hexadecimal digits. value of one: -1 for anything else. Writers end with 0. */
int packet_digit(char digit);
void packet_put_hex(char *to, const void *bytes, size_t count);
/* Digits of `count` bytes; false: fewer, or other characters. */
bool packet_get_hex(const char *from, void *bytes, size_t count);

#endif
