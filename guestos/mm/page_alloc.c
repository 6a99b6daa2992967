/*
 * The zoned buddy allocator.
 *
 * A free block of order o is 2^o frames whose first frame number is a multiple of 2^o. Its head has PG_buddy and the
 * order in `private`, and is on the zone's free_area[o] list. Two blocks whose numbers differ in bit o only are
 * buddies: when both are free they are one block of order o + 1, always, so no two free buddies exist.
 *
 *      alloc, order 0:  pageset (hot or cold) <- batch of single frames <- free_area
 *      alloc, order n:  smallest free block of order >= n, split in halves; the upper half of each split goes back
 *      free:            pageset, the oldest batch overflows into <- free_area, merged with the buddy while that is free
 *
 * Every free frame is in exactly one place: a free_area list (PG_buddy at its block's head) or a pageset (PG_pcp); its
 * _count is 0. zone->free_pages counts the free_area lists only.
 *
 * Who gets memory: zones are tried in the order of the zonelist. Above pages_low all are served. What happens below
 * is in mm/page_alloc_slow.c. The fallback into a lower zone leaves lowmem_reserve[] there for those who can use no
 * other.
 */
#include "mm/page_alloc.h"

/* Flags that must be clear when a frame changes hands. */
#define PAGE_FLAGS_BUSY                                                                                                \
    (1u << PG_locked | 1u << PG_lru | 1u << PG_active | 1u << PG_slab | 1u << PG_reserved | 1u << PG_private |         \
     1u << PG_writeback | 1u << PG_swapcache | 1u << PG_buddy | 1u << PG_pcp)
/* Flags that a frame loses when it becomes free. */
#define PAGE_FLAGS_CLEARED_AT_FREE                                                                                     \
    (1u << PG_error | 1u << PG_referenced | 1u << PG_uptodate | 1u << PG_dirty | 1u << PG_mappedtodisk |               \
     1u << PG_reclaim | 1u << PG_table | 1u << PG_kernel | 1u << PG_checked)

void page_state_broken(const struct page *page, const char *what)
{
    panic("page %05lx: %s (flags %08x count %d mapcount %d mapping %08lx private %x)", page_to_pfn(page), what,
          page->flags, page_count(page), page_mapcount(page), (unsigned long)page->mapping, page->private);
}

static void add_free_pages(struct zone *zone, long pages)
{
    zone->free_pages = (unsigned long)((long)zone->free_pages + pages);
    mod_zone_page_state(zone, NR_FREE_PAGES, pages);
}

/* Bit i: the zone is below mark i. */
static unsigned marks_below(const struct zone *zone)
{
    return (zone->free_pages < zone->pages_min) << FLT_MARK_MIN | (zone->free_pages < zone->pages_low) << FLT_MARK_LOW |
           (zone->free_pages < zone->pages_high) << FLT_MARK_HIGH;
}

/* After a whole operation: while a block is split or merged the number goes down and up again. Interrupts off. */
static void trace_watermarks(struct zone *zone)
{
    unsigned now = marks_below(zone), changed = now ^ zone->told_below;

    zone->told_below = now;
    for (unsigned mark = FLT_MARK_MIN; mark <= FLT_MARK_HIGH; mark++)
        if (changed >> mark & 1)
            TRACE(FLT_MM_WATERMARK, flt_mm_watermark, .node = (u32)zone->zone_pgdat->node_id,
                  .zone = (u32)zone_index(zone), .mark = mark, .below = now >> mark & 1, .free = (u32)zone->free_pages);
}

static inline void tell_watermarks(struct zone *zone)
{
    if (unlikely(trace_enabled))
        trace_watermarks(zone);
}

/* Somebody gave frames back: reclaim looks at a zone again that it had given up. */
static void note_freed(struct zone *zone)
{
    zone->all_unreclaimable = 0;
    zone->pages_scanned = 0;
}

/* ---- poison: what a freed frame holds until it is allocated again, under mmcheck ---- */

static void poison_page(struct page *page)
{
    unsigned long flags = local_irq_save();
    u32 *words = kmap_atomic(page, KM_DEBUG);

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(u32); i++)
        words[i] = PAGE_POISON_WORD;
    kunmap_atomic(words, KM_DEBUG);
    local_irq_restore(flags);
    page->flags |= 1u << PG_poison;
}

