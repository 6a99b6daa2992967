/* Pictures in a faultline that is built without them: each asks for the build that has them. */
#include "emu/commands/command.h"
#include "emu/commands/picture.h"

#include <assert.h>

static bool refuse(void) {
    complain("this faultline is built without pictures; build it with -Dwindow=enabled");
    return false;
}

/* Any word will do: what draws refuses. */
bool picture_panel(const char *name, int *panel) {
    (void)name;
    *panel = PICTURE_WINDOW;
    return true;
}

bool picture_scene(const char *name, int *scene) {
    (void)name, (void)scene;
    return true;
}

bool picture_overlay(const char *name, int *overlay) {
    (void)name, (void)overlay;
    return true;
}

bool picture_is(const char *path, const char *ending) {
    (void)path, (void)ending;
    return false;
}

void picture_prepare(struct session *session) { (void)session; }

bool picture_write(const struct picture *picture, const char *caption, const struct view *view) {
    (void)picture, (void)caption, (void)view;
    return refuse();
}

struct recorder *recorder_open(const struct picture *picture) {
    (void)picture;
    refuse();
    return NULL;
}

/* The others want a recorder, and there is none. */
void recorder_look(struct recorder *recorder, int scene, const char *caption) {
    (void)scene, (void)caption;
    assert(recorder);
}

void recorder_take(struct recorder *recorder, struct session *session, enum view_state state, unsigned hundredths) {
    (void)session, (void)state, (void)hundredths;
    assert(recorder);
}

enum machine_stop recorder_run(struct recorder *recorder, struct session *session, vtime limit,
                               enum machine_stop (*run)(struct session *session, vtime until)) {
    assert(recorder);
    return run(session, limit);
}

unsigned recorder_reading_time(const char *text) {
    (void)text;
    return 0;
}

bool recorder_close(struct recorder *recorder, bool keep) {
    (void)keep;
    assert(recorder);
    return false;
}
