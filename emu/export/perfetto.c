/*
 * A trace in Chrome's Trace Event Format, which ui.perfetto.dev and chrome://tracing open.
 *
 * The model. The format knows processes with threads; here a process is a group of tracks (tasks, faults by branch,
 * reclaim, waits, disks, zones, pages) and a thread is a track of it. A slice is written when it ends, so events go
 * through a spool and come out in the order of time. Slices are complete events (X) and nest on their track: those that
 * would overlap get a lane of their own. Disk requests overlap by nature and are asynchronous pairs (b, e). Thread ids
 * are unique in the whole file, since Perfetto names threads by id alone; a task's is its process id. Times are
 * microseconds of the virtual clock with three decimals: exact, since a basic block is a whole number of nanoseconds.
 */
#include "emu/export/event_text.h"
#include "emu/export/export.h"
#include "emu/export/follow.h"
#include "emu/export/lanes.h"
#include "emu/export/spool.h"
#include "emu/export/tasks.h"

#include "emu/machine/machine.h"
#include "emu/story/json.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <stdlib.h>

enum group { GROUP_TASKS, GROUP_FAULTS, GROUP_RECLAIM, GROUP_WAITS, GROUP_DISKS, GROUP_ZONES, GROUP_PAGES, GROUPS };

static const char *const group_names[GROUPS] = {
    "tasks", "faults by branch", "reclaim", "waits for pages", "disks", "zones", "pages"};

#define GROUP_PID 1000000u /* above every process id of the guest */
#define FIRST_TID 1000100u
#define ARGUMENTS_MAX 4096u

/* Tracks other than tasks: fixed places, so that they sort alike in every file. */
enum {
    TRACK_BRANCH = 0,                    /* + enum flt_branch; FLT_BRANCH_COUNT: untraced */
    TRACK_KSWAPD = FLT_BRANCH_COUNT + 1, /* + node */
    TRACK_DIRECT = TRACK_KSWAPD + 4,
    TRACK_WRITEBACK,
    TRACK_OOM,
    TRACK_WAIT,
    TRACK_DISK,
    TRACK_ZONES,
    TRACK_PAGES,
    TRACK_BOOT,
    TRACK_IDLE,
    TRACKS,
    TRACK_TASK = 1u << 31 /* + process id, which stays below that or shares a track */
};

struct perfetto {
    FILE *to;
    struct spool spool;
    struct task_names tasks;
    struct follow *follow;
    struct lanes *lanes; /* [TRACKS] */
    uint32_t first_tid[TRACKS];
    uint64_t dropped, requests;
    bool written, used[TRACKS];
    uint32_t *pids; /* tasks that have a track, sorted and unique at the end */
    size_t pid_count, pid_capacity;
};

/* ---- pieces: an event without its time and place ---- */

static void piece_open(struct out *out, char *text, char phase, const char *category, const char *name) {
    out_init(out, text, ARGUMENTS_MAX);
    out->fresh = true;
    json_text(out, "ph", (char[2]){phase, '\0'}, 2);
    json_text(out, "cat", category, 64);
    json_text(out, "name", name, 200);
}

static void add_piece(struct perfetto *perfetto, struct out *out, uint32_t track, uint64_t from, uint64_t to,
                      uint32_t who) {
    struct spool_piece *piece = spool_add(&perfetto->spool, out->buffer, out_end(out));
    if (!piece)
        return;
    piece->from = from;
    piece->length_of_time = to > from ? to - from : 0;
    piece->track = track;
    piece->who = who;
    if (track < TRACKS)
        perfetto->used[track] = true;
}

static void note_pid(struct perfetto *perfetto, uint32_t pid) {
    if (perfetto->pid_count > 0 && perfetto->pids[perfetto->pid_count - 1] == pid)
        return;
    if (perfetto->pid_count == perfetto->pid_capacity) {
        size_t capacity = perfetto->pid_capacity ? 2 * perfetto->pid_capacity : 256;
        uint32_t *pids = realloc(perfetto->pids, capacity * sizeof *pids);
        if (!pids) {
            perfetto->spool.failed = true;
            return;
        }
        perfetto->pids = pids;
        perfetto->pid_capacity = capacity;
    }
    perfetto->pids[perfetto->pid_count++] = pid;
}

