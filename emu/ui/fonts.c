/*
 * Faces come from fontconfig, outlines and masks from cairo. What is kept:
 *   - `known`: glyphs of the characters met so far, a table by (font, character);
 *   - `sized`: a cairo scaled font for each (face, size) in use;
 *   - `masks`: a hash table from (face, glyph, size, subpixel) to coverage, emptied when it gets full.
 * No entry ever depends on the order of calls: the same text gives the same pixels.
 */
#include "emu/ui/fonts.h"

#include <cairo-ft.h>
#include <cairo.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FONTS 4
#define FACES 8 /* face f: of font f; face FONTS + f: what stands in for it */
#define KNOWN_SLOTS 2048u
#define SIZED_SLOTS 96u
#define MASK_SLOTS 8192u
#define UNIT 1000.0 /* size at which advances are measured */

struct known_glyph {
    uint32_t key; /* 0: free; else character << 2 | font, + 1 */
    struct glyph glyph;
};

struct sized_font {
    cairo_scaled_font_t *font;
    uint32_t key; /* face << 16 | size in eighths of a pixel */
};

struct kept_mask {
    uint64_t key; /* 0: free */
    struct glyph_mask mask;
};

struct draw_fonts {
    cairo_font_face_t *faces[FACES];
    struct known_glyph known[KNOWN_SLOTS];
    unsigned known_count;
    struct sized_font sized[SIZED_SLOTS];
    unsigned sized_count;
    struct kept_mask *masks;
    unsigned mask_count;
};

struct face_wish {
    const char *family;
    int weight, spacing;
};

static const struct face_wish wishes[FACES] = {
    {"Inter", FC_WEIGHT_REGULAR, FC_PROPORTIONAL},       {"Inter", FC_WEIGHT_DEMIBOLD, FC_PROPORTIONAL},
    {"JetBrains Mono", FC_WEIGHT_REGULAR, FC_MONO},      {"JetBrains Mono", FC_WEIGHT_BOLD, FC_MONO},
    {"DejaVu Sans", FC_WEIGHT_REGULAR, FC_PROPORTIONAL}, {"DejaVu Sans", FC_WEIGHT_BOLD, FC_PROPORTIONAL},
    {"DejaVu Sans Mono", FC_WEIGHT_REGULAR, FC_MONO},    {"DejaVu Sans Mono", FC_WEIGHT_BOLD, FC_MONO},
};

static cairo_font_face_t *open_face(const struct face_wish *wish) {
    FcPattern *pattern = FcPatternCreate();
    if (!pattern)
        return NULL;
    FcPatternAddString(pattern, FC_FAMILY, (const FcChar8 *)wish->family);
    FcPatternAddInteger(pattern, FC_WEIGHT, wish->weight);
    FcPatternAddInteger(pattern, FC_SLANT, FC_SLANT_ROMAN);
    FcPatternAddInteger(pattern, FC_WIDTH, FC_WIDTH_NORMAL);
    FcPatternAddInteger(pattern, FC_SPACING, wish->spacing);
    FcPatternAddBool(pattern, FC_SCALABLE, FcTrue);
    FcConfigSubstitute(NULL, pattern, FcMatchPattern);
    FcDefaultSubstitute(pattern);
    FcResult result;
    FcPattern *match = FcFontMatch(NULL, pattern, &result);
    FcPatternDestroy(pattern);
    if (!match)
        return NULL;
    cairo_font_face_t *face = cairo_ft_font_face_create_for_pattern(match);
    FcPatternDestroy(match);
    if (cairo_font_face_status(face) == CAIRO_STATUS_SUCCESS)
        return face;
    cairo_font_face_destroy(face);
    return NULL;
}

struct draw_fonts *fonts_create(void) {
    struct draw_fonts *fonts = calloc(1, sizeof *fonts);
    if (!fonts)
        return NULL;
    fonts->masks = calloc(MASK_SLOTS, sizeof *fonts->masks);
    bool complete = fonts->masks != NULL;
    for (unsigned i = 0; i < FACES && complete; i++) {
        fonts->faces[i] = open_face(&wishes[i]);
        complete = fonts->faces[i] != NULL;
    }
    if (complete)
        return fonts;
    fonts_destroy(fonts);
    return NULL;
}

