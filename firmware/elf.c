/* ELF32 for the i386, ELF64 for the x86-64: System V ABI, "ELF header" and "Program header". */
#include "image.h"
#include "io.h"

#define CLASS_32 1u
#define CLASS_64 2u
#define LITTLE_ENDIAN_DATA 1u
#define TYPE_EXECUTABLE 2u
#define MACHINE_I386 3u
#define MACHINE_X86_64 62u
#define SEGMENT_LOAD 1u
#define PROGRAM_HEADERS_MAX 128u

struct elf32_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf32_header) == 52, "ELF layout");

struct elf64_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf64_header) == 64, "ELF layout");

struct elf32_segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
_Static_assert(sizeof(struct elf32_segment) == 32, "ELF layout");

struct elf64_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf64_segment) == 56, "ELF layout");

/* Both classes in one form. */
struct elf {
    bool is_64;
    uint32_t type, machine, phentsize, phnum;
    uint64_t entry, phoff;
};

/* The entry point may be given as a virtual address; the segment that holds it tells the physical one. */
struct entry_search {
    uint64_t entry;
    uint64_t translated;
    bool is_physical, is_virtual;
};

static bool is_elf(const uint8_t *head, uint32_t bytes) {
    return bytes >= 4 && head[0] == 0x7F && head[1] == 'E' && head[2] == 'L' && head[3] == 'F';
}

static struct elf read_header(const struct image *image) {
    const uint8_t *head = image->head;
    if (!is_elf(head, image->head_bytes))
        fail("the kernel image is neither an ELF file nor one with Multiboot address fields");
    bool is_64 = image->head_bytes > 4 && head[4] == CLASS_64;
    if (image->head_bytes < (is_64 ? sizeof(struct elf64_header) : sizeof(struct elf32_header)))
        fail("the kernel image is truncated: its ELF header is longer than the file's %u bytes", image->file.size);
    if ((head[4] != CLASS_32 && head[4] != CLASS_64) || head[5] != LITTLE_ENDIAN_DATA)
        fail("the kernel image is an ELF file of an unknown class or byte order");
    if (is_64) {
        const struct elf64_header *from = (const void *)head;
        return (struct elf){true, from->type, from->machine, from->phentsize, from->phnum, from->entry, from->phoff};
    }
    const struct elf32_header *from = (const void *)head;
    return (struct elf){false, from->type, from->machine, from->phentsize, from->phnum, from->entry, from->phoff};
}

static void check_header(const struct image *image, const struct elf *elf) {
    uint32_t machine = elf->is_64 ? MACHINE_X86_64 : MACHINE_I386;
    uint32_t entry_size = elf->is_64 ? sizeof(struct elf64_segment) : sizeof(struct elf32_segment);
    if (elf->machine != machine)
        fail("the kernel image is for ELF machine %u; this PC needs %u", elf->machine, machine);
    if (elf->type != TYPE_EXECUTABLE)
        fail("the kernel image is not an executable ELF file at fixed addresses (type %u); link it with -no-pie",
             elf->type);
    if (elf->phnum == 0 || elf->phnum > PROGRAM_HEADERS_MAX || elf->phentsize != entry_size)
        fail("the kernel image is damaged: %u program headers of %u bytes", elf->phnum, elf->phentsize);
    uint64_t table_bytes = (uint64_t)elf->phnum * entry_size;
    if (elf->phoff > image->file.size || table_bytes > image->file.size - elf->phoff)
        fail("the kernel image is truncated: its program headers end after the file's %u bytes", image->file.size);
}

static struct elf64_segment read_segment(const struct image *image, const struct elf *elf, uint32_t index) {
    struct elf64_segment wide;
    uint32_t offset = (uint32_t)elf->phoff + index * elf->phentsize;
    if (elf->is_64) {
        fw_cfg_read(&image->file, offset, &wide, sizeof wide);
        return wide;
    }
    struct elf32_segment from;
    fw_cfg_read(&image->file, offset, &from, sizeof from);
    return (struct elf64_segment){from.type,  from.flags,  from.offset, from.vaddr,
                                  from.paddr, from.filesz, from.memsz,  from.align};
}

static void look_for_entry(struct entry_search *search, const struct elf64_segment *segment) {
    if (search->entry >= segment->paddr && search->entry - segment->paddr < segment->memsz)
        search->is_physical = true;
    if (search->entry >= segment->vaddr && search->entry - segment->vaddr < segment->memsz) {
        search->is_virtual = true;
        search->translated = search->entry - segment->vaddr + segment->paddr;
    }
}

void elf_check(struct image *image) {
    struct elf elf = read_header(image);
    check_header(image, &elf);
    struct entry_search search = {.entry = elf.entry};
    for (uint32_t i = 0; i < elf.phnum; i++) {
        struct elf64_segment segment = read_segment(image, &elf, i);
        if (segment.type != SEGMENT_LOAD)
            continue;
        image_add_segment(image,
                          &(struct segment_request){segment.paddr, segment.memsz, segment.offset, segment.filesz});
        look_for_entry(&search, &segment);
    }
    /* Every segment is below 4 GiB, so whatever was found in one is as well. */
    if (search.is_physical || search.is_virtual)
        image->entry = (uint32_t)(search.is_physical ? search.entry : search.translated);
    else if (image->segments)
        fail("the kernel's entry point %x is outside its segments", (uint32_t)elf.entry);
}
