/*
 * emu/ui: what the window shows, as functions from a snapshot (debug/view.h) and the UI's own state to a draw list;
 * the rasteriser; the SDL2 window. SDL appears only in window.c.
 *
 * The model. ui_draw() turns one immutable snapshot and one ui_state into one ui_frame: commands, grouped in
 * regions (a panel, the top bar, an overlay), and what can be clicked. It reads nothing else, so the same snapshot and
 * state give the same commands, and the same commands give the same pixels in the window and in a PNG.
 * Units: logical pixels. A device pixel is a logical one times the scale.
 */
#ifndef FAULTLINE_UI_H
#define FAULTLINE_UI_H

#include "emu/debug/view.h"
#include "emu/ui/draw.h"

enum ui_scene { SCENE_FAULT, SCENE_RECLAIM, SCENE_MEMORY, SCENE_CONSOLE, SCENE_COUNT };

enum ui_panel {
    PANEL_FRAMES,
    PANEL_FAULT,
    PANEL_SPACE,
    PANEL_CONSOLE,
    PANEL_ZONES,
    PANEL_BUDDY,
    PANEL_LRU,
    PANEL_DECISION,
    PANEL_CACHE, /* page cache and swap */
    PANEL_LIFE,  /* the selection: one frame's, page's, region's or event's biography */
    PANEL_TIMELINE,
    PANEL_COUNT
};

/* Argument: the scene for ACTION_SCENE, a frame number (or -1) for SELECT_FRAME, a record's number for
 * SELECT_FAULT, a panel for MAXIMISE (again: back), FRONT and TYPE (gives the console the keyboard). Others: 0. */
enum ui_action {
    ACTION_NONE,
    ACTION_RUN_PAUSE,
    ACTION_NEXT_FAULT,
    ACTION_PREVIOUS_FAULT,
    ACTION_STEP,
    ACTION_SCREENSHOT,
    ACTION_HELP,
    ACTION_QUIT,
    ACTION_SCENE,
    ACTION_SELECT_FRAME,
    ACTION_SELECT_FAULT,
    ACTION_MAXIMISE,
    ACTION_TYPE,
    ACTION_OVER,
    ACTION_FINISH,
    ACTION_NEXT_WALK,
    ACTION_NEXT_DECISION,
    ACTION_SELECT_PAGE,  /* linear address */
    ACTION_SELECT_VMA,   /* an address in the region */
    ACTION_SELECT_ENTRY, /* physical address of the entry */
    ACTION_SELECT_EVENT, /* number of a log entry */
    ACTION_OVERLAY,      /* enum ui_overlay of the frames panel */
    ACTION_STOPS,        /* opens or closes the list of stop conditions */
    ACTION_SEARCH,       /* opens or closes the search line */
    ACTION_POINT_REMOVE, /* id */
    ACTION_POINT_ENABLE, /* id, negative: disable */
    ACTION_RECORD,       /* begins or ends a recording */
    ACTION_NEXT_EVENT,
    ACTION_FRONT,          /* a panel: brings it to the front of the panels that share its place */
    ACTION_LINE_KEY,       /* a character or an ui_key for the line that is being typed */
    ACTION_LINE_ENTER,     /* hands the line over: a new stop, or something to look up */
    ACTION_LINE_EXAMPLE,   /* number of a kind of condition: puts its example into the line */
    ACTION_LINE_HINT,      /* number of a hint below the line: puts it there */
    ACTION_POINT_CHOOSE,   /* id of the point that the keys of the list act on; 0: the line has them */
    ACTION_TIMELINE_WHOLE, /* shows all of the time again */
    ACTION_TASKS,          /* opens or closes the list of processes whose address space can be shown */
    ACTION_SHOW_TASK,      /* process id; 0: follow the program */
    ACTION_NEXT_TASK,
    ACTION_PREVIOUS_TASK
};

/* What the cells of the frames panel are coloured by. */
enum ui_overlay { OVERLAY_USE, OVERLAY_BITS, OVERLAY_AGE, OVERLAY_MAPCOUNT, OVERLAY_COUNT };

