/* Time: clocks do not go back, sleeps last long enough, alarms come, timers repeat. */
#include "show.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static volatile int alarms;
static void on_alarm(int number) { alarms += number == SIGALRM; }

static int64_t now(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) < 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void monotonic(clockid_t clock, const char *name)
{
    int64_t last = now(clock);
    bool back = false;
    for (int i = 0; i < 20000; i++) {
        int64_t t = now(clock);
        back |= t < last;
        last = t;
    }
    printf("%s goes back: %s\n", name, back ? "yes" : "no");
}

static void sleeping(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    int64_t start = now(CLOCK_MONOTONIC);
    int result = nanosleep(&t, NULL);
    int64_t passed = now(CLOCK_MONOTONIC) - start;
    printf("sleep of %ld ms: %d, long enough %d, not far longer %d\n", ms, result, passed >= ms * 1000000,
           passed < (ms + 2000) * 1000000);
}

int main(void)
{
    monotonic(CLOCK_MONOTONIC, "monotonic");
    monotonic(CLOCK_REALTIME, "realtime");
    show_bool("after the year 2000", time(NULL) > 946684800);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    int64_t difference = now(CLOCK_REALTIME) - ((int64_t)tv.tv_sec * 1000000000 + tv.tv_usec * 1000);
    show_bool("gettimeofday agrees", difference >= 0 && difference < 1000000000);
    for (int i = 0; i < 3; i++)
        sleeping((long[]){0, 1, 60}[i]);
    struct timespec bad = {0, 1000000000}, res;
    show("bad nanoseconds", nanosleep(&bad, NULL));
    show("bad clock", clock_gettime(77, &res));
    show("resolution", clock_getres(CLOCK_MONOTONIC, &res));

    signal(SIGALRM, on_alarm);
    alarm(100);
    show("alarm was set", alarm(0));
    struct itimerval timer = {{0, 20000}, {0, 20000}}, old;
    show("setitimer", setitimer(ITIMER_REAL, &timer, NULL));
    while (alarms < 5)
        pause();
    memset(&timer, 0, sizeof(timer));
    setitimer(ITIMER_REAL, &timer, &old);
    show_bool("five alarms", alarms >= 5 && old.it_interval.tv_usec == 20000);
    ualarm(30000, 0);
    struct timespec request = {5, 0}, rest = {0, 0};
    int result = nanosleep(&request, &rest);
    printf("interrupted sleep: %d errno %d, rest %d\n", result, errno, rest.tv_sec == 4);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 30000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    show("absolute sleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    int64_t end = (int64_t)until.tv_sec * 1000000000 + until.tv_nsec;
    show_bool("it is past", now(CLOCK_MONOTONIC) >= end);
    int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (volatile int i = 0; i < 20000000; i++)
        ;
    show_bool("processor time passes", now(CLOCK_PROCESS_CPUTIME_ID) > cpu);
    struct tms tms;
    show_bool("times", times(&tms) != (clock_t)-1);
    time_t fixed = 1234567890;
    char text[64];
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&fixed));
    puts(text);
    return 0;
}
