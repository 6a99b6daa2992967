#include "tests/story/toy_ram.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_START 0xC0000000u

static void die(const char *what) {
    fprintf(stderr, "the toy kernel has no %s\n", what);
    exit(2);
}

static uint64_t symbol_address(const struct image *image, const char *name) {
    uint64_t start;
    if (!image_symbol(image, name, &start, NULL))
        die(name);
    return start;
}

void toy_ram_load(struct toy_ram *ram, const struct image *image, const uint8_t *file, size_t size) {
    Elf32_Ehdr header;
    ram->bytes = calloc(1, TOY_RAM_BYTES);
    memcpy(&header, file, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf32_Phdr segment;
        memcpy(&segment, file + header.e_phoff + i * sizeof segment, sizeof segment);
        uint64_t at = segment.p_vaddr - KERNEL_START;
        if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz <= size &&
            at + segment.p_filesz <= TOY_RAM_BYTES)
            memcpy(ram->bytes + at, file + segment.p_offset, segment.p_filesz);
    }
    ram->region = (struct mmu_region){0, TOY_RAM_BYTES, ram->bytes, true};
    ram->memory = (struct mmu_memory){&ram->region, 1};
    struct mmu_state state = {.cr0 = MMU_CR0_PE | MMU_CR0_WP | MMU_CR0_PG, .cr4 = MMU_CR4_PSE, .maxphyaddr = 36};
    state.cr3 = symbol_address(image, "toy_pgd") - KERNEL_START;
    mmu_context_init(&ram->mmu, &ram->memory, &state);
}

void toy_ram_free(struct toy_ram *ram) { free(ram->bytes); }

uint8_t *toy_ram_at(struct toy_ram *ram, const struct image *image, const char *symbol, const char *type,
                    const char *path) {
    struct image_field field = {.offset = 0};
    if (type && !image_field(image, type, path, &field))
        die(path);
    return ram->bytes + (symbol_address(image, symbol) - KERNEL_START) + field.offset;
}

void toy_ram_poke(struct toy_ram *ram, const struct image *image, const char *symbol, const char *type,
                  const char *path, uint32_t value) {
    memcpy(toy_ram_at(ram, image, symbol, type, path), &value, sizeof value);
}