#define UI_HISTORY 120 /* samples of free pages kept for each zone */

/* The UI's own state; owned by the window's thread. */
struct ui_state {
    enum ui_scene scene;
    float width, height;    /* logical pixels */
    float scale;            /* device pixels in a logical one; cells lie on whole device pixels */
    float mouse_x, mouse_y; /* < 0: outside */
    bool help;
    bool typing;          /* keys go to the guest */
    int64_t selected_pfn; /* -1: none */
    /* What was clicked last: an ACTION_SELECT_PAGE, VMA, ENTRY or EVENT with its argument; ACTION_NONE: none of them.
     */
    enum ui_action picked;
    int64_t picked_argument;
    enum ui_overlay overlay;
    bool stops;                    /* the list of stop conditions is open; typed keys go to its line */
    bool searching;                /* the search line is open */
    bool tasks;                    /* the list of processes is open */
    char line[200];                /* what is being typed into one of these two; printable ASCII */
    unsigned line_length, line_at; /* line_at: where the next character goes */
    struct ui_points {             /* of the newest snapshot, for the keys of the list */
        unsigned count, chosen;    /* chosen: id, 0 none */
        unsigned id[DEBUG_POINTS_MAX];
        bool enabled[DEBUG_POINTS_MAX];
    } points;
    uint64_t said_serial;                /* of the newest snapshot */
    bool asked;                          /* the line was handed over and nothing was said since */
    bool answered;                       /* what the newest snapshot says is about the open list or search line */
    unsigned fronts;                     /* bit p: panel p was brought to the front of those that share its place */
    double timeline_zoom, timeline_from; /* >= 1; first block on show when zoom > 1 */
    int maximised;                       /* enum ui_panel, -1: none */
    float scroll[PANEL_COUNT];           /* how far long contents were moved: logical pixels, >= 0 */
    uint64_t scroll_fault;               /* record that scroll[PANEL_FAULT] is about */
    float frames_zoom, frames_scroll;    /* >= 1; logical pixels from the top of the grid, >= 0 */
    int64_t frames_anchor;               /* a frame that stays at frames_anchor_y while the grid zooms; -1: none */
    float frames_anchor_y;               /* logical pixels from the top of the grid's visible part */
    char caption[400];                   /* a demo's sentence; "" none */
    bool recording;                      /* pictures go to a file */
    char notice[VIEW_SAID]; /* one line about what the window just did ("saved faultline-1.png"); "" none */
    /* Free pages of each zone, oldest first, filled by ui_observe(). */
    uint32_t history[KV_MAX_ZONES][UI_HISTORY];
    unsigned history_count;
    uint64_t history_serial;
};

struct ui_hit { /* where a click does something; later entries are on top */
    struct rect at;
    enum ui_action action;
    int64_t argument; /* -1 for SELECT_FRAME and 0 for SELECT_FAULT: what lies under the point in grid and timeline */
    unsigned lattice; /* number of the lattice, from 1, whose cell under the point tells the argument; 0 none */
};

/* A lattice of small cells, each with an argument of its own. */
struct ui_lattice {
    struct rect at;
    float step_x, step_y, cell_x, cell_y; /* from cell to cell; a cell's size */
    uint32_t columns, count;
    size_t first; /* in ui_frame.arguments */
    enum ui_action action;
};
#define UI_LATTICES 64
#define UI_NO_ARGUMENT INT64_MIN /* a cell where a click does nothing */

#define UI_HITS 512
#define UI_REGIONS 24
#define UI_TIMELINE_PIXELS 4096

/* A run of commands that draws inside `at` and nowhere else. Later regions lie on top. */
struct ui_region {
    struct rect at;
    size_t first, count;
    uint64_t hash; /* of everything drawn: equal hash and place, equal pixels */
};

/* Where the cells of the frames panel are. */
struct ui_grid_zone {
    float y; /* of its first row, from the top of the content */
    uint64_t start, count, rows;
};

