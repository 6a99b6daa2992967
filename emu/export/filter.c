/* Which entries of a trace are wanted. */
#include "emu/export/export.h"

#include "emu/machine/machine.h"
#include "emu/story/event_types.h"

#include <string.h>

bool export_filter_type(struct export_filter *filter, const char *type) {
    int number = story_event_type_named(type);
    filter->some = true;
    if (strcmp(type, "fault") == 0) {
        filter->faults = true;
        return true;
    }
    if (number < 0 || (unsigned)number >= EXPORT_TYPES)
        return false;
    filter->only[number] = true;
    return true;
}

static bool type_passes(const struct export_filter *filter, const struct trace_entry *entry) {
    if (!filter->some)
        return true;
    if (entry->kind == TRACE_FAULT)
        return filter->faults;
    return entry->kind == TRACE_EVENT && entry->record.head.type < EXPORT_TYPES &&
           filter->only[entry->record.head.type];
}

bool export_filter_passes(const struct export_filter *filter, const struct trace_entry *entry) {
    uint64_t blocks = entry->kind == TRACE_FAULT ? entry->fault.begin_blocks : entry->blocks;
    uint64_t ns = blocks * MACHINE_BLOCK_NS;
    if (!type_passes(filter, entry) || (filter->by_pid && entry->task != filter->pid))
        return false;
    return ns >= filter->from_ns && (!filter->to_ns || ns < filter->to_ns);
}
