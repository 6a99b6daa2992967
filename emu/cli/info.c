/* `info`: its topics, and those about the processor and the machine. */
#include "emu/cli/internal.h"
#include "emu/devices/disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct info_topic info_topics[] = {
    {"registers", "the processor's registers, control registers and segments", info_registers},
    {"zones", "free pages, watermarks and lists of the memory zones", info_zones},
    {"buddy", "free blocks by order, pages in the per-CPU sets", info_buddy},
    {"lru", "the newest and oldest pages of the active and inactive lists", info_lru},
    {"frames", "how many frames are used for what", info_frames},
    {"tasks", "processes and kernel threads", info_tasks},
    {"vmas", "regions of the program's address space", info_vmas},
    {"swap", "swap areas and their slots", info_swap},
    {"cache", "the page cache, file by file, as strips of pages", info_cache},
    {"files", "files with the most pages in memory", info_files},
    {"vmalloc", "areas that vmalloc has given out", info_vmalloc},
    {"disks", "the machine's disks and what they transferred last", info_disks},
    {"time", "the virtual clock and counters of the machine", info_time},
};
const size_t info_topic_count = sizeof(info_topics) / sizeof(info_topics[0]);

struct view *info_view(struct cli *cli, unsigned interest) {
    info_task_ended(cli);
    session_interest(cli->session, interest);
    struct view *view = session_view(cli->session, session_fault_position(cli->session, cli->fault), VIEW_PAUSED);
    session_interest(cli->session, 0);
    if (!view)
        fail(cli, "no memory on the host for a view of the kernel; free some and try again");
    return view;
}

struct view *info_kernel(struct cli *cli, unsigned interest) {
    struct view *view = info_view(cli, interest);
    if (!view || view->kernel)
        return view;
    fail(cli, "%s", view->kernel_missing);
    view_free(view);
    return NULL;
}

/* ---- the command ---- */

static const struct info_topic *find(const char *name) {
    const struct info_topic *found = NULL;
    for (size_t i = 0; i < info_topic_count; i++) {
        if (strcmp(info_topics[i].name, name) == 0)
            return &info_topics[i];
        if (strncmp(info_topics[i].name, name, strlen(name)) != 0)
            continue;
        if (found)
            return NULL;
        found = &info_topics[i];
    }
    return found;
}

void run_info(struct cli *cli, const struct words *words) {
    if (words->count < 2) {
        for (size_t i = 0; i < info_topic_count; i++)
            say(cli, "  info %-10s %s\n", info_topics[i].name, info_topics[i].summary);
        return;
    }
    const struct info_topic *topic = find(words->word[1]);
    if (strcmp(words->word[1], "stops") == 0 || strcmp(words->word[1], "breakpoints") == 0)
        run_stops(cli, words);
    else if (topic)
        topic->run(cli, words);
    else
        fail(cli, "info does not know '%.40s', or not which one is meant; `info` lists its topics", words->word[1]);
}

/* ---- the processor ---- */

static void say_flags(struct cli *cli, uint64_t flags) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{0, "CF"},  {2, "PF"},  {4, "AF"},  {6, "ZF"},  {7, "SF"},  {8, "TF"},  {9, "IF"},
                 {10, "DF"}, {11, "OF"}, {14, "NT"}, {16, "RF"}, {17, "VM"}, {18, "AC"}, {21, "ID"}};
    say(cli, "eflags %08" PRIx64 " [", flags);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (flags >> names[i].bit & 1)
            say(cli, " %s", names[i].name);
    say(cli, " ]\n");
}

static void say_segments(struct cli *cli, const struct cpu_registers *registers) {
    static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
    for (unsigned i = 0; i < CPU_SEGMENTS; i++) {
        const struct cpu_segment *segment = &registers->segment[i];
        say(cli, "%-4s %04x  base %08" PRIx64 "  limit %08" PRIx32 "  flags %06" PRIx32 "\n", names[i],
            segment->selector, segment->base, segment->limit, segment->flags & 0xf0ff00);
    }
    say(cli, "gdt  base %08" PRIx64 "  limit %04" PRIx32 "    idt  base %08" PRIx64 "  limit %04" PRIx32 "\n",
        registers->gdt_base, registers->gdt_limit, registers->idt_base, registers->idt_limit);
}

