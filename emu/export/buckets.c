/* See buckets.h. */
#include "emu/export/buckets.h"

#include <string.h>

void buckets_init(struct buckets *buckets) {
    memset(buckets, 0, sizeof *buckets);
    buckets->width = BUCKET_FIRST_WIDTH;
}

/* The later one's gauges stand last. */
static void join_gauge(struct bucket_gauge *to, const struct bucket_gauge *later) {
    if (!later->told)
        return;
    to->low = to->told && to->low < later->low ? to->low : later->low;
    to->high = to->told && to->high > later->high ? to->high : later->high;
    to->last = later->last;
    to->told = true;
}

static void join(struct bucket *to, const struct bucket *later) {
    for (unsigned i = 0; i < COUNTS; i++)
        to->counts[i] += later->counts[i];
    for (unsigned i = 0; i < BUSY_KINDS; i++)
        to->busy[i] += later->busy[i];
    for (unsigned i = 0; i < BUCKET_GAUGES; i++)
        join_gauge(&to->gauges[i], &later->gauges[i]);
}

static void widen(struct buckets *buckets) {
    for (unsigned i = 0; i < BUCKETS / 2; i++) {
        struct bucket joined = buckets->bucket[2 * i];
        join(&joined, &buckets->bucket[2 * i + 1]);
        buckets->bucket[i] = joined;
    }
    memset(&buckets->bucket[BUCKETS / 2], 0, sizeof buckets->bucket / 2);
    buckets->width *= 2;
}

static struct bucket *bucket_of(struct buckets *buckets, uint64_t blocks) {
    while (blocks / buckets->width >= BUCKETS)
        widen(buckets);
    return &buckets->bucket[blocks / buckets->width];
}

void buckets_count(struct buckets *buckets, uint64_t blocks, unsigned count, uint64_t more) {
    bucket_of(buckets, blocks)->counts[count] += more;
}

void buckets_busy(struct buckets *buckets, uint64_t from, uint64_t to, unsigned kind) {
    bucket_of(buckets, to);
    while (from < to) {
        uint64_t end = (from / buckets->width + 1) * buckets->width;
        uint64_t stop = end < to ? end : to;
        buckets->bucket[from / buckets->width].busy[kind] += stop - from;
        from = stop;
    }
}

void buckets_gauge(struct buckets *buckets, uint64_t blocks, unsigned gauge, uint32_t value) {
    struct bucket_gauge told = {value, value, value, true};
    join_gauge(&bucket_of(buckets, blocks)->gauges[gauge], &told);
}
