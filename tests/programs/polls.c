/* poll and select: readiness, time-outs, hang-ups, wake-ups, bad descriptors, signals that end them. */
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>

static void on_usr1(int number) { (void)number; }

static long ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show_poll(const char *what, struct pollfd *p, int n, int timeout)
{
    int result = poll(p, (nfds_t)n, timeout);
    printf("%s: %d", what, result);
    for (int i = 0; i < n; i++)
        printf(" %x", p[i].revents);
    printf("\n");
}

static pid_t after(long delay_us, int fd, int signal_number)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid)
        return pid;
    usleep((useconds_t)delay_us);
    if (signal_number)
        kill(getppid(), signal_number);
    else
        write(fd, "z", 1);
    _exit(0);
}

int main(void)
{
    int a[2], b[2];
    char c;
    pipe(a), pipe(b);
    struct pollfd p[4] = {{a[0], POLLIN, 0}, {b[0], POLLIN, 0}, {a[1], POLLOUT, 0}, {-1, POLLIN, 0}};
    show_poll("write end ready", p, 4, -1);
    show_poll("nothing to read", p, 2, 0);
    write(a[1], "x", 1);
    show_poll("one readable", p, 2, 1000);
    read(a[0], &c, 1);
    long start = ms();
    show_poll("time-out", p, 2, 50);
    show_bool("it lasted", ms() - start >= 49);
    pid_t pid = after(50000, b[1], 0);
    show_poll("woken by a write", p, 2, 5000);
    waitpid(pid, NULL, 0);
    read(b[0], &c, 1);
    int closed = dup(a[0]);
    close(closed);
    struct pollfd bad = {closed, POLLIN, 0};
    show_poll("bad descriptor", &bad, 1, 1000);
    close(b[1]);
    show_poll("hang-up", p + 1, 1, 1000);
    close(a[0]);
    show_poll("no reader", p + 2, 1, 1000);
    struct pollfd file = {open("/tmp", O_RDONLY), POLLIN | POLLOUT, 0};
    show_poll("a directory is ready", &file, 1, 1000);
    show("bad address", poll((struct pollfd *)bad_address(), 1, 0));

    pipe(a);
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(a[0], &in);
    FD_SET(a[1], &out);
    struct timeval tv = {1, 0};
    printf("select: %d", select(a[1] + 1, &in, &out, NULL, &tv));
    printf(" %d %d\n", FD_ISSET(a[0], &in) != 0, FD_ISSET(a[1], &out) != 0);
    FD_ZERO(&in);
    FD_SET(a[0], &in);
    tv = (struct timeval){0, 30000};
    show("select time-out", select(a[0] + 1, &in, NULL, NULL, &tv));
    printf("left %ld.%06ld, set %d\n", (long)tv.tv_sec, (long)tv.tv_usec, FD_ISSET(a[0], &in) != 0);
    FD_ZERO(&in);
    FD_SET(20, &in);
    tv = (struct timeval){0, 0};
    show("select of a bad descriptor", select(21, &in, NULL, NULL, &tv));
    show("select of a negative count", select(-1, NULL, NULL, NULL, &tv));
    pid = after(30000, a[1], 0);
    FD_ZERO(&in);
    FD_SET(a[0], &in);
    show("select woken", select(a[0] + 1, &in, NULL, NULL, NULL));
    waitpid(pid, NULL, 0);
    read(a[0], &c, 1);

    signal(SIGUSR1, on_usr1);
    pid = after(30000, 0, SIGUSR1);
    show("poll ended by a signal", poll(p, 0, 5000));
    waitpid(pid, NULL, 0);
    sigset_t block, none;
    sigemptyset(&none), sigemptyset(&block), sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGUSR1);
    struct pollfd q = {a[0], POLLIN, 0};
    show("blocked signal does not end it", poll(&q, 1, 20));
    struct timespec ts = {5, 0};
    show("ppoll lets it in", ppoll(&q, 1, &ts, &none));
    sigpending(&none);
    show("handled", sigismember(&none, SIGUSR1));
    raise(SIGUSR1);
    sigemptyset(&none);
    show("pselect too", pselect(0, NULL, NULL, NULL, &ts, &none));
    sigprocmask(SIG_BLOCK, NULL, &block);
    show("mask is back", sigismember(&block, SIGUSR1));
    return 0;
}