static void unpoison_page(struct page *page)
{
    unsigned long flags = local_irq_save();
    const u32 *words = kmap_atomic(page, KM_DEBUG);
    bool intact = true;

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(u32); i++)
        intact &= words[i] == PAGE_POISON_WORD;
    kunmap_atomic((void *)words, KM_DEBUG);
    local_irq_restore(flags);
    page->flags &= ~(1u << PG_poison);
    if (!intact)
        page_state_broken(page, "written to after it was freed");
}

/* ---- the lists ---- */

static void list_add_block(struct zone *zone, struct page *page, unsigned order)
{
    SetPageBuddy(page);
    page->private = order;
    list_add(&page->lru, &zone->free_area[order].free_list);
    zone->free_area[order].nr_free++;
    add_free_pages(zone, 1l << order);
}

static void list_del_block(struct zone *zone, struct page *page, unsigned order)
{
    list_del(&page->lru);
    ClearPageBuddy(page);
    page->private = 0;
    zone->free_area[order].nr_free--;
    add_free_pages(zone, -(1l << order));
}

/* The buddy of the block at pfn when it is free as a whole and of this zone, else NULL. */
static struct page *free_buddy(const struct zone *zone, unsigned long pfn, unsigned order)
{
    unsigned long buddy_pfn = pfn ^ 1ul << order;
    struct page *buddy;

    if (buddy_pfn < zone->zone_start_pfn || buddy_pfn >= zone->zone_start_pfn + zone->spanned_pages)
        return NULL;
    buddy = pfn_to_page(buddy_pfn);
    return PageBuddy(buddy) && buddy->private == order ? buddy : NULL;
}

static void __free_one_block(struct zone *zone, struct page *page, unsigned order)
{
    unsigned long pfn = page_to_pfn(page);
    struct page *buddy;

    VM_BUG_ON(pfn & ((1ul << order) - 1));
    while (order < MAX_ORDER - 1 && (buddy = free_buddy(zone, pfn, order))) {
        list_del_block(zone, buddy, order);
        pfn &= ~(1ul << order);
        order++;
        TRACE(FLT_MM_BUDDY_MERGE, flt_mm_buddy, .pfn = (u32)pfn, .order = order, .zone = (u32)zone_index(zone));
    }
    list_add_block(zone, pfn_to_page(pfn), order);
}

/* Takes the first 2^order frames of a block of order `high`; what is above goes back, halved each time. */
static void split_block(struct zone *zone, struct page *page, unsigned order, unsigned high)
{
    while (high > order) {
        TRACE(FLT_MM_BUDDY_SPLIT, flt_mm_buddy, .pfn = (u32)page_to_pfn(page), .order = high,
              .zone = (u32)zone_index(zone));
        high--;
        list_add_block(zone, page + (1ul << high), high);
    }
}

/* From the lists alone; NULL when no block is large enough. */
static struct page *__rmqueue(struct zone *zone, unsigned order)
{
    for (unsigned high = order; high < MAX_ORDER; high++) {
        struct free_area *area = &zone->free_area[high];
        struct page *page;

        if (list_empty(&area->free_list))
            continue;
        page = list_entry(area->free_list.next, struct page, lru);
        list_del_block(zone, page, high);
        split_block(zone, page, order, high);
        return page;
    }
    return NULL;
}

/* ---- the pagesets ---- */

static void pcp_add(struct per_cpu_pages *pcp, struct page *page)
{
    page->flags |= 1u << PG_pcp;
    list_add(&page->lru, &pcp->list);
    pcp->count++;
}

static void pcp_del(struct per_cpu_pages *pcp, struct page *page)
{
    list_del(&page->lru);
    page->flags &= ~(1u << PG_pcp);
    pcp->count--;
}

/* Single frames; added at the tail, so that they are handed out in the order in which the lists gave them. */
static void pcp_refill(struct zone *zone, struct per_cpu_pages *pcp)
{
    for (int i = 0; i < pcp->batch; i++) {
        struct page *page = __rmqueue(zone, 0);

        if (!page)
            break;
        page->flags |= 1u << PG_pcp;
        list_add_tail(&page->lru, &pcp->list);
        pcp->count++;
    }
}

