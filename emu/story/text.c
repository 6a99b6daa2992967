/* A record as one line (--faults) and as prose (--story). */
#include "emu/story/words.h"

#include "emu/machine/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Appends blanks until column; always at least one. */
static void pad(struct out *out, size_t column) {
    do
        out_bytes(out, " ", 1);
    while (out->length < column);
}

static void write_task(struct out *out, const struct story_fault *fault) {
    if (!fault->traced && !fault->comm[0] && !fault->pid) { /* the kernel tells of no tasks */
        out_string(out, fault->cpl == 3 ? "user mode" : "kernel mode");
        return;
    }
    out_format(out, "%s[%u]", fault->comm[0] ? fault->comm : fault->cpl == 3 ? "?" : "kernel", (unsigned)fault->pid);
}

static void write_location(struct out *out, const struct story_fault *fault) {
    if (fault->source_file[0])
        out_format(out, "%s:%u", fault->source_file, fault->source_line);
    else if (fault->symbol[0])
        out_string(out, fault->symbol);
    else
        out_string(out, "-");
}

static const char *branch_name(const struct story_fault *fault) {
    return fault->traced ? story_branch_name(fault->branch) : "untraced";
}

/*
 * #18   first-faults[7]     41.382116 ms  write 40012008  copy on write      08048a2e mov dword [eax], 0x2a
 *                                      ... frame 02c11  ok  first-faults.c:61       (one line)
 */
size_t story_fault_line(const struct story_fault *fault, char *text, size_t size) {
    struct out out;
    uint64_t frame;
    char outcome[64];
    out_init(&out, text, size);
    out_format(&out, "#%" PRIu64, fault->number);
    pad(&out, 6);
    write_task(&out, fault);
    pad(&out, 24);
    uint64_t nanoseconds = fault->begin_blocks * MACHINE_BLOCK_NS;
    out_format(&out, "%5" PRIu64 ".%06" PRIu64 " ms  ", nanoseconds / 1000000, nanoseconds % 1000000);
    out_format(&out, "%-5s %08" PRIx64 "  ", words_access(fault), fault->linear);
    out_format(&out, "%s%s", branch_name(fault), fault->vma_grown_from ? " + stack" : "");
    pad(&out, 76);
    out_format(&out, "%08" PRIx64 " %s", fault->rip, fault->disassembly[0] ? fault->disassembly : "-");
    pad(&out, 116);
    if (words_result_frame(fault, &frame))
        out_format(&out, "frame %05" PRIx64 "  ", frame);
    else
        out_string(&out, "no frame     ");
    out_format(&out, "%-2s  ", story_outcome_text(fault, outcome, sizeof outcome));
    write_location(&out, fault);
    return out_end(&out);
}

static void text_headline(struct out *out, const struct story_fault *fault) {
    out_format(out, "fault %" PRIu64 ": ", fault->number);
    out_format(out, "%s%s, ", branch_name(fault), fault->vma_grown_from ? ", the stack grows" : "");
    write_task(out, fault);
    out_string(out, ", at ");
    out_milliseconds(out, fault->begin_blocks);
    if (fault->end_blocks > fault->begin_blocks) {
        uint64_t cost = fault->end_blocks - fault->begin_blocks;
        out_string(out, ", cost ");
        out_grouped(out, cost);
        out_format(out, " blocks = %" PRIu64 ".%03" PRIu64 " us", cost * MACHINE_BLOCK_NS / 1000,
                   cost * MACHINE_BLOCK_NS % 1000);
    }
    if (fault->nested_in)
        out_format(out, ", inside fault %" PRIu64, fault->nested_in);
    out_string(out, "\n");
}

static void text_instruction(struct out *out, const struct story_fault *fault) {
    out_string(out, "  ");
    out_address(out, fault->rip);
    out_string(out, "  ");
    if (fault->instruction_bytes == 0 && !fault->disassembly[0])
        out_string(out, "(the instruction itself could not be fetched)");
    else
        out_string(out, fault->disassembly[0] ? fault->disassembly : "(bytes that are no instruction)");
    if (fault->symbol[0])
        out_format(out, "  in %s", fault->symbol);
    if (fault->source_file[0])
        out_format(out, "  %s:%u", fault->source_file, fault->source_line);
    if (fault->source_text[0])
        out_format(out, "  %s", fault->source_text);
    out_string(out, "\n");
}

