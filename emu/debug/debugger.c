/* The debugger core: see debugger.h. */
#include "emu/debug/debugger.h"

#include <stdio.h>
#include <stdlib.h>

struct debugger {
    struct session *session;
    struct debug_stop stop;
};

struct debugger *debugger_create(struct session *session) {
    struct debugger *debugger = calloc(1, sizeof *debugger);
    if (debugger)
        debugger->session = session;
    return debugger;
}
void debugger_destroy(struct debugger *debugger) { free(debugger); }
void debugger_go(struct debugger *debugger, enum debug_go how) { (void)debugger, (void)how; }
bool debugger_run(struct debugger *debugger, vtime slice) {
    (void)debugger, (void)slice;
    return true;
}
const struct debug_stop *debugger_stop(const struct debugger *debugger) { return &debugger->stop; }
void debugger_pause(struct debugger *debugger) { (void)debugger; }
unsigned debugger_add(struct debugger *debugger, const char *text, char *error, size_t error_size) {
    (void)debugger;
    snprintf(error, error_size, "'%s' is no point to stop at", text);
    return 0;
}
bool debugger_remove(struct debugger *debugger, unsigned id) {
    (void)debugger, (void)id;
    return false;
}
bool debugger_enable(struct debugger *debugger, unsigned id, bool on) {
    (void)debugger, (void)id, (void)on;
    return false;
}
size_t debugger_points(const struct debugger *debugger, struct debug_point *to, size_t most) {
    (void)debugger, (void)to, (void)most;
    return 0;
}
bool debugger_resolve(struct debugger *debugger, const char *where, uint64_t *linear, char *error, size_t error_size) {
    (void)debugger, (void)linear;
    snprintf(error, error_size, "'%s' is no place", where);
    return false;
}
size_t debugger_symbols(const struct debugger *debugger, const char *prefix, const char **names, size_t most) {
    (void)debugger, (void)prefix, (void)names, (void)most;
    return 0;
}
void debugger_on_fault(struct debugger *debugger, const struct story_fault *fault) { (void)debugger, (void)fault; }
void debugger_on_event(struct debugger *debugger, uint64_t blocks, const struct flt_record *record) {
    (void)debugger, (void)blocks, (void)record;
}
void debugger_on_entry(struct debugger *debugger, const struct condition_entry *entry) { (void)debugger, (void)entry; }
