/* The terminal that a program stands on: modes, size, groups, job control calls. Leaves it as it was. */
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

int main(void)
{
    struct termios old, t;
    struct winsize size;
    show("tcgetattr", tcgetattr(0, &old));
    printf("iflag %o cflag %o lflag %o\n", old.c_iflag, old.c_cflag & (CSIZE | CREAD | PARENB), old.c_lflag | ECHO);
    printf("intr %d quit %d erase %d kill %d eof %d start %d stop %d susp %d\n", old.c_cc[VINTR], old.c_cc[VQUIT],
           old.c_cc[VERASE], old.c_cc[VKILL], old.c_cc[VEOF], old.c_cc[VSTART], old.c_cc[VSTOP], old.c_cc[VSUSP]);
    show("window size", ioctl(1, TIOCGWINSZ, &size));
    printf("%d x %d\n", size.ws_row, size.ws_col);
    show_bool("foreground group", tcgetpgrp(0) == getpgrp());
    show_bool("session", tcgetsid(0) == getsid(0));
    int tty = open("/dev/tty", O_RDWR);
    show_ok("/dev/tty", tty);
    show("write to it", write(tty, "written\n", 8));
    show("seek", lseek(tty, 0, SEEK_SET));
    int queued = -1;
    ioctl(0, FIONREAD, &queued);
    printf("queued %d\n", queued);
    struct pollfd p = {0, POLLIN | POLLOUT, 0};
    show("poll", poll(&p, 1, 0));
    printf("ready %x\n", p.revents);

    t = old;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 1;
    show("raw input", tcsetattr(0, TCSANOW, &t));
    char c;
    show("read with a time limit", read(0, &c, 1));
    t.c_cc[VTIME] = 0;
    tcsetattr(0, TCSANOW, &t);
    show("read without waiting", read(0, &c, 1));
    t.c_cc[VMIN] = 1;
    tcsetattr(0, TCSANOW, &t);
    fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK);
    show("non-blocking read", read(0, &c, 1));
    fcntl(0, F_SETFL, O_RDWR);
    struct termios now;
    tcgetattr(0, &now);
    show_bool("modes are kept", now.c_lflag == t.c_lflag && now.c_cc[VMIN] == 1);
    show("restored", tcsetattr(0, TCSAFLUSH, &old));
    show("tcflush", tcflush(0, TCIFLUSH));
    show("tcdrain", tcdrain(1));
    show("tcflush of what", tcflush(0, 17));
    show("tcsetpgrp of nobody", tcsetpgrp(0, 999999));
    show("setsid of a leader", setsid());

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) { /* a background group that reads is stopped */
        setpgid(0, 0);
        read(0, &c, 1);
        _exit(1);
    }
    int status = 0;
    waitpid(pid, &status, WUNTRACED);
    printf("background read: stopped %d by %d\n", WIFSTOPPED(status), WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    pid = fork();
    if (pid == 0) { /* a new session has no terminal */
        setsid();
        _exit(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? 3 : 4);
    }
    waitpid(pid, &status, 0);
    printf("without a terminal: %d\n", WEXITSTATUS(status));
    return 0;
}
