/*
 * The regions of an address space: one VMA for each run of pages of one kind.
 *
 * What holds whenever mmap_sem is free:
 *   - VMAs are not empty, page aligned, below task_size, and do not overlap;
 *   - the list (mmap, vm_next) and the tree (mm_rb) hold the same VMAs in the order of addresses; map_count of them;
 *   - a VMA with a file is in that file's index (i_mmap, or i_mmap_nonlinear), one with an anon_vma on its list;
 *   - two neighbours that could be one VMA usually are: whoever changes a range joins it with what is around.
 *
 * A change to a part of a VMA splits first (isolate_range), changes whole VMAs, and joins last (merge_range): three
 * steps of which only the first can fail, and which leave the same map as doing it at once.
 */
#include "mm/internal.h"

kmem_cache_t *vm_area_cachep;
int sysctl_max_map_count = DEFAULT_MAX_MAP_COUNT;

void vma_init(void)
{
    vm_area_cachep = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 0, SLAB_PANIC, NULL);
}

/* Never writable: memory.c makes entries so when they are written through. i386 has no right to execute to withhold. */
pgprot_t vm_get_page_prot(unsigned long vm_flags)
{
    return vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? PAGE_READONLY : PAGE_NONE;
}

/* ---- life ---- */

struct vm_area_struct *vma_alloc(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long vm_flags)
{
    struct vm_area_struct *vma = kmem_cache_zalloc(vm_area_cachep, GFP_KERNEL);

    if (!vma)
        return NULL;
    vma->vm_mm = mm;
    vma->vm_start = start;
    vma->vm_end = end;
    vma->vm_flags = vm_flags;
    vma->vm_page_prot = vm_get_page_prot(vm_flags);
    vma->vm_pgoff = start >> PAGE_SHIFT;
    return vma;
}

struct vm_area_struct *vma_copy(const struct vm_area_struct *vma)
{
    struct vm_area_struct *copy = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL);

    if (!copy)
        return NULL;
    *copy = *vma;
    copy->vm_next = NULL;
    anon_vma_link(copy);
    if (copy->vm_file)
        get_file(copy->vm_file);
    if (copy->vm_ops && copy->vm_ops->open)
        copy->vm_ops->open(copy);
    return copy;
}

void vma_free(struct vm_area_struct *vma)
{
    struct file *file = vma->vm_file;

    if (vma->vm_ops && vma->vm_ops->close)
        vma->vm_ops->close(vma);
    anon_vma_unlink(vma);
    kmem_cache_free(vm_area_cachep, vma);
    if (file)
        fput(file);
}

/* ---- the file's index of its mappings ---- */

void vma_index_insert(struct vm_area_struct *vma)
{
    struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;

    if (!mapping)
        return;
    if (vma->vm_flags & VM_NONLINEAR) {
        list_add_tail(&vma->shared.nonlinear, &mapping->i_mmap_nonlinear);
        return;
    }
    vma->shared.node.start = vma->vm_pgoff;
    vma->shared.node.last = vma->vm_pgoff + vma_pages(vma) - 1;
    prio_tree_insert(&mapping->i_mmap, &vma->shared.node);
}

void vma_index_remove(struct vm_area_struct *vma)
{
    if (!vma->vm_file)
        return;
    if (vma->vm_flags & VM_NONLINEAR)
        list_del(&vma->shared.nonlinear);
    else
        prio_tree_remove(&vma->vm_file->f_mapping->i_mmap, &vma->shared.node);
}

void vma_adjust(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long pgoff)
{
    vma_index_remove(vma);
    vma->vm_start = start;
    vma->vm_end = end;
    vma->vm_pgoff = pgoff;
    vma_index_insert(vma);
}

/* ---- list and tree ---- */

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *vma = mm->mmap_cache;
    struct rb_node *node = mm->mm_rb.rb_node;

    if (vma && vma->vm_start <= addr && addr < vma->vm_end)
        return vma;
    vma = NULL;
    while (node) {
        struct vm_area_struct *here = rb_entry(node, struct vm_area_struct, vm_rb);

        if (here->vm_end <= addr) {
            node = node->rb_right;
            continue;
        }
        vma = here;
        if (here->vm_start <= addr)
            break;
        node = node->rb_left;
    }
    if (vma)
        mm->mmap_cache = vma;
    return vma;
}

