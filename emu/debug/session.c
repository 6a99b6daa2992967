/*
 * A session: see session.h. Data flows one way: machine callbacks -> story, console, hooks; views are copies.
 */
#include "emu/debug/console.h"
#include "emu/debug/internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the machine's callbacks ---- */

static void on_console(void *owner, uint8_t byte) {
    struct session *session = owner;
    console_put(&session->console, byte);
    if (session->config.on_console)
        session->config.on_console(session->config.owner, (const char *)&byte, 1);
}

static void log_line_done(struct session *session) {
    const char *line = session->log_line;
    int level = 4;
    session->log_line[session->log_length] = '\0';
    session->log_length = 0;
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        level = line[1] - '0';
        line += 3;
    }
    if (session->config.on_log)
        session->config.on_log(session->config.owner, level, line);
}

static void on_debug_console(void *owner, uint8_t byte) {
    struct session *session = owner;
    if (byte == '\r')
        return;
    if (byte == '\n' || session->log_length == LOG_LINE_MAX - 1)
        log_line_done(session);
    if (byte != '\n')
        session->log_line[session->log_length++] = (char)byte;
}

static void watch_program(struct session *session, const struct flt_record *record, size_t bytes) {
    if (record->type == FLT_BOOT_PHASE && bytes >= sizeof(struct flt_boot_phase)) {
        const struct flt_boot_phase *phase = (const struct flt_boot_phase *)(const void *)record;
        if (phase->phase == FLT_PHASE_PROGRAM_START && !session->program_started) {
            session->program_started = true;
            session->program_pid = record->task;
        }
    }
    if (record->type == FLT_TASK_EXIT && bytes >= sizeof(struct flt_task_exit) && session->program_started &&
        !session->program_ended) {
        const struct flt_task_exit *gone = (const struct flt_task_exit *)(const void *)record;
        if (gone->pid != session->program_pid)
            return;
        session->program_ended = true;
        if (session->config.on_program_exit)
            session->config.on_program_exit(session->config.owner, gone->status);
    }
}

#define KERNEL_START 0xC0000000u
#define KERNEL_STACK 8192u
#define RBP 5u

/* A run of the guest's memory, so that the frames of one stack cost one walk. */
struct near {
    const uint8_t *host;
    uint64_t from, bytes; /* linear */
};

static bool read_pair(const struct mmu_context *mmu, struct near *near, uint64_t linear, uint32_t pair[2]) {
    const size_t size = 2 * sizeof(pair[0]);
    if (!near->host || linear < near->from || linear - near->from > near->bytes) {
        near->from = linear;
        near->host = mmu_peek_run(mmu, mmu_linear(linear), &near->bytes);
    }
    if (near->host && near->bytes - (linear - near->from) >= size) {
        memcpy(pair, near->host + (linear - near->from), size);
        return true;
    }
    return mmu_peek_read(mmu, mmu_linear(linear), pair, size) == size;
}

/* The kernel's own calls that led to the branch of a fault, by its frame pointers: from whoever told of it up to
 * do_page_fault(), which the entry stub has called. */
static void tell_call_path(struct session *session, uint32_t pid) {
    uint32_t path[STORY_PATH_MAX], pair[2]; /* at a frame: the caller's frame, and where it goes on */
    unsigned count = 0;
    struct cpu *cpu = machine_cpu(session->machine);
    const struct mmu_context *mmu = cpu_mmu_running(cpu);
    struct near near = {0};
    for (uint32_t frame = (uint32_t)cpu_read_gpr(cpu, RBP); count < STORY_PATH_MAX && frame >= KERNEL_START;) {
        if (!read_pair(mmu, &near, frame, pair) || pair[1] < KERNEL_START)
            break;
        path[count++] = pair[1];
        if (pair[1] - session->fault_entry < session->fault_entry_size || pair[0] - frame >= KERNEL_STACK)
            break;
        frame = pair[0];
    }
    story_call_path(session->story, pid, path, count);
}

static void on_trace(void *owner, uint64_t blocks, const void *bytes, size_t size) {
    struct session *session = owner;
    const struct flt_record *record = bytes;
    if (session->story && !story_guest_event(session->story, blocks, bytes, size))
        return;
    if (session->story && record->type == FLT_FAULT_BRANCH)
        tell_call_path(session, record->task);
    watch_program(session, record, size);
}

static void on_entry_update(void *owner, const struct mmu_walk *walk) {
    struct session *session = owner;
    if (!debugger_wants_entries(session->debugger))
        return;
    uint32_t pid = story_current_task(session->story);
    for (unsigned i = 0; i < walk->count && i < MMU_MAX_LEVELS; i++) {
        const struct mmu_step *step = &walk->steps[i];
        const struct condition_entry entry = {
            walk->access.linear.value,           step->at.value, step->before, step->after, step->level, pid,
            story_task_name(session->story, pid)};
        if (step->before != step->after)
            debugger_on_entry(session->debugger, &entry);
    }
}

