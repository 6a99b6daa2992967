/* What the parts of the HTML report share: report.c gathers, report_fault.c makes a row of a fault, report_page.c
 * writes. */
#ifndef FAULTLINE_EXPORT_REPORT_H
#define FAULTLINE_EXPORT_REPORT_H

#include "emu/export/buckets.h"
#include "emu/export/export.h"
#include "emu/export/spool.h"
#include "emu/export/strings.h"
#include "emu/export/tasks.h"

#define REPORT_BRANCHES (FLT_BRANCH_COUNT + 1u)
#define REPORT_SPANS 2000u
#define REPORT_KILLS 200u
#define REPORT_TASKS 64u

/* Spans of one kind, in the order of their ends. When there are too many, those with the least between them are joined.
 */
struct report_spans {
    uint64_t from[2 * REPORT_SPANS], to[2 * REPORT_SPANS];
    uint32_t pid[2 * REPORT_SPANS];
    size_t count;
    uint64_t joined; /* how many stand for more than themselves */
    uint64_t gap, total, blocks;
};

struct report_kill {
    uint64_t blocks;
    struct flt_mm_oom_kill kill;
};

struct report_task {
    uint32_t pid;
    uint64_t faults, major, cost, waits, ran; /* blocks */
};

struct report {
    const struct export_page *page;
    FILE *to;
    struct spool rows; /* track: the branch; lane 1: of the program */
    struct strings strings;
    struct task_names tasks;
    struct follow *follow;
    struct buckets *buckets;
    struct report_spans *spans; /* [BUSY_KINDS] */
    uint64_t faults, of_program, major, events;
    uint64_t types[EXPORT_TYPES];
    uint64_t kill_count;
    struct report_kill kills[REPORT_KILLS];
    struct report_task task[REPORT_TASKS]; /* those that faulted first */
    size_t task_count;
    uint64_t kswapd_freed, direct_freed, scanned;
    char program[17]; /* name of the task of the program that faulted most recently */
};

/* report_fault.c: one JSON array, and the branch's colour for CSS ("#009e73"). */
size_t report_row(struct report *report, const struct story_fault *fault, char *text, size_t size);
/* report_page.c. False: no memory. */
bool report_write(struct report *report, const struct trace_reader *reader);

#endif
