/* The line of the list of stops and of the search, see line.c; completion in complete.c. Internal to emu/ui. */
#ifndef FAULTLINE_LINE_H
#define FAULTLINE_LINE_H

#include "emu/ui/ui.h"

void line_clear(struct ui_state *state);
void line_set(struct ui_state *state, const char *text); /* cut at what the line holds */
void line_insert(struct ui_state *state, const char *text);
void line_key(struct ui_state *state, int64_t key);
enum ui_action line_key_action(const struct ui_state *state, uint32_t key, int64_t *argument);
void line_open(struct ui_state *state, bool *overlay); /* opens state->stops or state->searching, or closes it */
void line_observe(struct ui_state *state, const struct view *view);

/* What may stand where the line's place is: whole words that begin with what is typed there. */
struct line_hints {
    unsigned count, typed; /* typed: characters of the word before the place */
    char word[24][32];
    const struct condition_kind *kind; /* that the line names; NULL none */
};
void line_hints(const struct ui_state *state, struct line_hints *hints);
void line_take_hint(struct ui_state *state, unsigned hint);
void line_complete(struct ui_state *state); /* as far as all hints agree */

#endif
