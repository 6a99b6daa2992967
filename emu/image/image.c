/*
 * Opening and closing. Order matters: our own header check first, then libelf, then libdw, each only when the one
 * before was content.
 */
#include "emu/image/internal.h"

#include <elf.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool image_grow(void **array, size_t count, size_t *capacity, size_t element_size) {
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *bigger = reallocarray(*array, wanted, element_size);
    if (!bigger)
        return false;
    *array = bigger;
    *capacity = wanted;
    return true;
}

static struct image *fail(struct image *image, const char *why, char *error, size_t error_size) {
    snprintf(error, error_size, "this image cannot be read: %s", why);
    image_close(image);
    return NULL;
}

/* A .gnu_debugaltlink names another file on the host; an image must not make us open one. */
static bool names_another_file(Elf *elf) {
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return true;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && strcmp(name, ".gnu_debugaltlink") == 0)
            return true;
    }
    return false;
}

struct image *image_open(const void *bytes, size_t size, char *error, size_t error_size) {
    const char *refused = image_headers_refused(bytes, size);
    if (refused)
        return fail(NULL, refused, error, error_size);
    struct image *image = calloc(1, sizeof *image);
    if (!image || !(image->debug = calloc(1, sizeof *image->debug)))
        return fail(image, "out of memory", error, error_size);
    image->size = size;
    image->address_bytes = ((const uint8_t *)bytes)[EI_CLASS] == ELFCLASS64 ? 8 : 4;
    elf_version(EV_CURRENT);
    image->elf = elf_memory((char *)(uintptr_t)bytes, size); /* read-only use: libelf wants no const */
    if (!image->elf || elf_kind(image->elf) != ELF_K_ELF)
        return fail(image, "its ELF structure is broken", error, error_size);
    if (!image_symbols_read(&image->symbols, image->elf))
        return fail(image, "out of memory", error, error_size);
    if (!names_another_file(image->elf))
        image->debug->dwarf = dwarf_begin_elf(image->elf, DWARF_C_READ, NULL);
    return image;
}

size_t image_code_at(const struct image *image, uint64_t address, uint8_t *to, size_t size) {
    size_t count = 0, file_size = 0;
    const char *file = elf_rawfile(image->elf, &file_size);
    if (!file || elf_getphdrnum(image->elf, &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(image->elf, (int)i, &segment) || segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
            continue;
        if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
            continue;
        uint64_t into = address - segment.p_vaddr, left = segment.p_filesz - into;
        if (segment.p_offset > file_size || into + (left < size ? left : size) > file_size - segment.p_offset)
            return 0;
        size_t taken = left < size ? (size_t)left : size;
        memcpy(to, file + segment.p_offset + into, taken);
        return taken;
    }
    return 0;
}

void image_close(struct image *image) {
    if (!image)
        return;
    image_symbols_free(&image->symbols);
    if (image->debug) {
        free(image->debug->types);
        free(image->debug->enumerators);
        free(image->debug->units);
        if (image->debug->dwarf)
            dwarf_end(image->debug->dwarf);
        free(image->debug);
    }
    if (image->elf)
        elf_end(image->elf);
    free(image);
}
