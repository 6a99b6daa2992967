/*
 * /proc/sys/vm: each setting's first value, its bounds, what is no number, several numbers, and writes in parts. Prints
 * what is wrong, and "setting: ok" for each that is right; the same on every machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *setting;
static bool good;

static void wrong(const char *what, const char *text, long found)
{
    printf("%s: %s \"%s\": %ld\n", setting, what, text, found);
    good = false;
}

static int open_setting(int flags)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/sys/vm/%s", setting);
    return open(path, flags);
}

/* Bytes written, or the error negated. */
static long put_bytes(const char *text, size_t length)
{
    int fd = open_setting(O_WRONLY);
    if (fd < 0)
        return -errno;
    long n = write(fd, text, length);
    long result = n < 0 ? -errno : n;
    close(fd);
    return result;
}
static long put(const char *text) { return put_bytes(text, strlen(text)); }

static const char *get(void)
{
    static char text[128];
    int fd = open_setting(O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

static void expect(const char *text)
{
    if (strcmp(get(), text) != 0)
        wrong("holds", get(), 0);
}

static void refused(const char *text)
{
    long result = put(text);
    if (result != -EINVAL)
        wrong("takes", text, result);
}

static void taken(const char *text, const char *then)
{
    long result = put(text);
    if (result != (long)strlen(text))
        wrong("does not take", text, result);
    expect(then);
}

/* What is the same for each number. */
static void check_number(long most)
{
    char first[128], text[64], then[64];
    strcpy(first, get());
    refused("abc");
    if (put("") != 0)
        wrong("refuses", "", 0);
    refused(" \n");
    refused("1x");
    refused("--1");
    refused("-1");
    refused("99999999999999999999999");
    expect(first);
    if (most < INT_MAX) {
        snprintf(text, sizeof(text), "%ld\n", most + 1);
        refused(text);
        expect(first);
    }
    snprintf(text, sizeof(text), "%ld\n", most < 100 ? most : 100);
    taken(text, text);
    snprintf(then, sizeof(then), "%d\n", 0);
    taken("0", then);
    taken(" \t1 \n", "1\n");
    taken("0x1\n", "1\n");
    long used = put("1 7\n"); /* one number is wanted: the rest is left over */
    if (used != 2)
        wrong("uses of", "1 7", used);
    taken(first, first);
}

static void check_rest(void)
{
    /* The second part of a write in parts is taken and means nothing; a read from behind the beginning gets nothing. */
    char first[128], text[8];
    strcpy(first, get());
    int fd = open_setting(O_RDWR);
    if (write(fd, "1", 1) != 1 || write(fd, "5\n", 2) != 2)
        wrong("refuses", "a second part", errno);
    if (read(fd, text, sizeof(text)) != 0)
        wrong("reads behind", "its end", 0);
    close(fd);
    expect("1\n");
    fd = open_setting(O_RDONLY);
    if (read(fd, text, 1) != 1 || read(fd, text, 1) != 0)
        wrong("reads in parts", "of one byte", 0);
    close(fd);
    taken(first, first);
}

static void begin(const char *name)
{
    setting = name;
    good = true;
}

static void end(void)
{
    if (good)
        printf("%s: ok\n", setting);
    fflush(stdout);
}

static void number(const char *name, const char *first, long most)
{
    begin(name);
    if (first)
        expect(first);
    check_number(most);
    check_rest();
    end();
}

static void check_drop_caches(void)
{
    struct stat st;
    begin("drop_caches");
    if (stat("/proc/sys/vm/drop_caches", &st) || (st.st_mode & 07777) != 0200)
        wrong("has mode", "0200", (long)st.st_mode);
    refused("0");
    refused("5");
    refused("x");
    for (int i = 1; i <= 4; i++) {
        char text[4];
        snprintf(text, sizeof(text), "%d\n", i);
        if (put(text) != 2)
            wrong("does not take", text, 0);
    }
    end();
}

static void check_ratios(void)
{
    begin("lowmem_reserve_ratio");
    expect("256\t32\n");
    refused("1 x");
    expect("1\t32\n"); /* what came before it counts */
    taken("7\n", "7\t32\n");
    taken("8 9\n", "8\t9\n");
    refused("-1 3");
    taken("256 32\n", "256\t32\n");
    end();
}

static void check_read_only(void)
{
    struct stat st;
    begin("nr_pdflush_threads");
    if (stat("/proc/sys/vm/nr_pdflush_threads", &st) || (st.st_mode & 07777) != 0444)
        wrong("has mode", "0444", (long)st.st_mode);
    int threads = atoi(get());
    if (threads < 2 || threads > 8)
        wrong("counts", get(), threads);
    end();
}

/* ---- what the settings do ---- */

static long from_file(const char *path, const char *key, int column)
{
    static char text[32768];
    ssize_t n, length = 0;
    int fd = open(path, O_RDONLY);
    while (fd >= 0 && (n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
        length += n;
    close(fd);
    text[length] = '\0';
    char *at = strstr(text, key);
    for (at = at ? at + strlen(key) : NULL; at && column; column--)
        at += strspn(at, " :"), at += strcspn(at, " \n");
    return at ? atol(at + strspn(at, " :")) : -1;
}

/* Names that were looked for in vain, a few of them: drop_caches takes them all, unless the pressure says never. */
static void check_dropping(void)
{
    char path[64];
    begin("names");
    system("true");
    put("2");
    for (int round = 0; round < 2; round++) {
        setting = "vfs_cache_pressure";
        put(round ? "100" : "0");
        setting = "drop_caches";
        put("2");
        long before = from_file("/proc/slabinfo", "\ndentry_cache", 0);
        for (int i = 0; i < 30; i++) {
            snprintf(path, sizeof(path), "/tmp/nothing-%d-%d", round, i);
            access(path, F_OK);
        }
        long with = from_file("/proc/slabinfo", "\ndentry_cache", 0);
        put("2");
        long after = from_file("/proc/slabinfo", "\ndentry_cache", 0);
        if (with < before + 30)
            wrong("keeps too few names in round", round ? "1" : "0", with - before);
        if (round ? after >= before + 10 : after < before + 30)
            wrong(round ? "stay" : "went, with", round ? "30" : "pressure 0", after - before);
    }
    setting = "names";
    end();
}

int main(void)
{
    number("swappiness", "60\n", 100);
    number("overcommit_memory", "0\n", 2);
    number("overcommit_ratio", "50\n", INT_MAX);
    number("page-cluster", NULL, 31);
    number("dirty_ratio", NULL, 100);
    number("dirty_background_ratio", NULL, 100);
    number("dirty_writeback_centisecs", NULL, INT_MAX);
    number("dirty_expire_centisecs", NULL, INT_MAX);
    number("min_free_kbytes", NULL, INT_MAX);
    number("vfs_cache_pressure", "100\n", INT_MAX);
    number("max_map_count", "65530\n", INT_MAX);
    check_ratios();
    check_drop_caches();
    check_read_only();
    check_dropping();
    return 0;
}
