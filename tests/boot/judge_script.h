/*
 * A conversation with the PC's devices whose answers do not depend on time. The same function runs in a guest on QEMU
 * (judge.c) and on the host against emu/devices alone (judge_host.c); the two transcripts must be equal.
 *
 * Left out, because QEMU's models are known to differ from the data sheets there: the 8254's null-count bit, counting
 * with the gate low and reading the control port; the 16550's modem changes in loopback; the keyboard controller's
 * "last write was a command" bit; the answers for a mouse that this machine does not have; the local APIC's error
 * status, which is to be latched by a write and is not there; and an I/O APIC's level that rose in edge mode.
 */
#ifndef FAULTLINE_TESTS_JUDGE_SCRIPT_H
#define FAULTLINE_TESTS_JUDGE_SCRIPT_H

#include <stdint.h>

/* Given by whoever includes this. */
static uint8_t port_in(uint16_t port);
static void port_out(uint16_t port, uint8_t value);
static uint32_t memory_in(uint32_t address);
static uint8_t memory_in_byte(uint32_t address);
static void memory_out(uint32_t address, uint32_t value);
static void say(const char *what, uint32_t value);

#define PIC1 0x20
#define PIC2 0xA0
#define UART 0x3F8

static void say_pic(const char *what) {
    say(what, 0);
    for (uint16_t port = PIC1; port <= PIC2; port = (uint16_t)(port + PIC2 - PIC1)) {
        port_out(port, 0x0A);
        say(" irr", port_in(port) & (port == PIC1 ? 0x1Eu : 0xFFu)); /* the timer's input is not ours to know */
        port_out(port, 0x0B);
        say(" isr", port_in(port));
        say(" imr", port_in((uint16_t)(port + 1)));
    }
}

static void pic_start(uint8_t icw4) {
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = i ? PIC2 : PIC1;
        port_out(port, 0x11);
        port_out((uint16_t)(port + 1), i ? 0x28 : 0x20);
        port_out((uint16_t)(port + 1), i ? 2 : 4);
        port_out((uint16_t)(port + 1), icw4);
        port_out((uint16_t)(port + 1), i ? 0xFF : 0xE1);
    }
}

static uint8_t pic_poll(void) {
    port_out(PIC1, 0x0C);
    return port_in(PIC1);
}

/* Interrupt 4 by the UART's empty transmitter, interrupt 1 by a byte that the keyboard controller echoes. */
static void raise_4(void) {
    port_out(UART + 1, 0);
    port_out(UART + 1, 2);
}

static void raise_1(void) {
    port_out(0x64, 0xD2);
    port_out(0x60, 0x33);
}

static void end_1(void) { say("key", port_in(0x60)); }
static void end_4(void) { say("iir", port_in(UART + 2)); }

static void judge_pic(void) {
    port_out(0x64, 0x60);
    port_out(0x60, 0x45);
    pic_start(1);
    say_pic("started");
    raise_4();
    say_pic("4 asks");
    say("poll", pic_poll());
    say_pic("4 in service, input still high");
    end_4();
    raise_4();
    say("poll while in service", pic_poll());
    port_out(PIC1, 0x20);
    say("poll after the end", pic_poll());
    raise_1();
    say_pic("1 asks");
    say("1 goes first", pic_poll());
    say_pic("1 and 4 in service");
    port_out(PIC1, 0x64);
    say_pic("4 ended by name");
    port_out(PIC1, 0x20);
    say_pic("both ended");
    end_1();
    end_4();
    say("nothing", pic_poll());
}

