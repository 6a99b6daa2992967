/*
 * Events in words. A sentence a type, with the members of event_types.c in braces:
 *
 *   {pfn:f}   a frame number, five digits        {x:h}   hexadecimal, eight digits
 *   {order}   a decimal number, digits grouped   {x:d}   signed
 *   {zone:z}  a zone's name                      {x:w}   the word that event_word() has for it
 *   {x:s}     text                               {x?A|B} A when x is not 0, else B; A and B hold no braces
 */
#include "emu/export/event_text.h"

#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <string.h>

static const char *const sentences[] = {
    [FLT_FAULT_BEGIN] = "page fault at {address:h}, error code {error_code}, instruction {ip:h}",
    [FLT_FAULT_VMA] = "the fault's region is {start:h}-{end:h} {name:s}",
    [FLT_FAULT_BRANCH] = "the fault is: {branch:w}",
    [FLT_FAULT_COW] = "frame {old_pfn:f}, mapped {old_mapcount} times, gives way to frame {new_pfn:f}",
    [FLT_FAULT_PTE] = "entry for {address:h}: {before:h} becomes {after:h}",
    [FLT_FAULT_END] = "the fault is over: {outcome:w}",
    [FLT_MM_PAGE_ALLOC] =
        "takes frame {pfn:f}, order {order}, from {zone:z}, {zone_free} free there (min {pages_min}, low "
        "{pages_low}, high {pages_high})",
    [FLT_MM_PAGE_FREE] = "frees frame {pfn:f}, order {order}, to {zone:z}, {zone_free} free there",
    [FLT_MM_LRU_ADD] = "frame {pfn:f} enters the {active?active|inactive} list",
    [FLT_MM_FILEMAP_ADD] = "frame {pfn:f} becomes page {index} of inode {inode} in the page cache",
    [FLT_MM_FILEMAP_DELETE] = "frame {pfn:f}, page {index} of inode {inode}, leaves the page cache",
    [FLT_MM_BUDDY_SPLIT] = "a block of order {order} at frame {pfn:f} of {zone:z} is split",
    [FLT_MM_BUDDY_MERGE] = "two buddies become a block of order {order} at frame {pfn:f} of {zone:z}",
    [FLT_SCHED_SWITCH] = "the CPU goes from task {prev} to task {next}",
    [FLT_TASK_NEW] = "task {pid} \"{comm:s}\" begins, a child of {parent}",
    [FLT_TASK_RENAME] = "task {pid} is now called \"{comm:s}\"",
    [FLT_TASK_EXIT] = "task {pid} ends with wait status {status}",
    [FLT_SIGNAL] = "signal {signal}, si_code {si_code:d}, si_addr {si_addr:h}, goes to task {pid}",
    [FLT_BOOT_PHASE] = "boot: {phase:w}",
    [FLT_MM_VMSCAN_KSWAPD_WAKE] = "kswapd of node {node} wakes: {zone:z} has {free} free, order {order} is wanted",
    [FLT_MM_VMSCAN_KSWAPD_SLEEP] = "kswapd of node {node} sleeps, {free} free",
    [FLT_MM_VMSCAN_DIRECT_BEGIN] = "begins to free memory for itself, order {order} is wanted",
    [FLT_MM_VMSCAN_DIRECT_END] = "freed {reclaimed} pages for itself, down to priority {priority}",
    [FLT_MM_VMSCAN_LRU_ISOLATE] = "takes {taken} pages off the {active?active|inactive} list of {zone:z} to look at "
                                  "({scanned} scanned, {wanted} wanted, priority {priority})",
    [FLT_MM_VMSCAN_SHRINK_INACTIVE] =
        "{kswapd?kswapd|direct reclaim} freed {reclaimed} of {scanned} pages of {zone:z}, "
        "priority {priority}",
    [FLT_MM_VMSCAN_PAGE] =
        "frame {pfn:f}, {anon?anonymous|of a file}, mapped {mapcount} times, is {outcome:w}: {reason:w}",
    [FLT_MM_LRU_MOVE] =
        "frame {pfn:f} goes from {from_active?active|inactive} to {to_active?active|inactive}: {reason:w}",
    [FLT_MM_PAGE_REFERENCED] = "accessed bits of frame {pfn:f}: {young} of {mapcount} entries had one, now cleared",
    [FLT_MM_UNMAP] = "entry for {address:h} loses frame {pfn:f}: {before:h} becomes {after:h}",
    [FLT_MM_VMSCAN_WRITEPAGE] = "frame {pfn:f}, {anon?anonymous|of a file}, is being written out",
    [FLT_MM_WATERMARK] = "{zone:z} is {below?below|no longer below} its {mark:w} mark, {free} free",
    [FLT_MM_SHRINK_SLAB] = "cache {cache:s} gave back {freed} of {scanned} objects",
    [FLT_MM_OOM_KILL] = "out of memory: kills task {pid} \"{comm:s}\", {points} points, {total_vm} pages",
    [FLT_MM_SWAP_OUT] = "frame {pfn:f} gets slot {offset} of swap area {area}",
    [FLT_MM_SWAP_IN] =
        "frame {pfn:f} {cached?is still in the swap cache: slot|is read from slot} {offset} of area {area}",
    [FLT_MM_SWAP_FREE] = "slot {offset} of swap area {area} is free",
    [FLT_PAGE_WAIT_BEGIN] = "waits for frame {pfn:f}: {reason:w}",
    [FLT_PAGE_WAIT_END] = "need not wait for frame {pfn:f} any more",
    [FLT_WRITEBACK_START] = "writeback begins, {reason:w}: {pages} pages wanted, {dirty} dirty, threshold {threshold}",
    [FLT_WRITEBACK_END] = "writeback ends, {reason:w}: {pages} pages written, {dirty} dirty",
    [FLT_DIRTY_THROTTLE] = "must write back itself: {dirty} pages are dirty, the limit is {limit}",
    [FLT_READAHEAD] = "reads ahead {pages} pages of inode {inode} from page {index}",
    [FLT_BLOCK_RQ_ISSUE] = "disk {dev:w}: {write:w} of {bytes} bytes at sector {sector} begins",
    [FLT_BLOCK_RQ_COMPLETE] = "disk {dev:w}: {write:w} of {bytes} bytes at sector {sector} ends, error {error}",
    [FLT_VMALLOC] = "vmalloc gives {pages} pages at {address:h}",
    [FLT_VFREE] = "vfree takes back {pages} pages at {address:h}",
    [FLT_KMAP] = "kmap: frame {pfn:f} is at {address:h}",
    [FLT_KUNMAP] = "kunmap: frame {pfn:f} is no longer needed at {address:h}",
    [FLT_PKMAP_FLUSH] = "flushes {pfn} unused entries of the kmap window",
};

