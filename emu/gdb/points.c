/* Z and z packets: GDB's breakpoints and watchpoints as points of the debugger. */
#include "emu/gdb/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {"break", "hbreak", "watch", "rwatch", "awatch"};

static bool parse(const char *data, struct stub_point *point) {
    const char *at = data + 3;
    *point = (struct stub_point){.kind = data[1]};
    if (data[1] < '0' || data[1] > '4' || data[2] != ',' || !read_number(&at, &point->address) || *at++ != ',')
        return false;
    return read_number(&at, &point->bytes);
}

static struct stub_point *find(struct stub *stub, const struct stub_point *like) {
    for (unsigned i = 0; i < stub->point_count; i++) {
        struct stub_point *point = &stub->points[i];
        if (point->kind == like->kind && point->address == like->address && point->bytes == like->bytes)
            return point;
    }
    return NULL;
}

/* GDB may ask twice for the same. */
static void insert(struct stub *stub, struct stub_point *point) {
    char text[80], error[200];
    bool execute = point->kind < '2';
    if (find(stub, point)) {
        reply_ok(stub);
        return;
    }
    if (stub->point_count == DEBUG_POINTS_MAX) {
        reply_error(stub, STUB_ENOSPC);
        return;
    }
    if (execute)
        snprintf(text, sizeof(text), "%s %" PRIx64, words[point->kind - '0'], point->address);
    else
        snprintf(text, sizeof(text), "%s %" PRIx64 " %" PRIu64, words[point->kind - '0'], point->address, point->bytes);
    point->id = debugger_add(stub->debugger, text, error, sizeof(error));
    if (!point->id) {
        reply_error(stub, STUB_ENOSPC);
        return;
    }
    stub->points[stub->point_count++] = *point;
    reply_ok(stub);
}

static void drop(struct stub *stub, struct stub_point *point) {
    debugger_remove(stub->debugger, point->id);
    *point = stub->points[--stub->point_count];
}

void change_point(struct stub *stub, const char *data) {
    struct stub_point point;
    if (data[1] > '4') {
        reply_text(stub, ""); /* a kind that is not known */
        return;
    }
    if (!parse(data, &point)) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    if (data[0] == 'Z') {
        insert(stub, &point);
        return;
    }
    struct stub_point *found = find(stub, &point);
    if (found)
        drop(stub, found);
    reply_ok(stub);
}

void remove_points(struct stub *stub) {
    while (stub->point_count)
        drop(stub, &stub->points[0]);
}

const struct stub_point *point_by_id(const struct stub *stub, unsigned id) {
    for (unsigned i = 0; id && i < stub->point_count; i++)
        if (stub->points[i].id == id)
            return &stub->points[i];
    return NULL;
}
