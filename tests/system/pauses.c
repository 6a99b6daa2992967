/*
 * A pause changes nothing that the guest can see: a free run, a second free run, and a run that is paused at fifty
 * arbitrary points of virtual time give the same events, the same fault records, the same console bytes and the same
 * clock. Embeds libfaultline as any other program would.
 */
#include "emu/faultline.h"
#include "tests/debug/images.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAUSES 50
#define TEXT_MAX 16384

struct run {
    FILE *stream; /* into bytes */
    char *bytes, *text;
    size_t size;
    vtime end;
    enum machine_stop stop;
    int status;
};

static void on_console(void *owner, const char *bytes, size_t count) {
    struct run *run = owner;
    fwrite(bytes, 1, count, run->stream);
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct run *run = owner;
    story_event_json(blocks, record, run->text, TEXT_MAX);
    fprintf(run->stream, "%s\n", run->text);
}

static void on_fault(void *owner, const struct story_fault *fault) {
    struct run *run = owner;
    story_fault_json(fault, run->text, TEXT_MAX);
    fprintf(run->stream, "%s\n", run->text);
}

static void run_once(struct run *run, const struct session_blob images[3], vtime whole, unsigned seed) {
    char error[300];
    run->text = malloc(TEXT_MAX);
    run->stream = open_memstream(&run->bytes, &run->size);
    struct session_config config = {
        .ram_bytes = 32u << 20,
        .rom = {images[0].data, images[0].size},
        .kernel = {images[1].data, images[1].size},
        .initrd = {images[2].data, images[2].size},
        .cmdline = "",
        .program_name = "first-faults",
        .story = true,
        .owner = run,
        .on_console = on_console,
        .on_event = on_event,
        .on_fault = on_fault,
    };
    struct session *session = session_create(&config, error, sizeof(error));
    if (!session) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    vtime at[PAUSES];
    for (unsigned i = 0; i < PAUSES && seed; i++) {
        seed = seed * 1103515245u + 12345u;
        at[i] = whole * (i + 1) / (PAUSES + 2) + (seed >> 8) % (whole / (PAUSES + 2) + 1);
    }
    run->stop = MACHINE_STOP_LIMIT;
    for (unsigned i = 0; i < PAUSES && seed && run->stop == MACHINE_STOP_LIMIT; i++) {
        run->stop = session_run(session, at[i]);
        view_free(session_view(session, 0, VIEW_PAUSED));
    }
    if (run->stop == MACHINE_STOP_LIMIT)
        run->stop = session_run(session, 60000000000ull);
    session_finish(session);
    run->end = machine_now(session_machine(session));
    run->status = machine_exit_status(session_machine(session));
    session_destroy(session);
    fclose(run->stream);
    free(run->text);
}

static bool check(int number, bool good, const char *name) {
    printf("%s %d - %s\n", good ? "ok" : "not ok", number, name);
    return good;
}

static bool same(const struct run *a, const struct run *b) {
    if (a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0 && a->end == b->end)
        return true;
    size_t i = 0;
    while (i < a->size && i < b->size && a->bytes[i] == b->bytes[i])
        i++;
    size_t from = i > 300 ? i - 300 : 0;
    printf("# differ at byte %zu of %zu and %zu; ends %" PRIu64 " and %" PRIu64 "\n", i, a->size, b->size, a->end,
           b->end);
    printf("# first: %.*s\n# second: %.*s\n", 600, a->bytes + from, 600, b->bytes + from);
    return false;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: pauses ROM KERNEL INITRAMFS\n");
        return 2;
    }
    struct session_blob images[3];
    for (int i = 0; i < 3; i++)
        images[i] = image_read(argv[i + 1]);
    struct run free_run = {0}, again = {0}, paused[3] = {{0}};
    run_once(&free_run, images, 0, 0);
    run_once(&again, images, 0, 0);
    bool good = check(1, free_run.stop == MACHINE_STOP_EXIT && free_run.status == 0, "the run ends with status 0");
    good = check(2, free_run.size > 10000, "the run leaves a trace") && good;
    good = check(3, same(&free_run, &again), "two runs are the same, byte for byte") && good;
    for (unsigned i = 0; i < 3; i++) {
        run_once(&paused[i], images, free_run.end, 77u + i);
        good = check(4 + (int)i, same(&free_run, &paused[i]), "a run paused at fifty points is the same") && good;
        free(paused[i].bytes);
    }
    printf("1..6\n# %zu bytes of trace, %" PRIu64 " ns of virtual time\n", free_run.size, free_run.end);
    free(free_run.bytes);
    free(again.bytes);
    for (int i = 0; i < 3; i++)
        image_free(images[i]);
    return good ? 0 : 1;
}
