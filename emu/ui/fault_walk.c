/* The walk table of the fault panel: a row a level, from the top; the level that refused stands out. */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

static float box_height(const struct fault_area *area) { return area->tight ? 23 : 28; }
static float row_height(const struct fault_area *area) { return area->tight ? 27 : 34; }

struct columns {
    float level, at, value, rights, at_width, value_width;
    unsigned at_digits, value_digits;
};

static struct columns columns_of(struct painter *painter, const struct fault_area *area, const struct mmu_walk *walk) {
    bool wide = walk->mode == MMU_MODE_4LEVEL || walk->mode == MMU_MODE_5LEVEL;
    unsigned at_digits = wide ? 12 : 8, value_digits = walk->mode == MMU_MODE_32BIT ? 8 : 16;
    for (unsigned i = 0; i < walk->count && i < MMU_MAX_LEVELS; i++)
        at_digits = walk->steps[i].at.value >> 32 ? 12 : at_digits;
    float pad = area->narrow ? 7 : 9, gap = area->narrow ? 6 : 10,
          digit = text_width(painter, FONT_CODE, SIZE_CODE, "0");
    float least = area->narrow ? 0 : wide ? 116 : 150;
    struct columns c = {.level = area->inside.x, .at_digits = at_digits, .value_digits = value_digits};
    c.at_width = ceilf(fmaxf(digit * (float)(at_digits + (at_digits - 1) / 4) + 2 * pad, least));
    c.value_width = ceilf(fmaxf(digit * (float)(value_digits + (value_digits - 1) / 4) + 2 * pad, least));
    c.at = c.level + ceilf(digit * (wide ? 9 : 7)) + (area->narrow ? 8 : 21);
    c.value = c.at + c.at_width + gap;
    c.rights = c.value + c.value_width + gap;
    return c;
}

static void paint_heads(struct painter *painter, const struct columns *c, float y) {
    const struct {
        float x;
        const char *text;
    } heads[] = {{c->level, "level"}, {c->at, "entry at"}, {c->value, "value"}, {c->rights, "rights"}};
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++)
        put(painter, heads[i].x, y, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, heads[i].text);
}

/* The bits that a rule looks at. */
static uint64_t refused_bits(const struct mmu_step *step) {
    switch (step->refused) {
    case MMU_RULE_NOT_PRESENT: return MMU_PTE_P;
    case MMU_RULE_READ_ONLY: return MMU_PTE_W;
    case MMU_RULE_SUPERVISOR_ONLY:
    case MMU_RULE_SMEP:
    case MMU_RULE_SMAP: return MMU_PTE_U;
    case MMU_RULE_NO_EXECUTE: return MMU_PTE_NX;
    default: return 0;
    }
}

static void paint_box(struct painter *painter, struct rect at, const char *text, bool bad, float pad) {
    draw_fill(painter->list, at, PALETTE_WELL, 6);
    draw_stroke(painter->list, at, bad ? PALETTE_BAD : PALETTE_LINE, 6, 1);
    put(painter, at.x + pad, at.y + at.h / 2 + 4, FONT_CODE, SIZE_CODE, PALETTE_INK, text);
}

/* What an entry that is not present says, where the kernel told what it is; "" otherwise. */
static struct words meaning_of(const struct story_fault *fault, const struct mmu_step *step) {
    uint32_t area, slot;
    if (step->level == 1 && step->refused == MMU_RULE_NOT_PRESENT && story_swap_entry(fault, &area, &slot))
        return format_words("swap entry: area %" PRIu32 ", slot %" PRIu32, area, slot);
    return format_words("%s", "");
}

