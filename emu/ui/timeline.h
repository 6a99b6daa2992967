/*
 * What the two files of the timeline share: timeline.c decides which rows there are and what time is on show;
 * timeline_rows.c draws what is no fault: reclaim, transfers, waits, events, free memory.
 */
#ifndef FAULTLINE_TIMELINE_H
#define FAULTLINE_TIMELINE_H

#include "emu/ui/panel.h"

enum row_kind { ROW_TRACK, ROW_SPANS, ROW_EVENTS, ROW_FREE };

struct timeline_row {
    enum row_kind kind;
    const char *label;
    unsigned which; /* TRACK: enum story_track; SPANS: set of enum story_span_kind */
    float y, h;     /* h without the space below */
};

#define TIMELINE_ROWS 16

struct timeline {
    struct painter *painter;
    struct rect lane;             /* where time runs; all rows */
    double from, to, first, last; /* blocks: on show; all there is. to > from */
    struct timeline_row rows[TIMELINE_ROWS];
    unsigned count;
    float pitch; /* of a plain row */
};

/* x of a moment; it may lie outside the lane. */
static inline float timeline_x(const struct timeline *line, double blocks) {
    return line->lane.x + (float)((blocks - line->from) / (line->to - line->from)) * line->lane.w;
}
static inline double timeline_moment(const struct timeline *line, float x) {
    return line->from + (double)((x - line->lane.x) / line->lane.w) * (line->to - line->from);
}

void timeline_spans(const struct timeline *line, const struct timeline_row *row);
void timeline_events(const struct timeline *line, const struct timeline_row *row);
void timeline_free(const struct timeline *line, const struct timeline_row *row);

/* Place of a zone in struct story_sample's free. */
unsigned zone_sample_place(const struct kv_snapshot *kernel, size_t zone);
color zone_color(unsigned place); /* of its curve */

#endif
