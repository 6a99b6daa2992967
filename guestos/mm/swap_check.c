/*
 * The debug check of the swap map: every slot's use count is the number of page-table entries, entries in shmem trees
 * and pages of the swap cache that name it. As check_mapcounts does, it takes each one's share off the counts, looks
 * whether nothing is left, and gives it back.
 */
#include "mm/internal.h"
#include "mm/swapfile.h"

static void add_to_slot(swp_entry_t entry, int delta)
{
    const struct swap_info_struct *area = &swap_info[swp_type(entry) % MAX_SWAPFILES];
    u16 *count;

    if (!(area->flags & SWP_USED) || swp_offset(entry) >= area->max)
        panic("swap: an entry names slot %lu of area %u, which does not exist", swp_offset(entry), swp_type(entry));
    count = &area->swap_map[swp_offset(entry)];
    if (*count == SWAP_MAP_BAD)
        panic("swap: an entry names slot %lu of area %u, which is bad", swp_offset(entry), swp_type(entry));
    if (*count != SWAP_MAP_MAX)
        *count = (u16)(*count + delta);
}

/* Each entry of mm that names a slot. */
static void add_mm(const struct mm_struct *mm, int delta)
{
    unsigned long found = 0;

    for (const struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next) {
        for (unsigned long at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
            const pte_t *ptep = walk_to_pte((struct mm_struct *)mm, at);

            if (!ptep) {
                at |= PGDIR_SIZE - PAGE_SIZE; /* the next step leaves this table */
                continue;
            }
            if (!pte_is_swap(*ptep))
                continue;
            add_to_slot(pte_to_swp_entry(*ptep), delta);
            found++;
        }
    }
    if (found != mm->swap_usage)
        panic("mm %08lx: %lu entries name slots, swap_usage is %lu", (unsigned long)mm, found, mm->swap_usage);
}

static void check_cached_page(const struct page *page, unsigned long last)
{
    if (!PageSwapCache(page) || page->private < last || PageBuddy(page) || page_count(page) < 1)
        page_state_broken(page, "in the tree of the swap cache, but not a page of it");
    if (page->mapping && !PageAnon(page))
        page_state_broken(page, "in the swap cache and in a file");
}

static unsigned long add_cache(int delta)
{
    unsigned long next = 0, found = 0;
    struct page *pages[16];
    unsigned count;

    while ((count = radix_tree_gang_lookup(&swapper_space.page_tree, (void **)pages, next, ARRAY_SIZE(pages))) > 0) {
        for (unsigned i = 0; i < count; i++) {
            check_cached_page(pages[i], next);
            next = pages[i]->private + 1ul;
            add_to_slot((swp_entry_t){pages[i]->private}, delta);
        }
        found += count;
    }
    return found;
}

static void add_all(int delta)
{
    const struct mm_struct *mm;

    list_for_each_entry (mm, &init_mm.mmlist, mmlist)
        add_mm(mm, delta);
    shmem_for_each_swap(add_to_slot, delta);
    if (add_cache(delta) != swapper_space.nrpages)
        panic("swap: the swap cache has not the %lu pages that it counts", swapper_space.nrpages);
}

/* Free slots, of areas that are in order otherwise. */
static unsigned long check_area(const struct swap_info_struct *area)
{
    unsigned long in_use = 0, good = 0;

    for (u32 slot = 0; slot < area->max; slot++) {
        good += area->swap_map[slot] != SWAP_MAP_BAD;
        in_use += area->swap_map[slot] && area->swap_map[slot] != SWAP_MAP_BAD;
        if (!area->swap_map[slot] && (slot < area->lowest_bit || slot > area->highest_bit))
            panic("swap: free slot %u of area %u is outside of [%u, %u]", slot, area->type, area->lowest_bit,
                  area->highest_bit);
    }
    if (good != area->pages || in_use != area->inuse_pages)
        panic("swap: area %u has %lu slots and %lu in use, its counts say %u and %u", area->type, good, in_use,
              area->pages, area->inuse_pages);
    return good - in_use;
}

static void check_slots_are_named(const struct swap_info_struct *area)
{
    for (u32 slot = 0; slot < area->max; slot++)
        if (area->swap_map[slot] && area->swap_map[slot] != SWAP_MAP_MAX && area->swap_map[slot] != SWAP_MAP_BAD)
            panic("swap: slot %u of area %u counts %d users more than there are", slot, area->type,
                  (s16)area->swap_map[slot]);
}

void check_swap_map(void)
{
    unsigned long free_slots = 0, all = 0;

    for (unsigned type = 0; type < MAX_SWAPFILES; type++) {
        unsigned long free_here = swap_info[type].flags & SWP_USED ? check_area(&swap_info[type]) : 0;

        free_slots += swap_info[type].flags & SWP_WRITEOK ? free_here : 0;
        all += swap_info[type].flags & SWP_WRITEOK ? swap_info[type].pages : 0;
    }
    if (free_slots != nr_swap_pages || all != total_swap_pages)
        panic("swap: %lu of %lu slots are free, nr_swap_pages says %lu of %lu", free_slots, all, nr_swap_pages,
              total_swap_pages);
    add_all(-1);
    for (unsigned type = 0; type < MAX_SWAPFILES; type++)
        if (swap_info[type].flags & SWP_USED)
            check_slots_are_named(&swap_info[type]);
    add_all(1);
}
