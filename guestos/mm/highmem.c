/*
 * kmap: lasting windows onto high frames. One page table of 1024 entries at PKMAP_BASE.
 *
 *   count 0   the entry is clear and the TLB knows nothing of it: may be given out
 *   count 1   no user; the entry (and the TLB) may still name the old page, so that mapping it again costs nothing
 *   count n   n - 1 users
 *
 * Entries are handed out in a circle. When the circle closes, every entry with count 1 is cleared and the TLB flushed
 * once for all of them. When there is none, the caller sleeps until a user lets go. A low frame is always mapped.
 * (kmap_atomic is the processor's matter: arch/i386/mm/highmem.c.)
 */
#include "mm/internal.h"

#define PKMAP_HASH 128

struct pkmap_slot {
    struct page *page;
    int count;
    struct list_head hash; /* in pkmap_hash while page is set */
};

pte_t *pkmap_page_table;
static struct pkmap_slot pkmap[LAST_PKMAP];
static struct list_head pkmap_hash[PKMAP_HASH];
static unsigned last_pkmap_nr;
static DECLARE_WAIT_QUEUE_HEAD(pkmap_map_wait);

void kmap_init(void)
{
    for (int i = 0; i < PKMAP_HASH; i++)
        INIT_LIST_HEAD(&pkmap_hash[i]);
}

static struct list_head *hash_of(const struct page *page) { return &pkmap_hash[page_to_pfn(page) % PKMAP_HASH]; }
static void *slot_address(const struct pkmap_slot *slot)
{
    return (void *)(PKMAP_BASE + ((unsigned long)(slot - pkmap) << PAGE_SHIFT));
}

static struct pkmap_slot *find_slot(const struct page *page)
{
    struct pkmap_slot *slot;

    list_for_each_entry (slot, hash_of(page), hash)
        if (slot->page == page)
            return slot;
    return NULL;
}

static void flush_all_zero_pkmaps(void)
{
    unsigned cleared = 0;

    for (struct pkmap_slot *slot = pkmap; slot < pkmap + LAST_PKMAP; slot++) {
        if (slot->count != 1)
            continue;
        set_pte(&pkmap_page_table[slot - pkmap], (pte_t){0});
        list_del(&slot->hash);
        *slot = (struct pkmap_slot){0};
        cleared++;
    }
    if (!cleared)
        return;
    flush_tlb_all();
    TRACE(FLT_PKMAP_FLUSH, flt_kmap, .address = 0, .pfn = cleared);
}

/* A slot with count 0, or NULL when all have users: twice around, so that a whole circle follows the flush. */
static struct pkmap_slot *find_free_slot(void)
{
    for (int tries = 2 * LAST_PKMAP; tries; tries--) {
        last_pkmap_nr = (last_pkmap_nr + 1) % LAST_PKMAP;
        if (!last_pkmap_nr)
            flush_all_zero_pkmaps();
        if (!pkmap[last_pkmap_nr].count)
            return &pkmap[last_pkmap_nr];
    }
    return NULL;
}

static struct pkmap_slot *map_new(struct page *page)
{
    struct pkmap_slot *slot = find_free_slot();

    if (!slot)
        return NULL;
    set_pte(&pkmap_page_table[slot - pkmap], pfn_pte(page_to_pfn(page), PAGE_KERNEL));
    slot->page = page;
    slot->count = 1;
    list_add(&slot->hash, hash_of(page));
    return slot;
}

void *kmap(struct page *page)
{
    struct pkmap_slot *slot;

    if (!PageHighMem(page))
        return page_address(page);
    wait_event(pkmap_map_wait, (slot = find_slot(page)) || (slot = map_new(page)));
    slot->count++;
    TRACE(FLT_KMAP, flt_kmap, .address = (u32)slot_address(slot), .pfn = (u32)page_to_pfn(page));
    return slot_address(slot);
}

void kunmap(struct page *page)
{
    struct pkmap_slot *slot;

    if (!PageHighMem(page))
        return;
    slot = find_slot(page);
    BUG_ON(!slot || slot->count < 2);
    TRACE(FLT_KUNMAP, flt_kmap, .address = (u32)slot_address(slot), .pfn = (u32)page_to_pfn(page));
    if (--slot->count == 1 && !list_empty(&pkmap_map_wait.task_list))
        wake_up(&pkmap_map_wait);
}

void clear_highpage(struct page *page)
{
    void *address = kmap_atomic(page, KM_USER0);

    clear_page(address);
    kunmap_atomic(address, KM_USER0);
}

void copy_highpage(struct page *to, struct page *from)
{
    void *source = kmap_atomic(from, KM_USER0), *target = kmap_atomic(to, KM_USER1);

    copy_page(target, source);
    kunmap_atomic(target, KM_USER1);
    kunmap_atomic(source, KM_USER0);
}
