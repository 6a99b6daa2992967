/*
 * The options of `faultline run` and `faultline debug`: one table, from which getopt's table, the parsing and both help
 * texts follow. A row is one option; its members of struct run_options stay as they are until the row is met.
 */
#define _GNU_SOURCE
#include "emu/cli/cli.h"
#include "emu/commands/run.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define BOTH (OPTIONS_RUN | OPTIONS_DEBUG)
#define ALL (BOTH | OPTIONS_RENDER)

static bool parse_memory(const char *text, struct run_options *options) {
    uint64_t *bytes = &options->memory;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' || *end == 'k'   ? 10
                     : *end == 'M' || *end == 'm' ? 20
                     : *end == 'G' || *end == 'g' ? 30
                                                  : 0;
    if (shift)
        end++;
    bool good = end != text && *end == '\0' && errno == 0 && text[0] != '-' && value <= (UINT64_MAX >> shift);
    *bytes = good ? value << shift : 0;
    if (good && *bytes >= MACHINE_RAM_MIN && *bytes <= MACHINE_RAM_MAX && *bytes % 4096 == 0)
        return true;
    complain("--memory %s: give whole pages between 4M and 3G, such as 64M", text);
    return false;
}

static bool parse_nodes(const char *text, struct run_options *options) {
    bool good = text[0] >= '1' && text[0] <= '0' + (int)MACHINE_NODES_MAX && text[1] == '\0';
    options->nodes = good ? (unsigned)(text[0] - '0') : 0;
    if (!good)
        complain("--nodes %s: give a number from 1 to %u", text, MACHINE_NODES_MAX);
    return good;
}

static bool parse_seconds(const char *option, const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    if (end != text && *end == '\0' && *seconds > 0 && *seconds <= 1e9)
        return true;
    complain("%s %s: give a positive number of seconds, such as 2.5", option, text);
    return false;
}

static bool parse_timeout(const char *text, struct run_options *options) {
    return parse_seconds("--timeout", text, &options->timeout);
}

static bool parse_limit(const char *text, struct run_options *options) {
    double seconds;
    if (!parse_seconds("--limit", text, &seconds))
        return false;
    options->limit = (vtime)(seconds * 1e9);
    return true;
}

static bool parse_explain(const char *text, struct run_options *options) {
    uint64_t *address = &options->explain_address;
    char *end;
    options->explain = true;
    errno = 0;
    *address = strtoull(text, &end, 16);
    if (end != text && *end == '\0' && errno == 0 && text[0] != '-' && *address <= UINT32_MAX)
        return true;
    complain("--explain %s: give a linear address in hexadecimal, such as 0x08048000", text);
    return false;
}

static bool parse_at(const char *text, struct run_options *options) {
    char *end;
    options->at_fault = strtoull(text, &end, 10);
    if (end != text && *end == '\0' && options->at_fault > 0)
        return true;
    options->at_fault = 0;
    options->at_branch = run_branch_by_word(text);
    if (options->at_branch)
        return true;
    const char *colon = strrchr(text, ':');
    if (colon && colon > text && strtoul(colon + 1, &end, 10) > 0 && *end == '\0')
        options->at_source = text;
    else
        options->at_event = text;
    return true;
}

static bool parse_size(const char *text, struct run_options *options) {
    struct picture *picture = &options->picture;
    char rest;
    if (sscanf(text, "%5ux%5u%c", &picture->width, &picture->height, &rest) == 2 && picture->width >= 100 &&
        picture->height >= 60 && picture->width <= 8000 && picture->height <= 8000)
        return true;
    complain("--size %s: give width and height between 100x60 and 8000x8000, such as 1280x800", text);
    return false;
}

static bool parse_scale(const char *text, struct run_options *options) {
    char *end;
    options->picture.scale = strtof(text, &end);
    if (end != text && *end == '\0' && options->picture.scale >= 0.5f && options->picture.scale <= 6)
        return true;
    complain("--scale %s: give device pixels for each logical one, 0.5 to 6", text);
    return false;
}

