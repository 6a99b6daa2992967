/* A closed (or open) record as one JSON object. Schema: docs/trace.md; keys are only ever added. */
#include "emu/story/json.h"
#include "emu/story/words.h"

static void write_instruction(struct out *out, const struct story_fault *fault) {
    char bytes[2 * sizeof fault->instruction + 1] = "";
    struct out hex;
    out_init(&hex, bytes, sizeof bytes);
    for (unsigned i = 0; i < fault->instruction_bytes; i++)
        out_hex(&hex, fault->instruction[i], 2);
    out_end(&hex);
    json_open(out, "instruction", '{');
    json_hex(out, "address", fault->rip);
    json_number(out, "cpl", fault->cpl);
    json_text(out, "bytes", bytes, sizeof bytes);
    json_text(out, "text", fault->disassembly, sizeof fault->disassembly);
    json_text(out, "symbol", fault->symbol, sizeof fault->symbol);
    json_text(out, "file", fault->source_file, sizeof fault->source_file);
    json_number(out, "line", fault->source_line);
    json_text(out, "source", fault->source_text, sizeof fault->source_text);
    json_close(out, '}');
}

static void write_access(struct out *out, const struct story_fault *fault) {
    char code[96];
    mmu_error_code_text(fault->error_code, code, sizeof code);
    json_open(out, "access", '{');
    json_text(out, "kind", words_access(fault), 8);
    json_hex(out, "linear", fault->linear);
    json_bool(out, "user", fault->walk.access.user);
    json_bool(out, "implicit", fault->walk.access.implicit);
    json_number(out, "error_code", fault->error_code);
    json_text(out, "error_text", code, sizeof code);
    json_close(out, '}');
}

static void write_segment(struct out *out, const struct story_fault *fault) {
    if (fault->segment >= CPU_SEGMENTS) {
        json_null(out, "segment");
        return;
    }
    json_open(out, "segment", '{');
    json_text(out, "name", words_segment(fault->segment), 8);
    json_hex(out, "selector", fault->segment_selector);
    json_hex(out, "base", fault->segment_base);
    json_hex(out, "limit", fault->segment_limit);
    json_hex(out, "flags", fault->segment_flags);
    json_hex(out, "offset", fault->offset);
    json_close(out, '}');
}

/* D and G mean something in an entry that maps a page; elsewhere the processor ignores the bits (SDM 4.3). */
static void write_flags(struct out *out, const struct mmu_step *step) {
    static const struct {
        uint64_t bit;
        const char *name;
    } flags[] = {{MMU_PTE_P, "P"}, {MMU_PTE_W, "W"}, {MMU_PTE_U, "U"}, {MMU_PTE_PWT, "PWT"}, {MMU_PTE_PCD, "PCD"},
                 {MMU_PTE_A, "A"}, {MMU_PTE_D, "D"}, {MMU_PTE_G, "G"}, {MMU_PTE_NX, "NX"}};
    uint64_t ignored = step->leaf ? 0 : MMU_PTE_D | MMU_PTE_G;
    json_open(out, "flags", '[');
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (step->before & flags[i].bit & ~ignored)
            json_text(out, NULL, flags[i].name, 4);
    json_close(out, ']');
}

static void write_level(struct out *out, const struct mmu_step *step) {
    json_open(out, NULL, '{');
    json_number(out, "level", step->level);
    json_text(out, "name", mmu_level_name(step->level), 16);
    json_number(out, "index", step->index);
    json_hex(out, "entry_at", step->at.value);
    json_hex(out, "before", step->before);
    json_hex(out, "after", step->after);
    write_flags(out, step);
    json_bool(out, "leaf", step->leaf);
    json_bool(out, "absent", step->absent);
    if (step->refused)
        json_text(out, "refused", mmu_rule_name(step->refused), 32);
    else
        json_null(out, "refused");
    json_close(out, '}');
}

static void write_walk(struct out *out, const struct story_fault *fault) {
    json_open(out, "walk", '{');
    json_text(out, "mode", mmu_mode_name(fault->walk.mode), 32);
    json_hex(out, "page_directory", fault->pgd_phys);
    json_text(out, "rule", mmu_rule_name(fault->walk.result.rule), 32);
    json_open(out, "levels", '[');
    for (unsigned i = 0; i < fault->walk.count && i < MMU_MAX_LEVELS; i++)
        write_level(out, &fault->walk.steps[i]);
    json_close(out, ']');
    json_close(out, '}');
}

static void write_vma(struct out *out, const struct story_fault *fault) {
    char flags[5];
    if (!fault->vma_found) {
        json_null(out, "vma");
        return;
    }
    words_vm_flags(flags, fault->vma_flags);
    json_open(out, "vma", '{');
    json_hex(out, "start", fault->vma_start);
    json_hex(out, "end", fault->vma_end);
    json_text(out, "rights", flags, sizeof flags);
    json_hex(out, "vm_flags", fault->vma_flags);
    json_number(out, "pgoff", fault->vma_pgoff);
    json_number(out, "inode", fault->vma_inode);
    json_text(out, "name", fault->vma_name, sizeof fault->vma_name);
    if (fault->vma_grown_from)
        json_hex(out, "grown_from", fault->vma_grown_from);
    else
        json_null(out, "grown_from");
    json_close(out, '}');
}

