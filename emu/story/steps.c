/*
 * The numbered steps of a fault: what the kernel looked at, decided, took and wrote, in that order. Words before
 * jargon, exact numbers. A step that did not happen has no line.
 *
 *   1 the VMA   2 the stack's growth   3 the branch and why   4 reclaim for want of memory   5 frames   6 page cache
 *   7 waiting   8 rmap and LRU   9 the entry before and after   10 the outcome
 */
#include "emu/story/words.h"

#include <inttypes.h>
#include <string.h>

/* Which step is asked for; every writer adds at most one and says so. */
struct steps {
    const struct story_fault *fault;
    struct out *out;
    unsigned wanted, reached;
    bool found;
};

/* True when the step that is about to be written is the wanted one. */
static bool here(struct steps *steps) {
    bool now = steps->reached++ == steps->wanted;
    steps->found |= now;
    return now;
}

static void write_vma_kind(struct out *out, const struct story_fault *fault) {
    const char *name = fault->vma_name;
    size_t length = strlen(name);
    if (length > 2 && name[0] == '[' && name[length - 1] == ']') {
        out_bytes(out, name + 1, length - 2);
        return;
    }
    out_string(out, name[0] ? name : fault->vma_inode ? "file" : "anonymous");
}

/* As the kernel judges (access_allowed() of its do_page_fault): two-level i386 entries have no NX, so whatever may be
 * touched at all may be read and run. */
static bool vma_allows(const struct story_fault *fault) {
    enum { READ = 1, WRITE = 2, EXEC = 4 };
    if (fault->walk.access.kind == MMU_WRITE)
        return fault->vma_flags & WRITE;
    if (fault->walk.access.kind == MMU_FETCH && fault->walk.mode != MMU_MODE_32BIT)
        return fault->vma_flags & EXEC;
    return fault->vma_flags & (READ | WRITE | EXEC);
}

static const char *who(const struct story_fault *fault) { return fault->cpl == 3 ? "the program" : "the kernel"; }

static void write_verdict(struct out *out, const struct story_fault *fault) {
    const char *doing = words_access_doing(fault);
    uint32_t area, slot;
    if (!vma_allows(fault))
        out_format(out, "%s may not %s here", fault->cpl == 3 ? "the program" : "even the kernel", doing);
    else if (story_swap_entry(fault, &area, &slot))
        out_format(out, "%s may %s, but the page is swapped out", who(fault), doing);
    else if (fault->walk.result.rule == MMU_RULE_NOT_PRESENT)
        out_format(out, "%s may %s, but no page is mapped yet", who(fault), doing);
    else
        out_format(out, "%s may %s, the entry may not", who(fault), doing);
}

static void step_vma(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    char flags[5];
    if (!fault->vma_told || !here(steps))
        return;
    if (!fault->vma_found) {
        out_string(steps->out, "no VMA holds ");
        out_address(steps->out, fault->linear);
        return;
    }
    words_vm_flags(flags, fault->vma_flags);
    out_format(steps->out, "VMA %08" PRIx64 "-%08" PRIx64 " %s ", fault->vma_start, fault->vma_end, flags);
    write_vma_kind(steps->out, fault);
    out_string(steps->out, ": ");
    write_verdict(steps->out, fault);
}

static void step_growth(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (!fault->vma_grown_from || !here(steps))
        return;
    uint64_t pages = (fault->vma_grown_from - fault->vma_start) >> MMU_PAGE_SHIFT;
    out_format(steps->out, "expand_stack: the stack grows down from %08" PRIx64 " to %08" PRIx64 ", by ",
               fault->vma_grown_from, fault->vma_start);
    out_grouped(steps->out, pages);
    out_string(steps->out, pages == 1 ? " page" : " pages");
}

/* "page 3 of inode 12": what a file mapping shows at the address. */
static void write_file_page(struct out *out, const struct story_fault *fault) {
    uint64_t page = fault->vma_pgoff;
    if (fault->vma_found)
        page += (fault->linear - fault->vma_start) >> MMU_PAGE_SHIFT;
    out_format(out, "page %" PRIu64 " of ", page);
    if (fault->vma_name[0])
        out_string(out, fault->vma_name);
    else
        out_format(out, "inode %u", (unsigned)fault->vma_inode);
}

static void write_copy(struct out *out, const struct story_fault *fault) {
    uint64_t old = fault->cow_old_pfn, tables = fault->cow_old_mapcount;
    out_string(out, "do_wp_page: ");
    if (!fault->has_cow)
        out_string(out, "the frame is shared, so copy");
    else if (tables > 1)
        out_format(out, "frame %05" PRIx64 " is shared by %" PRIu64 " tables (mapcount %" PRIu64 "), so copy", old,
                   tables, tables);
    else if (tables == 1)
        out_format(out, "frame %05" PRIx64 " is in 1 table (mapcount 1) but not the program's alone, so copy", old);
    else
        out_format(out, "frame %05" PRIx64 " is the shared zero page, so the write gets a frame of its own", old);
}

