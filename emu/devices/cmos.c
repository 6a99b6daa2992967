/* CMOS and RTC: see cmos.h for the model. */
#include "emu/devices/cmos.h"
#include "emu/devices/io_bytes.h"

enum {
    RTC_SECONDS,
    RTC_SECONDS_ALARM,
    RTC_MINUTES,
    RTC_MINUTES_ALARM,
    RTC_HOURS,
    RTC_HOURS_ALARM,
    RTC_WEEKDAY,
    RTC_DAY,
    RTC_MONTH,
    RTC_YEAR,
    RTC_A,
    RTC_B,
    RTC_C,
    RTC_D,
    RTC_CENTURY = 0x32
};

#define A_UPDATE 0x80u
#define B_SET 0x80u
#define B_PERIODIC 0x40u
#define B_ALARM 0x20u
#define B_UPDATE 0x10u
#define B_BINARY 0x04u
#define B_24_HOURS 0x02u
#define C_REQUEST 0x80u
#define D_VALID 0x80u
#define HOUR_PM 0x80u
#define ALARM_ANY 0xC0u /* both top bits set: the field always matches */

#define NS_PER_SECOND 1000000000ull
#define UPDATE_NS 244000u
#define OSCILLATOR_HZ 32768u
#define SECONDS_PER_DAY 86400u
#define YEAR_MIN 1970u
#define YEAR_MAX 9999u

struct date {
    unsigned second, minute, hour, weekday, day, month, year; /* weekday 1 is Sunday; day and month from 1 */
};

