/*
 * A Multiboot kernel that lives on interrupts: timer ticks in two modes, the UART's transmitter, the real-time clock,
 * the keyboard controller, nesting by priority, a spurious interrupt; then the same lines through the I/O APIC, and the
 * local APIC's timer and messages to itself. Its console output has nothing in it that depends on how fast the machine
 * is.
 */
#include <stdint.h>

#define STACK_BYTES 16384
#define EXIT_GOOD 0x10u
#define UART 0x3F8
#define PIC1 0x20
#define PIC2 0xA0
#define BASE 0x20
#define VECTORS 0x60
#define APIC_VECTORS 0x40u /* vectors from here on are the APICs' */
#define APIC(number) (*(volatile uint32_t *)(0xFEE00000u + 16u * (number)))
#define APIC_EOI APIC(0x0B)
#define IO_SELECT (*(volatile uint32_t *)0xFEC00000u)
#define IO_WINDOW (*(volatile uint32_t *)0xFEC00010u)

void interrupts_main(void);
void on_interrupt(uint32_t vector);

struct gate {
    uint16_t offset_low, selector;
    uint16_t type, offset_high;
};

static struct gate idt[VECTORS];
extern const uint8_t entry_points[];
extern uint8_t interrupts_stack[STACK_BYTES];
uint8_t interrupts_stack[STACK_BYTES];

static volatile uint32_t taken[VECTORS];
static const char *volatile sending = "";

/* Every entry point is 16 bytes: push the vector, go to the common part. */
__asm__(".section .multiboot, \"a\"\n"
        ".balign 4\n"
        ".long 0x1BADB002, 0, -0x1BADB002\n"
        ".text\n"
        ".globl start\n"
        "start:\n"
        "movl $interrupts_stack + 16384, %esp\n"
        "call interrupts_main\n"
        "1: hlt\n"
        "jmp 1b\n"
        ".balign 16\n"
        ".globl entry_points\n"
        "entry_points:\n"
        ".set vector, 0\n"
        ".rept 0x60\n"
        ".balign 16\n"
        "pushl $vector\n"
        "jmp common\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        "common:\n"
        "pushal\n"
        "pushl 32(%esp)\n"
        "cld\n"
        "call on_interrupt\n"
        "addl $4, %esp\n"
        "popal\n"
        "addl $4, %esp\n"
        "iret\n");

static uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static void say(const char *text) {
    for (; *text; text++)
        out8(UART, (uint8_t)*text);
}

static void say_number(const char *text, uint32_t value) {
    char digits[12];
    char *at = digits + sizeof digits - 1;
    say(text);
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    say(at);
    say("\n");
}

static void end_of_interrupt(uint32_t line) {
    if (line >= 8)
        out8(PIC2, 0x20);
    out8(PIC1, 0x20);
}

static void uart_interrupt(void) {
    if ((in8(UART + 2) & 0x0F) != 0x02)
        return;
    if (*sending)
        out8(UART, (uint8_t)*sending++);
    else
        out8(UART + 1, 0);
}

static void rtc_interrupt(void) {
    out8(0x70, 0x0C);
    in8(0x71);
}

/* 0x54 sends two more from inside its handler, of a lower class and of its own: both wait for its end. */
static void apic_interrupt(uint32_t vector) {
    if (vector == 0x54) {
        APIC(0x30) = 0x40048;
        APIC(0x30) = 0x40058;
        __asm__ volatile("sti; nop; nop; cli" : : : "memory");
        say_number("48 in the handler of 54: ", taken[0x48]);
        say_number("58 in the handler of 54: ", taken[0x58]);
    } else if (vector == 0x44) {
        uart_interrupt();
    }
    APIC_EOI = 0;
}

void on_interrupt(uint32_t vector) {
    taken[vector]++;
    if (vector >= APIC_VECTORS) {
        apic_interrupt(vector);
        return;
    }
    uint32_t line = vector - BASE;
    if (vector < BASE) {
        say_number("exception ", vector);
        for (;;)
            __asm__ volatile("cli; hlt");
    }
    if (line == 7) /* nobody raises it: spurious, without an end */
        return;
    if (line == 15)
        line = 2; /* the same of the slave: only the master serves something */
    if (line == 4)
        uart_interrupt();
    else if (line == 8)
        rtc_interrupt();
    else if (line == 1)
        in8(0x60);
    end_of_interrupt(line);
}

