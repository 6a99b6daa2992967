/*
 * Reverse mappings (mm/rmap.h has the model) and the counts that go with each page-table entry: an entry that comes to
 * name a page adds one to _mapcount, an entry that stops naming it takes one away. The first and the last change the
 * zone's number of mapped pages.
 */
#include "mm/internal.h"

static kmem_cache_t *anon_vma_cachep;

void anon_vma_init(void)
{
    anon_vma_cachep = kmem_cache_create("anon_vma", sizeof(struct anon_vma), 0, SLAB_PANIC, NULL);
}

static void join(struct vm_area_struct *vma, struct anon_vma *anon_vma)
{
    vma->anon_vma = anon_vma;
    list_add_tail(&vma->anon_vma_node, &anon_vma->head);
}

/* Could the two be one VMA but for the rights? Then they share an anon_vma, so that mprotect back joins them again. */
static bool could_share(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
    unsigned long same = ~(unsigned long)(VM_READ | VM_WRITE | VM_EXEC);

    return a->vm_end == b->vm_start && a->vm_file == b->vm_file && !((a->vm_flags ^ b->vm_flags) & same) &&
           b->vm_pgoff == a->vm_pgoff + vma_pages(a);
}

static struct anon_vma *find_mergeable_anon_vma(struct vm_area_struct *vma)
{
    struct vm_area_struct *prev, *next = vma->vm_next;

    if (next && next->anon_vma && could_share(vma, next))
        return next->anon_vma;
    find_vma_prev(vma->vm_mm, vma->vm_start, &prev);
    if (prev && prev->anon_vma && could_share(prev, vma))
        return prev->anon_vma;
    return NULL;
}

int anon_vma_prepare(struct vm_area_struct *vma)
{
    struct anon_vma *anon_vma;

    if (likely(vma->anon_vma))
        return 0;
    anon_vma = find_mergeable_anon_vma(vma);
    if (!anon_vma) {
        anon_vma = kmem_cache_alloc(anon_vma_cachep, GFP_KERNEL);
        if (!anon_vma)
            return -ENOMEM;
        INIT_LIST_HEAD(&anon_vma->head);
    }
    /* The allocation may have slept, and another thread's fault given the VMA one. */
    if (vma->anon_vma) {
        if (list_empty(&anon_vma->head))
            kmem_cache_free(anon_vma_cachep, anon_vma);
        return 0;
    }
    join(vma, anon_vma);
    return 0;
}

void anon_vma_link(struct vm_area_struct *vma)
{
    if (vma->anon_vma)
        join(vma, vma->anon_vma);
}

void anon_vma_unlink(struct vm_area_struct *vma)
{
    struct anon_vma *anon_vma = vma->anon_vma;

    if (!anon_vma)
        return;
    list_del(&vma->anon_vma_node);
    vma->anon_vma = NULL;
    if (list_empty(&anon_vma->head))
        kmem_cache_free(anon_vma_cachep, anon_vma);
}

void anon_vma_merge(struct vm_area_struct *vma, struct vm_area_struct *next)
{
    VM_BUG_ON(vma->anon_vma && next->anon_vma && vma->anon_vma != next->anon_vma);
    if (!vma->anon_vma && next->anon_vma)
        join(vma, next->anon_vma);
    anon_vma_unlink(next);
}

unsigned long vma_address(const struct page *page, const struct vm_area_struct *vma)
{
    unsigned long address = vma->vm_start + ((page->index - vma->vm_pgoff) << PAGE_SHIFT);

    if (page->index < vma->vm_pgoff || page->index - vma->vm_pgoff >= vma_pages(vma))
        return (unsigned long)-EFAULT;
    return address;
}

/* vma has its anon_vma; address is in vma. */
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
    VM_BUG_ON(!vma->anon_vma || address < vma->vm_start || address >= vma->vm_end);
    if (!atomic_inc_and_test(&page->_mapcount))
        return;
    page->mapping = (struct address_space *)((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON);
    page->index = (u32)(vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT));
    inc_zone_page_state(page, NR_ANON_PAGES);
}

void page_add_file_rmap(struct page *page)
{
    if (atomic_inc_and_test(&page->_mapcount))
        inc_zone_page_state(page, NR_FILE_MAPPED);
}

void page_dup_rmap(struct page *page)
{
    VM_BUG_ON(!page_mapcount(page));
    atomic_inc(&page->_mapcount);
}

void page_remove_rmap(struct page *page)
{
    if (unlikely(page_mapcount(page) <= 0))
        page_state_broken(page, "unmapped more often than it was mapped");
    if (atomic_add_negative(-1, &page->_mapcount))
        dec_zone_page_state(page, PageAnon(page) ? NR_ANON_PAGES : NR_FILE_MAPPED);
}