static void drop_masks(struct draw_fonts *fonts) {
    for (unsigned i = 0; i < MASK_SLOTS; i++)
        free(fonts->masks[i].mask.alpha);
    memset(fonts->masks, 0, MASK_SLOTS * sizeof *fonts->masks);
    fonts->mask_count = 0;
}

static void drop_sized(struct draw_fonts *fonts) {
    for (unsigned i = 0; i < fonts->sized_count; i++)
        cairo_scaled_font_destroy(fonts->sized[i].font);
    fonts->sized_count = 0;
}

void fonts_destroy(struct draw_fonts *fonts) {
    if (!fonts)
        return;
    if (fonts->masks)
        drop_masks(fonts);
    drop_sized(fonts);
    free(fonts->masks);
    for (unsigned i = 0; i < FACES; i++)
        if (fonts->faces[i])
            cairo_font_face_destroy(fonts->faces[i]);
    free(fonts);
}

static cairo_scaled_font_t *make_scaled(struct draw_fonts *fonts, unsigned face, double size) {
    cairo_matrix_t font_matrix, identity;
    cairo_matrix_init_scale(&font_matrix, size, size);
    cairo_matrix_init_identity(&identity);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_scaled_font_t *font = cairo_scaled_font_create(fonts->faces[face], &font_matrix, &identity, options);
    cairo_font_options_destroy(options);
    if (cairo_scaled_font_status(font) == CAIRO_STATUS_SUCCESS)
        return font;
    cairo_scaled_font_destroy(font);
    return NULL;
}

/* size in eighths of a pixel. */
static cairo_scaled_font_t *scaled_font(struct draw_fonts *fonts, unsigned face, unsigned eighths) {
    uint32_t key = face << 16 | eighths;
    for (unsigned i = 0; i < fonts->sized_count; i++)
        if (fonts->sized[i].key == key)
            return fonts->sized[i].font;
    if (fonts->sized_count == SIZED_SLOTS)
        drop_sized(fonts);
    cairo_scaled_font_t *font = make_scaled(fonts, face, eighths / 8.0);
    if (font)
        fonts->sized[fonts->sized_count++] = (struct sized_font){font, key};
    return font;
}

uint32_t fonts_next_character(const char **text) {
    const unsigned char *at = (const unsigned char *)*text;
    uint32_t first = at[0];
    if (first == 0)
        return 0;
    unsigned more = first < 0x80                    ? 0
                    : first >= 0xc2 && first < 0xe0 ? 1
                    : (first & 0xf0) == 0xe0        ? 2
                    : (first & 0xf8) == 0xf0        ? 3
                                                    : 4;
    *text += 1;
    if (more == 0)
        return first;
    if (more == 4)
        return 0xfffd;
    uint32_t character = first & (0x3fu >> more);
    for (unsigned i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0xfffd;
        character = character << 6 | (at[i] & 0x3fu);
    }
    *text += more;
    return character < 0x110000 ? character : 0xfffd;
}

static unsigned encode_character(uint32_t character, char out[5]) {
    unsigned n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = n; i-- > 1; character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)(lead[n] | character);
    out[n] = 0;
    return n;
}

/* The glyph of one face; index 0 when the face has none. */
static struct glyph look_up(struct draw_fonts *fonts, unsigned face, uint32_t character) {
    struct glyph found = {0, (uint8_t)face, 0};
    cairo_scaled_font_t *font = scaled_font(fonts, face, (unsigned)(UNIT * 8));
    char utf8[5];
    unsigned length = encode_character(character, utf8);
    cairo_glyph_t *glyphs = NULL;
    int count = 0;
    if (!font || cairo_scaled_font_text_to_glyphs(font, 0, 0, utf8, (int)length, &glyphs, &count, NULL, NULL, NULL) !=
                     CAIRO_STATUS_SUCCESS)
        return found;
    if (count > 0) {
        cairo_text_extents_t extents;
        cairo_scaled_font_glyph_extents(font, glyphs, 1, &extents);
        found.index = (uint32_t)glyphs[0].index;
        found.advance = (float)(extents.x_advance / UNIT);
    }
    cairo_glyph_free(glyphs);
    return found;
}

static struct glyph resolve(struct draw_fonts *fonts, enum draw_font font, uint32_t character) {
    struct glyph glyph = look_up(fonts, font, character);
    if (glyph.index == 0)
        glyph = look_up(fonts, FONTS + font, character);
    return glyph.index == 0 && character != '?' ? resolve(fonts, font, '?') : glyph;
}

