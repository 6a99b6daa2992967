/* The target descriptions and the values that they describe belong together. With an argument: prints one, for GDB. */
#include "emu/gdb/internal.h"

#include <stdio.h>
#include <string.h>

static unsigned checks, failures;

static void check(bool good, const char *what, bool wide) {
    checks++;
    failures += !good;
    printf("%s %u - %s, %u bits\n", good ? "ok" : "not ok", checks, what, wide ? 64 : 32);
}

/* Number of the register with that name in the description; its bits. -1: none. */
static int number_of(const char *xml, const char *name, unsigned *bits) {
    char wanted[64];
    int number = 0;
    snprintf(wanted, sizeof wanted, "<reg name=\"%s\" ", name);
    for (const char *at = xml; (at = strstr(at, "<reg ")); at++, number++)
        if (strncmp(at, wanted, strlen(wanted)) == 0)
            return sscanf(strstr(at, "bitsize"), "bitsize=\"%u\"", bits) == 1 ? number : -1;
    return -1;
}

static uint64_t value_of(const struct register_set *set, const char *xml, bool wide, const char *name) {
    unsigned bits;
    uint8_t value[16];
    uint64_t word;
    int number = number_of(xml, name, &bits);
    if (number < 0 || bits / 8 != registers_bytes(wide, (unsigned)number))
        return UINT64_MAX - 1;
    registers_get(set, wide, (unsigned)number, value);
    memcpy(&word, value, sizeof word);
    return word;
}

static void check_mode(bool wide) {
    static char xml[DESCRIPTION_BYTES];
    struct register_set set = {.cpu = {.rip = 0x1234, .cr3 = 0x5000, .cpl = 3}};
    unsigned count = 0;
    for (unsigned i = 0; i < 16; i++)
        set.cpu.gpr[i] = 0x100 + i;
    set.cpu.segment[CPU_FS] = (struct cpu_segment){.selector = 0x33, .base = 0x7000};
    set.fpu.xmm[7][0] = 0x99;
    check(registers_describe(wide, xml, sizeof xml) < sizeof xml, "the description fits", wide);
    for (const char *at = xml; (at = strstr(at, "<reg ")); at++)
        count++;
    check(count == registers_count(wide), "it has every register", wide);
    check(value_of(&set, xml, wide, wide ? "rbx" : "ebx") == 0x103, "general registers stand at their names", wide);
    check(value_of(&set, xml, wide, wide ? "rsi" : "esi") == 0x106, "all of them", wide);
    check(value_of(&set, xml, wide, wide ? "rip" : "eip") == 0x1234, "the instruction pointer", wide);
    check(value_of(&set, xml, wide, "fs") == 0x33 && value_of(&set, xml, wide, "fs_base") == 0x7000, "segments", wide);
    check(value_of(&set, xml, wide, "cr3") == 0x5000 && value_of(&set, xml, wide, "cpl") == 3, "the system's", wide);
    check(value_of(&set, xml, wide, "xmm7") == 0x99, "vectors", wide);
    uint8_t value[16] = {0x78, 0x56, 0x34, 0x12};
    unsigned bits;
    check(registers_set(&set, wide, (unsigned)number_of(xml, "cr3", &bits), value) && set.cpu.cr3 == 0x12345678,
          "CR3 can be set", wide);
    check(!registers_set(&set, wide, (unsigned)number_of(xml, "cr0", &bits), value), "CR0 cannot", wide);
    check(!registers_set(&set, wide, registers_count(wide), value), "nor what there is not", wide);
}

int main(int argc, char **argv) {
    static char xml[DESCRIPTION_BYTES];
    if (argc > 1) {
        registers_describe(strcmp(argv[1], "64") == 0, xml, sizeof xml);
        puts(xml);
        return 0;
    }
    printf("TAP version 13\n1..22\n");
    check_mode(false);
    check_mode(true);
    return failures ? 1 : 0;
}
