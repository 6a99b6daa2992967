/* Pipes: capacity, atomic and partial writes, end of file, broken pipes, FIFOs. */
#include "show.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char buffer[200000];
static volatile int broken;

static void on_pipe(int number) { broken = number; }

static long fill(int fd, size_t piece)
{
    long total = 0, n;
    while ((n = write(fd, buffer, piece)) > 0)
        total += n;
    return total;
}

static long drain(int fd)
{
    long total = 0, n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        total += n;
    return total;
}

static void capacity(void)
{
    int fds[2], queued = -1;
    show("pipe2", pipe2(fds, O_NONBLOCK | O_CLOEXEC));
    show("flags", fcntl(fds[0], F_GETFL) & O_NONBLOCK ? 1 : 0);
    show("close-on-exec", fcntl(fds[1], F_GETFD));
    printf("by 4096: %ld\n", fill(fds[1], 4096));
    show("full", write(fds[1], "x", 1));
    ioctl(fds[0], FIONREAD, &queued);
    printf("queued %d\n", queued);
    show("after reading 4095, 4096 do not fit", (read(fds[0], buffer, 4095), write(fds[1], buffer, 4096)));
    read(fds[0], buffer, 1);
    show("after one more they do", write(fds[1], buffer, 4096));
    printf("drained %ld\n", drain(fds[0]));
    printf("by 1: %ld\n", fill(fds[1], 1));
    drain(fds[0]);
    printf("in one piece: %ld\n", (long)write(fds[1], buffer, sizeof(buffer)));
    drain(fds[0]);
    show("empty", read(fds[0], buffer, 1));
    show("read of the write end", read(fds[1], buffer, 1));
    show("write of the read end", write(fds[0], buffer, 1));
    show("seek", lseek(fds[0], 0, SEEK_SET));
    show("pread", pread(fds[0], buffer, 1, 0));
    write(fds[1], "last", 4);
    close(fds[1]);
    show("data after the writer is gone", read(fds[0], buffer, 10));
    show("then the end", read(fds[0], buffer, 10));
    close(fds[0]);
}

static void broken_pipe(void)
{
    int fds[2];
    pipe(fds);
    close(fds[0]);
    signal(SIGPIPE, on_pipe);
    show("write without reader", write(fds[1], "x", 1));
    printf("signal %d\n", broken);
    close(fds[1]);
    show("bad address", pipe(bad_address()));
    show("bad flags", pipe2(fds, 0x10));
}

static void stream(void)
{
    int fds[2];
    pipe(fds);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        for (size_t i = 0; i < sizeof(buffer); i++)
            buffer[i] = (char)(i * 7 + i / 251);
        for (int i = 0; i < 5; i++)
            if (write(fds[1], buffer, sizeof(buffer)) != (ssize_t)sizeof(buffer))
                _exit(1);
        _exit(0);
    }
    close(fds[1]);
    uint32_t sum = 0;
    long total = 0, n;
    char part[777];
    while ((n = read(fds[0], part, sizeof(part))) > 0) {
        for (long i = 0; i < n; i++)
            sum = sum * 31 + (uint8_t)part[i];
        total += n;
    }
    int status;
    waitpid(pid, &status, 0);
    printf("stream of %ld bytes, sum %08x, writer %d\n", total, sum, status);
    close(fds[0]);
}

static void fifo(void)
{
    const char *name = "/tmp/pipes.fifo";
    unlink(name);
    show("mkfifo", mkfifo(name, 0600));
    show("mkfifo again", mkfifo(name, 0600));
    show("write side without reader", open(name, O_WRONLY | O_NONBLOCK));
    int in = open(name, O_RDONLY | O_NONBLOCK);
    show("read side, nobody writes", read(in, buffer, 1));
    close(in);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(name, O_WRONLY);
        write(out, "through", 7);
        _exit(0);
    }
    in = open(name, O_RDONLY);
    long n = read(in, buffer, 100);
    printf("%.*s\n", (int)n, buffer);
    waitpid(pid, NULL, 0);
    show("end", read(in, buffer, 100));
    close(in);
    show("unlink", unlink(name));
}

int main(void)
{
    capacity();
    broken_pipe();
    stream();
    fifo();
    return 0;
}
