/* Answers for other front ends: one command at a time, its text in place of its output. */
#include "emu/cli/internal.h"

#include <string.h>

static bool is_topic(const char *line) {
    size_t length = strcspn(line, " \t");
    for (size_t i = 0; i < info_topic_count; i++)
        if (strlen(info_topics[i].name) == length && strncmp(info_topics[i].name, line, length) == 0)
            return true;
    return false;
}

/* The record that `fault` means without a number: the one that is open now, else what the stop is about, else the
 * newest of the program. */
static uint64_t newest_fault(const struct cli *cli) {
    const struct story *story = session_story(cli->session);
    uint64_t newest = story ? story_fault_count(story) : 0, number = debugger_stop(cli->debugger)->fault;
    const struct story_fault *fault = newest ? story_fault_by_number(story, newest) : NULL;
    if (fault && fault->end_blocks == 0)
        return newest;
    return number ? number : session_shown_number(cli->session, 0);
}

const char *cli_answer(struct cli *cli, struct session *session, const char *line) {
    char text[CLI_LINE_MAX];
    line += strspn(line, " \t");
    cli->session = session;
    cli->debugger = session_debugger(session);
    cli->silent = true;
    cli->fault = newest_fault(cli);
    out_forget(cli);
    if ((size_t)snprintf(text, sizeof(text), "%s%s", is_topic(line) ? "info " : "", line[0] ? line : "help") >=
        sizeof(text))
        fail(cli, "the line is longer than %u characters", CLI_LINE_MAX - 1);
    else
        table_run(cli, text);
    if (cli->error[0])
        say(cli, "%s\n", cli->error);
    cli->silent = false;
    return cli->said ? cli->said : "";
}
