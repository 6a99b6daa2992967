/*
 * emu/image: what an ELF file says about itself: symbols, source lines and C types (libelf, libdw).
 *
 * The model. An image is opened from bytes that the caller keeps (a guest kernel, a guest program). Nothing
 * in it is trusted: every offset is checked, a broken file gives one sentence, never a crash. An image without DWARF
 * still gives symbols; one without symbols still opens.
 */
#ifndef FAULTLINE_IMAGE_H
#define FAULTLINE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

/* bytes stay the caller's and must outlive the image. NULL and one sentence in error on failure. */
struct image *image_open(const void *bytes, size_t size, char *error, size_t error_size);
void image_close(struct image *image);

enum image_kind { IMAGE_NOT_ELF, IMAGE_I386, IMAGE_X86_64, IMAGE_OTHER_MACHINE };
struct image_summary {
    enum image_kind kind;
    bool executable; /* ET_EXEC or static-pie */
    bool dynamic;    /* asks for an interpreter */
    bool multiboot;  /* Multiboot 1 header within the first 8192 bytes, checksum right */
    bool has_symbols, has_dwarf;
    bool cut_short; /* an ELF file for x86 whose headers name more than the file holds */
    uint64_t entry;
};
/* Looks only at headers; for messages about unfit files. Always fills *to. */
void image_summarise(const void *bytes, size_t size, struct image_summary *to);

/* Linear address range [*start, *start + *size) of a function or object. False when there is no such symbol. */
bool image_symbol(const struct image *image, const char *name, uint64_t *start, uint64_t *size);
/* "name+0x1a" (or "name") for an address inside a symbol; false and "" when none. */
bool image_symbol_at(const struct image *image, uint64_t address, char *text, size_t size);

/* Names of symbols in alphabetical order, one name possibly more than once; NULL past the last. */
const char *image_symbol_name(const struct image *image, size_t index);

/* Copies what the file has for linear addresses from `address` on, at most size bytes, out of one executable segment.
 * Returns the number of bytes copied, 0 when the file has no code there. */
size_t image_code_at(const struct image *image, uint64_t address, uint8_t *to, size_t size);

struct image_line {
    const char *file;      /* path as the compiler wrote it; lives as long as the image */
    const char *directory; /* where the compiler stood, for a relative file; NULL unknown */
    unsigned line;         /* from 1 */
};
bool image_line_at(const struct image *image, uint64_t address, struct image_line *to);

/* A function at an address, and the source line in it: the address's own, or that of the call of a function that the
 * compiler has put in there. Texts live as long as the image. */
struct image_call {
    const char *function, *file; /* file NULL: not told */
    unsigned line;
};
/* The function that holds the address and those inlined into it around it, innermost first; at most `most`. Returns how
 * many; 0: no DWARF data for the address. Not fast. */
size_t image_calls_at(const struct image *image, uint64_t address, struct image_call *to, size_t most);
/* Lowest address of the code of a line, or of the next line that has code. file: a path, or its last parts. False:
 * none; *known is set when there is such a file at all. */
bool image_line_address(const struct image *image, const char *file, unsigned line, uint64_t *address, bool *known);

/* A member of a C structure, by DWARF. path may go down: "node_zones[1].free_area[0].nr_free". */
struct image_field {
    uint64_t offset;       /* bytes from the start of the structure */
    uint64_t size;         /* of the member, whole array included */
    uint64_t element_size; /* of one element when the member is an array, else = size */
    uint64_t count;        /* elements, 1 when not an array */
};
bool image_field(const struct image *image, const char *type, const char *path, struct image_field *to);
bool image_type_size(const struct image *image, const char *type, uint64_t *size);  /* "struct page", "pg_data_t" */
bool image_enum_value(const struct image *image, const char *name, int64_t *value); /* "PG_slab" */

#endif