static bool on_page_fault(void *owner, const struct cpu_page_fault *fault) {
    struct session *session = owner;
    if (session->story)
        story_page_fault(session->story, fault, cpu_mmu_running(machine_cpu(session->machine)));
    return false;
}

/* ---- the story's callbacks ---- */

static bool remember_shown(struct shown_faults *shown, uint64_t number) {
    if (shown->count == shown->capacity) {
        size_t capacity = shown->capacity ? shown->capacity * 2 : 256;
        uint64_t *numbers = realloc(shown->numbers, capacity * sizeof(*numbers));
        if (!numbers)
            return false;
        shown->numbers = numbers;
        shown->capacity = capacity;
    }
    shown->numbers[shown->count++] = number;
    return true;
}

static void on_fault_closed(void *owner, const struct story_fault *fault) {
    struct session *session = owner;
    if (fault->shown)
        remember_shown(&session->shown, fault->number);
    debugger_on_fault(session->debugger, fault);
    if (session->config.on_fault)
        session->config.on_fault(session->config.owner, fault);
}

static void on_fault_opened(void *owner, const struct story_fault *fault) {
    struct session *session = owner;
    debugger_on_fault_opened(session->debugger, fault);
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct session *session = owner;
    debugger_on_event(session->debugger, blocks, record);
    if (session->config.on_event)
        session->config.on_event(session->config.owner, blocks, record);
}

/* ---- life ---- */

static void add_file(struct session *session, const char *name, struct session_blob blob) {
    if (blob.size > 0)
        session->files[session->file_count++] = (struct machine_file){name, blob.data, blob.size};
}

static struct image *open_optional_image(struct session_blob blob) {
    char ignored[160];
    return blob.size > 0 ? image_open(blob.data, blob.size, ignored, sizeof(ignored)) : NULL;
}

static bool make_watchers(struct session *session) {
    session->kernel_image = open_optional_image(session->config.kernel);
    session->program_image = open_optional_image(session->config.program);
    if (session->kernel_image)
        image_symbol(session->kernel_image, "do_page_fault", &session->fault_entry, &session->fault_entry_size);
    if (session->kernel_image)
        session->kernelview =
            kernelview_create(session->kernel_image, session->kernelview_error, sizeof(session->kernelview_error));
    else
        snprintf(session->kernelview_error, sizeof(session->kernelview_error),
                 "this kernel's structures are not known (it is no ELF file): the page tables alone tell");
    if (!session->config.story)
        return true;
    const char *directory = session->config.program_directory;
    struct story_config config = {.kernel = session->kernel_image,
                                  .foreign = !session->kernelview,
                                  .program = session->program_image,
                                  .program_directory = directory && directory[0] ? directory : NULL};
    session->story = story_create(&config);
    if (!session->story)
        return false;
    struct story_listener listener = {
        .owner = session, .fault_closed = on_fault_closed, .event = on_event, .fault_opened = on_fault_opened};
    story_listen(session->story, &listener);
    return true;
}

/* Without a listener the trace port is absent, and the guest pays nothing for its events. */
static bool session_listens(const struct session *session) {
    return session->config.story || session->config.on_event || session->config.on_program_exit;
}

static bool make_machine(struct session *session, char *error, size_t error_size) {
    add_file(session, "opt/faultline/kernel", session->config.kernel);
    add_file(session, "opt/faultline/initrd", session->config.initrd);
    struct session_blob cmdline = {session->config.cmdline, strlen(session->config.cmdline) + 1};
    add_file(session, "opt/faultline/cmdline", cmdline);
    struct machine_config config = {
        .ram_bytes = session->config.ram_bytes,
        .nodes = session->config.nodes,
        .rom = session->config.rom.data,
        .rom_bytes = session->config.rom.size,
        .files = session->files,
        .file_count = session->file_count,
        .disks = session->config.disks,
        .disk_count = session->config.disk_count,
        .power_cut_blocks = session->config.power_cut_blocks,
        .power_cut_requests = session->config.power_cut_requests,
        .owner = session,
        .on_console = on_console,
        .on_debug_console = on_debug_console,
        .on_trace = session_listens(session) ? on_trace : NULL,
        .on_page_fault = session->config.story ? on_page_fault : NULL,
        .on_entry_update = session->config.story ? on_entry_update : NULL,
        .record_faults = session->config.story,
    };
    session->machine = machine_create(&config, error, error_size);
    if (session->machine && session->kernelview && session->config.story) { /* A and D bits are told of with a story */
        struct cpu_writes writes = cpu_writes(machine_cpu(session->machine));
        kernelview_know_writes(session->kernelview, (struct kv_writes){writes.last, writes.frames, writes.mark});
    }
    return session->machine != NULL;
}

