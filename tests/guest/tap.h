/*
 * A small TAP harness: Criterion exists for 64-bit programs only, and the files under test are 32-bit. Every case
 * runs in a child process, so that the kernel's static state starts fresh and a panic ends the case only.
 */
#ifndef TESTS_GUEST_TAP_H
#define TESTS_GUEST_TAP_H

void tap_run(const char *name, void (*test)(void));
/* Prints the plan; the program's exit status. */
int tap_done(void);
/* Ends the running case as failed. */
void tap_fail(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));
/* From here on the case passes exactly when the kernel panics with a text that contains `what`. */
void tap_expect_panic(const char *what);
void tap_panicked(const char *text) __attribute__((noreturn));

#define CHECK(condition) CHECKF(condition, "%s", "")
#define CHECKF(condition, format, ...)                                                                                 \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            tap_fail(__FILE__, __LINE__, "%s " format, #condition, ##__VA_ARGS__);                                     \
    } while (0)
#define CHECK_EQ(a, b)                                                                                                 \
    do {                                                                                                               \
        long left_ = (long)(a), right_ = (long)(b);                                                                    \
        if (left_ != right_)                                                                                           \
            tap_fail(__FILE__, __LINE__, "%s is %ld (0x%lx), not %ld (0x%lx)", #a, left_, left_, right_, right_);      \
    } while (0)

#endif
