/* The virtual clock that every device stands on. */
#include "tests/devices/rig.h"

struct alarm {
    struct vtimer timer;
    struct vclock *clock;
    char name;
    vtime again; /* re-arms itself this much later, while times > 0 */
    unsigned times;
    struct record *log;
    vtime fired_at;
};

static void fire(void *owner, vtime now) {
    struct alarm *alarm = owner;
    cr_assert_eq(now, alarm->clock->now);
    cr_assert_eq(alarm->timer.due, VTIME_NEVER, "a timer that fires is not armed");
    record_put(alarm->log, (uint8_t)alarm->name);
    alarm->fired_at = now;
    if (alarm->times) {
        alarm->times--;
        vtimer_arm(alarm->clock, &alarm->timer, now + alarm->again);
    }
}

static struct vclock clock_of_test;
static struct record log_of_test;

static void make(struct alarm *alarm, char name) {
    *alarm = (struct alarm){.clock = &clock_of_test, .name = name, .log = &log_of_test};
    vtimer_init(&alarm->timer, fire, alarm);
}

static void expect_log(const char *names) {
    cr_assert_eq(log_of_test.count, strlen(names), "%u fired, not %s", log_of_test.count, names);
    cr_assert_arr_eq(log_of_test.byte, names, strlen(names), "expected %s", names);
}

Test(clock, timers_fire_in_order_of_due_time_then_of_arming) {
    struct alarm a, b, c, d;
    vclock_init(&clock_of_test);
    make(&a, 'a'), make(&b, 'b'), make(&c, 'c'), make(&d, 'd');
    vtimer_arm(&clock_of_test, &c.timer, 30);
    vtimer_arm(&clock_of_test, &a.timer, 10);
    vtimer_arm(&clock_of_test, &b.timer, 10);
    vtimer_arm(&clock_of_test, &d.timer, 31);
    cr_assert_eq(vclock_next(&clock_of_test), 10);
    vclock_advance(&clock_of_test, 9);
    expect_log("");
    vclock_advance(&clock_of_test, 30);
    expect_log("abc");
    cr_assert_eq(a.fired_at, 10, "now is the due time while it fires");
    cr_assert_eq(clock_of_test.now, 30);
    cr_assert_eq(vclock_next(&clock_of_test), 31);
}

Test(clock, rearming_moves_and_cancelling_removes) {
    struct alarm a, b;
    vclock_init(&clock_of_test);
    make(&a, 'a'), make(&b, 'b');
    vtimer_arm(&clock_of_test, &a.timer, 10);
    vtimer_arm(&clock_of_test, &b.timer, 20);
    vtimer_arm(&clock_of_test, &a.timer, 30);
    vtimer_cancel(&clock_of_test, &b.timer);
    vtimer_cancel(&clock_of_test, &b.timer);
    vclock_advance(&clock_of_test, 100);
    expect_log("a");
    cr_assert_eq(a.fired_at, 30);
    cr_assert_eq(vclock_next(&clock_of_test), VTIME_NEVER);
    vtimer_arm(&clock_of_test, &a.timer, 200);
    vtimer_arm(&clock_of_test, &a.timer, VTIME_NEVER);
    cr_assert_eq(vclock_next(&clock_of_test), VTIME_NEVER, "arming for never is cancelling");
}

Test(clock, a_periodic_timer_catches_up) {
    struct alarm a;
    vclock_init(&clock_of_test);
    make(&a, 'a');
    a.again = 10;
    a.times = 100;
    vtimer_arm(&clock_of_test, &a.timer, 10);
    vclock_advance(&clock_of_test, 55);
    expect_log("aaaaa");
    cr_assert_eq(vclock_next(&clock_of_test), 60);
}

Test(clock, time_never_goes_back) {
    struct alarm a;
    vclock_init(&clock_of_test);
    make(&a, 'a');
    vclock_advance(&clock_of_test, 100);
    vtimer_arm(&clock_of_test, &a.timer, 50);
    vclock_advance(&clock_of_test, 20);
    cr_assert_eq(clock_of_test.now, 100);
    expect_log("");
    vclock_advance(&clock_of_test, 100);
    expect_log("a");
    cr_assert_eq(a.fired_at, 100, "a timer in the past fires now");
}
