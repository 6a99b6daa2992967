/*
 * faultline run: boots the machine and runs a program in it.
 *
 *   options -> launch (images, overlay, command line) -> session -> headless or window -> outputs -> exit status
 *
 * The program stands in the guest under the same absolute path as on the host, with the same working directory and
 * argv, so that it prints there what it prints here. Standard output carries the guest's console and nothing else;
 * everything that faultline itself has to say goes to standard error.
 */
#define _GNU_SOURCE
#include "emu/commands/run.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: faultline run [options] [PROGRAM [ARGS...]]\n"
    "\n"
    "Boots the machine and runs PROGRAM, a static Linux i386 program of the host (gcc -m32 -static), or a name\n"
    "from the guest's own image (first-faults). The exit status is the program's.\n"
    "\n"
    "  --memory SIZE      guest RAM: 4M to 3G (default 64M)\n"
    "  --nodes NUMBER     1 to 4 memory nodes of equal size (default: the machine does not tell)\n"
    "  --faults           a line on standard error for each page fault of the program\n"
    "  --trace FILE       full records and events as JSON lines\n"
    "  --explain ADDRESS  when the program ends, explain that linear address level by level\n"
    "  --screenshot FILE  a PNG of the window, drawn without a display, when the program ends\n"
    "  --at WHICH         take the screenshot at the program's fault number WHICH, at its first fault in a\n"
    "                     source line (hello.c:12), or at its first fault\n"
    "                     of a branch: zero, anonymous, file, copy, reuse, stack, segv (one with a known\n"
    "                     source line comes before one of the C library)\n"
    "  --story            print each fault as a numbered story\n"
    "  --window           show the window (the default when there is a display)\n"
    "  --headless         do not show it\n"
    "  --pause            with the window: stop at the program's first fault\n"
    "  --limit SECONDS    end after so much virtual time, with status 124\n"
    "  --timeout SECONDS  end after so much time of the host, with status 124\n"
    "  --root DIR         the guest's root file system: an ext2 copy of DIR (made by mke2fs), forgotten at the end;\n"
    "                     PROGRAM may then be a path or a name in it, and is looked for there first\n"
    "  --keep-root FILE   keep that copy in FILE and, when FILE is there already, go on with it; DIR is not read then\n"
    "  --root IMAGE[,rw|,ro]  an ext2 image as it is: what the guest writes is forgotten, kept in IMAGE, or refused\n"
    "  --disk FILE[,ro]   a raw disk; the guest writes to FILE unless ,ro is given. Any number: the root is vda, the\n"
    "                     others follow in order. One with mkswap's signature becomes swap space\n"
    "  --disk-fault DISK:REQUESTS[:FIRST-LAST[:NTH[+COUNT]]]\n"
    "                     for tests: read, write, flush or all requests of a disk that touch these sectors fail, from\n"
    "                     the NTH of them on, COUNT of them: vda:read:100-107, vdb:write:0-7:3+1\n"
    "  --cut-at BLOCKS    for tests: the power goes when so many basic blocks have run (status 4); of what the guest\n"
    "                     did not flush, the disks keep some writes, or sectors of writes, in any order\n"
    "  --cut-after N      the same when N disk requests have ended\n"
    "  --cut-seed N       what they keep; the same number, the same bytes (default 0)\n"
    "  --kernel FILE      another Multiboot kernel; then PROGRAM, if any, is its initrd\n"
    "  --initrd FILE      an initramfs in place of ours\n"
    "  --rom FILE         a ROM of 64 or 128 KiB in place of our firmware\n"
    "  --cmdline TEXT     words for the kernel's command line\n"
    "  --verbose          show the kernel's log on standard error\n"
    "  --help             this text\n";

enum {
    OPT_MEMORY = 256,
    OPT_NODES,
    OPT_FAULTS,
    OPT_TRACE,
    OPT_EXPLAIN,
    OPT_SCREENSHOT,
    OPT_AT,
    OPT_STORY,
    OPT_WINDOW,
    OPT_HEADLESS,
    OPT_PAUSE,
    OPT_LIMIT,
    OPT_TIMEOUT,
    OPT_ROOT,
    OPT_KEEP_ROOT,
    OPT_DISK,
    OPT_DISK_FAULT,
    OPT_CUT_AT,
    OPT_CUT_AFTER,
    OPT_CUT_SEED,
    OPT_KERNEL,
    OPT_INITRD,
    OPT_ROM,
    OPT_CMDLINE,
    OPT_VERBOSE,
    OPT_HELP
};

