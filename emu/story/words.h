/* Names and short phrases that several texts share. All return static storage or append to *out. */
#ifndef FAULTLINE_STORY_WORDS_H
#define FAULTLINE_STORY_WORDS_H

#include "emu/story/out.h"
#include "emu/story/story.h"

const char *words_access(const struct story_fault *fault);               /* "read", "write", "fetch" */
const char *words_access_doing(const struct story_fault *fault);         /* "read", "write", "run code" */
const char *words_zone(uint32_t zone);                                   /* "NORMAL" */
const char *words_branch_key(uint32_t branch);                           /* "cow_copy", for JSON */
const char *words_outcome_key(uint32_t outcome);                         /* "retry", for JSON */
const char *words_segment(uint8_t segment);                              /* "ds" */
const char *words_signal(uint32_t signal);                               /* "SIGSEGV" or NULL */
const char *words_si_code(uint32_t signal, uint32_t code);               /* "SEGV_MAPERR" or NULL */
void words_signal_text(struct out *out, uint32_t signal, uint32_t code); /* "SIGSEGV (SEGV_MAPERR)", "signal 77" */
void words_vm_flags(char text[5], uint64_t flags);                       /* "rw-p", as in /proc/PID/maps */
/* The frame that the fault ended with: what the PTE names after it. False: none. */
bool words_result_frame(const struct story_fault *fault, uint64_t *pfn);
/* Where that frame was: taken during the fault, or in memory before. */
enum words_origin { ORIGIN_UNKNOWN, ORIGIN_TAKEN, ORIGIN_FOUND };
enum words_origin words_origin(const struct story_fault *fault);
/* The PTE as it is after the fault lets this very access through. */
bool words_now_allowed(const struct story_fault *fault);

#endif
