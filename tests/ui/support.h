/* A drawn sample and questions about its draw list, for the tests of emu/ui. */
#ifndef FAULTLINE_UI_SUPPORT_H
#define FAULTLINE_UI_SUPPORT_H

#include "emu/ui/palette.h"
#include "emu/ui/ui.h"
#include "tests/ui/sample_view.h"

struct drawn {
    struct view *view;
    struct ui_state state;
    struct ui_frame frame;
};

/* Scene at width x height, scale 1. Aborts the test when out of memory. Freed by drawn_free(). */
struct drawn *drawn_sample(const struct sample_options *options, enum ui_scene scene, float width, float height);
void drawn_again(struct drawn *drawn); /* after a change of view or state */
void drawn_free(struct drawn *drawn);

/* Commands [*first, *end) of a panel; false when the picture has no such panel. */
bool panel_commands(const struct drawn *drawn, enum ui_panel panel, size_t *first, size_t *end);
const char *command_text(const struct drawn *drawn, const struct draw_command *command);
/* The first TEXT of the panel (PANEL_COUNT: anywhere) that contains needle, NULL when none does. */
const struct draw_command *find_text(const struct drawn *drawn, enum ui_panel panel, const char *needle);
/* Number of commands of a kind and colour in the panel (PANEL_COUNT: anywhere). */
unsigned count_colored(const struct drawn *drawn, enum ui_panel panel, enum draw_kind kind, color ink);
/* The first FILL or STROKE of that colour in the panel, NULL when there is none. */
const struct draw_command *find_colored(const struct drawn *drawn, enum ui_panel panel, enum draw_kind kind, color ink);
/* Whether two texts of the panel share a pixel (a line's box is a fifth higher than its letters), or one reaches out of
 * the panel: what it is about in `what`. */
bool texts_collide(struct drawn *drawn, enum ui_panel panel, char *what, size_t size);
/* All texts of the panel joined by spaces, in drawing order. Static storage. */
const char *panel_words(const struct drawn *drawn, enum ui_panel panel);

#endif
