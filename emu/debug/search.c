/*
 * Looking something up by one line of text, and selecting it for all panels:
 *
 *     frame 2c11     fault 18     event 91     [heap] or another region's name     any place of debugger_resolve()
 */
#include "emu/debug/debugger_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct search {
    struct session *session;
    const char *text;
    char *said;
    size_t size;
    uint64_t fault;
};

/* The number behind a word: base 16 takes 0x as well. False: the text does not begin with the word. */
static bool numbered(const struct search *search, const char *word, int base, uint64_t *number, bool *good) {
    size_t length = strlen(word);
    if (strncasecmp(search->text, word, length) != 0 || search->text[length] != ' ')
        return false;
    const char *digits = search->text + length + strspn(search->text + length, " ");
    char *end;
    *number = strtoull(digits, &end, base);
    *good = end != digits && !*end && digits[0] != '-' && digits[0] != '+';
    if (!*good)
        snprintf(search->said, search->size, "'%s' is no number of a %s: it is written in %s digits", digits, word,
                 base == 16 ? "hexadecimal" : "decimal");
    return true;
}

static bool find_frame(struct search *search, uint64_t pfn) {
    uint64_t frames = machine_ram_bytes(search->session->machine) >> MMU_PAGE_SHIFT;
    if (pfn >= frames) {
        snprintf(search->said, search->size, "there is no frame %05" PRIx64 ": the last one is %05" PRIx64, pfn,
                 frames - 1);
        return false;
    }
    session_select(search->session, SELECT_FRAME, (int64_t)pfn);
    snprintf(search->said, search->size, "frame %05" PRIx64 " is selected", pfn);
    return true;
}

/* By its number, or else by its place among the faults on show. */
static bool find_fault(struct search *search, uint64_t number) {
    size_t count = session_shown_faults(search->session);
    size_t position = session_fault_position(search->session, number);
    if (!position && number >= 1 && number <= count)
        position = (size_t)number;
    search->fault = position ? session_shown_number(search->session, position) : 0;
    if (search->fault)
        snprintf(search->said, search->size, "fault %" PRIu64 ", %zu of %zu", search->fault, position, count);
    else if (count)
        snprintf(search->said, search->size,
                 "there is no fault %" PRIu64 "; so far there are %zu, the last is fault %" PRIu64, number, count,
                 session_shown_number(search->session, 0));
    else
        snprintf(search->said, search->size, "there are no faults of the program yet");
    return search->fault != 0;
}

static bool find_event(struct search *search, uint64_t number) {
    struct story_log_entry entry;
    const struct story *story = search->session->story;
    uint64_t count = story ? story_log_count(story) : 0;
    if (!story || !story_log_entry(story, number, &entry)) {
        snprintf(search->said, search->size,
                 number && number <= count ? "event %" PRIu64 " is no longer kept; there were %" PRIu64
                                           : "there is no event %" PRIu64 "; so far there are %" PRIu64,
                 number, count);
        return false;
    }
    session_select(search->session, SELECT_EVENT, (int64_t)number);
    int length = snprintf(search->said, search->size, "event %" PRIu64 ": ", number);
    if (length > 0 && (size_t)length < search->size)
        story_log_text(story, &entry, search->said + length, search->size - (size_t)length);
    return true;
}

static bool is_region(const struct kv_vma *vma, const char *text) {
    const char *slash = strrchr(vma->name, '/');
    return vma->name[0] && (strcmp(vma->name, text) == 0 || (slash && strcmp(slash + 1, text) == 0));
}

/* A region of the program's address space by its name. */
static bool find_region(struct search *search) {
    struct session *session = search->session;
    int pid = session_space_task(session);
    struct kv_snapshot *now =
        session->kernelview ? kernelview_snapshot(session->kernelview, machine_mmu(session->machine), pid) : NULL;
    bool found = false;
    for (size_t i = 0; now && !found && i < now->space.vma_count; i++) {
        const struct kv_vma *vma = &now->space.vmas[i];
        if (!(found = is_region(vma, search->text)))
            continue;
        session_select(session, SELECT_VMA, (int64_t)vma->start);
        snprintf(search->said, search->size, "%s is at %08" PRIx64 "-%08" PRIx64, vma->name, vma->start, vma->end);
    }
    kernelview_snapshot_free(now);
    return found;
}

static bool find_place(struct search *search) {
    struct resolved place;
    char error[240];
    if (!resolve_where(search->session->debugger, search->text, &place, error, sizeof error)) {
        if (find_region(search))
            return true;
        snprintf(search->said, search->size, "%s", error);
        return false;
    }
    struct out out;
    session_select(search->session, SELECT_PAGE, (int64_t)(place.linear & 0xffffffffffffff));
    out_init(&out, search->said, search->size);
    out_format(&out, "%s is at %08" PRIx64, search->text, place.linear);
    if (place.image) {
        out_string(&out, place.image == search->session->kernel_image ? " in the kernel" : " in the program");
        resolve_line(place.image, place.linear, &out);
    }
    out_end(&out);
    return true;
}

bool session_search(struct session *session, const char *text, uint64_t *fault, char *said, size_t size) {
    char line[CONDITION_TEXT + 1];
    uint64_t number;
    bool good;
    snprintf(line, sizeof line, "%s", text + strspn(text, " \t"));
    for (size_t length = strlen(line); length > 0 && strchr(" \t\n", line[length - 1]); length--)
        line[length - 1] = '\0';
    struct search search = {.session = session, .text = line, .said = said, .size = size};
    *fault = 0;
    if (!line[0]) {
        snprintf(said, size, "say what: an address, a symbol, FILE:LINE, frame 2c11, fault 18, event 91 or [heap]");
        return false;
    }
    if (numbered(&search, "frame", 16, &number, &good))
        return good && find_frame(&search, number);
    if (numbered(&search, "event", 10, &number, &good))
        return good && find_event(&search, number);
    if (numbered(&search, "fault", 10, &number, &good)) {
        good = good && find_fault(&search, number);
        *fault = search.fault;
        return good;
    }
    return find_place(&search);
}