static bool parse_scene(const char *text, struct run_options *options) {
    if (picture_scene(text, &options->picture.scene))
        return true;
    complain("--scene %s: give fault, reclaim, memory or console", text);
    return false;
}

static bool parse_overlay(const char *text, struct run_options *options) {
    if (picture_overlay(text, &options->picture.overlay))
        return true;
    complain("--overlay %s: give use, bits, age or mapcount", text);
    return false;
}

static bool parse_select(const char *text, struct run_options *options) {
    static const struct {
        const char *word;
        enum select_kind kind;
    } words[] = {{"frame:", SELECT_FRAME}, {"page:", SELECT_PAGE}, {"vma:", SELECT_VMA}, {"entry:", SELECT_ENTRY}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i].word);
        char *end;
        if (strncmp(text, words[i].word, length) != 0)
            continue;
        options->select_kind = words[i].kind;
        options->select_argument = strtoll(text + length, &end, 16);
        if (end != text + length && *end == '\0' && options->select_argument >= 0)
            return true;
    }
    complain("--select %s: give frame:2c11, page:b7fff000, vma:b7fff000 or entry:3e19ffc, in hexadecimal", text);
    return false;
}

static bool add_disk(const char *text, struct run_options *options) {
    struct disk_options *disks = &options->disks;
    if (disks->count == MACHINE_DISKS_MAX) {
        complain("the machine takes at most %u disks; give fewer", MACHINE_DISKS_MAX);
        return false;
    }
    disks->disk[disks->count++] = text;
    return true;
}

static bool add_disk_fault(const char *text, struct run_options *options) {
    struct disk_options *disks = &options->disks;
    struct disk_fault fault;
    size_t index;
    if (!disk_fault_parse(text, &fault, &index)) {
        complain("--disk-fault %s: give a disk, what fails and where, such as vda:write:0-7:3+1", text);
        return false;
    }
    if (disks->fault_count == DISK_FAULTS_MAX) {
        complain("there can be at most %u --disk-fault", DISK_FAULTS_MAX);
        return false;
    }
    disks->fault[disks->fault_count++] = text;
    return true;
}

static bool parse_count(const char *option, const char *text, uint64_t least, uint64_t *count) {
    char *end;
    errno = 0;
    *count = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *count >= least && *count <= UINT64_MAX / 8)
        return true;
    complain("%s %s: give a whole number from %u on", option, text, (unsigned)least);
    return false;
}

static bool parse_cut_at(const char *text, struct run_options *options) {
    return options->disks.volatile_cache = parse_count("--cut-at", text, 1, &options->cut_at);
}

static bool parse_cut_after(const char *text, struct run_options *options) {
    return options->disks.volatile_cache = parse_count("--cut-after", text, 1, &options->cut_after);
}

static bool parse_cut_seed(const char *text, struct run_options *options) {
    return parse_count("--cut-seed", text, 0, &options->disks.cut_seed);
}

static bool add_stop(const char *text, struct run_options *options) {
    if (options->stop_count == DEBUG_POINTS_MAX) {
        complain("there can be at most %u --stop", DEBUG_POINTS_MAX);
        return false;
    }
    options->stop[options->stop_count++] = text;
    return true;
}

/* ---- the table ---- */

struct row {
    const char *name, *argument; /* argument: its name in the help, NULL: the option takes none */
    unsigned commands;           /* sum of enum options_command */
    const char *help;            /* its lines */
    /* What the option does: the first of these that is there. */
    bool (*parse)(const char *text, struct run_options *options); /* false after complaining */
    size_t flag, text;                                            /* offset of a bool or of a const char * */
    char letter;                                                  /* its short form, 0 none */
};

#define FLAG(member) .flag = offsetof(struct run_options, member)
#define TEXT(member) .text = offsetof(struct run_options, member)

