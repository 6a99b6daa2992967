/*
 * Views put together: the kernel's snapshot, the fault on show, the timeline's marks, the rest by fill.c; and the
 * selection with everything that belongs to it, resolved anew for each view.
 */
#include "emu/debug/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_select(struct session *session, enum select_kind kind, int64_t argument) {
    session->selected = kind;
    session->selected_argument = argument;
}

void session_interest(struct session *session, unsigned interest) { session->interest = interest; }
struct debugger *session_debugger(struct session *session) {
    return session->debugger;
}

/*
 * ---- the selection ----
 *
 *   event -> its frame, or the page that it names      entry -> the page that it maps
 *   page  -> walk by peek -> entry -> frame or swap slot; the region around it
 *   frame -> struct page, owners by rmap -> the page of the address space on show, when that maps it
 *
 * A part that is there already is not resolved again, so that none leads back to what was pointed at.
 */

struct resolver {
    struct session *session;
    struct view *view;
    struct selection *selection;
    const struct kv_address_space *space;
    const struct mmu_context *mmu;
    bool foreign; /* a kernel that is not known, or not up yet: there are the tables in force and nothing else */
};

static void resolve_page(struct resolver *resolver, uint64_t linear);

/* Of a kernel that is not known: where the tables in force map the frame. */
static void resolve_mappings(struct resolver *resolver, uint64_t pfn) {
    struct selection *selection = resolver->selection;
    if (selection->has_mappings || resolver->mmu->mode == MMU_MODE_NONE ||
        pfn >= resolver->view->ram_bytes >> MMU_PAGE_SHIFT)
        return;
    selection->has_mappings = true;
    selection->mapped_pfn = pfn;
    selection->mapping_total = hardware_mappings(resolver->mmu, pfn, selection->mappings, SELECTION_MAPPINGS);
    if (selection->mapping_total > 0)
        resolve_page(resolver, selection->mappings[0].linear);
}

static void resolve_frame(struct resolver *resolver, uint64_t pfn) {
    struct selection *selection = resolver->selection;
    if (resolver->foreign)
        resolve_mappings(resolver, pfn);
    if (selection->has_frame || resolver->foreign ||
        !kernelview_frame(resolver->session->kernelview, resolver->mmu, pfn, &selection->frame))
        return;
    selection->has_frame = true;
    selection->owner_total =
        kernelview_owners(resolver->session->kernelview, resolver->mmu, pfn, selection->owners, SELECTION_OWNERS);
    selection->owner_count = selection->owner_total < SELECTION_OWNERS ? selection->owner_total : SELECTION_OWNERS;
    for (size_t i = 0; i < selection->owner_count; i++)
        if (selection->owners[i].pid == resolver->space->pid && !selection->has_page) {
            resolve_page(resolver, selection->owners[i].linear);
            return;
        }
}

/* The guest's asm/pgtable.h: area in bits 5:1, slot from bit 8 up; P, PROT_NONE and the bit of a nonlinear file's
 * entries are clear. */
static void resolve_slot(struct selection *selection) {
    uint64_t entry = selection->entry;
    if (entry == 0 || (entry & (MMU_PTE_P | MMU_PTE_PS | MMU_PTE_D)))
        return;
    selection->has_swap = true;
    selection->swap_area = (uint32_t)entry >> 1 & 31;
    selection->swap_slot = (uint32_t)entry >> 8;
}

/* The walk as the processor would make it in the address space on show. */
static void walk_page(struct resolver *resolver) {
    struct selection *selection = resolver->selection;
    struct mmu_context there;
    struct mmu_state state = resolver->mmu->state;
    struct mmu_access access = session_access(resolver->session, selection->linear);
    if (!resolver->foreign)
        state.cr3 = resolver->space->pgd_phys;
    mmu_context_init(&there, resolver->mmu->memory, &state);
    mmu_peek(&there, access, &selection->walk);
    if (selection->walk.count == 0)
        return;
    const struct mmu_step *last = &selection->walk.steps[selection->walk.count - 1];
    selection->has_entry = !last->absent;
    selection->entry_physical = last->at.value;
    selection->entry = last->before;
    if (last->level == 1 && (last->before & MMU_PTE_P))
        resolve_frame(resolver, last->before >> MMU_PAGE_SHIFT);
    else if (last->leaf && selection->walk.result.status == MMU_OK)
        resolve_frame(resolver, selection->walk.result.physical.value >> MMU_PAGE_SHIFT);
    else if (last->level == 1 && !last->absent && !resolver->foreign)
        resolve_slot(selection);
}

