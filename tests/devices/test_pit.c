/* The 8254 on the virtual clock: every mode that PC kernels use, to the nanosecond. */
#include "tests/devices/rig.h"
#include "emu/devices/pit.h"

#define CONTROL 0x43
#define PORT_61 0x61

struct fixture {
    struct pit pit;
    struct vclock clock;
    struct bus bus;
    struct wire irq;
};

static struct fixture *make(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[PIT_RANGES];
    vclock_init(&f->clock);
    pit_init(&f->pit, &f->clock, wire_line(&f->irq));
    pit_ranges(&f->pit, ranges);
    bus_add(&f->bus, ranges, PIT_RANGES);
    f->irq.rises = 0;
    return f;
}

static void program(struct fixture *f, unsigned channel, unsigned mode, unsigned count) {
    out(&f->bus, CONTROL, channel << 6 | 0x30 | mode << 1);
    out(&f->bus, 0x40 + channel, count);
    out(&f->bus, 0x40 + channel, count >> 8);
}

static void go_to_tick(struct fixture *f, uint64_t tick) { vclock_advance(&f->clock, pit_time_of(tick)); }

static unsigned latched(struct fixture *f, unsigned channel) {
    out(&f->bus, CONTROL, channel << 6);
    unsigned low = in(&f->bus, 0x40 + channel);
    return low | (unsigned)in(&f->bus, 0x40 + channel) << 8;
}

static unsigned status(struct fixture *f, unsigned channel) {
    out(&f->bus, CONTROL, 0xE0 | 2u << channel);
    return in(&f->bus, 0x40 + channel);
}

static bool out_of(struct fixture *f, unsigned channel) { return status(f, channel) & 0x80u; }

Test(pit, ticks_and_times_are_inverse) {
    static const uint64_t ticks[] = {0, 1, 2, 3, 1193181, 1193182, 1193183, 123456789, 1ull << 40, (1ull << 44) + 7};
    for (unsigned i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        vtime time = pit_time_of(ticks[i]);
        cr_assert_eq(pit_tick_at(time), ticks[i], "tick %llu", (unsigned long long)ticks[i]);
        cr_assert(ticks[i] == 0 || pit_tick_at(time - 1) == ticks[i] - 1, "tick %llu", (unsigned long long)ticks[i]);
    }
    cr_assert_eq(pit_tick_at(1000000000), 1193182);
}

Test(pit, mode_2_gives_one_edge_a_period_for_ever) {
    struct fixture *f = make();
    program(f, 0, 2, 11932); /* 100 Hz */
    vclock_advance(&f->clock, 10 * 1000000000ull);
    cr_assert_eq(f->irq.rises, 11931820 / 11932);
}

Test(pit, edges_come_at_the_exact_tick) {
    struct fixture *f = make();
    program(f, 0, 2, 1000);
    cr_assert_eq(vclock_next(&f->clock), pit_time_of(1001), "loaded at the next tick, then 1000");
    vclock_advance(&f->clock, pit_time_of(1001) - 1);
    cr_assert_eq(f->irq.rises, 0);
    go_to_tick(f, 1001);
    cr_assert_eq(f->irq.rises, 1);
    cr_assert_eq(vclock_next(&f->clock), pit_time_of(2001));
}

Test(pit, programming_makes_no_edge_by_itself) {
    struct fixture *f = make();
    program(f, 0, 3, 0);
    program(f, 0, 2, 1000);
    cr_assert_eq(f->irq.rises, 0);
}

Test(pit, mode_0_interrupts_once) {
    struct fixture *f = make();
    program(f, 0, 0, 100);
    cr_assert(!f->irq.level && !out_of(f, 0));
    go_to_tick(f, 100);
    cr_assert_eq(f->irq.rises, 0);
    go_to_tick(f, 101);
    cr_assert_eq(f->irq.rises, 1);
    cr_assert(out_of(f, 0));
    cr_assert_eq(vclock_next(&f->clock), VTIME_NEVER);
    go_to_tick(f, 1000000);
    cr_assert_eq(f->irq.rises, 1);
    program(f, 0, 0, 100);
    cr_assert(!f->irq.level, "a new control word takes OUT down");
    go_to_tick(f, 1000101);
    cr_assert_eq(f->irq.rises, 2);
}

Test(pit, mode_0_goes_on_counting_below_zero) {
    struct fixture *f = make();
    program(f, 0, 0, 100);
    go_to_tick(f, 1 + 100 + 3);
    cr_assert_eq(latched(f, 0), 0xFFFD);
}

Test(pit, mode_0_stops_between_the_two_bytes_of_a_count) {
    struct fixture *f = make();
    program(f, 0, 0, 100);
    out(&f->bus, 0x40, 50);
    go_to_tick(f, 1000);
    cr_assert_eq(f->irq.rises, 0);
    out(&f->bus, 0x40, 0);
    go_to_tick(f, 1051);
    cr_assert_eq(f->irq.rises, 1);
}