static const struct row rows[] = {
    {"memory", "SIZE", ALL, "guest RAM: 4M to 3G (default 64M)", .parse = parse_memory},
    {"nodes", "NUMBER", ALL, "1 to 4 memory nodes of equal size (default: the machine does not tell)",
     .parse = parse_nodes},
    {"cli", NULL, OPTIONS_DEBUG, "in the terminal (the default when there is no display)", FLAG(cli)},
    {"batch", "FILE", OPTIONS_DEBUG,
     "in the terminal, with the commands of FILE (-: standard input); a command that fails ends\n"
     "it with status 2",
     TEXT(batch)},
    {"stop", "CONDITION", BOTH,
     "stop where CONDITION holds: cow, fault access=write, kswapd what=wake, break main ...; any\n"
     "number of times. --help-stops lists them all",
     .parse = add_stop},
    {"help-stops", NULL, BOTH, "the conditions of --stop", FLAG(help_stops)},
    {"gdb", "[HOST:]PORT", BOTH,
     "the machine waits for GDB before its first instruction: `target remote :PORT`. PORT 0 takes\n"
     "one that is free and says which; without HOST only this computer may connect; unix:PATH is a\n"
     "socket file",
     TEXT(gdb)},
    {"faults", NULL, OPTIONS_RUN, "a line on standard error for each page fault of the program", FLAG(faults)},
    {"trace", "FILE", BOTH, "full records and events as JSON lines", TEXT(trace)},
    {"explain", "ADDRESS", OPTIONS_RUN, "when the program ends, explain that linear address level by level",
     .parse = parse_explain},
    {"screenshot", "FILE", OPTIONS_RUN,
     "a picture of the window, drawn without a display, when the program ends: PNG, or SVG when\n"
     "FILE ends in .svg",
     TEXT(picture.path)},
    {"output", "FILE", OPTIONS_RENDER,
     "where the picture goes (-o FILE): PNG, or by its ending .svg, or .gif for a recording up to\n"
     "the moment of --at",
     TEXT(picture.path), .letter = 'o'},
    {"at", "WHICH", OPTIONS_RUN | OPTIONS_RENDER,
     "take the picture at the program's fault number WHICH, at its first fault in a source line\n"
     "(hello.c:12), at its first fault of a branch: zero, anonymous, file, copy, reuse, stack,\n"
     "segv (one with a known source line comes before one of the C library), or where a condition\n"
     "holds, as for --stop; without it, when the program ends",
     .parse = parse_at},
    {"size", "WxH", OPTIONS_RUN | OPTIONS_RENDER, "of the picture in logical pixels", .parse = parse_size},
    {"scale", "FACTOR", OPTIONS_RUN | OPTIONS_RENDER, "device pixels for each logical one (default 1)",
     .parse = parse_scale},
    {"scene", "NAME", OPTIONS_RUN | OPTIONS_RENDER, "of the window: fault, reclaim, memory, console",
     .parse = parse_scene},
    {"overlay", "NAME", OPTIONS_RUN | OPTIONS_RENDER, "of the frames: use, bits, age, mapcount",
     .parse = parse_overlay},
    {"select", "WHAT", OPTIONS_RUN | OPTIONS_RENDER,
     "frame:NUMBER, page:ADDRESS, vma:ADDRESS or entry:PHYSICAL, in hexadecimal; `render` selects\n"
     "the frame that the moment is about",
     .parse = parse_select},
    {"record", "FILE.gif", BOTH, "a recording of the window, as you see it or, headless, drawn without a display",
     TEXT(record)},
    {"story", NULL, OPTIONS_RUN, "print each fault as a numbered story", FLAG(stories)},
    {"window", NULL, BOTH, "show the window (the default when there is a display)", FLAG(window)},
    {"headless", NULL, OPTIONS_RUN, "do not show it", FLAG(headless)},
    {"pause", NULL, OPTIONS_RUN, "with the window: stop at the program's first fault", FLAG(pause)},
    {"limit", "SECONDS", ALL, "end after so much virtual time, with status 124", .parse = parse_limit},
    {"timeout", "SECONDS", ALL, "end after so much time of the host, with status 124", .parse = parse_timeout},
    {"root", "DIR", ALL,
     "the guest's root file system: an ext2 copy of DIR (made by mke2fs), forgotten at the end;\n"
     "PROGRAM may then be a path or a name in it, and is looked for there first",
     TEXT(disks.root)},
    {"keep-root", "FILE", ALL,
     "keep that copy in FILE and, when FILE is there already, go on with it; DIR is not read then",
     TEXT(disks.keep_root)},
    {"root", "IMAGE[,rw|,ro]", ALL,
     "an ext2 image as it is: what the guest writes is forgotten, kept in IMAGE, or refused", TEXT(disks.root)},
    {"disk", "FILE[,ro]", ALL,
     "a raw disk; the guest writes to FILE unless ,ro is given. Any number: the root is vda, the\n"
     "others follow in order. One with mkswap's signature becomes swap space",
     .parse = add_disk},
    {"disk-fault", "DISK:REQUESTS[:FIRST-LAST[:NTH[+COUNT]]]", BOTH,
     "for tests: read, write, flush or all requests of a disk that touch these sectors fail, from\n"
     "the NTH of them on, COUNT of them: vda:read:100-107, vdb:write:0-7:3+1",
     .parse = add_disk_fault},
    {"cut-at", "BLOCKS", BOTH,
     "for tests: the power goes when so many basic blocks have run (status 4); of what the guest\n"
     "did not flush, the disks keep some writes, or sectors of writes, in any order",
     .parse = parse_cut_at},
    {"cut-after", "N", BOTH, "the same when N disk requests have ended", .parse = parse_cut_after},
    {"cut-seed", "N", BOTH, "what they keep; the same number, the same bytes (default 0)", .parse = parse_cut_seed},
    {"kernel", "FILE", ALL, "another Multiboot kernel; then PROGRAM, if any, is its initrd", TEXT(kernel)},
    {"initrd", "FILE", ALL, "an initramfs in place of ours", TEXT(initrd)},
    {"rom", "FILE", BOTH, "a ROM of 64 or 128 KiB in place of our firmware", TEXT(rom)},
    {"cmdline", "TEXT", ALL, "words for the kernel's command line", TEXT(cmdline)},
    {"verbose", NULL, ALL, "show the kernel's log on standard error", FLAG(verbose)},
    {"help", NULL, ALL, "this text", FLAG(help)},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define HELP_COLUMN 21
#define HELP_COLUMN_LAST 30 /* an option that reaches further has its help on the next line */

/* ---- help ---- */

static const char *const introductions[] = {
    [OPTIONS_RUN] =
        "usage: faultline run [options] [PROGRAM [ARGS...]]\n"
        "\n"
        "Boots the machine and runs PROGRAM, a static Linux i386 program of the host (gcc -m32 -static), or a name\n"
        "from the guest's own image (first-faults). The exit status is the program's. With --stop it is 5 when a\n"
        "condition was met: the run ends there.\n",
    [OPTIONS_DEBUG] =
        "usage: faultline debug [options] [PROGRAM [ARGS...]]\n"
        "\n"
        "Boots the machine, stops at the first page fault of PROGRAM and waits: in the window, or in the terminal,\n"
        "where `help` lists the commands. The exit status is the program's when it has ended.\n",
    [OPTIONS_RENDER] =
        "usage: faultline render PANEL [options] -o FILE [PROGRAM [ARGS...]]\n"
        "\n"
        "Runs PROGRAM without a display up to the moment that --at names and draws PANEL: frames, fault, space,\n"
        "console, zones, buddy, lru, decision, cache, life, timeline, or the whole window.\n",
};

static void print_row(const struct row *row) {
    int column = printf("  --%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
    if (column > HELP_COLUMN_LAST)
        column = printf("\n") - 1;
    for (const char *line = row->help; *line;) {
        size_t length = strcspn(line, "\n");
        printf("%*s%.*s\n", column < HELP_COLUMN ? HELP_COLUMN - column : 2, "", (int)length, line);
        line += length + (line[length] == '\n');
        column = 0;
    }
}

static void print_help(enum options_command command) {
    printf("%s\n", introductions[command]);
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].commands & command)
            print_row(&rows[i]);
}