static void add_untouched(struct selection *selection, size_t from, size_t to) {
    if (selection->untouched_count == SELECTION_UNTOUCHED)
        return;
    uint32_t *range = selection->untouched[selection->untouched_count++];
    range[0] = (uint32_t)from;
    range[1] = (uint32_t)to;
}

/* Which pages of the region were ever touched. */
static void resolve_touched(struct resolver *resolver, const struct kv_vma *vma) {
    struct selection *selection = resolver->selection;
    size_t pages = (size_t)((vma->end - vma->start) >> MMU_PAGE_SHIFT), run = 0;
    uint8_t *touched = resolver->session->story ? calloc(pages, 1) : NULL;
    selection->vma_pages = pages;
    if (!touched)
        return;
    story_touched_pages(resolver->session->story, (uint32_t)resolver->space->pid, vma->start, touched, pages);
    for (size_t i = 0; i < pages; i++) {
        bool is_touched = touched[i] || (i < vma->page_count && vma->pages[i] != FRAME_ABSENT);
        selection->vma_touched += is_touched;
        if (is_touched && run < i)
            add_untouched(selection, run, i);
        if (is_touched)
            run = i + 1;
    }
    if (run < pages)
        add_untouched(selection, run, pages);
    free(touched);
}

static void resolve_vma(struct resolver *resolver, uint64_t linear) {
    for (size_t i = 0; i < resolver->space->vma_count; i++) {
        const struct kv_vma *vma = &resolver->space->vmas[i];
        if (linear < vma->start || linear >= vma->end)
            continue;
        resolver->selection->has_vma = true;
        resolver->selection->vma_start = vma->start;
        resolver->selection->vma_end = vma->end;
        resolve_touched(resolver, vma);
    }
}

static void resolve_page(struct resolver *resolver, uint64_t linear) {
    struct selection *selection = resolver->selection;
    bool there =
        resolver->foreign ? resolver->mmu->mode != MMU_MODE_NONE : resolver->space->pgd_phys && linear <= UINT32_MAX;
    if (selection->has_page || !there)
        return;
    selection->has_page = true;
    selection->pid = resolver->space->pid;
    selection->linear = linear & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    walk_page(resolver);
    resolve_vma(resolver, selection->linear);
}

/* An entry of the directory or of a page table of the address space on show; or any word of memory that names a frame.
 */
static void resolve_entry(struct resolver *resolver, uint64_t physical) {
    const struct kv_address_space *space = resolver->space;
    uint64_t table = physical & ~(uint64_t)(MMU_PAGE_SIZE - 1), place = (physical & (MMU_PAGE_SIZE - 1)) / 4;
    uint32_t entry;
    if (space->pgd_phys && table == space->pgd_phys)
        resolve_page(resolver, place << 22);
    for (size_t i = 0; i < space->table_count; i++)
        if ((space->tables[i].entry & ~(MMU_PAGE_SIZE - 1)) == table && !(space->tables[i].entry & MMU_PTE_PS))
            resolve_page(resolver, (uint64_t)space->tables[i].index << 22 | place << MMU_PAGE_SHIFT);
    if (resolver->selection->has_entry ||
        mmu_peek_physical(resolver->mmu->memory, mmu_phys(physical & ~3ull), &entry, sizeof(entry)) != sizeof(entry))
        return;
    resolver->selection->has_entry = true;
    resolver->selection->entry_physical = physical & ~3ull;
    resolver->selection->entry = entry;
    if (entry & MMU_PTE_P)
        resolve_frame(resolver, entry >> MMU_PAGE_SHIFT);
}

static void resolve_event(struct resolver *resolver, uint64_t number) {
    struct story_log_entry *event = &resolver->selection->event;
    if (!resolver->session->story || !story_log_entry(resolver->session->story, number, event))
        return;
    resolver->selection->has_event = true;
    bool names_page = event->type == FLT_FAULT_BEGIN || event->type == FLT_FAULT_PTE;
    if (names_page && (int)event->pid == resolver->space->pid)
        resolve_page(resolver, event->value[0]);
    else if (event->pfn != UINT32_MAX)
        resolve_frame(resolver, event->pfn);
}

static void resolve(struct resolver *resolver) {
    uint64_t argument = (uint64_t)resolver->selection->argument;
    switch (resolver->selection->kind) {
    case SELECT_NONE: break;
    case SELECT_FRAME: resolve_frame(resolver, argument); break;
    case SELECT_PAGE: resolve_page(resolver, argument); break;
    case SELECT_VMA: resolve_vma(resolver, argument); break;
    case SELECT_ENTRY: resolve_entry(resolver, argument); break;
    case SELECT_EVENT: resolve_event(resolver, argument); break;
    }
}