static void write_reuse(struct out *out, const struct story_fault *fault) {
    enum { SHARED = 8 };
    out_string(out, "do_wp_page: ");
    if (fault->has_cow)
        out_format(out, "frame %05" PRIx64, fault->cow_old_pfn);
    else
        out_string(out, "the frame");
    if (fault->vma_flags & SHARED)
        out_string(out, " belongs to a shared mapping, so the write goes to it");
    else if (fault->has_cow)
        out_format(out, " has one owner left (mapcount %u), so reuse it without a copy",
                   (unsigned)fault->cow_old_mapcount);
    else
        out_string(out, " has one owner left, so reuse it without a copy");
}

static void write_file_branch(struct out *out, const struct story_fault *fault) {
    bool copy = fault->branch == FLT_BRANCH_FILE_COW;
    out_string(out, copy ? "do_linear_fault: private write, so " : "filemap_fault: ");
    write_file_page(out, fault);
    if (fault->branch == FLT_BRANCH_FILE_MINOR && fault->has_file_page)
        out_string(out, " never had contents, so a new page of zeroes, without I/O");
    else if (fault->branch == FLT_BRANCH_FILE_MINOR)
        out_string(out, " is in the page cache, so no I/O");
    else if (fault->branch == FLT_BRANCH_FILE_MAJOR)
        out_string(out, " is not in the page cache, so read it");
    else
        out_string(out, " is copied");
    if (copy && fault->has_cow)
        out_format(out, " from frame %05" PRIx64, fault->cow_old_pfn);
    if (copy)
        out_string(out, " and the file stays as it is");
}

static void write_bad(struct out *out, const struct story_fault *fault) {
    out_string(out, "bad_area: ");
    if (fault->vma_told && fault->vma_found) {
        char flags[5];
        words_vm_flags(flags, fault->vma_flags);
        out_format(out, "the mapping's rights %s do not let %s %s", flags, who(fault), words_access_doing(fault));
    } else
        out_string(out, "nothing is mapped at this address");
}

static void write_swap_in(struct out *out, const struct story_fault *fault) {
    uint32_t area, slot;
    if (!story_swap_entry(fault, &area, &slot))
        out_string(out, "do_swap_page: the entry names a slot in swap");
    else
        out_format(out, "do_swap_page: the entry names slot %" PRIu32 " of swap area %" PRIu32, slot, area);
    switch (words_origin(fault)) {
    case ORIGIN_TAKEN: out_string(out, ", so read it from there"); break;
    case ORIGIN_FOUND: out_string(out, ", and the swap cache has its frame already"); break;
    default: out_string(out, ", so bring the page back"); break;
    }
}

/* Sentences that need no number. */
static const char *plain_sentence(uint32_t branch) {
    switch (branch) {
    case FLT_BRANCH_ANON_ZERO:
        return "do_anonymous_page: memory never written, only read, so the shared zero page serves";
    case FLT_BRANCH_ANON: return "do_anonymous_page: first write to this page, so a new frame of zeroes";
    case FLT_BRANCH_SPURIOUS: return "the entry allows this access already, so nothing is left to do";
    case FLT_BRANCH_SIGBUS: return "filemap_fault: the mapping goes on here, but the file has ended";
    case FLT_BRANCH_OOM: return "no frame could be had, even after reclaim: out of memory";
    case FLT_BRANCH_VMALLOC_SYNC:
        return "vmalloc area: the entry exists in the kernel's own tables, so copy it into this task's";
    case FLT_BRANCH_FIXUP:
        return "the kernel touched a bad user address for a system call: its exception table knows the way out";
    case FLT_BRANCH_OOPS: return "the kernel itself touched a bad address and no exception table entry helps";
    default: return NULL;
    }
}

static void step_branch(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    const char *sentence = plain_sentence(fault->branch);
    if (fault->branch == FLT_BRANCH_NONE || !here(steps))
        return;
    if (sentence)
        out_string(steps->out, sentence);
    else if (fault->branch == FLT_BRANCH_COW_COPY)
        write_copy(steps->out, fault);
    else if (fault->branch == FLT_BRANCH_COW_REUSE)
        write_reuse(steps->out, fault);
    else if (fault->branch == FLT_BRANCH_SEGV)
        write_bad(steps->out, fault);
    else if (fault->branch == FLT_BRANCH_SWAP_IN)
        write_swap_in(steps->out, fault);
    else if (fault->branch < FLT_BRANCH_COUNT)
        write_file_branch(steps->out, fault);
    else
        out_format(steps->out, "branch %u, which this version does not know", (unsigned)fault->branch);
}

