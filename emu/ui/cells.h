/* Grids of coloured cells on a canvas: whole pixels where a cell has at least one, averages where it has less. */
#ifndef FAULTLINE_CELLS_H
#define FAULTLINE_CELLS_H

#include "emu/ui/canvas.h"

void cells_play(struct canvas *canvas, struct irect clip, const struct draw_command *command, const color *cells);

/* Lays ink over a premultiplied pixel; coverage 0 to 255. */
void pixel_blend(uint32_t *pixel, color ink, unsigned coverage);

#endif
