/*
 * Files in the page cache, page by page: one pass over the kept copy of mem_map gathers which frame holds which page of
 * which file, the files with the most pages are chosen, and their pages are drawn into cells.
 *
 * A file's name is looked for in the dentry cache, down from the root of its file system, at most DENTRIES_MAX names in
 * all; a block device's own pages go by the device's name. Mappings are guest pointers, used as keys only.
 */
#include "emu/kernelview/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define MAPPINGS 16384u /* places of the table of files: a power of two; further files are left out */
#define PROBES 64u      /* looked at for one mapping: a guest that chooses them to collide loses files */
#define DENTRIES_MAX 65536u

struct cached {
    uint32_t mapping, index;
    uint8_t state; /* enum kv_cached */
};

struct file_pages {
    uint32_t mapping, last_index;
    uint32_t pages;
    int32_t strip; /* place among those that are shown, -1 none */
};

struct gathering {
    struct reader *reader;
    struct cached *pages;
    size_t count;
    struct file_pages *files; /* MAPPINGS of them, by hash of the mapping; mapping 0: free */
    size_t file_count;
};

static enum kv_cached state_of(const struct layout *layout, uint32_t flags) {
    if (flags & layout->pg_locked)
        return CACHED_LOCKED;
    if (flags & layout->pg_writeback)
        return CACHED_WRITEBACK;
    return flags & layout->pg_dirty ? CACHED_DIRTY : CACHED_CLEAN;
}

static struct file_pages *file_of(const struct gathering *gathering, uint32_t mapping) {
    uint32_t place = (mapping * 2654435761u) >> 16;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct file_pages *file = &gathering->files[(place + i) % MAPPINGS];
        if (file->mapping == mapping || file->mapping == 0)
            return file;
    }
    return NULL;
}

static void gather_page(struct gathering *gathering, const uint8_t *page) {
    const struct layout *layout = gathering->reader->layout;
    struct cached *to = &gathering->pages[gathering->count];
    *to = (struct cached){.mapping = word_of(page, layout->page_mapping), .index = word_of(page, layout->page_index)};
    to->state = (uint8_t)state_of(layout, word_of(page, layout->page_flags));
    struct file_pages *file = file_of(gathering, to->mapping);
    if (!file || (file->mapping == 0 && gathering->file_count == MAPPINGS / 2))
        return;
    gathering->file_count += file->mapping == 0;
    *file = (struct file_pages){to->mapping, to->index > file->last_index ? to->index : file->last_index,
                                file->pages + 1, -1};
    gathering->count++;
}

static void gather(struct gathering *gathering) {
    const struct frames *frames = &gathering->reader->view->frames;
    for (uint64_t pfn = 0; pfn < frames->count; pfn++)
        if (frames->kind[pfn] == FRAME_FILE || frames->kind[pfn] == FRAME_FILE_DIRTY)
            gather_page(gathering, frames_page(gathering->reader, pfn));
}

/* ---- which files ---- */

static bool is_larger(const struct file_pages *a, const struct file_pages *b) {
    return a->pages != b->pages ? a->pages > b->pages : a->mapping < b->mapping;
}

/* The largest files, in order; returns how many. */
static size_t choose(const struct gathering *gathering, struct file_pages **chosen, size_t most) {
    size_t count = 0;
    for (size_t i = 0; i < MAPPINGS; i++) {
        struct file_pages *file = &gathering->files[i];
        if (file->mapping == 0 || (count == most && (most == 0 || !is_larger(file, chosen[most - 1]))))
            continue;
        size_t place = count < most ? count++ : most - 1;
        for (; place > 0 && is_larger(file, chosen[place - 1]); place--)
            chosen[place] = chosen[place - 1];
        chosen[place] = file;
    }
    return count;
}

/* ---- their names ---- */

static uint32_t word_at(struct reader *reader, uint32_t structure, struct member member) {
    return structure ? reader_word(reader, (uint64_t)structure + member.offset) : 0;
}

/* The dentry after `dentry` in the tree below root, children first; 0: that was the last. */
static uint32_t next_dentry(struct reader *reader, uint32_t root, uint32_t dentry, unsigned *steps) {
    const struct layout *layout = reader->layout;
    uint32_t next = word_at(reader, dentry, layout->dentry_subdirs);
    if (next && next != dentry + layout->dentry_subdirs.offset)
        return next - layout->dentry_child.offset;
    for (; dentry && dentry != root && ++*steps < DENTRIES_MAX;) {
        uint32_t parent = word_at(reader, dentry, layout->dentry_parent);
        next = word_at(reader, dentry, layout->dentry_child);
        if (!parent || !next)
            return 0;
        if (next != parent + layout->dentry_subdirs.offset)
            return next - layout->dentry_child.offset;
        dentry = parent;
    }
    return 0;
}

struct wanted_name {
    uint32_t inode, root; /* root: dentry of its file system's root; 0: has none */
    struct kv_strip *strip;
};

static void take_name(struct reader *reader, struct wanted_name *names, size_t count, uint32_t dentry, size_t *left) {
    uint32_t inode = word_at(reader, dentry, reader->layout->dentry_inode);
    for (size_t i = 0; inode && i < count; i++) {
        if (names[i].inode != inode || names[i].strip->path[0])
            continue;
        dentry_path(reader, dentry, names[i].strip->path, sizeof(names[i].strip->path));
        *left -= 1;
    }
}