static uint32_t task_track(struct perfetto *perfetto, uint32_t pid) {
    if (pid == 0)
        return TRACK_IDLE;
    pid &= ~TRACK_TASK;
    note_pid(perfetto, pid);
    return TRACK_TASK | pid;
}

static void task_argument(const struct perfetto *perfetto, struct out *out, const char *key, uint32_t pid) {
    char text[48];
    snprintf(text, sizeof text, "%s[%u]", tasks_comm(&perfetto->tasks, pid), (unsigned)pid);
    json_text(out, key, text, sizeof text);
}

static void close_arguments(struct out *out) { json_close(out, '}'); }

/* ---- faults ---- */

static void place_argument(struct out *out, const struct story_fault *fault) {
    char text[256];
    if (!fault->source_file[0])
        return;
    snprintf(text, sizeof text, "%s:%u %s", fault->source_file, fault->source_line, fault->source_text);
    json_text(out, "source", text, sizeof text);
}

/* "do_wp_page < handle_mm_fault < do_page_fault" */
static void path_argument(struct out *out, const struct story_fault *fault) {
    char text[STORY_PATH_MAX * 32];
    struct out names;
    if (fault->path_count == 0)
        return;
    out_init(&names, text, sizeof text);
    for (unsigned i = 0; i < fault->path_count && i < STORY_PATH_MAX; i++)
        out_format(&names, "%s%s", i ? " < " : "", fault->calls[i].function[0] ? fault->calls[i].function : "?");
    out_end(&names);
    json_text(out, "kernel", text, sizeof text);
}

static void region_argument(struct out *out, const struct story_fault *fault) {
    char text[120], rights[5];
    if (!fault->vma_found)
        return;
    words_vm_flags(rights, fault->vma_flags);
    snprintf(text, sizeof text, "%08" PRIx64 "-%08" PRIx64 " %s %s", fault->vma_start, fault->vma_end, rights,
             fault->vma_name);
    json_text(out, "region", text, sizeof text);
}

static void result_arguments(struct out *out, const struct story_fault *fault) {
    char text[64];
    uint64_t frame;
    if (words_result_frame(fault, &frame))
        json_hex(out, "frame", frame);
    if (fault->has_pte) {
        json_hex(out, "pte_before", fault->pte_before);
        json_hex(out, "pte_after", fault->pte_after);
    }
    if (fault->waits) {
        json_number(out, "waits", fault->waits);
        json_number(out, "wait_ns", fault->wait_blocks * MACHINE_BLOCK_NS);
    }
    json_text(out, "outcome", story_outcome_text(fault, text, sizeof text), sizeof text);
}

static void fault_arguments(const struct perfetto *perfetto, struct out *out, const struct story_fault *fault) {
    char code[96];
    mmu_error_code_text(fault->error_code, code, sizeof code);
    json_open(out, "args", '{');
    json_number(out, "fault", fault->number);
    task_argument(perfetto, out, "task", fault->pid);
    json_text(out, "access", words_access(fault), 8);
    json_hex(out, "address", fault->linear);
    json_hex(out, "instruction_at", fault->rip);
    json_text(out, "instruction", fault->disassembly, sizeof fault->disassembly);
    json_text(out, "symbol", fault->symbol, sizeof fault->symbol);
    place_argument(out, fault);
    json_number(out, "error_code", fault->error_code);
    json_text(out, "error", code, sizeof code);
    region_argument(out, fault);
    path_argument(out, fault);
    result_arguments(out, fault);
    json_close(out, '}');
}

static void on_fault(struct perfetto *perfetto, const struct story_fault *fault) {
    char text[ARGUMENTS_MAX];
    struct out out;
    uint32_t branch = fault->branch < FLT_BRANCH_COUNT ? fault->branch : FLT_BRANCH_COUNT;
    piece_open(&out, text, 'X', "fault", branch < FLT_BRANCH_COUNT ? story_branch_name(branch) : "untraced");
    fault_arguments(perfetto, &out, fault);
    add_piece(perfetto, &out, TRACK_BRANCH + branch, fault->begin_blocks, fault->end_blocks, fault->pid);
}