static bool is_leap(unsigned year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static unsigned days_in_month(unsigned month, unsigned year) {
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29u : days[month - 1];
}

/* Days from 0001-01-01 to January 1st of year. */
static uint64_t days_before_year(unsigned year) {
    uint64_t past = year - 1u;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static uint64_t seconds_of(const struct date *date) {
    uint64_t days = days_before_year(date->year) - days_before_year(YEAR_MIN);
    for (unsigned month = 1; month < date->month; month++)
        days += days_in_month(month, date->year);
    days += date->day - 1u;
    return days * SECONDS_PER_DAY + date->hour * 3600u + date->minute * 60u + date->second;
}

static struct date date_of(uint64_t seconds) {
    uint64_t days = seconds / SECONDS_PER_DAY;
    unsigned rest = (unsigned)(seconds % SECONDS_PER_DAY);
    struct date date = {.second = rest % 60, .minute = rest / 60 % 60, .hour = rest / 3600};
    date.weekday = (unsigned)((days + 4) % 7) + 1; /* 1970-01-01 was a Thursday */
    uint64_t from_year_one = days + days_before_year(YEAR_MIN);
    date.year = (unsigned)(from_year_one / 366) + 1;
    while (days_before_year(date.year + 1) <= from_year_one)
        date.year++;
    unsigned left = (unsigned)(from_year_one - days_before_year(date.year));
    for (date.month = 1; left >= days_in_month(date.month, date.year); date.month++)
        left -= days_in_month(date.month, date.year);
    date.day = left + 1;
    return date;
}

static uint8_t encode(const struct cmos *cmos, unsigned value) {
    return (uint8_t)(cmos->byte[RTC_B] & B_BINARY ? value : (value / 10 % 10 << 4 | value % 10));
}

static unsigned decode(const struct cmos *cmos, uint8_t value) {
    return cmos->byte[RTC_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static uint8_t encode_hour(const struct cmos *cmos, unsigned hour) {
    if (cmos->byte[RTC_B] & B_24_HOURS)
        return encode(cmos, hour);
    return (uint8_t)(encode(cmos, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? HOUR_PM : 0u));
}

static unsigned decode_hour(const struct cmos *cmos, uint8_t value) {
    if (cmos->byte[RTC_B] & B_24_HOURS)
        return decode(cmos, value);
    return decode(cmos, value & (uint8_t)~HOUR_PM) % 12 + (value & HOUR_PM ? 12 : 0);
}

static uint64_t seconds_at(const struct cmos *cmos, vtime now) {
    return cmos->base + (now - cmos->base_time) / NS_PER_SECOND;
}

static bool is_set(const struct cmos *cmos) { return cmos->byte[RTC_B] & B_SET; }

static void registers_from_clock(struct cmos *cmos) {
    struct date date = date_of(seconds_at(cmos, cmos->clock->now));
    cmos->byte[RTC_SECONDS] = encode(cmos, date.second);
    cmos->byte[RTC_MINUTES] = encode(cmos, date.minute);
    cmos->byte[RTC_HOURS] = encode_hour(cmos, date.hour);
    cmos->byte[RTC_WEEKDAY] = encode(cmos, date.weekday);
    cmos->byte[RTC_DAY] = encode(cmos, date.day);
    cmos->byte[RTC_MONTH] = encode(cmos, date.month);
    cmos->byte[RTC_YEAR] = encode(cmos, date.year % 100);
    cmos->byte[RTC_CENTURY] = encode(cmos, date.year / 100);
}

static unsigned within(unsigned value, unsigned low, unsigned high) {
    return value < low ? low : value > high ? high : value;
}

/* What the guest wrote may be no date at all: each field is brought into its range. */
static void clock_from_registers(struct cmos *cmos) {
    unsigned year = decode(cmos, cmos->byte[RTC_CENTURY]) * 100 + decode(cmos, cmos->byte[RTC_YEAR]);
    struct date date = {
        .second = within(decode(cmos, cmos->byte[RTC_SECONDS]), 0, 59),
        .minute = within(decode(cmos, cmos->byte[RTC_MINUTES]), 0, 59),
        .hour = within(decode_hour(cmos, cmos->byte[RTC_HOURS]), 0, 23),
        .month = within(decode(cmos, cmos->byte[RTC_MONTH]), 1, 12),
        .year = within(year, YEAR_MIN, YEAR_MAX),
    };
    date.day = within(decode(cmos, cmos->byte[RTC_DAY]), 1, days_in_month(date.month, date.year));
    cmos->base = seconds_of(&date);
    cmos->base_time = cmos->clock->now;
}

/* Oscillator ticks of the periodic interrupt's period, 0 when it is off. */
static uint64_t oscillator_ticks(const struct cmos *cmos) {
    unsigned rate = cmos->byte[RTC_A] & 15u;
    if (rate == 0)
        return 0;
    return 1ull << (rate < 3 ? rate + 6 : rate - 1); /* rates 1 and 2 are those of 8 and 9 */
}

/* Number of the period of `ticks` oscillator ticks that time lies in. */
static uint64_t period_at(vtime time, uint64_t ticks) {
    return (time / NS_PER_SECOND * OSCILLATOR_HZ + time % NS_PER_SECOND * OSCILLATOR_HZ / NS_PER_SECOND) / ticks;
}

static vtime period_start(uint64_t period, uint64_t ticks) {
    uint64_t tick = period * ticks;
    return tick / OSCILLATOR_HZ * NS_PER_SECOND +
           (tick % OSCILLATOR_HZ * NS_PER_SECOND + OSCILLATOR_HZ - 1) / OSCILLATOR_HZ;
}

static bool alarm_matches(const struct cmos *cmos, const struct date *date) {
    uint8_t second = cmos->byte[RTC_SECONDS_ALARM], minute = cmos->byte[RTC_MINUTES_ALARM];
    uint8_t hour = cmos->byte[RTC_HOURS_ALARM];
    return (second >= ALARM_ANY || decode(cmos, second) == date->second) &&
           (minute >= ALARM_ANY || decode(cmos, minute) == date->minute) &&
           (hour >= ALARM_ANY || decode_hour(cmos, hour) == date->hour);
}

/* Brings register C up to now. */
static void settle(struct cmos *cmos) {
    vtime now = cmos->clock->now;
    uint64_t ticks = oscillator_ticks(cmos);
    if (ticks && period_at(now, ticks) != period_at(cmos->flags_from, ticks))
        cmos->flags |= B_PERIODIC;
    vtime from = cmos->flags_from > cmos->base_time ? cmos->flags_from : cmos->base_time;
    if (!is_set(cmos) && seconds_at(cmos, now) != seconds_at(cmos, from)) {
        struct date date = date_of(seconds_at(cmos, now));
        cmos->flags |= B_UPDATE;
        if ((cmos->byte[RTC_B] & B_ALARM) && alarm_matches(cmos, &date))
            cmos->flags |= B_ALARM;
    }
    cmos->flags_from = now;
}

/* The flag bits of register C stand where their enable bits stand in register B. */
static bool is_requesting(const struct cmos *cmos) {
    return cmos->flags & cmos->byte[RTC_B] & (B_PERIODIC | B_ALARM | B_UPDATE);
}

static void rearm(struct cmos *cmos) {
    vtime now = cmos->clock->now, due = VTIME_NEVER;
    uint64_t ticks = oscillator_ticks(cmos);
    if (ticks && (cmos->byte[RTC_B] & B_PERIODIC))
        due = period_start(period_at(now, ticks) + 1, ticks);
    if (!is_set(cmos) && (cmos->byte[RTC_B] & (B_ALARM | B_UPDATE))) {
        vtime second = cmos->base_time + ((now - cmos->base_time) / NS_PER_SECOND + 1) * NS_PER_SECOND;
        due = second < due ? second : due;
    }
    if (due == VTIME_NEVER)
        vtimer_cancel(cmos->clock, &cmos->timer);
    else
        vtimer_arm(cmos->clock, &cmos->timer, due);
}

static void fire(void *owner, vtime now) {
    struct cmos *cmos = owner;
    (void)now;
    settle(cmos);
    irq_set(&cmos->irq, is_requesting(cmos));
    rearm(cmos);
}

static uint8_t read_register_a(const struct cmos *cmos) {
    vtime into_second = (cmos->clock->now - cmos->base_time) % NS_PER_SECOND;
    bool updating = !is_set(cmos) && into_second >= NS_PER_SECOND - UPDATE_NS;
    return (uint8_t)((cmos->byte[RTC_A] & 0x7Fu) | (updating ? A_UPDATE : 0u));
}

static uint8_t read_register_c(struct cmos *cmos) {
    settle(cmos);
    uint8_t value = (uint8_t)(cmos->flags | (is_requesting(cmos) ? C_REQUEST : 0u));
    cmos->flags = 0;
    irq_set(&cmos->irq, false);
    return value;
}

static bool is_time_register(uint8_t index) {
    bool alarm = index == RTC_SECONDS_ALARM || index == RTC_MINUTES_ALARM || index == RTC_HOURS_ALARM;
    return (index <= RTC_YEAR && !alarm) || index == RTC_CENTURY;
}

static uint8_t read_selected(struct cmos *cmos) {
    if (is_time_register(cmos->index) && !is_set(cmos))
        registers_from_clock(cmos);
    switch (cmos->index) {
    case RTC_A: return read_register_a(cmos);
    case RTC_C: return read_register_c(cmos);
    case RTC_D: return D_VALID;
    default: return cmos->byte[cmos->index];
    }
}

static void write_register_b(struct cmos *cmos, uint8_t value) {
    bool was_set = is_set(cmos);
    if (!was_set)
        registers_from_clock(cmos);
    cmos->byte[RTC_B] = value & B_SET ? value & (uint8_t)~B_UPDATE : value; /* SET clears the update interrupt */
    if (was_set && !is_set(cmos))
        clock_from_registers(cmos);
}

static void write_selected(struct cmos *cmos, uint8_t value) {
    settle(cmos);
    uint8_t index = cmos->index;
    if (is_time_register(index)) {
        if (!is_set(cmos))
            registers_from_clock(cmos);
        cmos->byte[index] = value;
        if (!is_set(cmos))
            clock_from_registers(cmos);
    } else if (index == RTC_B) {
        write_register_b(cmos, value);
    } else if (index != RTC_C && index != RTC_D) {
        cmos->byte[index] = value;
    }
    irq_set(&cmos->irq, is_requesting(cmos));
    rearm(cmos);
}

static uint8_t cmos_read_byte(void *device, uint64_t offset) {
    return offset == 1 ? read_selected(device) : 0xFF; /* the index cannot be read back */
}

static void cmos_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct cmos *cmos = device;
    if (offset == 0)
        cmos->index = value & (CMOS_BYTES - 1); /* bit 7 masks NMI, which nothing here raises */
    else if (offset == 1)
        write_selected(cmos, value);
}

static uint32_t cmos_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, cmos_read_byte);
}

static void cmos_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, cmos_write_byte);
}

