/*
 * The numbered steps. Their words come from the story; here they are set: what is code (addresses, entries, names with
 * an underscore) in the code face, the frame that the fault took in the accent, the change of the PTE with its bits as
 * boxes. A step that is too long goes on in the next line. A frame's number selects the frame.
 */
#include "emu/ui/panel.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 28.0f
#define STEPS_MAX 64u
#define ARROW "\xe2\x86\x92"

struct setting { /* one step as it is being set */
    struct painter *painter;
    const struct story_fault *fault;
    float left, right, x, y;
    float line, words; /* distance of steps; size of words */
    bool accent;       /* this step is what just happened */
    bool after_arrow;
};

static bool is_hex_word(const char *word, size_t length) {
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)word[i]) && word[i] != '-')
            return false;
        digits += isdigit((unsigned char)word[i]) != 0;
        letters += islower((unsigned char)word[i]) != 0;
    }
    return digits > 0 && digits + letters >= 4;
}

static bool is_mode_word(const char *word, size_t length) {
    return length == 4 && strchr("r-", word[0]) && strchr("w-", word[1]) && strchr("x-", word[2]) &&
           strchr("ps", word[3]);
}

/* Punctuation after a word belongs to the sentence, not to the code. */
static size_t core_length(const char *word, size_t length) {
    while (length > 0 && strchr(",.;:)", word[length - 1]))
        length--;
    return length;
}

static bool is_code(const char *word, size_t length) {
    if (length > 2 && word[0] == '0' && word[1] == 'x')
        return true;
    return is_hex_word(word, length) || is_mode_word(word, length) || memchr(word, '_', length) != NULL ||
           (length == 3 && !memcmp(word, "PTE", 3));
}

/* The story writes plain ASCII. */
static bool is_arrow(const char *word, size_t length) { return length == 2 && memcmp(word, "->", 2) == 0; }

static bool is_taken_frame(const struct story_fault *fault, const char *word, size_t length) {
    char number[24];
    for (unsigned i = 0; i < fault->frame_count && i < STORY_MAX_FRAMES; i++) {
        snprintf(number, sizeof number, "%05" PRIx64, fault->frames[i].pfn);
        if (strlen(number) == length && memcmp(word, number, length) == 0)
            return !fault->frames[i].failed;
    }
    return false;
}

static void set_piece(struct setting *s, enum draw_font font, float size, color ink, const char *text, size_t length) {
    char piece[256];
    snprintf(piece, sizeof piece, "%.*s", (int)(length < sizeof piece ? length : sizeof piece - 1), text);
    draw_text(s->painter->list, s->x, s->y, font, size, ink, piece);
    s->x += text_width(s->painter, font, size, piece);
}

static float piece_width(struct setting *s, enum draw_font font, float size, const char *text, size_t length) {
    char piece[256];
    snprintf(piece, sizeof piece, "%.*s", (int)(length < sizeof piece ? length : sizeof piece - 1), text);
    return text_width(s->painter, font, size, piece);
}

static void break_line(struct setting *s) {
    s->x = s->left;
    s->y += s->line - 4;
}

static color ink_of(const struct setting *s, const char *word, size_t core) {
    if (is_taken_frame(s->fault, word, core) && !s->after_arrow)
        return PALETTE_ACCENT;
    return s->accent && s->after_arrow && is_hex_word(word, core) ? PALETTE_ACCENT : PALETTE_INK;
}

static bool next_is_code(const char *rest) {
    while (*rest == ' ')
        rest++;
    size_t length = strcspn(rest, " ");
    return is_arrow(rest, length) || is_code(rest, core_length(rest, length));
}

/* The frame that a word names, -1: none of this fault's. */
static int64_t frame_named(const struct story_fault *fault, const char *word, size_t length) {
    char number[24];
    snprintf(number, sizeof number, "%05" PRIx64, fault->has_cow ? fault->cow_old_pfn : UINT64_MAX);
    if (strlen(number) == length && memcmp(word, number, length) == 0)
        return (int64_t)fault->cow_old_pfn;
    bool taken = is_taken_frame(fault, word, length);
    return taken ? (int64_t)strtoull(word, NULL, 16) : -1;
}

static void touch_frame(struct setting *s, const char *word, size_t length, struct rect at) {
    int64_t pfn = frame_named(s->fault, word, length);
    if (pfn < 0)
        return;
    hit(s->painter, at, ACTION_SELECT_FRAME, pfn);
    tip(s->painter, at, "frame %05" PRIx64 "\nclick: select it", (uint64_t)pfn);
    if (selected_frame(s->painter) == pfn)
        outline_selected(s->painter, at, 4);
}