/* ---- spans ---- */

static void on_disk(struct perfetto *perfetto, const struct follow_span *span) {
    char text[ARGUMENTS_MAX], name[32];
    struct out out;
    uint64_t id = ++perfetto->requests;
    snprintf(name, sizeof name, "%s %s", event_word(FLT_BLOCK_RQ_ISSUE, "dev", span->value[0]),
             event_word(FLT_BLOCK_RQ_ISSUE, "write", span->value[3]));
    piece_open(&out, text, 'b', "disk", name);
    json_hex(&out, "id", id);
    json_open(&out, "args", '{');
    json_number(&out, "sector", span->value[1]);
    json_number(&out, "bytes", span->value[2]);
    task_argument(perfetto, &out, "task", span->pid);
    json_number(&out, "error", span->value[4]);
    json_bool(&out, "cut", span->cut);
    close_arguments(&out);
    add_piece(perfetto, &out, TRACK_DISK, span->from, span->from, 0);
    piece_open(&out, text, 'e', "disk", name);
    json_hex(&out, "id", id);
    add_piece(perfetto, &out, TRACK_DISK, span->to, span->to, 0);
}

/* Track, name and arguments of a span by its kind. */
static uint32_t describe_span(struct perfetto *perfetto, struct out *out, char *text, const struct follow_span *span) {
    switch (span->kind) {
    case FOLLOW_RUN:
        piece_open(out, text, 'X', "sched", span->pid ? tasks_comm(&perfetto->tasks, span->pid) : "idle");
        json_open(out, "args", '{');
        return task_track(perfetto, span->pid);
    case FOLLOW_KSWAPD:
        piece_open(out, text, 'X', "reclaim", "kswapd awake");
        json_open(out, "args", '{');
        json_text(out, "zone", words_zone(span->value[1]), 16);
        json_number(out, "order", span->value[2]);
        json_number(out, "free_at_wake", span->value[3]);
        return TRACK_KSWAPD + span->value[0] % 4;
    case FOLLOW_DIRECT:
        piece_open(out, text, 'X', "reclaim", "direct reclaim");
        json_open(out, "args", '{');
        json_number(out, "order", span->value[0]);
        json_number(out, "freed", span->value[1]);
        json_number(out, "last_priority", span->value[2]);
        return TRACK_DIRECT;
    case FOLLOW_WRITEBACK:
        piece_open(out, text, 'X', "writeback", "writeback");
        json_open(out, "args", '{');
        json_text(out, "reason", event_word(FLT_WRITEBACK_START, "reason", span->value[0]), 40);
        json_number(out, "written", span->value[1]);
        json_number(out, "dirty", span->value[2]);
        return TRACK_WRITEBACK;
    default:
        piece_open(out, text, 'X', "wait", "waits for a page");
        json_open(out, "args", '{');
        json_hex(out, "frame", span->value[0]);
        json_text(out, "reason", event_word(FLT_PAGE_WAIT_BEGIN, "reason", span->value[1]), 40);
        return TRACK_WAIT;
    }
}

static void on_span(void *owner, const struct follow_span *span) {
    struct perfetto *perfetto = owner;
    char text[ARGUMENTS_MAX];
    struct out out;
    if (span->kind == FOLLOW_DISK) {
        on_disk(perfetto, span);
        return;
    }
    uint32_t track = describe_span(perfetto, &out, text, span);
    if (span->kind != FOLLOW_RUN)
        task_argument(perfetto, &out, span->kind == FOLLOW_KSWAPD ? "woken_by" : "task", span->pid);
    if (span->cut)
        json_bool(&out, "cut", true);
    close_arguments(&out);
    add_piece(perfetto, &out, track, span->from, span->to, span->pid);
}

/* ---- counters ---- */

static void counter(struct perfetto *perfetto, uint64_t blocks, uint32_t track, const char *name, const char *key,
                    uint64_t value) {
    char text[ARGUMENTS_MAX];
    struct out out;
    piece_open(&out, text, 'C', "memory", name);
    json_open(&out, "args", '{');
    json_number(&out, key, value);
    close_arguments(&out);
    add_piece(perfetto, &out, track, blocks, blocks, 0);
}