static void step_file_page(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (!fault->has_file_page || !here(steps))
        return;
    out_format(steps->out, "page cache: frame %05" PRIx64 " becomes page %" PRIu64 " of inode %u", fault->file_pfn,
               fault->file_index, (unsigned)fault->file_inode);
}

/* "9 143 free > low 120": the zone's free frames against the nearest watermark. */
static void write_watermark(struct out *out, const struct story_frame_taken *frame) {
    out_grouped(out, frame->zone_free);
    if (frame->zone_free > frame->low) {
        out_string(out, " free > low ");
        out_grouped(out, frame->low);
    } else if (frame->zone_free > frame->min) {
        out_string(out, " free, at or below low ");
        out_grouped(out, frame->low);
    } else {
        out_string(out, " free, at or below min ");
        out_grouped(out, frame->min);
    }
}

static void write_taken(struct out *out, const struct story_fault *fault, const struct story_frame_taken *frame) {
    uint64_t result;
    if (frame->order == 0)
        out_format(out, "new frame %05" PRIx64, frame->pfn);
    else
        out_format(out, "new block of 2^%u frames from %05" PRIx64, (unsigned)frame->order, frame->pfn);
    if (fault->has_pte && fault->pte_phys >> MMU_PAGE_SHIFT == frame->pfn)
        out_string(out, " for the page table itself");
    else if (words_result_frame(fault, &result) && result != frame->pfn)
        out_string(out, " for the kernel's own use");
    out_format(out, " from %s", words_zone(frame->zone));
    if (frame->zone != frame->preferred_zone)
        out_format(out, " because %s had none to give", words_zone(frame->preferred_zone));
    out_format(out, ", %s, ", frame->from_pageset ? "per-CPU list" : "buddy lists");
    write_watermark(out, frame);
}

/* A page that was read along with the one that was asked for: pages of programs may lie in high memory, what the
 * kernel takes for itself may not. */
static bool is_neighbour(const struct story_fault *fault, const struct story_frame_taken *frame) {
    enum { GFP_HIGHMEM = 2 };
    uint64_t result;
    bool reads = fault->branch == FLT_BRANCH_SWAP_IN || fault->branch == FLT_BRANCH_FILE_MAJOR;
    return reads && !frame->failed && frame->order == 0 && (frame->gfp & GFP_HIGHMEM) &&
           words_result_frame(fault, &result) && result != frame->pfn;
}

static void step_neighbours(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    unsigned count = 0;
    for (unsigned i = 0; i < fault->frame_count; i++)
        count += is_neighbour(fault, &fault->frames[i]);
    if (count == 0 || !here(steps))
        return;
    out_format(steps->out, "%u more frame%s for neighbours, read along with it:", count, count == 1 ? "" : "s");
    for (unsigned i = 0; i < fault->frame_count; i++)
        if (is_neighbour(fault, &fault->frames[i]))
            out_format(steps->out, " %05" PRIx64, fault->frames[i].pfn);
}

static void step_frames(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    for (unsigned i = 0; i < fault->frame_count; i++) {
        const struct story_frame_taken *frame = &fault->frames[i];
        if (is_neighbour(fault, frame) || !here(steps))
            continue;
        if (!frame->failed) {
            write_taken(steps->out, fault, frame);
            continue;
        }
        out_format(steps->out, "no frame of order %u to be had from %s or below it, ", (unsigned)frame->order,
                   words_zone(frame->preferred_zone));
        write_watermark(steps->out, frame);
    }
    step_neighbours(steps);
    if (fault->frames_dropped && here(steps))
        out_format(steps->out, "and %u more allocation%s", fault->frames_dropped,
                   fault->frames_dropped == 1 ? "" : "s");
}

/* What it took to get a frame when memory was short. */
static void step_reclaim(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (fault->reclaims && here(steps)) {
        out_string(steps->out, "memory is short, so the task reclaims for itself");
        if (fault->reclaims > 1)
            out_format(steps->out, ", %u times", fault->reclaims);
        out_string(steps->out, fault->reclaimed ? ", and frees " : ", and finds nothing to free");
        if (fault->reclaimed)
            out_grouped(steps->out, fault->reclaimed);
        out_string(steps->out, fault->reclaimed == 1 ? " page" : fault->reclaimed ? " pages" : "");
    }
    if (fault->oom_victim && here(steps))
        out_format(steps->out, "out_of_memory: nothing else is left, so process %u is to be killed%s",
                   (unsigned)fault->oom_victim, fault->oom_victim == fault->pid ? ", the one that asked" : "");
}

