/*
 * The page cache: the pages of a file by index, shared by read, write and mmap. Writes are in mm/filemap_write.c.
 *
 * Held true:
 *   1. A page in the tree has mapping and index set and is referenced once by the cache; nrpages counts them.
 *   2. PG_locked is held while a page is filled, and to take it out. PG_uptodate, once set, stays while it is in the
 * cache.
 *   3. A page that is up to date may be mapped and copied without its lock.
 *   4. i_size is looked at again after every sleep: no page behind the end is handed out.
 *   5. page->mapping is looked at again after every sleep: truncation and reclaim take pages out meanwhile.
 * kmap and not kmap_atomic where user memory is copied: such a copy may fault, sleep and use the atomic windows itself.
 */
#include "mm/pagemap.h"
#include "mm/highmem.h"
#include "mm/vmstat.h"
#include "mm/writeback.h"
#include "fs/fs.h"
#include "kernel/trace.h"
#include "asm/uaccess.h"

static unsigned long pages_of(loff_t size) { return (unsigned long)((size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT); }

void address_space_init(struct address_space *mapping, struct inode *host, const struct address_space_operations *ops)
{
    mapping->host = host;
    mapping->page_tree = (struct radix_tree_root)RADIX_TREE_INIT(GFP_KERNEL);
    mapping->i_mmap = PRIO_TREE_ROOT;
    INIT_LIST_HEAD(&mapping->i_mmap_nonlinear);
    INIT_LIST_HEAD(&mapping->private_list);
    mapping->nrpages = 0;
    mapping->a_ops = ops;
    mapping->gfp_mask = GFP_HIGHUSER;
}

struct page *find_get_page(struct address_space *mapping, unsigned long index)
{
    struct page *page = radix_tree_lookup(&mapping->page_tree, index);
    if (page)
        get_page(page);
    return page;
}

int add_to_page_cache(struct page *page, struct address_space *mapping, unsigned long index, gfp_t gfp)
{
    mapping->page_tree.gfp_mask = gfp & ~(__GFP_HIGHMEM | __GFP_ZERO);
    int error = radix_tree_insert(&mapping->page_tree, index, page);
    if (error)
        return error;
    get_page(page);
    SetPageLocked(page);
    page->mapping = mapping;
    page->index = (u32)index;
    mapping->nrpages++;
    page_zone(page)->vm_stat[NR_FILE_PAGES]++;
    lru_cache_add(page);
    TRACE(FLT_MM_FILEMAP_ADD, flt_mm_filemap, .pfn = (u32)page_to_pfn(page), .inode = mapping->host->i_ino,
          .index = page->index);
    return 0;
}

void remove_from_page_cache(struct page *page)
{
    struct address_space *mapping = page->mapping;
    BUG_ON(!PageLocked(page) || PageWriteback(page));
    cancel_dirty_page(page);
    radix_tree_delete(&mapping->page_tree, page->index);
    TRACE(FLT_MM_FILEMAP_DELETE, flt_mm_filemap, .pfn = (u32)page_to_pfn(page), .inode = mapping->host->i_ino,
          .index = page->index);
    page->mapping = NULL;
    mapping->nrpages--;
    page_zone(page)->vm_stat[NR_FILE_PAGES]--;
    put_page(page);
}

/* The page at index, in the cache, perhaps not up to date. *fresh: made now, and locked. ERR_PTR(-ENOMEM). */
static struct page *find_or_add(struct address_space *mapping, unsigned long index, bool *fresh)
{
    *fresh = false;
    for (;;) {
        struct page *page = find_get_page(mapping, index);
        if (page)
            return page;
        page = alloc_page(mapping->gfp_mask);
        if (!page)
            return ERR_PTR(-ENOMEM);
        int error = add_to_page_cache(page, mapping, index, mapping->gfp_mask);
        if (!error) {
            *fresh = true;
            return page;
        }
        put_page(page);
        if (error != -EEXIST)
            return ERR_PTR(error);
    }
}

/* Fills a locked page; it is unlocked afterwards. *major: the data had to be waited for. */
static int fill_page(struct address_space *mapping, struct file *file, struct page *page, bool *major)
{
    ClearPageError(page); /* of an earlier try */
    int error = mapping->a_ops->readpage(file, page);
    if (error)
        return error;
    if (PageLocked(page)) {
        *major = true;
        wait_on_page_locked(page);
    }
    return PageUptodate(page) ? 0 : -EIO;
}

struct page *read_cache_page(struct address_space *mapping, struct file *file, unsigned long index, bool *major)
{
    bool fresh;
    *major = false;
    for (;;) {
        struct page *page = find_or_add(mapping, index, &fresh);
        if (IS_ERR(page) || PageUptodate(page))
            return page;
        if (!fresh && PageLocked(page))
            *major = true; /* read ahead, and not there yet */
        if (!fresh)
            lock_page(page);
        if (page->mapping != mapping) { /* truncated while this task slept */
            unlock_page(page);
            put_page(page);
            continue;
        }
        if (PageUptodate(page)) {
            unlock_page(page);
            return page;
        }
        int error = fill_page(mapping, file, page, major);
        if (!error)
            return page;
        bool truncated = page->mapping != mapping;
        put_page(page);
        if (!truncated)
            return ERR_PTR(error);
    }
}

struct page *find_lock_page(struct address_space *mapping, unsigned long index)
{
    for (;;) {
        struct page *page = find_get_page(mapping, index);
        if (!page)
            return NULL;
        lock_page(page);
        if (page->mapping == mapping)
            return page;
        unlock_page(page);
        put_page(page);
    }
}

/* The page at index, locked, perhaps not up to date; a fresh one when it is not there. NULL: no memory. */
struct page *find_or_create_page(struct address_space *mapping, unsigned long index, gfp_t gfp)
{
    for (;;) {
        struct page *page = find_lock_page(mapping, index);
        if (page)
            return page;
        page = alloc_page(gfp);
        if (!page)
            return NULL;
        int error = add_to_page_cache(page, mapping, index, gfp);
        if (!error)
            return page;
        put_page(page);
        if (error != -EEXIST)
            return NULL;
    }
}

/* ERR_PTR on failure. */
struct page *read_locked_page(struct address_space *mapping, unsigned long index)
{
    bool major;
    for (;;) {
        struct page *page = read_cache_page(mapping, NULL, index, &major);
        if (IS_ERR(page))
            return page;
        lock_page(page);
        if (page->mapping == mapping)
            return page;
        unlock_page(page);
        put_page(page);
    }
}

struct page *grab_cache_page(struct address_space *mapping, unsigned long index)
{
    struct page *page = read_locked_page(mapping, index);
    return IS_ERR(page) ? NULL : page;
}

/* ---- read ---- */

struct read_state {
    struct file *file;
    char __user *to;
    size_t left;
    loff_t pos;
};

/* Small reads one after the other are one use of the page. */
static void note_use(struct file_ra_state *ra, struct page *page, unsigned long index, u32 offset, u32 bytes)
{
    if (ra->prev_index != index || ra->prev_offset != offset)
        mark_page_accessed(page);
    ra->prev_index = index;
    ra->prev_offset = offset + bytes;
}

/* Copies what one page holds of the rest. Bytes, 0 at the end of the file, or -errno. */
static ssize_t read_one_page(struct read_state *state)
{
    struct address_space *mapping = state->file->f_mapping;
    bool major;
    if (state->pos >= mapping->host->i_size)
        return 0;
    unsigned long index = (unsigned long)(state->pos >> PAGE_SHIFT);
    page_cache_readahead(state->file, index, pages_of((state->pos & (PAGE_SIZE - 1)) + (loff_t)state->left));
    struct page *page = read_cache_page(mapping, state->file, index, &major);
    if (IS_ERR(page))
        return PTR_ERR(page);
    u32 offset = (u32)state->pos & (PAGE_SIZE - 1);
    loff_t in_file = mapping->host->i_size - state->pos;
    size_t bytes = min_t(size_t, state->left, PAGE_SIZE - offset);
    if (in_file < (loff_t)bytes)
        bytes = in_file > 0 ? (size_t)in_file : 0;
    char *from = kmap(page);
    size_t missed = copy_to_user(state->to, from + offset, bytes);
    kunmap(page);
    note_use(&state->file->f_ra, page, index, offset, (u32)bytes);
    put_page(page);
    if (bytes && missed == bytes)
        return -EFAULT;
    return (ssize_t)(bytes - missed);
}

ssize_t generic_file_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    struct read_state state = {file, to, count, *pos};
    ssize_t n = 0;
    while (state.left) {
        n = read_one_page(&state);
        if (n <= 0)
            break;
        state.to += n;
        state.pos += n;
        state.left -= (size_t)n;
        cond_resched();
    }
    *pos = state.pos;
    touch_atime(file->f_inode);
    ssize_t done = (ssize_t)(count - state.left);
    return done ? done : n;
}

