/*
 * A Multiboot kernel that prints what the boot loader handed over, and leaves by the debug exit port. It takes no
 * interrupts. With "bios" on its command line it goes back to real mode and prints what the BIOS calls say.
 */
#include <stdbool.h>
#include <stdint.h>

#define SERIAL 0x3F8
#define EXIT_PORT 0xF4
#define EXIT_GOOD 0x10u

struct info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, symbols[4];
    uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name;
};

struct module {
    uint32_t start, end, string, reserved;
};

struct mmap_entry {
    uint32_t size, base_low, base_high, length_low, length_high, type;
};

void probe_main(uint32_t magic, const struct info *info, uint32_t eflags);
_Noreturn void call_bios(void);

static uint32_t cleared[1024];                     /* .bss, which the loader clears */
static volatile uint32_t initialised = 0x600DDA7A; /* .data, which it copies */

static void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static void put_string(const char *text) {
    for (; *text; text++)
        out8(SERIAL, (uint8_t)*text);
}

static void put_hex(const char *name, uint32_t value) {
    char digit[2] = {0, 0};
    put_string(name);
    for (int shift = 28; shift >= 0; shift -= 4) {
        digit[0] = "0123456789abcdef"[value >> shift & 15];
        put_string(digit);
    }
}

static bool starts_with(const char *text, const char *start) {
    while (*start && *text == *start)
        text++, start++;
    return !*start;
}

static void print_state(uint32_t magic, uint32_t eflags) {
    uint32_t cr0;
    __asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
    uint32_t sum = 0;
    for (unsigned i = 0; i < sizeof cleared / sizeof cleared[0]; i++)
        sum |= cleared[i];
    put_hex("magic ", magic);
    put_hex(" pe-pg ", cr0 & 0x80000001u);
    put_hex(" if-vm ", eflags & 0x20200u);
    put_hex(" bss ", sum);
    put_hex(" data ", initialised);
    put_string("\n");
}

/* A20: with the line closed, 1 MiB + x and x would be the same byte. */
static void print_a20(void) {
    uint32_t low_at = 0x7000, high_at = 0x107000;
    __asm__("" : "+r"(low_at), "+r"(high_at));
    volatile uint32_t *low = (volatile uint32_t *)low_at, *high = (volatile uint32_t *)high_at;
    *low = 0x11111111;
    uint32_t before = *high;
    *low = ~before;
    put_string(*high == before ? "a20 open\n" : "a20 closed\n");
}

static void print_mmap(const struct info *info) {
    for (uint32_t at = 0; at < info->mmap_length;) {
        const struct mmap_entry *entry = (const struct mmap_entry *)(info->mmap_addr + at);
        put_hex("mmap ", entry->base_high);
        put_hex("", entry->base_low);
        put_hex(" + ", entry->length_high);
        put_hex("", entry->length_low);
        put_hex(" type ", entry->type);
        put_string("\n");
        at += entry->size + 4;
    }
}

static void print_module(const struct module *module) {
    uint32_t sum = 0;
    for (uint32_t at = module->start; at < module->end; at++)
        sum = (sum << 5 | sum >> 27) ^ *(const uint8_t *)at;
    put_hex("module ", module->start);
    put_hex(" - ", module->end);
    put_hex(" checksum ", sum);
    put_string(" ");
    put_string((const char *)module->string);
    put_string("\n");
}

void probe_main(uint32_t magic, const struct info *info, uint32_t eflags) {
    print_state(magic, eflags);
    print_a20();
    put_hex("flags ", info->flags);
    put_hex(" lower ", info->mem_lower);
    put_hex(" upper ", info->mem_upper);
    put_string("\nloader ");
    put_string((const char *)info->boot_loader_name);
    put_string("\ncmdline [");
    put_string((const char *)info->cmdline);
    put_string("]\n");
    print_mmap(info);
    for (uint32_t i = 0; i < info->mods_count; i++)
        print_module((const struct module *)info->mods_addr + i);
    if (starts_with((const char *)info->cmdline, "bios"))
        call_bios();
    put_string("done\n");
    __asm__ volatile("outl %0, %1" : : "a"(EXIT_GOOD), "Nd"((uint16_t)EXIT_PORT));
    for (;;)
        __asm__ volatile("cli; hlt");
}
