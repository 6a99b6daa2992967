/*
 * Completion of the line of the list of stops: kinds of conditions first, then the keys that the kind knows. All words
 * come from the debugger's own table.
 */
#include "emu/ui/line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const point_words[] = {"break", "watch", "rwatch", "awatch", "pwatch"};

static void offer(struct line_hints *hints, const char *typed, const char *word, size_t length, const char *tail) {
    char whole[32];
    snprintf(whole, sizeof whole, "%.*s%s", (int)(length < 28 ? length : 28), word, tail);
    if (hints->count == 24 || strncmp(whole, typed, hints->typed) != 0 || strlen(whole) == hints->typed)
        return;
    for (unsigned i = 0; i < hints->count; i++)
        if (strcmp(hints->word[i], whole) == 0)
            return;
    memcpy(hints->word[hints->count++], whole, sizeof whole);
}

static void offer_kinds(struct line_hints *hints, const char *typed) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    for (size_t i = 0; i < count; i++)
        offer(hints, typed, kinds[i].name, strlen(kinds[i].name), "");
    for (size_t i = 0; i < sizeof point_words / sizeof point_words[0]; i++)
        offer(hints, typed, point_words[i], strlen(point_words[i]), "");
}

/* Keys that stand without a value. */
static bool is_flag(const char *key, size_t length) {
    return (length == 6 && strncmp(key, "kernel", 6) == 0) || (length == 5 && strncmp(key, "major", 5) == 0);
}

/* The table's keys are words, apart by spaces; whatever follows the name (an operator, an example) is no part of it. */
static void offer_keys(struct line_hints *hints, const char *typed) {
    for (const char *at = hints->kind ? hints->kind->keys : ""; *at;) {
        size_t length = 0, word = strcspn(at, " ,");
        while (length < word && (isalnum((unsigned char)at[length]) || at[length] == '_'))
            length++;
        if (length > 0)
            offer(hints, typed, at, length, is_flag(at, length) ? "" : "=");
        at += word;
        at += strspn(at, " ,");
    }
}

static const struct condition_kind *kind_named(const char *name, size_t length) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    for (size_t i = 0; i < count; i++)
        if (strlen(kinds[i].name) == length && strncmp(kinds[i].name, name, length) == 0)
            return &kinds[i];
    return NULL;
}

void line_hints(const struct ui_state *state, struct line_hints *hints) {
    const char *line = state->line + strspn(state->line, " ");
    const char *place = state->line + state->line_at, *typed = place;
    memset(hints, 0, sizeof *hints);
    while (typed > state->line && typed[-1] != ' ')
        typed--;
    hints->typed = (unsigned)(place - typed);
    size_t first = strcspn(line, " ");
    hints->kind = kind_named(line, first);
    if (typed <= line)
        offer_kinds(hints, typed);
    else if (hints->typed < 32 && !memchr(typed, '=', hints->typed))
        offer_keys(hints, typed);
}

void line_take_hint(struct ui_state *state, unsigned hint) {
    struct line_hints hints;
    char rest[40];
    line_hints(state, &hints);
    if (hint >= hints.count)
        return;
    const char *word = hints.word[hint];
    snprintf(rest, sizeof rest, "%s%s", word + hints.typed, word[strlen(word) - 1] == '=' ? "" : " ");
    line_insert(state, rest);
}

void line_complete(struct ui_state *state) {
    struct line_hints hints;
    line_hints(state, &hints);
    if (hints.count == 0)
        return;
    size_t same = strlen(hints.word[0]);
    for (unsigned i = 1; i < hints.count; i++) {
        size_t n = 0;
        while (n < same && hints.word[i][n] == hints.word[0][n])
            n++;
        same = n;
    }
    char rest[40];
    const char *end = hints.count == 1 && hints.word[0][same - 1] != '=' ? " " : "";
    snprintf(rest, sizeof rest, "%.*s%s", (int)(same - hints.typed), hints.word[0] + hints.typed, end);
    line_insert(state, rest);
}
