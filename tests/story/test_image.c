#define _GNU_SOURCE
/* emu/image on the toy kernel, whose source is known, and on broken files. */
#include "emu/image/image.h"
#include "tests/story/toy.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *file;
static size_t file_size;
static struct image *toy;

static void open_toy(void) {
    char error[160] = "";
    file = toy_read_file(TOY_KERNEL, &file_size);
    toy = image_open(file, file_size, error, sizeof error);
    cr_assert_not_null(toy, "%s", error);
}

static void close_toy(void) {
    image_close(toy);
    free(file);
}

TestSuite(image, .init = open_toy, .fini = close_toy);

Test(image, finds_symbols_by_name) {
    uint64_t start = 0, size = 0;
    cr_assert(image_symbol(toy, "toy_frames", &start, &size));
    cr_assert_eq(size, 4096u * 32u);
    cr_assert_eq(start % 4, 0);
    cr_assert(image_symbol(toy, "toy_sum", &start, &size));
    cr_assert_gt(size, 0);
    cr_assert_not(image_symbol(toy, "toy_su", &start, &size));
    cr_assert_not(image_symbol(toy, "toy_summ", &start, &size));
    cr_assert_not(image_symbol(toy, "", &start, &size));
}

Test(image, names_the_symbol_at_an_address) {
    uint64_t start, size;
    char text[64];
    cr_assert(image_symbol(toy, "toy_sum", &start, &size));
    cr_assert(image_symbol_at(toy, start, text, sizeof text));
    cr_assert_str_eq(text, "toy_sum");
    cr_assert(image_symbol_at(toy, start + 3, text, sizeof text));
    cr_assert_str_eq(text, "toy_sum+0x3");
    cr_assert(image_symbol_at(toy, start + size - 1, text, 8));
    cr_assert_str_eq(text, "toy_sum");
    cr_assert_not(image_symbol_at(toy, 0x1000, text, sizeof text));
    cr_assert_str_eq(text, "");
    cr_assert_not(image_symbol_at(toy, 0xfffffff0, text, sizeof text), "%s", text);
}

Test(image, has_the_code_of_a_function_as_the_file_has_it) {
    uint64_t start, size;
    uint8_t code[16], again[4];
    cr_assert(image_symbol(toy, "toy_sum", &start, &size));
    cr_assert_eq(image_code_at(toy, start, code, sizeof code), sizeof code);
    const uint8_t *found = memmem(file, file_size, code, sizeof code);
    cr_assert_not_null(found, "the file holds the bytes");
    cr_assert_eq(image_code_at(toy, start + 4, again, sizeof again), sizeof again);
    cr_assert_eq(memcmp(again, code + 4, sizeof again), 0);
    cr_assert(image_symbol(toy, "toy_frames", &start, &size));
    cr_assert_eq(image_code_at(toy, start, code, sizeof code), 0, "data is no code");
    cr_assert_eq(image_code_at(toy, 0xfffffff0, code, sizeof code), 0);
}

Test(image, finds_source_lines) {
    uint64_t start, size;
    struct image_line line;
    cr_assert(image_symbol(toy, "toy_sum", &start, &size));
    cr_assert(image_line_at(toy, start, &line));
    cr_assert_not_null(strstr(line.file, "tests/story/toy_kernel.c"), "%s", line.file);
    unsigned first = line.line;
    cr_assert(image_symbol(toy, "toy_entry", &start, &size));
    cr_assert(image_line_at(toy, start, &line));
    /* Its header is 7 lines below; the first instruction may belong to the loop in the next line. */
    cr_assert(line.line == first + 7 || line.line == first + 8, "toy_sum at %u, toy_entry at %u", first, line.line);
    cr_assert_not(image_line_at(toy, 0x1000, &line));
}

Test(image, describes_plain_members) {
    struct image_field field;
    cr_assert(image_field(toy, "struct page", "flags", &field));
    cr_assert_eq(field.offset, 0);
    cr_assert_eq(field.size, 4);
    cr_assert_eq(field.count, 1);
    cr_assert(image_field(toy, "struct page", "_mapcount.counter", &field));
    cr_assert_eq(field.offset, 8);
    cr_assert(image_field(toy, "struct page", "lru.prev", &field));
    cr_assert_eq(field.offset, 28);
    cr_assert_eq(field.size, 4);
}

Test(image, describes_arrays_and_their_elements) {
    struct image_field all, one, inner;
    cr_assert(image_field(toy, "struct zone", "free_area", &all));
    cr_assert_eq(all.count, 11);
    cr_assert_eq(all.size, all.element_size * 11);
    cr_assert(image_field(toy, "struct zone", "free_area[10]", &one));
    cr_assert_eq(one.offset, all.offset + 10 * all.element_size);
    cr_assert_eq(one.size, all.element_size);
    cr_assert(image_field(toy, "struct pglist_data", "node_zones[2].free_area[10].nr_free", &inner));
    uint64_t zone;
    cr_assert(image_type_size(toy, "struct zone", &zone));
    cr_assert_eq(inner.offset, 2 * zone + one.offset + 8);
    cr_assert(image_field(toy, "atomic_t", "counter", &inner), "through a typedef");
    cr_assert(image_field(toy, "struct task_struct", "comm", &all));
    cr_assert_eq(all.size, 16);
    cr_assert_eq(all.element_size, 1);
}