static void judge_pic_modes(void) {
    pic_start(1);
    port_out(PIC1, 0xC3); /* 4 is highest */
    raise_1();
    raise_4();
    say("4 goes first", pic_poll());
    port_out(PIC1, 0xA0); /* end and rotate: 4 is lowest */
    end_4();
    raise_4();
    say("1 goes first", pic_poll());
    end_1();
    port_out(PIC1, 0x68); /* special mask */
    port_out(PIC1 + 1, 0xE3);
    say("4 although 1 is in service", pic_poll());
    say_pic("special mask");
    end_4();
    pic_start(3);
    raise_4();
    say("automatic end", pic_poll());
    say_pic("nothing in service");
    end_4();
    pic_start(1);
    port_out(PIC1 + 1, 0xFF);
    raise_4();
    say("masked", pic_poll());
    say_pic("masked but asking");
    end_4();
    say_pic("an edge is kept");
    pic_start(1);
    say_pic("until initialisation");
    port_out(0x4D0, 0xFF);
    port_out(0x4D1, 0xFF);
    say("elcr", port_in(0x4D0));
    say("elcr", port_in(0x4D1));
    port_out(0x4D0, 0x10);
    port_out(0x4D1, 0x00);
    raise_4();
    say("level", pic_poll());
    say_pic("level in service");
    end_4();
    say_pic("level gone");
    port_out(PIC1, 0x20);
    port_out(0x4D0, 0x00);
}

static void judge_pit(void) {
    for (uint8_t mode = 0; mode < 8; mode++) {
        port_out(0x43, (uint8_t)(0xB0 | mode << 1));
        port_out(0x43, 0xE8);
        say("status after control", port_in(0x42) & 0x3Fu);
        port_out(0x42, 0x34);
        port_out(0x42, 0x12);
        port_out(0x43, 0xE8);
        say("status after count", port_in(0x42) & 0x3Fu);
    }
    port_out(0x43, 0x91);
    port_out(0x43, 0xE8);
    say("bcd, low byte", port_in(0x42) & 0x3Fu);
    port_out(0x43, 0xA0);
    port_out(0x43, 0xE8);
    say("high byte", port_in(0x42) & 0x3Fu);
    port_out(0x61, 0x00);
    say("port 61", port_in(0x61) & 0x0Fu);
    port_out(0x61, 0x03);
    say("port 61", port_in(0x61) & 0x0Fu);
    port_out(0x61, 0x00);
}

static void say_uart(const char *what) {
    say(what, 0);
    for (uint16_t i = 1; i < 8; i++)
        say(" register", port_in((uint16_t)(UART + i)) & (i == 6 ? 0xF0u : 0xFFu));
}

static void judge_uart(void) {
    port_out(UART + 1, 0);
    port_out(UART + 3, 0x83);
    port_out(UART, 0x0C);
    port_out(UART + 1, 0x00);
    say("divisor", port_in(UART) | (uint32_t)port_in(UART + 1) << 8);
    port_out(UART + 3, 0x03);
    port_out(UART + 2, 0x00);
    port_out(UART + 4, 0x10);
    port_out(UART + 7, 0x77);
    say_uart("loopback");
    for (uint8_t lines = 0; lines < 16; lines++) {
        port_out(UART + 4, (uint8_t)(0x10 | lines));
        say("modem", port_in(UART + 6) & 0xF0u);
    }
    port_out(UART + 4, 0x10);
    port_in(UART + 6);
    port_out(UART, 0x5A);
    say_uart("one byte, no fifo");
    say("data", port_in(UART));
    say_uart("read");
    port_out(UART, 0x01);
    port_out(UART, 0x02);
    say("overrun", port_in(UART + 5));
    say("cleared", port_in(UART + 5));
    say("data", port_in(UART));
    port_out(UART + 2, 0x87);
    say("fifo", port_in(UART + 2));
    port_out(UART + 1, 0x07);
    say("transmitter empty", port_in(UART + 2));
    say("acknowledged", port_in(UART + 2));
    for (uint8_t i = 0; i < 8; i++)
        port_out(UART, i);
    say("at the trigger", port_in(UART + 2));
    for (uint8_t i = 8; i < 17; i++)
        port_out(UART, i);
    say("line status cause", port_in(UART + 2));
    say("line status", port_in(UART + 5));
    say("receive cause", port_in(UART + 2));
    for (unsigned i = 0; i < 16; i++)
        say("data", port_in(UART));
    say_uart("drained");
    port_out(UART, 0x99);
    port_out(UART + 2, 0x83);
    say_uart("fifo cleared");
    port_out(UART + 2, 0x00);
    port_out(UART + 1, 0xFF);
    say("ier", port_in(UART + 1));
    port_out(UART + 1, 0);
    port_out(UART + 4, 0xFF);
    say("mcr", port_in(UART + 4));
    port_out(UART + 4, 0x03);
    say_uart("line");
}

