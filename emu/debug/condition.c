/*
 * Matching: a record against a condition's terms, see condition_internal.h. Nothing here trusts a record: members are
 * read by event_types.h, which checks the record's length.
 */
#include "emu/debug/condition_internal.h"
#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <stdio.h>
#include <string.h>

#define VALUES (STORY_MAX_FRAMES + 4u)

/* What a term asks about: one of the three. */
struct subject {
    const struct story_fault *fault;
    const struct flt_record *record;
    const struct condition_entry *entry;
    const char *comm;
};

struct values {
    uint64_t number[VALUES];
    unsigned count; /* 0: the record has no such value */
    const char *text;
    size_t size; /* of text; it may end earlier with a NUL */
};

/* ---- values ---- */

static void add(struct values *to, uint64_t number) {
    if (to->count < VALUES)
        to->number[to->count++] = number;
}

static void add_text(struct values *to, const char *text, size_t size) {
    to->text = text;
    to->size = size;
}

static const struct event_member *member_named(uint16_t type, const char *name) {
    const struct event_type *known = story_event_type(type);
    for (const struct event_member *member = known ? known->members : NULL; member && member->key; member++)
        if (strcmp(member->key, name) == 0)
            return member;
    return NULL;
}

static bool number_of(const struct flt_record *record, const char *name, uint32_t *value) {
    const struct event_member *member = member_named(record->type, name);
    return member && story_event_number(record, member, value);
}

static void add_number(struct values *to, const struct flt_record *record, const char *name) {
    uint32_t value;
    if (number_of(record, name, &value))
        add(to, value);
}

static void member_value(const struct flt_record *record, const char *name, struct values *to) {
    const struct event_member *member = member_named(record->type, name);
    const char *text;
    size_t size = member ? story_event_text(record, member, &text) : 0;
    if (size)
        add_text(to, text, size);
    else
        add_number(to, record, name);
}

static void add_string(struct values *to, const char *text) { add_text(to, text, strlen(text)); }

static void refused_level(const struct mmu_walk *walk, struct values *to) {
    for (unsigned i = 0; i < walk->count && i < MMU_MAX_LEVELS; i++)
        if (walk->steps[i].refused != MMU_RULE_NONE)
            add(to, walk->steps[i].level);
}

/* Frames that the fault took, looked at or ended with. */
static void frames_of(const struct story_fault *fault, struct values *to) {
    uint64_t result;
    if (words_result_frame(fault, &result))
        add(to, result);
    for (unsigned i = 0; i < fault->frame_count && i < STORY_MAX_FRAMES; i++)
        if (!fault->frames[i].failed)
            add(to, fault->frames[i].pfn);
    if (fault->has_cow)
        add(to, fault->cow_old_pfn);
    if (fault->has_file_page)
        add(to, fault->file_pfn);
}

/* "main" of "main+0x1a". */
static void function_of(const struct story_fault *fault, struct values *to) {
    if (fault->symbol[0])
        add_text(to, fault->symbol, strcspn(fault->symbol, "+"));
}

static void vma_of(const struct story_fault *fault, struct values *to) {
    if (!fault->vma_found)
        return;
    add(to, fault->vma_start);
    add(to, fault->vma_end);
    add_string(to, fault->vma_name);
}

static void fault_value(const struct story_fault *fault, enum condition_value value, struct values *to) {
    switch (value) {
    case VALUE_TASK:
        add(to, fault->pid);
        add_string(to, fault->comm);
        return;
    case VALUE_BRANCH: add(to, fault->branch); return;
    case VALUE_ACCESS: add(to, fault->walk.access.kind); return;
    case VALUE_ERROR: add(to, fault->error_code); return;
    case VALUE_LINEAR: add(to, fault->linear); return;
    case VALUE_IP: add(to, fault->rip); return;
    case VALUE_VMA: vma_of(fault, to); return;
    case VALUE_LEVEL: refused_level(&fault->walk, to); return;
    case VALUE_RULE: add(to, fault->walk.result.rule); return;
    case VALUE_OUTCOME: add(to, fault->outcome); return;
    case VALUE_SIGNAL: add(to, fault->signal); return;
    case VALUE_FRAMES: frames_of(fault, to); return;
    case VALUE_FUNCTION: function_of(fault, to); return;
    case VALUE_FILE: add_string(to, fault->source_file); return;
    case VALUE_LINE: add(to, fault->source_line); return;
    case VALUE_RECLAIMS: add(to, fault->reclaims); return;
    case VALUE_WAITS: add(to, fault->waits); return;
    case VALUE_MAJOR: add(to, story_is_major(fault)); return;
    case VALUE_MAPCOUNT:
        if (fault->has_cow)
            add(to, fault->cow_old_mapcount);
        return;
    default: return;
    }
}

