#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int cases, failures;
static const char *expected_panic;

void tap_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    printf("# %s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

void tap_expect_panic(const char *what) { expected_panic = what; }

void tap_panicked(const char *text)
{
    if (!expected_panic || !strstr(text, expected_panic))
        tap_fail("kernel", 0, "panic: %s", text);
    _exit(0);
}

void tap_run(const char *name, void (*test)(void))
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        test();
        if (expected_panic)
            tap_fail("kernel", 0, "no panic with \"%s\"", expected_panic);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    cases++;
    if (status) {
        failures++;
        printf("# %s: wait status 0x%x\n", name, (unsigned)status);
    }
    printf("%s %d - %s\n", status ? "not ok" : "ok", cases, name);
}

int tap_done(void)
{
    printf("1..%d\n", cases);
    return failures ? 1 : 0;
}
