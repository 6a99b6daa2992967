/* A demo's life: the script is loaded, says what it needs, and plays. */
#include "emu/demo/internal.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (4ull << 30)

static bool refuse(char *error, size_t size, const char *path, const char *what) {
    snprintf(error, size, "the demo '%s' cannot be used: %s", path, what);
    return false;
}

/* "16M" in field `key` of the table on top; absent: fallback. */
static bool read_size(lua_State *lua, const char *key, uint64_t fallback, uint64_t *bytes) {
    lua_getfield(lua, -1, key);
    const char *text = lua_tostring(lua, -1);
    *bytes = fallback;
    bool good = lua_isnil(lua, -1);
    if (text) {
        char *end;
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        good = end != text && shift && end[1] == '\0' && errno == 0 && value <= SIZE_LIMIT >> shift;
        *bytes = value << shift;
    }
    lua_pop(lua, 1);
    return good;
}

/* A text of the table on top; it lives as long as the script's table. */
static const char *read_text(lua_State *lua, const char *key, const char *fallback) {
    lua_getfield(lua, -1, key);
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : fallback;
    lua_pop(lua, 1);
    return text;
}

static bool read_program(lua_State *lua, struct demo_setup *setup) {
    lua_getfield(lua, -1, "program");
    bool good = lua_istable(lua, -1);
    for (lua_Integer i = 1; good && i <= DEMO_ARGUMENTS; i++) {
        lua_geti(lua, -1, i);
        if (lua_type(lua, -1) == LUA_TSTRING)
            setup->program[i - 1] = lua_tostring(lua, -1);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return good && setup->program[0];
}

static bool read_setup(struct demo *demo, const char *path, char *error, size_t size) {
    lua_State *lua = demo->lua;
    struct demo_setup *setup = &demo->setup;
    if (!lua_istable(lua, -1))
        return refuse(error, size, path, "it must return a table (docs/demos.md)");
    setup->title = read_text(lua, "title", NULL);
    setup->cmdline = read_text(lua, "cmdline", "");
    if (!setup->title)
        return refuse(error, size, path, "its table has no title");
    if (!read_program(lua, setup))
        return refuse(error, size, path, "its table has no program = {\"name\", ...}");
    if (!read_size(lua, "memory", 64ull << 20, &setup->memory) || !read_size(lua, "swap", 0, &setup->swap) ||
        !read_size(lua, "disk_file", 0, &setup->disk_file))
        return refuse(error, size, path, "memory, swap and disk_file are sizes such as \"16M\"");
    lua_getfield(lua, -1, "nodes");
    int whole = lua_isnil(lua, -1);
    lua_Integer nodes = whole ? 0 : lua_tointegerx(lua, -1, &whole);
    lua_pop(lua, 1);
    if (!whole || nodes < 0 || nodes > MACHINE_NODES_MAX)
        return refuse(error, size, path, "nodes is a number from 1 to 4");
    setup->nodes = (unsigned)nodes;
    lua_getfield(lua, -1, "play");
    bool plays = lua_isfunction(lua, -1);
    lua_pop(lua, 1);
    return plays || refuse(error, size, path, "its table has no function play");
}

/* Lua's own message names file and line. */
static bool load(struct demo *demo, const char *path, char *error, size_t size) {
    demo_open_api(demo);
    if (luaL_loadfilex(demo->lua, path, "t") != LUA_OK || lua_pcall(demo->lua, 0, 1, 0) != LUA_OK) {
        const char *message = lua_tostring(demo->lua, -1);
        return refuse(error, size, path, message ? message : "its error is no text");
    }
    if (!read_setup(demo, path, error, size))
        return false;
    demo->table = luaL_ref(demo->lua, LUA_REGISTRYINDEX);
    return true;
}

struct demo *demo_load(const char *path, char *error, size_t error_size) {
    struct demo *demo = calloc(1, sizeof(*demo));
    if (demo)
        demo->lua = luaL_newstate();
    if (!demo || !demo->lua) {
        free(demo);
        snprintf(error, error_size, "no memory on the host for a demo; free some and try again");
        return NULL;
    }
    if (load(demo, path, error, error_size))
        return demo;
    demo_free(demo);
    return NULL;
}

void demo_free(struct demo *demo) {
    if (!demo)
        return;
    lua_close(demo->lua);
    free(demo);
}

const struct demo_setup *demo_setup(const struct demo *demo) { return &demo->setup; }

enum demo_result demo_play(struct demo *demo, struct session *session, const struct demo_stage *stage, char *error,
                           size_t error_size) {
    demo->session = session;
    demo->stage = stage;
    demo->wait.filter = demo->wait.found = LUA_NOREF;
    lua_rawgeti(demo->lua, LUA_REGISTRYINDEX, demo->table);
    lua_getfield(demo->lua, -1, "play");
    bool good = lua_pcall(demo->lua, 0, 0, 0) == LUA_OK;
    if (demo->left)
        return DEMO_LEFT;
    if (!good) {
        const char *message = lua_tostring(demo->lua, -1);
        snprintf(error, error_size, "%s", message ? message : "the script failed with an error that is no text");
        return DEMO_ERROR;
    }
    return demo->check_failed ? DEMO_CHECK_FAILED : DEMO_GOOD;
}
