/* A fault record from its JSON object, the inverse of emu/story/fault_json.c and in its order. */
#include "emu/export/decode.h"

#include "emu/story/words.h"

#include <string.h>

typedef const char *name_function(unsigned number);

static const char *name_of_rule(unsigned number) { return mmu_rule_name((enum mmu_rule)number); }
static const char *name_of_mode(unsigned number) { return mmu_mode_name((enum mmu_mode)number); }
static const char *name_of_segment(unsigned number) { return words_segment((uint8_t)number); }
static const char *name_of_branch(unsigned number) { return words_branch_key(number); }
static const char *name_of_outcome(unsigned number) { return words_outcome_key(number); }

/* The number below count whose name stands there; `otherwise` for a missing word or one of a later version. */
static unsigned decode_name(struct decode *decode, const struct json_value *object, const char *key,
                            name_function *name, unsigned count, unsigned otherwise) {
    char word[40];
    decode_text(decode, object, key, word, sizeof word);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(name(i), word) == 0)
            return i;
    return otherwise;
}

static void decode_instruction(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    char hex[2 * sizeof fault->instruction + 1];
    const struct json_value *instruction = decode_inner(decode, object, "instruction", JSON_OBJECT);
    fault->rip = decode_hex(decode, instruction, "address", UINT64_MAX);
    fault->cpl = (uint8_t)decode_number(decode, instruction, "cpl", 3);
    decode_text(decode, instruction, "bytes", hex, sizeof hex);
    for (; 2u * fault->instruction_bytes + 1u < strlen(hex); fault->instruction_bytes++) {
        unsigned byte;
        if (sscanf(hex + 2 * fault->instruction_bytes, "%2x", &byte) != 1)
            break;
        fault->instruction[fault->instruction_bytes] = (uint8_t)byte;
    }
    decode_text(decode, instruction, "text", fault->disassembly, sizeof fault->disassembly);
    decode_text(decode, instruction, "symbol", fault->symbol, sizeof fault->symbol);
    decode_text(decode, instruction, "file", fault->source_file, sizeof fault->source_file);
    fault->source_line = (unsigned)decode_number(decode, instruction, "line", UINT32_MAX);
    decode_text(decode, instruction, "source", fault->source_text, sizeof fault->source_text);
}

static void decode_access(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    char kind[8];
    const struct json_value *access = decode_inner(decode, object, "access", JSON_OBJECT);
    decode_text(decode, access, "kind", kind, sizeof kind);
    fault->walk.access.kind = kind[0] == 'w' ? MMU_WRITE : kind[0] == 'f' ? MMU_FETCH : MMU_READ;
    fault->linear = decode_hex(decode, access, "linear", UINT64_MAX);
    fault->walk.access.linear.value = fault->linear;
    fault->walk.access.user = decode_bool(decode, access, "user");
    fault->walk.access.implicit = decode_bool(decode, access, "implicit");
    fault->error_code = (uint32_t)decode_number(decode, access, "error_code", UINT32_MAX);
    fault->walk.result.error_code = fault->error_code;
}

static void decode_segment(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *segment = decode_inner(decode, object, "segment", JSON_OBJECT);
    fault->segment = CPU_SEGMENTS;
    if (!segment)
        return;
    fault->segment = (uint8_t)decode_name(decode, segment, "name", name_of_segment, CPU_SEGMENTS, CPU_SEGMENTS);
    fault->segment_selector = (uint16_t)decode_hex(decode, segment, "selector", UINT16_MAX);
    fault->segment_base = decode_hex(decode, segment, "base", UINT64_MAX);
    fault->segment_limit = decode_hex(decode, segment, "limit", UINT64_MAX);
    fault->segment_flags = (uint32_t)decode_hex(decode, segment, "flags", UINT32_MAX);
    fault->offset = decode_hex(decode, segment, "offset", UINT64_MAX);
}

static void decode_level(struct decode *decode, const struct json_value *object, struct mmu_step *step) {
    step->level = (uint8_t)decode_number(decode, object, "level", MMU_MAX_LEVELS);
    step->index = (uint16_t)decode_number(decode, object, "index", UINT16_MAX);
    step->at.value = decode_hex(decode, object, "entry_at", UINT64_MAX);
    step->before = decode_hex(decode, object, "before", UINT64_MAX);
    step->after = decode_hex(decode, object, "after", UINT64_MAX);
    step->leaf = decode_bool(decode, object, "leaf");
    step->absent = decode_bool(decode, object, "absent");
    step->refused =
        (enum mmu_rule)decode_name(decode, object, "refused", name_of_rule, MMU_RULE_NON_CANONICAL + 1, MMU_RULE_NONE);
}