static void zone_name(const struct follow *follow, const struct follow_zone *zone, char *text, size_t size) {
    bool nodes = false;
    for (unsigned i = 0; i < follow->zone_count; i++)
        nodes |= follow->zones[i].node != 0;
    if (nodes)
        snprintf(text, size, "node %u %s", (unsigned)zone->node, words_zone(zone->zone));
    else
        snprintf(text, size, "%s", words_zone(zone->zone));
}

static void on_zone(void *owner, uint64_t blocks, const struct follow_zone *zone, unsigned index) {
    struct perfetto *perfetto = owner;
    char name[48];
    (void)index;
    zone_name(perfetto->follow, zone, name, sizeof name);
    counter(perfetto, blocks, TRACK_ZONES, name, "free pages", zone->free);
}

static void on_gauge(void *owner, uint64_t blocks, unsigned gauge) {
    struct perfetto *perfetto = owner;
    counter(perfetto, blocks, TRACK_PAGES, follow_gauge_name(gauge), "pages",
            (uint64_t)perfetto->follow->gauges[gauge]);
}

static void add_marks(struct perfetto *perfetto, uint64_t blocks, const struct follow_zone *zone) {
    char text[ARGUMENTS_MAX], name[48], marks[64];
    struct out out;
    zone_name(perfetto->follow, zone, name, sizeof name);
    snprintf(marks, sizeof marks, "%s marks", name);
    piece_open(&out, text, 'C', "memory", marks);
    json_open(&out, "args", '{');
    json_number(&out, "min", zone->min);
    json_number(&out, "low", zone->low);
    json_number(&out, "high", zone->high);
    close_arguments(&out);
    add_piece(perfetto, &out, TRACK_ZONES, blocks, blocks, 0);
}

/* A zone's marks stand still: told at the beginning and the end of the trace. */
static void write_marks(struct perfetto *perfetto) {
    const struct follow *follow = perfetto->follow;
    for (unsigned i = 0; i < follow->zone_count; i++) {
        if (!follow->zones[i].marks_known)
            continue;
        add_marks(perfetto, 0, &follow->zones[i]);
        add_marks(perfetto, follow->last_blocks, &follow->zones[i]);
    }
}

/* ---- instants ---- */

static void instant(struct perfetto *perfetto, const struct trace_entry *entry, uint32_t track, const char *category,
                    const char *scope, const char *name) {
    char text[ARGUMENTS_MAX], told[256];
    struct out out, words;
    out_init(&words, told, sizeof told);
    event_text(&words, &entry->record.head);
    out_end(&words);
    piece_open(&out, text, 'i', category, name);
    json_text(&out, "s", scope, 2);
    json_open(&out, "args", '{');
    json_text(&out, "what", told, sizeof told);
    task_argument(perfetto, &out, "task", entry->task);
    close_arguments(&out);
    add_piece(perfetto, &out, track, entry->blocks, entry->blocks, entry->task);
}

static void on_event(struct perfetto *perfetto, const struct trace_entry *entry) {
    const void *record = &entry->record;
    switch (entry->record.head.type) {
    case FLT_MM_OOM_KILL: instant(perfetto, entry, TRACK_OOM, "oom", "g", "out of memory: kill"); break;
    case FLT_DIRTY_THROTTLE: instant(perfetto, entry, TRACK_WRITEBACK, "writeback", "t", "dirty throttle"); break;
    case FLT_SIGNAL: {
        const struct flt_signal *signal = record;
        const char *name = words_signal(signal->signal);
        instant(perfetto, entry, task_track(perfetto, signal->pid), "signal", "t", name ? name : "signal");
        break;
    }
    case FLT_BOOT_PHASE: {
        const struct flt_boot_phase *phase = record;
        instant(perfetto, entry, TRACK_BOOT, "boot", "g", event_word(FLT_BOOT_PHASE, "phase", phase->phase));
        break;
    }
    default: break;
    }
}

/* ---- writing ---- */