struct ui_grid {
    struct rect at; /* the visible part */
    float pitch_x, pitch_y, gap, content_height, scroll;
    uint32_t columns;
    unsigned zone_count;
    struct ui_grid_zone zones[KV_MAX_ZONES];
};

struct ui_frame { /* one drawn picture: commands and what can be clicked */
    struct draw_list list;
    struct ui_hit hits[UI_HITS];
    unsigned hit_count;
    struct ui_region regions[UI_REGIONS];
    unsigned region_count;
    struct rect panels[PANEL_COUNT]; /* w = 0: not on this picture */
    unsigned shared[PANEL_COUNT];    /* bit p: panel p may stand in the same place */
    struct ui_lattice lattices[UI_LATTICES];
    unsigned lattice_count;
    int64_t *arguments;
    size_t argument_count, argument_capacity;
    float scroll_most[PANEL_COUNT]; /* how far contents can be moved; 0: all is in sight */
    struct ui_grid grid;
    struct rect timeline; /* where marks are drawn; timeline_faults[x - timeline.x]: the nearest mark's record */
    uint64_t timeline_faults[UI_TIMELINE_PIXELS];
    double timeline_from, timeline_to, timeline_first, timeline_last; /* blocks: on show; all there is */
    struct rect hover_at;                                             /* what the tooltip is about */
    char hover[600];                                                  /* lines; the first is the title; "" no tooltip */
};

void ui_state_init(struct ui_state *state, float width, float height);
void ui_frame_init(struct ui_frame *frame);
void ui_frame_free(struct ui_frame *frame);
/* Draws the whole window. view may be NULL (nothing published yet). */
void ui_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state);
/* Draws one panel alone, as large as the state's window. */
void ui_draw_panel(struct ui_frame *frame, const struct view *view, const struct ui_state *state, enum ui_panel panel);
/* "frames", "fault" ...: names for command lines; -1: there is none. */
int ui_panel_named(const char *name);
const char *ui_panel_name(enum ui_panel panel);
/* The action under a point, ACTION_NONE where there is none. */
enum ui_action ui_hit_at(const struct ui_frame *frame, float x, float y, int64_t *argument);

/* The cell of a lattice under a point, -1 where there is none. */
int64_t ui_lattice_cell(const struct ui_lattice *lattice, float x, float y);

/* Input, without SDL. Keys are Unicode characters or one of these. */
enum ui_key {
    UI_KEY_BACKSPACE = 8,
    UI_KEY_TAB = 9,
    UI_KEY_ENTER = 13,
    UI_KEY_ESCAPE = 27,
    UI_KEY_DELETE = 127,
    UI_KEY_UP = 0x110000, /* beyond Unicode */
    UI_KEY_DOWN,
    UI_KEY_LEFT,
    UI_KEY_RIGHT,
    UI_KEY_HOME,
    UI_KEY_END,
    UI_KEY_CLEAR /* the whole line */
};
/* What a key does in this state; ACTION_NONE: nothing. While state->typing only Escape does something; while a line is
 * open (the list of stops, the search) all others go to it. */
enum ui_action ui_key_action(const struct ui_state *state, uint32_t key, int64_t *argument);
/* Carries out what concerns the window alone (scene, help, selection, maximising, typing). False: the owner of the
 * machine must act (run, next fault, select fault ...; a selected frame goes to both). */
bool ui_apply(struct ui_state *state, enum ui_action action, int64_t argument);
/* Turns an action that ui_apply() left to the owner into the one to carry out: what was clicked again is let go
 * (SELECT_FRAME of -1). */
