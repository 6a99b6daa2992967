/*
 * Runs fuzz_stub.c without libFuzzer: packets from a fixed seed, half of them well-formed ones of what GDB sends with
 * bytes changed here and there, or the files named on the command line (to repeat a finding). TAP.
 * usage: fuzz_driver PACKETS ROM KERNEL INITRAMFS [FILE...]
 */
#include "emu/gdb/packet.h"
#include "tests/gdb/fuzz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES 65536u
#define PACKETS_AN_INPUT 8u

static const char *const known[] = {
    "qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386",
    "vMustReplyEmpty",
    "QStartNoAckMode",
    "Hg0",
    "qXfer:features:read:target.xml:0,ffb",
    "qXfer:features:read:target.xml:ffffffffffffffff,ffb",
    "qXfer:features:read:other.xml:0,10",
    "?",
    "qC",
    "qfThreadInfo",
    "qsThreadInfo",
    "qAttached",
    "Hc-1",
    "T1",
    "g",
    "G00112233445566778899aabbccddeeff",
    "p0",
    "p2a",
    "pffffffffffffffff",
    "P0=12345678",
    "P8=000010c0",
    "P2f=00000000",
    "mc0100000,40",
    "m0,ffffffffffffffff",
    "mffffffff,8",
    "Mc0100000,4:90909090",
    "M0,0:",
    "Xc0300000,3:abc",
    "Z0,c0104800,1",
    "z0,c0104800,1",
    "Z1,c0104800,1",
    "Z2,c0300000,4",
    "Z3,c0300000,1000",
    "Z4,fffffffffffffffe,4",
    "Z5,0,0",
    "Z2,0,0",
    "z4,1,1",
    "c",
    "cc0104800",
    "s",
    "C05",
    "S05",
    "vCont?",
    "vCont;c",
    "vCont;s:1;c",
    "vCont;r1,2:1",
    "vCont;",
    "D",
    "k",
    "vKill;1",
    "qRcmd,68656c70",
    "qRcmd,7a6f6e6573",
    "qRcmd,77616c6b20633031303030303030",
    "qRcmd,6576656e747320313030",
    "qRcmd,73746f702066617578",
    "qRcmd,73746f7020636f77",
    "qRcmd,6",
    "qRcmd,",
    "qSymbol::",
    "!",
    "R00",
    "bc",
    "t0:0,0",
};

/* splitmix64 */
static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

/* Data of one packet: a known one, often with changes, or noise. */
static size_t make_data(uint64_t *random, char *data) {
    const char *like = known[next(random) % (sizeof known / sizeof known[0])];
    size_t length = strlen(like);
    if (next(random) % 8 == 0) {
        length = next(random) % 4 ? next(random) % 100 : next(random) % (PACKET_BYTES + 200);
        for (size_t i = 0; i < length; i++)
            data[i] = (char)next(random);
        return length;
    }
    memcpy(data, like, length);
    for (unsigned changes = next(random) % 4 ? (unsigned)(next(random) % 4) : 0; changes > 0; changes--)
        data[next(random) % length] =
            next(random) % 2 ? "0123456789abcdef,:;=+-$#}*"[next(random) % 26] : (char)next(random);
    if (next(random) % 16 == 0)
        length = next(random) % length + 1;
    return length;
}

static size_t make_input(uint64_t *random, uint8_t *input) {
    static char data[2 * PACKET_BYTES], framed[2 * PACKET_FRAMED];
    size_t size = 0;
    input[size++] = (uint8_t)next(random);
    for (unsigned i = 0; i < PACKETS_AN_INPUT && size < INPUT_BYTES / 2; i++) {
        size_t count = packet_frame(data, make_data(random, data), framed);
        if (count > INPUT_BYTES - size)
            count = INPUT_BYTES - size;
        memcpy(input + size, framed, count);
        if (next(random) % 16 == 0)
            input[size + next(random) % count] ^= (uint8_t)(1u << next(random) % 8);
        size += count;
        if (next(random) % 8 == 0 && size < INPUT_BYTES)
            input[size++] = (uint8_t) "\x03+-$#"[next(random) % 5];
    }
    return size;
}

static bool run_file(const char *path) {
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    return true;
}

int main(int argc, char **argv) {
    static uint8_t input[INPUT_BYTES];
    if (argc < 5) {
        fprintf(stderr, "usage: fuzz_driver PACKETS ROM KERNEL INITRAMFS [FILE...]\n");
        return 2;
    }
    unsigned long packets = strtoul(argv[1], NULL, 10);
    fuzz_begin(argv[2], argv[3], argv[4]);
    for (int i = 5; i < argc; i++)
        if (!run_file(argv[i])) {
            fprintf(stderr, "%s: cannot read '%s'; give files that hold fuzz inputs\n", argv[0], argv[i]);
            return 2;
        }
    uint64_t random = getenv("FUZZ_SEED") ? strtoull(getenv("FUZZ_SEED"), NULL, 0) : 0x5EED;
    for (unsigned long done = 0; argc == 5 && done < packets; done += PACKETS_AN_INPUT)
        LLVMFuzzerTestOneInput(input, make_input(&random, input));
    const struct fuzz_counts *counts = fuzz_counts();
    bool met = counts->replies > packets / 4 && counts->errors > packets / 20 && counts->unknown > packets / 100 &&
               counts->stops > packets / 40;
    printf("TAP version 13\n1..2\nok 1 - %lu packets, no crash and no broken promise\n", packets);
    printf("# %" PRIu64 " replies: %" PRIu64 " errors, %" PRIu64 " unknown, %" PRIu64 " stops; %" PRIu64 " bytes\n",
           counts->replies, counts->errors, counts->unknown, counts->stops, counts->bytes);
    printf("%s 2 - of every kind\n", met || argc > 5 ? "ok" : "not ok");
    fuzz_end();
    return met || argc > 5 ? 0 : 1;
}
