/*
 * The help: every key, what each panel shows, what the colours mean. Three columns where there is width; a low window
 * gets smaller lines, never fewer.
 */
#include "emu/ui/panel.h"

#include <math.h>

struct help_line {
    const char *key, *does;
};

static const struct help_line keys[] = {
    {"space", "run, or pause where the guest is"},
    {"n  N", "run to the next fault; show the one before"},
    {"s", "one instruction"},
    {"o", "over: a call runs to its return"},
    {"f", "finish: run to the end of the function"},
    {"w", "run to the next page walk"},
    {"r", "run to reclaim's next decision"},
    {"e", "run to the kernel's next event"},
    {"b", "stops: what to stop at"},
    {"/", "search an address, symbol, frame, fault"},
    {"1 2 3 4", "scenes: Fault, Reclaim, Memory, Console"},
    {"t", "timeline: all of the time"},
    {"p", "save this picture as faultline-N.png"},
    {"g", "record faultline-N.gif; again: end it"},
    {"+ \xe2\x88\x92 0", "larger, smaller, as at first"},
    {"?", "this page"},
    {"q, Esc", "quit; Esc first closes what is open"},
    {"v", "FRAMES by use, A/D bits, age, mapcount"},
    {"[  ]", "ADDRESS SPACE of another process"},
    {"wheel", "zoom FRAMES and TIMELINE; scroll others"},
    {"click", "anything: select it everywhere; again: not"},
    {"title", "click it: that panel fills the window"},
    {"console", "click to type to the guest; Esc ends it"},
};

static const struct help_line panels[] = {
    {"FRAMES", "every frame of memory, a cell each, by zone"},
    {"FAULT", "one page fault: instruction, walk, what was done"},
    {"ADDRESS SPACE", "the regions of a process and its page tables"},
    {"LIFE", "what you selected: its life, its pages"},
    {"CONSOLE", "the guest's terminal"},
    {"ZONES", "free pages against min, low and high"},
    {"BUDDY", "free blocks by order; splits and merges"},
    {"LRU", "the lists that reclaim works on, newest left"},
    {"DECISION", "what reclaim did with one page, and why"},
    {"CACHE", "pages of files by state; the map of swap"},
    {"TIMELINE", "faults, reclaim, disk, waits, free memory"},
};

struct help_color {
    color color;
    const char *means;
};

static const struct help_color colors[] = {
    {PALETTE_ACCENT, "filled: just happened; outlined: selected"},
    {PALETTE_BAD, "refused; below min; direct reclaim"},
    {PALETTE_LOW, "low; kswapd; being written"},
    {PALETTE_ANON, "anonymous memory"},
    {PALETTE_FILE, "pages of files; reads"},
    {PALETTE_FILE_DIRTY, "pages of files that differ from the disk"},
    {PALETTE_SWAP_CACHE, "swap; writes"},
    {PALETTE_TABLE, "page tables"},
    {PALETTE_SLAB, "slab: the kernel's small objects"},
    {PALETTE_KERNEL, "other memory of the kernel"},
    {PALETTE_FREE, "free"},
};

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof(array)[0]))

struct sheet {
    struct painter *painter;
    float line, size; /* distance of lines, of letters */
};

static float heading(const struct sheet *sheet, float x, float y, const char *text) {
    put(sheet->painter, x, y, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_DIM, text);
    return y + sheet->line;
}

static float lines(const struct sheet *sheet, struct rect at, float y, const struct help_line *line, unsigned count,
                   float indent) {
    for (unsigned i = 0; i < count; i++, y += sheet->line) {
        put_until(sheet->painter, at.x, y, at.x + indent - 6, FONT_CODE, sheet->size, PALETTE_ACCENT, line[i].key);
        put_until(sheet->painter, at.x + indent, y, at.x + at.w, FONT_WORDS, sheet->size, PALETTE_INK, line[i].does);
    }
    return y;
}

static void swatches(const struct sheet *sheet, struct rect at, float y) {
    for (unsigned i = 0; i < COUNT(colors); i++, y += sheet->line) {
        struct rect square = {at.x, y - 10, 12, 12};
        draw_fill(sheet->painter->list, square, colors[i].color, 3);
        draw_stroke(sheet->painter->list, square, PALETTE_LINE, 3, 1);
        put_until(sheet->painter, at.x + 24, y, at.x + at.w, FONT_WORDS, sheet->size, PALETTE_INK, colors[i].means);
    }
}

/* Panels and colours below each other stand beside the keys; apart where the window is wide. */
void paint_help(struct painter *painter) {
    const struct ui_state *state = painter->state;
    unsigned beside = COUNT(panels) + COUNT(colors) + 3, rows = beside > COUNT(keys) + 3 ? beside : COUNT(keys) + 3;
    struct rect all = {0, 0, state->width, state->height};
    struct sheet sheet = {painter, fminf(23, (state->height - 90) / (float)rows), SIZE_WORDS};
    sheet.size = sheet.line < 19 ? SIZE_SMALL : SIZE_WORDS;
    float width = fminf(940, state->width - 32), height = 64 + sheet.line * (float)rows;
    struct rect at = {roundf((all.w - width) / 2), roundf(fmaxf((all.h - height) / 2, 6)), width, height};
    region_begin(painter, all);
    draw_fill(painter->list, all, PALETTE_SHADE, 0);
    draw_fill(painter->list, at, PALETTE_PANEL, 10);
    draw_stroke(painter->list, at, PALETTE_RESERVED, 10, 1);
    put(painter, at.x + 26, at.y + 32, FONT_WORDS_BOLD, 15, PALETTE_INK, "Help");
    put_right(painter, at.x + at.w - 26, at.y + 32, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, "? or Esc closes this");
    float half = floorf((at.w - 3 * 26) / 2), top = at.y + 60;
    struct rect left = {at.x + 26, top, half, 0}, right = {at.x + 52 + half, top, half, 0};
    float y = lines(&sheet, left, heading(&sheet, left.x, top, "KEYS AND MOUSE"), keys, COUNT(keys), 84);
    put_wrapped(painter, (struct rect){left.x, y + sheet.line * 0.6f, left.w, 0}, 17, 3, FONT_WORDS, SIZE_SMALL,
                PALETTE_DIM,
                "Point at anything for its details. Every key has a button. Time is the guest's own: it stands while "
                "the guest stands.");
    y = lines(&sheet, right, heading(&sheet, right.x, top, "PANELS"), panels, COUNT(panels), 116);
    swatches(&sheet, right, heading(&sheet, right.x, y + sheet.line * 0.6f, "COLOURS"));
    region_end(painter);
    hit(painter, all, ACTION_HELP, 0);
}
