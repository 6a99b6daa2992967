/* init's terminal, as the emulator asks for it. */
#include "init.h"
#include <string.h>
#include <termios.h>

void raw_terminal(const char *options)
{
    struct termios t;
    if (tcgetattr(1, &t) < 0)
        return;
    t.c_oflag &= ~(tcflag_t)OPOST;
    if (!strstr(options, "echo"))
        t.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(1, TCSANOW, &t);
}
