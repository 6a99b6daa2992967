/*
 * The commands. One row each: what help prints, how it is found, completed and carried out. A row without a handler is
 * a heading of the help.
 */
#include "emu/cli/internal.h"

#include <string.h>

#define ANY CLI_WORDS_MAX
#define HELP_WIDTH 80u
#define NAME_WIDTH 27

const struct command cli_commands[] = {
    {.name = "Going on"},
    {"continue", "c run", "", "run until a stop, Ctrl-C or the end",
     "Runs the machine until a stop is met, it is paused with Ctrl-C, or it ends.", run_continue, NULL, 0, 0, true},
    {"next-fault", "n", "[COUNT]", "to the program's next page fault",
     "Runs until the next page fault of the program is over and shows its record in one line; `fault` tells the whole. "
     "After `previous` it goes back to the present record by record before the machine runs.",
     run_next_fault, NULL, 0, 1, true},
    {"previous", "N", "", "look at the record before",
     "Shows the fault record before the one on show. The machine stands where it is.", run_previous, NULL, 0, 0, true},
    {"next-walk", "nw", "", "to the next walk that faults or sets A or D",
     "Runs until the processor walks the page tables and the walk faults or sets an accessed or dirty bit.",
     run_next_walk, NULL, 0, 0, true},
    {"decision", "r", "", "to reclaim's next decision about a page",
     "Runs until the kernel's reclaim decides about a page: kept, activated, freed, written out.", run_decision, NULL,
     0, 0, true},
    {"event", "e", "", "to the kernel's next event", "Runs until the kernel sends its next event of whatever type.",
     run_event, NULL, 0, 0, true},
    {"step", "s stepi si", "[COUNT]", "one instruction, or one interrupt's delivery",
     "Executes one instruction or delivers one exception or interrupt, COUNT times.", run_step, NULL, 0, 1, true},
    {"over", "o nexti ni", "[COUNT]", "one instruction; calls run to their return",
     "As step, but a called function runs to its return and an interrupt to its end.", run_over, NULL, 0, 1, true},
    {"finish", "f", "", "to the return of this function", "Runs until the current function has returned to its caller.",
     run_finish, NULL, 0, 0, true},
    {"until", "u", "TIME", "to a time of the virtual clock",
     "TIME is 120ms, 1.5s, 800us or 30000b (blocks), counted from power-on, or +5ms from now.", run_until, NULL, 1, 1,
     false},
    {.name = "Stops"},
    {"stop", NULL, "[CONDITION]", "stop where a condition holds",
     "CONDITION is a kind and words of the form KEY=VALUE that all must hold. Without one the stops are listed.",
     run_stop, complete_condition, 0, ANY, false},
    {"break", "b", "[WHERE]", "stop before the instruction there",
     "WHERE is a hexadecimal address, symbol[+offset] of the program or the kernel, FILE:LINE, or $reg; without it, "
     "the "
     "place where the machine stands.",
     run_break, complete_where, 0, ANY, false},
    {"watch", NULL, "WHERE [BYTES]", "stop after a write there",
     "Stops after an instruction that wrote one of BYTES (1 to 4096, default 4) bytes at WHERE.", run_watch,
     complete_where, 1, 2, false},
    {"rwatch", NULL, "WHERE [BYTES]", "stop after a read there", "As watch, for reads.", run_watch, complete_where, 1,
     2, false},
    {"awatch", NULL, "WHERE [BYTES]", "stop after either", "As watch, for reads and writes.", run_watch, complete_where,
     1, 2, false},
    {"pwatch", NULL, "PHYSICAL [BYTES]", "stop after a write to physical memory",
     "As watch, for a physical address, whichever linear address is used.", run_watch, NULL, 1, 2, false},
    {"stops", NULL, "", "list them, with their hits", "Lists the stops that are set: number, on or off, hits, text.",
     run_stops, NULL, 0, 0, false},
    {"delete", "d", "[ID...]", "remove stops", "Removes the stops of these numbers, or all.", run_delete,
     complete_point, 0, ANY, false},
    {"disable", NULL, "[ID...]", "let stops rest", "The stops of these numbers, or all, rest until `enable`.",
     run_disable, complete_point, 0, ANY, false},
    {"enable", NULL, "[ID...]", "let them stop again", "Undoes `disable`.", run_enable, complete_point, 0, ANY, false},
    {.name = "What happened"},
    {"fault", NULL, "[NUMBER]", "the whole story of a page fault",
     "Tells the record on show, or that of NUMBER: instruction, segment, walk, error code, region, branch, frames, "
     "entry "
     "before and after, outcome, and the kernel's own calls.",
     run_fault, NULL, 0, 1, false},
    {"faults", NULL, "[LAST]", "the program's last faults, a line each",
     "A line for each of the LAST (default 20) page faults of the program; > marks the one on show.", run_faults, NULL,
     0, 1, false},
    {"walk", "w", "[WHERE]", "the page walk of an address, level by level",
     "Walks the page tables for WHERE as they are now, without effect; without WHERE, the walk of the fault on show as "
     "it was.",
     run_walk, complete_where, 0, ANY, false},
    {"explain", NULL, "WHERE", "the walk, and the region that holds it",
     "As walk, and which region of the current process holds the address.", run_explain, complete_where, 1, ANY, false},
    {"events", NULL, "[LAST [TYPE]]", "the kernel's last events in words",
     "The LAST (default 20) events of the log, of one TYPE if given: events 5 cow_break.", run_events, complete_event,
     0, 2, false},
    {.name = "Memory and code"},
    {"x", NULL, "[/FORMAT] [WHERE]", "memory as numbers, text, instructions",
     "FORMAT is a count, one of x d u c s i, and a size of b h w g (1 2 4 8 bytes): x/8xw $esp, x/5i main, x/s "
     "8049000. "
     "phys:ADDRESS is physical memory. Without WHERE it goes on where the last one ended.",
     run_examine, complete_where, 0, ANY, true},
    {"disassemble", NULL, "[WHERE]", "ten instructions",
     "Instructions from WHERE on, else from where the machine stands, or where the last ones ended.", run_disassemble,
     complete_where, 0, ANY, true},
    {"backtrace", "bt where", "", "the calls that led here",
     "By frame pointers, in the kernel and from there on in the program.", run_backtrace, NULL, 0, 0, false},
    {"list", "l", "[WHERE]", "source lines around a place", "Source around WHERE or the current instruction.", run_list,
     complete_where, 0, ANY, false},
    {"symbol", NULL, "WHERE", "which function or object, which line",
     "Names the symbol that holds an address, and its source line.", run_symbol, complete_where, 1, ANY, false},
    {"print", "p", "WHERE", "what a symbol, register or place is",
     "The address in hexadecimal and decimal, its symbol, and the 4 bytes there: p main+4, p $eax, p hello.c:12.",
     run_print, complete_where, 1, ANY, false},
    {.name = "The kernel's view"},
    {"info", "i", "[TOPIC]", "registers, zones, tasks and more",
     "Without TOPIC it lists the topics. `info stops` is `stops`.", run_info, complete_info, 0, 1, false},
    {"task", NULL, "[PID|follow]", "whose address space page and walk ask",
     "page, vma, walk, explain and `info vmas` are about the process PID from now on, until it ends; with follow about "
     "the program again, which is where a session begins. `info tasks` lists them.",
     run_task, NULL, 0, 1, false},
    {"frame", NULL, "PFN", "struct page, who maps it, its life",
     "PFN is a frame number in hexadecimal: the physical address without its last three digits.", run_frame,
     complete_frame, 1, 1, false},
    {"page", NULL, "WHERE", "region, entry and frame of a page",
     "Everything about the page at a linear address of the program.", run_page, complete_where, 1, ANY, false},
    {"vma", NULL, "WHERE", "a region, and its never-touched pages",
     "The region of the program that holds the address, and which of its pages were never touched.", run_vma,
     complete_where, 1, ANY, false},
    {"life", NULL, "PFN", "what happened to a frame, as a list", "The log's entries about a frame, oldest first.",
     run_life, complete_frame, 1, 1, false},
    {.name = "Session and scripts"},
    {"type", NULL, "TEXT", "send keys to the guest's terminal",
     "TEXT and Enter; \\n, \\t, \\e, \\xHH and \\\\ are keys, and \\c at the end leaves Enter out.", run_type, NULL, 1,
     ANY, false},
    {"log", NULL, "on|off", "show the kernel's log or only warnings",
     "With on, every line of the kernel's log is shown as it comes; with off, warnings and worse.", run_log,
     complete_switch, 1, 1, false},
    {"trace", NULL, "FILE|off", "write records and events to FILE",
     "From now on records and events go to FILE as JSON lines (docs/trace.md); off, or leaving, ends it.", run_trace,
     complete_file, 1, ANY, false},
    {"screenshot", NULL, "FILE", "a PNG of the window as it would be",
     "Draws the window without a display into FILE, with the fault on show.", run_screenshot, complete_file, 1, ANY,
     false},
    {"expect", NULL, "TEXT", "fail unless the last answer has TEXT",
     "For scripts: the output of the command before, the guest's included, must contain TEXT.", run_expect, NULL, 1,
     ANY, false},
    {"help", "h", "[COMMAND]", "this table, or more about a command", "help stop lists the conditions.", run_help,
     complete_command, 0, 1, false},
    {"quit", "q", "", "leave", "Leaves; the exit status is the program's when it has ended, else 0.", run_quit, NULL, 0,
     0, false},
};
const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

