/*
 * /proc/sys: the kernel's settings, a line of numbers or a name each.
 *
 * A write is a whole: blanks, one number for each place that is to change, blanks. A number that is no number or out
 * of its bounds is EINVAL, and what came before it in the line counts. What follows the last place is left over: the
 * call returns how much it used.
 */
#include "fs/proc.h"
#include "fs/vfs.h"
#include "kernel/process.h"
#include "kernel/utsname.h"
#include "lib/text.h"
#include "mm/internal.h"
#include "mm/swap.h"
#include "mm/writeback.h"

struct ctl_table {
    int *data; /* `count` numbers within [min, max] */
    unsigned count;
    int min, max;
    void (*refresh)(void); /* before data is shown */
    void (*changed)(void);
    char *name; /* instead of data: a name of at most size - 1 bytes */
    size_t size;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static void skip_blanks(const char **text, size_t *count)
{
    while (*count && is_blank(**text)) {
        ++*text;
        --*count;
    }
}

#define NUMBER_BYTES 22 /* longer ones are none */

int proc_parse_long(const char **text, size_t *count, long *value)
{
    const char *digits = *text;
    bool negative = *count > 1 && *digits == '-';
    char *end;

    if (negative)
        digits++;
    if (!*count || *digits < '0' || *digits > '9')
        return -EINVAL;
    unsigned long magnitude = simple_strtoul(digits, &end, 0);
    size_t length = (size_t)(end - *text);
    if (length >= NUMBER_BYTES || magnitude > 0x7fffffffu || (length < *count && *end && !is_blank(*end)))
        return -EINVAL;
    *value = negative ? -(long)magnitude : (long)magnitude;
    *text = end;
    *count -= min_t(size_t, length, *count);
    return 0;
}

/* ---- showing and storing ---- */

int proc_ctl_show(const struct ctl_table *ctl, char *buf, int size)
{
    struct text t = {buf, size, 0};

    if (ctl->refresh)
        ctl->refresh();
    if (ctl->name)
        text(&t, "%s", ctl->name);
    for (unsigned i = 0; i < ctl->count; i++)
        text(&t, "%s%d", i ? "\t" : "", ctl->data[i]);
    text(&t, "\n");
    return t.length;
}

static ssize_t store_name(const struct ctl_table *ctl, const char *bytes, size_t count)
{
    size_t length = 0;

    while (length < count && length < ctl->size - 1 && bytes[length] && bytes[length] != '\n')
        length++;
    memset(ctl->name, 0, ctl->size);
    memcpy(ctl->name, bytes, length);
    return (ssize_t)count;
}

static int store_numbers(const struct ctl_table *ctl, const char **bytes, size_t *left)
{
    for (unsigned i = 0; i < ctl->count; i++) {
        long value;

        skip_blanks(bytes, left);
        if (!*left)
            return i ? 0 : -EINVAL;
        if (proc_parse_long(bytes, left, &value) || value < ctl->min || value > ctl->max)
            return -EINVAL;
        ctl->data[i] = (int)value;
    }
    skip_blanks(bytes, left);
    return 0;
}

ssize_t proc_ctl_store(const struct ctl_table *ctl, char *bytes, size_t count)
{
    const char *at = bytes;
    size_t left = count;

    if (ctl->name)
        return store_name(ctl, bytes, count);
    if (ctl->refresh)
        ctl->refresh();
    int error = store_numbers(ctl, &at, &left);
    if (error)
        return error;
    if (ctl->changed)
        ctl->changed();
    return (ssize_t)(count - left);
}

/* ---- vm ---- */

static int min_free, drop_caches;

static void refresh_min_free(void)
{
    const struct zone *zone;
    unsigned long pages = 0;

    for_each_zone (zone)
        pages += zone->pages_min;
    min_free = min_free_kbytes >= 0 ? (int)min_free_kbytes : (int)(pages << (PAGE_SHIFT - 10));
}

static void min_free_changed(void)
{
    min_free_kbytes = min_free;
    setup_per_zone_watermarks();
}

static void drop_caches_now(void)
{
    lru_add_drain(); /* pages on their way to the LRU lists are held until they are there */
    if (drop_caches & 1)
        drop_pagecache();
    if (drop_caches & 2)
        drop_slab();
}

#define NUMBER(variable, least, most)                                                                                  \
    {                                                                                                                  \
        .data = &(variable), .count = 1, .min = (least), .max = (most)                                                 \
    }
#define ANY_MOST 0x7fffffff
#define READ_ONLY_NUMBER(variable)                                                                                     \
    {                                                                                                                  \
        .data = &(variable), .count = 1                                                                                \
    }

static const struct ctl_table overcommit_memory_ctl = NUMBER(sysctl_overcommit_memory, 0, 2),
                              overcommit_ratio_ctl = NUMBER(sysctl_overcommit_ratio, 0, ANY_MOST),
                              swappiness_ctl = NUMBER(vm_swappiness, 0, 100),
                              page_cluster_ctl = NUMBER(page_cluster, 0, 31),
                              mmcheck_ctl = {.data = (int *)&mm_check_interval,
                                             .count = 1,
                                             .min = 1,
                                             .max = ANY_MOST,
                                             .changed = check_everything},
                              max_map_count_ctl = NUMBER(sysctl_max_map_count, 0, ANY_MOST);
static const struct ctl_table vfs_cache_pressure_ctl = NUMBER(vfs_cache_pressure, 0, ANY_MOST),
                              nr_pdflush_threads_ctl = READ_ONLY_NUMBER(nr_pdflush_threads);
static const struct ctl_table min_free_ctl = {.data = &min_free,
                                              .count = 1,
                                              .min = 0,
                                              .max = 0x7fffffff,
                                              .refresh = refresh_min_free,
                                              .changed = min_free_changed};
static const struct ctl_table drop_caches_ctl = {
    .data = &drop_caches, .count = 1, .min = 1, .max = 4, .changed = drop_caches_now};
static const struct ctl_table dirty_ratio_ctl = NUMBER(vm_dirty_ratio, 0, 100),
                              dirty_background_ratio_ctl = NUMBER(dirty_background_ratio, 0, 100);
_Static_assert(HZ == 100, "intervals in ticks are shown as hundredths of a second");
static const struct ctl_table dirty_writeback_ctl = {
    .data = (int *)&dirty_writeback_interval, .count = 1, .min = 0, .max = ANY_MOST};
static const struct ctl_table dirty_expire_ctl = {
    .data = (int *)&dirty_expire_interval, .count = 1, .min = 0, .max = ANY_MOST};
static const struct ctl_table lowmem_reserve_ctl = {.data = sysctl_lowmem_reserve_ratio,
                                                    .count = MAX_NR_ZONES - 1,
                                                    .min = 0,
                                                    .max = 0x7fffffff,
                                                    .changed = setup_per_zone_lowmem_reserve};

#define CTL(entry_name, table)                                                                                         \
    {                                                                                                                  \
        .name = entry_name, .mode = S_IFREG | 0644, .ctl = &(table)                                                    \
    }
#define CTL_READ_ONLY(entry_name, table)                                                                               \
    {                                                                                                                  \
        .name = entry_name, .mode = S_IFREG | 0444, .ctl = &(table)                                                    \
    }

static const struct proc_entry vm_entries[] = {
    CTL("dirty_background_ratio", dirty_background_ratio_ctl),
    CTL("dirty_expire_centisecs", dirty_expire_ctl),
    CTL("dirty_ratio", dirty_ratio_ctl),
    CTL("dirty_writeback_centisecs", dirty_writeback_ctl),
    {.name = "drop_caches", .mode = S_IFREG | 0200, .ctl = &drop_caches_ctl},
    CTL("lowmem_reserve_ratio", lowmem_reserve_ctl),
    CTL("max_map_count", max_map_count_ctl),
    CTL("min_free_kbytes", min_free_ctl),
    CTL("mmcheck", mmcheck_ctl),
    CTL_READ_ONLY("nr_pdflush_threads", nr_pdflush_threads_ctl),
    CTL("overcommit_memory", overcommit_memory_ctl),
    CTL("overcommit_ratio", overcommit_ratio_ctl),
    CTL("page-cluster", page_cluster_ctl),
    CTL("swappiness", swappiness_ctl),
    CTL("vfs_cache_pressure", vfs_cache_pressure_ctl),
    {0},
};

/* ---- kernel ---- */

static int pid_max = PID_MAX, ngroups_max = 32, cap_last_cap = 40;

static const struct ctl_table ostype_ctl = {.name = system_name.sysname, .size = UTS_BYTES},
                              osrelease_ctl = {.name = system_name.release, .size = UTS_BYTES},
                              version_ctl = {.name = system_name.version, .size = UTS_BYTES},
                              hostname_ctl = {.name = system_name.nodename, .size = UTS_BYTES},
                              domainname_ctl = {.name = system_name.domainname, .size = UTS_BYTES};
static const struct ctl_table pid_max_ctl = READ_ONLY_NUMBER(pid_max), ngroups_max_ctl = READ_ONLY_NUMBER(ngroups_max),
                              cap_last_cap_ctl = READ_ONLY_NUMBER(cap_last_cap);

static const struct proc_entry kernel_entries[] = {
    CTL_READ_ONLY("cap_last_cap", cap_last_cap_ctl),
    CTL("domainname", domainname_ctl),
    CTL("hostname", hostname_ctl),
    CTL_READ_ONLY("ngroups_max", ngroups_max_ctl),
    CTL_READ_ONLY("osrelease", osrelease_ctl),
    CTL_READ_ONLY("ostype", ostype_ctl),
    CTL_READ_ONLY("pid_max", pid_max_ctl),
    CTL_READ_ONLY("version", version_ctl),
    {0},
};

const struct proc_entry proc_sys_entries[] = {
    {.name = "kernel", .mode = S_IFDIR | 0555, .children = kernel_entries},
    {.name = "vm", .mode = S_IFDIR | 0555, .children = vm_entries},
    {0},
};
