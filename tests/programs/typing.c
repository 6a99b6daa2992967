/* What is typed: line editing, ends of file, signals from the keyboard, raw modes. typing.typed has the keys. */
#include "show.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

static struct termios modes;
static volatile int last_signal;

static void on_signal(int number) { last_signal = number; }

static void print_bytes(const char *bytes, long n)
{
    for (long i = 0; i < n; i++)
        printf((unsigned char)bytes[i] < 32 || bytes[i] == 127 ? "<%02x>" : "%c", (unsigned char)bytes[i]);
}

static void prompt(const char *what)
{
    printf("%s, ready>", what);
    fflush(stdout);
}

static void take(const char *what)
{
    char bytes[200];
    prompt(what);
    errno = 0;
    long n = read(0, bytes, sizeof(bytes));
    printf("\n  read %ld", n);
    if (n < 0)
        printf(" error %d signal %d", errno, last_signal);
    printf(" [");
    print_bytes(bytes, n);
    printf("]\n");
    fflush(stdout);
}

static void set(tcflag_t local_off, tcflag_t input_off, int minimum, int tenths)
{
    struct termios t = modes;
    t.c_lflag &= ~local_off;
    t.c_iflag &= ~input_off;
    t.c_cc[VMIN] = (cc_t)minimum;
    t.c_cc[VTIME] = (cc_t)tenths;
    tcsetattr(0, TCSADRAIN, &t);
}

int main(void)
{
    tcgetattr(0, &modes);
    modes.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | ISIG | IEXTEN;
    modes.c_oflag |= OPOST | ONLCR;
    modes.c_iflag |= ICRNL;
    set(0, 0, 1, 0);
    struct sigaction action = {.sa_handler = on_signal};
    int signals[] = {SIGINT, SIGQUIT, SIGTSTP};
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &action, NULL);
    take("a line");
    take("return ends a line too");
    take("erased characters");
    take("an erased line");
    take("an erased word");
    take("an erased tab and control character");
    take("erasing more than there is");
    take("a part, pushed by ^D");
    take("^D alone");
    take("a literal ^C");
    prompt("typed and not ended"); /* apart from ^C, which throws echo away that is still under way */
    usleep(300000);
    take(", ^C drops the line");
    take("^\\");
    take("^Z");

    char first[4], second[100];
    prompt("two lines at once");
    poll(&(struct pollfd){0, POLLIN, 0}, 1, -1);
    usleep(200000);
    long a = read(0, first, sizeof(first)), b = read(0, second, sizeof(second)), c;
    printf("\n  short read %ld [", a);
    print_bytes(first, a);
    printf("], rest %ld [", b);
    print_bytes(second, b);
    c = read(0, second, sizeof(second));
    printf("], second %ld [", c);
    print_bytes(second, c);
    printf("]\n");

    set(ICANON | ECHO, ICRNL, 2, 0);
    take("raw return");
    set(ICANON | ECHO | ISIG | IEXTEN, ICRNL | IXON, 3, 0);
    take("three keys, control ones among them");
    set(ICANON | ECHO | ISIG, ICRNL, 10, 2);
    take("two of ten keys, then time is up");
    set(ICANON, 0, 1, 0);
    take("echo without lines");
    set(ECHO, 0, 1, 0);
    take("lines without echo");
    set(ICANON, 0, 1, 0);
    prompt("typed raw, read as a line");
    poll(&(struct pollfd){0, POLLIN, 0}, 1, -1);
    usleep(100000);
    int queued = 0;
    ioctl(0, FIONREAD, &queued);
    printf("\n  queued %d\n", queued);
    tcflush(0, TCIFLUSH);
    ioctl(0, FIONREAD, &queued);
    printf("  flushed %d\n", queued);
    set(0, 0, 1, 0);
    take("the end");
    return 0;
}
