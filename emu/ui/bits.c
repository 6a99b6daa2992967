/* The bits of a paging entry as small labelled boxes: set, clear, refused, changed. */
#include "emu/ui/panel.h"

#include "mmu/mmu.h"

#define BOX_W 22.0f
#define BOX_H 16.0f
#define BOX_STEP 25.0f

struct bit_word {
    uint64_t mask;
    const char *name, *meaning;
    bool always; /* shown in every entry, else only when it is set or refused */
    bool leaf_only;
};

static const struct bit_word bit_words[] = {
    {MMU_PTE_P, "P", "present", true, false},
    {MMU_PTE_W, "W", "writable", true, false},
    {MMU_PTE_U, "U", "user may use it", true, false},
    {MMU_PTE_A, "A", "accessed", true, false},
    {MMU_PTE_D, "D", "dirty: written to", true, true},
    {MMU_PTE_PS, "PS", "page size: this entry maps a large page", false, false},
    {MMU_PTE_G, "G", "global: survives a load of CR3", false, true},
    {MMU_PTE_NX, "NX", "no execute", false, false},
};

#define BIT_WORDS (sizeof bit_words / sizeof bit_words[0])

static bool shown(const struct bit_boxes *boxes, const struct bit_word *word) {
    if ((boxes->refused | boxes->changed) & word->mask)
        return true;
    if (!(boxes->value & MMU_PTE_P))
        return word->mask == MMU_PTE_P; /* the rest of an entry that is not present has no meaning to the MMU */
    if (word->leaf_only && !boxes->leaf)
        return false;
    return word->always || (boxes->value & word->mask) != 0;
}

float bits_width(const struct bit_boxes *boxes) {
    float width = 0;
    for (unsigned i = 0; i < BIT_WORDS; i++)
        width += shown(boxes, &bit_words[i]) ? BOX_STEP : 0;
    return width;
}

struct bit_look {
    color ground, ink;
    const char *state;
};

static struct bit_look look_of(const struct bit_boxes *boxes, uint64_t mask) {
    if (boxes->refused & mask)
        return (struct bit_look){PALETTE_BAD_GROUND, PALETTE_BAD_INK, "refused this access"};
    if (boxes->changed & mask)
        return (struct bit_look){PALETTE_ACCENT_GROUND, PALETTE_ACCENT,
                                 boxes->value & mask ? "set by this fault" : "cleared by this fault"};
    if (boxes->value & mask)
        return (struct bit_look){PALETTE_GOOD_GROUND, PALETTE_GOOD_INK, "set"};
    return (struct bit_look){PALETTE_OFF_GROUND, PALETTE_FAINT, "clear"};
}

float paint_bits(struct painter *painter, const struct bit_boxes *boxes) {
    float x = boxes->x;
    for (unsigned i = 0; i < BIT_WORDS; i++) {
        if (!shown(boxes, &bit_words[i]))
            continue;
        struct bit_look look = look_of(boxes, bit_words[i].mask);
        struct rect at = {x, boxes->middle - BOX_H / 2, BOX_W, BOX_H};
        draw_fill(painter->list, at, look.ground, 2.5f);
        put_center(painter, at, at.y + 12, FONT_CODE, 10, look.ink, bit_words[i].name);
        tip(painter, at, "%s  %s\n%s", bit_words[i].name, bit_words[i].meaning, look.state);
        x += BOX_STEP;
    }
    return x;
}
