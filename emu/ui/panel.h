/*
 * What panels share: the painter, sizes, and small drawing words. Internal to emu/ui.
 */
#ifndef FAULTLINE_PANEL_H
#define FAULTLINE_PANEL_H

#include "emu/ui/format.h"
#include "emu/ui/palette.h"
#include "emu/ui/ui.h"

/* Sizes, logical pixels. */
#define TOP_BAR 40.0f
#define STATE_BAR 32.0f /* below it: why the guest stands still, and the actions that are needed less often */
#define MARGIN 12.0f
#define PAD 13.0f
#define HEAD 34.0f /* a panel's title row: content begins below it */
#define SIZE_WORDS 13.0f
#define SIZE_SMALL 12.0f
#define SIZE_LABEL 11.0f
#define SIZE_CODE 12.0f

struct painter { /* one drawing, passed through everything */
    struct ui_frame *frame;
    struct draw_list *list;
    const struct view *view; /* may be NULL */
    const struct ui_state *state;
    bool over;                 /* what is drawn now lies over the panels: the list of stops, the search */
    const struct rect *within; /* nothing outside of it is hovered or clicked; NULL: no limit */
};

/* A region of commands inside `at`; clip: cut what would reach out of it. */
void region_begin(struct painter *painter, struct rect at);
void region_end(struct painter *painter);

/* Draws the panel's ground, title and right-hand subtitle, and makes the title maximise it. Returns the content's
 * rectangle. Ends with panel_end(). */
struct rect panel_begin(struct painter *painter, enum ui_panel panel, struct rect at, const char *title,
                        const char *subtitle);
/* The same with a subtitle that leaves `taken` pixels free at the right end of the head. */
struct rect panel_begin_beside(struct painter *painter, enum ui_panel panel, struct rect at, const char *title,
                               const char *subtitle, float taken);
void panel_end(struct painter *painter);
/*
 * Content that may be longer than its panel: drawn at its whole length from the y that scroll_begin() returns, then
 * moved to where the viewer wants it; lines that are not wholly in sight are taken away, and a bar and a hint say that
 * there is more.
 */
struct scroll {
    enum ui_panel panel;
    struct rect inside; /* what is in sight */
    float begin;
    size_t first;
    unsigned first_hit;
};
float scroll_begin(struct painter *painter, struct scroll *scroll, enum ui_panel panel, struct rect inside);
void scroll_again(struct painter *painter, const struct scroll *scroll); /* forgets what was drawn since the begin */
void scroll_end(struct painter *painter, const struct scroll *scroll, float end);
/* A bar right of `inside`: `shown` of `all` pixels are in sight, from `from` on. */
void paint_scroll_bar(struct painter *painter, struct rect inside, float from, float shown, float all);

/* An empty state: what will appear here, and how to make it appear. */
void panel_empty(struct painter *painter, struct rect inside, const char *what, const char *how);

/* Text at a baseline; returns x after it. */
float put(struct painter *painter, float x, float y, enum draw_font font, float size, color ink, const char *text);
/* The same, cut at `right`. */
float put_until(struct painter *painter, float x, float y, float right, enum draw_font font, float size, color ink,
                const char *text);
void put_right(struct painter *painter, float right, float y, enum draw_font font, float size, color ink,
               const char *text);
void put_center(struct painter *painter, struct rect at, float baseline, enum draw_font font, float size, color ink,
                const char *text);
/* Words wrapped at `width`, at most max_lines (the last one cut); returns y of the baseline after the last line. */
float put_wrapped(struct painter *painter, struct rect at, float line, unsigned max_lines, enum draw_font font,
                  float size, color ink, const char *text);
float text_width(struct painter *painter, enum draw_font font, float size, const char *text);