static void text_access(struct out *out, const struct story_fault *fault) {
    char code[96];
    mmu_error_code_text(fault->error_code, code, sizeof code);
    out_format(out, "  %s ", words_access(fault));
    out_address(out, fault->linear);
    out_format(out, " by %s, error code %" PRIx32 " = %s\n", fault->cpl == 3 ? "the program" : "the kernel",
               fault->error_code, code);
}

/* Expand-down data segments (SDM volume 3, section 3.4.5.1) reach from the limit upwards. */
static bool segment_allows(const struct story_fault *fault) {
    bool code_or_data = fault->segment_flags & 1u << 12, code = fault->segment_flags & 1u << 11;
    bool expand_down = code_or_data && !code && (fault->segment_flags & 1u << 10);
    return expand_down ? fault->offset > fault->segment_limit : fault->offset <= fault->segment_limit;
}

static void text_segment(struct out *out, const struct story_fault *fault) {
    if (fault->segment >= CPU_SEGMENTS)
        return;
    out_format(out,
               "  segment %s (selector %04x): offset %08" PRIx64 " %s limit %08" PRIx64 "; base %08" PRIx64
               " + offset = linear ",
               words_segment(fault->segment), fault->segment_selector, fault->offset,
               segment_allows(fault) ? "is within" : "is beyond", fault->segment_limit, fault->segment_base);
    out_address(out, fault->linear);
    out_string(out, "\n");
}

static void text_flags(struct out *out, const struct mmu_step *step) {
    static const struct {
        uint64_t bit;
        char letter;
    } flags[] = {{MMU_PTE_P, 'P'}, {MMU_PTE_W, 'W'}, {MMU_PTE_U, 'U'}, {MMU_PTE_A, 'A'}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        out_format(out, " %c", step->before & flags[i].bit ? flags[i].letter : '-');
    if (step->leaf)
        out_format(out, " %c", step->before & MMU_PTE_D ? 'D' : '-');
}

static void text_walk(struct out *out, const struct story_fault *fault) {
    uint32_t area, slot;
    for (unsigned i = 0; i < fault->walk.count && i < MMU_MAX_LEVELS; i++) {
        const struct mmu_step *step = &fault->walk.steps[i];
        out_format(out, "  %-5s %03x at ", mmu_level_name(step->level), step->index);
        out_address(out, step->at.value);
        out_string(out, " = ");
        out_address(out, step->before);
        text_flags(out, step);
        if (step->absent)
            out_string(out, "   no memory there");
        if (step->refused)
            out_format(out, "   refused: %s", mmu_rule_name(step->refused));
        if (step->level == 1 && step->refused && story_swap_entry(fault, &area, &slot))
            out_format(out, "   swap entry: area %" PRIu32 ", slot %" PRIu32, area, slot);
        out_string(out, "\n");
    }
}

/* Innermost first: the branch, then who called it. */
static void text_path(struct out *out, const struct story_fault *fault) {
    for (unsigned i = 0; i < fault->path_count && i < STORY_PATH_MAX; i++) {
        const struct story_call *call = &fault->calls[i];
        out_string(out, i ? "  called by " : "  in the kernel: ");
        if (call->function[0])
            out_string(out, call->function);
        else
            out_hex(out, fault->path[i], 8);
        if (call->file[0])
            out_format(out, "  %s:%" PRIu32, call->file, call->line);
        out_string(out, "\n");
    }
}

size_t story_fault_text(const struct story_fault *fault, char *text, size_t size) {
    struct out out;
    char step[256];
    out_init(&out, text, size);
    text_headline(&out, fault);
    text_instruction(&out, fault);
    text_access(&out, fault);
    text_segment(&out, fault);
    text_walk(&out, fault);
    for (unsigned i = 0; story_fault_step(fault, i, step, sizeof step, NULL); i++)
        out_format(&out, "  %u. %s\n", i + 1, step);
    text_path(&out, fault);
    return out_end(&out);
}
