/* Drawing words that all panels use: regions, titles, text, tooltips, hits. */
#include "emu/ui/panel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hashing ------------------------------------------------------------------------------------------------- */

static uint64_t hash_word(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t lanes[4] = {hash, 1, 2, 3};
    for (; count >= 32; count -= 32, at += 32)
        for (unsigned i = 0; i < 4; i++) {
            uint64_t word;
            memcpy(&word, at + 8 * i, 8);
            lanes[i] = hash_word(lanes[i], word);
        }
    for (; count > 0; count--, at++)
        lanes[0] = hash_word(lanes[0], *at);
    return hash_word(hash_word(hash_word(lanes[0], lanes[1]), lanes[2]), lanes[3]);
}

static uint64_t hash_floats(uint64_t hash, const float *values, size_t count) {
    return hash_bytes(hash, values, count * sizeof *values);
}

static uint64_t hash_command(uint64_t hash, const struct draw_list *list, const struct draw_command *command) {
    const float numbers[] = {command->at.x,   command->at.y,  command->at.w, command->at.h,
                             command->radius, command->width, command->size, command->gap};
    hash = hash_word(hash, (uint64_t)command->kind << 32 | command->color);
    hash = hash_floats(hash, numbers, sizeof numbers / sizeof numbers[0]);
    if (command->kind == DRAW_TEXT) {
        const char *text = list->text + command->text;
        hash = hash_word(hash, (uint64_t)command->font << 8 | (uint64_t)command->align);
        hash = hash_bytes(hash, text, strlen(text));
    }
    if (command->kind == DRAW_CELLS) {
        hash = hash_word(hash, (uint64_t)command->columns << 32 | command->rows);
        hash = hash_bytes(hash, list->cells + command->cells, command->count * sizeof(color));
    }
    return hash;
}

/* Regions ------------------------------------------------------------------------------------------------- */

void region_begin(struct painter *painter, struct rect at) {
    struct ui_frame *frame = painter->frame;
    if (frame->region_count < UI_REGIONS)
        frame->regions[frame->region_count] = (struct ui_region){at, painter->list->count, 0, 0};
}

void region_end(struct painter *painter) {
    struct ui_frame *frame = painter->frame;
    if (frame->region_count == UI_REGIONS)
        return;
    struct ui_region *region = &frame->regions[frame->region_count++];
    region->count = painter->list->count - region->first;
    for (size_t i = 0; i < region->count; i++)
        region->hash = hash_command(region->hash, painter->list, &painter->list->commands[region->first + i]);
}

/* Panels -------------------------------------------------------------------------------------------------- */

const char *panel_name(enum ui_panel panel) {
    static const char *const names[PANEL_COUNT] = {
        [PANEL_FRAMES] = "FRAMES",   [PANEL_FAULT] = "FAULT",       [PANEL_SPACE] = "ADDRESS SPACE",
        [PANEL_CONSOLE] = "CONSOLE", [PANEL_ZONES] = "ZONES",       [PANEL_BUDDY] = "BUDDY",
        [PANEL_LRU] = "LRU",         [PANEL_DECISION] = "DECISION", [PANEL_CACHE] = "CACHE",
        [PANEL_LIFE] = "LIFE",       [PANEL_TIMELINE] = "TIMELINE",
    };
    return panel < PANEL_COUNT ? names[panel] : "";
}

/* The names of the other panels that may stand here; returns x after them. */
static float panel_tabs(struct painter *painter, enum ui_panel panel, float x, float baseline, float right) {
    for (unsigned other = 0; other < PANEL_COUNT; other++) {
        if (other == panel || !(painter->frame->shared[panel] & 1u << other))
            continue;
        const char *name = panel_name((enum ui_panel)other);
        float width = text_width(painter, FONT_WORDS_BOLD, SIZE_LABEL, name) + 14;
        struct rect tab = {x + 8, baseline - 14, width, 20};
        if (tab.x + width > right)
            break;
        draw_fill(painter->list, tab, is_hovered(painter, tab) ? PALETTE_RAISED_HOT : PALETTE_RAISED, 5);
        put(painter, tab.x + 7, baseline, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_DIM, name);
        hit(painter, tab, ACTION_FRONT, other);
        tip(painter, tab, "%s\nshares this place; click to see it", name);
        x = tab.x + width;
    }
    return x;
}

struct rect panel_begin(struct painter *painter, enum ui_panel panel, struct rect at, const char *title,
                        const char *subtitle) {
    return panel_begin_beside(painter, panel, at, title, subtitle, 0);
}

