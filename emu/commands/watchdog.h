/* A limit of host time: a thread that asks the machine to stop when it has passed. */
#ifndef FAULTLINE_WATCHDOG_H
#define FAULTLINE_WATCHDOG_H

#include "emu/machine/machine.h"

#include <pthread.h>

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct machine *machine;
    double seconds;
    bool running, called_off, expired;
};

/* seconds 0: no limit, and no thread. False: the host gives no thread. */
bool watchdog_start(struct watchdog *watchdog, struct machine *machine, double seconds);
bool watchdog_expired(struct watchdog *watchdog); /* the limit has passed */
/* Ends the thread. True when the limit had passed. */
bool watchdog_end(struct watchdog *watchdog);

#endif
