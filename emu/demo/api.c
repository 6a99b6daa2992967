/*
 * What a script's play() may call (docs/demos.md). "Run until" is one loop: the machine runs, each record that
 * the wait names is looked at where it happens, the first that fits stops the machine.
 */
#include "emu/demo/internal.h"

#include "emu/story/event_types.h"
#include "emu/story/json.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

static struct demo *demo_of(lua_State *lua) { return *(struct demo **)lua_getextraspace(lua); }

/* ---- the hooks ---- */

/* Protected: an error in a script's function must not jump out of the machine. Returns the record, or nothing. */
static int look(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    if (!demo_push_json(lua, demo->record_text))
        return luaL_error(lua, "a record cannot be read");
    if (demo->wait.filter != LUA_NOREF) {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, demo->wait.filter);
        lua_pushvalue(lua, -2);
        lua_call(lua, 1, 1);
        bool good = lua_toboolean(lua, -1);
        lua_pop(lua, 1);
        if (!good)
            return 0;
    }
    demo->wait.found = luaL_ref(lua, LUA_REGISTRYINDEX);
    demo->wait.met = true;
    return 0;
}

/* record_text holds a record of a kind that is waited for. */
static void look_at_record(struct demo *demo) {
    lua_pushcfunction(demo->lua, look);
    if (lua_pcall(demo->lua, 0, 0, 0) != LUA_OK) { /* the message is for whoever waits */
        demo->hook_failed = demo->wait.met = true;
        demo->wait.found = luaL_ref(demo->lua, LUA_REGISTRYINDEX);
    }
    if (demo->wait.met)
        machine_request_stop(session_machine(demo->session));
}

void demo_on_console(void *owner, const char *bytes, size_t count) {
    struct demo *demo = owner;
    if (count > DEMO_CONSOLE_MAX - demo->console_length)
        count = DEMO_CONSOLE_MAX - demo->console_length;
    memcpy(demo->console + demo->console_length, bytes, count);
    demo->console_length += count;
}

void demo_on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct demo *demo = owner;
    if (record->type >= DEMO_EVENT_TYPES)
        return;
    demo->event_count[record->type]++;
    if (!demo->wait.events[record->type] || demo->wait.met)
        return;
    story_event_json(blocks, record, demo->record_text, sizeof(demo->record_text));
    look_at_record(demo);
}

void demo_on_fault(void *owner, const struct story_fault *fault) {
    struct demo *demo = owner;
    if (!fault->shown)
        return;
    demo->faults++;
    if (fault->branch < FLT_BRANCH_COUNT)
        demo->branch_count[fault->branch]++;
    if (!demo->wait.faults || demo->wait.met)
        return;
    story_fault_json(fault, demo->record_text, sizeof(demo->record_text));
    look_at_record(demo);
}

/* ---- running ---- */

static void begin_wait(struct demo *demo) { demo->wait = (struct demo_wait){.filter = LUA_NOREF, .found = LUA_NOREF}; }

static void run_once(struct demo *demo) {
    demo->stop = demo->stage->run(demo->stage->owner, &demo->left);
    demo->ended =
        demo->stop != MACHINE_STOP_REQUESTED && demo->stop != MACHINE_STOP_STEP && demo->stop != MACHINE_STOP_LIMIT;
}

static void run_until_met(struct demo *demo) {
    debugger_go(session_debugger(demo->session), GO_RUN);
    while (!demo->wait.met && !demo->ended && !demo->left)
        run_once(demo);
}

/* Ends a wait: the record, or nil when the machine ended first. */
static int end_wait(lua_State *lua, struct demo *demo) {
    luaL_unref(lua, LUA_REGISTRYINDEX, demo->wait.filter);
    int found = demo->wait.found;
    demo->wait.faults = false;
    memset(demo->wait.events, 0, sizeof(demo->wait.events));
    if (demo->left)
        return luaL_error(lua, "the audience left");
    if (found == LUA_NOREF) {
        lua_pushnil(lua);
        return 1;
    }
    lua_rawgeti(lua, LUA_REGISTRYINDEX, found);
    luaL_unref(lua, LUA_REGISTRYINDEX, found);
    return demo->hook_failed ? lua_error(lua) : 1;
}

