/*
 * The line editor of a terminal: libedit with our completion. Ctrl-C is a key here, so that it clears the line; while
 * the machine runs it is a signal again, for the editor has given the terminal back. The history is kept in
 * $XDG_STATE_HOME/faultline/history, or below ~/.local/state; it is bounded and replaced by rename.
 */
#define _GNU_SOURCE
#include "emu/cli/internal.h"

#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY_LINES 1000
#define PATH_LENGTH 4096

struct editor {
    struct cli *cli;
    EditLine *line;
    History *history;
    char path[PATH_LENGTH]; /* of the history, "" nowhere */
};

/* ---- history ---- */

/* Makes the folders of path that are missing. False: path is not to be had. */
static bool make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = mkdir(path, 0700) == 0 || access(path, X_OK) == 0;
        *slash = '/';
        if (!there)
            return false;
    }
    return true;
}

static void find_history(struct editor *editor) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    bool given = state && state[0] == '/';
    if (!given && !(home && home[0] == '/'))
        return;
    int length = snprintf(editor->path, sizeof(editor->path), "%s%s/faultline/history", given ? state : home,
                          given ? "" : "/.local/state");
    if (length < 0 || (size_t)length >= sizeof(editor->path) || !make_folders(editor->path))
        editor->path[0] = '\0';
}

static void load_history(struct editor *editor) {
    HistEvent event;
    history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    history(editor->history, &event, H_SETUNIQUE, 1);
    find_history(editor);
    if (editor->path[0])
        history(editor->history, &event, H_LOAD, editor->path);
}

static void save_history(struct editor *editor) {
    char temporary[PATH_LENGTH + 24];
    HistEvent event;
    if (!editor->path[0])
        return;
    snprintf(temporary, sizeof(temporary), "%s.%ld", editor->path, (long)getpid());
    if (history(editor->history, &event, H_SAVE, temporary) < 0 || rename(temporary, editor->path) != 0)
        unlink(temporary);
}

/* ---- keys ---- */

static char *prompt(EditLine *line) {
    static char text[] = "(faultline) ";
    (void)line;
    return text;
}

static struct editor *editor_of(EditLine *line) {
    void *editor = NULL;
    el_get(line, EL_CLIENTDATA, &editor);
    return editor;
}

static unsigned char clear_line(EditLine *line, int key) {
    const LineInfo *info = el_line(line);
    (void)key;
    fputs("^C\n", stdout);
    fflush(stdout);
    /* the cursor to the end, then everything before it goes */
    el_cursor(line, (int)(info->lastchar - info->cursor));
    el_deletestr(line, (int)(info->lastchar - info->buffer));
    return CC_REDISPLAY;
}

/* Length of what all candidates begin with. */
static size_t common_length(const struct completion *completion) {
    size_t length = strlen(completion->found[0]);
    for (size_t i = 1; i < completion->count; i++) {
        size_t same = 0;
        while (same < length && completion->found[i][same] == completion->found[0][same])
            same++;
        length = same;
    }
    return length;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void show_candidates(struct completion *completion) {
    struct winsize window = {.ws_col = 80};
    size_t widest = 0;
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
    qsort(completion->found, completion->count, sizeof(completion->found[0]), by_text);
    for (size_t i = 0; i < completion->count; i++)
        if (strlen(completion->found[i]) > widest)
            widest = strlen(completion->found[i]);
    size_t columns = window.ws_col > widest + 2 ? window.ws_col / (widest + 2) : 1;
    for (size_t i = 0; i < completion->count; i++)
        printf("%s%-*s", i % columns ? "" : "\n", (int)widest + 2, completion->found[i]);
    putchar('\n');
    fflush(stdout);
}

/* Puts what is certain into the line. */
static unsigned char insert(EditLine *line, const struct completion *completion) {
    size_t known = strlen(completion->prefix), length = common_length(completion);
    char text[CLI_LINE_MAX];
    const char *found = completion->found[0];
    bool whole = completion->count == 1 && length > 0 && !strchr("=/", found[length - 1]);
    snprintf(text, sizeof(text), "%.*s%s", (int)(length - known), found + known, whole ? " " : "");
    return text[0] == '\0' || el_insertstr(line, text) < 0 ? CC_ERROR : CC_REFRESH;
}

static unsigned char complete(EditLine *line, int key) {
    const LineInfo *info = el_line(line);
    char text[CLI_LINE_MAX];
    struct completion completion;
    (void)key;
    snprintf(text, sizeof(text), "%.*s", (int)(info->cursor - info->buffer), info->buffer);
    complete_line(editor_of(line)->cli, text, &completion);
    unsigned char result = CC_ERROR;
    if (completion.count > 0)
        result = insert(line, &completion);
    if (completion.count > 1 && result == CC_ERROR) {
        show_candidates(&completion);
        result = CC_REDISPLAY;
    }
    completion_free(&completion);
    return result;
}

/* ---- life ---- */

static void bind_keys(EditLine *line) {
    el_set(line, EL_EDITOR, "emacs");
    el_source(line, NULL); /* ~/.editrc, as other programs do */
    el_set(line, EL_ADDFN, "faultline-complete", "complete the word", complete);
    el_set(line, EL_ADDFN, "faultline-clear", "clear the line", clear_line);
    el_set(line, EL_BIND, "^I", "faultline-complete", NULL);
    el_set(line, EL_BIND, "^C", "faultline-clear", NULL);
    el_set(line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(line, EL_SETTY, "-d", "-isig", NULL);
}

struct editor *editor_create(struct cli *cli) {
    struct editor *editor = calloc(1, sizeof(*editor));
    if (!editor)
        return NULL;
    editor->cli = cli;
    editor->line = el_init("faultline", stdin, stdout, stderr);
    editor->history = history_init();
    if (!editor->line || !editor->history) {
        editor_destroy(editor);
        return NULL;
    }
    load_history(editor);
    el_set(editor->line, EL_CLIENTDATA, editor);
    el_set(editor->line, EL_PROMPT, prompt);
    el_set(editor->line, EL_SIGNAL, 1); /* the window's size */
    el_set(editor->line, EL_HIST, history, editor->history);
    bind_keys(editor->line);
    return editor;
}

void editor_destroy(struct editor *editor) {
    if (!editor)
        return;
    if (editor->history) {
        save_history(editor);
        history_end(editor->history);
    }
    if (editor->line)
        el_end(editor->line);
    free(editor);
}

const char *editor_line(struct editor *editor) {
    HistEvent event;
    int length;
    const char *line = el_gets(editor->line, &length);
    if (!line || length <= 0)
        return NULL;
    if (line[strspn(line, " \t\r\n")])
        history(editor->history, &event, H_ENTER, line);
    return line;
}
