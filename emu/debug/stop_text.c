/*
 * What was met, as one plain sentence. Events have a template each: {member} stands for a member of the record in the
 * form that docs/trace.md gives it, {who} for the running task, {victim} for the task that the record names.
 */
#include "emu/debug/condition_internal.h"
#include "emu/debug/debugger_internal.h"
#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void stop_text_task(const struct debugger *debugger, uint32_t pid, struct out *out) {
    const struct story *story = debugger->session->story;
    const char *name = story ? story_task_name(story, pid) : NULL;
    if (!debugger->session->kernelview && pid == 0 && !(name && name[0])) /* the kernel tells of no tasks */
        out_string(out, "a task that is not known");
    else if (name && name[0])
        out_format(out, "%s (pid %u)", name, (unsigned)pid);
    else
        out_format(out, pid ? "pid %u" : "swapper (pid %u)", (unsigned)pid);
}

/* ---- faults ---- */

static void put_taker(const struct story_fault *fault, struct out *out) {
    if (!fault->traced && !fault->comm[0] && !fault->pid) /* the kernel tells of no tasks */
        out_string(out, fault->cpl == 3 ? "in user mode" : "in kernel mode");
    else
        out_format(out, "by %s (pid %u)", fault->comm[0] ? fault->comm : "a task", (unsigned)fault->pid);
}

void stop_text_fault(const struct story_fault *fault, struct out *out) {
    char outcome[64];
    uint64_t pfn;
    out_format(out, "fault %" PRIu64 ": %s of %08" PRIx64 " ", fault->number, words_access(fault), fault->linear);
    put_taker(fault, out);
    if (fault->traced)
        out_format(out, ": %s", story_branch_name(fault->branch));
    else
        out_format(out, ": %s", mmu_rule_name(fault->walk.result.rule));
    if (fault->has_cow && fault->cow_old_pfn != fault->cow_new_pfn)
        out_format(out, ", frame %05" PRIx64 " to %05" PRIx64, fault->cow_old_pfn, fault->cow_new_pfn);
    else if (words_result_frame(fault, &pfn))
        out_format(out, ", frame %05" PRIx64, pfn);
    if (fault->traced && fault->outcome != FLT_OUTCOME_RETRY)
        out_format(out, ", %s", story_outcome_text(fault, outcome, sizeof outcome));
}

void stop_text_opened(const struct story_fault *fault, struct out *out) {
    out_format(out, "page fault %" PRIu64 " begins: %s of %08" PRIx64 " ", fault->number, words_access(fault),
               fault->linear);
    put_taker(fault, out);
    out_format(out, " is refused: %s", mmu_rule_name(fault->walk.result.rule));
    for (unsigned i = 0; i < fault->walk.count && i < MMU_MAX_LEVELS; i++)
        if (fault->walk.steps[i].refused != MMU_RULE_NONE)
            out_format(out, " at the %s", mmu_level_name(fault->walk.steps[i].level));
}

/* ---- entries ---- */

static void put_bits(struct out *out, uint64_t bits) {
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {{MMU_PTE_P, "P"}, {MMU_PTE_W, "W"},     {MMU_PTE_U, "U"},     {MMU_PTE_A, "A"},   {MMU_PTE_D, "D"},
                 {MMU_PTE_G, "G"}, {MMU_PTE_PWT, "PWT"}, {MMU_PTE_PCD, "PCD"}, {MMU_PTE_PS, "PS"}, {MMU_PTE_NX, "NX"}};
    const char *before = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bits & names[i].bit) {
            out_format(out, "%s%s", before, names[i].name);
            before = " and ";
        }
}

void stop_text_entry(const struct debugger *debugger, const struct condition_entry *entry, struct out *out) {
    out_string(out, "the processor sets ");
    put_bits(out, entry->after & ~entry->before & CONDITION_BITS);
    out_format(out, " in the %s of %08" PRIx64 " (%08" PRIx64 " becomes %08" PRIx64 ") for ",
               mmu_level_name((uint8_t)entry->level), entry->linear, entry->before, entry->after);
    stop_text_task(debugger, entry->pid, out);
}

/* ---- events ---- */

