/*
 * Where pages are when they are not in a process: swap areas and their slots, files in the page cache, vmalloc's areas.
 * Each is a question of its own, asked when somebody wants to see it; a snapshot does not carry them.
 */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

#define SWP_USED 1u /* swap_info_struct.flags */
#define SWP_WRITEOK 2u
#define SLOTS_MAX (1u << 24)
#define AREAS_MAX 65536u
#define RUN_BYTES 32768u

/* ---- swap ---- */

/* The slot map as far as it can be read. */
static void read_slots(struct reader *reader, uint64_t address, struct kv_swap_area *to) {
    to->users = malloc(to->slots * sizeof(to->users[0]));
    if (!to->users)
        return;
    size_t got = mmu_peek_read(reader->mmu, mmu_linear(address), to->users, to->slots * sizeof(to->users[0]));
    to->slots_read = got / sizeof(to->users[0]);
    to->torn |= to->slots_read < to->slots;
}

bool kernelview_swap_area(struct kernelview *view, const struct mmu_context *mmu, unsigned number,
                          struct kv_swap_area *to) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    const struct layout *layout = &view->layout;
    uint8_t area[KV_STRUCT_MAX];
    *to = (struct kv_swap_area){.number = number};
    if (number >= KV_SWAP_AREAS ||
        !reader_copy(&reader, layout->swap_info + (uint64_t)number * layout->swap_bytes, area, layout->swap_bytes))
        return false;
    uint32_t flags = word_of(area, layout->swap_flags);
    if (!(flags & SWP_USED))
        return false;
    to->writable = (flags & SWP_WRITEOK) != 0;
    to->priority = (int32_t)word_of(area, layout->swap_prio);
    to->slots = word_of(area, layout->swap_max);
    to->good = word_of(area, layout->swap_pages);
    to->used = word_of(area, layout->swap_inuse);
    if (word_of(area, layout->swap_file))
        file_name(&reader, word_of(area, layout->swap_file), to->name, sizeof(to->name));
    to->torn = to->slots > SLOTS_MAX;
    to->slots = to->slots > SLOTS_MAX ? SLOTS_MAX : to->slots;
    if (to->slots)
        read_slots(&reader, word_of(area, layout->swap_map), to);
    to->torn |= reader.torn;
    return true;
}

void kernelview_swap_area_free(struct kv_swap_area *area) {
    free(area->users);
    *area = (struct kv_swap_area){0};
}

/* ---- files ---- */

struct cached { /* a page of a file: its mapping, and 1 in bit 0 when it is dirty (mappings are aligned to 4) */
    uint32_t key;
};

static int by_key(const void *a, const void *b) {
    uint32_t x = ((const struct cached *)a)->key, y = ((const struct cached *)b)->key;
    return (x > y) - (x < y);
}

static int by_pages(const void *a, const void *b) {
    const struct kv_file *x = a, *y = b;
    if (x->pages != y->pages)
        return x->pages < y->pages ? 1 : -1;
    return (x->mapping > y->mapping) - (x->mapping < y->mapping);
}

/* Every frame that holds a page of a file. Returns how many; the caller frees *to. */
static size_t cached_pages(struct reader *reader, struct cached **to) {
    const struct layout *layout = reader->layout;
    uint64_t mem_map, count = frames_count(reader, &mem_map), at_once = RUN_BYTES / layout->page_bytes;
    uint8_t run[RUN_BYTES];
    size_t found = 0;
    *to = count ? malloc(count * sizeof(**to)) : NULL;
    for (uint64_t pfn = 0; *to && pfn < count; pfn += at_once) {
        uint64_t wanted = count - pfn < at_once ? count - pfn : at_once;
        size_t got = mmu_peek_read(reader->mmu, mmu_linear(mem_map + pfn * layout->page_bytes), run,
                                   (size_t)(wanted * layout->page_bytes));
        for (size_t i = 0; i < got / layout->page_bytes; i++) {
            const uint8_t *page = run + i * layout->page_bytes;
            enum frame_kind kind = frames_classify(layout, page);
            if (kind == FRAME_FILE || kind == FRAME_FILE_DIRTY)
                (*to)[found++].key = (word_of(page, layout->page_mapping) & ~3u) | (kind == FRAME_FILE_DIRTY);
        }
    }
    return found;
}

/* Which file that is: its inode's number and the type of its file system. */
static void name_file(struct reader *reader, struct kv_file *file) {
    const struct layout *layout = reader->layout;
    uint32_t inode = reader_word(reader, file->mapping + layout->mapping_host.offset);
    if (!inode)
        return;
    file->inode = reader_word(reader, (uint64_t)inode + layout->inode_number.offset);
    uint32_t super = reader_word(reader, (uint64_t)inode + layout->inode_super.offset);
    if (super)
        reader_string(reader, reader_word(reader, (uint64_t)super + layout->super_type.offset), sizeof(file->fs) - 1,
                      file->fs, sizeof(file->fs));
}

/* Runs of equal mappings become files. */
static size_t gather_files(const struct cached *pages, size_t count, struct kv_file *files) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t mapping = pages[i].key & ~3u;
        if (n == 0 || files[n - 1].mapping != mapping)
            files[n++] = (struct kv_file){.mapping = mapping};
        files[n - 1].pages++;
        files[n - 1].dirty += pages[i].key & 1;
    }
    return n;
}

size_t kernelview_files(struct kernelview *view, const struct mmu_context *mmu, struct kv_file *to, size_t most) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    struct cached *pages;
    size_t count = cached_pages(&reader, &pages), n = 0;
    struct kv_file *files = count ? malloc(count * sizeof(*files)) : NULL;
    if (files) {
        qsort(pages, count, sizeof(*pages), by_key);
        n = gather_files(pages, count, files);
        qsort(files, n, sizeof(*files), by_pages);
        for (size_t i = 0; i < n && i < most; i++) {
            to[i] = files[i];
            name_file(&reader, &to[i]);
        }
    }
    free(files);
    free(pages);
    return n;
}

/* ---- vmalloc ---- */

size_t kernelview_vmalloc(struct kernelview *view, const struct mmu_context *mmu, struct kv_vmalloc *to, size_t most) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    const struct layout *layout = &view->layout;
    uint64_t address = reader_word(&reader, layout->vmlist);
    uint8_t area[KV_STRUCT_MAX];
    size_t n = 0;
    for (; address && n < AREAS_MAX && reader_copy(&reader, address, area, layout->vm_bytes); n++) {
        uint64_t size = word_of(area, layout->vm_size);
        if (n < most)
            to[n] = (struct kv_vmalloc){.address = word_of(area, layout->vm_address),
                                        .bytes = size > 4096 ? size - 4096 : 0, /* the last page is a guard */
                                        .pages = word_of(area, layout->vm_pages),
                                        .flags = word_of(area, layout->vm_flags)};
        address = word_of(area, layout->vm_next);
    }
    return n;
}
