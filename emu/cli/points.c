/* Points to stop at: the text goes to the debugger as it is, so that the language is one everywhere. */
#include "emu/cli/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add(struct cli *cli, const char *text) {
    char error[240];
    unsigned id = debugger_add(cli->debugger, text, error, sizeof(error));
    if (id == 0)
        fail(cli, "%s", error);
    else
        say(cli, "stop %u: %s\n", id, text);
}

void run_stop(struct cli *cli, const struct words *words) {
    if (words->count < 2)
        run_stops(cli, words);
    else
        add(cli, words->rest);
}

/* `break` of the place where the machine stands, as in gdb. */
static void break_here(struct cli *cli) {
    struct cpu_registers registers;
    char text[64];
    cpu_read_registers(machine_cpu(session_machine(cli->session)), &registers);
    snprintf(text, sizeof(text), "break %" PRIx64, registers.rip);
    add(cli, text);
}

void run_break(struct cli *cli, const struct words *words) {
    char text[CLI_LINE_MAX + 8];
    if (words->count < 2) {
        break_here(cli);
        return;
    }
    /* gdb writes *ADDRESS */
    snprintf(text, sizeof(text), "break %s", words->rest + (words->rest[0] == '*'));
    add(cli, text);
}

/* watch, rwatch, awatch, pwatch: the debugger knows them by these names. */
void run_watch(struct cli *cli, const struct words *words) {
    const struct command *command = table_find(cli, words->word[0]);
    char text[CLI_LINE_MAX + 16];
    snprintf(text, sizeof(text), "%s %s", command->name, words->rest + (words->rest[0] == '*'));
    add(cli, text);
}

void run_stops(struct cli *cli, const struct words *words) {
    struct debug_point points[DEBUG_POINTS_MAX];
    size_t count = debugger_points(cli->debugger, points, DEBUG_POINTS_MAX);
    (void)words;
    if (count == 0)
        say(cli, "no stops; `stop cow` or `break main` sets one, `help stop` lists the conditions\n");
    for (size_t i = 0; i < count && i < DEBUG_POINTS_MAX; i++)
        say(cli, "%3u  %-8s  %6" PRIu64 " hit%s  %s\n", points[i].id, points[i].enabled ? "on" : "off", points[i].hits,
            points[i].hits == 1 ? " " : "s", points[i].text);
}

/* Carries `what` out for each id in the words; for all points when there is none and `all`. */
static void for_points(struct cli *cli, const struct words *words, bool (*what)(struct debugger *, unsigned)) {
    struct debug_point points[DEBUG_POINTS_MAX];
    uint64_t id;
    if (words->count < 2) {
        size_t count = debugger_points(cli->debugger, points, DEBUG_POINTS_MAX);
        for (size_t i = 0; i < count && i < DEBUG_POINTS_MAX; i++)
            what(cli->debugger, points[i].id);
    }
    for (unsigned i = 1; i < words->count && words_number(cli, "ID", words->word[i], &id); i++)
        if (id > UINT32_MAX || !what(cli->debugger, (unsigned)id)) {
            fail(cli, "there is no stop %" PRIu64 "; `stops` lists them", id);
            return;
        }
}

static bool enable(struct debugger *debugger, unsigned id) { return debugger_enable(debugger, id, true); }
static bool disable(struct debugger *debugger, unsigned id) { return debugger_enable(debugger, id, false); }

void run_delete(struct cli *cli, const struct words *words) { for_points(cli, words, debugger_remove); }
void run_enable(struct cli *cli, const struct words *words) { for_points(cli, words, enable); }
void run_disable(struct cli *cli, const struct words *words) { for_points(cli, words, disable); }
