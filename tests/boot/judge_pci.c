/*
 * What a guest sees of the PCI bus and of a virtio disk, as a Multiboot kernel: the same on QEMU's pc machine and on
 * faultline. The transcript goes to the debug console.
 *
 * Left out, because the machines differ there by intent: functions 1 to 3 of slot 1 (QEMU has IDE and power
 * management), the addresses that the firmware gives (they follow what else is there), features and configuration that
 * only QEMU's disk offers, and accesses to 0xCFC that are not aligned, which QEMU's bus drops.
 */
#include "judge_start.h"

#include <stdbool.h>

#define FEATURES_OF_BOTH 0x10000274u
#define SPINS 20000000u

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

static struct {
    struct descriptor descriptor[256];
    uint16_t available_flags, available_index, available[256], unused;
    uint8_t gap[8192 - 4096 - 518];
    volatile uint16_t used_flags, used_index;
    struct {
        uint32_t id, length;
    } used[256];
} queue __attribute__((aligned(4096)));
_Static_assert(__builtin_offsetof(__typeof__(queue), used_flags) == 8192, "legacy layout");

static struct {
    uint32_t type, priority;
    uint64_t sector;
} header;
static uint8_t data[1024];
static volatile uint8_t status;

static uint32_t in(uint16_t port, unsigned size) {
    uint32_t value = 0;
    if (size == 1)
        __asm__ volatile("inb %1, %b0" : "+a"(value) : "Nd"(port));
    else if (size == 2)
        __asm__ volatile("inw %1, %w0" : "+a"(value) : "Nd"(port));
    else
        __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void out(uint16_t port, unsigned size, uint32_t value) {
    if (size == 1)
        __asm__ volatile("outb %b0, %1" : : "a"(value), "Nd"(port));
    else if (size == 2)
        __asm__ volatile("outw %w0, %1" : : "a"(value), "Nd"(port));
    else
        __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *what, uint32_t value) {
    for (; *what; what++)
        out(0xE9, 1, (uint8_t)*what);
    out(0xE9, 1, ' ');
    for (int shift = 28; shift >= 0; shift -= 4)
        out(0xE9, 1, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
    out(0xE9, 1, '\n');
}

static uint32_t get(uint32_t slot, uint32_t at) {
    out(0xCF8, 4, 0x80000000u | slot << 11 | at);
    return in(0xCFC, 4);
}

static void set(uint32_t slot, uint32_t at, uint32_t value) {
    out(0xCF8, 4, 0x80000000u | slot << 11 | at);
    out(0xCFC, 4, value);
}

static void judge_address(void) {
    out(0xCF8, 4, 0x80001234);
    for (uint16_t port = 0xCF8; port < 0xCFC; port++)
        if (port != 0xCF9)
            say("address", in(port, 1));
    say("address", in(0xCF8, 2));
    out(0xCF8, 2, 0x5555);
    out(0xCF8, 1, 0x55);
    out(0xCFB, 1, 0x55);
    say("address", in(0xCF8, 4));
    static const uint32_t addresses[] = {0,          0x7FFFFFFF, 0xFF000000, 0x80010000,
                                         0x80000100, 0x8000F800, 0x80000002, 0x800000FC};
    for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        out(0xCF8, 4, addresses[i]);
        say("at", addresses[i]);
        say(" data", in(0xCFC, 4));
        say(" data", in(0xCFE, 2));
        say(" data", in(0xCFF, 1));
    }
}

/* Its registers, and which of their bits can be written. The ports' address is left out. */
static void judge_function(uint32_t slot) {
    say("slot", slot);
    for (uint32_t at = 0; at < 256; at += 4) {
        uint32_t before = get(slot, at);
        say(" register", at == 0x10 ? before & 0x7Fu : before);
        if (at == 0x60 && slot == 1)
            continue; /* interrupts are in use */
        set(slot, at, UINT32_MAX);
        uint32_t ones = get(slot, at);
        set(slot, at, 0);
        say(" writable", ones ^ get(slot, at));
        set(slot, at, before);
        say(" restored", get(slot, at) == before);
    }
}

static void judge_ports(uint32_t slot) {
    uint32_t base = get(slot, 0x10) & ~3u;
    say("placed well", base >= 0xC000 && base + 128 <= 0x10000 && (get(slot, 4) & 7) == 5);
    set(slot, 4, 0);
    say("not decoded", in((uint16_t)base, 4));
    set(slot, 0x10, 0xE000);
    set(slot, 4, 5);
    say("moved", in(0xE000, 4) & FEATURES_OF_BOTH);
    say("not where it was", in((uint16_t)base, 4));
    set(slot, 0x10, 0);
    say("not at 0", in(0xE000, 4));
    set(slot, 0x10, 0x1E000);
    say("not above 64 K", in(0xE000, 4));
    set(slot, 0x10, base);
    say("back", in((uint16_t)base, 4) & FEATURES_OF_BOTH);
}

static void judge_registers(uint16_t base) {
    static const uint8_t at[] = {8, 12, 14, 16, 18, 19};
    for (unsigned i = 0; i < sizeof at; i++)
        say("register", in((uint16_t)(base + at[i]), 4));
    for (uint16_t i = 20; i < 44; i++)
        say("configuration", in((uint16_t)(base + i), 1));
    out(base + 14, 2, 1);
    say("size of queue 1", in((uint16_t)(base + 12), 2));
    out(base + 14, 2, 2000);
    say("queue", in((uint16_t)(base + 14), 2));
    out(base + 14, 2, 0);
    out(base + 18, 1, 0x83);
    say("status", in((uint16_t)(base + 18), 1));
    out(base + 4, 4, 0x00000244);
    say("features", in((uint16_t)(base + 4), 4));
    out(base + 8, 4, 0x123);
    say("page", in((uint16_t)(base + 8), 4));
    out(base + 18, 1, 0);
    say("page after reset", in((uint16_t)(base + 8), 4));
    say("features after reset", in((uint16_t)(base + 4), 4));
    say("status after reset", in((uint16_t)(base + 18), 1));
}

static void start_queue(uint16_t base) {
    for (unsigned i = 0; i < sizeof queue; i++)
        ((volatile uint8_t *)&queue)[i] = 0;
    out(base + 18, 1, 0);
    out(base + 18, 1, 1);
    out(base + 18, 1, 3);
    out(base + 4, 4, 0x244);
    out(base + 14, 2, 0);
    out(base + 8, 4, (uint32_t)&queue >> 12);
    out(base + 18, 1, 7);
}

static uint32_t input_of(uint32_t slot) {
    out(0xA0, 1, 0x0A);
    return in(0xA0, 1) >> ((get(slot, 0x3C) & 0xFFu) - 8) & 1u;
}

static void transfer(uint32_t slot, uint16_t base, uint32_t type, uint32_t sector, uint32_t bytes) {
    uint16_t before = queue.used_index;
    header.type = type;
    header.sector = sector;
    status = 0xEE;
    queue.descriptor[0] = (struct descriptor){(uint32_t)&header, 16, 1, bytes ? 1 : 2};
    queue.descriptor[1] = (struct descriptor){(uint32_t)data, bytes, type == 1 ? 1 : 3, 2};
    queue.descriptor[2] = (struct descriptor){(uint32_t)&status, 1, 2, 0};
    queue.available[queue.available_index % 256] = 0;
    __asm__ volatile("" : : : "memory");
    queue.available_index++;
    __asm__ volatile("" : : : "memory");
    out(base + 16, 2, 0);
    for (uint32_t spins = 0; queue.used_index == before && spins < SPINS; spins++)
        __asm__ volatile("pause" : : : "memory");
    say("request", type);
    say(" used", queue.used_index);
    say(" length", queue.used[before % 256].length);
    say(" status", status);
    say(" first byte", data[0]);
    say(" last byte", data[sizeof data - 1]);
    say(" input", input_of(slot));
    say(" interrupt", in((uint16_t)(base + 19), 1));
    say(" input", input_of(slot));
}

static void judge_requests(uint32_t slot, uint16_t base, uint32_t sectors) {
    start_queue(base);
    transfer(slot, base, 0, 5, 1024);
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i ^ i >> 8 ^ slot);
    transfer(slot, base, 1, 6, 512);
    transfer(slot, base, 1, sectors - 1, 512);
    transfer(slot, base, 1, sectors - 1, 1024);
    transfer(slot, base, 0, sectors, 512);
    transfer(slot, base, 0, 0, 100);
    transfer(slot, base, 4, 0, 0);
    transfer(slot, base, 77, 0, 512);
    transfer(slot, base, 0, 6, 512);
    out(base + 18, 1, 0);
}

void judge_main(void) {
    judge_address();
    judge_function(0);
    judge_function(1);
    for (uint32_t slot = 2; slot < 32; slot++) {
        if (get(slot, 0) != 0x10011AF4)
            continue;
        judge_function(slot);
        judge_ports(slot);
        uint16_t base = (uint16_t)(get(slot, 0x10) & ~3u);
        judge_registers(base);
        judge_requests(slot, base, in((uint16_t)(base + 20), 4));
    }
    out(0xF4, 4, EXIT_GOOD);
}