struct session *session_create(const struct session_config *config, char *error, size_t error_size) {
    struct session *session = calloc(1, sizeof(*session));
    if (!session) {
        snprintf(error, error_size, "no memory on the host for a session; free some and try again");
        return NULL;
    }
    session->config = *config;
    console_clear(&session->console);
    if (!make_watchers(session)) {
        snprintf(error, error_size, "no memory on the host for fault records; free some and try again");
        session_destroy(session);
        return NULL;
    }
    if (!(session->debugger = debugger_create(session))) {
        snprintf(error, error_size, "no memory on the host for a debugger; free some and try again");
        session_destroy(session);
        return NULL;
    }
    if (!make_machine(session, error, error_size)) {
        session_destroy(session);
        return NULL;
    }
    return session;
}

void session_destroy(struct session *session) {
    if (!session)
        return;
    debugger_destroy(session->debugger);
    if (session->machine)
        machine_destroy(session->machine);
    if (session->story)
        story_destroy(session->story);
    kernelview_destroy(session->kernelview);
    if (session->kernel_image)
        image_close(session->kernel_image);
    if (session->program_image)
        image_close(session->program_image);
    free(session->shown.numbers);
    free(session);
}

/* ---- running ---- */

enum machine_stop session_run(struct session *session, vtime limit) { return machine_run(session->machine, limit); }

void session_finish(struct session *session) {
    if (session->log_length > 0)
        log_line_done(session);
    if (session->story)
        story_finish(session->story, machine_blocks(session->machine));
}

struct kernelview *session_kernelview(struct session *session) {
    return session->kernelview;
}
struct machine *session_machine(struct session *session) {
    return session->machine;
}
const struct story *session_story(const struct session *session) { return session->story; }
bool session_program_started(const struct session *session) {
    return session->program_started || machine_post_code(session->machine) == FLT_POST_PROGRAM;
}
void session_see_entry(struct session *session) {
    if (session->story)
        story_see_entry(session->story, machine_mmu(session->machine));
}

size_t session_shown_faults(const struct session *session) { return session->shown.count; }

uint64_t session_shown_number(const struct session *session, size_t position) {
    const struct shown_faults *shown = &session->shown;
    if (position == 0)
        position = shown->count;
    return position > 0 && position <= shown->count ? shown->numbers[position - 1] : 0;
}

size_t session_fault_position(const struct session *session, uint64_t number) {
    for (size_t i = 0; i < session->shown.count; i++)
        if (session->shown.numbers[i] == number)
            return i + 1;
    return 0;
}

/* ---- whose an address is ---- */

bool session_in_kernel(const struct session *session, uint64_t linear) {
    const struct mmu_context *mmu = machine_mmu(session->machine);
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = MMU_READ, .user = true};
    struct mmu_walk walk;
    if (session->kernelview)
        return linear >= KERNEL_START && linear <= UINT32_MAX;
    if (mmu->mode == MMU_MODE_NONE)
        return true;
    mmu_peek(mmu, access, &walk);
    return walk.result.status != MMU_OK && walk.result.rule != MMU_RULE_NOT_PRESENT;
}

const struct image *session_image_at(const struct session *session, uint64_t linear) {
    bool program = session->kernelview ? linear < KERNEL_START : session->program_image && linear < KERNEL_START;
    return program ? session->program_image : session->kernel_image;
}

struct mmu_access session_access(const struct session *session, uint64_t linear) {
    bool user = session->kernelview ? linear < KERNEL_START : !session_in_kernel(session, linear);
    return (struct mmu_access){.linear = mmu_linear(linear), .kind = MMU_READ, .user = user};
}

/* ---- explanation ---- */

static size_t explain_region(struct session *session, uint64_t linear, char *text, size_t size) {
    struct kv_snapshot *now = session->kernelview
                                  ? kernelview_snapshot(session->kernelview, machine_mmu(session->machine),
                                                        session->chosen_task ? session->chosen_task : -1)
                                  : NULL;
    if (!now)
        return 0;
    int length = snprintf(text, size, "region: none holds it\n");
    for (size_t i = 0; i < now->space.vma_count; i++) {
        const struct kv_vma *vma = &now->space.vmas[i];
        if (linear < vma->start || linear >= vma->end)
            continue;
        length = snprintf(text, size, "region: %08" PRIx64 "-%08" PRIx64 " %c%c%c%c %s of %s (pid %d)\n", vma->start,
                          vma->end, vma->flags & 1 ? 'r' : '-', vma->flags & 2 ? 'w' : '-', vma->flags & 4 ? 'x' : '-',
                          vma->flags & 8 ? 's' : 'p', vma->name[0] ? vma->name : "anonymous memory", now->space.comm,
                          now->space.pid);
        break;
    }
    kernelview_snapshot_free(now);
    return length > 0 ? (size_t)length : 0;
}

size_t session_explain(struct session *session, uint64_t linear, char *text, size_t size) {
    struct mmu_walk walk;
    const struct mmu_context space = session_space(session);
    mmu_peek(&space, session_access(session, linear), &walk);
    size_t used = mmu_explain(&walk, text, size);
    if (used < size)
        used += explain_region(session, linear, text + used, size - used);
    return used;
}
