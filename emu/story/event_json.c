/*
 * A guest event as one JSON object: a table says which 32-bit words and texts a type has, so that every type is written
 * by the same code. Schema: docs/trace.md.
 */
#include "emu/story/json.h"
#include "emu/story/story.h"

#include <string.h>

enum form { NUMBER, SIGNED, HEX, TEXT16, TEXT32 };

struct member {
    const char *key;
    uint16_t offset;
    uint8_t form;
};

#define FIELD(structure, member, form)                                                                                 \
    { #member, offsetof(struct structure, member), form }
#define MEMBERS_MAX 12u

static const struct {
    uint16_t type;
    const char *name;
    struct member members[MEMBERS_MAX]; /* key NULL ends */
} types[] = {
    {FLT_FAULT_BEGIN,
     "fault_begin",
     {FIELD(flt_fault_begin, address, HEX), FIELD(flt_fault_begin, error_code, NUMBER), FIELD(flt_fault_begin, ip, HEX),
      FIELD(flt_fault_begin, sp, HEX), FIELD(flt_fault_begin, pgd_phys, HEX)}},
    {FLT_FAULT_VMA,
     "fault_vma",
     {FIELD(flt_fault_vma, start, HEX), FIELD(flt_fault_vma, end, HEX), FIELD(flt_fault_vma, vm_flags, HEX),
      FIELD(flt_fault_vma, pgoff, NUMBER), FIELD(flt_fault_vma, file_inode, NUMBER),
      FIELD(flt_fault_vma, stack_grown_from, HEX), FIELD(flt_fault_vma, name, TEXT32)}},
    {FLT_FAULT_BRANCH, "fault_branch", {FIELD(flt_fault_branch, branch, NUMBER)}},
    {FLT_FAULT_COW,
     "fault_cow",
     {FIELD(flt_fault_cow, old_pfn, NUMBER), FIELD(flt_fault_cow, old_mapcount, NUMBER),
      FIELD(flt_fault_cow, new_pfn, NUMBER)}},
    {FLT_FAULT_PTE,
     "fault_pte",
     {FIELD(flt_fault_pte, address, HEX), FIELD(flt_fault_pte, pte_phys, HEX), FIELD(flt_fault_pte, before, HEX),
      FIELD(flt_fault_pte, after, HEX)}},
    {FLT_FAULT_END,
     "fault_end",
     {FIELD(flt_fault_end, outcome, NUMBER), FIELD(flt_fault_end, signal, NUMBER),
      FIELD(flt_fault_end, si_code, SIGNED)}},
    {FLT_MM_PAGE_ALLOC,
     "mm_page_alloc",
     {FIELD(flt_mm_page_alloc, pfn, NUMBER), FIELD(flt_mm_page_alloc, order, NUMBER),
      FIELD(flt_mm_page_alloc, gfp_flags, HEX), FIELD(flt_mm_page_alloc, node, NUMBER),
      FIELD(flt_mm_page_alloc, zone, NUMBER), FIELD(flt_mm_page_alloc, preferred_zone, NUMBER),
      FIELD(flt_mm_page_alloc, from_pageset, NUMBER), FIELD(flt_mm_page_alloc, zone_free, NUMBER),
      FIELD(flt_mm_page_alloc, pages_min, NUMBER), FIELD(flt_mm_page_alloc, pages_low, NUMBER),
      FIELD(flt_mm_page_alloc, pages_high, NUMBER)}},
    {FLT_MM_PAGE_FREE,
     "mm_page_free",
     {FIELD(flt_mm_page_free, pfn, NUMBER), FIELD(flt_mm_page_free, order, NUMBER),
      FIELD(flt_mm_page_free, zone, NUMBER), FIELD(flt_mm_page_free, zone_free, NUMBER)}},
    {FLT_MM_LRU_ADD, "mm_lru_add", {FIELD(flt_mm_lru_add, pfn, NUMBER), FIELD(flt_mm_lru_add, active, NUMBER)}},
    {FLT_MM_FILEMAP_ADD,
     "mm_filemap_add",
     {FIELD(flt_mm_filemap, pfn, NUMBER), FIELD(flt_mm_filemap, inode, NUMBER), FIELD(flt_mm_filemap, index, NUMBER)}},
    {FLT_MM_FILEMAP_DELETE,
     "mm_filemap_delete",
     {FIELD(flt_mm_filemap, pfn, NUMBER), FIELD(flt_mm_filemap, inode, NUMBER), FIELD(flt_mm_filemap, index, NUMBER)}},
    {FLT_MM_BUDDY_SPLIT,
     "mm_buddy_split",
     {FIELD(flt_mm_buddy, pfn, NUMBER), FIELD(flt_mm_buddy, order, NUMBER), FIELD(flt_mm_buddy, zone, NUMBER)}},
    {FLT_MM_BUDDY_MERGE,
     "mm_buddy_merge",
     {FIELD(flt_mm_buddy, pfn, NUMBER), FIELD(flt_mm_buddy, order, NUMBER), FIELD(flt_mm_buddy, zone, NUMBER)}},
    {FLT_SCHED_SWITCH, "sched_switch", {FIELD(flt_sched_switch, prev, NUMBER), FIELD(flt_sched_switch, next, NUMBER)}},
    {FLT_TASK_NEW,
     "task_new",
     {FIELD(flt_task_new, pid, NUMBER), FIELD(flt_task_new, parent, NUMBER), FIELD(flt_task_new, clone_flags, HEX),
      FIELD(flt_task_new, comm, TEXT16)}},
    {FLT_TASK_RENAME, "task_rename", {FIELD(flt_task_rename, pid, NUMBER), FIELD(flt_task_rename, comm, TEXT16)}},
    {FLT_TASK_EXIT, "task_exit", {FIELD(flt_task_exit, pid, NUMBER), FIELD(flt_task_exit, status, NUMBER)}},
    {FLT_SIGNAL,
     "signal",
     {FIELD(flt_signal, pid, NUMBER), FIELD(flt_signal, signal, NUMBER), FIELD(flt_signal, si_code, SIGNED),
      FIELD(flt_signal, si_addr, HEX)}},
    {FLT_BOOT_PHASE, "boot_phase", {FIELD(flt_boot_phase, phase, NUMBER)}},
};

static void write_member(struct out *out, const struct flt_record *record, const struct member *member) {
    const char *at = (const char *)record + member->offset;
    size_t text = member->form == TEXT16 ? 16 : member->form == TEXT32 ? 32 : 0;
    if (member->offset + (text ? text : sizeof(uint32_t)) > record->bytes)
        return; /* a short record of a known type: what is there is shown */
    if (text) {
        json_text(out, member->key, at, text);
        return;
    }
    uint32_t value;
    memcpy(&value, at, sizeof value);
    if (member->form == NUMBER)
        json_number(out, member->key, value);
    else if (member->form == SIGNED)
        json_signed(out, member->key, (int32_t)value);
    else
        json_hex(out, member->key, value);
}

static void write_raw(struct out *out, const struct flt_record *record) {
    char hex[2 * FLT_RECORD_MAX + 1];
    struct out raw;
    out_init(&raw, hex, sizeof hex);
    for (size_t i = sizeof *record; i < record->bytes && i < FLT_RECORD_MAX; i++)
        out_hex(&raw, ((const uint8_t *)record)[i], 2);
    out_end(&raw);
    json_number(out, "type_number", record->type);
    json_text(out, "raw", hex, sizeof hex);
}

size_t story_event_json(uint64_t blocks, const struct flt_record *record, char *text, size_t size) {
    struct out out;
    size_t known = 0, count = sizeof types / sizeof types[0];
    while (known < count && types[known].type != record->type)
        known++;
    out_init(&out, text, size);
    json_open(&out, NULL, '{');
    json_text(&out, "type", known < count ? types[known].name : "unknown", 32);
    json_time(&out, "blocks", "ns", blocks);
    json_number(&out, "task", record->task);
    if (known == count)
        write_raw(&out, record);
    else
        for (const struct member *member = types[known].members; member->key; member++)
            write_member(&out, record, member);
    json_close(&out, '}');
    return out_end(&out);
}
