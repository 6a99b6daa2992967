/*
 * What stands at a faulting instruction: its disassembly, symbol, source line, and the segment that its operand goes
 * through. A program faults at few places many times, so the words of a place are made once and kept in a
 * direct-mapped table. Where the fetch itself faulted the CPU has no bytes, and the words come from the file's. A place
 * is the same only when address, mode, bytes and address space owner are the same.
 */
#include "emu/story/instruction.h"

#include <string.h>

enum domain { DOMAIN_NONE, DOMAIN_KERNEL, DOMAIN_PROGRAM };

#define KERNEL_START 0xC0000000u /* a linear address at or above it is the kernel's, whoever faults there */
#define DESCRIPTOR_L (1u << 21)
#define DESCRIPTOR_DB (1u << 22)

static bool is_the_program(const struct story *story, const struct story_fault *record) {
    if (story->config.program_comm)
        return strcmp(story->config.program_comm, record->comm) == 0;
    return record->user_program;
}

static enum domain domain_of(const struct story *story, const struct story_fault *record) {
    if (record->cpl < 3 || record->rip >= KERNEL_START)
        return DOMAIN_KERNEL;
    return is_the_program(story, record) ? DOMAIN_PROGRAM : DOMAIN_NONE;
}

static const struct image *image_of(const struct story *story, uint8_t domain) {
    if (domain == DOMAIN_KERNEL)
        return story->config.kernel;
    return domain == DOMAIN_PROGRAM ? story->config.program : NULL;
}

/* Registers that were never recorded are all zero; a CPU that takes a page fault has CR0.PG set. */
static bool has_registers(const struct cpu_page_fault *fault) { return fault->registers.cr0 & MMU_CR0_PG; }

static uint8_t mode_of(const struct cpu_page_fault *fault) {
    uint32_t flags = fault->registers.segment[CPU_CS].flags;
    if (!has_registers(fault))
        return 32;
    if ((fault->registers.efer & MMU_EFER_LMA) && (flags & DESCRIPTOR_L))
        return 64;
    return flags & DESCRIPTOR_DB ? 32 : 16;
}

static void find_source(struct story *story, const struct image *image, struct place *place) {
    struct image_line line;
    if (!image_line_at(image, place->rip, &line))
        return;
    const char *slash = strrchr(line.file, '/'), *name = slash ? slash + 1 : line.file;
    tasks_copy_text(place->source_file, sizeof place->source_file, name, strlen(name));
    place->source_line = line.line;
    source_line_text(&story->sources, story->config.program_directory, &line, place->source_text,
                     sizeof place->source_text);
}

/* What must be the same for two faults to be at one place. */
struct place_key {
    uint64_t rip;
    uint8_t domain, mode, bytes;
    const uint8_t *instruction;
};

static bool same_place(const struct place *place, const struct place_key *key) {
    return place->used && place->rip == key->rip && place->domain == key->domain && place->mode == key->mode &&
           place->bytes <= key->bytes && memcmp(place->instruction, key->instruction, place->bytes) == 0 &&
           (place->bytes > 0) == (key->bytes > 0);
}

static const struct place *place_at(struct story *story, const struct place_key *key) {
    uint64_t hash = (key->rip * 0x9e3779b97f4a7c15ull) >> 32;
    struct place *place = &story->places[hash % STORY_PLACES];
    if (same_place(place, key))
        return place;
    const struct image *image = image_of(story, key->domain);
    *place =
        (struct place){.used = true, .rip = key->rip, .domain = key->domain, .mode = key->mode, .bytes = key->bytes};
    memcpy(place->instruction, key->instruction, key->bytes);
    if (place->bytes == 0 && image)
        place->bytes = (uint8_t)image_code_at(image, place->rip, place->instruction, sizeof place->instruction);
    instruction_describe(place);
    if (key->bytes == 0)
        place->bytes = 0;
    char symbol[256];
    if (image && image_symbol_at(image, place->rip, symbol, sizeof symbol))
        tasks_copy_text(place->symbol, sizeof place->symbol, symbol, sizeof symbol);
    if (image)
        find_source(story, image, place);
    return place;
}

/* Logical to linear (SDM volume 3, section 3.4): the operand's segment and the offset in it. */
static void find_segment(struct story_fault *record, const struct cpu_page_fault *fault, const struct place *place) {
    const struct cpu_registers *registers = &fault->registers;
    record->segment = CPU_SEGMENTS;
    if (!has_registers(fault) || fault->walk.access.implicit)
        return;
    record->segment = CPU_CS;
    if (fault->walk.access.kind != MMU_FETCH)
        record->segment = (uint8_t)instruction_segment(place, registers, record->linear);
    const struct cpu_segment *segment = &registers->segment[record->segment];
    bool flat = place->mode == 64 && record->segment != CPU_FS && record->segment != CPU_GS; /* SDM 3.4.4 */
    record->segment_selector = segment->selector;
    record->segment_flags = segment->flags;
    record->segment_base = flat ? 0 : segment->base;
    record->segment_limit = place->mode == 64 ? UINT64_MAX : segment->limit;
    record->offset = record->linear - record->segment_base;
    if (place->mode != 64)
        record->offset &= 0xffffffff;
}

/* A text of a place, into the array of a record that has the same size. */
static void copy_text(char *to, const char *from) { memcpy(to, from, strlen(from) + 1); }

void decorate(struct story *story, struct story_fault *record, const struct cpu_page_fault *fault) {
    struct place_key key = {.domain = (uint8_t)domain_of(story, record),
                            .mode = mode_of(fault),
                            .rip = record->rip,
                            .bytes = record->instruction_bytes,
                            .instruction = record->instruction};
    const struct place *place = place_at(story, &key);
    if (place->bytes > 0 && place->disassembly[0])
        record->instruction_bytes = place->bytes;
    copy_text(record->disassembly, place->disassembly);
    copy_text(record->symbol, place->symbol);
    copy_text(record->source_file, place->source_file);
    copy_text(record->source_text, place->source_text);
    record->source_line = place->source_line;
    find_segment(record, fault, place);
}