/* The oldest `count` frames to the lists. */
static void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp, int count)
{
    while (count-- > 0 && pcp->count) {
        struct page *page = list_entry(pcp->list.prev, struct page, lru);

        pcp_del(pcp, page);
        __free_one_block(zone, page, 0);
    }
    tell_watermarks(zone);
}

void drain_local_pages(void)
{
    unsigned long flags = local_irq_save();
    struct zone *zone;

    for_each_zone (zone)
        for (int i = 0; i < 2; i++)
            pcp_drain(zone, &zone->pageset[0].pcp[i], zone->pageset[0].pcp[i].count);
    local_irq_restore(flags);
}

static struct page *pcp_take(struct zone *zone, bool cold)
{
    struct per_cpu_pages *pcp = &zone->pageset[0].pcp[cold];
    struct page *page;

    if (!pcp->count)
        pcp_refill(zone, pcp);
    if (!pcp->count)
        return NULL;
    page = list_entry(pcp->list.next, struct page, lru);
    pcp_del(pcp, page);
    return page;
}

/* ---- allocation ---- */

/* A frame comes from the lists with nothing but its zone, its node and perhaps poison in its flags. */
static void prep_new_page(struct page *page, const struct alloc_request *request)
{
    u32 mark = request->gfp & __GFP_KERNEL_OWN ? 1u << PG_kernel : 0;

    for (struct page *p = page; p < page + (1ul << request->order); p++) {
        if (unlikely(page_count(p) || page_mapcount(p) || p->mapping || (p->flags & PAGE_FLAGS_BUSY)))
            page_state_broken(p, "allocated while in use");
        if (unlikely(p->flags & 1u << PG_poison))
            unpoison_page(p);
        p->flags |= mark;
        p->private = 0;
    }
    atomic_set(&page->_count, 1);
    if (request->gfp & __GFP_ZERO)
        for (unsigned long i = 0; i < 1ul << request->order; i++)
            clear_highpage(page + i);
}

static struct page *buffered_rmqueue(struct zone *zone, struct alloc_request *request)
{
    unsigned long flags = local_irq_save();
    struct page *page;

    request->from_pageset = request->order == 0;
    page = request->from_pageset ? pcp_take(zone, request->gfp & __GFP_COLD) : __rmqueue(zone, request->order);
    if (page)
        count_vm_events(PGALLOC_DMA + (enum vm_event_item)zone_index(zone), 1ul << request->order);
    tell_watermarks(zone);
    local_irq_restore(flags);
    return page;
}

/*
 * True when taking 2^order frames leaves more than the mark. The second half asks for a large enough block: of what is
 * free, frames in blocks smaller than the request do not count, and less is asked of the larger orders.
 */
bool zone_watermark_ok(const struct zone *zone, unsigned order, unsigned long mark, int classzone, unsigned alloc_flags)
{
    long min = (long)mark, free = (long)zone->free_pages - (1l << order) + 1;

    if (alloc_flags & ALLOC_HIGH)
        min -= min / 2;
    if (alloc_flags & ALLOC_HARDER)
        min -= min / 4;
    if (free <= min + (long)zone->lowmem_reserve[classzone])
        return false;
    for (unsigned o = 0; o < order; o++) {
        free -= (long)(zone->free_area[o].nr_free << o);
        min >>= 1;
        if (free <= min)
            return false;
    }
    return true;
}

static unsigned long mark_of(const struct zone *zone, enum watermark mark)
{
    return mark == WMARK_MIN ? zone->pages_min : mark == WMARK_LOW ? zone->pages_low : zone->pages_high;
}

struct page *get_page_from_freelist(struct alloc_request *request, enum watermark mark, unsigned alloc_flags)
{
    for (struct zone *const *z = request->zones; *z; z++) {
        struct page *page;

        if (!(alloc_flags & ALLOC_NO_WATERMARKS) &&
            !zone_watermark_ok(*z, request->order, mark_of(*z, mark), request->classzone, alloc_flags))
            continue;
        page = buffered_rmqueue(*z, request);
        if (page)
            return page;
    }
    return NULL;
}