static void cow_frames(const struct flt_record *record, struct values *to) {
    add_number(to, record, "old_pfn");
    add_number(to, record, "new_pfn");
}

static void cow_how(const struct flt_record *record, struct values *to) {
    uint32_t old_pfn, new_pfn;
    if (number_of(record, "old_pfn", &old_pfn) && number_of(record, "new_pfn", &new_pfn))
        add(to, old_pfn == new_pfn);
}

/* The frames that an entry maps before and after; one that is not present maps none. */
static void entry_frames(uint64_t before, uint64_t after, struct values *to) {
    if (before & MMU_PTE_P)
        add(to, before >> MMU_PAGE_SHIFT & 0xffffffffff);
    if (after & MMU_PTE_P)
        add(to, after >> MMU_PAGE_SHIFT & 0xffffffffff);
}

static bool entry_of(const struct flt_record *record, uint32_t *before, uint32_t *after) {
    return number_of(record, "before", before) && number_of(record, "after", after);
}

static void record_value(const struct subject *subject, const struct condition_key *key, struct values *to) {
    const struct flt_record *record = subject->record;
    uint32_t before, after;
    switch ((enum condition_value)key->value) {
    case VALUE_MEMBER: member_value(record, key->member, to); return;
    case VALUE_TASK:
        add(to, record->task);
        if (subject->comm)
            add_string(to, subject->comm);
        return;
    case VALUE_TYPE:
    case VALUE_BY: add(to, record->type); return;
    case VALUE_COW_FRAMES: cow_frames(record, to); return;
    case VALUE_COW_HOW: cow_how(record, to); return;
    case VALUE_VICTIM:
        member_value(record, "comm", to);
        add_number(to, record, "pid");
        return;
    case VALUE_ENTRY_LEVEL: add(to, 1); return; /* the kernel tells of last levels only */
    case VALUE_ENTRY_FRAME:
        if (entry_of(record, &before, &after))
            entry_frames(before, after, to);
        return;
    default: return;
    }
}

static void entry_value(const struct subject *subject, const struct condition_key *key, struct values *to) {
    const struct condition_entry *entry = subject->entry;
    switch ((enum condition_value)key->value) {
    case VALUE_MEMBER: add(to, entry->linear); return; /* the one member that a pte condition has */
    case VALUE_TASK:
        add(to, entry->pid);
        if (entry->comm)
            add_string(to, entry->comm);
        return;
    case VALUE_BY: add(to, 0); return;
    case VALUE_ENTRY_LEVEL: add(to, entry->level); return;
    case VALUE_ENTRY_FRAME: entry_frames(entry->before, entry->after, to); return;
    default: return;
    }
}

/* ---- terms ---- */

