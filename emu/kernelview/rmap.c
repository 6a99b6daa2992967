/*
 * Which entries map a frame, and what they say.
 *
 *   owners   the guest's own way back (its mm/rmap.h): page->mapping is an anon_vma with a ring of VMAs, or the
 *            address_space of a file with a priority tree of them; a VMA maps the page at vm_start + index - vm_pgoff
 * or not: the entry decides. A nonlinear VMA's entries are all looked at. bits     forward, one pass over the page
 * tables of all address spaces
 *
 * A ring or a tree of a hostile or torn guest ends after VMAS_MAX steps.
 */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

#define MAPPING_ANON 1u /* bit 0 of page->mapping, Linux's PAGE_MAPPING_ANON */
#define VMAS_MAX 4096u
#define NODES_OPEN 128u /* of a priority tree at once: it is at most 65 deep */

/* One question: who maps pfn. */
struct search {
    struct reader *reader;
    struct task_space *spaces;
    size_t space_count;
    uint64_t pfn, mapping, index;
    unsigned mapcount, steps;
    struct kv_owner *to;
    size_t most, found;
};

static bool names_frame(uint32_t entry, uint64_t pfn) {
    return (entry & (MMU_PTE_P | KV_PAGE_PROTNONE)) && entry >> MMU_PAGE_SHIFT == pfn;
}

static uint64_t table_of(uint32_t entry) { return entry & ~(MMU_PAGE_SIZE - 1); }

static bool read_entry(const struct reader *reader, uint64_t at, uint32_t *entry) {
    return mmu_peek_physical(reader->mmu->memory, mmu_phys(at), entry, sizeof(*entry)) == sizeof(*entry);
}

static const struct task_space *space_of(const struct search *search, uint64_t mm) {
    for (size_t i = 0; i < search->space_count; i++)
        if (search->spaces[i].mm == mm)
            return &search->spaces[i];
    return NULL;
}

static bool is_done(const struct search *search) {
    return search->found >= search->mapcount || search->steps >= VMAS_MAX;
}

/* The entry of a linear address: does it name the frame? False: there is no table. */
static bool look_at(struct search *search, const struct task_space *space, uint64_t linear) {
    uint64_t directory = space->pgd_phys + (linear >> 22) * 4;
    uint32_t entry;
    if (!read_entry(search->reader, directory, &entry) || !(entry & MMU_PTE_P) || space_is_large(search->reader, entry))
        return false;
    uint64_t at = table_of(entry) + (linear >> MMU_PAGE_SHIFT & 1023) * 4;
    if (!read_entry(search->reader, at, &entry) || !names_frame(entry, search->pfn))
        return true;
    if (search->found < search->most) {
        struct kv_owner *owner = &search->to[search->found];
        *owner = (struct kv_owner){.pid = space->pid, .linear = linear, .entry_physical = at, .entry = entry};
        memcpy(owner->comm, space->comm, sizeof(owner->comm));
    }
    search->found++;
    return true;
}

struct mapped_vma {
    const struct task_space *space;
    uint64_t start, end, pgoff;
};

/* Reads the VMA that the list member `link` lies in; false: nothing to see there. */
static bool read_vma(struct search *search, uint64_t address, uint64_t *anon_next, uint64_t *nonlinear_next,
                     struct mapped_vma *to) {
    const struct layout *layout = search->reader->layout;
    uint8_t vma[KV_STRUCT_MAX];
    search->steps++;
    if (!reader_copy(search->reader, address, vma, layout->vma_bytes))
        return false;
    *anon_next = word_of(vma, layout->vma_anon_node);
    *nonlinear_next = word_of(vma, layout->vma_nonlinear);
    *to = (struct mapped_vma){.space = space_of(search, word_of(vma, layout->vma_mm)),
                              .start = word_of(vma, layout->vma_start),
                              .end = word_of(vma, layout->vma_end),
                              .pgoff = word_of(vma, layout->vma_pgoff)};
    return true;
}

static void look_in(struct search *search, const struct mapped_vma *vma) {
    uint64_t linear = vma->start + ((search->index - vma->pgoff) << MMU_PAGE_SHIFT);
    if (vma->space && search->index >= vma->pgoff && linear >= vma->start && linear < vma->end)
        look_at(search, vma->space, linear);
}

static void look_everywhere_in(struct search *search, const struct mapped_vma *vma) {
    for (uint64_t linear = vma->start; vma->space && linear < vma->end && !is_done(search); linear += MMU_PAGE_SIZE)
        if (!look_at(search, vma->space, linear))
            linear |= (1u << 22) - MMU_PAGE_SIZE; /* on to the next table */
}

/* ---- anonymous ---- */

static void walk_anon(struct search *search) {
    const struct layout *layout = search->reader->layout;
    uint64_t anon_vma = search->mapping & ~(uint64_t)MAPPING_ANON, head = anon_vma + layout->anon_vma_head.offset;
    uint64_t link = reader_word(search->reader, head), unused;
    while (link && link != head && !is_done(search)) {
        struct mapped_vma vma;
        if (!read_vma(search, link - layout->vma_anon_node.offset, &link, &unused, &vma))
            return;
        look_in(search, &vma);
    }
}

/* ---- file ---- */

/* All VMAs of one interval: the node's ring of equals. */
static void walk_equals(struct search *search, uint64_t node) {
    const struct layout *layout = search->reader->layout;
    uint64_t first = node, unused;
    do {
        struct mapped_vma vma;
        uint64_t start_in_vma = layout->vma_prio_node.offset, start_in_node = layout->prio_start.offset;
        if (!read_vma(search, node - (start_in_vma - start_in_node), &unused, &unused, &vma))
            return;
        look_in(search, &vma);
        node = reader_word(search->reader, node + layout->prio_equals.offset) - layout->prio_equals.offset;
    } while (node != first && !is_done(search));
}