/* ---- finding ---- */

static void say_which(struct cli *cli, const char *name) {
    char names[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < cli_command_count && used < sizeof(names); i++)
        if (cli_commands[i].run && strncmp(cli_commands[i].name, name, strlen(name)) == 0)
            used +=
                (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", cli_commands[i].name);
    fail(cli, "'%.40s' may be %s; give more letters", name, names);
}

/* One of the words of text. */
static bool has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = text; at && *at; at += strspn(at, " ")) {
        size_t here = strcspn(at, " ");
        if (here == length && strncmp(at, word, length) == 0)
            return true;
        at += here;
    }
    return false;
}

const struct command *table_find(struct cli *cli, const char *name) {
    const struct command *found = NULL;
    unsigned matches = 0;
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct command *command = &cli_commands[i];
        if (!command->run)
            continue;
        if (strcmp(command->name, name) == 0 || has_word(command->brief, name))
            return command;
        if (strncmp(command->name, name, strlen(name)) == 0) {
            found = command;
            matches++;
        }
    }
    if (matches == 1)
        return found;
    if (matches > 1)
        say_which(cli, name);
    else
        fail(cli, "there is no command '%.40s'; `help` lists them", name);
    return NULL;
}

/* Those that run the machine are the first group of the table. */
bool table_serves(const struct cli *cli, const struct command *command) {
    const struct command *group = cli_commands; /* its last */
    while (group[1].run)
        group++;
    bool ours = command->run == run_quit || command->run == run_expect || command->run == run_trace ||
                command->run == run_screenshot;
    return !cli->silent || !(ours || command <= group);
}

