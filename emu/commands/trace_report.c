/* faultline report: a recorded run as one HTML page. */
#define _GNU_SOURCE
#include "emu/commands/trace_file.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_USUAL 20000u

static const char help[] =
    "usage: faultline report TRACE -o FILE.html [options]\n"
    "\n"
    "Makes one HTML page of a trace, the file that `faultline run --trace TRACE` wrote: timeline, every fault with "
    "its\n"
    "record, costs, zones, lists, page cache and swap. The page needs no network and no other file. TRACE - is\n"
    "standard input.\n"
    "\n"
    "  -o, --output FILE  where the page goes (- is standard output)\n"
    "  --title TEXT       its title (default: the trace's name)\n"
    "  --rows NUMBER      faults in the table at most (default 20000), or all; charts and totals are always of all\n"
    "  --help             this text\n";

enum { OPT_TITLE = 256, OPT_ROWS, OPT_HELP };

static const struct option option_table[] = {
    {"output", required_argument, NULL, 'o'},
    {"title", required_argument, NULL, OPT_TITLE},
    {"rows", required_argument, NULL, OPT_ROWS},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct report_options {
    const char *input, *output;
    struct export_page page;
};

static bool parse_rows(const char *text, uint64_t *rows) {
    char *end;
    if (strcmp(text, "all") == 0) {
        *rows = 0;
        return true;
    }
    errno = 0;
    *rows = strtoull(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0 && text[0] != '-' && *rows > 0 && *rows <= 100000000u)
        return true;
    complain("--rows %s: give a number above 0, or all", text);
    return false;
}

/* False: the command ends with *status, after complaining or after the help. */
static bool parse_options(int argc, char **argv, struct report_options *options, int *status) {
    *status = EXIT_BAD_INPUT;
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "o:", option_table, NULL)) != -1;) {
        switch (option) {
        case 'o': options->output = optarg; break;
        case OPT_TITLE: options->page.title = optarg; break;
        case OPT_ROWS:
            if (!parse_rows(optarg, &options->page.rows))
                return false;
            break;
        case OPT_HELP: fputs(help, stdout); return *status = 0, false;
        default:
            complain("report does not know '%s', or it lacks its argument; see `faultline report --help`",
                     argv[optind - 1]);
            return false;
        }
    }
    if (argc - optind != 1 || !options->output) {
        complain("report takes one trace, and -o FILE.html for the page; see `faultline report --help`");
        return false;
    }
    options->input = argv[optind];
    return true;
}

static bool write_page(void *owner, struct trace_reader *reader, FILE *to) {
    const struct report_options *options = owner;
    return export_report(reader, &options->page, to);
}

int command_report(int argc, char **argv) {
    struct report_options options = {.page = {.rows = ROWS_USUAL}};
    int status;
    if (!parse_options(argc, argv, &options, &status))
        return status;
    if (!options.page.title)
        options.page.title = strrchr(options.input, '/') ? strrchr(options.input, '/') + 1 : options.input;
    return trace_file_convert(options.input, options.output, "report", write_page, &options);
}
