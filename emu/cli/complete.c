/* What the word before the cursor may become. */
#define _GNU_SOURCE
#include "emu/cli/internal.h"
#include "emu/story/event_types.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX 200u

static void add(struct completion *completion, const char *text) {
    if (completion->count == COMPLETIONS_MAX || strncmp(text, completion->prefix, strlen(completion->prefix)) != 0)
        return;
    for (size_t i = 0; i < completion->count; i++)
        if (strcmp(completion->found[i], text) == 0)
            return;
    char *copy = strdup(text);
    if (copy)
        completion->found[completion->count++] = copy;
}

void completion_free(struct completion *completion) {
    for (size_t i = 0; i < completion->count; i++)
        free(completion->found[i]);
    completion->count = 0;
}

/* ---- by kind of word ---- */

void complete_command(struct cli *cli, struct completion *completion) {
    (void)cli;
    for (size_t i = 0; i < cli_command_count; i++)
        if (cli_commands[i].run)
            add(completion, cli_commands[i].name);
}

void complete_where(struct cli *cli, struct completion *completion) {
    static const char *const registers[] = {"$eax", "$ecx", "$edx", "$ebx", "$esp", "$ebp",
                                            "$esi", "$edi", "$eip", "$cr2", "$cr3"};
    const char *names[SYMBOLS_MAX];
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        add(completion, registers[i]);
    size_t count = debugger_symbols(cli->debugger, completion->prefix, names, SYMBOLS_MAX);
    for (size_t i = 0; i < count; i++)
        add(completion, names[i]);
}

void complete_info(struct cli *cli, struct completion *completion) {
    (void)cli;
    for (size_t i = 0; i < info_topic_count; i++)
        add(completion, info_topics[i].name);
    add(completion, "stops");
}

void complete_event(struct cli *cli, struct completion *completion) {
    (void)cli;
    for (uint16_t type = 0; type < 256 && completion->word == 2; type++)
        if (story_event_type(type))
            add(completion, story_event_type(type)->name);
}

void complete_point(struct cli *cli, struct completion *completion) {
    struct debug_point points[DEBUG_POINTS_MAX];
    char id[16];
    size_t count = debugger_points(cli->debugger, points, DEBUG_POINTS_MAX);
    for (size_t i = 0; i < count && i < DEBUG_POINTS_MAX; i++) {
        snprintf(id, sizeof(id), "%u", points[i].id);
        add(completion, id);
    }
}

/* Frames that were just spoken of: of the stop and of the fault on show. */
void complete_frame(struct cli *cli, struct completion *completion) {
    const struct story_fault *fault = story_fault_by_number(session_story(cli->session), cli->fault);
    const struct debug_stop *stop = debugger_stop(cli->debugger);
    char frame[24];
    if (stop->pfn != DEBUG_NO_FRAME) {
        snprintf(frame, sizeof(frame), "%" PRIx64, stop->pfn);
        add(completion, frame);
    }
    for (unsigned i = 0; fault && i < fault->frame_count; i++) {
        snprintf(frame, sizeof(frame), "%" PRIx64, fault->frames[i].pfn);
        add(completion, frame);
    }
}

void complete_switch(struct cli *cli, struct completion *completion) {
    (void)cli;
    add(completion, "on");
    add(completion, "off");
}

void complete_file(struct cli *cli, struct completion *completion) {
    const char *slash = strrchr(completion->prefix, '/');
    size_t folder_length = slash ? (size_t)(slash - completion->prefix) + 1 : 0;
    char folder[CLI_LINE_MAX + 2], path[CLI_LINE_MAX + 300];
    (void)cli;
    snprintf(folder, sizeof(folder), "%.*s", (int)folder_length, completion->prefix);
    DIR *directory = opendir(folder[0] ? folder : ".");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        snprintf(path, sizeof(path), "%s%s%s", folder, entry->d_name, entry->d_type == DT_DIR ? "/" : "");
        if (entry->d_name[0] != '.')
            add(completion, path);
    }
    if (directory)
        closedir(directory);
}

/* ---- conditions ---- */

static void add_value(struct completion *completion, const char *before, const char *value) {
    char text[CLI_LINE_MAX + 100];
    snprintf(text, sizeof(text), "%s%.99s", before, value);
    add(completion, text);
}

static void complete_key(struct completion *completion, const struct condition_kind *kind) {
    char keys[400], *state = NULL;
    snprintf(keys, sizeof(keys), "%s", kind->keys);
    for (char *key = strtok_r(keys, " ", &state); key; key = strtok_r(NULL, " ", &state))
        add_value(completion, key, "=");
}

/* The word before the cursor is KEY=, or KEY=WORD, and more words. */
static void complete_value(struct completion *completion, const char *equals) {
    const char *words[SYMBOLS_MAX], *comma = strrchr(equals, ',');
    int kept = (int)((comma ? comma : equals) - completion->prefix) + 1;
    char key[40], before[CLI_LINE_MAX];
    snprintf(key, sizeof(key), "%.*s", (int)(equals - completion->prefix), completion->prefix);
    snprintf(before, sizeof(before), "%.*s", kept, completion->prefix);
    size_t count = condition_values(completion->first, key, words, SYMBOLS_MAX);
    for (size_t i = 0; i < count; i++)
        add_value(completion, before, words[i]);
}

void complete_condition(struct cli *cli, struct completion *completion) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    const char *equals = strchr(completion->prefix, '=');
    (void)cli;
    if (completion->word > 1 && equals) {
        complete_value(completion, equals);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (completion->word <= 1)
            add(completion, kinds[i].name);
        else if (strcmp(kinds[i].name, completion->first) == 0)
            complete_key(completion, &kinds[i]);
}

/* ---- the line ---- */

void complete_line(struct cli *cli, const char *line, struct completion *to) {
    struct words words;
    *to = (struct completion){.line = line};
    line += strspn(line, " \t");
    words_split(&words, line);
    size_t length = strlen(line);
    bool fresh = length == 0 || strchr(" \t", line[length - 1]);
    const char *start = line + length;
    while (!fresh && start > line && !strchr(" \t", start[-1]))
        start--;
    to->prefix = start;
    to->word = fresh ? words.count : words.count - 1;
    snprintf(to->first, sizeof(to->first), "%s", words.count > 1 && to->word > 1 ? words.word[1] : "");
    if (to->word == 0) {
        complete_command(cli, to);
        return;
    }
    const struct command *command = table_find(cli, words.word[0]);
    cli->error[0] = '\0';
    if (command && command->complete)
        command->complete(cli, to);
}