struct rect panel_begin_beside(struct painter *painter, enum ui_panel panel, struct rect at, const char *title,
                               const char *subtitle, float taken) {
    struct draw_list *list = painter->list;
    painter->frame->panels[panel] = at;
    region_begin(painter, at);
    draw_clip(list, at);
    draw_fill(list, at, PALETTE_PANEL, 8);
    bool owns_keys = panel == PANEL_CONSOLE && painter->state->typing;
    draw_stroke(list, at, owns_keys ? PALETTE_ACCENT_LINE : PALETTE_LINE, 8, 1);
    float x = at.x + PAD, baseline = at.y + 23;
    float end = put_until(painter, x, baseline, at.x + at.w - PAD, FONT_WORDS_BOLD, SIZE_SMALL, PALETTE_DIM, title);
    struct rect head = {at.x, at.y, at.w, HEAD - 4};
    hit(painter, head, ACTION_MAXIMISE, panel);
    float right = at.x + at.w - PAD - taken, tabs = panel_tabs(painter, panel, end, baseline, right),
          room = right - tabs - 16;
    if (room > 40)
        draw_text_in(list, (struct rect){tabs + 16, baseline, room, 0}, ALIGN_RIGHT, FONT_WORDS, SIZE_SMALL,
                     PALETTE_FAINT, subtitle);
    tip(painter, (struct rect){at.x, at.y, end - at.x + 8, HEAD - 4}, "%s\n%s", title,
        painter->state->maximised == (int)panel ? "click to go back to all panels" : "click to let it fill the window");
    return (struct rect){at.x + PAD, at.y + HEAD, at.w - 2 * PAD, at.h - HEAD - 10};
}

void panel_end(struct painter *painter) {
    draw_unclip(painter->list);
    region_end(painter);
}

void panel_empty(struct painter *painter, struct rect inside, const char *what, const char *how) {
    float width = fminf(inside.w - 24, 440), x = inside.x + (inside.w - width) / 2;
    float top = inside.y + fmaxf(inside.h * 0.5f - (inside.w < 300 ? 40 : 26), 12);
    draw_clip(painter->list, inside);
    float y = put_wrapped(painter, (struct rect){x, top, width, 0}, 18, inside.w < 300 ? 3 : 2, FONT_WORDS, SIZE_WORDS,
                          PALETTE_DIM, what);
    put_wrapped(painter, (struct rect){x, y + 3, width, 0}, 17, 3, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, how);
    draw_unclip(painter->list);
}

void kernel_missing(struct painter *painter, struct rect inside, const char *what) {
    const char *why = painter->view && painter->view->kernel_missing[0]
                          ? painter->view->kernel_missing
                          : "Appears as soon as the guest kernel has set up its mem_map.";
    panel_empty(painter, inside, what, why);
}

/* Text ---------------------------------------------------------------------------------------------------- */

float text_width(struct painter *painter, enum draw_font font, float size, const char *text) {
    return draw_text_width(painter->list, font, size, text);
}

float put(struct painter *painter, float x, float y, enum draw_font font, float size, color ink, const char *text) {
    draw_text(painter->list, x, y, font, size, ink, text);
    return x + text_width(painter, font, size, text);
}

float put_until(struct painter *painter, float x, float y, float right, enum draw_font font, float size, color ink,
                const char *text) {
    float width = text_width(painter, font, size, text), room = right - x;
    if (room < size)
        return x;
    draw_text_in(painter->list, (struct rect){x, y, room, 0}, ALIGN_LEFT, font, size, ink, text);
    return x + fminf(width, room);
}

void put_right(struct painter *painter, float right, float y, enum draw_font font, float size, color ink,
               const char *text) {
    float width = text_width(painter, font, size, text);
    draw_text(painter->list, right - width, y, font, size, ink, text);
}

void put_center(struct painter *painter, struct rect at, float baseline, enum draw_font font, float size, color ink,
                const char *text) {
    draw_text_in(painter->list, (struct rect){at.x, baseline, at.w, 0}, ALIGN_CENTER, font, size, ink, text);
}

/* Bytes of `text` that make one line of at most `width`: cut at a space where there is one. */
static size_t line_length(struct painter *painter, enum draw_font font, float size, const char *text, float width) {
    size_t best = 0, at = 0;
    char piece[512];
    while (text[at]) {
        size_t next = at + 1;
        while (text[next] && text[next] != ' ')
            next++;
        snprintf(piece, sizeof piece, "%.*s", (int)(next < sizeof piece ? next : sizeof piece - 1), text);
        if (text_width(painter, font, size, piece) > width)
            return best > 0 ? best : next;
        best = at = next;
    }
    return best;
}