/* pattern: '*' stands for any text, also none. text may end before its size with a NUL. */
static bool text_fits(const char *pattern, const char *text, size_t size) {
    const char *star = NULL, *end = text + strnlen(text, size), *resume = text;
    while (text < end) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else
            return false;
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* A file is met by its whole name or by its last part. */
static bool name_fits(const char *pattern, const char *text, size_t size) {
    if (text_fits(pattern, text, size))
        return true;
    size = strnlen(text, size);
    for (size_t i = size; i > 0; i--)
        if (text[i - 1] == '/')
            return text_fits(pattern, text + i, size - i);
    return false;
}

static bool vma_fits(const struct condition_item *item, const struct values *values) {
    if (item->none)
        return values->count == 0;
    if (values->count < 2)
        return false;
    if (item->anonymous)
        return values->size == 0;
    if (item->text)
        return name_fits(item->text, values->text, values->size);
    return item->from >= values->number[0] && item->from < values->number[1];
}

static bool any_number(const struct values *values, uint64_t from, uint64_t to) {
    for (unsigned i = 0; i < values->count; i++)
        if (values->number[i] >= from && values->number[i] <= to)
            return true;
    return false;
}

static bool item_fits(const struct condition_term *term, const struct condition_item *item,
                      const struct values *values) {
    switch ((enum condition_form)term->key.form) {
    case FORM_VMA: return vma_fits(item, values);
    case FORM_ERROR: return values->count && (values->number[0] & item->from) == item->to;
    case FORM_TEXT:
    case FORM_TASK:
        if (item->text)
            return values->text && name_fits(item->text, values->text, values->size);
        return any_number(values, item->from, item->to);
    default: return any_number(values, item->from, item->to);
    }
}

static bool term_fits(const struct condition *condition, const struct condition_term *term,
                      const struct values *values) {
    const struct condition_item *item = &condition->items[term->first];
    switch (term->relation) {
    case AT_LEAST: return any_number(values, item->from, UINT64_MAX);
    case AT_MOST: return any_number(values, 0, item->from);
    case ABOVE: return item->from < UINT64_MAX && any_number(values, item->from + 1, UINT64_MAX);
    case BELOW: return item->from > 0 && any_number(values, 0, item->from - 1);
    default: break;
    }
    for (unsigned i = 0; i < term->count; i++)
        if (item_fits(term, &item[i], values))
            return term->relation == IS;
    return term->relation == IS_NOT;
}

/* These say something about the whole condition and are looked at elsewhere. */
static bool is_term(const struct condition_term *term) {
    return term->key.value != VALUE_KERNEL && term->key.value != VALUE_BIT && term->key.value != VALUE_CHANGE;
}

static void value_of(const struct subject *subject, const struct condition_key *key, struct values *to) {
    if (subject->fault)
        fault_value(subject->fault, (enum condition_value)key->value, to);
    else if (subject->entry)
        entry_value(subject, key, to);
    else
        record_value(subject, key, to);
}

static bool terms_fit(const struct condition *condition, const struct subject *subject) {
    for (unsigned i = 0; i < condition->term_count; i++) {
        const struct condition_term *term = &condition->terms[i];
        struct values values = {.count = 0};
        if (!is_term(term))
            continue;
        value_of(subject, &term->key, &values);
        if (!term_fits(condition, term, &values))
            return false;
    }
    return true;
}

/* ---- whole ---- */

/* An entry that is not present has no other bit: they are a slot's number, or nothing. */
static uint64_t bits_of(uint64_t entry) { return entry & MMU_PTE_P ? entry & CONDITION_BITS : 0; }

static bool bits_change(const struct condition *condition, uint64_t before, uint64_t after) {
    uint64_t was = bits_of(before), is = bits_of(after);
    uint64_t changed =
        (condition->change & CHANGE_SET ? is & ~was : 0) | (condition->change & CHANGE_CLEAR ? was & ~is : 0);
    return changed & condition->bits;
}

/* A is told by the event that looks for it; D goes into struct page when the entry is taken away. */
static bool harvests(const struct condition *condition, const struct flt_record *record) {
    uint32_t young, before;
    if (record->type == FLT_MM_PAGE_REFERENCED)
        return condition->bits & MMU_PTE_A && number_of(record, "young", &young) && (young || condition->says_young);
    return condition->bits & MMU_PTE_D && number_of(record, "before", &before) && bits_of(before) & MMU_PTE_D;
}

bool condition_on_fault(const struct condition *condition, const struct story_fault *fault) {
    const struct subject subject = {.fault = fault};
    if (!condition->needs.faults || !(fault->user_program || fault->shown || !fault->traced || condition->kernel))
        return false;
    return terms_fit(condition, &subject);
}

bool condition_on_event(const struct condition *condition, const struct flt_record *record, const char *comm) {
    const struct subject subject = {.record = record, .comm = comm};
    uint32_t before, after;
    if (record->type >= 128 || !(condition->needs.types[record->type / 32] >> record->type % 32 & 1))
        return false;
    if (condition->kind->row->entries && !(entry_of(record, &before, &after) && bits_change(condition, before, after)))
        return false;
    if (condition->kind->row->harvest && !harvests(condition, record))
        return false;
    return terms_fit(condition, &subject);
}

bool condition_on_entry(const struct condition *condition, const struct condition_entry *entry) {
    const struct subject subject = {.entry = entry};
    return condition->needs.entries && bits_change(condition, entry->before, entry->after) &&
           terms_fit(condition, &subject);
}

struct condition_needs condition_needs(const struct condition *condition) {
    return condition->needs;
}

/* What is known of a record by its type alone; type 0: an entry that the processor changes. */
bool condition_fits_type(const struct condition *condition, uint16_t type) {
    for (unsigned i = 0; i < condition->term_count; i++) {
        const struct condition_term *term = &condition->terms[i];
        const struct values values = {.number = {type}, .count = 1};
        bool by_type = term->key.value == VALUE_TYPE || term->key.value == VALUE_BY;
        if (by_type && !term_fits(condition, term, &values))
            return false;
        if (type && term->key.value == VALUE_MEMBER && !member_named(type, term->key.member))
            return false;
    }
    if (condition->kind->row->harvest && type == FLT_MM_PAGE_REFERENCED)
        return condition->bits & MMU_PTE_A;
    return !condition->kind->row->harvest || condition->bits & MMU_PTE_D;
}