static const struct {
    uint16_t type;
    const char *text;
} templates[] = {
    {FLT_FAULT_BEGIN, "the kernel begins with the fault of {who} at {address}"},
    {FLT_FAULT_VMA, "the kernel looked for the region of the fault of {who}: {start} to {end} {name}"},
    {FLT_FAULT_BRANCH, "the kernel takes the branch {branch} for the fault of {who}"},
    {FLT_FAULT_PTE, "the kernel changes the entry of {address} from {before} to {after} for {who}"},
    {FLT_FAULT_END, "the fault of {who} is over: {outcome}"},
    {FLT_MM_PAGE_ALLOC, "{who} allocates frame {pfn}, order {order}, from {zone}, which has {zone_free} left"},
    {FLT_MM_PAGE_FREE, "frame {pfn}, order {order}, goes back to {zone}, which has {zone_free} now"},
    {FLT_MM_LRU_ADD, "frame {pfn} enters the {active} list"},
    {FLT_MM_FILEMAP_ADD, "frame {pfn} becomes page {index} of inode {inode} in the page cache"},
    {FLT_MM_FILEMAP_DELETE, "frame {pfn}, page {index} of inode {inode}, leaves the page cache"},
    {FLT_MM_BUDDY_SPLIT, "a free block of order {order} at frame {pfn} in {zone} is split for {who}"},
    {FLT_MM_BUDDY_MERGE, "two buddies become a free block of order {order} at frame {pfn} in {zone}"},
    {FLT_SCHED_SWITCH, "the processor goes from pid {prev} to pid {next}"},
    {FLT_TASK_NEW, "{who} makes a new task: {victim}"},
    {FLT_TASK_RENAME, "pid {pid} is called {comm} now"},
    {FLT_TASK_EXIT, "{victim} ends with wait status {status}"},
    {FLT_SIGNAL, "signal {signal} is about to reach {victim}"},
    {FLT_BOOT_PHASE, "phase {phase}"},
    {FLT_MM_VMSCAN_KSWAPD_WAKE, "{who} wakes kswapd: {zone} of node {node} has {free} free pages"},
    {FLT_MM_VMSCAN_KSWAPD_SLEEP, "kswapd of node {node} goes to sleep: {free} pages are free"},
    {FLT_MM_VMSCAN_DIRECT_BEGIN, "{who} must free memory itself for an allocation of order {order}"},
    {FLT_MM_VMSCAN_DIRECT_END, "{who} has freed {reclaimed} pages itself, down to priority {priority}"},
    {FLT_MM_VMSCAN_LRU_ISOLATE, "{taken} pages of the {active} list of {zone} are taken off to be looked at by {who}"},
    {FLT_MM_VMSCAN_SHRINK_INACTIVE, "of {scanned} inactive pages of {zone} {who} freed {reclaimed}"},
    {FLT_MM_VMSCAN_PAGE, "{who} decides about frame {pfn}: {outcome}, because of {reason}"},
    {FLT_MM_LRU_MOVE, "frame {pfn} moves from the {from_active} to the {to_active} list: {reason}"},
    {FLT_MM_PAGE_REFERENCED,
     "{who} harvests the A bits of frame {pfn}: {young} of {mapcount} were set and are clear now"},
    {FLT_MM_UNMAP, "{who} takes frame {pfn} from {address}: the entry goes from {before} to {after}"},
    {FLT_MM_VMSCAN_WRITEPAGE, "{who} writes frame {pfn} out"},
    {FLT_MM_WATERMARK, "{zone} of node {node} crosses its mark {mark}: {free} pages are free"},
    {FLT_MM_SHRINK_SLAB, "{who} shrinks the cache {cache}: {freed} of {scanned} objects go"},
    {FLT_MM_OOM_KILL, "memory is out: {who} chose {victim} to be ended, with {points} points"},
    {FLT_MM_SWAP_OUT, "frame {pfn} is given slot {offset} of swap area {area}"},
    {FLT_MM_SWAP_IN, "slot {offset} of swap area {area} comes back as frame {pfn} for {who}"},
    {FLT_MM_SWAP_FREE, "slot {offset} of swap area {area} is free again"},
    {FLT_PAGE_WAIT_BEGIN, "{who} sleeps on frame {pfn}: {reason}"},
    {FLT_PAGE_WAIT_END, "{who} has waited for frame {pfn}"},
    {FLT_WRITEBACK_START, "{who} begins to write {pages} pages back: {reason}"},
    {FLT_WRITEBACK_END, "{who} has written {pages} pages back: {reason}"},
    {FLT_DIRTY_THROTTLE, "{who} must write back itself: {dirty} pages are dirty, {limit} may be"},
    {FLT_READAHEAD, "{who} reads {pages} pages ahead from page {index} of inode {inode}"},
    {FLT_BLOCK_RQ_ISSUE, "a request goes to a disk: {write} of {bytes} bytes at sector {sector}"},
    {FLT_BLOCK_RQ_COMPLETE, "a request is done: {write} of {bytes} bytes at sector {sector}"},
    {FLT_VMALLOC, "{who} maps {pages} pages at {address} by vmalloc"},
    {FLT_VFREE, "{who} gives {pages} pages at {address} back to vmalloc"},
    {FLT_KMAP, "{who} maps high frame {pfn} at {address}"},
    {FLT_KUNMAP, "{who} lets go of high frame {pfn} at {address}"},
    {FLT_PKMAP_FLUSH, "the kernel's window for high frames is flushed"},
};

