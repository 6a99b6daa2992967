/* What happened: fault records, walks, the log of events. */
#include "emu/cli/internal.h"
#include "emu/story/event_types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 20u
#define LIST_MAX 100000u

/* ---- faults ---- */

static const struct story_fault *fault_of(struct cli *cli, const struct words *words) {
    uint64_t number = cli->fault;
    session_see_entry(cli->session);
    if (words->count > 1 && !words_number(cli, "N", words->word[1], &number))
        return NULL;
    if (number == 0) {
        fail(cli, "no fault is on show yet; `n` goes to the program's next one");
        return NULL;
    }
    const struct story_fault *fault = story_fault_by_number(session_story(cli->session), number);
    if (!fault)
        fail(cli, "there is no fault %" PRIu64 " in the records; `faults` lists the last ones", number);
    return fault;
}

void run_fault(struct cli *cli, const struct words *words) {
    const struct story_fault *fault = fault_of(cli, words);
    if (!fault)
        return;
    cli->fault = fault->number;
    story_fault_text(fault, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
}

static bool list_length(struct cli *cli, const struct words *words, uint64_t *length) {
    *length = LIST_DEFAULT;
    if (words->count > 1 && !words_number(cli, "N", words->word[1], length))
        return false;
    if (*length > LIST_MAX)
        *length = LIST_MAX;
    return true;
}

void run_faults(struct cli *cli, const struct words *words) {
    uint64_t length;
    size_t total = session_shown_faults(cli->session);
    if (!list_length(cli, words, &length))
        return;
    session_see_entry(cli->session);
    if (total == 0)
        say(cli, "%s has taken no page fault yet\n", session_kernelview(cli->session) ? "the program" : "the guest");
    for (size_t position = total > length ? total - length + 1 : 1; position <= total; position++) {
        uint64_t number = session_shown_number(cli->session, position);
        const struct story_fault *fault = story_fault_by_number(session_story(cli->session), number);
        if (!fault)
            continue;
        story_fault_line(fault, cli->text, sizeof(cli->text));
        say(cli, "%s%s\n", number == cli->fault ? "> " : "  ", cli->text);
    }
}

/* ---- walks ---- */

void run_walk(struct cli *cli, const struct words *words) {
    const struct story_fault *fault = NULL;
    struct mmu_walk walk;
    uint64_t linear;
    if (words->count < 2) {
        if (!(fault = fault_of(cli, words)))
            return;
        walk = fault->walk;
    } else {
        if (!words_address(cli, words->rest, &linear))
            return;
        const struct mmu_context space = session_space(cli->session);
        mmu_peek(&space, session_access(cli->session, linear), &walk);
    }
    mmu_explain(&walk, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
}

void run_explain(struct cli *cli, const struct words *words) {
    uint64_t linear;
    if (!words_address(cli, words->rest, &linear))
        return;
    session_explain(cli->session, linear, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
}

/* ---- events ---- */

static void say_entry(struct cli *cli, const struct story_log_entry *entry) {
    char time[32];
    story_log_text(session_story(cli->session), entry, cli->text, sizeof(cli->text));
    say(cli, "%7" PRIu64 " %13s  pid %-4" PRIu32 " %s\n", entry->number, words_milliseconds(entry->blocks, time),
        entry->pid, cli->text);
}

/* The number of the `length`-th entry of that type from the end, or of the oldest. */
static uint64_t find_start(const struct story *story, int type, uint64_t length) {
    struct story_log_entry entry;
    uint64_t number = story_log_count(story), start = number + 1;
    for (; number > 0 && length > 0 && story_log_entry(story, number, &entry); number--)
        if (type < 0 || entry.type == type) {
            start = number;
            length--;
        }
    return start;
}

void run_events(struct cli *cli, const struct words *words) {
    const struct story *story = session_story(cli->session);
    struct story_log_entry entry;
    uint64_t length;
    int type = -1;
    if (!list_length(cli, words, &length))
        return;
    if (words->count > 2 && (type = story_event_type_named(words->word[2])) < 0) {
        fail(cli, "there is no event '%.40s'; the TAB key completes their names, docs/trace.md explains them",
             words->word[2]);
        return;
    }
    uint64_t number = find_start(story, type, length);
    if (!story_log_entry(story, number, &entry))
        say(cli, "no such event yet\n");
    for (; story_log_entry(story, number, &entry); number++)
        if (type < 0 || entry.type == type)
            say_entry(cli, &entry);
}

void run_life(struct cli *cli, const struct words *words) {
    const struct story *story = session_story(cli->session);
    struct story_log_entry *life = calloc(SELECTION_LIFE, sizeof(*life));
    uint64_t pfn, total = 0;
    if (!life || !words_hex(cli, "PFN", words->word[1], &pfn)) {
        free(life);
        return;
    }
    size_t count = story_life(story, pfn, life, SELECTION_LIFE, &total);
    if (count == 0)
        say(cli, "nothing is known of frame %05" PRIx64 "\n", pfn);
    else if (count < total)
        say(cli, "frame %05" PRIx64 ": the newest %zu of %" PRIu64 " things that happened to it\n", pfn, count, total);
    for (size_t i = 0; i < count; i++)
        say_entry(cli, &life[i]);
    free(life);
}
