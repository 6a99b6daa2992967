/* Parts of the life panel, in life_line.c. */
#ifndef FAULTLINE_LIFE_H
#define FAULTLINE_LIFE_H

#include "emu/ui/panel.h"

/* What the frame was used for after each event of the selection's life, enum frame_kind, in `to` (life_count of them).
 */
void life_kinds(const struct selection *selection, uint8_t *to);
/* The life as a line from its first event to now. */
void paint_life_line(struct painter *painter, struct rect at, const uint8_t *kinds);
/* Its sentences, the newest lowest. */
void paint_life_list(struct painter *painter, struct rect at, const uint8_t *kinds);

#endif