static void write_cow(struct out *out, const struct story_fault *fault) {
    if (!fault->has_cow) {
        json_null(out, "cow");
        return;
    }
    json_open(out, "cow", '{');
    json_number(out, "old_pfn", fault->cow_old_pfn);
    json_number(out, "old_mapcount", fault->cow_old_mapcount);
    json_number(out, "new_pfn", fault->cow_new_pfn);
    json_close(out, '}');
}

static void write_frame(struct out *out, const struct story_frame_taken *frame) {
    json_open(out, NULL, '{');
    if (frame->failed)
        json_null(out, "pfn");
    else
        json_number(out, "pfn", frame->pfn);
    json_number(out, "order", frame->order);
    json_hex(out, "gfp", frame->gfp);
    json_number(out, "node", frame->node);
    json_number(out, "zone", frame->zone);
    json_number(out, "preferred_zone", frame->preferred_zone);
    json_bool(out, "from_pageset", frame->from_pageset);
    json_number(out, "zone_free", frame->zone_free);
    json_number(out, "min", frame->min);
    json_number(out, "low", frame->low);
    json_number(out, "high", frame->high);
    json_close(out, '}');
}

static void write_frames(struct out *out, const struct story_fault *fault) {
    json_open(out, "frames", '[');
    for (unsigned i = 0; i < fault->frame_count; i++)
        write_frame(out, &fault->frames[i]);
    json_close(out, ']');
    json_number(out, "frames_dropped", fault->frames_dropped);
}

static void write_swap(struct out *out, const struct story_fault *fault) {
    uint32_t area, slot;
    json_bool(out, "major", story_is_major(fault));
    if (!story_swap_entry(fault, &area, &slot)) {
        json_null(out, "swap");
        return;
    }
    json_open(out, "swap", '{');
    json_number(out, "area", area);
    json_number(out, "slot", slot);
    json_close(out, '}');
}

static void write_file_page(struct out *out, const struct story_fault *fault) {
    if (!fault->has_file_page) {
        json_null(out, "file_page");
        return;
    }
    json_open(out, "file_page", '{');
    json_number(out, "pfn", fault->file_pfn);
    json_number(out, "inode", fault->file_inode);
    json_number(out, "index", fault->file_index);
    json_close(out, '}');
}

static void write_pte(struct out *out, const struct story_fault *fault) {
    if (!fault->has_pte) {
        json_null(out, "pte");
        return;
    }
    json_open(out, "pte", '{');
    json_hex(out, "linear", fault->pte_address);
    json_hex(out, "entry_at", fault->pte_phys);
    json_hex(out, "before", fault->pte_before);
    json_hex(out, "after", fault->pte_after);
    json_close(out, '}');
}

static void write_path(struct out *out, const struct story_fault *fault) {
    json_open(out, "path", '[');
    for (unsigned i = 0; i < fault->path_count && i < STORY_PATH_MAX; i++) {
        const struct story_call *call = &fault->calls[i];
        json_open(out, NULL, '{');
        json_hex(out, "address", fault->path[i]);
        json_text(out, "function", call->function, sizeof call->function);
        json_text(out, "file", call->file, sizeof call->file);
        json_number(out, "line", call->line);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void write_lru(struct out *out, const struct story_fault *fault) {
    json_number(out, "lru_others", fault->lru_others);
    if (fault->lru < 0) {
        json_null(out, "lru");
        return;
    }
    json_open(out, "lru", '{');
    json_text(out, "list", fault->lru ? "active" : "inactive", 16);
    json_number(out, "pfn", fault->lru_pfn);
    json_close(out, '}');
}

static void write_head(struct out *out, const struct story_fault *fault) {
    json_text(out, "type", "fault", 8);
    json_number(out, "number", fault->number);
    json_number(out, "task", fault->pid);
    json_text(out, "comm", fault->comm, sizeof fault->comm);
    json_bool(out, "user_program", fault->user_program);
    json_time(out, "begin_blocks", "begin_ns", fault->begin_blocks);
    json_time(out, "end_blocks", "end_ns", fault->end_blocks);
    json_number(out, "nested_in", fault->nested_in);
}

static void write_outcome(struct out *out, const struct story_fault *fault) {
    json_number(out, "reclaims", fault->reclaims);
    json_number(out, "reclaimed", fault->reclaimed);
    json_number(out, "oom_victim", fault->oom_victim);
    json_number(out, "waits", fault->waits);
    json_number(out, "wait_blocks", fault->wait_blocks);
    json_text(out, "outcome", words_outcome_key(fault->outcome), 16);
    json_number(out, "signal", fault->signal);
    json_signed(out, "si_code", (int32_t)fault->si_code);
}

size_t story_fault_json(const struct story_fault *fault, char *text, size_t size) {
    struct out out;
    out_init(&out, text, size);
    json_open(&out, NULL, '{');
    write_head(&out, fault);
    write_instruction(&out, fault);
    write_access(&out, fault);
    write_segment(&out, fault);
    write_walk(&out, fault);
    json_bool(&out, "traced", fault->traced);
    json_bool(&out, "vma_told", fault->vma_told);
    write_vma(&out, fault);
    json_text(&out, "branch", fault->traced ? words_branch_key(fault->branch) : "untraced", 16);
    write_path(&out, fault);
    write_swap(&out, fault);
    write_cow(&out, fault);
    write_frames(&out, fault);
    write_file_page(&out, fault);
    write_pte(&out, fault);
    write_lru(&out, fault);
    write_outcome(&out, fault);
    json_close(&out, '}');
    return out_end(&out);
}
