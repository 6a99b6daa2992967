/* Small tools that every part uses: assertions, container_of, rounding. */
#ifndef _LIB_KERNEL_H
#define _LIB_KERNEL_H

#include "lib/types.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((a)-1))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))

/* Log levels as Linux; the level is the first characters "<N>" of a line. */
#define KERN_EMERG "<0>"
#define KERN_ALERT "<1>"
#define KERN_CRIT "<2>"
#define KERN_ERR "<3>"
#define KERN_WARNING "<4>"
#define KERN_NOTICE "<5>"
#define KERN_INFO "<6>"
#define KERN_DEBUG "<7>"

int printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t size, const char *format, __builtin_va_list args);
int scnprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A broken invariant of the kernel: prints file, line and a symbolised trace, then stops the machine. */
void bug(const char *file, int line, const char *what) __attribute__((noreturn));
#define BUG() bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(condition)                                                                                              \
    do {                                                                                                               \
        if (unlikely(condition))                                                                                       \
            bug(__FILE__, __LINE__, #condition);                                                                       \
    } while (0)

/* Pointers that carry -errno, as Linux. */
#define MAX_ERRNO 4095
static inline void *ERR_PTR(long error) { return (void *)error; }
static inline long PTR_ERR(const void *ptr) { return (long)ptr; }
static inline bool IS_ERR(const void *ptr) { return (unsigned long)ptr >= (unsigned long)-MAX_ERRNO; }
static inline bool IS_ERR_VALUE(unsigned long value) { return value >= (unsigned long)-MAX_ERRNO; }

/* String functions: lib/string.c. */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strlcpy(char *to, const char *from, size_t size);
unsigned long simple_strtoul(const char *s, char **end, unsigned base);

#endif
