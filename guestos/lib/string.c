/*
 * Memory and string functions, by the C standard's contracts.
 *
 * Long copies and fills are left to the string instructions, which the processor (and an emulator) may run in one go;
 * for a few bytes their start costs more than a loop. The direction flag is clear everywhere in the kernel.
 */
#include "lib/kernel.h"

#define LONG_BYTES 64u

typedef u32 __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, size_t n)
{
    char *d = to;
    const char *s = from;
    if (n >= LONG_BYTES) {
        size_t words = n / 4;
        n %= 4;
        __asm__ volatile("rep movsl" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
    }
    for (; n >= 4; n -= 4, d += 4, s += 4)
        *(word *)d = *(const word *)s;
    while (n--)
        *d++ = *s++;
    return to;
}

/* Backwards where forwards would overwrite what is still to be read. */
void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    char *d = (char *)to + n;
    const char *s = (const char *)from + n;
    for (; n >= 4; n -= 4) {
        d -= 4, s -= 4;
        *(word *)d = *(const word *)s;
    }
    while (n--)
        *--d = *--s;
    return to;
}

void *memset(void *to, int c, size_t n)
{
    char *d = to;
    u32 pattern = (u32)(u8)c * 0x01010101u;
    if (n >= LONG_BYTES) {
        size_t words = n / 4;
        n %= 4;
        __asm__ volatile("rep stosl" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    }
    for (; n >= 4; n -= 4, d += 4)
        *(word *)d = pattern;
    while (n--)
        *d++ = (char)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;
    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;
    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b || !*a)
            return (u8)*a - (u8)*b;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;
    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (!*s)
            return (char *)last;
    }
}

char *strstr(const char *s, const char *what)
{
    size_t n = strlen(what);
    for (; *s; s++) {
        if (!strncmp(s, what, n))
            return (char *)s;
    }
    return n ? NULL : (char *)s;
}

/* Copies what fits and always ends with NUL (size > 0); returns the length of from. */
size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    if (size) {
        size_t n = length < size ? length : size - 1;
        memcpy(to, from, n);
        to[n] = 0;
    }
    return length;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* base 0: "0x" is hexadecimal, "0" octal, else decimal. Overflow wraps. */
unsigned long simple_strtoul(const char *s, char **end, unsigned base)
{
    if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16) {
        s += 2;
        base = 16;
    } else if (base == 0) {
        base = s[0] == '0' ? 8 : 10;
    }
    unsigned long value = 0;
    for (; digit_value(*s) < (int)base; s++)
        value = value * base + (unsigned long)digit_value(*s);
    if (end)
        *end = (char *)s;
    return value;
}
