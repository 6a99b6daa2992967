/* Descriptors: lowest number first, dup in all forms, flags a descriptor and flags a file, limits, shared positions. */
#include "show.h"
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int main(void)
{
    int base = open("/dev/null", O_RDWR), fd;
    show("the lowest number", base);
    fd = dup(base);
    show("dup", fd - base);
    close(base);
    show("reused", open("/dev/null", O_RDWR) - base);
    show("dup2", dup2(fd, base + 10) - base);
    show("dup2 onto itself", dup2(fd, fd) - base);
    show("dup2 of a closed one", dup2(base + 7, base + 8));
    show("dup2 onto itself, closed", dup2(base + 7, base + 7));
    show("dup2 onto a negative one", dup2(fd, -1));
    show("dup3 onto itself", dup3(fd, fd, 0));
    show("dup3 with bad flags", dup3(fd, fd + 1, O_APPEND));
    show("dup3", dup3(fd, base + 11, O_CLOEXEC) - base);
    show("close-on-exec of dup3's", fcntl(base + 11, F_GETFD));
    show("close-on-exec of the original", fcntl(fd, F_GETFD));
    show("F_DUPFD", fcntl(fd, F_DUPFD, base + 10) - base);
    show("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, base + 20) - base);
    show("its flag", fcntl(base + 20, F_GETFD));
    show("F_DUPFD too high", fcntl(fd, F_DUPFD, 100000000));
    show("F_SETFD", fcntl(base + 20, F_SETFD, 0));
    show("its flag", fcntl(base + 20, F_GETFD));
    show("bad command", fcntl(fd, 12345, 0));
    show("closed descriptor", fcntl(999, F_GETFD));

    int file = open("/tmp/descriptors.test", O_RDWR | O_CREAT | O_TRUNC, 0600), twin = dup(file);
    int other = open("/tmp/descriptors.test", O_RDONLY);
    write(file, "0123456789", 10);
    show("shared position", lseek(twin, 0, SEEK_CUR));
    show("own position", lseek(other, 0, SEEK_CUR));
    show("set append", fcntl(file, F_SETFL, O_APPEND));
    show("the twin has it", (fcntl(twin, F_GETFL) & O_APPEND) != 0);
    show("the other has not", (fcntl(other, F_GETFL) & O_APPEND) != 0);
    show("access mode", fcntl(file, F_GETFL) & O_ACCMODE);
    int on = 1;
    show("FIONBIO", ioctl(file, FIONBIO, &on));
    show("non-blocking", (fcntl(twin, F_GETFL) & O_NONBLOCK) != 0);
    show("FIOCLEX", ioctl(other, FIOCLEX));
    show("its flag", fcntl(other, F_GETFD));
    show("unknown ioctl", ioctl(file, 0x1234));
    show("terminal ioctl of a file", isatty(file));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        lseek(file, 3, SEEK_SET);
        close(file);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    show("position moved by the child", lseek(twin, 0, SEEK_CUR));
    show("still open here", write(file, "x", 1));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    show("lock", fcntl(file, F_SETLK, &lock));
    show("lock for writing, read-only", fcntl(other, F_SETLK, &lock));
    unlink("/tmp/descriptors.test");

    struct rlimit old;
    getrlimit(RLIMIT_NOFILE, &old);
    old.rlim_cur = 40;
    show("limit", setrlimit(RLIMIT_NOFILE, &old));
    int count = 0;
    while ((fd = dup(0)) >= 0)
        count++;
    printf("error %d, the last was %s\n", errno, fcntl(39, F_GETFD) >= 0 ? "39" : "another");
    show("pipe at the limit", pipe((int[2]){0, 0}));
    show("open at the limit", open("/dev/null", O_RDONLY));
    show("open of nothing at the limit", open("/nothing", O_RDONLY));
    show("dup2 above the limit", dup2(0, 40));
    show("close_range", (int)syscall(436, 10, ~0u, 0));
    show("closed", fcntl(12, F_GETFD));
    return count > 10 ? 0 : 1;
}