/* An optional last argument: a function that says whether a record fits. */
static void take_filter(lua_State *lua, struct demo *demo, int at) {
    if (lua_isnoneornil(lua, at))
        return;
    luaL_checktype(lua, at, LUA_TFUNCTION);
    lua_pushvalue(lua, at);
    demo->wait.filter = luaL_ref(lua, LUA_REGISTRYINDEX);
}

/* fault([function]) */
static int api_fault(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    begin_wait(demo);
    take_filter(lua, demo, 1);
    demo->wait.faults = true;
    run_until_met(demo);
    return end_wait(lua, demo);
}

static int type_at(lua_State *lua, int at) {
    const char *name = luaL_checkstring(lua, at);
    int type = story_event_type_named(name);
    if (type < 0 || type >= (int)DEMO_EVENT_TYPES)
        luaL_error(lua, "there is no event '%s'; docs/trace.md lists them", name);
    return type;
}

static void wait_for_names(lua_State *lua, struct demo *demo) {
    if (!lua_istable(lua, 1)) {
        demo->wait.events[type_at(lua, 1)] = true;
        return;
    }
    for (lua_Integer i = 1; i <= luaL_len(lua, 1); i++) {
        lua_geti(lua, 1, i);
        demo->wait.events[type_at(lua, -1)] = true;
        lua_pop(lua, 1);
    }
}

/* event(name or list of names [, function]) */
static int api_event(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    begin_wait(demo);
    wait_for_names(lua, demo);
    take_filter(lua, demo, 2);
    run_until_met(demo);
    return end_wait(lua, demo);
}

/* finish(): runs to the end; the program's exit status */
static int api_finish(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    begin_wait(demo);
    run_until_met(demo);
    if (demo->left)
        return luaL_error(lua, "the audience left");
    if (demo->stop != MACHINE_STOP_EXIT)
        return luaL_error(lua, "the machine did not end well: %s", machine_stop_text(session_machine(demo->session)));
    lua_pushinteger(lua, machine_exit_status(session_machine(demo->session)));
    return 1;
}

/* ---- stops ---- */

/* stop(condition): a number for remove() and for what run() returns */
static int api_stop(lua_State *lua) {
    char error[400];
    unsigned id = debugger_add(session_debugger(demo_of(lua)->session), luaL_checkstring(lua, 1), error, sizeof(error));
    if (!id)
        return luaL_error(lua, "%s", error);
    lua_pushinteger(lua, id);
    return 1;
}

/* remove(number) */
static int api_remove(lua_State *lua) {
    lua_Integer id = luaL_checkinteger(lua, 1);
    if (id < 1 || id > UINT32_MAX || !debugger_remove(session_debugger(demo_of(lua)->session), (unsigned)id))
        return luaL_error(lua, "there is no stop %d", (int)id);
    return 0;
}

static void set_text(lua_State *lua, const char *key, const char *text) {
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, key);
}

static void set_number(lua_State *lua, const char *key, uint64_t value) {
    lua_pushinteger(lua, (lua_Integer)value);
    lua_setfield(lua, -2, key);
}

/* record_text holds a record that the stop is about. */
static void set_record(lua_State *lua, struct demo *demo, const char *key) {
    if (!demo_push_json(lua, demo->record_text))
        luaL_error(lua, "a record cannot be read");
    lua_setfield(lua, -2, key);
}