static void tell_alloc(const struct page *page, const struct alloc_request *request)
{
    const struct zone *zone = page ? page_zone(page) : request->zones[0];

    TRACE(FLT_MM_PAGE_ALLOC, flt_mm_page_alloc, .pfn = page ? (u32)page_to_pfn(page) : 0xffffffffu,
          .order = request->order, .gfp_flags = request->gfp, .node = (u32)zone->zone_pgdat->node_id,
          .zone = (u32)zone_index(zone), .preferred_zone = (u32)request->classzone,
          .from_pageset = request->from_pageset, .zone_free = (u32)zone->free_pages, .pages_min = (u32)zone->pages_min,
          .pages_low = (u32)zone->pages_low, .pages_high = (u32)zone->pages_high);
    if (MM_CHECK_DUE())
        check_buddy();
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
    struct alloc_request request = {
        .gfp = gfp,
        .order = order,
        .zones = NODE_DATA(nid)->node_zonelists[gfp & (GFP_ZONETYPES - 1)].zones,
    };
    struct page *page = NULL;

    if (order >= MAX_ORDER || !request.zones[0])
        return NULL;
    request.classzone = zone_index(request.zones[0]);
    if (!should_fail_alloc_page(gfp, order)) {
        page = get_page_from_freelist(&request, WMARK_LOW, 0);
        if (unlikely(!page))
            page = alloc_pages_slow(&request);
    }
    if (page)
        prep_new_page(page, &request);
    else if (!(gfp & __GFP_NOWARN))
        printk(KERN_WARNING "%s: page allocation failure. order:%u, mode:0x%x\n", current->comm, order, gfp);
    if (unlikely(trace_enabled || mm_check_always))
        tell_alloc(page, &request);
    return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order) { return alloc_pages_node(numa_node_id(), gfp, order); }

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
    struct page *page;

    VM_BUG_ON(gfp & __GFP_HIGHMEM);
    page = alloc_pages(gfp, order);
    return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp) { return __get_free_pages(gfp | __GFP_ZERO, 0); }

/* ---- freeing ---- */

/* The last reference is gone: nothing may use the frames any more. */
static void free_pages_check(struct page *page, unsigned order)
{
    for (struct page *p = page; p < page + (1ul << order); p++) {
        if (PageAnon(p))
            p->mapping = NULL;
        if (unlikely(page_count(p) || page_mapcount(p) || p->mapping || (p->flags & PAGE_FLAGS_BUSY)))
            page_state_broken(p, "freed while in use");
        p->flags &= ~PAGE_FLAGS_CLEARED_AT_FREE;
        p->private = 0;
        if (unlikely(mm_check_always))
            poison_page(p);
    }
}

static void tell_free(const struct page *page, unsigned order)
{
    const struct zone *zone = page_zone(page);

    TRACE(FLT_MM_PAGE_FREE, flt_mm_page_free, .pfn = (u32)page_to_pfn(page), .order = order,
          .zone = (u32)zone_index(zone), .zone_free = (u32)zone->free_pages);
    if (MM_CHECK_DUE())
        check_buddy();
}

/* page->_count is 0. */
void free_hot_cold_page(struct page *page, bool cold)
{
    struct zone *zone = page_zone(page);
    struct per_cpu_pages *pcp = &zone->pageset[0].pcp[cold];
    unsigned long flags;

    free_pages_check(page, 0);
    flags = local_irq_save();
    count_vm_event(PGFREE);
    pcp_add(pcp, page);
    if (pcp->count >= pcp->high) {
        pcp_drain(zone, pcp, pcp->batch);
        note_freed(zone);
    }
    local_irq_restore(flags);
    if (unlikely(trace_enabled || mm_check_always))
        tell_free(page, 0);
}

static void free_pages_ok(struct page *page, unsigned order)
{
    unsigned long flags;

    free_pages_check(page, order);
    flags = local_irq_save();
    count_vm_events(PGFREE, 1ul << order);
    __free_one_block(page_zone(page), page, order);
    note_freed(page_zone(page));
    tell_watermarks(page_zone(page));
    local_irq_restore(flags);
    if (unlikely(trace_enabled || mm_check_always))
        tell_free(page, order);
}