Test(pit, mode_2_counts_down_and_is_low_for_the_last_tick) {
    struct fixture *f = make();
    program(f, 0, 2, 5);
    static const unsigned values[] = {5, 4, 3, 2, 1, 5, 4};
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        go_to_tick(f, 1 + i);
        cr_assert_eq(latched(f, 0), values[i], "tick %u", i);
        cr_assert_eq(out_of(f, 0), values[i] != 1, "tick %u", i);
    }
}

Test(pit, mode_3_is_a_square_wave) {
    struct fixture *f = make();
    program(f, 0, 3, 6);
    static const struct {
        unsigned value;
        bool out;
    } even[] = {{6, 1}, {4, 1}, {2, 1}, {6, 0}, {4, 0}, {2, 0}, {6, 1}};
    for (unsigned i = 0; i < 7; i++) {
        go_to_tick(f, 1 + i);
        cr_assert_eq(latched(f, 0), even[i].value, "even, tick %u", i);
        cr_assert_eq(out_of(f, 0), even[i].out, "even, tick %u", i);
    }
    program(f, 0, 3, 5);
    static const struct {
        unsigned value;
        bool out;
    } odd[] = {{4, 1}, {2, 1}, {0, 1}, {4, 0}, {2, 0}, {4, 1}};
    for (unsigned i = 0; i < 6; i++) {
        go_to_tick(f, 8 + i);
        cr_assert_eq(latched(f, 0), odd[i].value, "odd, tick %u", i);
        cr_assert_eq(out_of(f, 0), odd[i].out, "odd, tick %u", i);
    }
}

Test(pit, mode_3_gives_one_edge_a_period) {
    struct fixture *f = make();
    program(f, 0, 3, 0);
    go_to_tick(f, 65536);
    cr_assert_eq(f->irq.rises, 0);
    go_to_tick(f, 65537);
    cr_assert_eq(f->irq.rises, 1);
    go_to_tick(f, 1 + 10 * 65536);
    cr_assert_eq(f->irq.rises, 10);
}

Test(pit, a_control_word_in_the_low_half_is_an_edge) {
    struct fixture *f = make();
    program(f, 0, 3, 1000);
    go_to_tick(f, 1 + 700);
    cr_assert_eq(f->irq.rises, 0);
    out(&f->bus, CONTROL, 0x34);
    cr_assert_eq(f->irq.rises, 1, "OUT was low and goes high");
}

Test(pit, forbidden_counts_of_one_are_quiet) {
    struct fixture *f = make();
    for (unsigned mode = 2; mode <= 3; mode++) {
        program(f, 0, mode, 1);
        cr_assert_eq(vclock_next(&f->clock), VTIME_NEVER, "mode %u", mode);
    }
    vclock_advance(&f->clock, 1000000000);
    cr_assert_eq(f->irq.rises, 0);
}

Test(pit, a_new_count_waits_for_the_end_of_the_period) {
    struct fixture *f = make();
    program(f, 0, 2, 1000);
    go_to_tick(f, 400);
    out(&f->bus, 0x40, 100);
    out(&f->bus, 0x40, 0);
    cr_assert(status(f, 0) & 0x40u, "null count until it is loaded");
    cr_assert_eq(latched(f, 0), 1000 - 399);
    go_to_tick(f, 1001);
    cr_assert_eq(f->irq.rises, 1);
    cr_assert(!(status(f, 0) & 0x40u));
    go_to_tick(f, 1101);
    cr_assert_eq(f->irq.rises, 2);
}

Test(pit, a_latch_holds_until_it_is_read) {
    struct fixture *f = make();
    program(f, 0, 2, 50000);
    go_to_tick(f, 101);
    out(&f->bus, CONTROL, 0x00);
    go_to_tick(f, 10000);
    out(&f->bus, CONTROL, 0x00);
    unsigned low = in(&f->bus, 0x40), high = in(&f->bus, 0x40);
    cr_assert_eq(low | high << 8, 49900, "the first latch stands");
    cr_assert_eq(latched(f, 0), 50000 - 9999);
}

Test(pit, read_back_gives_status_then_count) {
    struct fixture *f = make();
    program(f, 0, 2, 50000);
    program(f, 2, 3, 1234);
    go_to_tick(f, 101);
    out(&f->bus, CONTROL, 0xC0 | 0x02 | 0x08);
    cr_assert_eq(in(&f->bus, 0x40), 0x80 | 0x30 | 2 << 1);
    unsigned low = in(&f->bus, 0x40), high = in(&f->bus, 0x40);
    cr_assert_eq(low | high << 8, 49900);
    cr_assert_eq(in(&f->bus, 0x42) & 0x3Fu, 0x30 | 3 << 1);
}

