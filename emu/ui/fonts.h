/*
 * Letters: which face has a character, how far it advances, and its coverage mask at a size.
 *
 * The model. Inter sets words, JetBrains Mono sets code; a character that they lack comes from DejaVu. Advances are
 * linear in the size, so that a layout measured in logical pixels holds at every scale. A mask is drawn
 * once for each of four positions between two pixels and kept: letters are evenly spaced and text costs a copy.
 */
#ifndef FAULTLINE_FONTS_H
#define FAULTLINE_FONTS_H

#include "emu/ui/draw.h"

struct glyph {
    uint32_t index;
    uint8_t face;
    float advance; /* at size 1 */
};

/* Coverage of one glyph, 8 bits a pixel, rows of `width` bytes; its top left lies at (left, top) from the pen. */
struct glyph_mask {
    int left, top, width, height;
    uint8_t *alpha; /* NULL: nothing to draw */
};

#define FONTS_SUBPIXELS 4

struct draw_fonts *fonts_create(void); /* NULL: no memory, or fontconfig knows no font at all */
void fonts_destroy(struct draw_fonts *fonts);

/* Takes one character off *text; a byte that is not UTF-8 gives U+FFFD. 0 at the end. */
uint32_t fonts_next_character(const char **text);
struct glyph fonts_glyph(struct draw_fonts *fonts, enum draw_font font, uint32_t character);
float fonts_width(struct draw_fonts *fonts, enum draw_font font, float size, const char *text);
/* The face of a glyph at a size, cairo's cairo_scaled_font_t; NULL: out of memory. Valid until the next call. */
struct _cairo_scaled_font *fonts_scaled(struct draw_fonts *fonts, struct glyph glyph, float pixels);
/* pixels: size in device pixels. Valid until the next call; NULL when out of memory. */
const struct glyph_mask *fonts_mask(struct draw_fonts *fonts, struct glyph glyph, float pixels, unsigned subpixel);

#endif
