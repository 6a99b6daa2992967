/*
 * A task's address space: its VMAs by address, what each page of them maps, and how full its page tables are.
 *
 * VMAs are believed only as long as they ascend and do not overlap, so that all their pages together are at most those
 * of a 32-bit address space. Page tables are read from physical memory a table at a time; only the two-level format
 * (SDM volume 3, section 4.3) is looked at: this kernel uses no other.
 */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

#define ENTRIES KV_ENTRIES
#define LARGE_SHIFT 22u
#define PATH_DEPTH 32u
#define PATH_BYTES 128u

struct builder {
    struct reader *reader;
    struct kv_snapshot *snapshot;
    uint64_t start_brk, brk, start_stack;
    size_t vma_capacity;
    uint32_t directory[ENTRIES];
    bool has_directory;
};

bool space_pgd(struct reader *reader, uint64_t mm, uint64_t *physical) {
    uint64_t pgd = reader_word(reader, mm + reader->layout->mm_pgd.offset);
    struct mmu_access access = {.linear = mmu_linear(pgd), .kind = MMU_READ};
    struct mmu_result result = pgd ? mmu_peek(reader->mmu, access, NULL) : (struct mmu_result){.status = MMU_FAULT};
    if (result.status != MMU_OK) {
        reader->torn = true;
        return false;
    }
    *physical = result.physical.value;
    return true;
}

bool space_table(struct reader *reader, uint64_t at, uint32_t entries[ENTRIES]) {
    size_t bytes = ENTRIES * sizeof *entries;
    if (mmu_peek_physical(reader->mmu->memory, mmu_phys(at & ~(uint64_t)(MMU_PAGE_SIZE - 1)), entries, bytes) == bytes)
        return true;
    reader->torn = true;
    return false;
}

bool space_is_large(const struct reader *reader, uint32_t entry) {
    return (entry & MMU_PTE_PS) && (reader->mmu->large_levels & 1u << 2);
}

static uint64_t table_address(uint32_t entry) { return entry & ~(MMU_PAGE_SIZE - 1); }

/* ---- names ---- */

/* Puts "/name" in front of what path holds from *at on; false when there is no room left. */
static bool prepend(char *path, size_t *at, const char *name) {
    size_t length = strlen(name);
    if (length + 1 > *at)
        return false;
    *at -= length;
    memcpy(path + *at, name, length);
    path[--*at] = '/';
    return true;
}

/* One dentry: its name goes in front of the path. Returns the next one up, 0 at the root or when something is wrong. */
static uint64_t climb(struct reader *reader, uint64_t dentry, char *path, size_t *at) {
    const struct layout *layout = reader->layout;
    uint8_t copy[KV_STRUCT_MAX];
    char name[64];
    if (!reader_copy(reader, dentry, copy, layout->dentry_bytes))
        return 0;
    uint64_t parent = member_of(copy, layout->dentry_parent);
    if (parent == dentry || parent == 0) /* a root: the mounted one goes on below its mount point */
        return layout->dentry_covers.size ? member_of(copy, layout->dentry_covers) : 0;
    reader_string(reader, member_of(copy, layout->dentry_name),
                  (size_t)(member_of(copy, layout->dentry_length) & 0xffff), name, sizeof name);
    return prepend(path, at, name) ? parent : 0;
}

/* A path that is too long keeps its end, a ring of parents its first PATH_DEPTH names. */
void dentry_path(struct reader *reader, uint64_t dentry, char *to, size_t size) {
    char path[PATH_BYTES];
    size_t at = (size < sizeof path ? size : sizeof path) - 1, length = at;
    unsigned depth = 0;
    path[at] = '\0';
    while (dentry && depth++ < PATH_DEPTH)
        dentry = climb(reader, dentry, path, &at);
    reader->torn |= dentry != 0;
    if (at == length) /* a mapped file always has some name to show */
        path[--at] = '/';
    memcpy(to, path + at, length - at + 1);
}

void file_name(struct reader *reader, uint64_t file, char *to, size_t size) {
    dentry_path(reader, reader_word(reader, file + reader->layout->file_dentry.offset), to, size);
}

static void name_vma(struct builder *builder, struct kv_vma *vma, uint64_t file) {
    const char *name = "";
    if (file) {
        file_name(builder->reader, file, vma->name, sizeof vma->name);
        return;
    }
    if (vma->start <= builder->brk && vma->end >= builder->start_brk && builder->start_brk < builder->brk)
        name = "[heap]";
    else if (vma->start <= builder->start_stack && vma->end >= builder->start_stack)
        name = "[stack]";
    memcpy(vma->name, name, strlen(name) + 1);
}

/* ---- pages ---- */

static uint8_t kind_of_frame(const struct kv_snapshot *snapshot, uint64_t pfn) {
    return pfn < snapshot->frame_count ? snapshot->frames[pfn] : FRAME_RESERVED;
}

/* Pages of vma under one directory entry: from and to are linear, inside the entry's 4 MiB. */
static void fill_pages(struct builder *builder, struct kv_vma *vma, uint64_t from, uint64_t to, const uint32_t *table,
                       uint32_t large) {
    for (uint64_t at = from; at < to; at += MMU_PAGE_SIZE) {
        uint32_t entry = table ? table[at >> MMU_PAGE_SHIFT & (ENTRIES - 1)]
                               : large + (uint32_t)(at & ((1u << LARGE_SHIFT) - MMU_PAGE_SIZE));
        if (!(entry & MMU_PTE_P))
            continue;
        vma->pages[(at - vma->start) >> MMU_PAGE_SHIFT] = kind_of_frame(builder->snapshot, entry >> MMU_PAGE_SHIFT);
        vma->resident++;
    }
}

