/* The pieces of JSON that the two exporters share: comma handling, keys, hexadecimal strings. Schema: docs/trace.md. */
#ifndef FAULTLINE_STORY_JSON_H
#define FAULTLINE_STORY_JSON_H

#include "emu/story/out.h"

#include <stdbool.h>

void json_open(struct out *out, const char *key, char bracket); /* key NULL: an element of an array */
void json_close(struct out *out, char bracket);
void json_number(struct out *out, const char *key, uint64_t value);
void json_signed(struct out *out, const char *key, int64_t value);
void json_hex(struct out *out, const char *key, uint64_t value); /* "0x1a" */
void json_bool(struct out *out, const char *key, bool value);
void json_text(struct out *out, const char *key, const char *text, size_t size); /* key NULL: an element */
void json_null(struct out *out, const char *key);
void json_time(struct out *out, const char *blocks_key, const char *ns_key, uint64_t blocks);

#endif