/* What an empty line does next. Memory and instructions go on where they ended. */
static void keep_for_repeat(struct cli *cli, const struct command *command, const struct words *words,
                            const char *line) {
    bool goes_on = command->run == run_examine || command->run == run_disassemble;
    const char *format = words->format;
    if (goes_on)
        snprintf(cli->last, sizeof(cli->last), "%s%s%s", command->name, format[0] ? "/" : "", format);
    else
        snprintf(cli->last, sizeof(cli->last), "%s", command->repeats ? line : "");
}

void table_run(struct cli *cli, const char *line) {
    struct words words;
    words_split(&words, line);
    const struct command *command = words.count > 0 ? table_find(cli, words.word[0]) : NULL;
    if (!command)
        return;
    unsigned given = words.count - 1;
    if (command->run != run_expect)
        out_forget(cli);
    keep_for_repeat(cli, command, &words, line);
    if (!table_serves(cli, command))
        fail(cli, "%s is not for here: running the machine and ending the session is your debugger's part",
             command->name);
    else if (given < command->least || given > command->most)
        fail(cli, "%s takes %s; `help %s` tells more", command->name,
             command->arguments[0] ? command->arguments : "no argument", command->name);
    else
        command->run(cli, &words);
}

/* ---- help ---- */

static void say_row(struct cli *cli, const struct command *command) {
    char name[64];
    snprintf(name, sizeof(name), "%s %s", command->name, command->arguments);
    const char *brief = command->brief ? command->brief : "";
    say(cli, "  %-3.*s%-*s %s\n", (int)strcspn(brief, " "), brief, NAME_WIDTH, name, command->summary);
}

/* Appends words in lines of at most HELP_WIDTH columns, each after that many blanks. */
static size_t wrap(const char *words, unsigned indent, char *text, size_t size) {
    size_t used = 0, column = 0;
    for (const char *word = words; *word && used < size; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        bool fits = column > 0 && column + 1 + length <= HELP_WIDTH;
        if (fits)
            used += (size_t)snprintf(text + used, size - used, " %.*s", (int)length, word);
        else
            used += (size_t)snprintf(text + used, size - used, "%s%*s%.*s", column ? "\n" : "", (int)indent, "",
                                     (int)length, word);
        column = fits ? column + 1 + length : indent + length;
        word += length;
    }
    if (used < size)
        used += (size_t)snprintf(text + used, size - used, "\n");
    return used < size ? used : size - 1;
}

void cli_condition_text(const struct condition_kind *kind, char *text, size_t size) {
    int length = snprintf(text, size, "%s: %s\n", kind->name, kind->summary);
    size_t used = length > 0 && (size_t)length < size ? (size_t)length : 0;
    used += wrap(kind->keys, 4, text + used, size - used);
    snprintf(text + used, size - used, "    example: %s\n", kind->example);
}

static void say_conditions(struct cli *cli) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        cli_condition_text(&kinds[i], cli->text, sizeof(cli->text));
        say(cli, "\n%s", cli->text);
    }
}

void run_help(struct cli *cli, const struct words *words) {
    if (words->count < 2) {
        for (size_t i = 0; i < cli_command_count; i++)
            if (!table_serves(cli, &cli_commands[i]))
                continue;
            else if (cli_commands[i].run)
                say_row(cli, &cli_commands[i]);
            else
                say(cli, "%s%s\n", i ? "\n" : "", cli_commands[i].name);
        if (cli->silent)
            say(cli, "\nUnique beginnings do, too, and topics of info; `help stop` tells more.\n");
        else
            say(cli, "\nUnique beginnings do, too; an empty line repeats a step; `help stop` tells more.\n");
        return;
    }
    const struct command *command = table_find(cli, words->word[1]);
    if (!command)
        return;
    say(cli, "%s %s\n", command->name, command->arguments);
    if (command->brief)
        say(cli, "other names: %s\n", command->brief);
    wrap(command->more, 0, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
    if (command->run == run_stop)
        say_conditions(cli);
}