static const struct option option_table[] = {
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"nodes", required_argument, NULL, OPT_NODES},
    {"faults", no_argument, NULL, OPT_FAULTS},
    {"trace", required_argument, NULL, OPT_TRACE},
    {"explain", required_argument, NULL, OPT_EXPLAIN},
    {"screenshot", required_argument, NULL, OPT_SCREENSHOT},
    {"at", required_argument, NULL, OPT_AT},
    {"story", no_argument, NULL, OPT_STORY},
    {"window", no_argument, NULL, OPT_WINDOW},
    {"headless", no_argument, NULL, OPT_HEADLESS},
    {"pause", no_argument, NULL, OPT_PAUSE},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"root", required_argument, NULL, OPT_ROOT},
    {"keep-root", required_argument, NULL, OPT_KEEP_ROOT},
    {"disk", required_argument, NULL, OPT_DISK},
    {"disk-fault", required_argument, NULL, OPT_DISK_FAULT},
    {"cut-at", required_argument, NULL, OPT_CUT_AT},
    {"cut-after", required_argument, NULL, OPT_CUT_AFTER},
    {"cut-seed", required_argument, NULL, OPT_CUT_SEED},
    {"kernel", required_argument, NULL, OPT_KERNEL},
    {"initrd", required_argument, NULL, OPT_INITRD},
    {"rom", required_argument, NULL, OPT_ROM},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"cmdline", required_argument, NULL, OPT_CMDLINE},
    {"verbose", no_argument, NULL, OPT_VERBOSE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_memory(const char *text, uint64_t *bytes) {
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

static bool parse_nodes(const char *text, unsigned *nodes) {
    bool good = text[0] >= '1' && text[0] <= '0' + (int)MACHINE_NODES_MAX && text[1] == '\0';
    *nodes = good ? (unsigned)(text[0] - '0') : 0;
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

static bool parse_limit(const char *text, vtime *limit) {
    double seconds;
    if (!parse_seconds("--limit", text, &seconds))
        return false;
    *limit = (vtime)(seconds * 1e9);
    return true;
}

static bool parse_address(const char *text, uint64_t *address) {
    char *end;
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
    if (colon && colon > text && strtoul(colon + 1, &end, 10) > 0 && *end == '\0') {
        options->at_source = text;
        return true;
    }
    complain(
        "--at %s: give a fault number from 1, a line such as hello.c:12, or one of zero, anonymous, file, copy, reuse, "
        "stack, segv",
        text);
    return false;
}

static bool add_disk(const char *text, struct disk_options *disks) {
    if (disks->count == MACHINE_DISKS_MAX) {
        complain("the machine takes at most %u disks; give fewer", MACHINE_DISKS_MAX);
        return false;
    }
    disks->disk[disks->count++] = text;
    return true;
}

static bool add_disk_fault(const char *text, struct disk_options *disks) {
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

static bool parse_option(int option, struct run_options *options) {
    switch (option) {
    case OPT_MEMORY: return parse_memory(optarg, &options->memory);
    case OPT_NODES: return parse_nodes(optarg, &options->nodes);
    case OPT_FAULTS: return options->faults = true;
    case OPT_TRACE: options->trace = optarg; return true;
    case OPT_EXPLAIN: return options->explain = parse_address(optarg, &options->explain_address);
    case OPT_SCREENSHOT: options->screenshot = optarg; return true;
    case OPT_AT: return parse_at(optarg, options);
    case OPT_STORY: return options->stories = true;
    case OPT_WINDOW: return options->window = true;
    case OPT_HEADLESS: return options->headless = true;
    case OPT_PAUSE: return options->pause = true;
    case OPT_LIMIT: return parse_limit(optarg, &options->limit);
    case OPT_TIMEOUT: return parse_seconds("--timeout", optarg, &options->timeout);
    case OPT_ROOT: options->disks.root = optarg; return true;
    case OPT_KEEP_ROOT: options->disks.keep_root = optarg; return true;
    case OPT_DISK: return add_disk(optarg, &options->disks);
    case OPT_DISK_FAULT: return add_disk_fault(optarg, &options->disks);
    case OPT_CUT_AT: return options->disks.volatile_cache = parse_count("--cut-at", optarg, 1, &options->cut_at);
    case OPT_CUT_AFTER:
        return options->disks.volatile_cache = parse_count("--cut-after", optarg, 1, &options->cut_after);
    case OPT_CUT_SEED: return parse_count("--cut-seed", optarg, 0, &options->disks.cut_seed);
    case OPT_KERNEL: options->kernel = optarg; return true;
    case OPT_INITRD: options->initrd = optarg; return true;
    case OPT_ROM: options->rom = optarg; return true;
    case OPT_CMDLINE: options->cmdline = optarg; return true;
    case OPT_VERBOSE: return options->verbose = true;
    default: return false;
    }
}

static bool options_agree(const struct run_options *options) {
    if (options->kernel && options->program_count > 1)
        complain("with --kernel there is no program to give arguments to; use --cmdline");
    else if (run_has_at(options) && !options->screenshot)
        complain("--at says when the screenshot is taken; give --screenshot FILE too");
    else
        return true;
    return false;
}

/* True: go on. False: *status says how to end. */
static bool parse_options(int argc, char **argv, struct run_options *options, int *status) {
    *options = (struct run_options){.memory = 64u << 20, .limit = VTIME_NEVER, .cmdline = ""};
    *status = EXIT_BAD_INPUT;
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "+", option_table, NULL)) != -1;) {
        if (option == OPT_HELP) {
            fputs(help, stdout);
            *status = 0;
            return false;
        }
        if (option == '?') {
            complain("run does not know '%s', or it lacks its argument; see `faultline run --help`", argv[optind - 1]);
            return false;
        }
        if (!parse_option(option, options))
            return false;
    }
    options->program = argv + optind;
    options->program_count = argc - optind;
    if (options->window && options->headless) {
        complain("--window and --headless exclude each other; give one of them");
        return false;
    }
    options->window = run_wants_window(options);
    return options_agree(options);
}

int command_run(int argc, char **argv) {
    struct run_options options;
    struct launch launch;
    int status;
    if (!parse_options(argc, argv, &options, &status))
        return status;
    if (!launch_prepare(&launch, &options))
        return EXIT_BAD_INPUT;
    status = run_launch(&launch, &options);
    launch_free(&launch);
    return status;
}
