/*
 * An allocation that finds every zone below its low mark.
 *
 *   1  kswapd of each zone's node is woken
 *   2  down to the min marks: urgent requests (__GFP_HIGH) half below, those that cannot wait a quarter of the rest
 *   3  who frees memory (PF_MEMALLOC) or was chosen by the OOM killer (memdie): all there is. They never go on to 4:
 *      so reclaim does not wait for reclaim
 *   4  who may sleep reclaims by himself (try_to_free_pages) and tries again, with the pagesets emptied
 *   5  nothing can be reclaimed: the OOM killer, and again from the beginning
 *
 * Who gives up: who may not sleep, after 3. __GFP_NORETRY after one round of 4. Blocks above order 3 too, unless
 * __GFP_REPEAT: reclaim frees single frames and cannot promise neighbours; nobody is killed for them either. Requests
 * without __GFP_FS go on with 4 and never kill: the file system that they are inside of may hold what a victim needs.
 * __GFP_NOFAIL never gives up, and takes from the reserves when reclaim gets nowhere and nobody may be killed.
 */
#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "block/blkdev.h"
#include "kernel/process.h"

#define COSTLY_ORDER 3

/* Before the first task there is nobody to wait for. */
static bool may_sleep(const struct alloc_request *request)
{
    return (request->gfp & __GFP_WAIT) && current != &init_task;
}

/* The rights of a task are not those of an interrupt that comes while it runs. */
static bool may_use_reserves(const struct alloc_request *request)
{
    if (in_interrupt())
        return false;
    return ((current->flags & PF_MEMALLOC) || current->memdie) && !(request->gfp & __GFP_NOMEMALLOC);
}

static bool may_retry(const struct alloc_request *request)
{
    if (request->gfp & __GFP_NOFAIL)
        return true;
    if (request->gfp & __GFP_NORETRY)
        return false;
    return request->order <= COSTLY_ORDER || (request->gfp & __GFP_REPEAT);
}

static bool may_kill(const struct alloc_request *request)
{
    return (request->gfp & __GFP_FS) && !(request->gfp & __GFP_NORETRY) && request->order <= COSTLY_ORDER;
}

static void wake_all_kswapd(const struct alloc_request *request)
{
    for (struct zone *const *z = request->zones; *z; z++)
        wakeup_kswapd(*z, request->order);
}

/* Steps 1 to 3. */
static struct page *alloc_without_reclaim(struct alloc_request *request)
{
    unsigned alloc_flags =
        (request->gfp & __GFP_HIGH ? ALLOC_HIGH : 0) | (request->gfp & __GFP_WAIT ? 0 : ALLOC_HARDER);
    struct page *page;

    wake_all_kswapd(request);
    page = get_page_from_freelist(request, WMARK_MIN, alloc_flags);
    if (!page && may_use_reserves(request))
        page = get_page_from_freelist(request, WMARK_MIN, ALLOC_NO_WATERMARKS);
    if (page)
        return page;
    drain_local_pages(); /* frames that nobody's mark counts */
    return get_page_from_freelist(request, WMARK_MIN, may_use_reserves(request) ? ALLOC_NO_WATERMARKS : alloc_flags);
}

/* Step 4. *progress: something was freed, or may be at the next try. */
static struct page *alloc_with_reclaim(struct alloc_request *request, bool *progress)
{
    struct page *page;

    cond_resched();
    current->flags |= PF_MEMALLOC;
    *progress = try_to_free_pages(request->zones, request->order, request->gfp);
    current->flags &= ~(u32)PF_MEMALLOC;
    cond_resched();
    if (!*progress)
        return NULL;
    page = get_page_from_freelist(request, WMARK_MIN, request->gfp & __GFP_HIGH ? ALLOC_HIGH : 0);
    if (page)
        return page;
    drain_local_pages();
    return get_page_from_freelist(request, WMARK_MIN, request->gfp & __GFP_HIGH ? ALLOC_HIGH : 0);
}

/* Step 5. The high mark is reached only if somebody was killed, or freed a lot, while we tried. */
static struct page *alloc_or_kill(struct alloc_request *request)
{
    struct page *page = get_page_from_freelist(request, WMARK_HIGH, 0);

    if (page)
        return page;
    out_of_memory((struct zonelist *)(void *)request->zones, request->gfp, request->order);
    page = get_page_from_freelist(request, WMARK_LOW, 0);
    return page ? page : alloc_without_reclaim(request);
}

/* One of those who free memory finds none: it cannot reclaim, only wait for the others' writes. */
static struct page *wait_with_reserves(struct alloc_request *request)
{
    struct page *page = NULL;

    while (!page && (request->gfp & __GFP_NOFAIL) && may_sleep(request)) {
        congestion_wait(WRITE, HZ / 50);
        page = get_page_from_freelist(request, WMARK_MIN, ALLOC_NO_WATERMARKS);
    }
    return page;
}

struct page *alloc_pages_slow(struct alloc_request *request)
{
    struct page *page = alloc_without_reclaim(request);

    while (!page && may_sleep(request)) {
        bool progress;

        if (may_use_reserves(request) || (current->flags & PF_MEMALLOC))
            return wait_with_reserves(request);
        page = alloc_with_reclaim(request, &progress);
        if (!page && !progress && may_kill(request)) {
            page = alloc_or_kill(request);
            continue;
        }
        if (!page && !progress && (request->gfp & __GFP_NOFAIL))
            page = get_page_from_freelist(request, WMARK_MIN, ALLOC_NO_WATERMARKS);
        if (page || !may_retry(request))
            break;
        congestion_wait(WRITE, HZ / 50);
    }
    return page;
}
