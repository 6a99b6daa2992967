/* Ends of processes and how parents learn of them: statuses, order, options, orphans, stop and continue. */
#include "show.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void show_status(const char *what, int status)
{
    if (WIFEXITED(status))
        printf("%s: exited %d\n", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("%s: killed by %d\n", what, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        printf("%s: stopped by %d\n", what, WSTOPSIG(status));
    else
        printf("%s: continued %d\n", what, WIFCONTINUED(status));
}

static pid_t child(int code, int signal_number)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid)
        return pid;
    if (signal_number)
        kill(getpid(), signal_number);
    _exit(code);
}

int main(void)
{
    int status = 0;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    show("nobody to wait for", wait(&status));
    waitpid(child(0, 0), &status, 0);
    show_status("0", status);
    waitpid(child(256 + 77, 0), &status, 0);
    show_status("256 + 77", status);
    int signals[] = {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGUSR1, SIGALRM, SIGPIPE};
    for (int i = 0; i < 7; i++) {
        waitpid(child(1, signals[i]), &status, 0);
        show_status("signal", status);
    }
    waitpid(child(5, SIGCHLD), &status, 0);
    show_status("ignored signal", status);

    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    show("still running", waitpid(pid, &status, WNOHANG));
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    show_status("stopped", status);
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED);
    show_status("continued", status);
    kill(pid, SIGTERM);
    struct rusage usage;
    show_bool("wait4", wait4(pid, &status, 0, &usage) == pid);
    show_status("terminated", status);
    show("waited for twice", waitpid(pid, &status, 0));

    siginfo_t info;
    pid = child(9, 0);
    memset(&info, 0, sizeof(info));
    show("waitid, left waitable", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    printf("code %d status %d pid %d\n", info.si_code, info.si_status, info.si_pid == pid);
    waitpid(pid, &status, 0);
    show_status("then waited for", status);

    int fds[2];
    pipe(fds);
    fflush(stdout);
    pid = fork();
    if (pid == 0) { /* its own child outlives it and is adopted */
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent)
                usleep(1000);
            char adopted = 'a';
            write(fds[1], &adopted, 1);
            _exit(0);
        }
        _exit(0);
    }
    waitpid(pid, &status, 0);
    char c = 0;
    close(fds[1]);
    show("the orphan reports", read(fds[0], &c, 1));
    show("and ends", read(fds[0], &c, 1));
    show("it is not ours", wait(&status));

    signal(SIGCHLD, SIG_IGN);
    pid = child(1, 0);
    show("ignored children leave no status", waitpid(pid, &status, 0));
    signal(SIGCHLD, SIG_DFL);
    for (int i = 0; i < 30; i++)
        child(i, 0);
    int sum = 0, count = 0;
    while (wait(&status) > 0) {
        sum += WEXITSTATUS(status);
        count++;
    }
    printf("%d children, sum of statuses %d\n", count, sum);
    return 42;
}
