/*
 * Records as Lua tables: the JSON that emu/story writes for a record is read back, so that a script sees exactly what
 * docs/trace.md describes, with addresses as numbers.
 */
#include "emu/demo/internal.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16u

static bool push_value(lua_State *lua, const char **at, unsigned depth);

static bool take(const char **at, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Our JSON has the escapes \" \\ and \u00xx. */
static bool push_text(lua_State *lua, const char **at) {
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    const char *p = *at + 1;
    for (; *p && *p != '"'; p++) {
        if (*p != '\\') {
            luaL_addchar(&buffer, *p);
        } else if (p[1] == 'u' && strlen(p) > 6) {
            char hex[5] = {p[2], p[3], p[4], p[5], 0};
            luaL_addchar(&buffer, (char)strtoul(hex, NULL, 16));
            p += 5;
        } else if (p[1]) {
            luaL_addchar(&buffer, *++p);
        }
    }
    luaL_pushresult(&buffer);
    *at = *p ? p + 1 : p;
    const char *text = lua_tostring(lua, -1);
    char *end;
    if (strncmp(text, "0x", 2) == 0 && text[2]) {
        unsigned long long value = strtoull(text, &end, 16);
        if (*end == '\0') {
            lua_pop(lua, 1);
            lua_pushinteger(lua, (lua_Integer)value);
        }
    }
    return true;
}

/* One "key":value into the table on top. */
static bool push_member(lua_State *lua, const char **at, unsigned depth) {
    if (**at != '"')
        return false;
    push_text(lua, at);
    if (!take(at, ":") || !push_value(lua, at, depth + 1)) {
        lua_pop(lua, 1);
        return false;
    }
    lua_settable(lua, -3);
    return true;
}

static bool push_object(lua_State *lua, const char **at, unsigned depth) {
    lua_newtable(lua);
    *at += 1;
    while (!take(at, "}")) {
        if (!push_member(lua, at, depth)) {
            lua_pop(lua, 1);
            return false;
        }
        take(at, ",");
    }
    return true;
}

static bool push_array(lua_State *lua, const char **at, unsigned depth) {
    lua_newtable(lua);
    *at += 1;
    for (lua_Integer i = 1; !take(at, "]"); i++) {
        if (!push_value(lua, at, depth + 1)) {
            lua_pop(lua, 1);
            return false;
        }
        lua_seti(lua, -2, i);
        take(at, ",");
    }
    return true;
}

static bool push_number(lua_State *lua, const char **at) {
    char *end;
    long long value = strtoll(*at, &end, 10);
    if (end == *at)
        return false;
    *at = end;
    lua_pushinteger(lua, value);
    return true;
}

static bool push_value(lua_State *lua, const char **at, unsigned depth) {
    if (depth > DEPTH_MAX || !lua_checkstack(lua, 4))
        return false;
    if (**at == '{')
        return push_object(lua, at, depth);
    if (**at == '[')
        return push_array(lua, at, depth);
    if (**at == '"')
        return push_text(lua, at);
    if (take(at, "null"))
        lua_pushnil(lua);
    else if (take(at, "true"))
        lua_pushboolean(lua, true);
    else if (take(at, "false"))
        lua_pushboolean(lua, false);
    else
        return push_number(lua, at);
    return true;
}

bool demo_push_json(lua_State *lua, const char *text) {
    const char *at = text;
    return push_value(lua, &at, 0);
}