bool is_hovered(const struct painter *painter, struct rect at);
/* While the mouse is in `at`: the tooltip's lines, the first its title. */
void tip(struct painter *painter, struct rect at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void hit(struct painter *painter, struct rect at, enum ui_action action, int64_t argument);
/* The same for a lattice of cells (its `first` is set here): the arguments to fill, lattice.count of them,
 * UI_NO_ARGUMENT where a click does nothing. NULL: out of memory. Valid until the next call. */
int64_t *hit_lattice(struct painter *painter, struct ui_lattice lattice);

/*
 * Marks, in marks.c, the same in all panels. Two things are never confused:
 *   what was selected          an outline in the accent, two pixels wide, set off by a dark line
 *   what belongs to it         a thin outline in the soft accent (its table, its region, the entries that map it)
 *   what this fault just did   filled with the accent: the frame that it took, the page, the entry, the step
 *   what it only looked at     filled with the soft accent
 * Small things get a mark that is larger than they are.
 */
void mark_selected(struct painter *painter, struct rect at);
/* The same for what is large itself: on its own border. */
void outline_selected(struct painter *painter, struct rect at, float radius);
void mark_related(struct painter *painter, struct rect at);
void mark_happened(struct painter *painter, struct rect at, bool looked_at);
/* An item of a legend on a baseline; returns x after it. */
float paint_chip(struct painter *painter, float x, float y, color ink, const char *name);
/* The frame that the selection is or lies in, -1: none. */
int64_t selected_frame(const struct painter *painter);
/* A box of at least `side` around the middle of `at`, on whole pixels. */
struct rect box_around(struct rect at, float border, float side);

bool snapshot_has_nodes(const struct kv_snapshot *kernel); /* zones of more than one node */
color frame_color(unsigned kind);
color mix(color a, color b, float share_of_b);

/* layout.c: where each panel of the scene is; w = 0 where it is not shown. Panels that share one place with others
 * (shared[], sets of panels) are shown one at a time. */
struct layout {
    struct rect panels[PANEL_COUNT], caption; /* caption.h = 0: none */
    unsigned shared[PANEL_COUNT];
};
void ui_layout(const struct ui_state *state, const struct view *view, struct layout *layout);
const char *panel_name(enum ui_panel panel); /* "FRAMES", for the tabs of panels that share a place */

/* One file each. */
void paint_top_bar(struct painter *painter);
void paint_state_bar(struct painter *painter);
void paint_caption(struct painter *painter, struct rect at);
void paint_stops(struct painter *painter);
void paint_tasks(struct painter *painter); /* the list, in tasks.c */
void paint_search(struct painter *painter);
void paint_help(struct painter *painter);
void paint_notice(struct painter *painter);
void paint_tooltip(struct painter *painter);
void paint_frames(struct painter *painter, struct rect at);
void paint_fault(struct painter *painter, struct rect at);
void paint_space(struct painter *painter, struct rect at);
void paint_console(struct painter *painter, struct rect at);
void paint_zones(struct painter *painter, struct rect at);
void paint_buddy(struct painter *painter, struct rect at);
void paint_lru(struct painter *painter, struct rect at);
void paint_decision(struct painter *painter, struct rect at);
void paint_cache(struct painter *painter, struct rect at);
void paint_life(struct painter *painter, struct rect at);
/* Whose address space is on show, with the ways to another, in the head of a panel of that width; 0: no choice. */
float task_width(struct painter *painter, float panel_width);
void paint_task(struct painter *painter, struct rect panel);
void paint_timeline(struct painter *painter, struct rect at);
float timeline_height(const struct view *view, const struct ui_state *state); /* of the whole panel */

/* A button with its key beside its name; in top_bar.c. */
struct button {
    const char *label, *key;
    enum ui_action action;
    bool primary, off;
    const char *help;
};
float button_width(struct painter *painter, const struct button *button, float pad);
void paint_button(struct painter *painter, struct rect at, float pad, const struct button *button);

/* Parts of fault.c's panel, in fault_walk.c and fault_steps.c: each draws from y on and returns the y after it. */
struct fault_area {
    struct rect inside;
    bool narrow; /* less room than the wide columns need */
    bool tight;  /* less height than the usual lines need */
};
float paint_walk(struct painter *painter, const struct fault_area *area, float y, const struct story_fault *fault);
float paint_steps(struct painter *painter, const struct fault_area *area, float y, const struct story_fault *fault);

/* Small labelled boxes for the bits of an entry; returns x after them. refused: a mask of bits that said no;
 * changed: bits to show in the accent. */
struct bit_boxes {
    uint64_t value, refused, changed;
    bool leaf;
    float x, middle; /* left edge; the row's centre line */
};
float paint_bits(struct painter *painter, const struct bit_boxes *boxes);
float bits_width(const struct bit_boxes *boxes);

/* A panel's message when there is no kernel to look into. */
void kernel_missing(struct painter *painter, struct rect inside, const char *what);

#endif
