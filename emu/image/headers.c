/*
 * The ELF header, program headers and section headers, read by hand from bytes that nobody has checked.
 *
 * What it keeps true: a read outside [0, size) gives zero, so that every question has an answer for every file; after
 * image_headers_refused() says NULL, all section contents lie inside the file.
 */
#include "emu/image/internal.h"

#include <elf.h>
#include <string.h>

struct reader {
    const uint8_t *bytes;
    size_t size;
    bool wide; /* ELFCLASS64 */
};

/* A little-endian number of width bytes at offset; zero outside the file. */
static uint64_t number_at(const struct reader *in, uint64_t offset, unsigned width) {
    uint64_t value = 0;
    if (offset > in->size || width > in->size - offset)
        return 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)in->bytes[offset + i] << (8 * i);
    return value;
}

/* The member of a structure that exists in a 32-bit and a 64-bit form. */
#define MEMBER(in, at, Structure, member)                                                                              \
    ((in)->wide ? number_at(in, (at) + offsetof(Elf64_##Structure, member), sizeof(((Elf64_##Structure *)0)->member))  \
                : number_at(in, (at) + offsetof(Elf32_##Structure, member), sizeof(((Elf32_##Structure *)0)->member)))

static bool is_elf(const uint8_t *bytes, size_t size) {
    return size >= EI_NIDENT && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

static struct reader reader_of(const uint8_t *bytes, size_t size) {
    return (struct reader){bytes, size, size > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64};
}

static bool inside(const struct reader *in, uint64_t offset, uint64_t length) {
    return offset <= in->size && length <= in->size - offset;
}

static const char *section_refused(const struct reader *in, uint64_t at) {
    if (MEMBER(in, at, Shdr, sh_type) == SHT_NOBITS || MEMBER(in, at, Shdr, sh_type) == SHT_NULL)
        return NULL;
    if (!inside(in, MEMBER(in, at, Shdr, sh_offset), MEMBER(in, at, Shdr, sh_size)))
        return "a section reaches beyond the end of the file (cut short?)";
    return NULL;
}

static const char *sections_refused(const struct reader *in) {
    uint64_t table = MEMBER(in, 0, Ehdr, e_shoff), count = MEMBER(in, 0, Ehdr, e_shnum);
    uint64_t entry = in->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    if (table == 0)
        return count ? "it counts sections but has no section table" : NULL;
    if (count == 0)
        return "its section table is empty or larger than any that is expected here";
    if (MEMBER(in, 0, Ehdr, e_shentsize) != entry)
        return "its section headers have a wrong size";
    if (!inside(in, table, count * entry))
        return "its section table reaches beyond the end of the file (cut short?)";
    for (uint64_t i = 0; i < count; i++) {
        const char *refused = section_refused(in, table + i * entry);
        if (refused)
            return refused;
    }
    return NULL;
}

static const char *segments_refused(const struct reader *in) {
    uint64_t table = MEMBER(in, 0, Ehdr, e_phoff), count = MEMBER(in, 0, Ehdr, e_phnum);
    uint64_t entry = in->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (count == 0)
        return NULL;
    if (MEMBER(in, 0, Ehdr, e_phentsize) != entry)
        return "its program headers have a wrong size";
    if (!inside(in, table, count * entry))
        return "its program headers reach beyond the end of the file (cut short?)";
    return NULL;
}

const char *image_headers_refused(const uint8_t *bytes, size_t size) {
    if (!is_elf(bytes, size))
        return "it is not an ELF file";
    struct reader in = reader_of(bytes, size);
    if (bytes[EI_DATA] != ELFDATA2LSB)
        return "it is not little-endian";
    if (!in.wide && bytes[EI_CLASS] != ELFCLASS32)
        return "its ELF class is neither 32 nor 64 bits";
    if (size < (in.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return "its header is cut short";
    uint64_t machine = MEMBER(&in, 0, Ehdr, e_machine);
    if (machine != EM_386 && machine != EM_X86_64)
        return "it is for another machine than i386 and x86-64";
    const char *refused = segments_refused(&in);
    return refused ? refused : sections_refused(&in);
}

/* Multiboot 1, section 3.1: magic, flags and checksum on a 4-byte border within the first 8192 bytes, sum zero. */
static bool has_multiboot_header(const struct reader *in) {
    uint64_t limit = in->size < 8192 ? in->size : 8192;
    for (uint64_t at = 0; at + 12 <= limit; at += 4) {
        uint32_t magic = (uint32_t)number_at(in, at, 4);
        if (magic == 0x1BADB002u && (uint32_t)(magic + number_at(in, at + 4, 4) + number_at(in, at + 8, 4)) == 0)
            return true;
    }
    return false;
}

/* The .dynamic entries [at, at + length) say that this shared object is a position-independent program. */
static bool says_pie(const struct reader *in, uint64_t at, uint64_t length) {
    uint64_t entry = in->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn), word = entry / 2;
    if (!inside(in, at, length))
        return false;
    for (uint64_t i = 0; i + entry <= length; i += entry)
        if (number_at(in, at + i, (unsigned)word) == DT_FLAGS_1)
            return number_at(in, at + i + word, (unsigned)word) & DF_1_PIE;
    return false;
}

static void summarise_segments(const struct reader *in, struct image_summary *to) {
    uint64_t table = MEMBER(in, 0, Ehdr, e_phoff), count = MEMBER(in, 0, Ehdr, e_phnum);
    uint64_t entry = in->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (!inside(in, table, count * entry))
        return;
    for (uint64_t at = table; at < table + count * entry; at += entry) {
        uint64_t type = MEMBER(in, at, Phdr, p_type);
        if (type == PT_INTERP)
            to->dynamic = true;
        if (type == PT_DYNAMIC && says_pie(in, MEMBER(in, at, Phdr, p_offset), MEMBER(in, at, Phdr, p_filesz)))
            to->executable = true;
    }
}

/* Does the section's name start with .debug_info? Names come from the table that e_shstrndx names. */
static bool is_debug_info(const struct reader *in, uint64_t names, uint64_t header) {
    static const char wanted[] = ".debug_info";
    uint64_t at = MEMBER(in, names, Shdr, sh_offset) + MEMBER(in, header, Shdr, sh_name);
    return inside(in, at, sizeof wanted) && memcmp(in->bytes + at, wanted, sizeof wanted) == 0;
}

static void summarise_sections(const struct reader *in, struct image_summary *to) {
    uint64_t table = MEMBER(in, 0, Ehdr, e_shoff), count = MEMBER(in, 0, Ehdr, e_shnum);
    uint64_t entry = in->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    if (table == 0 || !inside(in, table, count * entry))
        return;
    uint64_t names = table + MEMBER(in, 0, Ehdr, e_shstrndx) * entry;
    for (uint64_t at = table; at < table + count * entry; at += entry) {
        if (MEMBER(in, at, Shdr, sh_type) == SHT_SYMTAB)
            to->has_symbols = true;
        if (is_debug_info(in, names, at))
            to->has_dwarf = true;
    }
}

static enum image_kind kind_of(const struct reader *in) {
    uint64_t machine = MEMBER(in, 0, Ehdr, e_machine);
    if (in->bytes[EI_DATA] != ELFDATA2LSB)
        return IMAGE_OTHER_MACHINE;
    if (machine == EM_386 && !in->wide)
        return IMAGE_I386;
    return machine == EM_X86_64 ? IMAGE_X86_64 : IMAGE_OTHER_MACHINE;
}

/* A table that is there but not whole, or a loaded segment or a section that reaches beyond the end of the file. */
static bool is_cut_short(const struct reader *in) {
    uint64_t header = in->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    uint64_t segments = MEMBER(in, 0, Ehdr, e_phoff), count = MEMBER(in, 0, Ehdr, e_phnum);
    uint64_t entry = in->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t sections = MEMBER(in, 0, Ehdr, e_shoff);
    if (in->size < header || !inside(in, segments, count * entry))
        return true;
    for (uint64_t at = segments; at < segments + count * entry; at += entry)
        if (MEMBER(in, at, Phdr, p_type) == PT_LOAD &&
            !inside(in, MEMBER(in, at, Phdr, p_offset), MEMBER(in, at, Phdr, p_filesz)))
            return true;
    return sections != 0 && sections_refused(in) != NULL;
}

void image_summarise(const void *bytes, size_t size, struct image_summary *to) {
    struct reader in = reader_of(bytes, size);
    *to = (struct image_summary){.kind = IMAGE_NOT_ELF};
    if (size >= 4)
        to->multiboot = has_multiboot_header(&in);
    if (!is_elf(bytes, size))
        return;
    to->kind = kind_of(&in);
    if (to->kind == IMAGE_OTHER_MACHINE)
        return;
    to->cut_short = is_cut_short(&in);
    to->entry = MEMBER(&in, 0, Ehdr, e_entry);
    to->executable = MEMBER(&in, 0, Ehdr, e_type) == ET_EXEC;
    summarise_segments(&in, to);
    summarise_sections(&in, to);
}