/* A subtree whose top ends before the page has nothing for it: tops end last. */
static void walk_tree(struct search *search) {
    const struct layout *layout = search->reader->layout;
    uint64_t open[NODES_OPEN];
    unsigned count = 0;
    open[count++] = reader_word(search->reader, search->mapping + layout->mapping_mmap.offset);
    while (count && !is_done(search)) {
        uint8_t node[KV_STRUCT_MAX];
        uint64_t address = open[--count];
        search->steps++;
        if (!address || !reader_copy(search->reader, address, node, layout->prio_bytes) ||
            word_of(node, layout->prio_last) < search->index)
            continue;
        if (word_of(node, layout->prio_start) <= search->index)
            walk_equals(search, address);
        if (count + 2 > NODES_OPEN)
            return;
        open[count++] = word_of(node, layout->prio_right);
        open[count++] = word_of(node, layout->prio_left);
    }
}

static void walk_nonlinear(struct search *search) {
    const struct layout *layout = search->reader->layout;
    uint64_t head = search->mapping + layout->mapping_nonlinear.offset, unused;
    uint64_t link = reader_word(search->reader, head);
    while (link && link != head && !is_done(search)) {
        struct mapped_vma vma;
        if (!read_vma(search, link - layout->vma_nonlinear.offset, &unused, &link, &vma))
            return;
        look_everywhere_in(search, &vma);
    }
}

size_t kernelview_owners(struct kernelview *view, const struct mmu_context *mmu, uint64_t pfn, struct kv_owner *to,
                         size_t most) {
    struct reader reader = {.layout = &view->layout, .mmu = mmu};
    struct search search = {.reader = &reader, .pfn = pfn, .to = to, .most = most};
    struct kv_frame frame;
    if (!kernelview_frame(view, mmu, pfn, &frame) || frame.mapcount <= 0 || !frame.mapping ||
        mmu->mode != MMU_MODE_32BIT)
        return 0; /* what nobody maps may have a mapping that is gone */
    search.mapping = frame.mapping;
    search.index = frame.index;
    search.mapcount = (unsigned)frame.mapcount;
    search.space_count = tasks_spaces(&reader, &search.spaces);
    if (frame.mapping & MAPPING_ANON)
        walk_anon(&search);
    else {
        walk_tree(&search);
        walk_nonlinear(&search);
    }
    free(search.spaces);
    return search.found;
}

/* ---- forward ---- */

static void note_entry(struct kv_bits *bits, uint32_t entry) {
    uint32_t pfn = entry >> MMU_PAGE_SHIFT;
    if (pfn >= bits->count || !(entry & (MMU_PTE_P | KV_PAGE_PROTNONE)))
        return;
    bits->mapcount[pfn] = (uint8_t)(bits->mapcount[pfn] + (bits->mapcount[pfn] < 255));
    if (entry & MMU_PTE_P)
        bits->of[pfn] |= (uint8_t)(KV_MAPPED | (entry & MMU_PTE_A ? KV_ACCESSED : 0) |
                                   (entry & MMU_PTE_D ? KV_DIRTY : 0) | (entry & MMU_PTE_W ? KV_WRITABLE : 0));
}

static void note_space(struct reader *reader, uint64_t pgd_phys, struct kv_bits *bits) {
    uint32_t directory[KV_ENTRIES], table[KV_ENTRIES];
    if (!space_table(reader, pgd_phys, directory))
        return;
    for (unsigned i = 0; i < KV_KERNEL_START >> 22; i++) {
        if (!(directory[i] & MMU_PTE_P) || space_is_large(reader, directory[i]) ||
            !space_table(reader, table_of(directory[i]), table))
            continue;
        for (unsigned k = 0; k < KV_ENTRIES; k++)
            if (table[k])
                note_entry(bits, table[k]);
    }
}

bool kernelview_bits(struct kernelview *view, const struct mmu_context *mmu, struct kv_bits *to) {
    struct reader reader = {.layout = &view->layout, .mmu = mmu};
    struct task_space *spaces = NULL;
    uint64_t mem_map;
    *to = (struct kv_bits){.count = frames_count(&reader, &mem_map)};
    to->of = calloc(to->count ? to->count : 1, 1);
    to->mapcount = calloc(to->count ? to->count : 1, 1);
    if (!to->of || !to->mapcount) {
        kernelview_bits_free(to);
        return false;
    }
    size_t count = mmu->mode == MMU_MODE_32BIT ? tasks_spaces(&reader, &spaces) : 0;
    for (size_t i = 0; i < count; i++)
        note_space(&reader, spaces[i].pgd_phys, to);
    free(spaces);
    return true;
}

void kernelview_bits_free(struct kv_bits *bits) {
    free(bits->of);
    free(bits->mapcount);
    memset(bits, 0, sizeof(*bits));
}

bool kernelview_entries(struct kernelview *view, const struct mmu_context *mmu, int pid, unsigned index,
                        struct kv_entries *to) {
    struct reader reader = {.layout = &view->layout, .mmu = mmu};
    struct kv_task task;
    uint32_t entry;
    if (index >= KV_ENTRIES || mmu->mode != MMU_MODE_32BIT || !kernelview_find_task(view, mmu, pid, &task) ||
        !read_entry(&reader, task.pgd_phys + index * 4, &entry) || !(entry & MMU_PTE_P) ||
        space_is_large(&reader, entry))
        return false;
    to->table_physical = table_of(entry);
    return space_table(&reader, to->table_physical, to->entry);
}