ssize_t kernel_read(struct file *file, loff_t pos, void *to, size_t count)
{
    struct address_space *mapping = file->f_mapping;
    size_t done = 0;
    if (pos < 0)
        return -EINVAL;
    while (done < count && pos < mapping->host->i_size) {
        bool major;
        unsigned long index = (unsigned long)(pos >> PAGE_SHIFT);
        page_cache_readahead(file, index, pages_of((pos & (PAGE_SIZE - 1)) + (loff_t)(count - done)));
        struct page *page = read_cache_page(mapping, file, index, &major);
        file->f_ra.prev_index = index;
        if (IS_ERR(page))
            return done ? (ssize_t)done : PTR_ERR(page);
        u32 offset = (u32)pos & (PAGE_SIZE - 1);
        loff_t in_file = mapping->host->i_size - pos;
        size_t bytes = min_t(size_t, count - done, PAGE_SIZE - offset);
        if (in_file < (loff_t)bytes)
            bytes = in_file > 0 ? (size_t)in_file : 0;
        char *from = kmap_atomic(page, KM_USER0);
        memcpy((char *)to + done, from + offset, bytes);
        kunmap_atomic(from, KM_USER0);
        mark_page_accessed(page);
        put_page(page);
        done += bytes;
        pos += (loff_t)bytes;
    }
    return (ssize_t)done;
}

/* ---- mmap ---- */

unsigned int filemap_fault(struct vm_area_struct *vma, struct vm_fault *vmf)
{
    struct address_space *mapping = vma->vm_file->f_mapping;
    bool major;
    for (;;) {
        if (vmf->pgoff >= pages_of(mapping->host->i_size))
            return VM_FAULT_SIGBUS;
        fault_readahead(vma, vmf->pgoff);
        struct page *page = read_cache_page(mapping, vma->vm_file, vmf->pgoff, &major);
        vma->vm_file->f_ra.prev_index = vmf->pgoff;
        if (IS_ERR(page))
            return PTR_ERR(page) == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
        if (page->mapping == mapping) {
            mark_page_accessed(page);
            vmf->page = page;
            return major ? VM_FAULT_MAJOR : VM_FAULT_MINOR;
        }
        put_page(page);
    }
}

static const struct vm_operations_struct generic_file_vm_ops = {.fault = filemap_fault};

int generic_file_mmap(struct file *file, struct vm_area_struct *vma)
{
    if (!file->f_mapping->a_ops || !file->f_mapping->a_ops->readpage)
        return -ENODEV;
    touch_atime(file->f_inode);
    vma->vm_ops = &generic_file_vm_ops;
    return 0;
}
