/*
 * The virtual clock: a sorted list of armed timers.
 *
 * The model. Timers stand in order of due time, ties in order of arming; each is armed at most once. Time only
 * moves forward. A timer is taken off the list before its fire() runs, so fire() may arm it again; one that is
 * armed for a time at or before the moment being advanced to fires within the same vclock_advance(), which is
 * how a periodic timer catches up: now is the timer's own due time while its fire() runs.
 */
#include "emu/devices/device.h"

void vclock_init(struct vclock *clock) {
    clock->now = 0;
    clock->first = NULL;
}

void vtimer_init(struct vtimer *timer, void (*fire)(void *owner, vtime now), void *owner) {
    *timer = (struct vtimer){.fire = fire, .owner = owner, .due = VTIME_NEVER};
}

void vtimer_cancel(struct vclock *clock, struct vtimer *timer) {
    if (timer->due == VTIME_NEVER)
        return;
    struct vtimer **link = &clock->first;
    while (*link && *link != timer)
        link = &(*link)->next;
    if (*link)
        *link = timer->next;
    timer->next = NULL;
    timer->due = VTIME_NEVER;
}

void vtimer_arm(struct vclock *clock, struct vtimer *timer, vtime due) {
    vtimer_cancel(clock, timer);
    if (due == VTIME_NEVER)
        return;
    struct vtimer **link = &clock->first;
    while (*link && (*link)->due <= due)
        link = &(*link)->next;
    timer->due = due;
    timer->next = *link;
    *link = timer;
}

vtime vclock_next(const struct vclock *clock) { return clock->first ? clock->first->due : VTIME_NEVER; }

void vclock_advance(struct vclock *clock, vtime now) {
    while (clock->first && clock->first->due <= now) {
        struct vtimer *timer = clock->first;
        clock->first = timer->next;
        if (timer->due > clock->now)
            clock->now = timer->due;
        timer->next = NULL;
        timer->due = VTIME_NEVER;
        timer->fire(timer->owner, clock->now);
    }
    if (now > clock->now)
        clock->now = now;
}
