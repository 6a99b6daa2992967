#include "emu/ui/pages.h"

#include "emu/ui/panel.h"

uint64_t pages_in(const struct kv_vma *vma) { return vma->end > vma->start ? (vma->end - vma->start) >> 12 : 0; }

const struct kv_vma *region_at(const struct view *view, uint64_t linear) {
    const struct kv_address_space *space = view->kernel ? &view->kernel->space : NULL;
    for (size_t i = 0; space && i < space->vma_count; i++)
        if (linear >= space->vmas[i].start && linear < space->vmas[i].end)
            return &space->vmas[i];
    return NULL;
}

bool is_selected_region(const struct view *view, const struct kv_vma *vma) {
    const struct selection *selection = &view->selection;
    bool here = !selection->has_page || (view->kernel && selection->pid == view->kernel->space.pid);
    return selection->has_vma && here && selection->vma_start == vma->start && selection->vma_end == vma->end;
}

bool page_entry(const struct view *view, uint64_t linear, uint32_t *entry) {
    const struct selection *selection = &view->selection;
    bool here = view->kernel && (!selection->has_page || selection->pid == view->kernel->space.pid);
    if (!view->has_entries || !here || linear >> 32 || linear >> 22 != view->entries_index)
        return false;
    *entry = view->entries.entry[linear >> 12 & 1023];
    return true;
}

/* PAGE_ABSENT where the ranges that were told end before the page. */
static enum page_state touched_state(const struct selection *selection, uint64_t page) {
    size_t count = selection->untouched_count < SELECTION_UNTOUCHED ? selection->untouched_count : SELECTION_UNTOUCHED;
    for (size_t i = 0; i < count; i++)
        if (page >= selection->untouched[i][0] && page < selection->untouched[i][1])
            return PAGE_UNTOUCHED;
    bool told = count < SELECTION_UNTOUCHED || page < selection->untouched[count - 1][1];
    return told ? PAGE_GONE : PAGE_ABSENT;
}

enum page_state page_state(const struct view *view, const struct kv_vma *vma, uint64_t page) {
    uint32_t entry = 0;
    if (vma->pages && page < vma->page_count && vma->pages[page] < FRAME_ABSENT)
        return PAGE_PRESENT;
    if (page_entry(view, vma->start + (page << 12), &entry) && entry && !(entry & MMU_PTE_P))
        return PAGE_SWAPPED;
    return is_selected_region(view, vma) ? touched_state(&view->selection, page) : PAGE_ABSENT;
}

const char *page_state_name(enum page_state state) {
    static const char *const names[PAGE_STATES] = {"present", "not present", "never touched", "in swap",
                                                   "was used, not mapped now"};
    return state < PAGE_STATES ? names[state] : "";
}

color page_state_color(enum page_state state) {
    static const color colors[PAGE_STATES] = {0, PALETTE_FREE, PALETTE_FREE, PALETTE_PAGE_SWAPPED, PALETTE_PAGE_GONE};
    return state < PAGE_STATES ? colors[state] : 0;
}

/* The colour is that of most of the mapped pages; its strength, how many of the pages are mapped. */
color pages_color(const struct view *view, const struct kv_vma *vma, uint64_t first, uint64_t count) {
    unsigned by_kind[FRAME_KINDS] = {0}, by_state[PAGE_STATES] = {0}, best = FRAME_ANON;
    uint64_t end = first + count;
    for (uint64_t i = first; i < end && i < vma->page_count && vma->pages; i++) {
        enum page_state state = page_state(view, vma, i);
        by_state[state]++;
        if (state == PAGE_PRESENT)
            by_kind[vma->pages[i]]++;
    }
    if (by_state[PAGE_PRESENT] == 0)
        return page_state_color(by_state[PAGE_SWAPPED] ? PAGE_SWAPPED : by_state[PAGE_GONE] ? PAGE_GONE : PAGE_ABSENT);
    for (unsigned kind = 0; kind < FRAME_ABSENT; kind++)
        best = by_kind[kind] > by_kind[best] ? kind : best;
    color full = best == FRAME_FREE ? PALETTE_KERNEL : frame_color(best);
    return mix(PALETTE_FREE, full, 0.45f + 0.55f * (float)by_state[PAGE_PRESENT] / (float)count);
}

/* The bits of an entry in words. */
static struct words entry_words(uint32_t entry) {
    return format_words("frame %05x, %s%s%s%s", (unsigned)(entry >> 12), entry & MMU_PTE_W ? "writable" : "read-only",
                        entry & MMU_PTE_U ? ", user" : ", kernel", entry & MMU_PTE_A ? ", accessed" : "",
                        entry & MMU_PTE_D ? ", dirty" : "");
}

struct words page_words(const struct view *view, const struct kv_vma *vma, uint64_t page) {
    enum page_state state = page_state(view, vma, page);
    uint32_t entry = 0;
    bool known = page_entry(view, vma->start + (page << 12), &entry);
    if (known && entry & MMU_PTE_P)
        return entry_words(entry);
    if (state == PAGE_SWAPPED)
        return format_words("in swap: its entry is %08x", (unsigned)entry);
    if (state == PAGE_PRESENT && vma->pages[page] < FRAME_ABSENT)
        return format_words("present: %s", frame_kind_name((enum frame_kind)vma->pages[page]));
    return format_words("%s", page_state_name(state));
}