float put_wrapped(struct painter *painter, struct rect at, float line, unsigned max_lines, enum draw_font font,
                  float size, color ink, const char *text) {
    char piece[512];
    float y = at.y;
    for (unsigned i = 0; i < max_lines && *text; i++, y += line) {
        size_t length = i + 1 == max_lines ? strlen(text) : line_length(painter, font, size, text, at.w);
        snprintf(piece, sizeof piece, "%.*s", (int)(length < sizeof piece ? length : sizeof piece - 1), text);
        draw_text_in(painter->list, (struct rect){at.x, y, at.w, 0}, ALIGN_LEFT, font, size, ink, piece);
        text += length;
        while (*text == ' ')
            text++;
    }
    return y;
}

/* Mouse --------------------------------------------------------------------------------------------------- */

bool is_hovered(const struct painter *painter, struct rect at) {
    const struct ui_state *state = painter->state;
    bool away = painter->within && !rect_contains(*painter->within, state->mouse_x, state->mouse_y);
    bool covered = away || state->help || ((state->stops || state->searching) && !painter->over);
    return !covered && state->mouse_x >= 0 && rect_contains(at, painter->state->mouse_x, painter->state->mouse_y);
}

void tip(struct painter *painter, struct rect at, const char *format, ...) {
    if (!is_hovered(painter, at))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(painter->frame->hover, sizeof painter->frame->hover, format, arguments);
    va_end(arguments);
    painter->frame->hover_at = at;
}

void hit(struct painter *painter, struct rect at, enum ui_action action, int64_t argument) {
    struct ui_frame *frame = painter->frame;
    if (frame->hit_count < UI_HITS)
        frame->hits[frame->hit_count++] = (struct ui_hit){at, action, argument, 0};
}

int64_t *hit_lattice(struct painter *painter, struct ui_lattice lattice) {
    struct ui_frame *frame = painter->frame;
    size_t needed = frame->argument_count + lattice.count;
    if (frame->lattice_count == UI_LATTICES || frame->hit_count == UI_HITS || !lattice.count || !lattice.columns)
        return NULL;
    if (needed > frame->argument_capacity) {
        int64_t *grown = realloc(frame->arguments, 2 * needed * sizeof *grown);
        if (!grown)
            return NULL;
        frame->arguments = grown;
        frame->argument_capacity = 2 * needed;
    }
    lattice.first = frame->argument_count;
    frame->argument_count = needed;
    frame->lattices[frame->lattice_count++] = lattice;
    hit(painter, lattice.at, lattice.action, 0);
    frame->hits[frame->hit_count - 1].lattice = frame->lattice_count;
    return frame->arguments + lattice.first;
}

int64_t ui_lattice_cell(const struct ui_lattice *lattice, float x, float y) {
    if (!rect_contains(lattice->at, x, y) || lattice->step_x <= 0 || lattice->step_y <= 0)
        return -1;
    float column = floorf((x - lattice->at.x) / lattice->step_x), row = floorf((y - lattice->at.y) / lattice->step_y);
    bool gap = x - lattice->at.x - column * lattice->step_x >= lattice->cell_x ||
               y - lattice->at.y - row * lattice->step_y >= lattice->cell_y;
    uint64_t cell = (uint64_t)row * lattice->columns + (uint64_t)column;
    return gap || column >= (float)lattice->columns || cell >= lattice->count ? -1 : (int64_t)cell;
}

/* Colours ------------------------------------------------------------------------------------------------- */

color frame_color(unsigned kind) {
    static const color colors[FRAME_KINDS] = {
        [FRAME_FREE] = PALETTE_FREE,         [FRAME_KERNEL] = PALETTE_KERNEL,
        [FRAME_TABLE] = PALETTE_TABLE,       [FRAME_SLAB] = PALETTE_SLAB,
        [FRAME_FILE] = PALETTE_FILE,         [FRAME_FILE_DIRTY] = PALETTE_FILE_DIRTY,
        [FRAME_ANON] = PALETTE_ANON,         [FRAME_SWAP_CACHE] = PALETTE_SWAP_CACHE,
        [FRAME_RESERVED] = PALETTE_RESERVED, [FRAME_ABSENT] = 0,
    };
    return kind < FRAME_KINDS ? colors[kind] : 0;
}

color mix(color a, color b, float share_of_b) {
    color out = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        float value = (float)(a >> shift & 0xff) * (1 - share_of_b) + (float)(b >> shift & 0xff) * share_of_b;
        out |= (color)(value + 0.5f) << shift;
    }
    return out;
}
