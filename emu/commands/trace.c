/* faultline trace: a recorded run as text, as counts, or as a trace that ui.perfetto.dev opens. */
#define _GNU_SOURCE
#include "emu/commands/trace_file.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: faultline trace TRACE [options]\n"
    "\n"
    "Converts a trace, the file that `faultline run --trace TRACE` wrote. TRACE - is standard input.\n"
    "\n"
    "  --text[=FILE]      a line an event and fault, in words (what happens without an option)\n"
    "  --story[=FILE]     the same with each fault told in full\n"
    "  --summary          how many events of each type and faults of each branch\n"
    "  --perfetto FILE    a trace in Chrome's format: ui.perfetto.dev and chrome://tracing open it\n"
    "  --chrome FILE      the same\n"
    "\n"
    "With --text, --story and --summary:\n"
    "  --only TYPE,...    only these types of events (docs/trace.md names them), or fault for fault records\n"
    "  --from TIME        only what happened at that virtual time or later: 12.5ms, 300us, 2s; a bare number is ms\n"
    "  --to TIME          only what happened before it\n"
    "  --pid NUMBER       only what that task did\n"
    "  --help             this text\n"
    "\n"
    "FILE - is standard output.\n";

enum { OPT_TEXT = 256, OPT_STORY, OPT_SUMMARY, OPT_PERFETTO, OPT_ONLY, OPT_FROM, OPT_TO, OPT_PID, OPT_HELP };

static const struct option option_table[] = {
    {"text", optional_argument, NULL, OPT_TEXT},
    {"story", optional_argument, NULL, OPT_STORY},
    {"summary", no_argument, NULL, OPT_SUMMARY},
    {"perfetto", required_argument, NULL, OPT_PERFETTO},
    {"chrome", required_argument, NULL, OPT_PERFETTO},
    {"only", required_argument, NULL, OPT_ONLY},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"pid", required_argument, NULL, OPT_PID},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct trace_options {
    int form; /* OPT_TEXT ...; 0: not said */
    const char *input, *output;
    bool filtered;
    struct export_filter filter;
};

static bool parse_types(struct export_filter *filter, const char *text) {
    while (*text) {
        char type[64];
        size_t length = strcspn(text, ",");
        snprintf(type, sizeof type, "%.*s", length < sizeof type ? (int)length : (int)sizeof type - 1, text);
        if (!export_filter_type(filter, type)) {
            complain("--only: there is no type '%s'; docs/trace.md names them, and `--summary` those of a trace", type);
            return false;
        }
        text += length + (text[length] == ',');
    }
    return true;
}

static bool parse_time(const char *option, const char *text, uint64_t *ns) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"", 1e6}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *end;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double total = value * units[i].ns;
        if (end == text || strcmp(end, units[i].unit) != 0 || !(total >= 0 && total < 1e18))
            continue;
        *ns = (uint64_t)(total + 0.5);
        return true;
    }
    complain("%s %s: give a virtual time such as 12.5ms, 300us or 2s", option, text);
    return false;
}

static bool parse_pid(struct export_filter *filter, const char *text) {
    char *end;
    errno = 0;
    unsigned long pid = strtoul(text, &end, 10);
    filter->by_pid = true;
    filter->pid = (uint32_t)pid;
    if (end != text && *end == '\0' && errno == 0 && text[0] != '-' && pid <= UINT32_MAX)
        return true;
    complain("--pid %s: give the number of a process", text);
    return false;
}

static bool set_form(struct trace_options *options, int form) {
    if (options->form) {
        complain("give one of --text, --story, --summary and --perfetto");
        return false;
    }
    options->form = form;
    options->output = optarg ? optarg : "-";
    return true;
}

static bool parse_option(struct trace_options *options, int option) {
    options->filtered |= option == OPT_ONLY || option == OPT_FROM || option == OPT_TO || option == OPT_PID;
    switch (option) {
    case OPT_TEXT:
    case OPT_STORY:
    case OPT_SUMMARY:
    case OPT_PERFETTO: return set_form(options, option);
    case OPT_ONLY: return parse_types(&options->filter, optarg);
    case OPT_FROM: return parse_time("--from", optarg, &options->filter.from_ns);
    case OPT_TO: return parse_time("--to", optarg, &options->filter.to_ns);
    case OPT_PID: return parse_pid(&options->filter, optarg);
    default: return false;
    }
}

static bool check_options(struct trace_options *options, int count, char **names) {
    if (count != 1) {
        complain("trace takes one trace; see `faultline trace --help`");
        return false;
    }
    if (options->form == OPT_PERFETTO && options->filtered) {
        complain(
            "--only, --from, --to and --pid go with --text, --story and --summary; the Perfetto page filters itself");
        return false;
    }
    options->input = names[0];
    if (!options->form)
        options->form = OPT_TEXT;
    if (!options->output)
        options->output = "-";
    return true;
}

static bool write_form(void *owner, struct trace_reader *reader, FILE *to) {
    const struct trace_options *options = owner;
    switch (options->form) {
    case OPT_SUMMARY: return export_summary(reader, &options->filter, to);
    case OPT_PERFETTO: return export_perfetto(reader, to);
    default: return export_text(reader, &options->filter, options->form == OPT_STORY, to);
    }
}

int command_trace(int argc, char **argv) {
    struct trace_options options = {0};
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            complain("trace does not know '%s', or it lacks its argument; see `faultline trace --help`",
                     argv[optind - 1]);
        if (!parse_option(&options, option))
            return EXIT_BAD_INPUT;
    }
    if (!check_options(&options, argc - optind, argv + optind))
        return EXIT_BAD_INPUT;
    return trace_file_convert(options.input, options.output, "converted trace", write_form, &options);
}
