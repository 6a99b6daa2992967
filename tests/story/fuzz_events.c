/*
 * Any bytes as a guest's events, with hardware faults in between: nothing crashes, memory stays bounded, every record
 * that closes can be told in every form, the JSON balances. Input: chunks of one length byte and that many bytes of a
 * record.
 */
#include "emu/story/event_types.h"
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
        head.type = data[0] % 120;
        head.bytes = (uint16_t)length;
        head.task = data[2] % 4;
        memcpy(record, &head, length < sizeof head ? length : sizeof head);
        for (size_t i = 2; data[1] & 1 && i < length / 4; i++)
            record[i] &= 0x3003f; /* the same few frames, pages, slots */
    }
    if (length == sizeof(struct flt_fault_begin) && head.type == FLT_FAULT_BEGIN)
        record[2] = (uint32_t)(data[8] % 4) << 12;
    return length;
}

/* The length that a record of the type has that its first byte will make, so that many are well-formed. */
static size_t length_of(uint8_t code, uint8_t first) {
    static const uint8_t lengths[] = {28, 64, 12, 20, 24, 20, 52, 16, 36, 28};
    const struct event_type *type = story_event_type(first % 120);
    if (code < 0x90 && type)
        return type->bytes;
    return code < 0xc0 ? lengths[code % sizeof lengths] : code & 0x3f;
}

/* The log, lives, touched pages and times can be asked whatever was told. */
static void ask(const struct story *story, uint64_t blocks) {
    static struct story_span spans[STORY_SPANS];
    static struct story_sample samples[STORY_SAMPLES];
    static struct story_log_entry life[100];
    uint8_t ages[64];
    uint64_t total;
    char text[400];
    struct story_log_entry entry;
    for (uint64_t number = 1; number <= story_log_count(story); number++) {
        check(story_log_entry(story, number, &entry) && entry.number == number, "the log");
        check(story_log_text(story, &entry, text, sizeof text) == strlen(text), "words");
    }
    for (uint64_t pfn = 0; pfn < 64; pfn++) {
        size_t count = story_life(story, pfn, life, 100, &total);
        check(count <= total && (count == 100 || count == total), "a life is whole");
        for (size_t i = 0; i < count; i++)
            check(life[i].pfn == pfn && (i == 0 || life[i].number > life[i - 1].number), "a life in order");
        story_touched(story, (uint32_t)pfn % 4, pfn << 12);
    }
    story_ages(story, blocks, ages, sizeof ages);
    size_t count = story_spans(story, spans, STORY_SPANS);
    for (size_t i = 0; i < count; i++)
        check(spans[i].kind < SPAN_KINDS && (spans[i].to == 0 || spans[i].to > spans[i].from), "spans");
    count = story_samples(story, samples, STORY_SAMPLES);
    for (size_t i = 1; i < count; i++)
        check(samples[i].blocks > samples[i - 1].blocks, "samples");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
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
        size_t length = length_of(code, at < size ? data[at] : 0);
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
    ask(story, blocks);
    story_finish(story, blocks);
    story_counters(story, &counters);
    check(closed == story_fault_count(story), "every record closes once");
    check(counters.faults_unknown <= closed && story_user_fault_count(story) <= closed, "counters");
    story_destroy(story);
    return 0;
}
