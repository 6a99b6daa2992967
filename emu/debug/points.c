/*
 * The list of points: conditions, breaks and watches. A break or a watch is enabled exactly while the CPU holds its
 * place. A place that was named by a symbol or line of the user's program counts in that program alone; one that was
 * given as a number counts wherever it is met.
 */
#include "emu/debug/debugger_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_DEFAULT 4u
#define BYTES_MAX 4096u
#define VALUE_BYTES 8u

static struct cpu *cpu_of(const struct debugger *debugger) { return machine_cpu(debugger->session->machine); }

static void put_together(struct debugger *debugger) {
    debugger->faults = debugger->entries = false;
    memset(debugger->types, 0, sizeof debugger->types);
    for (size_t i = 0; i < debugger->point_count; i++) {
        const struct point *point = &debugger->points[i];
        if (!point->shown.enabled || !point->condition)
            continue;
        debugger->faults |= point->needs.faults;
        debugger->entries |= point->needs.entries;
        for (unsigned word = 0; word < 4; word++)
            debugger->types[word] |= point->needs.types[word];
    }
}

static bool same_place(const struct cpu_point *left, const struct cpu_point *right) {
    return left->kind == right->kind && left->physical == right->physical && left->address == right->address &&
           left->bytes == right->bytes;
}

/* Another enabled point has the same place: the CPU needs it once. */
static bool shares_place(const struct debugger *debugger, const struct point *point) {
    for (size_t i = 0; i < debugger->point_count; i++) {
        const struct point *other = &debugger->points[i];
        if (other != point && !other->condition && other->shown.enabled && same_place(&other->cpu, &point->cpu))
            return true;
    }
    return false;
}

static bool switch_point(struct debugger *debugger, struct point *point, bool on) {
    if (point->shown.enabled == on)
        return true;
    if (!point->condition && !shares_place(debugger, point)) {
        if (on && !cpu_point_add(cpu_of(debugger), &point->cpu))
            return false;
        if (!on)
            cpu_point_remove(cpu_of(debugger), &point->cpu);
    }
    point->shown.enabled = on;
    return true;
}

/* ---- adding ---- */

static bool starts_word(const char *text, const char *word, const char **rest) {
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0 || (text[length] && text[length] != ' ' && text[length] != '\t'))
        return false;
    *rest = text + length + strspn(text + length, " \t");
    return true;
}

static const struct watch_word {
    const char *word;
    enum cpu_point_kind kind;
    bool physical, read, write;
} watch_words[] = {
    {"break", CPU_POINT_EXECUTE, false, false, false}, {"hbreak", CPU_POINT_EXECUTE, false, false, false},
    {"watch", CPU_POINT_WRITE, false, false, true},    {"rwatch", CPU_POINT_READ, false, true, false},
    {"awatch", CPU_POINT_ACCESS, false, true, true},   {"pwatch", CPU_POINT_WRITE, true, false, true}};

/* WHERE and, for a watch, a number of bytes. */
static bool split_place(const char *rest, bool has_bytes, char where[CONDITION_TEXT], uint64_t *bytes, char *error,
                        size_t size) {
    *bytes = has_bytes ? BYTES_DEFAULT : 1;
    size_t length = strlen(rest);
    while (length > 0 && strchr(" \t", rest[length - 1]))
        length--;
    memcpy(where, rest, length);
    where[length] = '\0';
    char *blank = strpbrk(where, " \t");
    if (!where[0]) {
        snprintf(error, size, "say where: an address, symbol[+offset], FILE:LINE or $register");
        return false;
    }
    if (!blank)
        return true;
    char *end, *number = blank + strspn(blank, " \t");
    *blank = '\0';
    unsigned long long value = strtoull(number, &end, 0);
    if (has_bytes && number[0] >= '0' && number[0] <= '9' && !*end && value >= 1 && value <= BYTES_MAX) {
        *bytes = value;
        return true;
    }
    if (has_bytes)
        snprintf(error, size, "'%s' is no number of bytes; 1 to %u can be watched", number, BYTES_MAX);
    else
        snprintf(error, size, "'%s' is one word too many: a break is set at one place", number);
    return false;
}

