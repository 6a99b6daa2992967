/*
 * The switch that refuses allocations, and the census: what the kernel holds, by its own numbers. At rest (nothing
 * dirty, caches dropped) it is the same before and after a path, or something leaks.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail_fd = -1;
static bool verbose;
static const char *where = "the start";

static void broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: BROKEN: ", where);
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
    exit(1);
}

/* ---- the switch ---- */

static void arm(int n)
{
    char text[16];
    int length = snprintf(text, sizeof(text), "%d", n);
    if (pwrite(fail_fd, text, (size_t)length, 0) != length)
        broken("cannot arm: %s", strerror(errno));
}

static int left(void)
{
    char text[16] = "";
    if (pread(fail_fd, text, sizeof(text) - 1, 0) <= 0)
        broken("cannot read what is left: %s", strerror(errno));
    return atoi(text);
}

/* What was left. */
static int disarm(void)
{
    int saved = errno, rest = left();
    arm(0);
    errno = saved;
    return rest;
}

static void open_switch(void)
{
    if (fail_fd >= 0)
        close(fail_fd);
    fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
    if (fail_fd < 0)
        broken("no fail-nth: %s", strerror(errno));
}

/* ---- what the kernel holds ---- */

#define MAX_LINES 96
struct census {
    char names[MAX_LINES][32];
    long values[MAX_LINES];
    int count;
};
static char text[65536];

static void read_text(const char *path)
{
    ssize_t n, length = 0;
    int fd = open(path, O_RDONLY);
    while (fd >= 0 && (n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
        length += n;
    if (fd < 0 || length <= 0)
        broken("cannot read %s: %s", path, strerror(errno));
    text[length] = '\0';
    close(fd);
}

static void add(struct census *census, const char *name, long value)
{
    snprintf(census->names[census->count], sizeof(census->names[0]), "%s", name);
    census->values[census->count++] = value;
}

static long sum_of(const char *key)
{
    long sum = 0;
    size_t length = strlen(key);
    for (const char *at = text; (at = strstr(at, key)); at += length)
        if (at[length] == ' ' || at[length] == ':')
            sum += atol(at + length + strspn(at + length, ": "));
    return sum;
}

static long pages_with_a_use(void)
{
    read_text("/proc/zoneinfo");
    return sum_of("nr_free_pages") + sum_of("count") + sum_of("nr_anon_pages") + sum_of("nr_file_pages") +
           sum_of("nr_slab") + sum_of("nr_page_table_pages") + sum_of("nr_kernel_stack");
}

#define OFF_SLAB_BYTES                                                                                                 \
    544 /* with red zones. Slabs of such objects, empty ones too, are each an object of 32 or 64 bytes */

static void count_objects(struct census *census)
{
    long described = 0, small = 0;
    read_text("/proc/slabinfo");
    for (char *line = strchr(strchr(text, '\n') + 1, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char name[32];
        long active, bytes, slabs;
        if (sscanf(line, "%31s %ld %*d %ld %*d %*d : tunables %*d %*d %*d : slabdata %*d %ld", name, &active, &bytes,
                   &slabs) != 4)
            broken("cannot read slabinfo");
        if (bytes >= OFF_SLAB_BYTES)
            described += slabs;
        if (strcmp(name, "size-32") == 0 || strcmp(name, "size-64") == 0)
            small += active;
        else
            add(census, name, active);
    }
    add(census, "size-32 and size-64", small - described);
}

static void take_census(struct census *census)
{
    census->count = 0;
    count_objects(census);
    add(census, "pages with a use", pages_with_a_use());
    add(census, "anonymous pages", sum_of("nr_anon_pages"));
    add(census, "page tables", sum_of("nr_page_table_pages"));
    add(census, "stacks", sum_of("nr_kernel_stack"));
    read_text("/proc/meminfo");
    add(census, "vmalloc", sum_of("VmallocUsed"));
    add(census, "committed", sum_of("Committed_AS"));
}

static void drop_caches(void)
{
    sync();
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (fd < 0 || write(fd, "3", 1) != 1)
        broken("cannot drop caches");
    close(fd);
}

/* More than two threads that write back are there for the work of the moment, and end when it is done for a second. */
static void wait_for_pdflush(void)
{
    for (int tries = 0; tries < 20; tries++) {
        read_text("/proc/sys/vm/nr_pdflush_threads");
        if (atoi(text) <= 2)
            return;
        usleep(100000);
    }
}

static void at_rest(struct census *census)
{
    drop_caches();
    wait_for_pdflush();
    take_census(census);
    take_census(census); /* the reading itself makes objects: the same ones each time */
}

static int first_difference(const struct census *a, const struct census *b)
{
    for (int i = 0; i < a->count; i++)
        if (a->values[i] != b->values[i])
            return i;
    return -1;
}

/* Threads of the kernel come and go by themselves, and the last of a task goes after its parent has heard of its end.
 */
static void compare_with(const struct census *before)
{
    static struct census now;
    int at = -1;
    for (int tries = 0; tries < 15; tries++) {
        at_rest(&now);
        at = first_difference(before, &now);
        if (at < 0)
            return;
        usleep(200000);
    }
    for (; at < before->count; at++)
        if (before->values[at] != now.values[at])
            printf("%s: %s: %ld before, %ld after\n", where, before->names[at], before->values[at], now.values[at]);
    if (verbose) {
        read_text("/proc/zoneinfo");
        printf("%s", text);
    }
    broken("something leaks");
}

#endif