static void load_idt(void) {
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uint32_t)idt};
    uint16_t code;
    __asm__ volatile("movw %%cs, %0" : "=r"(code));
    for (uint32_t i = 0; i < VECTORS; i++) {
        uint32_t entry = (uint32_t)entry_points + 16 * i;
        idt[i] = (struct gate){(uint16_t)entry, code, 0x8E00, (uint16_t)(entry >> 16)};
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void start_pics(void) {
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = i ? PIC2 : PIC1;
        out8(port, 0x11);
        out8((uint16_t)(port + 1), (uint8_t)(BASE + 8 * i));
        out8((uint16_t)(port + 1), i ? 2 : 4);
        out8((uint16_t)(port + 1), 1);
        out8((uint16_t)(port + 1), 0xFF);
    }
}

static void unmask(uint32_t lines) {
    out8(PIC1 + 1, (uint8_t)~lines);
    out8(PIC2 + 1, (uint8_t) ~(lines >> 8));
}

static void wait_for(uint32_t line, uint32_t count) {
    while (taken[BASE + line] < count)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void set_timer(uint8_t mode, uint16_t count) {
    out8(0x43, (uint8_t)(0x30 | mode << 1));
    out8(0x40, (uint8_t)count);
    out8(0x40, (uint8_t)(count >> 8));
}

static void timer_story(void) {
    unmask(1);
    set_timer(2, 11932);
    wait_for(0, 10);
    say("ten ticks in mode 2\n");
    set_timer(3, 11932);
    wait_for(0, 20);
    say("ten ticks in mode 3\n");
    set_timer(0, 11932);
    uint32_t before = taken[BASE];
    wait_for(0, before + 1);
    say_number("a one-shot more: ", taken[BASE] - before);
    unmask(0);
}

static void uart_story(void) {
    unmask(0x10);
    sending = "sent by transmitter interrupts\n";
    out8(UART + 1, 2);
    while (in8(UART + 1))
        __asm__ volatile("sti; nop; cli" : : : "memory");
    say_number("transmitter interrupts ", taken[BASE + 4]);
    unmask(0);
}

static void rtc_story(void) {
    out8(0x70, 0x0B);
    out8(0x71, 0x42);
    rtc_interrupt();
    unmask(0x104);
    wait_for(8, 5);
    say("five periodic interrupts of the clock\n");
    out8(0x70, 0x0B);
    out8(0x71, 0x02);
    unmask(0);
}

static void keyboard_story(void) {
    out8(0x64, 0x60);
    out8(0x60, 0x45);
    unmask(0x02);
    out8(0x64, 0xD2);
    out8(0x60, 0x1E);
    wait_for(1, 1);
    say_number("keyboard interrupts ", taken[BASE + 1]);
    unmask(0);
}

/* A level-triggered request that goes away while interrupts are off is never seen. */
static void withdrawn_story(void) {
    uint32_t before = taken[BASE + 4] + taken[BASE + 7];
    out8(0x4D0, 0x10);
    unmask(0x10);
    out8(UART + 1, 2);
    out8(UART + 1, 0);
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    say_number("interrupts of a request withdrawn ", taken[BASE + 4] + taken[BASE + 7] - before);
    unmask(0);
}

/* The slave's request is withdrawn after the master has latched it: vector 15 of the pair, ended on the master only. */
static void spurious_story(void) {
    out8(0x70, 0x0B);
    out8(0x71, 0x42);
    rtc_interrupt();
    unmask(0x104);
    for (out8(PIC2, 0x0A); !(in8(PIC2) & 1);)
        ;
    unmask(0x004);
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    say_number("spurious interrupts ", taken[BASE + 15]);
    out8(0x70, 0x0B);
    out8(0x71, 0x02);
    unmask(0);
}

/* The MP floating pointer in the first KiB of the extended BIOS data area, or 0. */
static uint32_t find_mp_pointer(void) {
    uint32_t segment_at = 0x40E;
    __asm__("" : "+r"(segment_at));
    uint32_t area = (uint32_t) * (volatile uint16_t *)segment_at << 4;
    for (uint32_t at = area; at < area + 1024; at += 16)
        if (*(volatile uint32_t *)at == 0x5F504D5F)
            return at;
    return 0;
}

static uint8_t sum_of(uint32_t at, uint32_t bytes) {
    uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + *(volatile uint8_t *)(at + i));
    return sum;
}


static uint32_t mp_counts[5], isa_pins[16], local_kinds;

