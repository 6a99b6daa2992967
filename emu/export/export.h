/*
 * emu/export: recorded traces in other forms. Each function reads a trace to its end and writes one form of it.
 *
 * What it keeps true: the same trace gives the same bytes; text of the guest is escaped for the form that it goes into;
 * numbers of the guest are counted, never used as an index without a check.
 */
#ifndef FAULTLINE_EXPORT_EXPORT_H
#define FAULTLINE_EXPORT_EXPORT_H

#include "emu/export/trace_reader.h"

#define EXPORT_TYPES 256u /* above every enum flt_type */

/* What of a trace is shown; all zero but to_ns: everything. Times are of the virtual clock, [from, to). */
struct export_filter {
    bool some;               /* only the types in only[] */
    bool faults;             /* ... and fault records */
    bool only[EXPORT_TYPES]; /* by enum flt_type */
    uint64_t from_ns, to_ns; /* to_ns 0: to the end */
    bool by_pid;
    uint32_t pid;
};

/* "fault" or a type of docs/trace.md; false: there is no such type. */
bool export_filter_type(struct export_filter *filter, const char *type);
bool export_filter_passes(const struct export_filter *filter, const struct trace_entry *entry);

/* A line an event and fault. False: the reader has a problem (trace_reader_problem) or memory is out (NULL there). */
bool export_text(struct trace_reader *reader, const struct export_filter *filter, bool stories, FILE *to);
/* Counts by type, branch, outcome and task, as text. */
bool export_summary(struct trace_reader *reader, const struct export_filter *filter, FILE *to);

/* Chrome's Trace Event Format, for ui.perfetto.dev and chrome://tracing. */
bool export_perfetto(struct trace_reader *reader, FILE *to);

/* One HTML page that holds all that it needs. */
struct export_page {
    const char *title; /* UTF-8; any text */
    uint64_t rows;     /* faults in the table at most, 0: all. Charts and totals are of all faults always */
};
bool export_report(struct trace_reader *reader, const struct export_page *page, FILE *to);

#endif
