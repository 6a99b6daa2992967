/* The 16550A: registers, causes, FIFO, flow from the other end. */
#include "tests/devices/rig.h"
#include "emu/devices/uart.h"

#define DATA 0x3F8
#define IER 0x3F9
#define IIR 0x3FA
#define FCR 0x3FA
#define LCR 0x3FB
#define MCR 0x3FC
#define LSR 0x3FD
#define MSR 0x3FE
#define SCRATCH 0x3FF
#define RTS 0x02u
#define LOOPBACK 0x10u
#define CHARACTER 86805u /* ns at 115200 bits a second, ten bits */

struct fixture {
    struct uart uart;
    struct vclock clock;
    struct bus bus;
    struct wire irq;
    struct record sent;
};

/* A UART at 115200 with FIFOs on (trigger 8) and RTS set. */
static struct fixture *make(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[UART_RANGES];
    vclock_init(&f->clock);
    uart_init(&f->uart, &f->clock, wire_line(&f->irq), (struct byte_sink){record_put, &f->sent});
    uart_ranges(&f->uart, ranges);
    bus_add(&f->bus, ranges, UART_RANGES);
    out(&f->bus, LCR, 0x83);
    out(&f->bus, DATA, 1);
    out(&f->bus, IER, 0);
    out(&f->bus, LCR, 0x03);
    out(&f->bus, FCR, 0x87);
    out(&f->bus, MCR, RTS);
    return f;
}

static void wait(struct fixture *f, vtime time) { vclock_advance(&f->clock, f->clock.now + time); }

Test(uart, registers_hold_what_they_should) {
    struct fixture *f = make();
    out(&f->bus, SCRATCH, 0x5A);
    out(&f->bus, IER, 0xFF);
    out(&f->bus, MCR, 0xFF);
    cr_assert_eq(in(&f->bus, SCRATCH), 0x5A);
    cr_assert_eq(in(&f->bus, IER), 0x0F);
    cr_assert_eq(in(&f->bus, MCR), 0x1F);
    cr_assert_eq(in(&f->bus, LCR), 0x03);
    out(&f->bus, LCR, 0x80);
    out(&f->bus, DATA, 0x34);
    out(&f->bus, IER, 0x12);
    cr_assert_eq(bus_read(&f->bus, DATA, 2), 0x1234);
    out(&f->bus, LCR, 0x00);
    cr_assert_eq(in(&f->bus, IER), 0x0F, "the divisor is not the interrupt enable register");
    cr_assert_eq(f->sent.count, 0, "nor the transmitter");
}

Test(uart, bytes_go_out_and_the_transmitter_is_always_empty) {
    struct fixture *f = make();
    for (unsigned i = 0; i < 100; i++) {
        cr_assert_eq(in(&f->bus, LSR), 0x60);
        out(&f->bus, DATA, i);
    }
    cr_assert_eq(f->sent.count, 100);
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(f->sent.byte[i], i);
}

Test(uart, transmitter_empty_interrupts_again_after_each_write) {
    struct fixture *f = make();
    cr_assert_eq(in(&f->bus, IIR), 0xC1);
    out(&f->bus, IER, 0x02);
    cr_assert(f->irq.level, "enabling raises it");
    cr_assert_eq(in(&f->bus, IIR), 0xC2);
    cr_assert(!f->irq.level, "reading IIR takes it away");
    cr_assert_eq(in(&f->bus, IIR), 0xC1);
    unsigned rises = f->irq.rises;
    out(&f->bus, DATA, 'x');
    out(&f->bus, DATA, 'y');
    cr_assert(f->irq.level);
    cr_assert_eq(f->irq.rises, rises + 2, "each write is an edge for the edge-triggered PIC");
    out(&f->bus, IER, 0x00);
    cr_assert(!f->irq.level);
}

Test(uart, received_bytes_arrive_one_a_character_time) {
    struct fixture *f = make();
    cr_assert_eq(uart_receive(&f->uart, "abc", 3), 3);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, CHARACTER - 1);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, 1);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 1);
    cr_assert_eq(in(&f->bus, DATA), 'a');
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, 2 * CHARACTER);
    cr_assert_eq(in(&f->bus, DATA), 'b');
    cr_assert_eq(in(&f->bus, DATA), 'c');
    cr_assert_eq(in(&f->bus, DATA), 0, "an empty receiver reads zero");
}

