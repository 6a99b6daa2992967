/*
 * Shared memory and tmpfs: files that live in the page cache and, when memory is short, in swap.
 *
 * A page of such a file is in the file's tree (and nowhere else), or its contents are in a slot that the file remembers,
 * or neither: a hole, which reads as zeros.
 *
 *      tree --shmem_writepage--> swap cache, and the entry in the file's vector --> written, freed
 *      fault, read, write: a fresh page for the tree --shmem_readpage--> filled from the slot, which is free then
 *
 * The vector is made of blocks of 64 entries, found by a radix tree. A block is made when a page of its range comes
 * into the tree, so that swapping out needs no memory.
 *
 * A page changes between tree and vector under its lock. Truncation takes the tree's pages first and then the vector's
 * entries: what is swapped out meanwhile is found there.
 */
#include "mm/internal.h"
#include "mm/swap.h"

#define BLOCK_SHIFT 6u
#define BLOCK_ENTRIES (1u << BLOCK_SHIFT)

struct swap_block {
    u32 first; /* index of the page of entry 0 */
    swp_entry_t entry[BLOCK_ENTRIES];
};

struct shmem_inode_info {
    struct inode *inode;
    struct list_head list;         /* shmem_inodes */
    struct radix_tree_root blocks; /* by index >> BLOCK_SHIFT */
    unsigned long swapped;         /* entries in them */
    unsigned long accounted;       /* pages promised */
};

static struct list_head shmem_inodes = LIST_HEAD_INIT(shmem_inodes);
static kmem_cache_t *info_cachep, *block_cachep;
unsigned long shmem_committed;

void shmem_cache_init(void)
{
    info_cachep = kmem_cache_create("shmem_inode_info", sizeof(struct shmem_inode_info), 0, SLAB_PANIC, NULL);
    block_cachep = kmem_cache_create("shmem_swap_block", sizeof(struct swap_block), 0, SLAB_PANIC, NULL);
}

static struct shmem_inode_info *info_of(const struct inode *inode) { return inode->i_private; }

/* ---- the vector ---- */

static struct swap_block *find_block(struct shmem_inode_info *info, unsigned long index)
{
    return radix_tree_lookup(&info->blocks, index >> BLOCK_SHIFT);
}

/* The first block that begins at index or behind it, or contains it; NULL: none. */
static struct swap_block *next_block(struct shmem_inode_info *info, unsigned long index)
{
    void *block;

    return radix_tree_gang_lookup(&info->blocks, &block, index >> BLOCK_SHIFT, 1) ? block : NULL;
}

/* The same, made when there is none. NULL: no memory. */
static struct swap_block *get_block(struct shmem_inode_info *info, unsigned long index, gfp_t gfp)
{
    struct swap_block *block = find_block(info, index);
    int error;

    if (block)
        return block;
    block = kmem_cache_zalloc(block_cachep, gfp);
    if (!block)
        return NULL;
    block->first = (u32)(index & ~(unsigned long)(BLOCK_ENTRIES - 1));
    info->blocks.gfp_mask = gfp;
    error = radix_tree_insert(&info->blocks, index >> BLOCK_SHIFT, block);
    if (!error)
        return block;
    kmem_cache_free(block_cachep, block);
    return error == -EEXIST ? find_block(info, index) : NULL; /* another task was faster while this one slept */
}

static swp_entry_t entry_at(struct shmem_inode_info *info, unsigned long index)
{
    const struct swap_block *block = find_block(info, index);

    return block ? block->entry[index % BLOCK_ENTRIES] : (swp_entry_t){0};
}

static void set_entry(struct shmem_inode_info *info, unsigned long index, swp_entry_t entry)
{
    swp_entry_t *at = &find_block(info, index)->entry[index % BLOCK_ENTRIES];

    info->swapped += (entry.val != 0) - (at->val != 0);
    *at = entry;
}

/* The first entry at index or behind it, of an area or (type MAX_SWAPFILES) of any; *index becomes its place. */
static bool next_entry(struct shmem_inode_info *info, unsigned long *index, unsigned type)
{
    const struct swap_block *block;

    while (info->swapped && (block = next_block(info, *index)) != NULL) {
        for (*index = max_t(unsigned long, *index, block->first); *index - block->first < BLOCK_ENTRIES; ++*index) {
            swp_entry_t entry = block->entry[*index % BLOCK_ENTRIES];

            if (entry.val && (type == MAX_SWAPFILES || swp_type(entry) == type))
                return true;
        }
        if (!*index)
            return false; /* the very last block */
    }
    return false;
}