static uint8_t cmos_get(uint8_t index) {
    port_out(0x70, index);
    return port_in(0x71);
}

static void cmos_set(uint8_t index, uint8_t value) {
    port_out(0x70, index);
    port_out(0x71, value);
}

static void say_time(const char *what) {
    static const uint8_t index[] = {0x32, 9, 8, 7, 6, 4, 2};
    say(what, 0);
    for (unsigned i = 0; i < sizeof index; i++)
        say(" time", cmos_get(index[i]));
}

static void judge_cmos(void) {
    static const uint8_t sizes[] = {0x15, 0x16, 0x17, 0x18, 0x30, 0x31, 0x34, 0x35, 0x5B, 0x5C, 0x5D};
    for (unsigned i = 0; i < sizeof sizes; i++)
        say("size", cmos_get(sizes[i]));
    say("a", cmos_get(0x0A) & 0x7Fu);
    say("b", cmos_get(0x0B));
    say("d", cmos_get(0x0D));
    static const uint8_t index[] = {0x32, 9, 8, 7, 6, 4, 2, 0},
                         date[] = {0x20, 0x24, 0x02, 0x29, 0x05, 0x23, 0x30, 0x10};
    cmos_set(0x0B, 0x82);
    for (unsigned i = 0; i < sizeof index; i++)
        cmos_set(index[i], date[i]);
    say_time("held");
    cmos_set(0x0B, 0x02);
    say_time("running");
    cmos_set(0x0B, 0x06);
    say_time("binary");
    cmos_set(0x0B, 0x00);
    say_time("12 hours");
    cmos_set(4, 0x12);
    say_time("midnight");
    cmos_set(0x0B, 0x02);
    say_time("24 hours");
    cmos_set(1, 0x59);
    say("alarm", cmos_get(1));
}

static void say_queue(const char *what) {
    say(what, port_in(0x64) & 0xD1u);
    for (unsigned i = 0; i < 8 && (port_in(0x64) & 1u); i++)
        say(" byte", port_in(0x60));
}

static void judge_keyboard(void) {
    static const uint8_t commands[] = {0xAA, 0xAB, 0x20, 0xC0, 0xD0},
                         keys[] = {0xFF, 0xEE, 0xF2, 0xF4, 0xF0, 0x00, 0xED, 0x07, 0xF5, 0xF6};
    port_out(0x64, 0x60);
    port_out(0x60, 0x44);
    for (unsigned i = 0; i < sizeof commands; i++) {
        port_out(0x64, commands[i]);
        say_queue("controller");
    }
    port_out(0x64, 0x60);
    port_out(0x60, 0x04);
    for (unsigned i = 0; i < sizeof keys; i++) {
        port_out(0x60, keys[i]);
        say_queue("keyboard");
    }
    port_out(0x64, 0xD2);
    port_out(0x60, 0x5C);
    say_queue("echo");
}

static void judge_rest(void) {
    for (uint16_t port = 0x514; port < 0x51C; port++)
        say("fw_cfg dma", port_in(port));
    say("port 92", port_in(0x92) & 1u);
    say("debug console", port_in(0xE9));
    say("debug exit", port_in(0xF4));
}

#define APIC(number) (0xFEE00000u + 16u * (number))
#define ICR_SELF 0x40000u

