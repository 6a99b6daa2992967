/*
 * Bios: allocation that cannot block writing out, and their end.
 *
 * RESERVE bios are set aside at boot. Who may sleep and finds the slab empty takes one of them; who finds the reserve
 * empty too starts all devices and sleeps until a bio comes back: those out are under way to a device, and a device
 * ends them without needing memory. This holds as long as nobody keeps one bio back while asking for the next.
 */
#include "block/request.h"
#include "mm/slab.h"
#include "asm/irqflags.h"

#define RESERVE 16u

static kmem_cache_t *bio_cache;
static struct bio *reserve; /* linked by bi_next */
static unsigned reserved;
static DECLARE_WAIT_QUEUE_HEAD(reserve_wait);

void bio_init(void)
{
    bio_cache = kmem_cache_create("bio", sizeof(struct bio), 0, SLAB_PANIC | SLAB_HWCACHE_ALIGN, NULL);
    reserve = NULL;
    for (reserved = 0; reserved < RESERVE; reserved++) {
        struct bio *bio = kmem_cache_alloc(bio_cache, GFP_KERNEL);
        if (!bio)
            panic("no memory for the reserve of bios");
        bio->bi_next = reserve;
        reserve = bio;
    }
}

static struct bio *take_reserved(void)
{
    unsigned long flags = local_irq_save();
    struct bio *bio = reserve;
    if (bio) {
        reserve = bio->bi_next;
        reserved--;
    }
    local_irq_restore(flags);
    return bio;
}

static struct bio *wait_for_reserved(void)
{
    struct bio *bio;
    blk_run_all_queues();
    wait_event(reserve_wait, (bio = take_reserved()) != NULL);
    return bio;
}

struct bio *bio_alloc(gfp_t gfp, unsigned max_vecs)
{
    /* Reclaim would want bios itself: the reserve is for that. */
    struct bio *bio = kmem_cache_alloc(bio_cache, (gfp & ~(__GFP_WAIT | __GFP_IO | __GFP_FS)) | __GFP_NOWARN);
    BUG_ON(max_vecs == 0 || max_vecs > BIO_MAX_VECS);
    if (!bio && (gfp & __GFP_WAIT)) {
        bio = take_reserved();
        if (!bio)
            bio = wait_for_reserved();
    }
    if (!bio)
        return NULL;
    memset(bio, 0, offsetof(struct bio, bi_io_vec));
    bio->bi_max_vecs = (u16)max_vecs;
    return bio;
}

void bio_put(struct bio *bio)
{
    unsigned long flags = local_irq_save();
    bool refill = reserved < RESERVE;
    if (refill) {
        bio->bi_next = reserve;
        reserve = bio;
        reserved++;
    }
    local_irq_restore(flags);
    if (refill)
        wake_up(&reserve_wait);
    else
        kmem_cache_free(bio_cache, bio);
}

bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset)
{
    struct bio_vec *last = bio->bi_vcnt ? &bio->bi_io_vec[bio->bi_vcnt - 1] : NULL;
    BUG_ON(len == 0 || (len | offset) & ((1u << SECTOR_SHIFT) - 1) || offset + len > PAGE_SIZE);
    if (last && last->bv_page == page && last->bv_offset + last->bv_len == offset) {
        last->bv_len += len;
    } else {
        if (bio->bi_vcnt == bio->bi_max_vecs)
            return false;
        bio->bi_io_vec[bio->bi_vcnt++] = (struct bio_vec){page, len, offset};
    }
    bio->bi_size += len;
    return true;
}

void bio_endio(struct bio *bio, int error)
{
    unsigned long flags = local_irq_save();
    bio->bi_error = error;
    bio->bi_next = NULL;
    bio->bi_end_io(bio);
    local_irq_restore(flags);
}

/* ---- a bio that is waited for ---- */

struct bio_wait {
    bool done;
    wait_queue_head_t queue;
};

static void wake_submitter(struct bio *bio)
{
    struct bio_wait *wait = bio->bi_private;
    wait->done = true;
    wake_up(&wait->queue);
}

int submit_bio_wait(int rw, struct bio *bio)
{
    struct bio_wait wait = {.done = false};
    init_waitqueue_head(&wait.queue);
    bio->bi_private = &wait;
    bio->bi_end_io = wake_submitter;
    submit_bio(rw, bio);
    blk_run_queue(bio->bi_bdev);
    wait_event(wait.queue, *(volatile bool *)&wait.done);
    return bio->bi_error;
}