static void decode_walk(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *walk = decode_inner(decode, object, "walk", JSON_OBJECT);
    fault->walk.mode =
        (enum mmu_mode)decode_name(decode, walk, "mode", name_of_mode, MMU_MODE_5LEVEL + 1, MMU_MODE_NONE);
    fault->pgd_phys = decode_hex(decode, walk, "page_directory", UINT64_MAX);
    fault->walk.result.rule =
        (enum mmu_rule)decode_name(decode, walk, "rule", name_of_rule, MMU_RULE_NON_CANONICAL + 1, MMU_RULE_NONE);
    const struct json_value *level = json_child(decode->line, decode_inner(decode, walk, "levels", JSON_ARRAY));
    for (; level && fault->walk.count < MMU_MAX_LEVELS; level = json_next(decode->line, level))
        decode_level(decode, level, &fault->walk.steps[fault->walk.count++]);
}

static void decode_vma(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *vma = decode_inner(decode, object, "vma", JSON_OBJECT);
    fault->vma_found = vma != NULL;
    fault->vma_start = decode_hex(decode, vma, "start", UINT64_MAX);
    fault->vma_end = decode_hex(decode, vma, "end", UINT64_MAX);
    fault->vma_flags = decode_hex(decode, vma, "vm_flags", UINT64_MAX);
    fault->vma_pgoff = decode_number(decode, vma, "pgoff", UINT64_MAX);
    fault->vma_inode = (uint32_t)decode_number(decode, vma, "inode", UINT32_MAX);
    decode_text(decode, vma, "name", fault->vma_name, sizeof fault->vma_name);
    fault->vma_grown_from = decode_hex(decode, vma, "grown_from", UINT64_MAX);
}

static void decode_cow(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *cow = decode_inner(decode, object, "cow", JSON_OBJECT);
    fault->has_cow = cow != NULL;
    fault->cow_old_pfn = decode_number(decode, cow, "old_pfn", UINT64_MAX);
    fault->cow_old_mapcount = (uint32_t)decode_number(decode, cow, "old_mapcount", UINT32_MAX);
    fault->cow_new_pfn = decode_number(decode, cow, "new_pfn", UINT64_MAX);
}

static void decode_frame(struct decode *decode, const struct json_value *object, struct story_frame_taken *frame) {
    const struct json_value *pfn = json_member(decode->line, object, "pfn");
    frame->failed = pfn && pfn->kind == JSON_NULL;
    frame->pfn = decode_number(decode, object, "pfn", UINT64_MAX);
    frame->order = (uint32_t)decode_number(decode, object, "order", 31);
    frame->gfp = (uint32_t)decode_hex(decode, object, "gfp", UINT32_MAX);
    frame->node = (uint32_t)decode_number(decode, object, "node", UINT32_MAX);
    frame->zone = (uint32_t)decode_number(decode, object, "zone", UINT32_MAX);
    frame->preferred_zone = (uint32_t)decode_number(decode, object, "preferred_zone", UINT32_MAX);
    frame->from_pageset = decode_bool(decode, object, "from_pageset");
    frame->zone_free = decode_number(decode, object, "zone_free", UINT64_MAX);
    frame->min = decode_number(decode, object, "min", UINT64_MAX);
    frame->low = decode_number(decode, object, "low", UINT64_MAX);
    frame->high = decode_number(decode, object, "high", UINT64_MAX);
}

static void decode_frames(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *frame = json_child(decode->line, decode_inner(decode, object, "frames", JSON_ARRAY));
    for (; frame && fault->frame_count < STORY_MAX_FRAMES; frame = json_next(decode->line, frame))
        decode_frame(decode, frame, &fault->frames[fault->frame_count++]);
    fault->frames_dropped = (unsigned)decode_number(decode, object, "frames_dropped", UINT32_MAX);
}

