/* Prints a trace with every kind of record and event in it, hostile texts included; check_json.py reads it. */
#include "tests/story/script.h"

#include <stdio.h>
#include <string.h>

static void print_fault(void *owner, const struct story_fault *fault) {
    char text[16384];
    (void)owner;
    story_fault_json(fault, text, sizeof text);
    puts(text);
}

static void print_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    char text[16384];
    (void)owner;
    story_event_json(blocks, record, text, sizeof text);
    puts(text);
}

static void full_fault(struct script *script, uint32_t branch, uint32_t outcome) {
    uint32_t cow[] = {0x1a73, 2, 0x2c11}, lru[] = {0x2c11, 1}, added[] = {0x777, 12, 3};
    script_begin(script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    script_vma(script, 0x40000000, 0x40020000, SCRIPT_RW, 5, branch & 1 ? 0x40001000 : 0, "a \"name\"\\\x7f\xc3\x01");
    script_branch(script, branch);
    story_call_path(script->story, script->pid, (const uint32_t[]){0xc0123456, 0xc0100010}, 2);
    script_alloc(script, branch == FLT_BRANCH_OOM ? 0xffffffff : 0x2c11, 1, 1, true, 9143);
    script_event(script, FLT_MM_FILEMAP_ADD, added, 3);
    script_event(script, FLT_FAULT_COW, cow, 3);
    script_event(script, FLT_MM_LRU_ADD, lru, 2);
    script_pte(script, 0x01a73025, 0x02c11067);
    script_end(script, outcome, 11, (uint32_t)-6);
}

static void swap_fault(struct script *script) {
    script_begin(script, SCRIPT_LINEAR, MMU_READ, MMU_RULE_NOT_PRESENT, 0x0004a002);
    script_branch(script, FLT_BRANCH_SWAP_IN);
    script_end(script, FLT_OUTCOME_RETRY, 0, 0);
}

/* Every type with words that count up; lengths as the ABI says. */
static void every_event(struct script *script) {
    static const struct {
        uint16_t type, bytes;
    } types[] = {{FLT_FAULT_BEGIN, sizeof(struct flt_fault_begin)},
                 {FLT_FAULT_VMA, sizeof(struct flt_fault_vma)},
                 {FLT_FAULT_BRANCH, sizeof(struct flt_fault_branch)},
                 {FLT_FAULT_COW, sizeof(struct flt_fault_cow)},
                 {FLT_FAULT_PTE, sizeof(struct flt_fault_pte)},
                 {FLT_FAULT_END, sizeof(struct flt_fault_end)},
                 {FLT_MM_PAGE_ALLOC, sizeof(struct flt_mm_page_alloc)},
                 {FLT_MM_PAGE_FREE, sizeof(struct flt_mm_page_free)},
                 {FLT_MM_LRU_ADD, sizeof(struct flt_mm_lru_add)},
                 {FLT_MM_FILEMAP_ADD, sizeof(struct flt_mm_filemap)},
                 {FLT_MM_FILEMAP_DELETE, sizeof(struct flt_mm_filemap)},
                 {FLT_MM_BUDDY_SPLIT, sizeof(struct flt_mm_buddy)},
                 {FLT_MM_BUDDY_MERGE, sizeof(struct flt_mm_buddy)},
                 {FLT_SCHED_SWITCH, sizeof(struct flt_sched_switch)},
                 {FLT_TASK_NEW, sizeof(struct flt_task_new)},
                 {FLT_TASK_RENAME, sizeof(struct flt_task_rename)},
                 {FLT_TASK_EXIT, sizeof(struct flt_task_exit)},
                 {FLT_SIGNAL, sizeof(struct flt_signal)},
                 {FLT_BOOT_PHASE, sizeof(struct flt_boot_phase)},
                 {FLT_MM_VMSCAN_KSWAPD_WAKE, sizeof(struct flt_mm_kswapd)},
                 {FLT_MM_VMSCAN_KSWAPD_SLEEP, sizeof(struct flt_mm_kswapd)},
                 {FLT_MM_VMSCAN_DIRECT_BEGIN, sizeof(struct flt_mm_direct_reclaim)},
                 {FLT_MM_VMSCAN_DIRECT_END, sizeof(struct flt_mm_direct_reclaim)},
                 {FLT_MM_VMSCAN_LRU_ISOLATE, sizeof(struct flt_mm_lru_isolate)},
                 {FLT_MM_VMSCAN_SHRINK_INACTIVE, sizeof(struct flt_mm_shrink_inactive)},
                 {FLT_MM_VMSCAN_PAGE, sizeof(struct flt_mm_vmscan_page)},
                 {FLT_MM_LRU_MOVE, sizeof(struct flt_mm_lru_move)},
                 {FLT_MM_PAGE_REFERENCED, sizeof(struct flt_mm_page_referenced)},
                 {FLT_MM_UNMAP, sizeof(struct flt_mm_unmap)},
                 {FLT_MM_VMSCAN_WRITEPAGE, sizeof(struct flt_mm_writepage)},
                 {FLT_MM_WATERMARK, sizeof(struct flt_mm_watermark)},
                 {FLT_MM_SHRINK_SLAB, sizeof(struct flt_mm_shrink_slab)},
                 {FLT_MM_OOM_KILL, sizeof(struct flt_mm_oom_kill)},
                 {FLT_MM_SWAP_OUT, sizeof(struct flt_mm_swap)},
                 {FLT_MM_SWAP_IN, sizeof(struct flt_mm_swap)},
                 {FLT_MM_SWAP_FREE, sizeof(struct flt_mm_swap)},
                 {FLT_PAGE_WAIT_BEGIN, sizeof(struct flt_page_wait)},
                 {FLT_PAGE_WAIT_END, sizeof(struct flt_page_wait)},
                 {FLT_WRITEBACK_START, sizeof(struct flt_writeback)},
                 {FLT_WRITEBACK_END, sizeof(struct flt_writeback)},
                 {FLT_DIRTY_THROTTLE, sizeof(struct flt_dirty_throttle)},
                 {FLT_READAHEAD, sizeof(struct flt_readahead)},
                 {FLT_BLOCK_RQ_ISSUE, sizeof(struct flt_block_rq)},
                 {FLT_BLOCK_RQ_COMPLETE, sizeof(struct flt_block_rq)},
                 {FLT_VMALLOC, sizeof(struct flt_vmalloc)},
                 {FLT_VFREE, sizeof(struct flt_vmalloc)},
                 {FLT_KMAP, sizeof(struct flt_kmap)},
                 {FLT_KUNMAP, sizeof(struct flt_kmap)},
                 {FLT_PKMAP_FLUSH, sizeof(struct flt_kmap)},
                 {999, 24},
                 {0, 8},
                 {1000, FLT_RECORD_MAX}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        uint32_t words[FLT_RECORD_MAX / 4];
        for (uint32_t k = 0; k < FLT_RECORD_MAX / 4; k++)
            words[k] = k * 0x9e3779b9u + (uint32_t)i;
        script_event(script, types[i].type, words, (types[i].bytes - sizeof(struct flt_record)) / 4);
    }
}

int main(void) {
    struct script script;
    struct story_listener listener = {NULL, print_fault, print_event, NULL};
    struct cpu_page_fault fault = script_fault(UINT64_MAX, MMU_FETCH, MMU_RULE_NOT_PRESENT, UINT32_MAX);
    script_open(&script, NULL);
    story_listen(script.story, &listener);
    for (uint32_t branch = 0; branch <= FLT_BRANCH_COUNT; branch++)
        full_fault(&script, branch, branch % 6);
    swap_fault(&script);
    every_event(&script);
    fault.instruction_bytes = 0;
    fault.walk.access.implicit = true;
    fault.walk.count = 255; /* more than there are */
    script_hardware(&script, &fault);
    story_finish(script.story, UINT64_MAX / 8);
    script_close(&script);
    return 0;
}