/* ---- coming back ---- */

/* cached: the locked page that has the slot of entry. Fills page from it; the slot is free then. 0 or -EIO. */
static int take_from_slot(struct shmem_inode_info *info, struct page *page, swp_entry_t entry, struct page *cached)
{
    if (entry_at(info, page->index).val != entry.val)
        return 0; /* truncated meanwhile: the caller looks again */
    if (!PageUptodate(cached))
        return -EIO;
    copy_highpage(page, cached);
    SetPageUptodate(page);
    SetPageDirty(page);
    set_entry(info, page->index, (swp_entry_t){0});
    swap_free(entry);
    remove_exclusive_swap_page(cached);
    return 0;
}

static int bring_back(struct shmem_inode_info *info, struct page *page)
{
    int error = 0;

    while (!error && !PageUptodate(page)) {
        swp_entry_t entry = entry_at(info, page->index);
        struct page *cached;

        if (!entry.val)
            return 0;
        cached = lookup_swap_cache(entry);
        if (!cached) {
            swapin_readahead(entry, 0, NULL);
            cached = read_swap_cache_async(entry, NULL, 0);
        }
        if (!cached && entry_at(info, page->index).val == entry.val)
            return -ENOMEM;
        if (!cached)
            continue;
        if (lock_swap_page(cached, entry))
            error = take_from_slot(info, page, entry, cached);
        unlock_page(cached);
        put_page(cached);
    }
    return error;
}

static int shmem_readpage(struct file *file, struct page *page)
{
    struct shmem_inode_info *info = info_of(page->mapping->host);
    int error = get_block(info, page->index, GFP_KERNEL) ? bring_back(info, page) : -ENOMEM;

    (void)file;
    if (!error && !PageUptodate(page)) {
        clear_highpage(page);
        SetPageUptodate(page);
    }
    unlock_page(page);
    return error;
}

/* ---- going out ---- */

/* Reclaim alone asks, with the page unmapped: any other reference may still be written through. */
static bool may_go(const struct page *page, const struct writeback_control *wbc)
{
    return wbc->for_reclaim && page_count(page) <= 2 && !page_mapcount(page);
}

/* The page leaves the tree for the swap cache, the vector remembers the slot. false: no slot or no memory. */
static bool move_to_slot(struct page *page)
{
    struct shmem_inode_info *info = info_of(page->mapping->host);
    unsigned long index = page->index;
    swp_entry_t entry;

    if (!get_block(info, index, GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN))
        return false;
    entry = get_swap_page();
    if (!entry.val)
        return false;
    if (move_to_swap_cache(page, entry)) {
        swap_free(entry);
        return false;
    }
    swap_duplicate(entry);
    set_entry(info, index, entry);
    return true;
}

static int shmem_writepage(struct page *page, struct writeback_control *wbc)
{
    if (!may_go(page, wbc) || !move_to_slot(page)) {
        SetPageDirty(page);
        return AOP_WRITEPAGE_ACTIVATE;
    }
    ClearPageDirty(page);
    return swap_writepage(page, wbc);
}

/* The flag is all: nothing but reclaim ever writes these pages. */
static int shmem_set_page_dirty(struct page *page)
{
    bool was_clean = !PageDirty(page);

    SetPageDirty(page);
    return was_clean;
}

static const struct address_space_operations shmem_aops = {
    .readpage = shmem_readpage,
    .writepage = shmem_writepage,
    .set_page_dirty = shmem_set_page_dirty,
};

/* ---- truncation ---- */

static void free_entries(struct shmem_inode_info *info, unsigned long first)
{
    unsigned long index = first;

    while (next_entry(info, &index, MAX_SWAPFILES)) {
        swp_entry_t entry = entry_at(info, index);

        set_entry(info, index, (swp_entry_t){0});
        free_swap_and_cache(entry);
    }
}

