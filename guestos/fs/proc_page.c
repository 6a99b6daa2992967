/*
 * /proc/kpageflags and /proc/kpagecount: a word of 8 bytes for each frame of RAM, by number; read where the reader is.
 * The bits are Linux's KPF_ ones, whatever the bits of page->flags are here.
 */
#include "fs/proc.h"
#include "fs/vfs.h"
#include "asm/uaccess.h"
#include "mm/mm.h"

#define KPF_LOCKED 0
#define KPF_ERROR 1
#define KPF_REFERENCED 2
#define KPF_UPTODATE 3
#define KPF_DIRTY 4
#define KPF_LRU 5
#define KPF_ACTIVE 6
#define KPF_SLAB 7
#define KPF_WRITEBACK 8
#define KPF_RECLAIM 9
#define KPF_BUDDY 10
#define KPF_MMAP 11
#define KPF_ANON 12
#define KPF_SWAPCACHE 13
#define KPF_SWAPBACKED 14
#define KPF_NOPAGE 20
#define KPF_ZERO_PAGE 24
#define KPF_PGTABLE 26
#define KPF_RESERVED 32
#define KPF_MAPPEDTODISK 34
#define KPF_PRIVATE 35

#define WORD 8u

/* Any page of a free block, not its head only. */
static bool is_free_buddy_page(unsigned long pfn)
{
    for (unsigned order = 0; order < MAX_ORDER; order++) {
        const struct page *head = pfn_to_page(pfn & ~((1ul << order) - 1));
        if (PageBuddy(head) && head->private >= order)
            return true;
    }
    return false;
}

static u64 bit(const struct page *page, unsigned flag, unsigned kpf) { return (u64)(page->flags >> flag & 1) << kpf; }

static u64 bits_of_flags(const struct page *page)
{
    return bit(page, PG_locked, KPF_LOCKED) | bit(page, PG_error, KPF_ERROR) |
           bit(page, PG_referenced, KPF_REFERENCED) | bit(page, PG_uptodate, KPF_UPTODATE) |
           bit(page, PG_dirty, KPF_DIRTY) | bit(page, PG_lru, KPF_LRU) | bit(page, PG_active, KPF_ACTIVE) |
           bit(page, PG_slab, KPF_SLAB) | bit(page, PG_writeback, KPF_WRITEBACK) | bit(page, PG_reclaim, KPF_RECLAIM) |
           bit(page, PG_swapcache, KPF_SWAPCACHE) | bit(page, PG_table, KPF_PGTABLE) |
           bit(page, PG_reserved, KPF_RESERVED) | bit(page, PG_mappedtodisk, KPF_MAPPEDTODISK) |
           bit(page, PG_private, KPF_PRIVATE);
}

/* Anonymous, or of a file that lives in memory and swap. */
static bool is_swap_backed(struct page *page)
{
    if (PageAnon(page) || PageSwapCache(page))
        return true;
    return page->mapping && page->mapping->host->i_sb->s_magic == TMPFS_MAGIC;
}

static u64 page_flags_word(unsigned long pfn)
{
    struct page *page = pfn_to_page(pfn);
    u64 word = bits_of_flags(page);
    if (!page_count(page) && !PageReserved(page))
        return word | (u64)is_free_buddy_page(pfn) << KPF_BUDDY;
    if (page == empty_zero_page())
        return word | 1ull << KPF_ZERO_PAGE;
    if (PageSlab(page) || PageReserved(page)) /* mapping and _mapcount mean something else there, or nothing */
        return word;
    if (page_mapcount(page) > 0)
        word |= 1ull << KPF_MMAP;
    if (PageAnon(page))
        word |= 1ull << KPF_ANON;
    if (is_swap_backed(page))
        word |= 1ull << KPF_SWAPBACKED;
    return word;
}

static u64 page_count_word(unsigned long pfn)
{
    const struct page *page = pfn_to_page(pfn);
    return PageSlab(page) || page_mapcount(page) < 0 ? 0 : (u64)page_mapcount(page);
}

static ssize_t read_words(char __user *to, size_t count, loff_t *pos, u64 (*word_of)(unsigned long pfn), u64 no_page)
{
    size_t done = 0;
    if (*pos % WORD || count % WORD)
        return -EINVAL;
    for (; done < count && *pos < (loff_t)max_pfn * WORD; done += WORD) {
        unsigned long pfn = (unsigned long)(*pos / WORD);
        u64 word = pfn_valid(pfn) ? word_of(pfn) : no_page;
        if (copy_to_user(to + done, &word, sizeof(word)))
            return done ? (ssize_t)done : -EFAULT;
        *pos += WORD;
    }
    return (ssize_t)done;
}

ssize_t proc_read_kpageflags(const struct proc_context *c, char __user *to, size_t count, loff_t *pos)
{
    (void)c;
    return read_words(to, count, pos, page_flags_word, 1ull << KPF_NOPAGE);
}

ssize_t proc_read_kpagecount(const struct proc_context *c, char __user *to, size_t count, loff_t *pos)
{
    (void)c;
    return read_words(to, count, pos, page_count_word, 0);
}