static const char *pick(const char *const *words, size_t count, uint32_t value) {
    return value < count && words[value] ? words[value] : "unknown";
}
#define PICK(words, value) pick(words, sizeof(words) / sizeof((words)[0]), value)

static const char *phase_word(uint32_t phase) {
    static const char *const words[] = {[FLT_PHASE_KERNEL_ENTRY] = "the kernel begins",
                                        [FLT_PHASE_MM_READY] = "memory management is ready",
                                        [FLT_PHASE_FIRST_USER] = "the first user instruction",
                                        [FLT_PHASE_PROGRAM_START] = "the program starts",
                                        [FLT_PHASE_PROGRAM_END] = "the program has ended"};
    return PICK(words, phase);
}

static const char *outcome_word(uint32_t outcome) {
    static const char *const words[] = {"the instruction runs again", "a signal", "exception table", "oops", "killed"};
    return PICK(words, outcome);
}

static const char *writeback_word(uint32_t reason) {
    static const char *const words[] = {"too much is dirty", "it is old", "sync", "reclaim", "a writer is throttled"};
    return PICK(words, reason);
}

/* Disks are virtio's: vda, vdb, 16 minors each. */
static const char *disk_word(uint32_t dev) {
    static const char *const words[] = {"vda", "vdb", "vdc", "vdd", "vde", "vdf", "vdg", "vdh"};
    return PICK(words, (dev & 0xfffff) / 16);
}