void info_registers(struct cli *cli, const struct words *words) {
    static const char *const names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    struct cpu_registers registers;
    char symbol[160];
    (void)words;
    cpu_read_registers(machine_cpu(session_machine(cli->session)), &registers);
    for (unsigned i = 0; i < 8; i++)
        say(cli, "%s %08" PRIx64 "%s", names[i], registers.gpr[i], i % 4 == 3 ? "\n" : "   ");
    if (registers.efer & MMU_EFER_LMA)
        for (unsigned i = 8; i < 16; i++)
            say(cli, "r%-2u %016" PRIx64 "%s", i, registers.gpr[i], i % 2 ? "\n" : "   ");
    say(cli, "eip %08" PRIx64, registers.rip);
    if (inspect_symbol(cli->session, registers.rip, symbol, sizeof(symbol)))
        say(cli, " <%s>", symbol);
    say(cli, "   privilege level %u\n", registers.cpl);
    say_flags(cli, registers.rflags);
    say(cli, "cr0 %08" PRIx64 "   cr2 %08" PRIx64 "   cr3 %08" PRIx64 "   cr4 %08" PRIx64 "   efer %08" PRIx64 "\n",
        registers.cr0, registers.cr2, registers.cr3, registers.cr4, registers.efer);
    say_segments(cli, &registers);
}

/* ---- the machine ---- */

void info_time(struct cli *cli, const struct words *words) {
    struct machine *machine = session_machine(cli->session);
    struct machine_counters counters;
    struct cpu_registers registers;
    char time[32];
    (void)words;
    machine_counters(machine, &counters);
    cpu_read_registers(machine_cpu(machine), &registers);
    say(cli, "virtual time  %s, %" PRIu64 " blocks of %u ns\n", words_milliseconds(machine_blocks(machine), time),
        machine_blocks(machine), MACHINE_BLOCK_NS);
    say(cli, "page faults   %" PRIu64 ", of the program %zu\n", counters.page_faults,
        session_shown_faults(cli->session));
    say(cli, "interrupts    %" PRIu64 "\nexceptions    %" PRIu64 "\n", counters.interrupts, counters.exceptions);
    say(cli, "guest events  %" PRIu64 ", in the log %" PRIu64 "\n", counters.trace_records,
        story_log_count(session_story(cli->session)));
}

static void say_transfers(struct cli *cli, const struct view *view) {
    char from[32];
    unsigned said = 0;
    for (size_t i = view->span_count; i > 0 && said < 10; i--) {
        const struct story_span *span = &view->spans[i - 1];
        if (span->kind != SPAN_READ && span->kind != SPAN_WRITE)
            continue;
        say(cli, "%s%13s  %s of %" PRIu32 " bytes at sector %" PRIu32 "\n",
            said++ ? "" : "last transfers, newest first\n", words_milliseconds(span->from, from),
            span->kind == SPAN_READ ? "read " : "write", span->value[1], span->value[0]);
    }
}

void info_disks(struct cli *cli, const struct words *words) {
    const struct session_config *machine = cli->config.machine;
    struct view *view = info_view(cli, 0);
    (void)words;
    if (!view)
        return;
    if (machine->disk_count == 0)
        say(cli, "the machine has no disk; --disk FILE or --root DIR gives it one\n");
    for (size_t i = 0; i < machine->disk_count; i++)
        say(cli, "vd%c  %" PRIu64 " KiB%s\n", (char)('a' + i % 26), machine->disks[i]->sectors / 2,
            machine->disks[i]->read_only ? ", read only" : "");
    say_transfers(cli, view);
    view_free(view);
}