Test(image, refuses_paths_that_lead_nowhere) {
    static const char *const paths[] = {"",         "flag", "flagss",    "flags.",        ".flags",
                                        "flags[0]", "lru.", "lru..next", "lru.next.next", "lru]"};
    static const char *const zone[] = {"free_area[11]",       "free_area[-1]",
                                       "free_area[",          "free_area[]",
                                       "free_area[1",         "free_area[1]x",
                                       "free_area[1]nr_free", "free_area[1][1]",
                                       "free_area.nr_free",   "free_area[99999999999999999999]"};
    struct image_field field;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_not(image_field(toy, "struct page", paths[i], &field), "\"%s\"", paths[i]);
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++)
        cr_assert_not(image_field(toy, "struct zone", zone[i], &field), "\"%s\"", zone[i]);
    cr_assert_not(image_field(toy, "page", "flags", &field));
    cr_assert_not(image_field(toy, "struct pag", "flags", &field));
}

Test(image, knows_sizes_and_enumerators) {
    uint64_t size;
    int64_t value;
    cr_assert(image_type_size(toy, "struct page", &size) && size == 32);
    cr_assert(image_type_size(toy, "u64", &size) && size == 8);
    cr_assert_not(image_type_size(toy, "struct nothing", &size));
    cr_assert(image_enum_value(toy, "PG_locked", &value) && value == 0);
    cr_assert(image_enum_value(toy, "PG_slab", &value) && value == 7);
    cr_assert(image_enum_value(toy, "MAX_NR_ZONES", &value) && value == 3);
    cr_assert_not(image_enum_value(toy, "PG_", &value));
}

Test(image, summarises_headers) {
    struct image_summary summary;
    image_summarise(file, file_size, &summary);
    cr_assert_eq(summary.kind, IMAGE_I386);
    cr_assert(summary.executable && !summary.dynamic && !summary.multiboot);
    cr_assert(summary.has_symbols && summary.has_dwarf);
    uint64_t entry, size;
    cr_assert(image_symbol(toy, "toy_entry", &entry, &size));
    cr_assert_eq(summary.entry, entry);
}

Test(image, summarises_other_files) {
    struct image_summary summary;
    uint8_t header[64] = ELFMAG;
    image_summarise("#!/bin/sh\n", 10, &summary);
    cr_assert_eq(summary.kind, IMAGE_NOT_ELF);
    header[EI_CLASS] = ELFCLASS64;
    header[EI_DATA] = ELFDATA2LSB;
    header[18] = EM_X86_64;
    image_summarise(header, sizeof header, &summary);
    cr_assert_eq(summary.kind, IMAGE_X86_64);
    header[18] = EM_ARM;
    image_summarise(header, sizeof header, &summary);
    cr_assert_eq(summary.kind, IMAGE_OTHER_MACHINE);
    image_summarise(NULL, 0, &summary);
    cr_assert_eq(summary.kind, IMAGE_NOT_ELF);
}

Test(image, sees_a_multiboot_header_with_a_right_checksum) {
    uint32_t words[64] = {0};
    struct image_summary summary;
    words[20] = 0x1BADB002;
    words[21] = 3;
    words[22] = 0u - 0x1BADB002u - 3u;
    image_summarise(words, sizeof words, &summary);
    cr_assert(summary.multiboot);
    words[22]++;
    image_summarise(words, sizeof words, &summary);
    cr_assert_not(summary.multiboot);
}

Test(image, refuses_what_it_cannot_trust_with_one_sentence) {
    char error[160];
    cr_assert_null(image_open("hello", 5, error, sizeof error));
    cr_assert_str_eq(error, "this image cannot be read: it is not an ELF file");
    file[EI_DATA] = ELFDATA2MSB;
    cr_assert_null(image_open(file, file_size, error, sizeof error));
    cr_assert_str_eq(error, "this image cannot be read: it is not little-endian");
}

/* An image cut short anywhere is refused: its section table, at the end, is gone. */
Test(image, refuses_every_truncation) {
    char error[160];
    struct image_summary summary;
    for (size_t size = 0; size < file_size; size++) {
        image_summarise(file, size, &summary);
        cr_assert_null(image_open(file, size, error, sizeof error), "%zu of %zu bytes", size, file_size);
        cr_assert_not(error[0] == '\0' || strchr(error, '\n'), "%zu bytes: \"%s\"", size, error);
    }
}

/* Without sections an image opens and answers no. */
Test(image, opens_without_sections) {
    char error[160] = "", text[32];
    uint64_t start, size;
    struct image_line line;
    struct image_field field;
    Elf32_Ehdr *header = (Elf32_Ehdr *)file;
    header->e_shoff = 0;
    header->e_shnum = 0;
    header->e_shstrndx = 0;
    struct image *bare = image_open(file, file_size, error, sizeof error);
    cr_assert_not_null(bare, "%s", error);
    cr_assert_not(image_symbol(bare, "toy_sum", &start, &size));
    cr_assert_not(image_symbol_at(bare, 0xc0101000, text, sizeof text));
    cr_assert_not(image_line_at(bare, 0xc0101000, &line));
    cr_assert_not(image_field(bare, "struct page", "flags", &field));
    image_close(bare);
}
