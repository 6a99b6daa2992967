/*
 * The palette's promises in numbers: WCAG 2 contrast of words on their grounds; the distance (CIE 1976 L*a*b*) of any
 * two uses of a frame as seen with normal, protanope and deuteranope sight (Vienot, Brettel, Mollon 1999: "Digital
 * video colourmaps for checking the legibility of displays by dichromats").
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

enum sight { NORMAL, PROTANOPE, DEUTERANOPE, SIGHTS };

static struct rgb seen(struct rgb c, enum sight sight) {
    if (sight == NORMAL)
        return c;
    double red = sight == PROTANOPE ? 0.11238 * c.r + 0.88762 * c.g : 0.29275 * c.r + 0.70725 * c.g;
    double blue = sight == PROTANOPE ? 0.00401 * c.r - 0.00401 * c.g + c.b : -0.02234 * c.r + 0.02234 * c.g + c.b;
    return (struct rgb){red, red, fmin(fmax(blue, 0), 1)};
}

static double distance(uint32_t a, uint32_t b, enum sight sight) {
    struct lab x = lab_of(seen(rgb_of(a), sight)), y = lab_of(seen(rgb_of(b), sight));
    return sqrt((x.l - y.l) * (x.l - y.l) + (x.a - y.a) * (x.a - y.a) + (x.b - y.b) * (x.b - y.b));
}

struct use {
    const char *name;
    uint32_t color;
};

static const struct use uses[] = {
    {"free", PALETTE_FREE},         {"kernel", PALETTE_KERNEL},
    {"page table", PALETTE_TABLE},  {"slab", PALETTE_SLAB},
    {"file", PALETTE_FILE},         {"file, dirty", PALETTE_FILE_DIRTY},
    {"anonymous", PALETTE_ANON},    {"swap cache", PALETTE_SWAP_CACHE},
    {"reserved", PALETTE_RESERVED}, {"this fault", PALETTE_ACCENT},
};

#define USES (sizeof uses / sizeof uses[0])
#define LEAST_DISTANCE 10.0 /* about four just noticeable differences */

Test(palette, uses_of_a_frame_differ_for_every_sight) {
    static const char *const sights[] = {"normal sight", "protanopia", "deuteranopia"};
    for (unsigned s = 0; s < SIGHTS; s++) {
        double nearest = 1e9;
        for (unsigned i = 0; i < USES; i++)
            for (unsigned j = i + 1; j < USES; j++) {
                double apart = distance(uses[i].color, uses[j].color, (enum sight)s);
                nearest = fmin(nearest, apart);
                cr_expect(apart >= LEAST_DISTANCE, "%s: %s and %s are %.1f apart, needs %.0f", sights[s], uses[i].name,
                          uses[j].name, apart, LEAST_DISTANCE);
            }
        cr_log_info("%s: nearest pair %.1f", sights[s], nearest);
    }
}
