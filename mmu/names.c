/*
 * Words for rules, levels, modes and error codes: the field's own terms, as the SDM and Linux use them.
 */
#include "mmu/entry.h"
#include "mmu/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void text_init(struct text *text, char *buffer, size_t size) {
    *text = (struct text){buffer, size, 0};
    if (size > 0)
        buffer[0] = '\0';
}

void text_add(struct text *text, const char *format, ...) {
    size_t left = text->length < text->size ? text->size - text->length : 0;
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(left > 0 ? text->buffer + text->length : NULL, left, format, arguments);
    va_end(arguments);
    if (added > 0)
        text->length += (size_t)added;
}

const char *mmu_rule_name(enum mmu_rule rule) {
    switch (rule) {
    case MMU_RULE_NONE: return "none";
    case MMU_RULE_NOT_PRESENT: return "not present";
    case MMU_RULE_RESERVED: return "reserved bit";
    case MMU_RULE_READ_ONLY: return "read-only";
    case MMU_RULE_SUPERVISOR_ONLY: return "supervisor only";
    case MMU_RULE_NO_EXECUTE: return "no execute";
    case MMU_RULE_SMEP: return "SMEP";
    case MMU_RULE_SMAP: return "SMAP";
    case MMU_RULE_PROTECTION_KEY: return "protection key";
    case MMU_RULE_NON_CANONICAL: return "non-canonical";
    }
    return "unknown rule";
}

const char *mmu_level_name(uint8_t level) {
    static const char *const names[] = {"page", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};
    return level < sizeof names / sizeof names[0] ? names[level] : "unknown level";
}

const char *mmu_mode_name(enum mmu_mode mode) {
    switch (mode) {
    case MMU_MODE_NONE: return "no paging";
    case MMU_MODE_32BIT: return "32-bit paging";
    case MMU_MODE_PAE: return "PAE paging";
    case MMU_MODE_4LEVEL: return "4-level paging";
    case MMU_MODE_5LEVEL: return "5-level paging";
    }
    return "unknown mode";
}

static const char *access_word(uint32_t error_code) {
    if (error_code & MMU_ERR_W)
        return "write";
    return error_code & MMU_ERR_ID ? "fetch" : "read";
}

size_t mmu_error_code_text(uint32_t error_code, char *text, size_t size) {
    const uint32_t known = MMU_ERR_P | MMU_ERR_W | MMU_ERR_U | MMU_ERR_RSVD | MMU_ERR_ID | MMU_ERR_PK;
    struct text out;
    text_init(&out, text, size);
    text_add(&out, "%s", error_code & MMU_ERR_P ? "present" : "not present");
    text_add(&out, " + %s", access_word(error_code));
    if ((error_code & MMU_ERR_W) && (error_code & MMU_ERR_ID))
        text_add(&out, " + fetch");
    text_add(&out, " + %s", error_code & MMU_ERR_U ? "user" : "supervisor");
    if (error_code & MMU_ERR_RSVD)
        text_add(&out, " + reserved bit");
    if (error_code & MMU_ERR_PK)
        text_add(&out, " + protection key");
    if (error_code & ~known)
        text_add(&out, " + unknown 0x%x", (unsigned)(error_code & ~known));
    return out.length;
}
