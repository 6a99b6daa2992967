/*
 * guestos/lib against the C library: string functions at every alignment and length around the chunk size, formatted
 * text case by case, 64-bit division over edge values. The kernel's functions are compiled under names of their own
 * (guest_).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

void *guest_memcpy(void *to, const void *from, size_t n);
void *guest_memmove(void *to, const void *from, size_t n);
void *guest_memset(void *to, int c, size_t n);
int guest_memcmp(const void *a, const void *b, size_t n);
size_t guest_strlcpy(char *to, const char *from, size_t size);
char *guest_strstr(const char *s, const char *what);
char *guest_strrchr(const char *s, int c);
int guest_strncmp(const char *a, const char *b, size_t n);
unsigned long guest_simple_strtoul(const char *s, char **end, unsigned base);
int guest_snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int guest_scnprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t guest_udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t guest_umoddi3(uint64_t dividend, uint64_t divisor);
int64_t guest_divdi3(int64_t dividend, int64_t divisor);
int64_t guest_moddi3(int64_t dividend, int64_t divisor);

#define BYTES 400

static void fill(unsigned char *bytes, unsigned seed)
{
    for (unsigned i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 7 + seed);
}

/* What lies around the target must stay as it was. */
static void copies_exactly(void)
{
    unsigned char from[BYTES], ours[BYTES], theirs[BYTES];
    for (unsigned offset = 0; offset < 16; offset++) {
        for (unsigned n = 0; n < 200; n++) {
            fill(from, 1);
            fill(ours, 100);
            fill(theirs, 100);
            CHECK(guest_memcpy(ours + offset, from + offset / 4, n) == ours + offset);
            memcpy(theirs + offset, from + offset / 4, n);
            CHECKF(!memcmp(ours, theirs, BYTES), "offset %u, %u bytes", offset, n);
            guest_memset(ours + offset, (int)n, n);
            memset(theirs + offset, (int)n, n);
            CHECKF(!memcmp(ours, theirs, BYTES), "set: offset %u, %u bytes", offset, n);
        }
    }
}

static void moves_overlapping_ranges(void)
{
    unsigned char ours[BYTES], theirs[BYTES];
    for (unsigned from = 100; from < 180; from += 3) {
        for (unsigned to = 90; to < 190; to++) {
            fill(ours, 5);
            fill(theirs, 5);
            guest_memmove(ours + to, ours + from, 150);
            memmove(theirs + to, theirs + from, 150);
            CHECKF(!memcmp(ours, theirs, BYTES), "from %u to %u", from, to);
        }
    }
}

static int sign(int value) { return (value > 0) - (value < 0); }

static void compares_like_c(void)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "abd", "\xff", "b", "aab", "abcabc"};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        for (unsigned j = 0; j < sizeof(texts) / sizeof(*texts); j++) {
            for (size_t n = 0; n < 4; n++)
                CHECK_EQ(sign(guest_strncmp(texts[i], texts[j], n)), sign(strncmp(texts[i], texts[j], n)));
            CHECKF(guest_strstr(texts[i], texts[j]) == strstr(texts[i], texts[j]), "'%s' in '%s'", texts[j], texts[i]);
        }
        CHECK(guest_strrchr(texts[i], 'a') == strrchr(texts[i], 'a'));
        CHECK(guest_strrchr(texts[i], 0) == strrchr(texts[i], 0));
    }
    CHECK(guest_memcmp("\x01", "\xff", 1) < 0);
}

static void bounded_copy_always_ends(void)
{
    char to[8] = "#######";
    CHECK_EQ(guest_strlcpy(to, "hello", 4), 5);
    CHECK(!strcmp(to, "hel") && to[4] == '#');
    CHECK_EQ(guest_strlcpy(to, "xyz", 0), 3);
    CHECK(to[0] == 'h');
}

static void numbers_are_read_like_strtoul(void)
{
    static const char *const texts[] = {"0", "10", "0x1f", "017", "0x", "0xg", "42rest", "", "7654321", "zz"};
    static const unsigned bases[] = {0, 8, 10, 16};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        for (unsigned b = 0; b < 4; b++) {
            char *ours, *theirs;
            unsigned long value = guest_simple_strtoul(texts[i], &ours, bases[b]);
            CHECKF(value == strtoul(texts[i], &theirs, (int)bases[b]), "'%s' base %u", texts[i], bases[b]);
            CHECKF(ours == theirs, "'%s' base %u: end", texts[i], bases[b]);
        }
    }
}

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours_[100], theirs_[100];                                                                                 \
        int a_ = guest_snprintf(ours_, sizeof(ours_), __VA_ARGS__),                                                    \
            b_ = snprintf(theirs_, sizeof(theirs_), __VA_ARGS__);                                                      \
        CHECKF(!strcmp(ours_, theirs_) && a_ == b_, "'%s' (%d), not '%s' (%d)", ours_, a_, theirs_, b_);               \
    } while (0)

