/* CMOS memory and the clock. */
#include "tests/devices/rig.h"
#include "emu/devices/cmos.h"

#define INDEX 0x70
#define DATA 0x71
#define SECOND 1000000000ull
#define MIB (1ull << 20)
#define BELOW_4G (3072 * MIB)

struct fixture {
    struct cmos cmos;
    struct vclock clock;
    struct bus bus;
    struct wire irq;
};

static struct fixture *make_with(uint64_t date, uint64_t ram) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[CMOS_RANGES];
    vclock_init(&f->clock);
    cmos_init(&f->cmos, &f->clock, wire_line(&f->irq), date, ram, BELOW_4G);
    cmos_ranges(&f->cmos, ranges);
    bus_add(&f->bus, ranges, CMOS_RANGES);
    return f;
}

static struct fixture *make(void) { return make_with(CMOS_DEFAULT_DATE, 64 * MIB); }

static unsigned get(struct fixture *f, unsigned index) {
    out(&f->bus, INDEX, index);
    return in(&f->bus, DATA);
}

static void set(struct fixture *f, unsigned index, unsigned value) {
    out(&f->bus, INDEX, index);
    out(&f->bus, DATA, value);
}

static unsigned get16(struct fixture *f, unsigned index) { return get(f, index) | get(f, index + 1) << 8; }

static void assert_date(struct fixture *f, const unsigned expected[7], const char *what) {
    static const unsigned index[7] = {0x32, 9, 8, 7, 4, 2, 0};
    for (unsigned i = 0; i < 7; i++)
        cr_assert_eq(get(f, index[i]), expected[i], "%s: register %#x is %#x, not %#x", what, index[i],
                     get(f, index[i]), expected[i]);
}

Test(cmos, memory_sizes) {
    static const struct {
        uint64_t ram;
        unsigned kib, blocks, high;
    } sizes[] = {
        {4 * MIB, 3 * 1024, 0, 0},         {16 * MIB, 15 * 1024, 0, 0},   {64 * MIB, 63 * 1024, 768, 0},
        {65 * MIB, 65535, 784, 0},         {1024 * MIB, 65535, 16128, 0}, {3072 * MIB, 65535, 48896, 0},
        {4096 * MIB, 65535, 48896, 16384},
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned mib = (unsigned)(sizes[i].ram / MIB), kib = sizes[i].kib < 65535 ? sizes[i].kib : 65535;
        struct fixture *f = make_with(CMOS_DEFAULT_DATE, sizes[i].ram);
        cr_assert_eq(get16(f, 0x15), 640, "%u MiB", mib);
        cr_assert_eq(get16(f, 0x17), kib, "%u MiB", mib);
        cr_assert_eq(get16(f, 0x30), kib, "%u MiB", mib);
        cr_assert_eq(get16(f, 0x34), sizes[i].blocks, "%u MiB: %u", mib, get16(f, 0x34));
        cr_assert_eq(get16(f, 0x5B) | get(f, 0x5D) << 16, sizes[i].high, "%u MiB", mib);
    }
}

Test(cmos, the_checksum_covers_10_to_2d) {
    struct fixture *f = make();
    unsigned sum = 0;
    for (unsigned i = 0x10; i <= 0x2D; i++)
        sum += get(f, i);
    cr_assert_eq(get(f, 0x2E) << 8 | get(f, 0x2F), sum);
}

Test(cmos, the_date_is_fixed_and_runs_on_the_virtual_clock) {
    struct fixture *f = make();
    assert_date(f, (const unsigned[7]){0x20, 0x05, 0x06, 0x17, 0x00, 0x00, 0x00}, "reset");
    cr_assert_eq(get(f, 6), 6, "a Friday");
    vclock_advance(&f->clock, (86400 + 3600 + 60 + 1) * SECOND);
    assert_date(f, (const unsigned[7]){0x20, 0x05, 0x06, 0x18, 0x01, 0x01, 0x01}, "a day later");
}