static enum group group_of(uint32_t track) {
    if (track & TRACK_TASK || track == TRACK_IDLE || track == TRACK_BOOT)
        return GROUP_TASKS;
    if (track < TRACK_KSWAPD)
        return GROUP_FAULTS;
    if (track < TRACK_WAIT)
        return GROUP_RECLAIM;
    return track == TRACK_WAIT    ? GROUP_WAITS
           : track == TRACK_DISK  ? GROUP_DISKS
           : track == TRACK_ZONES ? GROUP_ZONES
                                  : GROUP_PAGES;
}

static void track_name(uint32_t track, char *text, size_t size) {
    static const char *const names[] = {"direct reclaim", "writeback", "OOM kills", "waits", "requests",
                                        "free pages",     "pages",     "boot",      "idle"};
    if (track < TRACK_KSWAPD)
        snprintf(text, size, "%s", track < FLT_BRANCH_COUNT ? story_branch_name(track) : "untraced");
    else if (track < TRACK_DIRECT)
        snprintf(text, size, "kswapd of node %u", (unsigned)(track - TRACK_KSWAPD));
    else
        snprintf(text, size, "%s", names[track - TRACK_DIRECT]);
}

static void begin_event(struct perfetto *perfetto) {
    fputs(perfetto->written ? ",\n" : "\n", perfetto->to);
    perfetto->written = true;
}

static void write_metadata(struct perfetto *perfetto, const char *what, uint32_t pid, uint32_t tid, const char *name,
                           uint64_t sort) {
    char text[512];
    struct out out;
    out_init(&out, text, sizeof text);
    json_open(&out, NULL, '{');
    json_number(&out, "pid", pid);
    json_number(&out, "tid", tid);
    json_number(&out, "ts", 0);
    json_text(&out, "ph", "M", 2);
    json_text(&out, "cat", "__metadata", 16);
    json_text(&out, "name", what, 32);
    json_open(&out, "args", '{');
    if (name)
        json_text(&out, "name", name, 200);
    else
        json_number(&out, "sort_index", sort);
    json_close(&out, '}');
    json_close(&out, '}');
    out_end(&out);
    begin_event(perfetto);
    fputs(text, perfetto->to);
}

static void write_thread(struct perfetto *perfetto, enum group group, uint32_t tid, const char *name, uint64_t sort) {
    write_metadata(perfetto, "thread_name", GROUP_PID + group, tid, name, 0);
    write_metadata(perfetto, "thread_sort_index", GROUP_PID + group, tid, NULL, sort);
}

