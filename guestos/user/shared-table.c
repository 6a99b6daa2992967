/* Demo: two processes share one descriptor table. The parent makes it large, the child uses it. Runs on the host, too,
 * where RLIMIT_NOFILE allows the high descriptor. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int high = argc > 1 ? atoi(argv[1]) : 4000, go[2], status;
    struct rlimit limit;
    char byte = 'x';
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1;
    limit.rlim_cur = (rlim_t)high + 1;
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || pipe(go) < 0)
        return 1;
    long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) /* its page directory is older than the table that the parent makes now */
        _exit(read(go[0], &byte, 1) != 1 || fcntl(high, F_GETFD) != 0 ||
              write(high, "the child: it is there\n", 23) != 23);
    if (dup2(1, high) != high || write(go[1], &byte, 1) != 1)
        return 1;
    waitpid((pid_t)child, &status, 0);
    printf("the child %s\n", status == 0 ? "used what the parent opened" : "failed");
    return status != 0;
}
