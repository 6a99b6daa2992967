/* exec: of itself by argv[0], arguments and environment passed on, descriptors kept and closed, vfork, failures. */
#include "show.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int wait_for(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int second(int argc, char **argv)
{
    printf("second: %d arguments:", argc);
    for (int i = 1; i < argc; i++)
        printf(" [%s]", argv[i]);
    printf("\nMARK=%s, PATH %s\n", getenv("MARK"), getenv("PATH") ? "set" : "not set");
    show("kept descriptor", fcntl(20, F_GETFD));
    show("closed descriptor", fcntl(21, F_GETFD));
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    printf("mask kept %d, handler reset %d, ", sigismember(&set, SIGUSR2), action.sa_handler == SIG_DFL);
    sigaction(SIGHUP, NULL, &action);
    printf("ignored kept %d\n", action.sa_handler == SIG_IGN);
    fflush(stdout);
    return 33;
}

static void handler(int number) { (void)number; }

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (argc > 1)
        return second(argc, argv);
    char *self = argv[0], *arguments[] = {self, "a b", "", "*", NULL}, *environment[] = {"MARK=here", NULL};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, handler);
    signal(SIGHUP, SIG_IGN);
    fcntl(dup2(1, 20), F_SETFD, 0);
    dup3(1, 21, O_CLOEXEC);
    fflush(stdout);

    pid_t pid = fork();
    if (pid == 0) {
        execve(self, arguments, environment);
        _exit(127);
    }
    printf("fork and exec: %d\n", wait_for(pid));
    fflush(stdout);

    char *quick[] = {self, "exit", "44", NULL};
    volatile int shared = 1;
    pid = vfork();
    if (pid == 0) {
        shared = 2;
        execv(self, quick);
        _exit(127);
    }
    printf("vfork and exec: %d, memory shared until then: %d\n", wait_for(pid), shared);

    show("exec of nothing", execv("/no/such/program", arguments));
    show("exec of a directory", execv("/tmp", arguments));
    int fd = open("/tmp/exec.text", O_CREAT | O_WRONLY | O_TRUNC, 0755);
    write(fd, "no program at all\n", 18);
    close(fd);
    show("exec of text", execv("/tmp/exec.text", arguments));
    chmod("/tmp/exec.text", 0644);
    show("exec without permission", execv("/tmp/exec.text", arguments));
    unlink("/tmp/exec.text");
    show("bad address", execv(self, (char **)bad_address()));
    char *huge = malloc(200000), *too_long[] = {self, huge, NULL};
    memset(huge, 'x', 199999);
    huge[199999] = 0;
    show("one argument too long", execv(self, too_long));
    return 0;
}