static struct vm_area_struct *vma_before(const struct vm_area_struct *vma)
{
    struct rb_node *node = rb_prev(&vma->vm_rb);

    return node ? rb_entry(node, struct vm_area_struct, vm_rb) : NULL;
}

static struct vm_area_struct *last_vma(const struct mm_struct *mm)
{
    struct rb_node *node = mm->mm_rb.rb_node;

    while (node && node->rb_right)
        node = node->rb_right;
    return node ? rb_entry(node, struct vm_area_struct, vm_rb) : NULL;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr, struct vm_area_struct **prev)
{
    struct vm_area_struct *vma = find_vma(mm, addr);

    *prev = vma ? vma_before(vma) : last_vma(mm);
    return vma;
}

void insert_vm_struct(struct mm_struct *mm, struct vm_area_struct *vma)
{
    struct rb_node **link = &mm->mm_rb.rb_node, *parent = NULL;
    struct vm_area_struct *prev = NULL;

    while (*link) {
        parent = *link;
        struct vm_area_struct *here = rb_entry(parent, struct vm_area_struct, vm_rb);

        BUG_ON(here->vm_start < vma->vm_end && vma->vm_start < here->vm_end);
        if (vma->vm_end <= here->vm_start) {
            link = &parent->rb_left;
        } else {
            prev = here;
            link = &parent->rb_right;
        }
    }
    rb_link_node(&vma->vm_rb, parent, link);
    rb_insert_color(&vma->vm_rb, &mm->mm_rb);
    vma->vm_next = prev ? prev->vm_next : mm->mmap;
    *(prev ? &prev->vm_next : &mm->mmap) = vma;
    vma_index_insert(vma);
    mm->map_count++;
}

void unlink_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
    struct vm_area_struct *prev = vma_before(vma);

    *(prev ? &prev->vm_next : &mm->mmap) = vma->vm_next;
    rb_erase(&vma->vm_rb, &mm->mm_rb);
    vma_index_remove(vma);
    mm->map_count--;
    mm->mmap_cache = NULL;
}

/* ---- splitting and joining ---- */

int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address)
{
    struct vm_area_struct *upper;

    VM_BUG_ON(address <= vma->vm_start || address >= vma->vm_end);
    if (mm->map_count >= sysctl_max_map_count)
        return -ENOMEM;
    upper = vma_copy(vma);
    if (!upper)
        return -ENOMEM;
    upper->vm_pgoff += (address - vma->vm_start) >> PAGE_SHIFT;
    upper->vm_start = address;
    vma_adjust(vma, vma->vm_start, address, vma->vm_pgoff);
    insert_vm_struct(mm, upper);
    return 0;
}

int isolate_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    struct vm_area_struct *vma = find_vma(mm, start);
    int error = 0;

    if (vma && vma->vm_start < start)
        error = split_vma(mm, vma, start);
    if (error)
        return error;
    vma = find_vma(mm, end - 1);
    return vma && vma->vm_start < end && end < vma->vm_end ? split_vma(mm, vma, end) : 0;
}

/* a ends where b begins, and nothing tells them apart. */
static bool can_merge(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
    return a->vm_end == b->vm_start && a->vm_flags == b->vm_flags && a->vm_file == b->vm_file &&
           a->vm_ops == b->vm_ops && a->vm_private_data == b->vm_private_data && !(a->vm_ops && a->vm_ops->close) &&
           b->vm_pgoff == a->vm_pgoff + vma_pages(a) && (!a->anon_vma || !b->anon_vma || a->anon_vma == b->anon_vma);
}

static void absorb(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct *next)
{
    unlink_vma(mm, next);
    vma_adjust(vma, vma->vm_start, next->vm_end, vma->vm_pgoff);
    anon_vma_merge(vma, next);
    vma_free(next);
}

