/*
 * The palette's promises in numbers: WCAG 2 contrast of words on their grounds; the distance (CIE 1976 L*a*b*) of any
 * two colours of a legend as seen with normal, protanope and deuteranope sight (Vienot, Brettel, Mollon 1999: "Digital
 * video colourmaps for checking the legibility of displays by dichromats") and tritanope sight (Machado, Oliveira,
 * Fernandes 2009: "A physiologically-based model for simulation of color vision deficiency", severity 1).
 */
#include "emu/kernelview/kernelview.h"
#include "emu/ui/palette.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

struct rgb {
    double r, g, b; /* linear light, 0 to 1 */
};

static double linear(unsigned byte) {
    double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static struct rgb rgb_of(uint32_t color) {
    return (struct rgb){linear(color >> 24), linear(color >> 16 & 0xff), linear(color >> 8 & 0xff)};
}

static double luminance(uint32_t color) {
    struct rgb c = rgb_of(color);
    return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
}

static double contrast(uint32_t a, uint32_t b) {
    double x = luminance(a), y = luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

struct pair {
    const char *name;
    uint32_t ink, ground;
    double least;
};

Test(palette, words_stand_out_from_their_grounds) {
    static const struct pair pairs[] = {
        {"ink on ground", PALETTE_INK, PALETTE_GROUND, 4.5},
        {"ink on panel", PALETTE_INK, PALETTE_PANEL, 4.5},
        {"ink in a well", PALETTE_INK, PALETTE_WELL, 4.5},
        {"ink on a button", PALETTE_INK, PALETTE_RAISED_HOT, 4.5},
        {"ink on the open tab", PALETTE_INK, PALETTE_SELECTED, 4.5},
        {"soft on panel", PALETTE_SOFT, PALETTE_PANEL, 4.5},
        {"soft in a tooltip", PALETTE_SOFT, PALETTE_RAISED_HOT, 4.5},
        {"dim on ground", PALETTE_DIM, PALETTE_GROUND, 4.5},
        {"dim on panel", PALETTE_DIM, PALETTE_PANEL, 4.5},
        {"dim on a step's disc", PALETTE_DIM, PALETTE_BADGE, 3},
        {"faint on ground", PALETTE_FAINT, PALETTE_GROUND, 3},
        {"faint on panel", PALETTE_FAINT, PALETTE_PANEL, 3},
        {"faint on a clear bit", PALETTE_FAINT, PALETTE_OFF_GROUND, 3},
        {"set bit", PALETTE_GOOD_INK, PALETTE_GOOD_GROUND, 4.5},
        {"refused bit", PALETTE_BAD_INK, PALETTE_BAD_GROUND, 4.5},
        {"changed bit", PALETTE_ACCENT, PALETTE_ACCENT_GROUND, 4.5},
        {"refusal on panel", PALETTE_BAD_INK, PALETTE_PANEL, 4.5},
        {"accent on panel", PALETTE_ACCENT, PALETTE_PANEL, 4.5},
        {"number on accent", PALETTE_ON_ACCENT, PALETTE_ACCENT, 4.5},
        {"WRITE", PALETTE_WRITE_INK, PALETTE_WRITE_GROUND, 4.5},
        {"READ", PALETTE_READ_INK, PALETTE_READ_GROUND, 4.5},
        {"FETCH", PALETTE_FETCH_INK, PALETTE_FETCH_GROUND, 4.5},
        {"min label", PALETTE_BAD, PALETTE_PANEL, 3},
        {"low label", PALETTE_LOW, PALETTE_PANEL, 3},
        {"high label", PALETTE_HIGH, PALETTE_PANEL, 3},
        {"selected, on panel", PALETTE_ACCENT, PALETTE_PANEL, 3},
        {"selected, beside its dark line", PALETTE_ACCENT, PALETTE_GROUND, 3},
        {"belonging to it, on panel", PALETTE_ACCENT_SOFT, PALETTE_PANEL, 3},
        {"tab that is on", PALETTE_INK, PALETTE_SELECTED, 4.5},
        {"tab that is off", PALETTE_DIM, PALETTE_WELL, 4.5},
        {"index on a directory entry", PALETTE_GROUND, PALETTE_TABLE, 4.5},
    };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        double is = contrast(pairs[i].ink, pairs[i].ground);
        cr_expect(is >= pairs[i].least, "%s: contrast %.2f, needs %.1f", pairs[i].name, is, pairs[i].least);
    }
}

struct lab {
    double l, a, b;
};

static double lab_f(double t) { return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116; }

static struct lab lab_of(struct rgb c) {
    double x = (0.4124 * c.r + 0.3576 * c.g + 0.1805 * c.b) / 0.95047;
    double y = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
    double z = (0.0193 * c.r + 0.1192 * c.g + 0.9505 * c.b) / 1.08883;
    return (struct lab){116 * lab_f(y) - 16, 500 * (lab_f(x) - lab_f(y)), 200 * (lab_f(y) - lab_f(z))};
}

enum sight { NORMAL, PROTANOPE, DEUTERANOPE, TRITANOPE, SIGHTS };

static double within(double light) { return fmin(fmax(light, 0), 1); }

static struct rgb seen(struct rgb c, enum sight sight) {
    if (sight == NORMAL)
        return c;
    if (sight == TRITANOPE)
        return (struct rgb){within(1.255528 * c.r - 0.076749 * c.g - 0.178779 * c.b),
                            within(-0.078411 * c.r + 0.930809 * c.g + 0.147602 * c.b),
                            within(0.004733 * c.r + 0.691367 * c.g + 0.303900 * c.b)};
    double red = sight == PROTANOPE ? 0.11238 * c.r + 0.88762 * c.g : 0.29275 * c.r + 0.70725 * c.g;
    double blue = sight == PROTANOPE ? 0.00401 * c.r - 0.00401 * c.g + c.b : -0.02234 * c.r + 0.02234 * c.g + c.b;
    return (struct rgb){red, red, within(blue)};
}

static double distance(uint32_t a, uint32_t b, enum sight sight) {
    struct lab x = lab_of(seen(rgb_of(a), sight)), y = lab_of(seen(rgb_of(b), sight));
    return sqrt((x.l - y.l) * (x.l - y.l) + (x.a - y.a) * (x.a - y.a) + (x.b - y.b) * (x.b - y.b));
}

struct use {
    const char *name;
    uint32_t color;
};

/* Colours that stand in one legend, and so beside each other in one picture; and the accent, which is in all of them.
 */
#define LEGEND_MAX 11u

struct legend {
    const char *name;
    struct use uses[LEGEND_MAX]; /* up to one without a name */
};

#define THIS_FAULT                                                                                                     \
    { "this fault", PALETTE_ACCENT }

static const struct legend legends[] = {
    {"use",
     {{"free", PALETTE_FREE},
      {"kernel", PALETTE_KERNEL},
      {"page table", PALETTE_TABLE},
      {"slab", PALETTE_SLAB},
      {"file", PALETTE_FILE},
      {"file, dirty", PALETTE_FILE_DIRTY},
      {"anonymous", PALETTE_ANON},
      {"swap cache", PALETTE_SWAP_CACHE},
      {"reserved", PALETTE_RESERVED},
      THIS_FAULT}},
    {"A/D bits",
     {{"not mapped", PALETTE_BITS_NONE},
      {"mapped", PALETTE_BITS_MAPPED},
      {"accessed", PALETTE_BITS_ACCESSED},
      {"dirty", PALETTE_BITS_DIRTY},
      {"accessed, dirty", PALETTE_BITS_BOTH},
      THIS_FAULT}},
    {"age",
     {{"youngest", PALETTE_AGE_0},
      {"2nd", PALETTE_AGE_1},
      {"3rd", PALETTE_AGE_2},
      {"4th", PALETTE_AGE_3},
      {"5th", PALETTE_AGE_4},
      {"oldest", PALETTE_AGE_5},
      {"no event", PALETTE_AGE_NEVER},
      THIS_FAULT}},
    {"mapcount",
     {{"0", PALETTE_COUNT_0},
      {"1", PALETTE_COUNT_1},
      {"2", PALETTE_COUNT_2},
      {"3 to 7", PALETTE_COUNT_3},
      {"8 or more", PALETTE_COUNT_8},
      THIS_FAULT}},
    {"pages of a region",
     {{"never touched", PALETTE_FREE},
      {"was used", PALETTE_PAGE_GONE},
      {"in swap", PALETTE_PAGE_SWAPPED},
      {"file", PALETTE_FILE},
      {"file, dirty", PALETTE_FILE_DIRTY},
      {"anonymous", PALETTE_ANON},
      {"swap cache", PALETTE_SWAP_CACHE},
      THIS_FAULT}},
    {"page tables alone",
     {{"not mapped", PALETTE_HW_UNMAPPED},
      {"page table", PALETTE_HW_TABLE},
      {"kernel, read-only", PALETTE_HW_KERNEL},
      {"kernel", PALETTE_HW_KERNEL_WRITABLE},
      {"user, read-only", PALETTE_HW_USER},
      {"user", PALETTE_HW_USER_WRITABLE},
      THIS_FAULT}},
};

#define LEGENDS (sizeof legends / sizeof legends[0])
#define LEAST_DISTANCE 10.0 /* about four just noticeable differences */

static void expect_apart(const struct legend *legend, enum sight sight) {
    static const char *const sights[] = {"normal sight", "protanopia", "deuteranopia", "tritanopia"};
    double nearest = 1e9;
    for (unsigned i = 0; i < LEGEND_MAX && legend->uses[i].name; i++)
        for (unsigned j = i + 1; j < LEGEND_MAX && legend->uses[j].name; j++) {
            double apart = distance(legend->uses[i].color, legend->uses[j].color, sight);
            nearest = fmin(nearest, apart);
            cr_expect(apart >= LEAST_DISTANCE, "%s, %s: %s and %s are %.1f apart, needs %.0f", legend->name,
                      sights[sight], legend->uses[i].name, legend->uses[j].name, apart, LEAST_DISTANCE);
        }
    cr_log_info("%s, %s: nearest pair %.1f", legend->name, sights[sight], nearest);
}

Test(palette, colours_of_a_legend_differ_for_every_sight) {
    for (unsigned i = 0; i < LEGENDS; i++)
        for (unsigned sight = 0; sight < SIGHTS; sight++)
            expect_apart(&legends[i], (enum sight)sight);
}

Test(palette, ages_get_darker_in_order) {
    const struct legend *age = &legends[2];
    for (unsigned i = 0; i < 6; i++)
        cr_expect_gt(luminance(age->uses[i].color), 1.3 * luminance(age->uses[i + 1].color), "%s and the next",
                     age->uses[i].name);
}