static void push_stop(lua_State *lua, struct demo *demo, const struct debug_stop *stop) {
    static const char *const reasons[] = {[REASON_NONE] = "running",
                                          [REASON_START] = "start",
                                          [REASON_REQUEST] = "request",
                                          [REASON_STEP] = "step",
                                          [REASON_FAULT] = "fault",
                                          [REASON_WALK] = "walk",
                                          [REASON_DECISION] = "decision",
                                          [REASON_EVENT] = "event",
                                          [REASON_CONDITION] = "condition",
                                          [REASON_BREAK] = "break",
                                          [REASON_WATCH] = "watch",
                                          [REASON_LIMIT] = "limit",
                                          [REASON_END] = "end"};
    const struct story_fault *fault = story_fault_by_number(session_story(demo->session), stop->fault);
    const struct flt_record *event = debugger_event(session_debugger(demo->session));
    lua_newtable(lua);
    set_text(lua, "reason", reasons[stop->reason]);
    set_text(lua, "text", stop->text);
    set_number(lua, "blocks", stop->blocks);
    if (stop->point)
        set_number(lua, "point", stop->point);
    if (stop->pfn != DEBUG_NO_FRAME)
        set_number(lua, "pfn", stop->pfn);
    if (stop->linear)
        set_number(lua, "address", stop->linear);
    if (fault) {
        story_fault_json(fault, demo->record_text, sizeof(demo->record_text));
        set_record(lua, demo, "fault");
    }
    if (event) {
        story_event_json(stop->blocks, event, demo->record_text, sizeof(demo->record_text));
        set_record(lua, demo, "event");
    }
}

/* A pause of the viewer's is no stop of the script's. */
static bool is_stop(const struct debug_stop *stop) {
    return stop->reason != REASON_NONE && stop->reason != REASON_START && stop->reason != REASON_REQUEST;
}

static int run_to_stop(lua_State *lua, enum debug_go how) {
    struct demo *demo = demo_of(lua);
    struct debugger *debugger = session_debugger(demo->session);
    begin_wait(demo);
    debugger_go(debugger, how);
    do
        run_once(demo);
    while (!demo->ended && !demo->left && !is_stop(debugger_stop(debugger)));
    if (demo->left)
        return luaL_error(lua, "the audience left");
    if (demo->ended)
        lua_pushnil(lua);
    else
        push_stop(lua, demo, debugger_stop(debugger));
    return 1;
}

/* run(): to the next stop; nil when the machine ended first */
static int api_run(lua_State *lua) { return run_to_stop(lua, GO_RUN); }

/* go(how): the same, or less far */
static int api_go(lua_State *lua) {
    static const char *const names[] = {"run",  "instruction", "over",  "finish", "fault",
                                        "walk", "decision",    "event", NULL};
    static const enum debug_go hows[] = {GO_RUN,   GO_INSTRUCTION, GO_OVER,     GO_FINISH,
                                         GO_FAULT, GO_WALK,        GO_DECISION, GO_EVENT};
    return run_to_stop(lua, hows[luaL_checkoption(lua, 1, NULL, names)]);
}

/* ---- telling and checking ---- */

static int api_say(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    if (!demo->stage->say(demo->stage->owner, luaL_checkstring(lua, 1)))
        demo->left = true;
    return demo->left ? luaL_error(lua, "the audience left") : 0;
}

static int api_show(lua_State *lua) {
    static const char *const scenes[] = {"fault", "reclaim", "memory", "console", NULL};
    struct demo *demo = demo_of(lua);
    int scene = luaL_checkoption(lua, 1, NULL, scenes);
    demo->stage->show(demo->stage->owner, scenes[scene]);
    return 0;
}

/* check(condition, text): the text says what must be true */
static int api_check(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    bool good = lua_toboolean(lua, 1);
    demo->check_failed |= !good;
    demo->stage->checked(demo->stage->owner, good, luaL_checkstring(lua, 2));
    return 0;
}

/* ---- looking ---- */

/* count(event name): how many so far */
static int api_count(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    lua_pushinteger(lua, (lua_Integer)demo->event_count[type_at(lua, 1)]);
    return 1;
}