/* What a watched place of up to 8 bytes holds now. */
static bool read_value(const struct debugger *debugger, const struct cpu_point *point, uint64_t *value) {
    struct machine *machine = debugger->session->machine;
    *value = 0;
    if (point->bytes > VALUE_BYTES)
        return false;
    size_t bytes = (size_t)point->bytes;
    if (point->physical)
        return mmu_peek_physical(machine_memory(machine), mmu_phys(point->address), value, bytes) == bytes;
    return mmu_peek_read(machine_mmu(machine), mmu_linear(point->address), value, bytes) == bytes;
}

static bool make_place(struct debugger *debugger, struct point *point, const struct watch_word *word, const char *rest,
                       char *error, size_t size) {
    char where[CONDITION_TEXT];
    struct resolved place;
    uint64_t bytes;
    bool watch = word->kind != CPU_POINT_EXECUTE;
    if (!split_place(rest, watch, where, &bytes, error, size) || !resolve_where(debugger, where, &place, error, size))
        return false;
    if (word->physical && place.image) {
        snprintf(error, size, "pwatch takes a physical address in hexadecimal digits; '%s' names a linear one", where);
        return false;
    }
    point->cpu = (struct cpu_point){word->kind, word->physical, place.linear, bytes};
    point->program_only = place.image && place.image == debugger->session->program_image;
    point->shown.kind = watch ? POINT_WATCH : POINT_BREAK;
    point->shown.linear = place.linear;
    point->shown.bytes = bytes;
    point->shown.read = word->read;
    point->shown.write = word->write;
    point->shown.physical = word->physical;
    point->has_value = watch && read_value(debugger, &point->cpu, &point->value);
    return true;
}

static bool make_condition(struct debugger *debugger, struct point *point, const char *text, char *error, size_t size) {
    if (!debugger->session->story) {
        snprintf(error, size, "this run records no events, so no condition can be met");
        return false;
    }
    point->condition = condition_parse(text, error, size);
    if (!point->condition)
        return false;
    point->needs = condition_needs(point->condition);
    point->shown.kind = POINT_CONDITION;
    return true;
}

unsigned debugger_add(struct debugger *debugger, const char *text, char *error, size_t error_size) {
    struct point point = {.shown = {.id = debugger->last_id + 1}};
    const char *rest;
    const struct watch_word *word = NULL;
    text += strspn(text, " \t");
    if (debugger->point_count == DEBUG_POINTS_MAX || strlen(text) >= sizeof point.shown.text) {
        if (debugger->point_count == DEBUG_POINTS_MAX)
            snprintf(error, error_size, "there are %u stops already; remove one first", DEBUG_POINTS_MAX);
        else
            snprintf(error, error_size, "the text is too long; at most %zu characters are allowed",
                     sizeof point.shown.text - 1);
        return 0;
    }
    for (size_t i = 0; i < sizeof watch_words / sizeof watch_words[0]; i++)
        if (starts_word(text, watch_words[i].word, &rest)) {
            word = &watch_words[i];
            break;
        }
    if (word ? !make_place(debugger, &point, word, rest, error, error_size)
             : !make_condition(debugger, &point, text, error, error_size))
        return 0;
    snprintf(point.shown.text, sizeof point.shown.text, "%s", text);
    if (!switch_point(debugger, &point, true)) {
        snprintf(error, error_size, "the processor holds %u places already; remove a break or a watch first",
                 CPU_POINTS_MAX);
        return 0;
    }
    debugger->points[debugger->point_count++] = point;
    put_together(debugger);
    return debugger->last_id = point.shown.id;
}

/* ---- the list ---- */

static struct point *point_of(struct debugger *debugger, unsigned id) {
    for (size_t i = 0; i < debugger->point_count; i++)
        if (debugger->points[i].shown.id == id)
            return &debugger->points[i];
    return NULL;
}

bool debugger_remove(struct debugger *debugger, unsigned id) {
    struct point *point = point_of(debugger, id);
    if (!point)
        return false;
    switch_point(debugger, point, false);
    condition_free(point->condition);
    size_t index = (size_t)(point - debugger->points);
    memmove(point, point + 1, (debugger->point_count - index - 1) * sizeof *point);
    debugger->point_count--;
    put_together(debugger);
    return true;
}

bool debugger_enable(struct debugger *debugger, unsigned id, bool on) {
    struct point *point = point_of(debugger, id);
    if (!point || !switch_point(debugger, point, on))
        return false;
    put_together(debugger);
    return true;
}

size_t debugger_points(const struct debugger *debugger, struct debug_point *to, size_t most) {
    for (size_t i = 0; i < debugger->point_count && i < most; i++)
        to[i] = debugger->points[i].shown;
    return debugger->point_count;
}

