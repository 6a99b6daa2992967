/* A trace as text: a line an entry, in the words of --faults and of event_text.h; and its counts. */
#include "emu/export/event_text.h"
#include "emu/export/export.h"
#include "emu/export/tasks.h"

#include "emu/machine/machine.h"
#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_MAX 16384u

/*
 *    6.817044 ms  hog[7]              frame 02c11 enters the inactive list
 */
static void event_line(struct out *out, const struct task_names *tasks, const struct trace_entry *entry) {
    char task[48];
    uint64_t ns = entry->blocks * MACHINE_BLOCK_NS;
    snprintf(task, sizeof task, "%s[%u]", tasks_comm(tasks, entry->task), (unsigned)entry->task);
    out_format(out, "%5" PRIu64 ".%06" PRIu64 " ms  %-18s  ", ns / 1000000, ns % 1000000, task);
    if (entry->kind == TRACE_UNKNOWN)
        out_format(out, "an event that this version does not know: %s", entry->type);
    else
        event_text(out, &entry->record.head);
}

static void write_entry(const struct task_names *tasks, const struct trace_entry *entry, bool stories, FILE *to) {
    static const char mark[] = "fault ";
    char text[TEXT_MAX];
    if (entry->kind == TRACE_FAULT && stories) {
        story_fault_text(&entry->fault, text, sizeof text);
    } else if (entry->kind == TRACE_FAULT) {
        memcpy(text, mark, sizeof mark);
        story_fault_line(&entry->fault, text + sizeof mark - 1, sizeof text - sizeof mark);
    } else {
        struct out out;
        out_init(&out, text, sizeof text);
        event_line(&out, tasks, entry);
        out_end(&out);
    }
    fputs(text, to);
    fputc('\n', to);
}

bool export_text(struct trace_reader *reader, const struct export_filter *filter, bool stories, FILE *to) {
    const struct trace_entry *entry;
    struct task_names tasks = {0};
    while ((entry = trace_reader_next(reader))) {
        tasks_learn(&tasks, entry);
        if (export_filter_passes(filter, entry))
            write_entry(&tasks, entry, stories, to);
    }
    bool good = !trace_reader_problem(reader) && !tasks.failed;
    tasks_free(&tasks);
    return good;
}

struct counts {
    uint64_t types[EXPORT_TYPES], unknown, faults, of_program;
    uint64_t branches[FLT_BRANCH_COUNT + 1], cost[FLT_BRANCH_COUNT + 1]; /* the last: untraced, or of a later version */
    uint64_t last_blocks;
};

static void count_entry(struct counts *counts, const struct trace_entry *entry) {
    if (entry->blocks > counts->last_blocks)
        counts->last_blocks = entry->blocks;
    if (entry->kind == TRACE_UNKNOWN) {
        counts->unknown++;
    } else if (entry->kind == TRACE_EVENT) {
        counts->types[entry->record.head.type % EXPORT_TYPES]++;
    } else {
        const struct story_fault *fault = &entry->fault;
        uint32_t branch = fault->branch < FLT_BRANCH_COUNT ? fault->branch : FLT_BRANCH_COUNT;
        counts->faults++;
        counts->of_program += fault->user_program;
        counts->branches[branch]++;
        counts->cost[branch] += fault->end_blocks > fault->begin_blocks ? fault->end_blocks - fault->begin_blocks : 0;
    }
}

static void write_counts(const struct counts *counts, const struct trace_reader *reader, FILE *to) {
    uint64_t ns = counts->last_blocks * MACHINE_BLOCK_NS;
    fprintf(to, "%" PRIu64 " lines, %" PRIu64 " bytes, up to %" PRIu64 ".%06" PRIu64 " ms\n",
            trace_reader_lines(reader), trace_reader_bytes(reader), ns / 1000000, ns % 1000000);
    fprintf(to, "%" PRIu64 " faults, %" PRIu64 " of the program\n", counts->faults, counts->of_program);
    for (uint32_t branch = 0; branch <= FLT_BRANCH_COUNT; branch++)
        if (counts->branches[branch])
            fprintf(to, "  %-20s %9" PRIu64 "  %9" PRIu64 " blocks each\n",
                    branch < FLT_BRANCH_COUNT ? story_branch_name(branch) : "untraced", counts->branches[branch],
                    counts->cost[branch] / counts->branches[branch]);
    fputs("events\n", to);
    for (uint16_t type = 0; type < EXPORT_TYPES; type++)
        if (counts->types[type])
            fprintf(to, "  %-30s %9" PRIu64 "\n", story_event_type(type)->name, counts->types[type]);
    if (counts->unknown)
        fprintf(to, "  %-30s %9" PRIu64 "\n", "of types not known here", counts->unknown);
}

bool export_summary(struct trace_reader *reader, const struct export_filter *filter, FILE *to) {
    const struct trace_entry *entry;
    struct counts counts = {0};
    while ((entry = trace_reader_next(reader)))
        if (export_filter_passes(filter, entry))
            count_entry(&counts, entry);
    if (trace_reader_problem(reader))
        return false;
    write_counts(&counts, reader, to);
    return true;
}