void __free_pages(struct page *page, unsigned int order)
{
    VM_BUG_ON(page_count(page) <= 0);
    if (!atomic_dec_and_test(&page->_count))
        return;
    if (order == 0)
        free_hot_cold_page(page, false);
    else
        free_pages_ok(page, order);
}

void free_pages(unsigned long addr, unsigned int order)
{
    if (addr)
        __free_pages(virt_to_page((void *)addr), order);
}

/* The largest order of a block that starts at pfn and ends by `end`. */
static unsigned largest_order(unsigned long pfn, unsigned long end)
{
    unsigned order = 0;

    while (order < MAX_ORDER - 1 && !(pfn & ((2ul << order) - 1)) && (2ul << order) <= end - pfn)
        order++;
    return order;
}

void free_reserved_range(unsigned long start, unsigned long end)
{
    while (start < end) {
        struct page *page = pfn_to_page(start);
        /* A zone begins on a block boundary or is smaller than one: the largest order is bounded by the zone's end. */
        const struct zone *zone = page_zone(page);
        unsigned long limit = min_t(unsigned long, end, zone->zone_start_pfn + zone->spanned_pages);
        unsigned order = largest_order(start, limit);

        for (struct page *p = page; p < page + (1ul << order); p++) {
            BUG_ON(!PageReserved(p));
            p->flags &= ~(1u << PG_reserved | 1u << PG_kernel);
        }
        unsigned long flags = local_irq_save();
        __free_one_block(page_zone(page), page, order);
        tell_watermarks(page_zone(page));
        local_irq_restore(flags);
        start += 1ul << order;
    }
}

/* ---- checker ---- */

static void check_block(const struct zone *zone, const struct page *head, unsigned order)
{
    unsigned long pfn = page_to_pfn(head);

    if (!PageBuddy(head) || head->private != order || (pfn & ((1ul << order) - 1)))
        page_state_broken(head, "wrong block on a free list");
    if (order < MAX_ORDER - 1 && free_buddy(zone, pfn, order))
        page_state_broken(head, "block and its buddy both free");
    for (unsigned long i = 0; i < 1ul << order; i++) {
        if (page_zone(head + i) != zone || page_count(head + i) || page_mapcount(head + i) ||
            (i && PageBuddy(head + i)))
            page_state_broken(head + i, "frame of a free block in use");
    }
}

static void check_zone(const struct zone *zone)
{
    unsigned long free = 0;

    for (unsigned order = 0; order < MAX_ORDER; order++) {
        unsigned long blocks = 0;
        const struct page *page;

        list_for_each_entry (page, &zone->free_area[order].free_list, lru) {
            check_block(zone, page, order);
            blocks++;
        }
        if (blocks != zone->free_area[order].nr_free)
            panic("zone %s: order %u has %lu blocks, counts %lu", zone->name, order, blocks,
                  zone->free_area[order].nr_free);
        free += blocks << order;
    }
    if (free != zone->free_pages || (long)free != zone->vm_stat[NR_FREE_PAGES])
        panic("zone %s: %lu pages on the free lists, counts %lu and %ld", zone->name, free, zone->free_pages,
              zone->vm_stat[NR_FREE_PAGES]);
}

static void check_pageset(const struct zone *zone, const struct per_cpu_pages *pcp)
{
    const struct page *page;
    int count = 0;

    list_for_each_entry (page, &pcp->list, lru) {
        if (page_zone(page) != zone || page_count(page) || !(page->flags & 1u << PG_pcp))
            page_state_broken(page, "wrong page in a pageset");
        count++;
    }
    if (count != pcp->count)
        panic("zone %s: pageset holds %d pages, counts %d", zone->name, count, pcp->count);
}

void check_buddy(void)
{
    unsigned long flags = local_irq_save();
    struct zone *zone;

    for_each_zone (zone) {
        if (!zone_populated(zone))
            continue;
        check_zone(zone);
        check_pageset(zone, &zone->pageset[0].pcp[0]);
        check_pageset(zone, &zone->pageset[0].pcp[1]);
    }
    local_irq_restore(flags);
}