static void mp_entry(const volatile uint8_t *entry) {
    mp_counts[entry[0]]++;
    if (entry[0] == 3 && entry[4] == 1)
        isa_pins[entry[5] & 15] = entry[7];
    else if (entry[0] == 4)
        local_kinds |= 1u << (entry[1] * 2 + entry[7]);
}

static void mp_table_story(void) {
    uint32_t pointer = find_mp_pointer();
    if (!pointer) {
        say("no MP pointer\n");
        return;
    }
    uint32_t table = *(volatile uint32_t *)(pointer + 4), bytes = *(volatile uint16_t *)(table + 4);
    say_number("MP sums ", (uint32_t)sum_of(pointer, 16) + sum_of(table, bytes));
    const volatile uint8_t *entry = (const volatile uint8_t *)(table + 44),
                           *end = (const volatile uint8_t *)(table + bytes);
    while (entry < end && entry[0] < 5) {
        mp_entry(entry);
        entry += entry[0] == 0 ? 20 : 8;
    }
    uint32_t entries = mp_counts[0] + mp_counts[1] + mp_counts[2] + mp_counts[3] + mp_counts[4];
    say_number("MP entries that the table does not count ", entries - *(volatile uint16_t *)(table + 34));
    say_number("MP bytes behind the last entry ", (uint32_t)(end - entry));
    say_number("MP CPUs ", mp_counts[0]);
    say_number("MP buses ", mp_counts[1]);
    say_number("MP I/O APICs ", mp_counts[2]);
    say_number("MP timer pin ", isa_pins[0]);
    say_number("MP UART pin ", isa_pins[4]);
    say_number("MP local interrupts ", local_kinds);
}

static void set_entry(uint32_t pin, uint32_t low) {
    IO_SELECT = 0x11 + 2 * pin;
    IO_WINDOW = 0;
    IO_SELECT = 0x10 + 2 * pin;
    IO_WINDOW = low;
}

static void wait_for_vector(uint32_t vector, uint32_t count) {
    while (taken[vector] < count)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static uint64_t apic_base(void) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x1B));
    return (uint64_t)high << 32 | low;
}

/* The PICs are masked. Pin 2 is the timer's. */
static void io_apic_story(void) {
    say_number("base of the local APIC ", (uint32_t)apic_base());
    APIC(0x0F) = 0x1FF;
    set_timer(2, 11932);
    set_entry(2, 0x41);
    wait_for_vector(0x41, 5);
    say("five ticks through the I/O APIC\n");
    set_entry(2, 0x10000);
    set_timer(0, 0);
    set_entry(4, 0x44);
    sending = "sent through an edge-triggered pin\n";
    out8(UART + 1, 2);
    while (in8(UART + 1))
        __asm__ volatile("sti; nop; cli" : : : "memory");
    set_entry(4, 0x8044);
    sending = "sent through a level-triggered pin\n";
    out8(UART + 1, 2);
    while (in8(UART + 1))
        __asm__ volatile("sti; nop; cli" : : : "memory");
    say_number("transmitter interrupts ", taken[0x44]);
    set_entry(4, 0x10000);
}

static void local_apic_story(void) {
    APIC(0x3E) = 3;
    APIC(0x32) = 0x20042;
    APIC(0x38) = 100000;
    wait_for_vector(0x42, 5);
    APIC(0x32) = 0x10042;
    say("five rounds of the local APIC's timer\n");
    APIC(0x32) = 0x43;
    APIC(0x38) = 100000;
    wait_for_vector(0x43, 1);
    say_number("one-shot: ", taken[0x43]);
    APIC(0x30) = 0x40054;
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    say_number("48 after it: ", taken[0x48]);
    say_number("58 after it: ", taken[0x58]);
    APIC(0x08) = 0x50;
    APIC(0x30) = 0x40045;
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    say_number("45 held back: ", taken[0x45]);
    APIC(0x08) = 0;
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    say_number("45 let through: ", taken[0x45]);
}

void interrupts_main(void) {
    load_idt();
    start_pics();
    out8(UART + 1, 0);
    timer_story();
    uart_story();
    rtc_story();
    keyboard_story();
    withdrawn_story();
    spurious_story();
    mp_table_story();
    io_apic_story();
    local_apic_story();
    say("done\n");
    __asm__ volatile("outl %0, %1" : : "a"(EXIT_GOOD), "Nd"((uint16_t)0xF4));
}