static void free_blocks(struct shmem_inode_info *info, unsigned long first)
{
    struct swap_block *block;

    first = (first + BLOCK_ENTRIES - 1) & ~(unsigned long)(BLOCK_ENTRIES - 1);
    while ((block = next_block(info, first)) != NULL) {
        radix_tree_delete(&info->blocks, block->first >> BLOCK_SHIFT);
        kmem_cache_free(block_cachep, block);
    }
}

/* Bytes [from, end of its page) become zero: a page that is swapped out comes back for that. 0 or -errno. */
static int bring_back_tail(struct inode *inode, loff_t from)
{
    unsigned long index = (unsigned long)(from >> PAGE_SHIFT);
    struct page *page;
    bool major;

    if (!((u32)from & (PAGE_SIZE - 1)) || !entry_at(info_of(inode), index).val)
        return 0;
    page = read_cache_page(inode->i_mapping, NULL, index, &major);
    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    set_page_dirty(page);
    put_page(page);
    return 0;
}

static int shmem_truncate(struct inode *inode, loff_t size)
{
    struct shmem_inode_info *info = info_of(inode);
    unsigned long first = (unsigned long)((size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
    int error = size < inode->i_size ? bring_back_tail(inode, size) : 0;

    if (error)
        return error;
    inode->i_size = size;
    truncate_inode_pages(inode->i_mapping, size);
    free_entries(info, first);
    free_blocks(info, first);
    return 0;
}

static const struct inode_operations shmem_inode_operations = {.truncate = shmem_truncate};

/* ---- life ---- */

int shmem_init_inode(struct inode *inode)
{
    struct shmem_inode_info *info = kmem_cache_zalloc(info_cachep, GFP_KERNEL);

    if (!info)
        return -ENOMEM;
    info->inode = inode;
    info->blocks = (struct radix_tree_root)RADIX_TREE_INIT(GFP_KERNEL);
    list_add_tail(&info->list, &shmem_inodes);
    inode->i_private = info;
    inode->i_data.a_ops = &shmem_aops;
    inode->i_op = &shmem_inode_operations;
    return 0;
}

void shmem_evict_inode(struct inode *inode)
{
    struct shmem_inode_info *info = info_of(inode);

    free_entries(info, 0);
    free_blocks(info, 0);
    vm_unacct_memory(info->accounted);
    shmem_committed -= info->accounted;
    list_del(&info->list);
    kmem_cache_free(info_cachep, info);
}

int shmem_account(struct inode *inode, unsigned long pages)
{
    if (security_vm_enough_memory(pages))
        return -ENOMEM;
    info_of(inode)->accounted += pages;
    shmem_committed += pages;
    return 0;
}

/* ---- swapoff, and the checker ---- */

static int unuse_inode(struct shmem_inode_info *info, unsigned type)
{
    unsigned long index = 0;

    for (; next_entry(info, &index, type); index++) {
        bool major;
        struct page *page = read_cache_page(info->inode->i_mapping, NULL, index, &major);

        if (IS_ERR(page))
            return (int)PTR_ERR(page);
        put_page(page);
        if (signal_pending(current))
            return -EINTR;
    }
    return 0;
}

/* Inodes without users are on their way out and free their entries themselves. */
int shmem_unuse(unsigned type)
{
    struct inode *held = NULL; /* what is held stays on the list */
    int error = 0;

    for (struct list_head *at = shmem_inodes.next; at != &shmem_inodes && !error; at = at->next) {
        struct shmem_inode_info *info = list_entry(at, struct shmem_inode_info, list);

        if (!info->swapped || !atomic_read(&info->inode->i_count))
            continue;
        igrab(info->inode);
        iput(held);
        held = info->inode;
        error = unuse_inode(info, type);
    }
    iput(held);
    return error;
}

void shmem_for_each_swap(void (*call)(swp_entry_t entry, int delta), int delta)
{
    struct shmem_inode_info *info;

    list_for_each_entry (info, &shmem_inodes, list) {
        unsigned long found = 0;

        for (unsigned long index = 0; next_entry(info, &index, MAX_SWAPFILES); index++, found++)
            call(entry_at(info, index), delta);
        if (found != info->swapped)
            panic("shmem: inode %u has %lu entries and counts %lu", info->inode->i_ino, found, info->swapped);
    }
}
