/*
 * The HTML report, first half: a trace is read once and added up. Every fault becomes a row in the spool; which of them
 * the page shows in full is decided when their number is known. Everything else is counted, so that memory does not
 * grow with the trace but for the spool's index and for texts that occur once.
 */
#include "emu/export/report.h"

#include <stdlib.h>
#include <string.h>

#define ROW_MAX 16384u

/* ---- spans ---- */

/* Joins neighbours whose gap is at most `gap` until half of the room is free; the gap doubles as long as that does not
 * help. */
static void join_spans(struct report_spans *spans) {
    while (spans->count > REPORT_SPANS) {
        size_t kept = 0;
        spans->gap = spans->gap ? 2 * spans->gap : 16;
        for (size_t i = 1; i < spans->count; i++) {
            if (spans->from[i] <= spans->to[kept] + spans->gap) {
                spans->to[kept] = spans->to[i] > spans->to[kept] ? spans->to[i] : spans->to[kept];
                spans->from[kept] = spans->from[i] < spans->from[kept] ? spans->from[i] : spans->from[kept];
                spans->joined++;
                continue;
            }
            kept++;
            spans->from[kept] = spans->from[i];
            spans->to[kept] = spans->to[i];
            spans->pid[kept] = spans->pid[i];
        }
        spans->count = kept + 1;
    }
}

static void add_span(struct report_spans *spans, uint64_t from, uint64_t to, uint32_t pid) {
    if (spans->count == 2 * REPORT_SPANS)
        join_spans(spans);
    spans->from[spans->count] = from;
    spans->to[spans->count] = to;
    spans->pid[spans->count++] = pid;
    spans->total++;
    spans->blocks += to - from;
}

static struct report_task *task_of(struct report *report, uint32_t pid) {
    for (size_t i = 0; i < report->task_count; i++)
        if (report->task[i].pid == pid)
            return &report->task[i];
    if (report->task_count == REPORT_TASKS)
        return NULL;
    report->task[report->task_count] = (struct report_task){.pid = pid};
    return &report->task[report->task_count++];
}

static void on_span(void *owner, const struct follow_span *span) {
    struct report *report = owner;
    struct report_task *task = span->kind == FOLLOW_RUN && span->pid ? task_of(report, span->pid) : NULL;
    int busy = span->kind == FOLLOW_KSWAPD   ? BUSY_KSWAPD
               : span->kind == FOLLOW_DIRECT ? BUSY_DIRECT
               : span->kind == FOLLOW_WAIT   ? BUSY_WAIT
               : span->kind == FOLLOW_DISK   ? (span->value[3] ? BUSY_WRITE : BUSY_READ)
                                             : -1;
    if (task)
        task->ran += span->to - span->from;
    if (busy < 0)
        return;
    buckets_busy(report->buckets, span->from, span->to, (unsigned)busy);
    add_span(&report->spans[busy], span->from, span->to, span->pid);
    if (span->kind == FOLLOW_DISK)
        buckets_count(report->buckets, span->from, span->value[3] ? COUNT_WRITTEN : COUNT_READ, span->value[2]);
}

/* ---- gauges ---- */

static void on_zone(void *owner, uint64_t blocks, const struct follow_zone *zone, unsigned index) {
    struct report *report = owner;
    buckets_gauge(report->buckets, blocks, index, zone->free);
}

static void on_gauge(void *owner, uint64_t blocks, unsigned gauge) {
    struct report *report = owner;
    buckets_gauge(report->buckets, blocks, FOLLOW_ZONES + gauge, (uint32_t)report->follow->gauges[gauge]);
}

/* ---- events ---- */

static void on_kill(struct report *report, uint64_t blocks, const struct flt_mm_oom_kill *kill) {
    if (report->kill_count < REPORT_KILLS)
        report->kills[report->kill_count] = (struct report_kill){blocks, *kill};
    report->kill_count++;
}

static void on_move(struct report *report, uint64_t blocks, const struct flt_mm_lru_move *moved) {
    if (moved->to_active && !moved->from_active)
        buckets_count(report->buckets, blocks, COUNT_ACTIVATED, 1);
    else if (moved->from_active && !moved->to_active)
        buckets_count(report->buckets, blocks, COUNT_DEACTIVATED, 1);
    else
        buckets_count(report->buckets, blocks, COUNT_SECOND, 1);
}