/* The region's range. */
static void touch_region(struct setting *s, const char *word, size_t length, struct rect at) {
    const struct selection *selection = &s->painter->view->selection;
    const struct story_fault *fault = s->fault;
    struct words range = format_words("%08" PRIx64 "-%08" PRIx64, fault->vma_start, fault->vma_end);
    if (!fault->vma_found || strlen(range.text) != length || memcmp(range.text, word, length) != 0)
        return;
    hit(s->painter, at, ACTION_SELECT_VMA, (int64_t)fault->vma_start);
    tip(s->painter, at, "region %s\nclick: select it, see which pages were never touched", range.text);
    if (selection->kind == SELECT_VMA && selection->has_vma && selection->vma_start == fault->vma_start)
        outline_selected(s->painter, at, 4);
}

/* The entry that the fault changed. */
static void touch_entry(struct setting *s, const char *word, size_t length, struct rect at) {
    const struct selection *selection = &s->painter->view->selection;
    if (length != 3 || memcmp(word, "PTE", 3) != 0 || !s->fault->has_pte)
        return;
    hit(s->painter, at, ACTION_SELECT_ENTRY, (int64_t)s->fault->pte_phys);
    tip(s->painter, at, "entry at %s\nclick: select it", format_address(s->fault->pte_phys, 8).text);
    if (selection->has_entry && selection->entry_physical == s->fault->pte_phys)
        outline_selected(s->painter, at, 4);
}

/* One word with the punctuation after it. */
static void set_word(struct setting *s, const char *word, size_t length) {
    size_t core = core_length(word, length);
    bool code = is_code(word, core), arrow = is_arrow(word, length);
    enum draw_font font = code || arrow ? FONT_CODE : FONT_WORDS;
    float size = code || arrow ? SIZE_CODE : s->words;
    float width =
        piece_width(s, font, size, word, core) + piece_width(s, FONT_WORDS, s->words, word + core, length - core);
    if (s->x > s->left && s->x + width > s->right)
        break_line(s);
    if (arrow)
        s->after_arrow = true;
    else if (s->after_arrow && !is_hex_word(word, core))
        s->after_arrow = false;
    if (arrow)
        set_piece(s, FONT_CODE, SIZE_CODE, PALETTE_INK, ARROW, sizeof ARROW - 1);
    else {
        float from = s->x;
        set_piece(s, font, size, ink_of(s, word, core), word, core);
        struct rect at = {roundf(from) - 2, s->y - 13, roundf(s->x - from) + 3, 18};
        touch_frame(s, word, core, at);
        touch_region(s, word, core, at);
        touch_entry(s, word, core, at);
    }
    set_piece(s, FONT_WORDS, s->words, PALETTE_INK, word + core, length - core);
    bool more_code = (code || arrow) && next_is_code(word + length);
    s->x += text_width(s->painter, more_code ? FONT_CODE : FONT_WORDS, more_code ? SIZE_CODE : s->words, " ");
}

/* The entry after the change, changed bits in the accent; only where the text shows the change itself. */
static void set_bits(struct setting *s) {
    const struct story_fault *fault = s->fault;
    struct bit_boxes bits = {
        .value = fault->pte_after, .changed = (fault->pte_before ^ fault->pte_after) & 0xfff, .leaf = true};
    bits.changed |= (fault->pte_before ^ fault->pte_after) & MMU_PTE_NX;
    if (!(fault->pte_before & MMU_PTE_P)) /* was not an entry at all: everything that is set is new */
        bits.changed = (fault->pte_after & 0xfff) | (fault->pte_after & MMU_PTE_NX);
    if (s->x + 8 + bits_width(&bits) > s->right)
        break_line(s);
    bits.x = s->x + 8;
    bits.middle = s->y - 4;
    paint_bits(s->painter, &bits);
}

static void set_step(struct setting *s, const char *text) {
    s->x = s->left;
    s->after_arrow = false;
    bool change = strstr(text, " -> ") != NULL && strstr(text, "PTE") != NULL;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (length > 0)
            set_word(s, text, length);
        text += length;
        text += *text == ' ';
    }
    if (s->fault->has_pte && change)
        set_bits(s);
}

static void paint_number(struct painter *painter, float x, float baseline, unsigned number, bool accent) {
    struct rect disc = {x, baseline - 14, 19, 19};
    draw_fill(painter->list, disc, accent ? PALETTE_ACCENT : PALETTE_BADGE, 9.5f);
    put_center(painter, disc, baseline - 0.5f, FONT_WORDS, SIZE_LABEL, accent ? PALETTE_ON_ACCENT : PALETTE_DIM,
               format_words("%u", number).text);
}

float paint_steps(struct painter *painter, const struct fault_area *area, float y, const struct story_fault *fault) {
    struct setting s = {.painter = painter,
                        .fault = fault,
                        .left = area->inside.x + INDENT,
                        .right = area->inside.x + area->inside.w,
                        .y = y + 14,
                        .line = area->tight ? 20 : 23,
                        .words = area->tight ? SIZE_SMALL : SIZE_WORDS};
    char text[400];
    for (unsigned i = 0; i < STEPS_MAX && story_fault_step(fault, i, text, sizeof text, &s.accent); i++) {
        paint_number(painter, area->inside.x, s.y, i + 1, s.accent);
        set_step(&s, text);
        s.y += s.line;
    }
    return s.y;
}
