/*
 * What a guest event is made of: for each type of the trace-port ABI its name and its members, so that writers (JSON,
 * Lua, text) are each one loop over a table.
 */
#ifndef FAULTLINE_STORY_EVENT_TYPES_H
#define FAULTLINE_STORY_EVENT_TYPES_H

#include "guestos/include/faultline/trace_abi.h"

#include <stddef.h>

enum event_form { EVENT_NUMBER, EVENT_SIGNED, EVENT_HEX, EVENT_TEXT16, EVENT_TEXT32 };

struct event_member {
    const char *key;
    uint16_t offset; /* bytes from the start of the record */
    uint8_t form;    /* enum event_form; a number has 32 bits, a text 16 or 32 bytes */
};

#define EVENT_MEMBERS_MAX 12u

struct event_type {
    const char *name;
    uint16_t bytes;                                     /* of a record of this type */
    struct event_member members[EVENT_MEMBERS_MAX + 1]; /* key NULL ends */
};

/* NULL: a type that this version does not know. */
const struct event_type *story_event_type(uint16_t type);
int story_event_type_named(const char *name); /* enum flt_type; -1: none */

/* A member's value; a record of a known type may be short. 0: not in the record. */
size_t story_event_text(const struct flt_record *record, const struct event_member *member, const char **text);
int story_event_number(const struct flt_record *record, const struct event_member *member, uint32_t *value);

#endif
