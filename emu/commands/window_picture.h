/* What picture.c and record.c share. */
#ifndef FAULTLINE_WINDOW_PICTURE_H
#define FAULTLINE_WINDOW_PICTURE_H

#include "emu/commands/picture.h"
#include "emu/ui/ui.h"

void picture_state(const struct picture *picture, struct ui_state *state);
void picture_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state, int panel);

#endif