struct glyph fonts_glyph(struct draw_fonts *fonts, enum draw_font font, uint32_t character) {
    uint32_t key = (character << 2 | (uint32_t)font) + 1;
    uint32_t slot = (key * 2654435761u) >> 21;
    while (fonts->known[slot].key != 0 && fonts->known[slot].key != key)
        slot = (slot + 1) % KNOWN_SLOTS;
    if (fonts->known[slot].key == key)
        return fonts->known[slot].glyph;
    struct glyph glyph = resolve(fonts, font, character);
    if (fonts->known_count < KNOWN_SLOTS / 2) {
        fonts->known[slot] = (struct known_glyph){key, glyph};
        fonts->known_count++;
    }
    return glyph;
}

float fonts_width(struct draw_fonts *fonts, enum draw_font font, float size, const char *text) {
    float width = 0;
    uint32_t character;
    while ((character = fonts_next_character(&text)) != 0)
        width += fonts_glyph(fonts, font, character).advance;
    return width * size;
}

/* Draws coverage of the glyph with its pen `shift` right of a pixel's left edge. False: out of memory. */
static bool draw_mask(cairo_scaled_font_t *font, uint32_t index, double shift, struct glyph_mask *mask) {
    cairo_glyph_t glyph = {index, 0, 0};
    cairo_text_extents_t extents;
    cairo_scaled_font_glyph_extents(font, &glyph, 1, &extents);
    *mask = (struct glyph_mask){0};
    if (extents.width <= 0 || extents.height <= 0)
        return true;
    mask->left = (int)floor(extents.x_bearing + shift) - 1;
    mask->top = (int)floor(extents.y_bearing) - 1;
    mask->width = (int)ceil(extents.x_bearing + shift + extents.width) + 1 - mask->left;
    mask->height = (int)ceil(extents.y_bearing + extents.height) + 1 - mask->top;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, mask->width, mask->height);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_scaled_font(cairo, font);
    glyph.x = shift - mask->left;
    glyph.y = -mask->top;
    cairo_glyph_path(cairo, &glyph, 1);
    cairo_fill(cairo);
    bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    size_t width = (size_t)mask->width, height = (size_t)mask->height;
    mask->alpha = drawn ? malloc(width * height) : NULL;
    for (size_t y = 0; y < height && mask->alpha; y++)
        memcpy(mask->alpha + y * width,
               cairo_image_surface_get_data(surface) + y * (size_t)cairo_image_surface_get_stride(surface), width);
    cairo_surface_destroy(surface);
    return mask->alpha != NULL;
}

static uint32_t mask_slot(const struct draw_fonts *fonts, uint64_t key) {
    uint32_t slot = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 51);
    while (fonts->masks[slot].key != 0 && fonts->masks[slot].key != key)
        slot = (slot + 1) % MASK_SLOTS;
    return slot;
}

static unsigned in_eighths(float pixels) { return (unsigned)lroundf(fminf(fmaxf(pixels, 1), 500) * 8); }

struct _cairo_scaled_font *fonts_scaled(struct draw_fonts *fonts, struct glyph glyph, float pixels) {
    return scaled_font(fonts, glyph.face, in_eighths(pixels));
}

const struct glyph_mask *fonts_mask(struct draw_fonts *fonts, struct glyph glyph, float pixels, unsigned subpixel) {
    unsigned eighths = in_eighths(pixels);
    uint64_t key = ((uint64_t)glyph.index << 24 | (uint64_t)eighths << 8 | (uint64_t)glyph.face << 4 | subpixel) + 1;
    uint32_t slot = mask_slot(fonts, key);
    if (fonts->masks[slot].key == key)
        return &fonts->masks[slot].mask;
    if (fonts->mask_count > MASK_SLOTS * 3 / 4) {
        drop_masks(fonts);
        slot = mask_slot(fonts, key);
    }
    cairo_scaled_font_t *font = scaled_font(fonts, glyph.face, eighths);
    struct glyph_mask mask;
    if (!font || !draw_mask(font, glyph.index, (double)subpixel / FONTS_SUBPIXELS, &mask))
        return NULL;
    fonts->masks[slot] = (struct kept_mask){key, mask};
    fonts->mask_count++;
    return &fonts->masks[slot].mask;
}