static int compare_pids(const void *left, const void *right) {
    const uint32_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void write_tasks(struct perfetto *perfetto) {
    if (perfetto->pid_count > 0)
        qsort(perfetto->pids, perfetto->pid_count, sizeof *perfetto->pids, compare_pids);
    for (size_t i = 0; i < perfetto->pid_count; i++)
        if (i == 0 || perfetto->pids[i] != perfetto->pids[i - 1])
            write_thread(perfetto, GROUP_TASKS, perfetto->pids[i], tasks_comm(&perfetto->tasks, perfetto->pids[i]),
                         perfetto->pids[i]);
}

/* Tracks that have something on them get their thread ids here. */
static void write_tracks(struct perfetto *perfetto) {
    uint32_t tid = FIRST_TID;
    for (uint32_t track = 0; track < TRACKS; track++) {
        char name[64], numbered[80];
        unsigned lanes = perfetto->lanes[track].count;
        perfetto->first_tid[track] = tid;
        track_name(track, name, sizeof name);
        if (!perfetto->used[track])
            continue;
        for (unsigned lane = 0; lane < lanes || lane == 0; lane++) {
            snprintf(numbered, sizeof numbered, lane ? "%s (%u)" : "%s", name, lane + 1);
            write_thread(perfetto, group_of(track), tid, numbered, tid);
            tid++;
        }
    }
}

static void write_groups(struct perfetto *perfetto) {
    bool used[GROUPS] = {false};
    used[GROUP_TASKS] = perfetto->pid_count > 0;
    for (uint32_t track = 0; track < TRACKS; track++)
        used[group_of(track)] |= perfetto->used[track];
    for (uint32_t group = 0; group < GROUPS; group++) {
        if (!used[group])
            continue;
        write_metadata(perfetto, "process_name", GROUP_PID + group, GROUP_PID + group, group_names[group], 0);
        write_metadata(perfetto, "process_sort_index", GROUP_PID + group, GROUP_PID + group, NULL, group);
    }
}

/* Slices get their lanes; pieces are sorted. */
static void place_pieces(struct perfetto *perfetto) {
    for (size_t i = 0; i < perfetto->spool.count; i++) {
        struct spool_piece *piece = &perfetto->spool.pieces[i];
        bool slice = spool_text(&perfetto->spool, piece)[6] == 'X';
        if (slice && piece->track < TRACKS)
            piece->lane = lanes_place(&perfetto->lanes[piece->track], piece->from, piece->from + piece->length_of_time,
                                      piece->who);
    }
}

static void write_microseconds(struct out *out, const char *key, uint64_t blocks) {
    uint64_t ns = blocks * MACHINE_BLOCK_NS;
    json_number(out, key, ns / 1000);
    const char fraction[] = {'.', (char)('0' + ns / 100 % 10), (char)('0' + ns / 10 % 10), (char)('0' + ns % 10)};
    out_bytes(out, fraction, sizeof fraction);
}

static void write_piece(struct perfetto *perfetto, const struct spool_piece *piece) {
    char text[160];
    struct out out;
    const char *rest = spool_text(&perfetto->spool, piece);
    bool task = piece->track & TRACK_TASK;
    if (piece->lane >= LANES_MAX) {
        perfetto->dropped++;
        return;
    }
    out_init(&out, text, sizeof text);
    json_open(&out, NULL, '{');
    json_number(&out, "pid", GROUP_PID + group_of(piece->track));
    json_number(&out, "tid", task ? piece->track & ~TRACK_TASK : perfetto->first_tid[piece->track] + piece->lane);
    write_microseconds(&out, "ts", piece->from);
    if (rest[6] == 'X')
        write_microseconds(&out, "dur", piece->length_of_time);
    out_bytes(&out, ",", 1);
    out_end(&out);
    begin_event(perfetto);
    fputs(text, perfetto->to);
    fwrite(rest, 1, piece->length, perfetto->to);
    fputc('}', perfetto->to);
}

static bool write_all(struct perfetto *perfetto) {
    spool_sort(&perfetto->spool);
    if (!spool_map(&perfetto->spool))
        return false;
    place_pieces(perfetto);
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", perfetto->to);
    write_groups(perfetto);
    write_tasks(perfetto);
    write_tracks(perfetto);
    for (size_t i = 0; i < perfetto->spool.count; i++)
        write_piece(perfetto, &perfetto->spool.pieces[i]);
    fprintf(perfetto->to,
            "\n],\"otherData\":{\"producer\":\"faultline\",\"clock\":\"virtual time, %u ns a basic "
            "block\",\"dropped\":%" PRIu64 "}}\n",
            MACHINE_BLOCK_NS, perfetto->dropped);
    return true;
}

static void read_all(struct perfetto *perfetto, struct trace_reader *reader) {
    const struct trace_entry *entry;
    while ((entry = trace_reader_next(reader))) {
        tasks_learn(&perfetto->tasks, entry);
        follow_entry(perfetto->follow, entry);
        if (entry->kind == TRACE_FAULT)
            on_fault(perfetto, &entry->fault);
        else if (entry->kind == TRACE_EVENT)
            on_event(perfetto, entry);
    }
}

bool export_perfetto(struct trace_reader *reader, FILE *to) {
    struct perfetto perfetto = {
        .to = to, .lanes = calloc(TRACKS, sizeof(struct lanes)), .follow = malloc(sizeof(struct follow))};
    struct follow_listener listener = {&perfetto, on_span, on_zone, on_gauge};
    bool good = spool_open(&perfetto.spool) && perfetto.lanes && perfetto.follow;
    if (good) {
        follow_init(perfetto.follow, &listener);
        read_all(&perfetto, reader);
        write_marks(&perfetto);
        follow_finish(perfetto.follow);
        good =
            !trace_reader_problem(reader) && !perfetto.follow->failed && !perfetto.tasks.failed && write_all(&perfetto);
    }
    spool_close(&perfetto.spool);
    tasks_free(&perfetto.tasks);
    free(perfetto.pids);
    free(perfetto.lanes);
    free(perfetto.follow);
    return good;
}
