/*
 * A fault told by hand: what the CPU and the guest would feed to the story, call by call. Defaults: task 7
 * "first-faults" is the user's program, `mov dword [eax], 0x2a` at 08048a2e writes 40012008 and finds PTE 01a73025
 * read-only.
 */
#ifndef FAULTLINE_TESTS_STORY_SCRIPT_H
#define FAULTLINE_TESTS_STORY_SCRIPT_H

#include "emu/story/story.h"

struct script {
    struct story *story;
    uint64_t blocks; /* grows by 10 with every call */
    uint32_t pid;
};

void script_open(struct script *script, const struct story_config *config); /* config NULL: none; program started */
void script_close(struct script *script);

struct cpu_page_fault script_fault(uint64_t linear, enum mmu_access_kind kind, enum mmu_rule rule, uint32_t pte);
void script_hardware(struct script *script, const struct cpu_page_fault *fault);
/* The usual fault of the program: hardware and fault_begin. */
void script_begin(struct script *script, uint64_t linear, enum mmu_access_kind kind, enum mmu_rule rule, uint32_t pte);
bool script_event(struct script *script, uint16_t type, const uint32_t *words, size_t count); /* after the header */
void script_fault_begin(struct script *script, uint32_t address);
void script_vma(struct script *script, uint32_t start, uint32_t end, uint32_t flags, uint32_t inode,
                uint32_t grown_from, const char *name);
void script_branch(struct script *script, uint32_t branch);
void script_alloc(struct script *script, uint32_t pfn, uint32_t zone, uint32_t preferred, bool pageset,
                  uint32_t zone_free);
void script_pte(struct script *script, uint32_t before, uint32_t after);
void script_end(struct script *script, uint32_t outcome, uint32_t signal, uint32_t si_code);
void script_switch(struct script *script, uint32_t prev, uint32_t next);
void script_task_new(struct script *script, uint32_t pid, uint32_t parent, const char *comm);

#define SCRIPT_LINEAR 0x40012008u
#define SCRIPT_RW 0x00000003u /* VM_READ | VM_WRITE */

#endif
