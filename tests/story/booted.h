/* A session with our own firmware, kernel and initramfs: init runs first-faults. */
#ifndef FAULTLINE_TESTS_STORY_BOOTED_H
#define FAULTLINE_TESTS_STORY_BOOTED_H

#include "emu/debug/session.h"

struct booted {
    bool foreign; /* set before booted_open(): the session gets a kernel without section headers, so without symbols */
    struct session *session;
    struct image *kernel;
    struct kernelview *view;
    uint8_t *files[5]; /* rom, kernel, initrd, program, the kernel as the session gets it */
    size_t sizes[5];
};

/* Creates the session; nothing has run yet. exit_hook gets exit_owner when the program ends; both may be NULL. Ends the
 * program with a sentence when something is missing. */
void booted_open(struct booted *booted, uint64_t ram_bytes, bool story, void (*exit_hook)(void *owner, uint32_t status),
                 void *exit_owner);
void booted_close(struct booted *booted);

#endif
