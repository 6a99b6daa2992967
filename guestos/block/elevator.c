/*
 * The elevator: in which order waiting requests go to the device.
 *
 * Each direction has its requests twice: sorted by sector, and by age. Requests are taken in batches of one direction,
 * upwards from where the last one ended and then again from the lowest sector. Reads have somebody waiting for them
 * and go first; but writes have their turn after WRITES_STARVED batches of reads that began while they waited, and a request older
 * than its expiry begins the next batch of its direction. So every request is taken after a bounded number of others.
 */
#include "block/request.h"

void elv_init(struct elevator *e)
{
    memset(e, 0, sizeof(*e));
    e->batch = FIFO_BATCH; /* none is running */
    for (int rw = READ; rw <= WRITE; rw++) {
        INIT_LIST_HEAD(&e->sorted[rw]);
        INIT_LIST_HEAD(&e->fifo[rw]);
    }
}

/* From the end: writers come upwards, mostly. */
void elv_add(struct elevator *e, struct request *rq)
{
    struct list_head *at = e->sorted[rq->rw].prev;
    while (at != &e->sorted[rq->rw] && list_entry(at, struct request, sorted)->sector > rq->sector)
        at = at->prev;
    list_add(&rq->sorted, at);
    list_add_tail(&rq->fifo, &e->fifo[rq->rw]);
    e->count++;
}

void elv_remove(struct elevator *e, struct request *rq)
{
    list_del_init(&rq->sorted);
    list_del_init(&rq->fifo);
    e->count--;
}

static struct request *first_from(struct elevator *e, int rw, u64 sector)
{
    struct request *rq;
    list_for_each_entry (rq, &e->sorted[rw], sorted) {
        if (rq->sector >= sector)
            return rq;
    }
    return NULL;
}

/* The next of the running batch; NULL: a new one begins. */
static struct request *continue_batch(struct elevator *e)
{
    return e->batch < FIFO_BATCH ? first_from(e, e->direction, e->position) : NULL;
}

static int choose_direction(struct elevator *e)
{
    bool reads = !list_empty(&e->sorted[READ]), writes = !list_empty(&e->sorted[WRITE]);
    if (!reads || (writes && e->passed >= WRITES_STARVED)) {
        e->passed = 0;
        return WRITE;
    }
    e->passed = writes ? e->passed + 1 : 0;
    return READ;
}

static struct request *begin_batch(struct elevator *e, unsigned long now)
{
    int rw = choose_direction(e);
    struct request *oldest = list_entry(e->fifo[rw].next, struct request, fifo);
    e->direction = rw;
    e->batch = 0;
    if ((long)(now - oldest->expires) >= 0)
        return oldest;
    struct request *rq = first_from(e, rw, e->position);
    return rq ? rq : list_entry(e->sorted[rw].next, struct request, sorted);
}

struct request *elv_take(struct elevator *e, unsigned long now)
{
    if (e->count == 0)
        return NULL;
    struct request *rq = continue_batch(e);
    if (!rq)
        rq = begin_batch(e, now);
    e->batch++;
    e->position = rq->sector + rq->nr_sectors;
    elv_remove(e, rq);
    return rq;
}

struct request *elv_find_end(struct elevator *e, int rw, u64 sector)
{
    struct request *rq;
    list_for_each_entry (rq, &e->sorted[rw], sorted) {
        if (rq->sector + rq->nr_sectors == sector)
            return rq;
    }
    return NULL;
}

struct request *elv_find_start(struct elevator *e, int rw, u64 sector)
{
    struct request *rq = first_from(e, rw, sector);
    return rq && rq->sector == sector ? rq : NULL;
}

static void check_request(const struct request *rq, int rw)
{
    u64 sector = rq->sector;
    u32 segments = 0;
    BUG_ON(rq->rw != rw);
    for (const struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
        BUG_ON(bio->bi_sector != sector || bio->bi_rw != rw);
        BUG_ON(!bio->bi_next && bio != rq->biotail);
        sector += bio_sectors(bio);
        segments += bio->bi_vcnt;
    }
    BUG_ON(sector != rq->sector + rq->nr_sectors || segments != rq->nr_segments);
}

void check_elevator(const struct elevator *e)
{
    unsigned sorted = 0, aged = 0;
    for (int rw = READ; rw <= WRITE; rw++) {
        const struct request *rq;
        u64 last = 0;
        list_for_each_entry (rq, &e->sorted[rw], sorted) {
            BUG_ON(rq->sector < last);
            last = rq->sector;
            check_request(rq, rw);
            sorted++;
        }
        list_for_each_entry (rq, &e->fifo[rw], fifo)
            aged++;
    }
    BUG_ON(sorted != e->count || aged != e->count);
}