static void print_stops(void) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    puts("A condition is a kind and words of the form KEY=VALUE that all must hold.");
    for (size_t i = 0; i < count; i++) {
        char text[2048];
        cli_condition_text(&kinds[i], text, sizeof(text));
        printf("\n%s", text);
    }
    puts("\nbreak WHERE, watch WHERE [BYTES], rwatch, awatch, pwatch PHYSICAL [BYTES]: an\n"
         "instruction runs, memory is touched. WHERE: a hexadecimal address,\n"
         "symbol[+offset] or FILE:LINE.");
}

/* ---- parsing ---- */

/* The first row of that name: a name may have a second row for the help's sake. */
static size_t first_of_name(size_t row) {
    for (size_t i = 0; i < row; i++)
        if (strcmp(rows[i].name, rows[row].name) == 0)
            return i;
    return row;
}

static void make_table(enum options_command command, struct option table[ROWS + 1]) {
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & command) && first_of_name(i) == i)
            table[count++] =
                (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, 256 + (int)i};
    table[count] = (struct option){0};
}

static int row_of_letter(int letter) {
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter && rows[i].letter == letter)
            return 256 + (int)i;
    return '?';
}

static bool take(const struct row *row, const char *text, struct run_options *options) {
    if (row->parse)
        return row->parse(text, options);
    if (row->argument)
        memcpy((char *)options + row->text, &text, sizeof(text));
    else
        *(bool *)((char *)options + row->flag) = true;
    return true;
}