/* Beside the bits where there is room, below the row otherwise. Returns the height that it added. */
static float paint_verdict(struct painter *painter, const struct fault_area *area, const struct mmu_step *step,
                           const struct bit_boxes *bits, float x, const char *meaning) {
    if (step->refused == MMU_RULE_NONE)
        return 0;
    struct words verdict =
        meaning[0] ? format_words("%s", meaning) : format_words("refused: %s", mmu_rule_name(step->refused));
    float right = area->inside.x + area->inside.w, width = text_width(painter, FONT_CODE, SIZE_CODE, verdict.text);
    if (x + 6 + width <= right) {
        put(painter, x + 6, bits->middle + 4, FONT_CODE, SIZE_CODE, PALETTE_BAD_INK, verdict.text);
        return 0;
    }
    put(painter, fmaxf(fminf(bits->x, right - width), area->inside.x), bits->middle + box_height(area) - 1, FONT_CODE,
        SIZE_CODE, PALETTE_BAD_INK, verdict.text);
    return 14;
}

/* A click selects the entry. The entry that is selected, or the frame that it leads to, is outlined. */
static void touch_entry(struct painter *painter, struct rect at, struct rect value, const struct mmu_step *step) {
    const struct selection *selection = &painter->view->selection;
    int64_t frame = step->before & MMU_PTE_P ? (int64_t)((step->before & 0x000ffffffffff000ull) >> 12) : -1;
    hit(painter, at, ACTION_SELECT_ENTRY, (int64_t)step->at.value);
    if (selection->has_entry && selection->entry_physical == step->at.value)
        outline_selected(painter, at, 6);
    if (frame < 0)
        return;
    hit(painter, value, ACTION_SELECT_FRAME, frame);
    if (selected_frame(painter) == frame)
        outline_selected(painter, value, 6);
}

static float paint_row(struct painter *painter, const struct fault_area *area, const struct columns *c,
                       const struct story_fault *fault, const struct mmu_step *step, float y) {
    bool bad = step->refused != MMU_RULE_NONE;
    struct words meaning = meaning_of(fault, step);
    float pad = area->narrow ? 7 : 9, height = box_height(area), middle = y + height / 2;
    struct words level = format_words("%s %03x", mmu_level_name(step->level), step->index);
    put(painter, c->level, middle + 4, FONT_CODE, SIZE_CODE, PALETTE_INK, level.text);
    struct rect at = {c->at, y, c->at_width, height}, value = {c->value, y, c->value_width, height};
    paint_box(painter, at, format_address(step->at.value, c->at_digits).text, false, pad);
    paint_box(painter, value, format_address(step->before, c->value_digits).text, bad, pad);
    tip(painter, at, "%s %u of its table\nits physical address; click: select the entry", mmu_level_name(step->level),
        step->index);
    touch_entry(painter, at, value, step);
    if (step->before & MMU_PTE_P)
        tip(painter, value, "%s\nframe %05" PRIx64 "%s", mmu_level_name(step->level),
            (uint64_t)(step->before & 0x000ffffffffff000ull) >> 12,
            step->leaf ? ", the page itself" : ", the next table");
    else
        tip(painter, value, "%s\nnot present: the other bits are the kernel's own\n%s", mmu_level_name(step->level),
            meaning.text);
    struct bit_boxes bits = {.value = step->before,
                             .refused = refused_bits(step),
                             .leaf = step->leaf || step->level == 1,
                             .x = c->rights,
                             .middle = middle};
    float x = paint_bits(painter, &bits);
    return y + row_height(area) + paint_verdict(painter, area, step, &bits, x, meaning.text);
}

float paint_walk(struct painter *painter, const struct fault_area *area, float y, const struct story_fault *fault) {
    const struct mmu_walk *walk = &fault->walk;
    unsigned count = walk->count < MMU_MAX_LEVELS ? walk->count : MMU_MAX_LEVELS;
    if (count == 0) {
        const char *why =
            walk->mode == MMU_MODE_NONE ? "paging is off: no table was walked" : "refused before any table was read";
        put_until(painter, area->inside.x, y + 18, area->inside.x + area->inside.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                  why);
        return y + row_height(area);
    }
    struct columns c = columns_of(painter, area, walk);
    paint_heads(painter, &c, y + 9);
    y += 19;
    for (unsigned i = 0; i < count; i++)
        y = paint_row(painter, area, &c, fault, &walk->steps[i], y);
    return y;
}
