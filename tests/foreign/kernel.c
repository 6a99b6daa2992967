/*
 * A small Multiboot kernel that knows nothing of faultline: it sends no events and has none of our structures. It turns
 * paging on, runs a program in ring 3, and answers page faults of both rings: what is not present gets a frame, what is
 * read-only becomes writable. It says what it answered and leaves by the debug exit port.
 *
 *   00100000  the kernel, mapped one to one, supervisor only       40000000  the program's code, read-only
 *   00800000  pages that the kernel touches, mapped by its fault   40001000  its stack, then memory that it touches
 */
#include <stdint.h>

#define SERIAL 0x3F8
#define EXIT_PORT 0xF4
#define EXIT_GOOD 0x10u
#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u
#define PROGRAM 0x40000000u
#define STACK_TOP 0x40002000u
#define TOUCHED 0x00800000u
#define FRAMES 16u

struct gate {
    uint16_t offset_low, selector, type, offset_high;
};
struct registers {
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax, vector, error_code, eip, cs, eflags;
};

void foreign_main(void);
void on_trap(struct registers *registers);
_Noreturn void enter_program(uint32_t entry, uint32_t stack);
extern const uint8_t page_fault_entry[], system_call_entry[], program_start[], program_end[];
extern uint8_t kernel_stack[];

static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t low_table[1024] __attribute__((aligned(4096)));
static uint32_t touched_table[1024] __attribute__((aligned(4096)));
static uint32_t program_table[1024] __attribute__((aligned(4096)));
static uint8_t frames[FRAMES][4096] __attribute__((aligned(4096)));
static unsigned frames_taken;
static struct gate idt[129];
static uint32_t tss[26];
static uint64_t gdt[6] = {0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x00CFFB000000FFFF, 0x00CFF3000000FFFF};
uint8_t kernel_stack[8192];

__asm__(".section .multiboot, \"a\"\n"
        ".balign 4\n"
        ".long 0x1BADB002, 0, -0x1BADB002\n"
        ".text\n"
        ".globl start\n"
        "start:\n"
        "movl $kernel_stack + 8192, %esp\n"
        "xorl %ebp, %ebp\n"
        "call foreign_main\n"
        "1: hlt\n"
        "jmp 1b\n"
        "page_fault_entry:\n"
        "pushl $14\n"
        "jmp common\n"
        "system_call_entry:\n"
        "pushl $0\n"
        "pushl $128\n"
        "common:\n"
        "pushal\n"
        "movl $0x10, %eax\n"
        "movl %eax, %ds\n"
        "movl %eax, %es\n"
        "pushl %esp\n"
        "cld\n"
        "call on_trap\n"
        "addl $4, %esp\n"
        "movl 44(%esp), %eax\n" /* cs */
        "testl $3, %eax\n"
        "jz 1f\n"
        "movl $0x23, %eax\n"
        "movl %eax, %ds\n"
        "movl %eax, %es\n"
        "1: popal\n"
        "addl $8, %esp\n"
        "iret\n"
        "enter_program:\n"
        "movl 4(%esp), %ecx\n"
        "movl 8(%esp), %edx\n"
        "movl $0x23, %eax\n"
        "movl %eax, %ds\n"
        "movl %eax, %es\n"
        "pushl $0x23\n"
        "pushl %edx\n"
        "pushl $2\n"
        "pushl $0x1b\n"
        "pushl %ecx\n"
        "iret\n"
        /* The program: it runs where it is copied to. */
        "program_start:\n"
        "xorl %ebp, %ebp\n"
        "movl $0x40003000, %ebx\n"
        "movl (%ebx), %eax\n"
        "movl $1, (%ebx)\n"
        "movl $2, 4(%ebx)\n"
        "movl $3, 0x2000(%ebx)\n"
        "int $128\n"
        "program_end:\n");

static void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static void say(const char *text) {
    for (; *text; text++)
        out8(SERIAL, (uint8_t)*text);
}

static void say_hex(uint32_t value) {
    char digit[2] = {0, 0};
    for (int shift = 28; shift >= 0; shift -= 4) {
        digit[0] = "0123456789abcdef"[value >> shift & 15];
        say(digit);
    }
}

