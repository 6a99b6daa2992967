/* Queued signals and their order, waiting for signals, timers that send them, suspended masks. */
#include "show.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int order[16], taken, alarms;

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    order[taken++] = (number >= SIGRTMIN ? 100 * (number - SIGRTMIN + 1) : number) +
                     (info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

static void count_alarm(int number) { (void)number, alarms++; }

static void order_of_delivery(void)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t all, old, pending;
    sigfillset(&all);
    sigfillset(&action.sa_mask);
    const int numbers[] = {SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN + 1};
    for (unsigned i = 0; i < 4; i++)
        sigaction(numbers[i], &action, NULL);
    sigprocmask(SIG_SETMASK, &all, &old);
    for (int i = 1; i <= 3; i++)
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9});
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigpending(&pending);
    printf("pending: %d %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
           sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGHUP));
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("delivered:");
    for (int i = 0; i < taken; i++)
        printf(" %d", order[i]);
    printf("\n");
}

static void waiting(void)
{
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    show("sigtimedwait for nothing", sigtimedwait(&set, &info, &(struct timespec){0, 20000000}));
    kill(getpid(), SIGUSR1);
    show("sigwaitinfo", sigwaitinfo(&set, &info));
    printf("code %d, from me %d\n", info.si_code, info.si_pid == getpid());
    pid_t pid = fork();
    if (pid == 0)
        _exit(21);
    show("sigwaitinfo for a child", sigwaitinfo(&set, &info));
    printf("code %d status %d, the child %d\n", info.si_code, info.si_status, info.si_pid == pid);
    wait(NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void set_timer(int which, long first, long interval)
{
    const struct itimerval timer = {{0, interval}, {0, first}};
    setitimer(which, &timer, NULL);
}

static void timers(void)
{
    struct timespec rest = {0, 0};
    sigset_t block, none;
    signal(SIGALRM, count_alarm);
    signal(SIGVTALRM, count_alarm);
    set_timer(ITIMER_REAL, 30000, 0);
    show("nanosleep, interrupted", nanosleep(&(struct timespec){0, 400000000}, &rest));
    show_bool("most of it is left", rest.tv_nsec > 200000000 && rest.tv_nsec < 400000000);
    set_timer(ITIMER_REAL, 30000, 0);
    show("pause", pause());
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    alarms = 0;
    set_timer(ITIMER_REAL, 30000, 0);
    show("sigsuspend", sigsuspend(&none));
    sigprocmask(SIG_BLOCK, NULL, &none);
    printf("alarms %d, blocked again %d\n", alarms, sigismember(&none, SIGALRM));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    alarms = 0;
    set_timer(ITIMER_REAL, 20000, 20000);
    while (alarms < 4)
        pause();
    set_timer(ITIMER_REAL, 0, 0);
    alarms = 0;
    set_timer(ITIMER_VIRTUAL, 20000, 0);
    while (!alarms)
        continue;
    alarm(5);
    show("alarm, taken back", (long)alarm(0));
}

static void one_shot(void)
{
    struct sigaction action = {.sa_handler = count_alarm, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &action);
    show_bool("the handler is gone", action.sa_handler == SIG_DFL);
}

int main(void)
{
    order_of_delivery();
    waiting();
    timers();
    one_shot();
    return 0;
}
