/* Commands about the session itself and for scripts. */
#include "emu/cli/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- type ---- */

/* One key of text: itself or an escape. Moves *text behind it; -1: it is no key. */
static int next_key(const char **text) {
    static const char names[] = "nte\\", keys[] = "\n\t\x1b\\";
    const char *at = *text;
    if (at[0] != '\\') {
        *text = at + 1;
        return (unsigned char)at[0];
    }
    const char *name = at[1] ? strchr(names, at[1]) : NULL;
    *text = at + 2;
    if (name)
        return keys[name - names];
    if (at[1] != 'x' || !isxdigit((unsigned char)at[2]) || !isxdigit((unsigned char)at[3]))
        return -1;
    *text = at + 4;
    return (int)strtoul((char[]){at[2], at[3], '\0'}, NULL, 16);
}

void run_type(struct cli *cli, const struct words *words) {
    char keys[CLI_LINE_MAX + 1];
    size_t count = 0;
    bool enter = true;
    for (const char *text = words->rest; *text && count < CLI_LINE_MAX;) {
        if (strcmp(text, "\\c") == 0) {
            enter = false;
            break;
        }
        int key = next_key(&text);
        if (key < 0) {
            fail(cli, "'\\' begins a key that is not known; \\n, \\t, \\e, \\xHH and \\\\ are");
            return;
        }
        keys[count++] = (char)key;
    }
    if (enter)
        keys[count++] = '\n';
    if (machine_console_input(session_machine(cli->session), keys, count) < count)
        fail(cli, "the guest's terminal takes no more keys; let it run first");
}

/* ---- switches and files ---- */

void run_log(struct cli *cli, const struct words *words) {
    bool on = strcmp(words->word[1], "on") == 0;
    if (on || strcmp(words->word[1], "off") == 0)
        cli->log = on;
    else
        fail(cli, "log takes on or off");
}

void run_trace(struct cli *cli, const struct words *words) {
    bool off = strcmp(words->rest, "off") == 0;
    fflush(stdout);
    if (!cli->config.trace(cli->config.owner, off ? NULL : words->rest))
        fail(cli, "the trace '%.200s' cannot be written", words->rest);
    else
        say(cli, off ? "the trace is whole\n" : "records and events go to %.200s\n", words->rest);
}

void run_screenshot(struct cli *cli, const struct words *words) {
    size_t position = session_fault_position(cli->session, cli->fault);
    fflush(stdout);
    if (!cli->config.screenshot(cli->config.owner, cli->session, position, words->rest))
        fail(cli, "the screenshot '%.200s' cannot be made", words->rest);
    else
        say(cli, "the window is drawn into %.200s\n", words->rest);
}

/* ---- scripts ---- */

void run_expect(struct cli *cli, const struct words *words) {
    char text[CLI_LINE_MAX];
    size_t length = strlen(words->rest);
    bool quoted = length >= 2 && words->rest[0] == '"' && words->rest[length - 1] == '"';
    snprintf(text, sizeof(text), "%.*s", (int)(quoted ? length - 2 : length), words->rest + quoted);
    const char *said = cli->said ? cli->said : "";
    if (strstr(said, text))
        return;
    fail(cli, "the answer before does not contain '%.150s'; it is: %.*s", text, (int)strcspn(said, "\n"),
         said[0] ? said : "(nothing)");
}

void run_quit(struct cli *cli, const struct words *words) {
    (void)words;
    cli->quit = true;
}
