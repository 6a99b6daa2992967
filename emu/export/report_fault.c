/*
 * A fault as a row of the report: one JSON array, read by page/report.js (its ROW_ constants are the same places).
 * Texts that many faults share are numbers into the page's list of strings. Words are those of emu/story; the page only
 * lays them out.
 */
#include "emu/export/report.h"

#include "emu/machine/machine.h"
#include "emu/story/json.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <string.h>

static void share(struct report *report, struct out *out, const char *text) {
    json_number(out, NULL, strings_add(&report->strings, text));
}

static void share_instruction(struct report *report, struct out *out, const struct story_fault *fault) {
    char text[96], bytes[2 * sizeof fault->instruction + 1] = "";
    struct out address, hex;
    out_init(&address, text, sizeof text);
    out_address(&address, fault->rip);
    out_end(&address);
    out_init(&hex, bytes, sizeof bytes);
    for (unsigned i = 0; i < fault->instruction_bytes && i < sizeof fault->instruction; i++)
        out_hex(&hex, fault->instruction[i], 2);
    out_end(&hex);
    share(report, out, text);
    share(report, out, fault->disassembly);
    share(report, out, bytes);
    share(report, out, fault->symbol);
    text[0] = '\0';
    if (fault->source_file[0])
        snprintf(text, sizeof text, "%.80s:%u", fault->source_file, fault->source_line);
    share(report, out, text);
    share(report, out, fault->source_text);
}

static void share_region(struct report *report, struct out *out, const struct story_fault *fault) {
    char text[120], rights[5];
    words_vm_flags(rights, fault->vma_flags);
    if (fault->vma_found)
        snprintf(text, sizeof text, "%08" PRIx64 "-%08" PRIx64 " %s %s", fault->vma_start, fault->vma_end, rights,
                 fault->vma_name);
    else
        snprintf(text, sizeof text, "%s", fault->vma_told ? "none: no region holds the address" : "");
    share(report, out, text);
}

static void share_segment(struct report *report, struct out *out, const struct story_fault *fault) {
    char text[120] = "";
    if (fault->segment < CPU_SEGMENTS)
        snprintf(text, sizeof text, "%s, selector %04x, base %08" PRIx64 ", limit %08" PRIx64,
                 words_segment(fault->segment), fault->segment_selector, fault->segment_base, fault->segment_limit);
    share(report, out, text);
}

/* [name, index, entry's address, value, letters of its set bits, leaf, rule that refused] */
static void write_level(struct report *report, struct out *out, const struct mmu_step *step) {
    static const struct {
        uint64_t bit;
        char letter;
    } flags[] = {{MMU_PTE_P, 'P'}, {MMU_PTE_W, 'W'}, {MMU_PTE_U, 'U'}, {MMU_PTE_A, 'A'}, {MMU_PTE_D, 'D'}};
    char text[32], letters[8] = "";
    struct out number;
    size_t count = 0;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (step->before & flags[i].bit)
            letters[count++] = flags[i].letter;
    json_open(out, NULL, '[');
    share(report, out, mmu_level_name(step->level));
    json_number(out, NULL, step->index);
    out_init(&number, text, sizeof text);
    out_address(&number, step->at.value);
    out_end(&number);
    json_text(out, NULL, text, sizeof text);
    out_init(&number, text, sizeof text);
    out_address(&number, step->before);
    out_end(&number);
    json_text(out, NULL, step->absent ? "no memory" : text, sizeof text);
    json_text(out, NULL, letters, sizeof letters);
    json_number(out, NULL, step->leaf);
    share(report, out, step->refused ? mmu_rule_name(step->refused) : "");
    json_close(out, ']');
}

static void write_steps(struct out *out, const struct story_fault *fault, unsigned *accent) {
    char text[400];
    bool marked;
    *accent = 0;
    json_open(out, NULL, '[');
    for (unsigned i = 0; story_fault_step(fault, i, text, sizeof text, &marked); i++) {
        json_text(out, NULL, text, sizeof text);
        if (marked && *accent == 0)
            *accent = i + 1;
    }
    json_close(out, ']');
}

/* "do_wp_page, memory.c:412", innermost first. */
static void write_path(struct report *report, struct out *out, const struct story_fault *fault) {
    char text[80], name[40];
    json_open(out, NULL, '[');
    for (unsigned i = 0; i < fault->path_count && i < STORY_PATH_MAX; i++) {
        const struct story_call *call = &fault->calls[i];
        snprintf(name, sizeof name, call->function[0] ? "%s" : "%s%08x", call->function, (unsigned)fault->path[i]);
        snprintf(text, sizeof text, call->file[0] ? "%s, %s:%u" : "%s", name, call->file, (unsigned)call->line);
        share(report, out, text);
    }
    json_close(out, ']');
}

static void write_frame(struct out *out, const struct story_fault *fault) {
    uint64_t frame;
    char text[24] = "";
    struct out hex;
    if (words_result_frame(fault, &frame)) {
        out_init(&hex, text, sizeof text);
        out_hex(&hex, frame, 5);
        out_end(&hex);
    }
    json_text(out, NULL, text, sizeof text);
}

static void write_access(struct report *report, struct out *out, const struct story_fault *fault) {
    char code[160], text[24];
    struct out address;
    share(report, out, words_access(fault));
    out_init(&address, text, sizeof text);
    out_address(&address, fault->linear);
    out_end(&address);
    json_text(out, NULL, text, sizeof text);
    size_t length = (size_t)snprintf(code, sizeof code, "%x = ", fault->error_code);
    mmu_error_code_text(fault->error_code, code + length, sizeof code - length);
    share(report, out, code);
}

size_t report_row(struct report *report, const struct story_fault *fault, char *text, size_t size) {
    struct out out;
    char word[96];
    unsigned accent;
    uint64_t cost = fault->end_blocks > fault->begin_blocks ? fault->end_blocks - fault->begin_blocks : 0;
    out_init(&out, text, size);
    json_open(&out, NULL, '[');
    json_number(&out, NULL, fault->number);
    json_number(&out, NULL, fault->begin_blocks * MACHINE_BLOCK_NS);
    json_number(&out, NULL, cost * MACHINE_BLOCK_NS);
    json_number(&out, NULL, fault->branch < FLT_BRANCH_COUNT ? fault->branch : FLT_BRANCH_COUNT);
    snprintf(word, sizeof word, "%s[%u]", fault->comm[0] ? fault->comm : tasks_comm(&report->tasks, fault->pid),
             (unsigned)fault->pid);
    share(report, &out, word);
    write_access(report, &out, fault);
    share_instruction(report, &out, fault);
    write_frame(&out, fault);
    share(report, &out, story_outcome_text(fault, word, sizeof word));
    json_number(&out, NULL, fault->user_program);
    json_number(&out, NULL, story_is_major(fault));
    json_number(&out, NULL, fault->nested_in);
    json_number(&out, NULL, fault->waits);
    json_number(&out, NULL, fault->wait_blocks * MACHINE_BLOCK_NS);
    share_region(report, &out, fault);
    share_segment(report, &out, fault);
    share(report, &out, mmu_mode_name(fault->walk.mode));
    json_open(&out, NULL, '[');
    for (unsigned i = 0; i < fault->walk.count && i < MMU_MAX_LEVELS; i++)
        write_level(report, &out, &fault->walk.steps[i]);
    json_close(&out, ']');
    write_steps(&out, fault, &accent);
    json_number(&out, NULL, accent);
    write_path(report, &out, fault);
    json_close(&out, ']');
    return out_end(&out);
}
