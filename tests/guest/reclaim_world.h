/* What the tests of reclaim share: two address spaces, a file whose pages can be written out, and their pages. */
#ifndef TESTS_GUEST_RECLAIM_WORLD_H
#define TESTS_GUEST_RECLAIM_WORLD_H

#include "world.h"
#include "mm/mm_inline.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static struct mm_struct *mm;
static struct resources empty;

static inline void start(void)
{
    world_boot(48 * MIB, "highmem=16M");
    empty = resources_now();
    mm = world_enter_mm();
}

static inline void finish(void)
{
    world_leave_mm();
    check_resources(&empty, "at the end");
    CHECK_EQ(open_files, 0);
    CHECK_EQ(global_page_state(NR_ANON_PAGES), 0);
    CHECK_EQ(global_page_state(NR_FILE_MAPPED), 0);
    CHECK_EQ(global_page_state(NR_FILE_PAGES), 0);
}

static inline void enter(struct mm_struct *next)
{
    activate_mm(current->active_mm, next);
    atomic_inc(&next->mm_count);
    mmdrop(current->active_mm);
    current->mm = current->active_mm = next;
    mm = next;
}

static inline unsigned long map(struct file *file, unsigned long pages, unsigned long prot, unsigned long flags)
{
    unsigned long got = do_mmap_pgoff(file, 0, pages << PAGE_SHIFT, prot, flags, 0);

    CHECKF(!IS_ERR_VALUE(got), "mmap: %ld", (long)got);
    return got;
}

static inline u8 read_byte(unsigned long address)
{
    u8 value = 0xee;

    CHECKF(user_read(address, &value), "signal %d at %08lx", last_signal, address);
    return value;
}

static inline void write_byte(unsigned long address, u8 value)
{
    CHECKF(user_write(address, value), "signal %d at %08lx", last_signal, address);
}

static inline pte_t entry(unsigned long address)
{
    pte_t *ptep = walk_to_pte(mm, address);

    return ptep ? *ptep : (pte_t){0};
}

/* The page that is mapped at address. */
static inline struct page *page_at(unsigned long address)
{
    CHECKF(pte_present(entry(address)), "nothing at %08lx", address);
    return pfn_to_page(pte_pfn(entry(address)));
}

static inline void hear_all(void)
{
    trace_enabled = true;
    told_count = 0;
}

#endif