static void put16(struct cmos *cmos, unsigned index, uint64_t value) {
    uint64_t limited = value < 0xFFFF ? value : 0xFFFF;
    cmos->byte[index] = (uint8_t)limited;
    cmos->byte[index + 1] = (uint8_t)(limited >> 8);
}

static void fill_sizes(struct cmos *cmos, uint64_t ram_bytes, uint64_t below_4g) {
    uint64_t low = ram_bytes < below_4g ? ram_bytes : below_4g, blocks = (ram_bytes - low) >> 16;
    uint64_t above_1_mib = low > 1u << 20 ? low - (1u << 20) : 0;
    put16(cmos, 0x15, 640);
    put16(cmos, 0x17, above_1_mib / 1024);
    put16(cmos, 0x30, above_1_mib / 1024);
    put16(cmos, 0x34, low > 16u << 20 ? (low - (16u << 20)) >> 16 : 0);
    for (unsigned i = 0; i < 3; i++)
        cmos->byte[0x5B + i] = (uint8_t)(blocks >> (8 * i));
    unsigned sum = 0;
    for (unsigned i = 0x10; i <= 0x2D; i++)
        sum += cmos->byte[i];
    cmos->byte[0x2E] = (uint8_t)(sum >> 8);
    cmos->byte[0x2F] = (uint8_t)sum;
}

void cmos_init(struct cmos *cmos, struct vclock *clock, struct irq_line irq, uint64_t date, uint64_t ram_bytes,
               uint64_t below_4g) {
    *cmos = (struct cmos){.clock = clock, .irq = irq, .base = date, .base_time = clock->now, .flags_from = clock->now};
    cmos->byte[RTC_A] = 0x26;
    cmos->byte[RTC_B] = B_24_HOURS;
    vtimer_init(&cmos->timer, fire, cmos);
    fill_sizes(cmos, ram_bytes, below_4g);
}

void cmos_ranges(struct cmos *cmos, struct io_range ranges[CMOS_RANGES]) {
    static const struct io_ops ops = {cmos_read, cmos_write};
    ranges[0] = (struct io_range){0x70, 2, &ops, cmos};
}
