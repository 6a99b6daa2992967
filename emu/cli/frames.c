/* One frame, one page, one region: what a selection says about it. */
#include "emu/cli/internal.h"

#include <inttypes.h>
#include <string.h>

void info_owners(struct cli *cli, const struct selection *selection) {
    for (size_t i = 0; i < selection->owner_count; i++) {
        const struct kv_owner *owner = &selection->owners[i];
        say(cli, "  mapped by %s (pid %d) at %08" PRIx64 ": entry %08" PRIx64 " at physical %08" PRIx64 "\n",
            owner->comm, owner->pid, owner->linear, owner->entry, owner->entry_physical);
    }
    if (selection->owner_total > selection->owner_count)
        say(cli, "  ... and by %zu more\n", selection->owner_total - selection->owner_count);
}

/* A view with that selected. NULL after fail(). */
static struct view *select_in_view(struct cli *cli, enum select_kind kind, uint64_t argument) {
    session_select(cli->session, kind, (int64_t)argument);
    struct view *view = info_kernel(cli, 0);
    session_select(cli->session, SELECT_NONE, 0);
    return view;
}

static void say_frame(struct cli *cli, const struct selection *selection) {
    const struct kv_frame *frame = &selection->frame;
    say(cli, "frame %05" PRIx64 ", physical %08" PRIx64 ": %s\n", frame->pfn, frame->pfn << MMU_PAGE_SHIFT,
        frame_kind_name(frame->kind));
    say(cli,
        "  struct page: flags %08" PRIx32 " (%s), count %d, mapcount %d, mapping %08" PRIx64 ", index %" PRIu64 "\n",
        frame->flags, frame->flag_names[0] ? frame->flag_names : "none", frame->count, frame->mapcount, frame->mapping,
        frame->index);
    if (frame->kind == FRAME_FREE && frame->order > 0)
        say(cli, "  heads a free block of order %u: %u frames\n", frame->order, 1u << frame->order);
    info_owners(cli, selection);
}

static void say_life(struct cli *cli, const struct view *view) {
    const struct selection *selection = &view->selection;
    char time[32];
    if (selection->life_count > 0)
        say(cli, "  its life, oldest first (%zu of %" PRIu64 "):\n", selection->life_count, selection->life_total);
    for (size_t i = 0; i < selection->life_count && view->life_text; i++)
        say(cli, "  %13s  %s\n", words_milliseconds(selection->life[i].blocks, time), view->life_text[i]);
}

