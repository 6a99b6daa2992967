/* Creation, the parts of a snapshot put together, and the small questions that need no snapshot. */
#include "emu/kernelview/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernelview *kernelview_create(const struct image *image, char *error, size_t error_size) {
    struct kernelview *view = calloc(1, sizeof *view);
    if (!view) {
        snprintf(error, error_size, "no memory on the host for a view of the kernel; free some and try again");
        return NULL;
    }
    if (!layout_resolve(&view->layout, image, error, error_size)) {
        free(view);
        return NULL;
    }
    return view;
}

void kernelview_destroy(struct kernelview *view) {
    if (view)
        frames_forget(&view->frames);
    free(view);
}

void kernelview_know_writes(struct kernelview *view, struct kv_writes writes) { view->writes = writes; }

struct kv_cost kernelview_cost(const struct kernelview *view) {
    return view->cost;
}

bool reader_copy(struct reader *reader, uint64_t address, void *to, size_t size) {
    if (mmu_peek_read(reader->mmu, mmu_linear(address), to, size) == size)
        return true;
    reader->torn = true;
    return false;
}

uint32_t reader_word(struct reader *reader, uint64_t address) {
    uint32_t value = 0;
    return reader_copy(reader, address, &value, sizeof value) ? value : 0;
}

void reader_string(struct reader *reader, uint64_t address, size_t length, char *to, size_t size) {
    size_t wanted = length < size ? length : size - 1;
    size_t got = address ? mmu_peek_read(reader->mmu, mmu_linear(address), to, wanted) : 0;
    to[got] = '\0';
    for (char *at = to; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
}

struct kv_snapshot *kernelview_snapshot(struct kernelview *view, const struct mmu_context *mmu, int pid) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    struct kv_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    if (!frames_read(&reader, snapshot)) {
        kernelview_snapshot_free(snapshot);
        return NULL;
    }
    zones_read(&reader, snapshot);
    tasks_read(&reader, snapshot);
    uint64_t task = kv_tasks_find(&reader, pid);
    if (task)
        space_read(&reader, snapshot, task);
    snapshot->torn = reader.torn;
    return snapshot;
}

void kernelview_snapshot_free(struct kv_snapshot *snapshot) {
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->space.vma_count; i++)
        free(snapshot->space.vmas[i].pages);
    free(snapshot->space.vmas);
    free(snapshot->space.tables);
    free(snapshot->tasks);
    free(snapshot->frames);
    free(snapshot);
}

/* The names of the flags that are set, as many as there is room for. */
static void name_flags(const struct layout *layout, struct kv_frame *frame) {
    size_t used = 0;
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = layout->flag_names[bit];
        if (!(frame->flags >> bit & 1) || !name || used + strlen(name) + 2 > sizeof(frame->flag_names))
            continue;
        used +=
            (size_t)snprintf(frame->flag_names + used, sizeof(frame->flag_names) - used, "%s%s", used ? " " : "", name);
    }
}

bool kernelview_frame(struct kernelview *view, const struct mmu_context *mmu, uint64_t pfn, struct kv_frame *to) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    const struct layout *layout = &view->layout;
    uint8_t page[KV_STRUCT_MAX];
    uint64_t mem_map;
    if (pfn >= frames_count(&reader, &mem_map) ||
        !reader_copy(&reader, mem_map + pfn * layout->page_bytes, page, layout->page_bytes))
        return false;
    *to = (struct kv_frame){
        .pfn = pfn,
        .kind = frames_classify(layout, page),
        .flags = (uint32_t)member_of(page, layout->page_flags),
        .count = (int32_t)member_of(page, layout->page_count),
        .mapcount = (int32_t)((uint32_t)member_of(page, layout->page_mapcount) + 1u), /* the guest counts from -1 */
        .mapping = member_of(page, layout->page_mapping),
        .index = member_of(page, layout->page_index),
        .private = member_of(page, layout->page_private),
    };
    name_flags(layout, to);
    if ((to->flags & layout->pg_buddy) && to->private < KV_ORDERS)
        to->order = (unsigned)to->private;
    return true;
}

bool kernelview_current(struct kernelview *view, const struct mmu_context *mmu, struct kv_task *to) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    uint64_t task = kv_tasks_find(&reader, -1), mm, next;
    if (!task || !task_read(&reader, task, to, &mm, &next))
        return false;
    to->current = true;
    return true;
}

bool kernelview_find_task(struct kernelview *view, const struct mmu_context *mmu, int pid, struct kv_task *to) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    uint64_t task = kv_tasks_find(&reader, pid), mm, next;
    if (!task || !task_read(&reader, task, to, &mm, &next))
        return false;
    to->current = task == reader_word(&reader, view->layout.current_task);
    return to->has_mm;
}

const char *frame_kind_name(enum frame_kind kind) {
    static const char *const names[FRAME_KINDS] = {
        [FRAME_FREE] = "free",         [FRAME_KERNEL] = "kernel",
        [FRAME_TABLE] = "page table",  [FRAME_SLAB] = "slab",
        [FRAME_FILE] = "file",         [FRAME_FILE_DIRTY] = "file, dirty",
        [FRAME_ANON] = "anonymous",    [FRAME_SWAP_CACHE] = "swap cache",
        [FRAME_RESERVED] = "reserved", [FRAME_ABSENT] = "absent",
    };
    return (unsigned)kind < FRAME_KINDS ? names[kind] : "unknown";
}
