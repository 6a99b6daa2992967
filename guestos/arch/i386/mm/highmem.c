/*
 * kmap_atomic: a slot of the fixmap area for each use. The holder must not sleep; an interrupt handler uses slots of
 * its own. A slot's entry is clear and flushed whenever nobody holds it, so that setting it needs no flush.
 */
#include "mm/internal.h"

static unsigned long slot_address(enum km_type type) { return fix_to_virt(FIX_KMAP_BEGIN + (unsigned)type); }

void *kmap_atomic(struct page *page, enum km_type type)
{
    if (!PageHighMem(page))
        return page_address(page);
    set_fixmap_pte(slot_address(type), pfn_pte(page_to_pfn(page), PAGE_KERNEL));
    return (void *)slot_address(type);
}

void kunmap_atomic(void *address, enum km_type type)
{
    unsigned long slot = slot_address(type);

    if (((unsigned long)address & PAGE_MASK) != slot)
        return;
    set_fixmap_pte(slot, (pte_t){0});
    invlpg(slot);
}
