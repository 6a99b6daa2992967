/*
 * init, the first process: prepares the terminal, runs one program, collects orphans, ends with the program's status
 * (128 + signal when a signal killed it). What it runs, in this order:
 *   its own arguments; the file /etc/faultline/run (options, directory, path, argv[0], argv[1] ... each ended by NUL);
 *   /bin/first-faults.
 * Before that it enables swap and enters the root file system.
 * Option "raw": the terminal passes output bytes through and does not echo (with "echo" it does).
 * /etc/faultline/environment, when there, replaces the environment.
 */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIELDS_MAX 4096
extern char **environ;

/* The NUL-terminated fields of a file, ended by NULL; NULL when there is no such file. The memory lives on. */
static char **read_fields(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY), count = 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return NULL;
    char *text = calloc(1, (size_t)st.st_size + 1), **fields = calloc(FIELDS_MAX + 1, sizeof(*fields));
    ssize_t size = text ? read(fd, text, (size_t)st.st_size) : -1;
    close(fd);
    if (!fields || size < 0)
        return NULL;
    for (char *p = text; p < text + size && count < FIELDS_MAX; p += strlen(p) + 1)
        fields[count++] = p;
    return fields;
}

static void run(const char *directory, const char *path, char **argv)
{
    setsid();
    ioctl(0, TIOCSCTTY, 1);
    tcsetpgrp(0, getpid());
    if (chdir(directory) < 0 && chdir("/") < 0)
        fprintf(stderr, "init: cannot enter %s: %s\n", directory, strerror(errno));
    execvp(path, argv);
    fprintf(stderr, "init: cannot run %s: %s\n", path, strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static int wait_for(pid_t child)
{
    int status;
    for (;;) {
        pid_t pid = wait(&status);
        if (pid == child)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        if (pid < 0 && errno != EINTR)
            return 1;
    }
}

int main(int argc, char **argv)
{
    static char *demo[] = {"first-faults", NULL};
    const char *directory = "/", *path = "/bin/first-faults";
    char **arguments = demo, **fields = argc > 1 ? NULL : read_fields("/etc/faultline/run");
    if (access("/proc/self", F_OK) < 0)
        mount("proc", "/proc", "proc", 0, NULL);
    if (argc > 1) {
        path = argv[1];
        arguments = argv + 1;
    } else if (fields && fields[0] && fields[1] && fields[2] && fields[3]) {
        if (strstr(fields[0], "raw"))
            raw_terminal(fields[0]);
        directory = fields[1];
        path = fields[2];
        arguments = fields + 3;
    }
    char **environment = read_fields("/etc/faultline/environment");
    if (environment)
        environ = environment;
    enable_swap();
    enter_root(path);
    pid_t child = fork();
    if (child == 0)
        run(directory, path, arguments);
    int status = child < 0 ? 1 : wait_for(child);
    leave_root(path);
    return status;
}