static void read_pages(struct builder *builder, struct kv_vma *vma) {
    uint32_t table[ENTRIES];
    uint64_t pages = (vma->end - vma->start) >> MMU_PAGE_SHIFT;
    vma->pages = builder->has_directory ? malloc(pages) : NULL;
    if (!vma->pages)
        return;
    memset(vma->pages, FRAME_ABSENT, pages);
    vma->page_count = pages;
    for (uint64_t at = vma->start; at < vma->end;) {
        uint64_t next = ((at >> LARGE_SHIFT) + 1) << LARGE_SHIFT, to = next < vma->end ? next : vma->end;
        uint32_t entry = builder->directory[at >> LARGE_SHIFT & (ENTRIES - 1)];
        if ((entry & MMU_PTE_P) && space_is_large(builder->reader, entry))
            fill_pages(builder, vma, at, to, NULL, (entry & ~((1u << LARGE_SHIFT) - 1)) | (uint32_t)MMU_PTE_P);
        else if ((entry & MMU_PTE_P) && space_table(builder->reader, table_address(entry), table))
            fill_pages(builder, vma, at, to, table, 0);
        at = to;
    }
}

static void read_tables(struct builder *builder) {
    struct kv_address_space *space = &builder->snapshot->space;
    uint32_t table[ENTRIES];
    space->tables = calloc(KV_KERNEL_START >> LARGE_SHIFT, sizeof *space->tables);
    if (!space->tables)
        return;
    for (uint16_t i = 0; i < KV_KERNEL_START >> LARGE_SHIFT; i++) {
        uint32_t entry = builder->directory[i];
        if (!(entry & MMU_PTE_P))
            continue;
        struct kv_table *to = &space->tables[space->table_count++];
        *to = (struct kv_table){.index = i, .entry = entry};
        if (space_is_large(builder->reader, entry) || !space_table(builder->reader, table_address(entry), table))
            continue;
        for (unsigned k = 0; k < ENTRIES; k++)
            to->present = (uint16_t)(to->present + (table[k] & MMU_PTE_P));
    }
}

/* ---- regions ---- */

static struct kv_vma *new_vma(struct builder *builder) {
    struct kv_address_space *space = &builder->snapshot->space;
    if (space->vma_count == builder->vma_capacity) {
        size_t wanted = builder->vma_capacity ? 2 * builder->vma_capacity : 32;
        struct kv_vma *bigger = reallocarray(space->vmas, wanted, sizeof *bigger);
        if (!bigger)
            return NULL;
        space->vmas = bigger;
        builder->vma_capacity = wanted;
    }
    return &space->vmas[space->vma_count++];
}

/* Reads one region; *floor is where the one before ended. Returns the next one's address, 0 at the end. */
static uint64_t read_vma(struct builder *builder, uint64_t address, uint64_t *floor) {
    const struct layout *layout = builder->reader->layout;
    uint8_t copy[KV_STRUCT_MAX];
    if (!reader_copy(builder->reader, address, copy, layout->vma_bytes))
        return 0;
    uint64_t start = member_of(copy, layout->vma_start), end = member_of(copy, layout->vma_end);
    bool sane = start >= *floor && start < end && (start | end) % MMU_PAGE_SIZE == 0;
    struct kv_vma *vma = sane ? new_vma(builder) : NULL;
    if (!vma) {
        builder->reader->torn = true;
        return 0;
    }
    *vma = (struct kv_vma){.start = start,
                           .end = end,
                           .flags = member_of(copy, layout->vma_flags),
                           .pgoff = member_of(copy, layout->vma_pgoff)};
    name_vma(builder, vma, member_of(copy, layout->vma_file));
    read_pages(builder, vma);
    builder->snapshot->space.resident += vma->resident;
    builder->snapshot->space.total += (end - start) >> MMU_PAGE_SHIFT;
    *floor = end;
    return member_of(copy, layout->vma_next);
}

void space_read(struct reader *reader, struct kv_snapshot *snapshot, uint64_t task) {
    const struct layout *layout = reader->layout;
    struct kv_address_space *space = &snapshot->space;
    struct kv_task owner;
    uint8_t mm[KV_STRUCT_MAX];
    uint64_t mm_address, next, floor = 0;
    if (!task_read(reader, task, &owner, &mm_address, &next))
        return;
    space->pid = owner.pid;
    memcpy(space->comm, owner.comm, sizeof space->comm);
    if (!mm_address || !reader_copy(reader, mm_address, mm, layout->mm_bytes))
        return;
    struct builder builder = {.reader = reader,
                              .snapshot = snapshot,
                              .start_brk = member_of(mm, layout->mm_start_brk),
                              .brk = member_of(mm, layout->mm_brk),
                              .start_stack = member_of(mm, layout->mm_start_stack)};
    space->pgd_phys = owner.pgd_phys;
    builder.has_directory =
        owner.has_mm && reader->mmu->mode == MMU_MODE_32BIT && space_table(reader, owner.pgd_phys, builder.directory);
    if (builder.has_directory)
        read_tables(&builder);
    uint64_t vma = member_of(mm, layout->mm_mmap);
    for (unsigned i = 0; vma && i < KV_VMAS_MAX; i++)
        vma = read_vma(&builder, vma, &floor);
    reader->torn |= vma != 0;
}
