/* faultline: finds the subcommand and runs it. */
#include "emu/commands/command.h"
#include <stdarg.h>
#include <string.h>

static const struct command commands[] = {
    {"run", "boot the machine and run a program in it", command_run},
    {"debug", "stop at a program's page faults and look: window, terminal, scripts", command_debug},
    {"demo", "play a demonstration: it explains what happens and checks it", command_demo},
    {"render", "draw a panel or the window at a moment: PNG, SVG or GIF", command_render},
    {"trace", "convert a recorded trace to text, counts, or a trace for Perfetto", command_trace},
    {"report", "make one HTML page of a recorded trace", command_report},
    {"info", "say what an ELF file or kernel is and whether it can run here", command_info},
};

void complain(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("faultline: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static int usage(FILE *to) {
    fputs("usage: faultline COMMAND [options]\n\n", to);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(to, "  %-6s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`faultline COMMAND --help` tells the options of a command.\n", to);
    return to == stdout ? 0 : EXIT_BAD_INPUT;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return usage(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        puts("faultline " FAULTLINE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    complain("there is no command '%s'; `faultline --help` lists them", argv[1]);
    return EXIT_BAD_INPUT;
}
