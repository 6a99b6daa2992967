/* A descriptor table of many pages that two processes share: what one opens, the other uses. */
#define _GNU_SOURCE
#include "show.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HIGH 4000

int main(void) {
    struct rlimit limit;
    int to_child[2], status;
    char byte = 'x';
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = HIGH + 1;
    show("limit", setrlimit(RLIMIT_NOFILE, &limit));
    show("pipe", pipe(to_child));
    fflush(stdout);
    long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        /* Its directory is older than the table that the parent makes now. */
        show("told", read(to_child[0], &byte, 1));
        fflush(stdout);
        show("written", write(HIGH, "through the high one\n", 21));
        show("its flags", fcntl(HIGH, F_GETFD));
        show("closed", close(HIGH));
        fflush(stdout);
        _exit(0);
    }
    show("high", dup2(1, HIGH));
    show("too high", dup2(1, HIGH + 1));
    fflush(stdout);
    if (write(to_child[1], &byte, 1) != 1)
        return 1;
    waitpid((pid_t)child, &status, 0);
    show("closed by the child", fcntl(HIGH, F_GETFD));
    show("lowest", fcntl(1, F_DUPFD, 100));
    return 0;
}