static void say_wide(const char *what, uint32_t value) {
    say(what, value >> 16);
    say(what, value & 0xFFFFu);
}

static void say_bits(const char *what, uint32_t first) {
    say(what, first);
    for (uint32_t i = 0; i < 8; i++)
        say_wide(" word", memory_in(APIC(first + i)));
}

static void judge_local_apic_registers(void) {
    static const uint8_t quiet[] = {0x32, 0x33, 0x34, 0x35, 0x36, 0x37};
    static const uint32_t divides[] = {0, 1, 3, 8, 0x0B, 0xFFFFFFFF};
    memory_out(APIC(0x0F), 0xFFFFFFFF);
    say_wide("spurious", memory_in(APIC(0x0F)));
    memory_out(APIC(0x0F), 0x1FF);
    say_wide("version", memory_in(APIC(0x03)));
    memory_out(APIC(0x03), 0);
    say_wide("version", memory_in(APIC(0x03)));
    say_wide("id", memory_in(APIC(0x02)));
    memory_out(APIC(0x02), 0x05FFFFFF);
    say_wide("id", memory_in(APIC(0x02)));
    memory_out(APIC(0x02), 0);
    say_wide("format", memory_in(APIC(0x0E)));
    memory_out(APIC(0x0E), 0x12345678);
    say_wide("format", memory_in(APIC(0x0E)));
    memory_out(APIC(0x0E), 0xFFFFFFFF);
    memory_out(APIC(0x0D), 0x02FFFFFF);
    say_wide("logical", memory_in(APIC(0x0D)));
    for (uint32_t tpr = 0; tpr < 0x100; tpr += 0x33) {
        memory_out(APIC(0x08), tpr | 0xAB00);
        say_wide("tpr", memory_in(APIC(0x08)));
        say_wide("ppr", memory_in(APIC(0x0A)));
    }
    say("byte", memory_in_byte(APIC(0x03)));
    memory_out(APIC(0x08), 0);
    for (unsigned i = 0; i < sizeof quiet; i++) {
        memory_out(APIC(quiet[i]), 0x10000u | (0x40u + i));
        say_wide("local vector", memory_in(APIC(quiet[i])));
    }
    for (unsigned i = 0; i < sizeof divides / sizeof divides[0]; i++) {
        memory_out(APIC(0x3E), divides[i]);
        say_wide("divide", memory_in(APIC(0x3E)));
    }
    memory_out(APIC(0x38), 0x12345678);
    say_wide("initial count", memory_in(APIC(0x38)));
    memory_out(APIC(0x38), 0);
    say_wide("current count", memory_in(APIC(0x39)));
    memory_out(APIC(0x31), 0xA5A5A5A5);
    say_wide("destination", memory_in(APIC(0x31)));
    say_wide("end", memory_in(APIC(0x0B)));
    say_wide("nothing", memory_in(APIC(0x3F)));
}

static void send(uint32_t destination, uint32_t command) {
    memory_out(APIC(0x31), destination << 24);
    memory_out(APIC(0x30), command);
    say_wide("command", memory_in(APIC(0x30)));
}

/* Every vector is used once: nothing takes them. */
static void judge_local_apic_messages(void) {
    send(0, ICR_SELF | 0x31);
    send(0, ICR_SELF | 0xC000 | 0x42);
    send(0, 0x53);
    send(7, 0x54);
    send(0xFF, 0x55);
    send(0, 0x80000 | 0x56);
    send(0, 0xC0000 | 0x57);
    send(0x02, 0x800 | 0x58);
    send(0x0D, 0x800 | 0x59);
    send(0x0F, 0x900 | 0x5A);
    memory_out(APIC(0x0E), 0x0FFFFFFF);
    memory_out(APIC(0x0D), 0x32000000);
    send(0x36, 0x800 | 0x5B);
    send(0x3D, 0x800 | 0x5C);
    send(0x46, 0x800 | 0x5D);
    memory_out(APIC(0x0E), 0xFFFFFFFF);
    memory_out(APIC(0x0B), 0);
    say_bits("in service", 0x10);
    say_bits("trigger", 0x18);
    say_bits("requests", 0x20);
    say_wide("ppr", memory_in(APIC(0x0A)));
}