Test(uart, the_divisor_sets_the_pace) {
    struct fixture *f = make();
    out(&f->bus, LCR, 0x83);
    out(&f->bus, DATA, 12);
    out(&f->bus, LCR, 0x03);
    uart_receive(&f->uart, "a", 1);
    wait(f, 11 * CHARACTER);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, 2 * CHARACTER);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 1);
}

Test(uart, the_other_end_waits_until_the_guest_listens) {
    struct fixture *f = make();
    out(&f->bus, MCR, 0);
    uart_receive(&f->uart, "ab", 2);
    wait(f, 100 * CHARACTER);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    out(&f->bus, IER, 1);
    wait(f, CHARACTER);
    cr_assert_eq(in(&f->bus, DATA), 'a', "an enabled receive interrupt is enough");
    out(&f->bus, IER, 0);
    wait(f, 100 * CHARACTER);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    out(&f->bus, MCR, RTS);
    wait(f, CHARACTER);
    cr_assert_eq(in(&f->bus, DATA), 'b');
}

Test(uart, receive_interrupts_at_the_trigger_level) {
    static const unsigned levels[4] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = make();
        out(&f->bus, FCR, i << 6 | 1);
        out(&f->bus, IER, 1);
        uart_receive(&f->uart, "0123456789abcdef", 16);
        wait(f, (levels[i] - 1) * CHARACTER);
        cr_assert(!f->irq.level, "trigger %u", levels[i]);
        wait(f, CHARACTER);
        cr_assert(f->irq.level, "trigger %u", levels[i]);
        cr_assert_eq(in(&f->bus, IIR), 0xC4, "trigger %u", levels[i]);
        in(&f->bus, DATA);
        cr_assert(!f->irq.level, "below the trigger %u again", levels[i]);
    }
}

Test(uart, bytes_below_the_trigger_time_out) {
    struct fixture *f = make();
    out(&f->bus, IER, 1);
    uart_receive(&f->uart, "ab", 2);
    wait(f, 2 * CHARACTER);
    wait(f, 4 * CHARACTER - 1);
    cr_assert(!f->irq.level);
    wait(f, 10);
    cr_assert(f->irq.level);
    cr_assert_eq(in(&f->bus, IIR), 0xCC);
    cr_assert_eq(in(&f->bus, IIR), 0xCC, "reading IIR does not end it");
    cr_assert_eq(in(&f->bus, DATA), 'a');
    cr_assert(!f->irq.level, "reading a byte does");
    wait(f, 5 * CHARACTER);
    cr_assert(f->irq.level, "and the next byte times out in turn");
    in(&f->bus, DATA);
    wait(f, 100 * CHARACTER);
    cr_assert(!f->irq.level);
}

Test(uart, without_fifos_each_byte_waits_for_its_reader) {
    struct fixture *f = make();
    out(&f->bus, FCR, 0);
    out(&f->bus, IER, 1);
    cr_assert_eq(in(&f->bus, IIR), 0x01);
    uart_receive(&f->uart, "ab", 2);
    wait(f, 100 * CHARACTER);
    cr_assert_eq(in(&f->bus, IIR), 0x04);
    cr_assert_eq(in(&f->bus, LSR) & 3u, 1, "data, no overrun");
    cr_assert_eq(in(&f->bus, DATA), 'a');
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, CHARACTER);
    cr_assert_eq(in(&f->bus, DATA), 'b');
}

Test(uart, a_full_fifo_holds_the_line_and_loses_nothing) {
    struct fixture *f = make();
    uint8_t bytes[100];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    uart_receive(&f->uart, bytes, sizeof bytes);
    wait(f, 1000 * CHARACTER);
    for (unsigned i = 0; i < sizeof bytes; i++) {
        cr_assert_eq(in(&f->bus, LSR) & 3u, 1, "byte %u", i);
        cr_assert_eq(in(&f->bus, DATA), i);
        wait(f, CHARACTER);
    }
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
}

Test(uart, the_queue_takes_what_fits) {
    struct fixture *f = make();
    static uint8_t bytes[UART_QUEUE_BYTES + 10];
    cr_assert_eq(uart_receive(&f->uart, bytes, sizeof bytes), UART_QUEUE_BYTES);
    cr_assert_eq(uart_receive(&f->uart, bytes, 1), 0);
    wait(f, CHARACTER);
    cr_assert_eq(uart_receive(&f->uart, bytes, 2), 1);
}