static bool parse_all(int argc, char **argv, enum options_command command, struct run_options *options) {
    struct option table[ROWS + 1];
    make_table(command, table);
    optind = 0;
    opterr = 0;
    const char *letters = command == OPTIONS_RENDER ? "+o:" : "+";
    for (int option; (option = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
        option = option < 256 ? row_of_letter(option) : option;
        if (option == '?') {
            complain("%s does not know '%s', or it lacks its argument; see `faultline %s --help`", argv[0],
                     argv[optind - 1], argv[0]);
            return false;
        }
        if (!take(&rows[option - 256], optarg, options))
            return false;
        if (options->help || options->help_stops)
            return true;
    }
    options->program = argv + optind;
    options->program_count = argc - optind;
    return true;
}

static bool options_agree(const struct run_options *options) {
    if (options->window && options->headless)
        complain("--window and --headless exclude each other; give one of them");
    else if (options->window && (options->cli || options->batch))
        complain("--window and %s exclude each other; give one of them", options->cli ? "--cli" : "--batch");
    else if (options->kernel && options->program_count > 1)
        complain("with --kernel there is no program to give arguments to; use --cmdline");
    else if (run_has_at(options) && !options->picture.path)
        complain("--at says when the picture is taken; say where it goes, too");
    else
        return true;
    return false;
}

bool options_parse(int argc, char **argv, enum options_command command, struct run_options *options, int *status) {
    *options = (struct run_options){
        .memory = 64u << 20, .limit = VTIME_NEVER, .cmdline = "", .picture = {.panel = PICTURE_WINDOW}};
    *status = EXIT_BAD_INPUT;
    if (!parse_all(argc, argv, command, options))
        return false;
    if (!options->help && !options->help_stops)
        return options_agree(options);
    if (options->help)
        print_help(command);
    else
        print_stops();
    *status = 0;
    return false;
}