static const char *template_of(uint16_t type) {
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++)
        if (templates[i].type == type)
            return templates[i].text;
    return NULL;
}

static void put_word(struct out *out, const struct condition_vocabulary *words, uint32_t value) {
    for (size_t i = 0; i < words->count; i++)
        if (words->words[i].first == value) {
            out_string(out, words->words[i].name);
            return;
        }
    out_format(out, "%u", (unsigned)value);
}

static void put_member(struct out *out, const struct flt_record *record, const char *name) {
    const struct event_type *type = story_event_type(record->type);
    struct condition_key key;
    const char *text;
    uint32_t value;
    for (const struct event_member *member = type->members; member->key; member++) {
        if (strcmp(member->key, name) != 0)
            continue;
        size_t size = story_event_text(record, member, &text);
        condition_key_of_type(record->type, name, &key);
        for (size_t i = 0; i < size && text[i]; i++)
            out_bytes(out, text[i] >= 0x20 && text[i] <= 0x7e ? &text[i] : "?", 1);
        if (size || !story_event_number(record, member, &value))
            return;
        if (key.form == FORM_FRAME)
            out_format(out, value == UINT32_MAX ? "none" : "%05x", (unsigned)value);
        else if (key.form == FORM_WORD)
            put_word(out, key.words, value);
        else
            out_format(out, key.form == FORM_ADDRESS ? "%08x" : "%u", (unsigned)value);
    }
}

/* The task that a record names: its own name may be in the record, or known by pid. */
static void put_victim(const struct debugger *debugger, struct out *out, const struct flt_record *record) {
    const struct event_type *type = story_event_type(record->type);
    uint32_t pid = 0;
    char name[17] = "";
    for (const struct event_member *member = type->members; member->key; member++) {
        const char *text;
        if (strcmp(member->key, "pid") == 0)
            story_event_number(record, member, &pid);
        else if (strcmp(member->key, "comm") == 0 && story_event_text(record, member, &text) == 16)
            for (size_t i = 0; i < 16 && text[i]; i++)
                name[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
    }
    if (name[0])
        out_format(out, "%s (pid %u)", name, (unsigned)pid);
    else
        stop_text_task(debugger, pid, out);
}

/* A copy-on-write sharing ends in two ways. */
static const char *cow_template(const struct flt_record *record) {
    struct flt_fault_cow cow = {.head.type = 0};
    if (record->bytes >= sizeof cow)
        memcpy(&cow, record, sizeof cow);
    if (cow.old_pfn == cow.new_pfn)
        return "{who} may write to frame {old_pfn} again: it is its only owner";
    if (cow.old_mapcount == 0)
        return "copy on write by {who}: frame {old_pfn}, which no entry maps, is copied to {new_pfn}";
    return "copy on write by {who}: frame {old_pfn}, mapped {old_mapcount} times, is copied to {new_pfn}";
}

void stop_text_event(const struct debugger *debugger, const struct flt_record *record, struct out *out) {
    const struct event_type *type = story_event_type(record->type);
    const char *text = type ? template_of(record->type) : NULL;
    if (record->type == FLT_FAULT_COW)
        text = cow_template(record);
    if (!text) {
        out_format(out, "event %s", type ? type->name : "of a type that this version does not know");
        return;
    }
    while (*text) {
        char name[32];
        size_t plain = strcspn(text, "{"), length = strcspn(text + plain, "}");
        out_bytes(out, text, plain);
        text += plain;
        if (!*text)
            return;
        snprintf(name, sizeof name, "%.*s", (int)length - 1, text + 1);
        if (strcmp(name, "who") == 0)
            stop_text_task(debugger, record->task, out);
        else if (strcmp(name, "victim") == 0)
            put_victim(debugger, out, record);
        else
            put_member(out, record, name);
        text += length + 1;
    }
}