/* faults([branch]): closed records of the program so far */
static int api_faults(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    const char *name = luaL_optstring(lua, 1, NULL);
    if (!name) {
        lua_pushinteger(lua, (lua_Integer)demo->faults);
        return 1;
    }
    for (uint32_t branch = 0; branch < FLT_BRANCH_COUNT; branch++)
        if (strcmp(words_branch_key(branch), name) == 0) {
            lua_pushinteger(lua, (lua_Integer)demo->branch_count[branch]);
            return 1;
        }
    return luaL_error(lua, "there is no branch '%s'; docs/trace.md lists them", name);
}

static void push_zone(lua_State *lua, const struct kv_zone *zone) {
    lua_newtable(lua);
    lua_pushstring(lua, zone->name);
    lua_setfield(lua, -2, "name");
    set_number(lua, "node", (uint64_t)zone->node);
    set_number(lua, "start_pfn", zone->start_pfn);
    set_number(lua, "present", zone->present);
    set_number(lua, "free", zone->free);
    set_number(lua, "min", zone->min);
    set_number(lua, "low", zone->low);
    set_number(lua, "high", zone->high);
    set_number(lua, "active", zone->nr_active);
    set_number(lua, "inactive", zone->nr_inactive);
    lua_newtable(lua);
    for (int order = 0; order < KV_ORDERS; order++) {
        lua_pushinteger(lua, (lua_Integer)zone->nr_free_blocks[order]);
        lua_seti(lua, -2, order);
    }
    lua_setfield(lua, -2, "blocks");
}

static const char *const kind_keys[FRAME_KINDS] = {"free",       "kernel", "table",      "slab",     "file",
                                                   "file_dirty", "anon",   "swap_cache", "reserved", "absent"};

/* memory(): zones by position and by name (the first of that name), and frames by kind */
static int api_memory(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    struct view *view = session_view(demo->session, 0, VIEW_PAUSED);
    if (!view || !view->kernel) {
        view_free(view);
        return luaL_error(lua, "the kernel's memory cannot be read");
    }
    lua_newtable(lua);
    for (size_t i = view->kernel->zone_count; i-- > 0;) {
        push_zone(lua, &view->kernel->zones[i]);
        lua_pushvalue(lua, -1);
        lua_setfield(lua, -3, view->kernel->zones[i].name);
        lua_seti(lua, -2, (lua_Integer)i + 1);
    }
    lua_newtable(lua);
    for (int kind = 0; kind < FRAME_KINDS; kind++)
        set_number(lua, kind_keys[kind], view->kernel->frame_kinds[kind]);
    lua_setfield(lua, -2, "frames");
    view_free(view);
    return 1;
}

static struct kernelview *kernelview_of(lua_State *lua) {
    struct kernelview *view = session_kernelview(demo_of(lua)->session);
    if (!view)
        luaL_error(lua, "the kernel's memory cannot be read");
    return view;
}

static const struct mmu_context *mmu_of(lua_State *lua) { return machine_mmu(session_machine(demo_of(lua)->session)); }

/* swap_areas(): those that are on; users[slot] from slot 0 on, without the bad ones */
static int api_swap_areas(lua_State *lua) {
    struct kernelview *view = kernelview_of(lua);
    struct kv_swap_area area;
    lua_newtable(lua);
    lua_Integer n = 0;
    for (unsigned number = 0; number < KV_SWAP_AREAS; number++) {
        if (kernelview_swap_area(view, mmu_of(lua), number, &area)) {
            lua_createtable(lua, 0, 5);
            lua_pushstring(lua, area.name);
            lua_setfield(lua, -2, "name");
            set_number(lua, "number", number);
            set_number(lua, "slots", area.slots);
            set_number(lua, "used", area.used);
            lua_newtable(lua);
            for (uint64_t slot = 0; area.users && slot < area.slots_read; slot++)
                if (!(area.users[slot] & KV_SLOT_BAD)) {
                    lua_pushinteger(lua, area.users[slot]);
                    lua_seti(lua, -2, (lua_Integer)slot);
                }
            lua_setfield(lua, -2, "users");
            lua_seti(lua, -2, ++n);
        }
        kernelview_swap_area_free(&area);
    }
    return 1;
}