static void on_shrink(struct report *report, const struct flt_mm_shrink_inactive *shrink) {
    *(shrink->kswapd ? &report->kswapd_freed : &report->direct_freed) += shrink->reclaimed;
    report->scanned += shrink->scanned;
}

static void on_event(struct report *report, const struct trace_entry *entry) {
    const void *record = &entry->record;
    const struct flt_mm_vmscan_page *page = record;
    const struct flt_mm_swap *swap = record;
    uint64_t blocks = entry->blocks;
    report->events++;
    report->types[entry->record.head.type % EXPORT_TYPES]++;
    switch (entry->record.head.type) {
    case FLT_MM_VMSCAN_PAGE: buckets_count(report->buckets, blocks, COUNT_OUTCOME + page->outcome % 4, 1); break;
    case FLT_MM_LRU_MOVE: on_move(report, blocks, record); break;
    case FLT_MM_VMSCAN_SHRINK_INACTIVE: on_shrink(report, record); break;
    case FLT_MM_FILEMAP_ADD: buckets_count(report->buckets, blocks, COUNT_CACHE_IN, 1); break;
    case FLT_MM_FILEMAP_DELETE: buckets_count(report->buckets, blocks, COUNT_CACHE_OUT, 1); break;
    case FLT_MM_SWAP_OUT: buckets_count(report->buckets, blocks, COUNT_SWAP_OUT, 1); break;
    case FLT_MM_SWAP_IN:
        buckets_count(report->buckets, blocks, swap->cached ? COUNT_SWAP_FOUND : COUNT_SWAP_IN, 1);
        break;
    case FLT_MM_OOM_KILL: on_kill(report, blocks, record); break;
    default: break;
    }
}

/* ---- faults ---- */

static void on_fault(struct report *report, const struct story_fault *fault) {
    char text[ROW_MAX];
    uint32_t branch = fault->branch < FLT_BRANCH_COUNT ? fault->branch : FLT_BRANCH_COUNT;
    uint64_t cost = fault->end_blocks > fault->begin_blocks ? fault->end_blocks - fault->begin_blocks : 0;
    struct report_task *task = task_of(report, fault->pid);
    size_t length = report_row(report, fault, text, sizeof text);
    struct spool_piece *piece = spool_add(&report->rows, text, length < sizeof text ? length : 0);
    report->faults++;
    report->of_program += fault->user_program;
    report->major += story_is_major(fault);
    buckets_count(report->buckets, fault->begin_blocks, COUNT_BRANCH + branch, 1);
    if (task) {
        task->faults++;
        task->major += story_is_major(fault);
        task->cost += cost;
        task->waits += fault->wait_blocks;
    }
    if (fault->user_program)
        snprintf(report->program, sizeof report->program, "%s", fault->comm);
    if (!piece)
        return;
    piece->from = fault->begin_blocks;
    piece->length_of_time = cost;
    piece->track = branch;
}

static void read_all(struct report *report, struct trace_reader *reader) {
    const struct trace_entry *entry;
    while ((entry = trace_reader_next(reader))) {
        tasks_learn(&report->tasks, entry);
        follow_entry(report->follow, entry);
        if (entry->kind == TRACE_FAULT)
            on_fault(report, &entry->fault);
        else if (entry->kind == TRACE_EVENT)
            on_event(report, entry);
        else
            report->events++;
    }
}

static bool gather(struct report *report, struct trace_reader *reader) {
    struct follow_listener listener = {report, on_span, on_zone, on_gauge};
    buckets_init(report->buckets);
    follow_init(report->follow, &listener);
    read_all(report, reader);
    follow_finish(report->follow);
    for (unsigned kind = 0; kind < BUSY_KINDS; kind++)
        join_spans(&report->spans[kind]);
    return !trace_reader_problem(reader) && !report->follow->failed && !report->tasks.failed &&
           !report->strings.failed && spool_map(&report->rows);
}

bool export_report(struct trace_reader *reader, const struct export_page *page, FILE *to) {
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return false;
    report->page = page;
    report->to = to;
    report->follow = malloc(sizeof *report->follow);
    report->buckets = malloc(sizeof *report->buckets);
    report->spans = calloc(BUSY_KINDS, sizeof *report->spans);
    bool good = report->follow && report->buckets && report->spans && spool_open(&report->rows);
    good = good && gather(report, reader) && report_write(report, reader);
    spool_close(&report->rows);
    strings_free(&report->strings);
    tasks_free(&report->tasks);
    free(report->follow);
    free(report->buckets);
    free(report->spans);
    free(report);
    return good;
}