static void decode_path(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    const struct json_value *step = json_child(decode->line, decode_inner(decode, object, "path", JSON_ARRAY));
    for (; step && fault->path_count < STORY_PATH_MAX; step = json_next(decode->line, step)) {
        struct story_call *call = &fault->calls[fault->path_count];
        fault->path[fault->path_count++] = (uint32_t)decode_hex(decode, step, "address", UINT32_MAX);
        decode_text(decode, step, "function", call->function, sizeof call->function);
        decode_text(decode, step, "file", call->file, sizeof call->file);
        call->line = (uint32_t)decode_number(decode, step, "line", UINT32_MAX);
    }
}

static void decode_pages(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    char list[16];
    const struct json_value *page = decode_inner(decode, object, "file_page", JSON_OBJECT);
    fault->has_file_page = page != NULL;
    fault->file_pfn = decode_number(decode, page, "pfn", UINT64_MAX);
    fault->file_inode = (uint32_t)decode_number(decode, page, "inode", UINT32_MAX);
    fault->file_index = decode_number(decode, page, "index", UINT64_MAX);
    const struct json_value *pte = decode_inner(decode, object, "pte", JSON_OBJECT);
    fault->has_pte = pte != NULL;
    fault->pte_address = decode_hex(decode, pte, "linear", UINT64_MAX);
    fault->pte_phys = decode_hex(decode, pte, "entry_at", UINT64_MAX);
    fault->pte_before = decode_hex(decode, pte, "before", UINT64_MAX);
    fault->pte_after = decode_hex(decode, pte, "after", UINT64_MAX);
    fault->lru_others = (unsigned)decode_number(decode, object, "lru_others", UINT32_MAX);
    const struct json_value *lru = decode_inner(decode, object, "lru", JSON_OBJECT);
    decode_text(decode, lru, "list", list, sizeof list);
    fault->lru = !lru ? -1 : strcmp(list, "active") == 0;
    fault->lru_pfn = decode_number(decode, lru, "pfn", UINT64_MAX);
}

static void decode_head(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    fault->number = decode_number(decode, object, "number", UINT64_MAX);
    fault->pid = (uint32_t)decode_number(decode, object, "task", UINT32_MAX);
    decode_text(decode, object, "comm", fault->comm, sizeof fault->comm);
    fault->user_program = decode_bool(decode, object, "user_program");
    fault->begin_blocks = decode_number(decode, object, "begin_blocks", TRACE_BLOCKS_MAX);
    fault->end_blocks = decode_number(decode, object, "end_blocks", TRACE_BLOCKS_MAX);
    fault->nested_in = decode_number(decode, object, "nested_in", UINT64_MAX);
}

static void decode_outcome(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    fault->reclaims = (unsigned)decode_number(decode, object, "reclaims", UINT32_MAX);
    fault->reclaimed = decode_number(decode, object, "reclaimed", UINT64_MAX);
    fault->oom_victim = (uint32_t)decode_number(decode, object, "oom_victim", UINT32_MAX);
    fault->waits = (unsigned)decode_number(decode, object, "waits", UINT32_MAX);
    fault->wait_blocks = decode_number(decode, object, "wait_blocks", UINT64_MAX);
    fault->outcome =
        decode_name(decode, object, "outcome", name_of_outcome, FLT_OUTCOME_KILLED + 1, STORY_OUTCOME_UNKNOWN);
    fault->signal = (uint32_t)decode_number(decode, object, "signal", UINT32_MAX);
    fault->si_code = (uint32_t)decode_signed(decode, object, "si_code");
}

void decode_fault(struct decode *decode, const struct json_value *object, struct story_fault *fault) {
    memset(fault, 0, sizeof *fault);
    decode_head(decode, object, fault);
    decode_instruction(decode, object, fault);
    decode_access(decode, object, fault);
    decode_segment(decode, object, fault);
    decode_walk(decode, object, fault);
    fault->traced = decode_bool(decode, object, "traced");
    fault->vma_told = decode_bool(decode, object, "vma_told");
    decode_vma(decode, object, fault);
    fault->branch = decode_name(decode, object, "branch", name_of_branch, FLT_BRANCH_COUNT, FLT_BRANCH_COUNT);
    decode_path(decode, object, fault);
    decode_cow(decode, object, fault);
    decode_frames(decode, object, fault);
    decode_pages(decode, object, fault);
    decode_outcome(decode, object, fault);
}
