/*
 * Shrinkers: caches of small objects that reclaim asks to give some up.
 *
 * A cache is asked for the share of its objects that was scanned of the LRU pages, times 4 / seeks (seeks: disk
 * accesses to make an object again, 2 as a rule). What does not fill a batch is remembered for the next time, unless the
 * cache has no more than that: it is asked for all then.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "kernel/signal_struct.h"

#define SHRINK_BATCH 128

struct shrinker {
    struct list_head list;
    const char *name;
    shrinker_t shrink;
    int seeks;
    unsigned long nr; /* objects still to be scanned */
};

int vfs_cache_pressure = 100;

static LIST_HEAD(shrinker_list);
static struct rw_semaphore shrinker_rwsem = RWSEM_INIT(shrinker_rwsem);

struct shrinker *set_shrinker(const char *name, int seeks, shrinker_t shrink)
{
    struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

    if (!shrinker)
        return NULL;
    shrinker->name = name;
    shrinker->seeks = seeks;
    shrinker->shrink = shrink;
    down_write(&shrinker_rwsem);
    list_add_tail(&shrinker->list, &shrinker_list);
    up_write(&shrinker_rwsem);
    return shrinker;
}

void remove_shrinker(struct shrinker *shrinker)
{
    down_write(&shrinker_rwsem);
    list_del(&shrinker->list);
    up_write(&shrinker_rwsem);
    kfree(shrinker);
}

/* Objects that the cache is asked for now. */
static unsigned long objects_to_scan(struct shrinker *shrinker, unsigned long scanned, unsigned long lru_pages,
                                     unsigned long objects)
{
    u64 share = (u64)(4 * scanned / (unsigned)shrinker->seeks) * objects / (lru_pages + 1);
    u64 wanted = shrinker->nr + share;

    shrinker->nr = 0;
    return (unsigned long)min_t(u64, wanted, (u64)objects * 2); /* never an endless backlog */
}

static unsigned long shrink_one(struct shrinker *shrinker, unsigned long scanned, gfp_t gfp, unsigned long lru_pages)
{
    int objects = shrinker->shrink(0, gfp);
    unsigned long left, freed = 0, asked = 0;

    if (objects <= 0)
        return 0;
    left = objects_to_scan(shrinker, scanned, lru_pages, (unsigned long)objects);
    while (left && (left >= SHRINK_BATCH || left >= (unsigned long)objects)) {
        int batch = (int)min_t(unsigned long, left, SHRINK_BATCH);
        int before = shrinker->shrink(0, gfp), after = shrinker->shrink(batch, gfp);

        if (after < 0)
            break; /* it cannot now: a lock is held, or gfp forbids it */
        freed += after < before ? (unsigned long)(before - after) : 0;
        asked += (unsigned long)batch;
        left -= (unsigned long)batch;
        cond_resched();
    }
    shrinker->nr += left;
    count_vm_events(SLABS_SCANNED, asked);
    if (unlikely(trace_enabled) && asked) {
        struct flt_mm_shrink_slab record = {.scanned = (u32)asked, .freed = (u32)freed};
        strlcpy(record.cache, shrinker->name, sizeof(record.cache));
        trace_emit(&record.head, FLT_MM_SHRINK_SLAB, sizeof(record));
    }
    return freed;
}

unsigned long shrink_slab(unsigned long scanned, gfp_t gfp, unsigned long lru_pages)
{
    unsigned long freed = 0;
    struct shrinker *shrinker;

    if (!scanned)
        scanned = SWAP_CLUSTER_MAX;
    if (!down_read_trylock(&shrinker_rwsem))
        return 1; /* somebody adds one: there will be progress */
    list_for_each_entry (shrinker, &shrinker_list, list)
        freed += shrink_one(shrinker, scanned, gfp, lru_pages);
    up_read(&shrinker_rwsem);
    return freed;
}

/* A name that goes lets its directory go, and both their inodes. */
void drop_slab(void)
{
    while (!fatal_signal_pending(current) && shrink_slab(1000, GFP_KERNEL, 1000))
        cond_resched();
}
