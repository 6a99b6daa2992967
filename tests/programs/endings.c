/* How processes with several threads end, stop and exec; process groups and sessions. */
#include "show.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *self;

static void *spin(void *unused)
{
    (void)unused;
    for (;;)
        continue;
    return NULL;
}

static void *sleep_on(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static void *exit_soon(void *unused)
{
    (void)unused;
    usleep(20000);
    exit(33);
}

static void *exec_soon(void *unused)
{
    (void)unused;
    usleep(20000);
    execv(self, (char *[]){(char *)self, "again", NULL});
    _exit(1);
}

static void *fault_soon(void *unused)
{
    (void)unused;
    usleep(20000);
    *(volatile int *)bad_address() = 1;
    return NULL;
}

static void crowd(void *(*ending)(void *))
{
    pthread_t thread;
    pthread_create(&thread, NULL, spin, NULL);
    pthread_create(&thread, NULL, sleep_on, NULL);
    pthread_create(&thread, NULL, ending, NULL);
}

static void report(const char *what, pid_t pid, int options)
{
    int status = 0;
    if (waitpid(pid, &status, options) != pid)
        printf("%s: error %d\n", what, errno);
    else
        printf("%s: status %04x\n", what, status);
}

static void thread_endings(void)
{
    pid_t pid;
    fflush(stdout);
    if ((pid = fork()) == 0) {
        crowd(exit_soon);
        spin(NULL);
    }
    report("a thread exits the process", pid, 0);
    if ((pid = fork()) == 0) {
        crowd(exec_soon);
        spin(NULL);
    }
    report("a thread execs", pid, 0);
    if ((pid = fork()) == 0) {
        crowd(fault_soon);
        sleep_on(NULL);
    }
    report("a thread faults", pid, 0);
    if ((pid = fork()) == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, exit_soon, NULL);
        pthread_exit(NULL);
    }
    report("the main thread goes first", pid, 0);
}

static void stopping(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        crowd(sleep_on);
        sleep_on(NULL);
    }
    usleep(20000);
    kill(pid, SIGSTOP);
    report("stopped", pid, WUNTRACED);
    kill(pid, SIGCONT);
    report("continued", pid, WCONTINUED);
    kill(pid, SIGKILL);
    report("killed", pid, 0);
}

static void groups(void)
{
    pid_t pid = fork();
    if (pid == 0)
        sleep_on(NULL);
    show("setpgid", setpgid(pid, pid));
    show_bool("its own group", getpgid(pid) == pid);
    show("kill of the group", kill(-pid, SIGINT));
    report("by the group", -pid, 0);
    if ((pid = fork()) == 0) {
        bool leads = setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid();
        _exit(leads && setsid() == -1 && errno == EPERM ? 1 : 2);
    }
    report("a session of its own", pid, 0);
}

static void stubborn(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t set;
        signal(SIGSEGV, SIG_IGN);
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int *)bad_address() = 1;
        _exit(0);
    }
    report("a fault cannot be blocked", pid, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        show_bool("after exec the thread is the process", getpid() == syscall(SYS_gettid));
        return 44;
    }
    self = argv[0];
    thread_endings();
    stopping();
    groups();
    stubborn();
    return 0;
}
