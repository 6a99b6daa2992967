/* Code at an address, for those who look at it outside a fault: its instruction in words, a line of its source. */
#ifndef FAULTLINE_STORY_CODE_H
#define FAULTLINE_STORY_CODE_H

#include "emu/image/image.h"

struct story;

/* Intel syntax, of the first instruction in bytes. mode: 16, 32 or 64. Returns its length, 0 when it is none. */
unsigned story_instruction_text(const uint8_t *bytes, size_t count, uint64_t address, unsigned mode, char *text,
                                size_t size);

/* The line of a source file on the host, with its indentation, printable ASCII. False and "": there is none. */
bool story_source_text(struct story *story, const struct image_line *line, char *text, size_t size);

#endif
