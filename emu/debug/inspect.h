/*
 * What stands at a place in memory while the machine stands: instructions, symbols, source lines, the calls that led
 * here. Everything is read by peek; the guest is not trusted: every chain is bounded and must go up the stack.
 */
#ifndef FAULTLINE_INSPECT_H
#define FAULTLINE_INSPECT_H

#include "emu/image/image.h"

struct session;

struct inspect_code {
    uint64_t address;
    uint8_t bytes[15];
    unsigned length; /* 0: no memory is mapped there, or the bytes are no instruction */
    char text[128];  /* "call 0xc0101234 <do_wp_page>" */
};
void inspect_code(struct session *session, uint64_t linear, struct inspect_code *to);

/* "do_wp_page+0x12" of the kernel or of the program; false and "" when nobody knows. */
bool inspect_symbol(const struct session *session, uint64_t linear, char *text, size_t size);
/* Start and size of the function or object of that name. */
bool inspect_symbol_range(const struct session *session, const char *name, uint64_t *start, uint64_t *size);
/* Source line of an address; false when there is none. */
bool inspect_line(const struct session *session, uint64_t linear, struct image_line *to);
/* As image_calls_at(), of the kernel or of the program. */
size_t inspect_functions(const struct session *session, uint64_t linear, struct image_call *to, size_t most);
/* Text of a source line, with its indentation; false when the file is not on the host. */
bool inspect_source(struct session *session, const struct image_line *line, char *text, size_t size);

#define INSPECT_CALLS 64u
struct inspect_call {
    uint64_t address; /* the first: of the next instruction; the others: return addresses */
    bool entry;       /* the processor entered the kernel from here */
};
/* The calls that led to the current instruction, innermost first, by frame pointers; from the kernel on into the
 * program that entered it. Returns how many there are, at most INSPECT_CALLS. */
size_t inspect_calls(struct session *session, struct inspect_call to[INSPECT_CALLS]);

#endif