static void say_entry(struct cli *cli, const struct selection *selection) {
    if (!selection->has_entry)
        return;
    mmu_explain(&selection->walk, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
    if (selection->has_swap)
        say(cli, "  the entry names swap area %" PRIu32 ", slot %" PRIu32 "\n", selection->swap_area,
            selection->swap_slot);
}

/* ---- of a kernel whose structures are not known ---- */

static void say_mappings(struct cli *cli, const struct view *view) {
    const struct selection *selection = &view->selection;
    const struct hw_frames *tables = &view->hardware;
    uint64_t pfn = selection->mapped_pfn;
    unsigned of = tables->of && pfn < tables->count ? tables->of[pfn] : 0;
    if (!selection->has_mappings)
        return;
    say(cli, "frame %05" PRIx64 ", physical %08" PRIx64 ": %s\n", pfn, pfn << MMU_PAGE_SHIFT,
        hw_use_name((enum hw_use)(of & ~(HW_ACCESSED | HW_DIRTY))));
    for (size_t i = 0; i < selection->mapping_total && i < SELECTION_MAPPINGS; i++) {
        const struct hw_mapping *at = &selection->mappings[i];
        say(cli, "  mapped at %08" PRIx64 " for %s, %s: entry %08" PRIx64 " at physical %08" PRIx64 "\n", at->linear,
            at->user ? "user mode" : "the kernel", at->writable ? "writable" : "read-only", at->entry,
            at->entry_physical);
    }
    if (selection->mapping_total > SELECTION_MAPPINGS)
        say(cli, "  ... and at %zu more\n", selection->mapping_total - SELECTION_MAPPINGS);
}

/* What the page tables in force tell. False: the kernel is known. */
static bool by_tables(struct cli *cli, enum select_kind kind, uint64_t argument) {
    if (session_kernelview(cli->session))
        return false;
    session_select(cli->session, kind, (int64_t)argument);
    struct view *view = info_view(cli, 0);
    session_select(cli->session, SELECT_NONE, 0);
    if (!view)
        return true;
    if (!view->selection.has_mappings && !view->selection.has_page)
        fail(cli, kind == SELECT_FRAME ? "the machine has no such frame, or paging is off" : "paging is off");
    else if (kind == SELECT_PAGE)
        say_entry(cli, &view->selection);
    say_mappings(cli, view);
    view_free(view);
    return true;
}

void run_frame(struct cli *cli, const struct words *words) {
    uint64_t pfn;
    if (!words_hex(cli, "PFN", words->word[1], &pfn) || by_tables(cli, SELECT_FRAME, pfn))
        return;
    struct view *view = select_in_view(cli, SELECT_FRAME, pfn);
    if (!view)
        return;
    if (view->selection.has_frame) {
        say_frame(cli, &view->selection);
        say_life(cli, view);
    } else {
        fail(cli, "there is no frame %" PRIx64 "; the machine has %" PRIx64 " (hexadecimal)", pfn,
             view->kernel->frame_count);
    }
    view_free(view);
}

static void say_region(struct cli *cli, const struct view *view, uint64_t linear) {
    char rights[5];
    for (size_t i = 0; i < view->kernel->space.vma_count; i++) {
        const struct kv_vma *vma = &view->kernel->space.vmas[i];
        if (linear >= vma->start && linear < vma->end)
            say(cli,
                "region %08" PRIx64 "-%08" PRIx64 " %s %s: %" PRIu64 " KiB, %" PRIu64 " of %" PRIu64
                " pages resident\n",
                vma->start, vma->end, info_rights(vma->flags, rights), vma->name[0] ? vma->name : "anonymous memory",
                (vma->end - vma->start) >> 10, vma->resident, (vma->end - vma->start) >> MMU_PAGE_SHIFT);
    }
}

void run_page(struct cli *cli, const struct words *words) {
    uint64_t linear;
    if (!words_address(cli, words->rest, &linear) || by_tables(cli, SELECT_PAGE, linear))
        return;
    struct view *view = select_in_view(cli, SELECT_PAGE, linear);
    if (!view)
        return;
    const struct selection *selection = &view->selection;
    say(cli, "page %08" PRIx64 " of %s (pid %d)\n", linear & ~(uint64_t)(MMU_PAGE_SIZE - 1), view->kernel->space.comm,
        view->kernel->space.pid);
    say_region(cli, view, linear);
    say_entry(cli, selection);
    if (selection->has_frame)
        say_frame(cli, selection);
    view_free(view);
}

static void say_untouched(struct cli *cli, const struct selection *selection) {
    say(cli, "  touched so far: %" PRIu64 " of %" PRIu64 " pages\n", selection->vma_touched, selection->vma_pages);
    for (size_t i = 0; i < selection->untouched_count; i++) {
        const uint32_t *range = selection->untouched[i];
        uint64_t from = selection->vma_start + ((uint64_t)range[0] << MMU_PAGE_SHIFT);
        uint64_t to = selection->vma_start + ((uint64_t)range[1] << MMU_PAGE_SHIFT);
        say(cli, "  never touched: %08" PRIx64 "-%08" PRIx64 ", %" PRIu32 " page%s\n", from, to, range[1] - range[0],
            range[1] - range[0] == 1 ? "" : "s");
    }
    if (selection->untouched_count == SELECTION_UNTOUCHED)
        say(cli, "  ... and maybe more\n");
}

void run_vma(struct cli *cli, const struct words *words) {
    uint64_t linear;
    if (!words_address(cli, words->rest, &linear))
        return;
    struct view *view = select_in_view(cli, SELECT_VMA, linear);
    if (!view)
        return;
    if (view->selection.has_vma) {
        say_region(cli, view, linear);
        say_untouched(cli, &view->selection);
    } else {
        fail(cli, "no region of %s (pid %d) holds %08" PRIx64 "; `info vmas` lists them", view->kernel->space.comm,
             view->kernel->space.pid, linear);
    }
    view_free(view);
}