static void formats_like_c(void)
{
    static const int values[] = {0, 1, -1, 42, -42, INT32_MAX, INT32_MIN};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        SAME("%d|%5d|%-5d|%05d|%+d|% d|%.3d|%8.3d|%-8.3d|%i", values[i], values[i], values[i], values[i], values[i],
             values[i], values[i], values[i], values[i], values[i]);
        SAME("%u|%x|%X|%o|%#x|%#o|%08x|%#10x|%-10x|", (unsigned)values[i], (unsigned)values[i], (unsigned)values[i],
             (unsigned)values[i], (unsigned)values[i], (unsigned)values[i], (unsigned)values[i], (unsigned)values[i],
             (unsigned)values[i]);
        SAME("%hhd %hd %hhu %hu %ld %lx", (signed char)values[i], (short)values[i], (unsigned char)values[i],
             (unsigned short)values[i], (long)values[i], (unsigned long)values[i]);
        SAME("%lld %llx %020lld", (long long)values[i] * 1048577, (unsigned long long)values[i] * 3,
             (long long)values[i]);
    }
    SAME("%s|%10s|%-10s|%.2s|%5.1s|%c|%3c|%%", "text", "text", "text", "text", "text", 'x', 'y');
    SAME("%*d|%-*d|%.*s|%*d", 6, 1, 6, 2, 2, "abc", -6, 3);
    SAME("%zu %td", sizeof(int), (ptrdiff_t)-3);
}

static void formatting_stops_at_the_buffer(void)
{
    char text[5] = "####";
    CHECK_EQ(guest_snprintf(text, 4, "%s", "abcdef"), 6);
    CHECK(!strcmp(text, "abc") && text[4] == 0);
    CHECK_EQ(guest_scnprintf(text, 4, "%s", "abcdef"), 3);
    CHECK_EQ(guest_scnprintf(text, 0, "%s", "abcdef"), 0);
    CHECK_EQ(guest_snprintf(NULL, 0, "%d", 1234), 4);
}

static void divides_like_the_compiler(void)
{
    static const uint64_t values[] = {1,
                                      2,
                                      3,
                                      10,
                                      0xffff,
                                      0x10000,
                                      0xffffffff,
                                      0x100000000,
                                      0x100000001,
                                      0x1fffffffe,
                                      1000000000,
                                      0x8000000000000000,
                                      UINT64_MAX,
                                      UINT64_MAX - 1,
                                      0x123456789abcdef0,
                                      0x7fffffffffffffff,
                                      1193182,
                                      11932};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        for (unsigned j = 0; j < sizeof(values) / sizeof(*values); j++) {
            uint64_t a = values[i], b = values[j];
            CHECKF(guest_udivdi3(a, b) == a / b, "%llx / %llx", (unsigned long long)a, (unsigned long long)b);
            CHECKF(guest_umoddi3(a, b) == a % b, "%llx %% %llx", (unsigned long long)a, (unsigned long long)b);
            if ((int64_t)a == INT64_MIN && b == UINT64_MAX)
                continue; /* the quotient does not exist */
            CHECKF(guest_divdi3((int64_t)a, (int64_t)b) == (int64_t)a / (int64_t)b, "%llx / %llx signed",
                   (unsigned long long)a, (unsigned long long)b);
            CHECKF(guest_moddi3((int64_t)a, (int64_t)b) == (int64_t)a % (int64_t)b, "%llx %% %llx signed",
                   (unsigned long long)a, (unsigned long long)b);
        }
    }
    CHECK(guest_udivdi3(0, 7) == 0);
}

int main(void)
{
    tap_run("copies and fills touch exactly their bytes", copies_exactly);
    tap_run("overlapping ranges move as if through a buffer", moves_overlapping_ranges);
    tap_run("strings compare and are found as in C", compares_like_c);
    tap_run("strlcpy always ends its buffer", bounded_copy_always_ends);
    tap_run("simple_strtoul reads what strtoul reads", numbers_are_read_like_strtoul);
    tap_run("formatted text is C's", formats_like_c);
    tap_run("formatted text stops at the end of its buffer", formatting_stops_at_the_buffer);
    tap_run("64-bit division is the compiler's", divides_like_the_compiler);
    return tap_done();
}