static void step_wait(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (!fault->waits || !here(steps))
        return;
    out_format(steps->out, "the task was off the CPU %u time%s, ", fault->waits, fault->waits == 1 ? "" : "s");
    out_milliseconds(steps->out, fault->wait_blocks);
    out_string(steps->out, " in all");
}

static void write_lru(struct out *out, const struct story_fault *fault) {
    unsigned others = fault->lru_others;
    if (fault->lru >= 0)
        out_format(out, "frame %05" PRIx64 " is added to the %s list", fault->lru_pfn,
                   fault->lru ? "active" : "inactive");
    if (fault->lru >= 0 && others)
        out_format(out, ", with %u that waited in the same batch", others);
    if (fault->lru < 0)
        out_format(out, "%u frame%s that waited in a full batch %s put on the lists", others, others == 1 ? "" : "s",
                   others == 1 ? "is" : "are");
}

static void step_lists(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    bool left = fault->branch == FLT_BRANCH_COW_COPY && fault->has_cow && fault->cow_old_mapcount > 0;
    bool lists = fault->lru >= 0 || fault->lru_others;
    if ((!left && !lists) || !here(steps))
        return;
    out_string(steps->out, left && lists ? "rmap/LRU: " : left ? "rmap: " : "LRU: ");
    if (left) {
        unsigned keeps = fault->cow_old_mapcount - 1;
        out_format(steps->out, "frame %05" PRIx64 " keeps %u mapping%s", fault->cow_old_pfn, keeps,
                   keeps == 1 ? "" : "s");
    }
    out_string(steps->out, left && lists ? "; " : "");
    if (lists)
        write_lru(steps->out, fault);
}

static bool step_entry(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (!fault->has_pte || !here(steps))
        return false;
    out_string(steps->out, "PTE ");
    out_address(steps->out, fault->pte_before);
    if (fault->pte_before == fault->pte_after) {
        out_string(steps->out, " stays as it is");
        return true;
    }
    out_string(steps->out, " -> ");
    out_address(steps->out, fault->pte_after);
    return true;
}

static void write_signal_outcome(struct out *out, const struct story_fault *fault) {
    words_signal_text(out, fault->signal, fault->si_code);
    out_format(out, " goes to task %u for address ", (unsigned)fault->pid);
    out_address(out, fault->linear);
}

static void step_outcome(struct steps *steps) {
    const struct story_fault *fault = steps->fault;
    if (!here(steps))
        return;
    switch (fault->outcome) {
    case FLT_OUTCOME_RETRY:
        if (fault->oom_victim == fault->pid && fault->pid) {
            out_string(steps->out, "SIGKILL waits for the task: the instruction never runs again");
            break;
        }
        out_string(steps->out,
                   words_now_allowed(fault) ? "the instruction runs again and succeeds" : "the instruction runs again");
        break;
    case FLT_OUTCOME_SIGNAL: write_signal_outcome(steps->out, fault); break;
    case FLT_OUTCOME_FIXUP:
        out_string(steps->out,
                   "the kernel goes on at its exception table's address; the system call fails or comes up short");
        break;
    case FLT_OUTCOME_OOPS: out_string(steps->out, "the kernel prints an oops: this is a bug in the kernel"); break;
    case FLT_OUTCOME_KILLED:
        out_format(steps->out, "task %u is killed and never returns here", (unsigned)fault->pid);
        break;
    case STORY_OUTCOME_UNKNOWN:
        if (!fault->end_blocks)
            out_string(steps->out, "the kernel is still at work on it");
        else if (fault->traced)
            out_string(steps->out, "the kernel never said how it ended");
        else
            out_format(steps->out, "the kernel sent no events about this fault: %s",
                       !fault->has_pte            ? "what it did is not known"
                       : words_now_allowed(fault) ? "by the entry the access is allowed now"
                                                  : "only the entry tells what it did");
        break;
    default: out_format(steps->out, "outcome %u, which this version does not know", (unsigned)fault->outcome); break;
    }
}

bool story_fault_step(const struct story_fault *fault, unsigned i, char *text, size_t size, bool *accent) {
    struct out out;
    out_init(&out, text, size);
    struct steps steps = {.fault = fault, .out = &out, .wanted = i};
    step_vma(&steps);
    step_growth(&steps);
    step_branch(&steps);
    step_reclaim(&steps);
    step_frames(&steps);
    step_file_page(&steps);
    step_wait(&steps);
    step_lists(&steps);
    bool entry = step_entry(&steps);
    step_outcome(&steps);
    out_end(&out);
    if (accent) /* the entry is what changed the machine; without one, the last step */
        *accent = steps.found && (entry || (!fault->has_pte && i + 1 == steps.reached));
    return steps.found;
}
