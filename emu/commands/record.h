/* Recordings: views drawn without a display, one after the other, into a GIF. */
#ifndef FAULTLINE_RECORD_H
#define FAULTLINE_RECORD_H

#include "emu/debug/session.h"
#include "emu/ui/ui.h"

struct recorder;

/* Draws as `state` says (size, scale, scene, panel); it is copied. panel -1: the whole window. False after complaining.
 */
struct recorder *recorder_open(const char *path, const struct ui_state *state, int panel);
/* One picture of the session now, shown for so many hundredths of a second. */
void recorder_take(struct recorder *recorder, struct session *session, enum view_state state, unsigned hundredths);
/* The state that the next pictures are drawn with: scene, caption. */
struct ui_state *recorder_state(struct recorder *recorder);
/* Runs until a stop that is no end of a slice, with pictures on the way: about one each 2 ms of virtual time at first,
 * twice as far apart after each dozen, so that a long run makes a short recording. */
enum machine_stop recorder_run(struct recorder *recorder, struct session *session, vtime limit);
/* How long a viewer needs to read text, in hundredths of a second. */
unsigned recorder_reading_time(const char *text);
/* Ends it; keep: the file gets its name. False after complaining. */
bool recorder_close(struct recorder *recorder, bool keep);

#endif
