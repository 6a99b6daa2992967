/*
 * A limit of host time. The machine stops at the next block boundary, so that a guest whose blocks are slow (code that
 * rewrites itself all the time) cannot hold the emulator for longer than a block.
 */
#define _GNU_SOURCE
#include "emu/commands/watchdog.h"
#include <errno.h>
#include <time.h>

static struct timespec after(double seconds) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)seconds;
    at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static void *watch(void *argument) {
    struct watchdog *watchdog = argument;
    struct timespec until = after(watchdog->seconds);
    int result = 0;
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->called_off && result != ETIMEDOUT)
        result = pthread_cond_clockwait(&watchdog->wake, &watchdog->lock, CLOCK_MONOTONIC, &until);
    watchdog->expired = !watchdog->called_off;
    if (watchdog->expired)
        machine_request_stop(watchdog->machine);
    pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

bool watchdog_start(struct watchdog *watchdog, struct machine *machine, double seconds) {
    *watchdog = (struct watchdog){.machine = machine, .seconds = seconds};
    if (seconds <= 0)
        return true;
    pthread_mutex_init(&watchdog->lock, NULL);
    pthread_cond_init(&watchdog->wake, NULL);
    watchdog->running = pthread_create(&watchdog->thread, NULL, watch, watchdog) == 0;
    return watchdog->running;
}

bool watchdog_expired(struct watchdog *watchdog) {
    if (!watchdog->running)
        return false;
    pthread_mutex_lock(&watchdog->lock);
    bool expired = watchdog->expired;
    pthread_mutex_unlock(&watchdog->lock);
    return expired;
}

bool watchdog_end(struct watchdog *watchdog) {
    if (!watchdog->running)
        return false;
    pthread_mutex_lock(&watchdog->lock);
    watchdog->called_off = true;
    pthread_cond_signal(&watchdog->wake);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->wake);
    pthread_mutex_destroy(&watchdog->lock);
    return watchdog->expired;
}
