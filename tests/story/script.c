#include "tests/story/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PGD 0x03f2c000u
#define TABLE 0x03f2e000u

void script_open(struct script *script, const struct story_config *config) {
    static const uint32_t started[] = {FLT_PHASE_PROGRAM_START};
    static const struct story_config none;
    *script = (struct script){.story = story_create(config ? config : &none), .blocks = 1000, .pid = 7};
    if (!script->story)
        abort();
    script_task_new(script, 7, 1, "first-faults");
    script_event(script, FLT_BOOT_PHASE, started, 1);
}

void script_close(struct script *script) { story_destroy(script->story); }

static struct cpu_registers registers_of(uint64_t linear) {
    struct cpu_registers registers = {
        .gpr = {linear, 0, 0, 0, 0xbffff000}, .rip = 0x08048a2e, .cr0 = 0x80010001, .cpl = 3};
    for (unsigned i = 0; i < CPU_SEGMENTS; i++)
        registers.segment[i] = (struct cpu_segment){0x2b, 0, 0xffffffff, 0x00cff300};
    registers.segment[CPU_CS] = (struct cpu_segment){0x23, 0, 0xffffffff, 0x00cffb00};
    return registers;
}

static uint32_t error_code_of(enum mmu_access_kind kind, enum mmu_rule rule) {
    uint32_t code = MMU_ERR_U | (kind == MMU_WRITE ? MMU_ERR_W : 0);
    return code | (rule == MMU_RULE_NOT_PRESENT ? 0 : MMU_ERR_P);
}

struct cpu_page_fault script_fault(uint64_t linear, enum mmu_access_kind kind, enum mmu_rule rule, uint32_t pte) {
    static const uint8_t mov[] = {0xc7, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x90, 0x90};
    struct cpu_page_fault fault = {.rip = 0x08048a2e, .cpl = 3, .instruction_bytes = sizeof mov};
    uint16_t directory = (uint16_t)(linear >> 22), index = (uint16_t)(linear >> 12 & 1023);
    memcpy(fault.instruction, mov, sizeof mov);
    fault.registers = registers_of(linear);
    fault.walk = (struct mmu_walk){
        .mode = MMU_MODE_32BIT,
        .access = {.linear = mmu_linear(linear), .kind = kind, .user = true},
        .result = {.status = MMU_FAULT, .rule = rule, .error_code = error_code_of(kind, rule)},
        .count = 2,
        .steps = {{.level = 2,
                   .index = directory,
                   .at = mmu_phys(PGD + directory * 4u),
                   .before = TABLE | 0x67,
                   .after = TABLE | 0x67},
                  {.level = 1,
                   .index = index,
                   .at = mmu_phys(TABLE + index * 4u),
                   .before = pte,
                   .after = pte,
                   .leaf = true,
                   .refused = rule}},
    };
    return fault;
}

void script_hardware(struct script *script, const struct cpu_page_fault *fault) {
    struct cpu_page_fault now = *fault;
    now.blocks = script->blocks += 10;
    story_page_fault(script->story, &now, NULL);
}

bool script_event(struct script *script, uint16_t type, const uint32_t *words, size_t count) {
    uint32_t record[FLT_RECORD_MAX / 4];
    struct flt_record head = {type, (uint16_t)(sizeof head + 4 * count), script->pid};
    memcpy(record, &head, sizeof head);
    memcpy(record + 2, words, 4 * count);
    return story_guest_event(script->story, script->blocks += 10, record, head.bytes);
}

void script_fault_begin(struct script *script, uint32_t address) {
    uint32_t words[] = {address, 7, 0x08048a2e, 0xbffff000, PGD};
    script_event(script, FLT_FAULT_BEGIN, words, 5);
}

void script_begin(struct script *script, uint64_t linear, enum mmu_access_kind kind, enum mmu_rule rule, uint32_t pte) {
    struct cpu_page_fault fault = script_fault(linear, kind, rule, pte);
    script_hardware(script, &fault);
    script_fault_begin(script, (uint32_t)linear);
}

void script_vma(struct script *script, uint32_t start, uint32_t end, uint32_t flags, uint32_t inode,
                uint32_t grown_from, const char *name) {
    uint32_t words[14] = {start, end, flags, 0, inode, grown_from};
    snprintf((char *)(words + 6), 32, "%s", name);
    script_event(script, FLT_FAULT_VMA, words, 14);
}

void script_branch(struct script *script, uint32_t branch) { script_event(script, FLT_FAULT_BRANCH, &branch, 1); }

void script_alloc(struct script *script, uint32_t pfn, uint32_t zone, uint32_t preferred, bool pageset,
                  uint32_t zone_free) {
    uint32_t words[] = {pfn, 0, 0xd2, 0, zone, preferred, pageset, zone_free, 60, 120, 180};
    script_event(script, FLT_MM_PAGE_ALLOC, words, 11);
}

void script_pte(struct script *script, uint32_t before, uint32_t after) {
    uint32_t words[] = {SCRIPT_LINEAR & ~0xfffu, TABLE + 0x48, before, after};
    script_event(script, FLT_FAULT_PTE, words, 4);
}

void script_end(struct script *script, uint32_t outcome, uint32_t signal, uint32_t si_code) {
    uint32_t words[] = {outcome, signal, si_code};
    script_event(script, FLT_FAULT_END, words, 3);
}

void script_switch(struct script *script, uint32_t prev, uint32_t next) {
    uint32_t words[] = {prev, next};
    script_event(script, FLT_SCHED_SWITCH, words, 2);
}

void script_task_new(struct script *script, uint32_t pid, uint32_t parent, const char *comm) {
    uint32_t words[7] = {pid, parent, 0};
    snprintf((char *)(words + 3), 16, "%s", comm);
    script_event(script, FLT_TASK_NEW, words, 7);
}