#define LISTED 64u

/* files(): those with pages in memory, the largest first */
static int api_files(lua_State *lua) {
    struct kv_file files[LISTED];
    size_t count = kernelview_files(kernelview_of(lua), mmu_of(lua), files, LISTED);
    lua_newtable(lua);
    for (size_t i = 0; i < count && i < LISTED; i++) {
        lua_createtable(lua, 0, 4);
        lua_pushstring(lua, files[i].fs);
        lua_setfield(lua, -2, "fs");
        set_number(lua, "inode", files[i].inode);
        set_number(lua, "pages", files[i].pages);
        set_number(lua, "dirty", files[i].dirty);
        lua_seti(lua, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* vmalloc_areas(): by address */
static int api_vmalloc_areas(lua_State *lua) {
    struct kv_vmalloc areas[LISTED];
    size_t count = kernelview_vmalloc(kernelview_of(lua), mmu_of(lua), areas, LISTED);
    lua_newtable(lua);
    for (size_t i = 0; i < count && i < LISTED; i++) {
        lua_createtable(lua, 0, 3);
        set_number(lua, "address", areas[i].address);
        set_number(lua, "bytes", areas[i].bytes);
        set_number(lua, "pages", areas[i].pages);
        lua_seti(lua, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* console(): what the program has printed */
static int api_console(lua_State *lua) {
    struct demo *demo = demo_of(lua);
    lua_pushlstring(lua, demo->console, demo->console_length);
    return 1;
}

/* now(): virtual time in nanoseconds */
static int api_now(lua_State *lua) {
    lua_pushinteger(lua, (lua_Integer)machine_now(session_machine(demo_of(lua)->session)));
    return 1;
}

/* hex(number): as pictures and texts show addresses */
static int api_hex(lua_State *lua) {
    char text[32];
    snprintf(text, sizeof(text), "0x%08" PRIx64, (uint64_t)luaL_checkinteger(lua, 1));
    lua_pushstring(lua, text);
    return 1;
}

void demo_open_api(struct demo *demo) {
    static const luaL_Reg functions[] = {
        {"fault", api_fault},
        {"event", api_event},
        {"finish", api_finish},
        {"stop", api_stop},
        {"remove", api_remove},
        {"run", api_run},
        {"go", api_go},
        {"say", api_say},
        {"show", api_show},
        {"check", api_check},
        {"count", api_count},
        {"faults", api_faults},
        {"now", api_now},
        {"memory", api_memory},
        {"console", api_console},
        {"hex", api_hex},
        {"files", api_files},
        {"swap_areas", api_swap_areas},
        {"vmalloc_areas", api_vmalloc_areas},
    };
    /* No files, no processes, no clock of the host: a script tells the same on every run. */
    static const luaL_Reg libraries[] = {
        {"_G", luaopen_base}, {"string", luaopen_string}, {"table", luaopen_table}, {"math", luaopen_math}};
    static const char *const forbidden[] = {"dofile", "loadfile", "load", "collectgarbage"};
    *(struct demo **)lua_getextraspace(demo->lua) = demo;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        luaL_requiref(demo->lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(demo->lua, 1);
    }
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        lua_pushnil(demo->lua);
        lua_setglobal(demo->lua, forbidden[i]);
    }
    lua_getglobal(demo->lua, "math");
    lua_pushnil(demo->lua);
    lua_setfield(demo->lua, -2, "random");
    lua_pop(demo->lua, 1);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        lua_register(demo->lua, functions[i].name, functions[i].func);
}
