/* See json.h. A comma goes before every member whose predecessor is not an opening bracket. */
#include "emu/story/json.h"

#include "emu/machine/machine.h"

static void json_key(struct out *out, const char *key) {
    if (!out->fresh)
        out_bytes(out, ",", 1);
    out->fresh = false;
    if (!key)
        return;
    out_bytes(out, "\"", 1);
    out_string(out, key);
    out_bytes(out, "\":", 2);
}

void json_open(struct out *out, const char *key, char bracket) {
    json_key(out, key);
    out_bytes(out, &bracket, 1);
    out->fresh = true;
}

void json_close(struct out *out, char bracket) {
    out_bytes(out, &bracket, 1);
    out->fresh = false;
}

void json_number(struct out *out, const char *key, uint64_t value) {
    json_key(out, key);
    out_decimal(out, value);
}

void json_signed(struct out *out, const char *key, int64_t value) {
    json_key(out, key);
    if (value < 0)
        out_bytes(out, "-", 1);
    out_decimal(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_hex(struct out *out, const char *key, uint64_t value) {
    json_key(out, key);
    out_bytes(out, "\"0x", 3);
    out_hex(out, value, 1);
    out_bytes(out, "\"", 1);
}

void json_bool(struct out *out, const char *key, bool value) {
    json_key(out, key);
    out_string(out, value ? "true" : "false");
}

void json_text(struct out *out, const char *key, const char *text, size_t size) {
    json_key(out, key);
    out_json_string(out, text, size);
}

void json_null(struct out *out, const char *key) {
    json_key(out, key);
    out_string(out, "null");
}

void json_time(struct out *out, const char *blocks_key, const char *ns_key, uint64_t blocks) {
    json_number(out, blocks_key, blocks);
    json_number(out, ns_key, blocks * MACHINE_BLOCK_NS);
}