Test(pit, single_byte_access) {
    struct fixture *f = make();
    out(&f->bus, CONTROL, 0x14); /* low byte only */
    out(&f->bus, 0x40, 200);
    go_to_tick(f, 11);
    cr_assert_eq(in(&f->bus, 0x40), 190);
    out(&f->bus, CONTROL, 0x24); /* high byte only */
    out(&f->bus, 0x40, 2);
    go_to_tick(f, 12);
    cr_assert_eq(in(&f->bus, 0x40), 2);
    go_to_tick(f, 13);
    cr_assert_eq(in(&f->bus, 0x40), 1);
}

Test(pit, bcd_counts_in_decimal) {
    struct fixture *f = make();
    out(&f->bus, CONTROL, 0x35);
    out(&f->bus, 0x40, 0x00);
    out(&f->bus, 0x40, 0x10);
    go_to_tick(f, 2);
    cr_assert_eq(latched(f, 0), 0x0999);
    go_to_tick(f, 1001);
    cr_assert_eq(f->irq.rises, 1);
}

Test(pit, modes_6_and_7_are_2_and_3) {
    struct fixture *f = make();
    for (unsigned mode = 6; mode <= 7; mode++) {
        program(f, 2, mode, 100);
        cr_assert_eq(status(f, 2) >> 1 & 7u, mode, "the status shows mode %u as it was written", mode);
        program(f, 0, mode, 100);
        f->irq.rises = 0;
        vtime first = vclock_next(&f->clock);
        vclock_advance(&f->clock, pit_time_of(pit_tick_at(first) + 1000));
        cr_assert_eq(f->irq.rises, 11, "mode %u is periodic", mode);
    }
}

Test(pit, channel_2_calibration_by_mode_0_and_port_61) {
    struct fixture *f = make();
    out(&f->bus, PORT_61, 0x01);
    program(f, 2, 0, 59659); /* 50 ms */
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0);
    vclock_advance(&f->clock, 49900000);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0);
    vclock_advance(&f->clock, 50100000);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0x20);
}

Test(pit, the_gate_holds_channel_2) {
    struct fixture *f = make();
    program(f, 2, 0, 1000);
    go_to_tick(f, 5000);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0, "gate low: nothing counts");
    out(&f->bus, PORT_61, 1);
    go_to_tick(f, 5400);
    out(&f->bus, PORT_61, 0);
    go_to_tick(f, 9000);
    cr_assert_eq(latched(f, 2), 600, "held");
    out(&f->bus, PORT_61, 1);
    go_to_tick(f, 9599);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0);
    go_to_tick(f, 9600);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0x20);
}

Test(pit, a_rising_gate_restarts_a_periodic_channel) {
    struct fixture *f = make();
    out(&f->bus, PORT_61, 1);
    program(f, 2, 2, 1000);
    go_to_tick(f, 301);
    cr_assert_eq(latched(f, 2), 700);
    out(&f->bus, PORT_61, 0);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x20u, 0x20, "OUT is high while the gate is low");
    go_to_tick(f, 400);
    out(&f->bus, PORT_61, 1);
    go_to_tick(f, 401);
    cr_assert_eq(latched(f, 2), 1000);
}

Test(pit, modes_1_and_5_wait_for_the_gate) {
    struct fixture *f = make();
    program(f, 2, 1, 100);
    go_to_tick(f, 1000);
    cr_assert(out_of(f, 2));
    out(&f->bus, PORT_61, 1);
    go_to_tick(f, 1050);
    cr_assert(!out_of(f, 2));
    go_to_tick(f, 1101);
    cr_assert(out_of(f, 2));
    out(&f->bus, PORT_61, 0);
    program(f, 2, 5, 100);
    out(&f->bus, PORT_61, 1);
    go_to_tick(f, 1202);
    cr_assert(!out_of(f, 2), "the strobe");
    go_to_tick(f, 1203);
    cr_assert(out_of(f, 2));
}

Test(pit, mode_4_strobes_once) {
    struct fixture *f = make();
    program(f, 0, 4, 100);
    go_to_tick(f, 101);
    cr_assert(!out_of(f, 0));
    go_to_tick(f, 102);
    cr_assert(out_of(f, 0));
    cr_assert_eq(f->irq.rises, 1);
    go_to_tick(f, 1000000);
    cr_assert_eq(f->irq.rises, 1);
}

Test(pit, port_61_keeps_four_bits_and_shows_the_refresh_toggle) {
    struct fixture *f = make();
    out(&f->bus, PORT_61, 0xFF);
    cr_assert_eq(in(&f->bus, PORT_61) & 0x0Fu, 0x0F);
    unsigned first = in(&f->bus, PORT_61) & 0x10u;
    go_to_tick(f, PIT_REFRESH_TICKS);
    cr_assert_neq(in(&f->bus, PORT_61) & 0x10u, first);
}

Test(pit, the_control_word_cannot_be_read) {
    struct fixture *f = make();
    cr_assert_eq(in(&f->bus, CONTROL), 0xFF);
}