struct vm_area_struct *vma_merge_around(struct mm_struct *mm, struct vm_area_struct *vma)
{
    struct vm_area_struct *prev = vma_before(vma);

    if (prev && can_merge(prev, vma)) {
        absorb(mm, prev, vma);
        vma = prev;
    }
    if (vma->vm_next && can_merge(vma, vma->vm_next))
        absorb(mm, vma, vma->vm_next);
    return vma;
}

void merge_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    struct vm_area_struct *vma = find_vma(mm, start);

    while (vma && vma->vm_start <= end) {
        vma = vma_merge_around(mm, vma);
        vma = vma->vm_next;
    }
}

/* ---- checker ---- */

/* The file finds the VMA by its first page. */
static void check_file_index(const struct vm_area_struct *vma)
{
    const struct address_space *mapping = vma->vm_file->f_mapping;
    const struct vm_area_struct *found;
    struct prio_tree_iter iter;

    if (vma->vm_flags & VM_NONLINEAR) {
        list_for_each_entry (found, &mapping->i_mmap_nonlinear, shared.nonlinear)
            if (found == vma)
                return;
    } else {
        vma_prio_tree_foreach (found, &iter, &mapping->i_mmap, vma->vm_pgoff, vma->vm_pgoff)
            if (found == vma && vma->shared.node.last == vma->vm_pgoff + vma_pages(vma) - 1)
                return;
    }
    panic("VMA %08lx-%08lx: its file's index does not find it", vma->vm_start, vma->vm_end);
}

static void check_vma(const struct mm_struct *mm, const struct vm_area_struct *vma, unsigned long floor)
{
    const struct vm_area_struct *twin;
    bool listed = !vma->anon_vma;

    if (vma->vm_mm != mm || vma->vm_start >= vma->vm_end || vma->vm_start < floor || vma->vm_end > mm->task_size ||
        ((vma->vm_start | vma->vm_end) & ~PAGE_MASK))
        panic("mm %08lx: VMA %08lx-%08lx after %08lx", (unsigned long)mm, vma->vm_start, vma->vm_end, floor);
    if (vma->vm_page_prot.pgprot != vm_get_page_prot(vma->vm_flags).pgprot)
        panic("VMA %08lx-%08lx: rights %08x for flags %08lx", vma->vm_start, vma->vm_end, vma->vm_page_prot.pgprot,
              vma->vm_flags);
    if (vma->vm_file)
        check_file_index(vma);
    if (!listed)
        list_for_each_entry (twin, &vma->anon_vma->head, anon_vma_node)
            listed |= twin == vma;
    if (!listed)
        panic("VMA %08lx-%08lx: not on its anon_vma's list", vma->vm_start, vma->vm_end);
}

static void check_totals(const struct mm_struct *mm, int count, unsigned long pages, unsigned long locked)
{
    if (count != mm->map_count || pages != mm->total_vm || locked != mm->locked_vm)
        panic("mm %08lx: %d VMAs with %lu pages, %lu locked; counts %d, %lu, %lu", (unsigned long)mm, count, pages,
              locked, mm->map_count, mm->total_vm, mm->locked_vm);
}

void check_mm(struct mm_struct *mm)
{
    unsigned long floor = 0, pages = 0, locked = 0;
    struct rb_node *node = rb_first(&mm->mm_rb);
    int count = 0;

    if (rb_black_height(&mm->mm_rb) < 0)
        panic("mm %08lx: the tree of VMAs breaks a red-black rule", (unsigned long)mm);
    for (struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next, node = rb_next(node)) {
        if (!node || rb_entry(node, struct vm_area_struct, vm_rb) != vma)
            panic("mm %08lx: list and tree differ at VMA %08lx-%08lx", (unsigned long)mm, vma->vm_start, vma->vm_end);
        check_vma(mm, vma, floor);
        floor = vma->vm_end;
        pages += vma_pages(vma);
        locked += vma->vm_flags & VM_LOCKED ? vma_pages(vma) : 0;
        count++;
    }
    if (node)
        panic("mm %08lx: the tree holds more VMAs than the list", (unsigned long)mm);
    check_totals(mm, count, pages, locked);
}
