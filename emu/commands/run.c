/*
 * faultline run: boots the machine and runs a program in it.
 *
 *   options -> launch (images, overlay, command line) -> session -> headless or window -> outputs -> exit status
 *
 * The program stands in the guest under the same absolute path as on the host, with the same working directory and
 * argv, so that it prints there what it prints here. Standard output carries the guest's console and nothing else;
 * everything that faultline itself has to say goes to standard error.
 */
#include "emu/commands/run.h"

int command_run(int argc, char **argv) {
    struct run_options options;
    struct launch launch;
    int status;
    if (!options_parse(argc, argv, OPTIONS_RUN, &options, &status))
        return status;
    options.window = run_wants_window(&options);
    if (!launch_prepare(&launch, &options))
        return EXIT_BAD_INPUT;
    status = run_launch(&launch, &options);
    launch_free(&launch);
    return status;
}
