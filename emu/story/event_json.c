/*
 * A guest event as one JSON object: the table of event_types.c says which numbers and texts a type has. Schema:
 * docs/trace.md.
 */
#include "emu/story/event_types.h"
#include "emu/story/json.h"
#include "emu/story/story.h"

/* A short record of a known type: what is there is shown. */
static void write_member(struct out *out, const struct flt_record *record, const struct event_member *member) {
    const char *text;
    uint32_t value;
    size_t size = story_event_text(record, member, &text);
    if (size)
        json_text(out, member->key, text, size);
    else if (!story_event_number(record, member, &value))
        return;
    else if (member->form == EVENT_NUMBER)
        json_number(out, member->key, value);
    else if (member->form == EVENT_SIGNED)
        json_signed(out, member->key, (int32_t)value);
    else
        json_hex(out, member->key, value);
}

static void write_raw(struct out *out, const struct flt_record *record) {
    char hex[2 * FLT_RECORD_MAX + 1];
    struct out raw;
    out_init(&raw, hex, sizeof hex);
    for (size_t i = sizeof *record; i < record->bytes && i < FLT_RECORD_MAX; i++)
        out_hex(&raw, ((const uint8_t *)record)[i], 2);
    out_end(&raw);
    json_number(out, "type_number", record->type);
    json_text(out, "raw", hex, sizeof hex);
}

size_t story_event_json(uint64_t blocks, const struct flt_record *record, char *text, size_t size) {
    struct out out;
    const struct event_type *type = story_event_type(record->type);
    out_init(&out, text, size);
    json_open(&out, NULL, '{');
    json_text(&out, "type", type ? type->name : "unknown", 32);
    json_time(&out, "blocks", "ns", blocks);
    json_number(&out, "task", record->task);
    if (!type)
        write_raw(&out, record);
    else
        for (const struct event_member *member = type->members; member->key; member++)
            write_member(&out, record, member);
    json_close(&out, '}');
    return out_end(&out);
}