void points_free(struct debugger *debugger) {
    for (size_t i = 0; i < debugger->point_count; i++)
        condition_free(debugger->points[i].condition);
}

/* ---- hits ---- */

static bool counts_here(const struct debugger *debugger, const struct point *point) {
    const struct session *session = debugger->session;
    if (!point->program_only || !session->story)
        return true;
    uint32_t pid = story_current_task(session->story);
    return session->program_started && story_runs_program(session->story, pid, session->program_pid);
}

static void write_break(const struct debugger *debugger, struct out *out) {
    out_string(out, "break at ");
    resolve_words(debugger, debugger->found.linear, out);
    uint32_t pid = debugger->session->story ? story_current_task(debugger->session->story) : 0;
    out_string(out, " in ");
    stop_text_task(debugger, pid, out);
}

static void write_values(const struct debugger *debugger, const struct point *point, struct out *out) {
    uint64_t now;
    if (!read_value(debugger, &point->cpu, &now))
        return;
    unsigned digits = (unsigned)point->cpu.bytes * 2;
    if (point->has_value && now != point->value)
        out_format(out, ": 0x%0*" PRIx64 " became 0x%0*" PRIx64, (int)digits, point->value, (int)digits, now);
    else
        out_format(out, ": 0x%0*" PRIx64, (int)digits, now);
}

static void write_watch(const struct debugger *debugger, const struct point *point, const struct cpu_point_hit *hit,
                        struct out *out) {
    stop_text_task(debugger, debugger->session->story ? story_current_task(debugger->session->story) : 0, out);
    out_string(out, hit->write ? " wrote to " : " read ");
    resolve_words(debugger, hit->linear, out);
    if (point->cpu.physical)
        out_format(out, ", physical %08" PRIx64 ",", point->cpu.address);
    out_string(out, " at ");
    resolve_words(debugger, hit->rip, out);
    write_values(debugger, point, out);
}

static void meet_place(struct debugger *debugger, struct point *point, const struct cpu_point_hit *hit) {
    struct out out;
    bool watch = point->shown.kind == POINT_WATCH;
    point->shown.hits++;
    if (debugger_meet(debugger, watch ? REASON_WATCH : REASON_BREAK, point)) {
        debugger->found.linear = hit->linear;
        out_init(&out, debugger->found.text, sizeof debugger->found.text);
        out_format(&out, "stop %u: ", point->shown.id);
        if (watch)
            write_watch(debugger, point, hit, &out);
        else
            write_break(debugger, &out);
        out_end(&out);
    }
    if (watch)
        point->has_value = read_value(debugger, &point->cpu, &point->value);
}

/* The CPU tells one place an instruction: others may have been touched at the same byte. */
static bool is_hit(const struct cpu_point *point, const struct cpu_point_hit *hit) {
    if (same_place(point, &hit->point))
        return true;
    if (point->kind == CPU_POINT_EXECUTE || hit->point.kind == CPU_POINT_EXECUTE || point->physical ||
        hit->point.physical || hit->linear - point->address >= point->bytes)
        return false;
    return point->kind == CPU_POINT_ACCESS || (point->kind == CPU_POINT_WRITE) == hit->write;
}

bool points_hit(struct debugger *debugger, const struct cpu_point_hit *hit) {
    bool met = false;
    for (size_t i = 0; hit && i < debugger->point_count; i++) {
        struct point *point = &debugger->points[i];
        if (point->condition || !point->shown.enabled || !is_hit(&point->cpu, hit) || !counts_here(debugger, point))
            continue;
        meet_place(debugger, point, hit);
        met = true;
    }
    return met;
}

bool points_watch_execute(const struct debugger *debugger, uint64_t linear) {
    for (size_t i = 0; i < debugger->point_count; i++) {
        const struct point *point = &debugger->points[i];
        if (point->shown.kind == POINT_BREAK && point->shown.enabled && point->cpu.address == linear)
            return true;
    }
    return false;
}

bool points_break_at(struct debugger *debugger, uint64_t linear) {
    if (!points_watch_execute(debugger, linear))
        return false;
    const struct cpu_point_hit hit = {.point = {CPU_POINT_EXECUTE, false, linear, 1}, .rip = linear, .linear = linear};
    return points_hit(debugger, &hit);
}
