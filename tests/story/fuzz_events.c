/*
 * Any bytes as a guest's events, with hardware faults in between: nothing crashes, memory stays bounded, every record
 * that closes can be told in every form, the JSON balances. Input: chunks of one length byte and that many bytes of a
 * record.
 */
#include "tests/story/fuzz.h"
#include "tests/story/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void tell(void *owner, const struct story_fault *fault) {
    static char text[16384];
    unsigned *closed = owner;
    size_t length = story_fault_json(fault, text, sizeof text);
    ++*closed;
    check(length < sizeof text && text[0] == '{' && text[length - 1] == '}' && strlen(text) == length,
          "JSON of a fault");
    for (size_t i = 0; i < length; i++)
        check(text[i] >= 0x20 && text[i] <= 0x7e, "JSON is ASCII");
    check(story_fault_line(fault, text, sizeof text) == strlen(text), "line");
    check(story_fault_text(fault, text, sizeof text) == strlen(text), "prose");
}

static void pass_on(void *owner, uint64_t blocks, const struct flt_record *record) {
    static char text[16384];
    (void)owner;
    size_t length = story_event_json(blocks, record, text, sizeof text);
    check(length < sizeof text && strlen(text) == length && text[length - 1] == '}', "JSON of an event");
}

/* Small numbers in the header make types, tasks and addresses meet. */
static size_t make_record(const uint8_t *data, size_t length, uint32_t *record) {
    struct flt_record head = {0};
    memcpy(record, data, length);
    if (length >= 3 && data[0] < 0xf0) {
        head.type = data[0] % 50;
        head.bytes = (uint16_t)length;
        head.task = data[2] % 4;
        memcpy(record, &head, length < sizeof head ? length : sizeof head);
    }
    if (length == sizeof(struct flt_fault_begin) && head.type == FLT_FAULT_BEGIN)
        record[2] = (uint32_t)(data[8] % 4) << 12;
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t lengths[] = {28, 64, 12, 20, 24, 20, 52, 16, 36, 28};
    struct story_config config = {.keep = 128};
    unsigned closed = 0;
    struct story_listener listener = {&closed, tell, pass_on, NULL};
    struct story *story = story_create(&config);
    struct story_counters counters;
    uint64_t blocks = 1;
    check(story, "memory");
    story_listen(story, &listener);
    for (size_t at = 0; at < size; blocks++) {
        uint8_t code = data[at++];
        size_t length = code < 0xc0 ? lengths[code % sizeof lengths] : code & 0x3f;
        uint32_t record[FLT_RECORD_MAX / 4 + 1] = {0};
        if (code % 3 == 0 && at < size) {
            struct cpu_page_fault fault =
                script_fault((uint64_t)(data[at] % 4) << 12, code % 2, MMU_RULE_NOT_PRESENT, code);
            fault.blocks = blocks;
            fault.instruction_bytes = code;
            memcpy(fault.instruction, data + at, size - at < 15 ? size - at : 15);
            story_page_fault(story, &fault, NULL);
        }
        length = length < size - at ? length : size - at;
        story_guest_event(story, blocks, record, make_record(data + at, length, record));
        at += length;
    }
    story_finish(story, blocks);
    story_counters(story, &counters);
    check(closed == story_fault_count(story), "every record closes once");
    check(counters.faults_unknown <= closed && story_user_fault_count(story) <= closed, "counters");
    story_destroy(story);
    return 0;
}