_Noreturn static void leave(uint32_t code) {
    for (;;)
        __asm__ volatile("outl %0, %1" : : "a"(code), "Nd"((uint16_t)EXIT_PORT));
}

static uint32_t take_frame(void) {
    if (frames_taken == FRAMES)
        leave(EXIT_GOOD + 1);
    return (uint32_t)frames[frames_taken++];
}

static uint32_t *entry_of(uint32_t address) {
    uint32_t table = directory[address >> 22] & ~0xFFFu;
    return (uint32_t *)table + (address >> 12 & 1023);
}

/* A page that was only read is mapped read-only first, so that the write to it is a fault of its own. */
static void answer_fault(uint32_t address, uint32_t error_code) {
    uint32_t user = address >= PROGRAM ? USER : 0, writable = error_code & 2 ? WRITABLE : 0;
    uint32_t *entry = entry_of(address);
    *entry = *entry & PRESENT ? *entry | WRITABLE : take_frame() | PRESENT | user | writable;
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static void system_call(void) {
    *(volatile uint32_t *)TOUCHED = 1; /* the kernel's own fault, in ring 0 */
    *(volatile uint32_t *)(TOUCHED + 4096) = *(volatile uint32_t *)TOUCHED;
    say("done\n");
    leave(EXIT_GOOD);
}

void on_trap(struct registers *registers) {
    uint32_t address;
    if (registers->vector == 128)
        system_call();
    __asm__ volatile("movl %%cr2, %0" : "=r"(address));
    say(registers->cs & 3 ? "program " : "kernel ");
    say_hex(address);
    say("\n");
    answer_fault(address, registers->error_code);
}

static void set_gate(unsigned vector, const uint8_t *entry, uint16_t type) {
    uint32_t at = (uint32_t)entry;
    idt[vector] = (struct gate){(uint16_t)at, 0x08, type, (uint16_t)(at >> 16)};
}

static void load_tables(void) {
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) gdtr = {sizeof gdt - 1, (uint32_t)gdt}, idtr = {sizeof idt - 1, (uint32_t)idt};
    uint32_t base = (uint32_t)tss;
    tss[1] = (uint32_t)kernel_stack + sizeof kernel_stack;
    tss[2] = 0x10;
    tss[25] = sizeof tss << 16;
    gdt[5] = 0x0000890000000000 | (sizeof tss - 1) | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56;
    set_gate(14, page_fault_entry, 0x8E00);
    set_gate(128, system_call_entry, 0xEE00);
    __asm__ volatile("lgdt %0\n"
                     "lidt %1\n"
                     "ljmp $0x08, $1f\n"
                     "1: movl $0x10, %%eax\n"
                     "movl %%eax, %%ds\n"
                     "movl %%eax, %%es\n"
                     "movl %%eax, %%ss\n"
                     "movl $0x28, %%eax\n"
                     "ltr %%ax\n"
                     :
                     : "m"(gdtr), "m"(idtr)
                     : "eax", "memory");
}

static void start_paging(void) {
    for (uint32_t i = 0; i < 1024; i++)
        low_table[i] = i << 12 | PRESENT | WRITABLE;
    directory[0] = (uint32_t)low_table | PRESENT | WRITABLE;
    directory[TOUCHED >> 22] = (uint32_t)touched_table | PRESENT | WRITABLE;
    directory[PROGRAM >> 22] = (uint32_t)program_table | PRESENT | WRITABLE | USER;
    program_table[0] = take_frame() | PRESENT | USER;
    program_table[1] = take_frame() | PRESENT | WRITABLE | USER;
    for (uint32_t i = 0; program_start + i < program_end; i++)
        frames[0][i] = program_start[i];
    __asm__ volatile("movl %0, %%cr3\n"
                     "movl %%cr0, %%eax\n"
                     "orl $0x80010000, %%eax\n"
                     "movl %%eax, %%cr0\n"
                     :
                     : "r"(directory)
                     : "eax", "memory");
}

void foreign_main(void) {
    load_tables();
    start_paging();
    say("paging is on\n");
    enter_program(PROGRAM, STACK_TOP);
}