void ui_order(const struct ui_state *state, enum ui_action *action, int64_t *argument);
/* What the next snapshots should carry for what is on show: sum of enum view_interest. */
unsigned ui_interest(const struct ui_state *state, const struct ui_frame *frame);
/* Wheel and drag in the timeline, as `frame` shows it: the moment under x stays there. */
void ui_zoom_timeline(struct ui_state *state, const struct ui_frame *frame, float x, float factor);
void ui_pan_timeline(struct ui_state *state, const struct ui_frame *frame, float dx);
/* Wheel and drag in the frames panel, as `frame` shows it. The frame under (x, y) stays there. */
void ui_zoom_frames(struct ui_state *state, const struct ui_frame *frame, float x, float y, float factor);
void ui_pan_frames(struct ui_state *state, const struct ui_frame *frame, float dy);
/* Wheel over a panel whose content is longer than it: dy > 0 goes on to what lies below. False: nothing moves. */
bool ui_scroll(struct ui_state *state, const struct ui_frame *frame, float x, float y, float dy);
/* Frame number under a point of the frames panel, -1 where there is none; and the cell of a frame (false: not shown).
 */
int64_t ui_grid_frame_at(const struct ui_grid *grid, float x, float y);
bool ui_grid_cell(const struct ui_grid *grid, uint64_t pfn, struct rect *cell);
/* Takes a sample of the zones when the snapshot is new. True: state changed. */
bool ui_observe(struct ui_state *state, const struct view *view);
/* The scale that suits a window of this many device pixels; dpi_scale: what the display asks for (1 when unknown). */
float ui_scale_for(int device_width, int device_height, float dpi_scale);

/* render.c: pixels. Width and height in device pixels = logical * scale. 0 or -errno with a sentence in error. */
int ui_render_png(const struct draw_list *list, float width, float height, float scale, const char *path, char *error,
                  size_t error_size); /* writes beside path, then renames */
/* Shapes instead of pixels, one unit a logical pixel; letters are outlines. The same rules. */
int ui_render_svg(const struct draw_list *list, float width, float height, const char *path, char *error,
                  size_t error_size);
/* pixels: device_width * device_height ARGB32 words, premultiplied, native endian. */
int ui_render_pixels(const struct draw_list *list, float scale, uint32_t *pixels, int device_width, int device_height);

/* raster.c: a picture that is kept and brought up to date; only regions that changed are drawn again. */
struct ui_raster;
struct ui_raster *ui_raster_create(void); /* NULL: no memory */
void ui_raster_destroy(struct ui_raster *raster);
struct ui_damage { /* device pixels that changed */
    int x, y, width, height;
};
/* Draws frame into the raster's own pixels. Returns the number of damaged rectangles written to damage (at most
 * UI_REGIONS * 2; 0: nothing changed) or -errno. pixels: see ui_raster_pixels(). */
int ui_raster_update(struct ui_raster *raster, const struct ui_frame *frame, float scale, int device_width,
                     int device_height, struct ui_damage damage[UI_REGIONS * 2]);
const uint32_t *ui_raster_pixels(const struct ui_raster *raster); /* valid until the next update */

/* What the window asks of the one who runs the machine. All may be called from the window's thread. */
struct ui_control {
    void *owner;
    const struct view *(*acquire)(
        void *owner); /* newest snapshot; the previous one stays valid until the next acquire */
    void (*act)(void *owner, enum ui_action action, int64_t argument);
    void (*type)(void *owner, const char *bytes, size_t count); /* keys for the guest's console */
    const char *(*caption)(void *owner); /* a demo's sentence, valid until the next call; NULL: none ever */
    const char *record;                  /* a GIF that is begun at once; NULL: none */
    int (*scene)(void *owner);           /* a scene that the demo has just turned to, else -1; NULL: none ever */
    /* A line that was typed: action is ACTION_STOPS (a new stop) or ACTION_SEARCH. NULL: not offered. */
    void (*tell)(void *owner, enum ui_action action, const char *line);
    void (*interest)(void *owner, unsigned interest); /* sum of enum view_interest, when it changes; may be NULL */
};

/* Runs the window until the user closes it. 0, or -errno with a sentence (no display, no SDL). Writes screenshots
 * (key p) to faultline-N.png in the current directory. */
int ui_window_run(const struct ui_control *control, const char *title, char *error, size_t error_size);

#endif