Test(uart, clearing_the_fifo_drops_what_has_arrived) {
    struct fixture *f = make();
    uart_receive(&f->uart, "abc", 3);
    wait(f, 2 * CHARACTER);
    out(&f->bus, FCR, 0x83);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0);
    wait(f, CHARACTER);
    cr_assert_eq(in(&f->bus, DATA), 'c');
}

Test(uart, loopback_returns_bytes_and_modem_lines) {
    struct fixture *f = make();
    uart_receive(&f->uart, "line", 4);
    out(&f->bus, MCR, LOOPBACK);
    cr_assert_eq(in(&f->bus, MSR) >> 4, 0);
    static const struct { unsigned mcr, msr; } wires[] = {{1, 2}, {2, 1}, {4, 4}, {8, 8}, {15, 15}};
    for (unsigned i = 0; i < 5; i++) {
        out(&f->bus, MCR, LOOPBACK | wires[i].mcr);
        cr_assert_eq(in(&f->bus, MSR) >> 4, wires[i].msr, "MCR %x", wires[i].mcr);
    }
    out(&f->bus, DATA, 0xAE);
    cr_assert_eq(in(&f->bus, DATA), 0xAE);
    cr_assert_eq(f->sent.count, 0, "nothing leaves");
    wait(f, 100 * CHARACTER);
    cr_assert_eq(in(&f->bus, LSR) & 1u, 0, "nothing enters");
}

Test(uart, loopback_overrun_is_a_line_error) {
    struct fixture *f = make();
    out(&f->bus, MCR, LOOPBACK);
    out(&f->bus, IER, 4);
    for (unsigned i = 0; i < 17; i++)
        out(&f->bus, DATA, i);
    cr_assert(f->irq.level);
    cr_assert_eq(in(&f->bus, IIR), 0xC6);
    cr_assert_eq(in(&f->bus, LSR) & 3u, 3);
    cr_assert(!f->irq.level, "reading LSR clears it");
    for (unsigned i = 0; i < 16; i++)
        cr_assert_eq(in(&f->bus, DATA), i, "the FIFO keeps the older bytes");
    out(&f->bus, FCR, 0);
    out(&f->bus, DATA, 1);
    out(&f->bus, DATA, 2);
    cr_assert_eq(in(&f->bus, DATA), 2, "the single buffer keeps the newest");
}

Test(uart, modem_changes_interrupt_until_read) {
    struct fixture *f = make();
    out(&f->bus, MCR, LOOPBACK | 0x0F);
    in(&f->bus, MSR);
    out(&f->bus, IER, 8);
    cr_assert(!f->irq.level);
    out(&f->bus, MCR, LOOPBACK | 0x0D);
    cr_assert(f->irq.level);
    cr_assert_eq(in(&f->bus, IIR), 0xC0);
    cr_assert_eq(in(&f->bus, MSR), 0xE1);
    cr_assert(!f->irq.level);
    out(&f->bus, MCR, LOOPBACK | 0x09);
    cr_assert_eq(in(&f->bus, MSR) & 0x0Fu, 4, "the ring's trailing edge counts");
    out(&f->bus, MCR, LOOPBACK | 0x0D);
    cr_assert_eq(in(&f->bus, MSR) & 0x0Fu, 0, "its leading edge does not");
}

Test(uart, causes_have_priorities) {
    struct fixture *f = make();
    out(&f->bus, MCR, LOOPBACK);
    out(&f->bus, MCR, LOOPBACK | 1);
    out(&f->bus, IER, 0x0F);
    for (unsigned i = 0; i < 17; i++)
        out(&f->bus, DATA, i);
    cr_assert_eq(in(&f->bus, IIR), 0xC6);
    in(&f->bus, LSR);
    cr_assert_eq(in(&f->bus, IIR), 0xC4);
    for (unsigned i = 0; i < 16; i++)
        in(&f->bus, DATA);
    cr_assert_eq(in(&f->bus, IIR), 0xC2);
    cr_assert_eq(in(&f->bus, IIR), 0xC0);
    in(&f->bus, MSR);
    cr_assert_eq(in(&f->bus, IIR), 0xC1);
    cr_assert(!f->irq.level);
}

Test(uart, the_modem_is_there) {
    struct fixture *f = make();
    cr_assert_eq(in(&f->bus, MSR), 0xB0);
}
