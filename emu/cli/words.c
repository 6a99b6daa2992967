/* Words of a command line, and what they mean: numbers, addresses, times. */
#include "emu/cli/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

/* The text behind a word, without the blanks before it. */
static const char *after_word(const char *text) {
    text += strcspn(text, BLANKS);
    return text + strspn(text, BLANKS);
}

/* Takes a format out of the front: "x/4xw main" and "x /4xw main" are words "x", "main". */
static const char *take_format(struct words *words, const char *rest) {
    char *slash = strchr(words->store, '/');
    size_t command = strcspn(words->store, BLANKS);
    if (slash && slash < words->store + command) {
        snprintf(words->format, sizeof(words->format), "%.*s", (int)(words->store + command - slash - 1), slash + 1);
        memset(slash, ' ', (size_t)(words->store + command - slash));
    } else if (rest[0] == '/') {
        size_t length = strcspn(rest, BLANKS);
        snprintf(words->format, sizeof(words->format), "%.*s", (int)length - 1, rest + 1);
        memset(words->store + (rest - words->rest_store), ' ', length);
        rest = after_word(rest);
    }
    return rest;
}

void words_split(struct words *words, const char *line) {
    *words = (struct words){0};
    snprintf(words->store, sizeof(words->store), "%s", line + strspn(line, BLANKS));
    snprintf(words->rest_store, sizeof(words->rest_store), "%s", words->store);
    for (size_t end = strlen(words->rest_store); end > 0 && strchr(BLANKS, words->rest_store[end - 1]);)
        words->rest_store[--end] = '\0';
    words->rest = after_word(words->rest_store);
    if (words->store[0] == 'x')
        words->rest = take_format(words, words->rest);
    char *state = NULL;
    for (char *word = strtok_r(words->store, BLANKS, &state); word && words->count < CLI_WORDS_MAX;
         word = strtok_r(NULL, BLANKS, &state))
        words->word[words->count++] = word;
}

static bool parse(const char *text, int base, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, base);
    return end != text && *end == '\0' && errno == 0 && isxdigit((unsigned char)text[0]);
}

bool words_number(struct cli *cli, const char *what, const char *text, uint64_t *value) {
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (parse(text, hex ? 16 : 10, value))
        return true;
    fail(cli, "%s is no number: '%.40s'; give a whole one, decimal or with 0x", what, text);
    return false;
}

bool words_hex(struct cli *cli, const char *what, const char *text, uint64_t *value) {
    if (parse(text, 16, value))
        return true;
    fail(cli, "%s is no hexadecimal number: '%.40s'", what, text);
    return false;
}

bool words_address(struct cli *cli, const char *text, uint64_t *linear) {
    char error[240];
    if (debugger_resolve(cli->debugger, text, linear, error, sizeof(error)))
        return true;
    fail(cli, "%s", error);
    return false;
}

bool words_time(struct cli *cli, const char *text, vtime now, vtime *value) {
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"b", MACHINE_BLOCK_NS}};
    char *end;
    double number = strtod(text + (text[0] == '+'), &end);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        double ns = number * units[i].ns;
        if (end == text || strcmp(end, units[i].name) != 0 || !(ns >= 0 && ns < 9e18))
            continue;
        *value = (vtime)ns + (text[0] == '+' ? now : 0);
        return true;
    }
    fail(cli, "'%.40s' is no time; give one such as 120ms, 1.5s, 800us, 30000b (blocks), or +5ms from now", text);
    return false;
}

const char *words_milliseconds(uint64_t blocks, char text[32]) {
    uint64_t us = blocks * MACHINE_BLOCK_NS / 1000;
    snprintf(text, 32, "%llu.%03llu ms", (unsigned long long)(us / 1000), (unsigned long long)(us % 1000));
    return text;
}
