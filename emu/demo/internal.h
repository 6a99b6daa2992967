/* What the files of emu/demo share: demo.c (life), api.c (what scripts call), value.c (records as Lua tables). */
#ifndef FAULTLINE_DEMO_INTERNAL_H
#define FAULTLINE_DEMO_INTERNAL_H

#include "emu/demo/demo.h"

#include <lua.h>

#define DEMO_RECORD_TEXT 16384u
#define DEMO_CONSOLE_MAX 65536u
#define DEMO_EVENT_TYPES 128u

/* What play() waits for. Records are looked at where they happen: the type here, the rest by the script's function. */
struct demo_wait {
    bool faults;                   /* any closed fault record of the program */
    bool events[DEMO_EVENT_TYPES]; /* by enum flt_type */
    int filter;                    /* registry reference of a function, LUA_NOREF: none */
    bool met;                      /* the record is on top of the stack's registry place `found` */
    int found;
};

struct demo {
    lua_State *lua;
    struct demo_setup setup;
    int table; /* registry reference of the script's table */
    /* while it plays */
    struct session *session;
    const struct demo_stage *stage;
    struct demo_wait wait;
    uint64_t event_count[DEMO_EVENT_TYPES];
    uint64_t faults, branch_count[FLT_BRANCH_COUNT]; /* of the program */
    char console[DEMO_CONSOLE_MAX + 1];
    size_t console_length;
    bool ended, left, check_failed, hook_failed;
    enum machine_stop stop;
    char record_text[DEMO_RECORD_TEXT];
};

/* value.c: pushes the value that JSON text holds. Text of the form 0x1f becomes a number, null becomes nil. False:
 * the text is not JSON of ours (nothing pushed). */
bool demo_push_json(lua_State *lua, const char *text);

/* api.c */
void demo_open_api(struct demo *demo);

#endif
