/*
 * The clock: PIT channel 0 in mode 2 (Intel 8254 data sheet) interrupts HZ times a second.
 *
 * Monotonic time is the number of PIT input pulses since boot: LATCH a tick, plus what the counter has gone down since
 * the last one. A tick that has come but is not yet counted, because interrupts are off, shows in the interrupt
 * controller's request register. The date comes from the RTC (MC146818 data sheet) once, at boot; from then on it is
 * that date plus monotonic time.
 */
#include "asm/io.h"
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/setup.h"
#include "asm/traps.h"
#include "kernel/init.h"
#include "kernel/process.h"
#include "kernel/timer.h"

#define PIT_HZ 1193182u
#define PIT_CHANNEL0 0x40
#define PIT_CONTROL 0x43
#define PIT_RATE_GENERATOR 0x34 /* channel 0, low then high byte, mode 2, binary */
#define PIT_LATCH_CHANNEL0 0x00
#define LATCH ((PIT_HZ + HZ / 2) / HZ)

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_STATUS_A 0x0A
#define RTC_UPDATE_IN_PROGRESS 0x80
#define RTC_STATUS_B 0x0B
#define RTC_BINARY 0x04
#define RTC_24_HOURS 0x02

volatile unsigned long jiffies;

static u64 ticks;          /* jiffies without wrapping */
static u64 boot_real_time; /* date at ktime 0, nanoseconds since 1970 */
static u64 last_ktime;

static u32 read_pit(void)
{
    outb(PIT_LATCH_CHANNEL0, PIT_CONTROL);
    u32 low = inb(PIT_CHANNEL0);
    return low | (u32)inb(PIT_CHANNEL0) << 8;
}

static u64 pulses_since_boot(void)
{
    u32 count = read_pit();
    u32 elapsed = count && count <= LATCH ? LATCH - count : 0;
    /* A request seen beside a counter that has just been reloaded belongs to a tick that is not in `ticks` yet. */
    if (elapsed < LATCH / 2 && irq_is_pending(0))
        elapsed += LATCH;
    return ticks * LATCH + elapsed;
}

u64 ktime_ns(void)
{
    unsigned long flags = local_irq_save();
    u64 pulses = pulses_since_boot();
    u64 now = pulses / PIT_HZ * NSEC_PER_SEC + pulses % PIT_HZ * NSEC_PER_SEC / PIT_HZ;
    if (now > last_ktime)
        last_ktime = now;
    now = last_ktime;
    local_irq_restore(flags);
    return now;
}

u64 real_time_ns(void) { return boot_real_time + ktime_ns(); }

void machine_time_of_day_set(u64 ns) { boot_real_time = ns - ktime_ns(); }

static void timer_interrupt(int irq, void *owner)
{
    (void)irq;
    (void)owner;
    ticks++;
    jiffies = (unsigned long)ticks;
    scheduler_tick(user_mode(irq_regs));
    run_timers();
}

/* ---- the date ---- */

struct rtc_time {
    u32 second, minute, hour, day, month, year;
};

static u32 read_rtc(u8 index)
{
    outb(index, RTC_INDEX);
    return inb(RTC_DATA);
}

static struct rtc_time read_rtc_registers(void)
{
    while (read_rtc(RTC_STATUS_A) & RTC_UPDATE_IN_PROGRESS) {
    }
    return (struct rtc_time){read_rtc(0), read_rtc(2), read_rtc(4), read_rtc(7), read_rtc(8), read_rtc(9)};
}

static u32 from_bcd(u32 value) { return (value & 0xf) + (value >> 4) * 10; }

static void decode_rtc(struct rtc_time *t)
{
    u32 status = read_rtc(RTC_STATUS_B);
    bool afternoon = !(status & RTC_24_HOURS) && (t->hour & 0x80);
    t->hour &= 0x7f;
    if (!(status & RTC_BINARY))
        *t = (struct rtc_time){from_bcd(t->second), from_bcd(t->minute), from_bcd(t->hour),
                               from_bcd(t->day),    from_bcd(t->month),  from_bcd(t->year)};
    if (!(status & RTC_24_HOURS))
        t->hour = t->hour % 12 + (afternoon ? 12 : 0);
    t->year += t->year < 70 ? 2000 : 1900;
}

/* Days since 1970-01-01 of the Gregorian calendar; the year is counted from March, so that the leap day is its last. */
static u32 days_since_1970(const struct rtc_time *t)
{
    u32 year = t->month > 2 ? t->year : t->year - 1;
    u32 month = t->month > 2 ? t->month - 3 : t->month + 9;
    return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + t->day - 1 - 719468;
}

static u64 rtc_seconds(void)
{
    struct rtc_time t = read_rtc_registers();
    decode_rtc(&t);
    return (u64)days_since_1970(&t) * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
}

void time_init(void)
{
    boot_real_time = rtc_seconds() * NSEC_PER_SEC;
    outb(PIT_RATE_GENERATOR, PIT_CONTROL);
    outb(LATCH & 0xff, PIT_CHANNEL0);
    outb(LATCH >> 8, PIT_CHANNEL0);
    request_irq(0, timer_interrupt, "timer", NULL);
}