Test(cmos, calendar) {
    static const struct {
        uint64_t seconds;
        unsigned date[7];
    } cases[] = {
        {0, {0x19, 0x70, 0x01, 0x01, 0, 0, 0}},
        {951782399, {0x20, 0x00, 0x02, 0x28, 0x23, 0x59, 0x59}},
        {951782400, {0x20, 0x00, 0x02, 0x29, 0, 0, 0}},
        {951868800, {0x20, 0x00, 0x03, 0x01, 0, 0, 0}},
        {4107542399, {0x21, 0x00, 0x02, 0x28, 0x23, 0x59, 0x59}},
        {4107542400, {0x21, 0x00, 0x03, 0x01, 0, 0, 0}},
        {946684799, {0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59}},
        {253402300799, {0x99, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_date(make_with(cases[i].seconds, MIB), cases[i].date, "calendar");
}

Test(cmos, setting_the_clock) {
    struct fixture *f = make();
    set(f, 0x0B, 0x82);
    static const unsigned index[7] = {0x32, 9, 8, 7, 4, 2, 0}, date[7] = {0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58};
    for (unsigned i = 0; i < 7; i++)
        set(f, index[i], date[i]);
    vclock_advance(&f->clock, 100 * SECOND);
    assert_date(f, date, "SET holds the clock");
    set(f, 0x0B, 0x02);
    assert_date(f, date, "started");
    vclock_advance(&f->clock, 102 * SECOND);
    assert_date(f, (const unsigned[7]){0x20, 0x24, 0x03, 0x01, 0, 0, 0}, "running");
}

Test(cmos, binary_and_12_hour_modes) {
    struct fixture *f = make_with(CMOS_DEFAULT_DATE + 13 * 3600 + 45 * 60, MIB);
    set(f, 0x0B, 0x06);
    cr_assert_eq(get(f, 4), 13);
    cr_assert_eq(get(f, 2), 45);
    cr_assert_eq(get(f, 9), 5);
    set(f, 0x0B, 0x00);
    cr_assert_eq(get(f, 4), 0x81, "1 pm");
    set(f, 4, 0x12);
    cr_assert_eq(get(f, 4), 0x12, "midnight is 12 am");
    set(f, 0x0B, 0x02);
    cr_assert_eq(get(f, 4), 0);
}

Test(cmos, dates_that_are_none_are_brought_into_range) {
    struct fixture *f = make();
    for (unsigned value = 0; value < 256; value++) {
        for (unsigned index = 0; index < 10; index++)
            set(f, index, value);
        set(f, 0x32, value);
        vclock_advance(&f->clock, f->clock.now + SECOND);
        unsigned month = get(f, 8);
        cr_assert(month >= 1 && month <= 0x12, "value %#x gives month %#x", value, month);
    }
}

Test(cmos, update_in_progress_precedes_each_second) {
    struct fixture *f = make();
    cr_assert_eq(get(f, 0x0A), 0x26);
    vclock_advance(&f->clock, SECOND - 244000);
    cr_assert_eq(get(f, 0x0A), 0xA6);
    vclock_advance(&f->clock, SECOND);
    cr_assert_eq(get(f, 0x0A), 0x26);
}

Test(cmos, periodic_interrupts) {
    struct fixture *f = make();
    set(f, 0x0B, 0x42); /* rate 6: 1024 Hz */
    vclock_advance(&f->clock, 976563);
    cr_assert(f->irq.level);
    vclock_advance(&f->clock, 10 * 976563);
    cr_assert_eq(f->irq.rises, 1, "no further edge before register C is read");
    cr_assert_eq(get(f, 0x0C), 0xC0);
    cr_assert(!f->irq.level);
    cr_assert_eq(get(f, 0x0C), 0);
    f->irq.rises = 0;
    for (unsigned i = 0; i < 2048; i++) {
        vclock_advance(&f->clock, vclock_next(&f->clock));
        get(f, 0x0C);
    }
    cr_assert_eq(f->irq.rises, 2048);
    cr_assert(f->clock.now > 2 * SECOND && f->clock.now < 2 * SECOND + 20000000);
    set(f, 0x0B, 0x02);
    cr_assert_eq(vclock_next(&f->clock), VTIME_NEVER);
}

Test(cmos, update_and_alarm_interrupts) {
    struct fixture *f = make();
    set(f, 0x0B, 0x12);
    vclock_advance(&f->clock, SECOND);
    cr_assert(f->irq.level);
    cr_assert_eq(get(f, 0x0C) & 0x90u, 0x90);
    set(f, 1, 0x05);
    set(f, 3, 0xC0);
    set(f, 5, 0xFF);
    set(f, 0x0B, 0x22);
    vclock_advance(&f->clock, 5 * SECOND - 1);
    cr_assert(!f->irq.level);
    vclock_advance(&f->clock, 5 * SECOND);
    cr_assert(f->irq.level);
    cr_assert_eq(get(f, 0x0C) & 0xA0u, 0xA0);
}

Test(cmos, flags_can_be_polled_without_interrupts) {
    struct fixture *f = make();
    get(f, 0x0C);
    vclock_advance(&f->clock, SECOND);
    cr_assert_eq(get(f, 0x0C), 0x50);
    cr_assert_eq(f->irq.rises, 0);
}

Test(cmos, the_rest_is_memory) {
    struct fixture *f = make();
    for (unsigned i = 0x0E; i < 0x80; i++)
        if (i != 0x32)
            set(f, i, i ^ 0x55u);
    for (unsigned i = 0x0E; i < 0x80; i++)
        cr_assert(i == 0x32 || get(f, i | 0x80u) == (i ^ 0x55u), "register %#x", i);
    cr_assert_eq(get(f, 0x0D), 0x80);
    cr_assert_eq(in(&f->bus, INDEX), 0xFF);
}
