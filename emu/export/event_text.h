/* A guest event in one line of words, for every type of the trace-port ABI. */
#ifndef FAULTLINE_EXPORT_EVENT_TEXT_H
#define FAULTLINE_EXPORT_EVENT_TEXT_H

#include "emu/story/out.h"
#include "guestos/include/faultline/trace_abi.h"

/* "takes frame 02c11 from NORMAL, 9143 free (low 120)". record: all of its type's bytes. */
void event_text(struct out *out, const struct flt_record *record);
/* The name of a member's value, "" when it has none: enum words are told by type and key. */
const char *event_word(uint16_t type, const char *key, uint32_t value);

#endif