static uint32_t io_apic_get(uint32_t number) {
    memory_out(0xFEC00000, number);
    return memory_in(0xFEC00010);
}

static void io_apic_set(uint32_t number, uint32_t value) {
    memory_out(0xFEC00000, number);
    memory_out(0xFEC00010, value);
}

static void judge_io_apic_registers(void) {
    say_wide("version", io_apic_get(1));
    say_wide("select", memory_in(0xFEC00000));
    io_apic_set(0, 0xFFFFFFFF);
    say_wide("id", io_apic_get(0));
    say_wide("arbitration", io_apic_get(2));
    io_apic_set(0, 0);
    io_apic_set(1, 0);
    say_wide("version", io_apic_get(1));
    say_wide("none", io_apic_get(3));
    say_wide("none", io_apic_get(0x40));
    for (uint32_t i = 0; i < 48; i += 2) {
        say_wide("entry", io_apic_get(0x10 + i));
        io_apic_set(0x11 + i, 0xA5A5A5A5 + i);
        io_apic_set(0x10 + i, 0x1FFFF - i);
        say_wide("low", io_apic_get(0x10 + i));
        say_wide("high", io_apic_get(0x11 + i));
        io_apic_set(0x11 + i, 0);
        io_apic_set(0x10 + i, 0x10000);
    }
}

static void say_requests(const char *what) {
    say_wide(what, memory_in(APIC(0x23)));
    say_wide(" trigger", memory_in(APIC(0x1B)));
    say_wide(" entry 4", io_apic_get(0x18));
}

/* Interrupt 4 again; the PICs have it masked. The vectors from 0x60 on are asked for in turn. */
static void judge_io_apic_lines(void) {
    pic_start(1);
    port_out(PIC1 + 1, 0xFF);
    io_apic_set(0x18, 0x10060);
    raise_4();
    say_requests("masked edge");
    end_4();
    io_apic_set(0x18, 0x61);
    say_requests("the edge is lost");
    raise_4();
    say_requests("edge");
    end_4();
    io_apic_set(0x18, 0x8062);
    raise_4();
    say_requests("level");
    memory_out(0xFEC00040, 0x77);
    say_requests("another's end");
    end_4();
    say_requests("level gone");
    memory_out(0xFEC00040, 0x62);
    say_requests("ended");
    io_apic_set(0x18, 0x18063);
    raise_4();
    say_requests("masked level");
    io_apic_set(0x18, 0x8063);
    say_requests("unmasked");
    memory_out(0xFEC00040, 0x63);
    say_requests("ended while it asks");
    io_apic_set(0x18, 0x10064);
    say_requests("edge mode forgets");
    end_4();
    io_apic_set(0x19, 0x07000000);
    io_apic_set(0x18, 0x65);
    raise_4();
    say_requests("for somebody else");
    end_4();
    io_apic_set(0x19, 0x02000000);
    memory_out(APIC(0x0D), 0x02000000);
    io_apic_set(0x18, 0x966);
    raise_4();
    say_requests("lowest priority of a set");
    end_4();
    io_apic_set(0x18, 0x10000);
}

static void judge_all(void) {
    port_out(0x43, 0x30); /* timer 0 in mode 0 without a count: quiet */
    judge_uart();
    judge_keyboard();
    judge_pic();
    judge_pic_modes();
    judge_pit();
    judge_cmos();
    judge_rest();
    judge_local_apic_registers();
    judge_local_apic_messages();
    judge_io_apic_registers();
    judge_io_apic_lines();
}

#endif
