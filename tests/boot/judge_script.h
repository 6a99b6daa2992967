/*
 * A conversation with the PC's devices whose answers do not depend on time. The same function runs in a guest on QEMU
 * (judge.c) and on the host against emu/devices alone (judge_host.c); the two transcripts must be equal.
 *
 * Left out, because QEMU's models are known to differ from the data sheets there: the 8254's null-count bit, counting
 * with the gate low and reading the control port; the 16550's modem changes in loopback; the keyboard controller's
 * "last write was a command" bit; and the answers for a mouse that this machine does not have.
 */
#ifndef FAULTLINE_TESTS_JUDGE_SCRIPT_H
#define FAULTLINE_TESTS_JUDGE_SCRIPT_H

#include <stdint.h>

/* Given by whoever includes this. */
static uint8_t port_in(uint16_t port);
static void port_out(uint16_t port, uint8_t value);
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

static void judge_all(void) {
    port_out(0x43, 0x30); /* timer 0 in mode 0 without a count: quiet */
    judge_uart();
    judge_keyboard();
    judge_pic();
    judge_pic_modes();
    judge_pit();
    judge_cmos();
    judge_rest();
}

#endif