/* What no entry of the life tells: how it began. */
static void tell_before(struct view *view) {
    const struct selection *selection = &view->selection;
    uint64_t earlier = selection->life_total - selection->life_count;
    if (earlier)
        snprintf(view->life_before, VIEW_LIFE_TEXT, "%" PRIu64 " earlier events are not shown", earlier);
    else if (selection->life_count == 0)
        snprintf(view->life_before, VIEW_LIFE_TEXT, "no event has told of this frame");
    else if (selection->life[0].type != FLT_MM_PAGE_ALLOC)
        snprintf(view->life_before, VIEW_LIFE_TEXT, "in use before recording began");
}

static bool fill_life(const struct session *session, struct view *view) {
    struct selection *selection = &view->selection;
    if (!session->story || !selection->has_frame)
        return true;
    selection->life_count =
        story_life(session->story, selection->frame.pfn, selection->life, SELECTION_LIFE, &selection->life_total);
    view->life_text = selection->life_count ? malloc(selection->life_count * sizeof(*view->life_text)) : NULL;
    if (selection->life_count && !view->life_text)
        return false;
    for (size_t i = 0; i < selection->life_count; i++)
        story_log_text(session->story, &selection->life[i], view->life_text[i], VIEW_LIFE_TEXT);
    tell_before(view);
    return true;
}

bool select_fill(struct session *session, struct view *view) {
    struct selection *selection = &view->selection;
    static const struct kv_address_space unknown = {.pid = -1};
    struct resolver resolver = {.session = session,
                                .view = view,
                                .selection = selection,
                                .space = view->kernel ? &view->kernel->space : &unknown,
                                .mmu = machine_mmu(session->machine),
                                .foreign = !view->kernel};
    selection->kind = session->selected;
    selection->argument = session->selected_argument;
    if (selection->argument < 0)
        return true;
    resolve(&resolver);
    return fill_life(session, view);
}

/* ---- the view ---- */

static void show_marks(const struct session *session, struct view *view) {
    if (session->story)
        view->borrowed = story_marks_borrow(session->story);
    view->marks = view->borrowed.mark;
    view->mark_count = view->borrowed.count;
}

const struct story_fault *session_open_fault(const struct session *session) {
    uint64_t number = session->story ? debugger_stop(session->debugger)->fault : 0;
    const struct story_fault *fault = number ? story_fault_by_number(session->story, number) : NULL;
    return fault && fault->end_blocks == 0 ? fault : NULL;
}

/* A fault in whose middle the machine stands comes after the last that is over. */
static void show_fault(const struct session *session, struct view *view, size_t position) {
    const struct shown_faults *shown = &session->shown;
    const struct story_fault *open = session_open_fault(session);
    view->fault_total = shown->count + (open != NULL);
    if (open && (position == 0 || position > shown->count)) {
        view->has_fault = true;
        view->fault = *open;
        view->fault_position = view->fault_total;
        return;
    }
    if (!session->story || shown->count == 0)
        return;
    if (position == 0 || position > shown->count)
        position = shown->count;
    const struct story_fault *fault = story_fault_by_number(session->story, shown->numbers[position - 1]);
    if (!fault)
        return;
    view->has_fault = true;
    view->fault = *fault;
    view->fault_position = position;
}

bool session_prepare_view(struct session *session) {
    return !session->kernelview || kernelview_prepare(session->kernelview, machine_mmu(session->machine));
}

struct view *session_view(struct session *session, size_t position, enum view_state state) {
    struct view *view = calloc(1, sizeof(*view));
    if (!view)
        return NULL;
    view->serial = ++session->view_serial;
    view->state = state;
    view->ram_bytes = session->config.ram_bytes;
    view->blocks = machine_blocks(session->machine);
    view->block_ns = MACHINE_BLOCK_NS;
    view->console = session->console;
    snprintf(view->program, sizeof(view->program), "%s", session->config.program_name);
    snprintf(view->kernel_missing, sizeof(view->kernel_missing), "%s",
             session->kernelview ? "the kernel has not set up its memory yet" : session->kernelview_error);
    if (session->kernelview) {
        int pid = session_space_task(session);
        view->kernel = kernelview_snapshot(session->kernelview, machine_mmu(session->machine), pid);
        view->space_chosen = view->kernel && session->chosen_task == pid;
    }
    session_see_entry(session);
    show_fault(session, view, position);
    if (session->story)
        view->reclaim = *story_reclaim(session->story);
    show_marks(session, view);
    if (!fill_debugger(session, view) || !fill_log(session, view) || !select_fill(session, view) ||
        !fill_interest(session, view)) {
        view_free(view);
        return NULL;
    }
    return view;
}