/* Walks the names of one file system until all files that are asked for have theirs. */
static void walk_names(struct reader *reader, struct wanted_name *names, size_t count, uint32_t root, unsigned *steps) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += names[i].root == root && !names[i].strip->path[0];
    for (uint32_t dentry = root; dentry && left && ++*steps < DENTRIES_MAX;
         dentry = next_dentry(reader, root, dentry, steps))
        take_name(reader, names, count, dentry, &left);
    for (size_t i = 0; i < count; i++)
        if (names[i].root == root)
            names[i].root = 0; /* no other walk for what has no name there */
}

static void name_device(struct reader *reader, uint32_t inode, struct kv_strip *to) {
    const struct layout *layout = reader->layout;
    uint32_t device = layout->inode_bdev.size ? word_at(reader, inode, layout->inode_bdev) : 0;
    char name[17];
    if (!device || !layout->bdev_name.size)
        return;
    reader_string(reader, (uint64_t)device + layout->bdev_name.offset, sizeof(name) - 1, name, sizeof(name));
    if (name[0])
        snprintf(to->path, sizeof(to->path), "/dev/%s", name);
}

static struct wanted_name describe(struct reader *reader, struct kv_strip *to) {
    const struct layout *layout = reader->layout;
    uint32_t inode = word_at(reader, (uint32_t)to->mapping, layout->mapping_host);
    uint32_t super = word_at(reader, inode, layout->inode_super);
    uint32_t type = word_at(reader, super, layout->super_type);
    uint64_t bytes = 0;
    if (inode)
        reader_copy(reader, (uint64_t)inode + layout->inode_size.offset, &bytes, sizeof(bytes));
    to->inode = word_at(reader, inode, layout->inode_number);
    to->size_pages = bytes / MMU_PAGE_SIZE + (bytes % MMU_PAGE_SIZE != 0);
    if (type)
        reader_string(reader, type, sizeof(to->fs) - 1, to->fs, sizeof(to->fs));
    if (inode)
        name_device(reader, inode, to);
    return (struct wanted_name){inode, word_at(reader, super, layout->super_root), to};
}

static void name_files(struct reader *reader, struct kv_strip *strips, size_t count) {
    struct wanted_name *names = calloc(count ? count : 1, sizeof(*names));
    unsigned steps = 0;
    for (size_t i = 0; names && i < count; i++)
        names[i] = describe(reader, &strips[i]);
    for (size_t i = 0; names && i < count; i++)
        if (names[i].root && names[i].inode)
            walk_names(reader, names, count, names[i].root, &steps);
    free(names);
}

/* ---- their cells ---- */

/* The whole file fits into the cells, what lies beyond its end, too. */
static void measure(struct kv_strip *strip, uint32_t last_index) {
    uint64_t pages = strip->size_pages > (uint64_t)last_index + 1 ? strip->size_pages : (uint64_t)last_index + 1;
    if (pages > UINT32_MAX)
        pages = UINT32_MAX;
    strip->per_cell = 1;
    while (pages > (uint64_t)strip->per_cell * KV_STRIP)
        strip->per_cell *= 2;
    strip->cells = (uint32_t)((pages + strip->per_cell - 1) / strip->per_cell);
}

static void draw_page(struct kv_strip *strip, const struct cached *page) {
    uint8_t *state = &strip->state[page->index / strip->per_cell % KV_STRIP];
    *state = page->state > *state ? page->state : *state;
    strip->pages++;
    strip->dirty += page->state == CACHED_DIRTY;
    strip->writeback += page->state == CACHED_WRITEBACK;
}

static size_t make_strips(struct gathering *gathering, struct kv_strip *to, size_t most) {
    struct file_pages **chosen = calloc(most ? most : 1, sizeof(*chosen));
    size_t count = chosen ? choose(gathering, chosen, most) : 0;
    for (size_t i = 0; i < count; i++) {
        chosen[i]->strip = (int32_t)i;
        to[i] = (struct kv_strip){.mapping = chosen[i]->mapping};
    }
    name_files(gathering->reader, to, count);
    for (size_t i = 0; i < count; i++)
        measure(&to[i], chosen[i]->last_index);
    for (size_t i = 0; i < gathering->count; i++) {
        const struct file_pages *file = file_of(gathering, gathering->pages[i].mapping);
        if (file && file->strip >= 0)
            draw_page(&to[file->strip], &gathering->pages[i]);
    }
    free(chosen);
    return count;
}

size_t kernelview_strips(struct kernelview *view, const struct mmu_context *mmu, struct kv_strip *to, size_t most) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    struct gathering gathering = {.reader = &reader};
    size_t count = 0;
    if (!frames_renew(&reader))
        return 0;
    const uint64_t *kinds = view->frames.kinds;
    gathering.pages = malloc((size_t)(kinds[FRAME_FILE] + kinds[FRAME_FILE_DIRTY] + 1) * sizeof(*gathering.pages));
    gathering.files = calloc(MAPPINGS, sizeof(*gathering.files));
    if (gathering.pages && gathering.files) {
        gather(&gathering);
        count = make_strips(&gathering, to, most);
    }
    free(gathering.pages);
    free(gathering.files);
    return count;
}