const char *event_word(uint16_t type, const char *key, uint32_t value) {
    static const char *const marks[] = {"min", "low", "high"}, *const requests[] = {"read", "write", "flush"},
                             *const waits[] = {"somebody works on it", "it is being written"};
    switch (type) {
    case FLT_FAULT_BRANCH: return story_branch_name(value);
    case FLT_FAULT_END: return outcome_word(value);
    case FLT_BOOT_PHASE: return phase_word(value);
    case FLT_MM_VMSCAN_PAGE:
        return strcmp(key, "outcome") == 0 ? reclaim_outcome_text(value) : reclaim_reason_text(value);
    case FLT_MM_LRU_MOVE: return reclaim_reason_text(value);
    case FLT_MM_WATERMARK: return PICK(marks, value);
    case FLT_PAGE_WAIT_BEGIN: return PICK(waits, value);
    case FLT_WRITEBACK_START:
    case FLT_WRITEBACK_END: return writeback_word(value);
    case FLT_BLOCK_RQ_ISSUE:
    case FLT_BLOCK_RQ_COMPLETE: return strcmp(key, "dev") == 0 ? disk_word(value) : PICK(requests, value);
    default: return "";
    }
}

static const struct event_member *find_member(const struct event_type *type, const char *key, size_t length) {
    for (const struct event_member *member = type->members; member->key; member++)
        if (strlen(member->key) == length && strncmp(member->key, key, length) == 0)
            return member;
    return NULL;
}

static void write_choice(struct out *out, const char *choices, const char *end, bool first) {
    const char *bar = memchr(choices, '|', (size_t)(end - choices));
    if (first)
        out_bytes(out, choices, (size_t)(bar - choices));
    else
        out_bytes(out, bar + 1, (size_t)(end - bar - 1));
}

static void write_value(struct out *out, uint16_t type, const struct event_member *member, char form, uint32_t value) {
    switch (form) {
    case 'f':
        if (value == UINT32_MAX)
            out_string(out, "(none)");
        else
            out_hex(out, value, 5);
        break;
    case 'h': out_hex(out, value, 8); break;
    case 'd': out_format(out, "%d", (int)value); break;
    case 'z': out_string(out, words_zone(value)); break;
    case 'w': out_string(out, event_word(type, member->key, value)); break;
    default: out_grouped(out, value); break;
    }
}

/* The guest's text up to its NUL; a byte that could steer a terminal becomes '?'. */
static void write_text(struct out *out, const char *text, size_t size) {
    for (size_t i = 0; i < size && text[i]; i++)
        out_bytes(out, text[i] >= 0x20 && text[i] <= 0x7e ? &text[i] : "?", 1);
}

/* What stands between two braces. */
static void write_member(struct out *out, const struct flt_record *record, const char *inside, const char *end) {
    size_t length = strcspn(inside, ":?}");
    const struct event_member *member = find_member(story_event_type(record->type), inside, length);
    const char *text;
    uint32_t value = 0;
    size_t size = member ? story_event_text(record, member, &text) : 0;
    if (size) {
        write_text(out, text, size);
        return;
    }
    if (!member || !story_event_number(record, member, &value))
        return;
    if (inside[length] == '?')
        write_choice(out, inside + length + 1, end, value != 0);
    else
        write_value(out, record->type, member, inside[length] == ':' ? inside[length + 1] : 'n', value);
}

void event_text(struct out *out, const struct flt_record *record) {
    const char *at = record->type < sizeof sentences / sizeof sentences[0] ? sentences[record->type] : NULL;
    if (!at || !story_event_type(record->type)) {
        out_format(out, "an event of type %u", (unsigned)record->type);
        return;
    }
    while (*at) {
        size_t plain = strcspn(at, "{");
        out_bytes(out, at, plain);
        at += plain;
        if (!*at)
            return;
        const char *end = strchr(at, '}');
        write_member(out, record, at + 1, end);
        at = end + 1;
    }
}
