/* The toy kernel loaded into 16 MiB of RAM with paging on, as if it had booted: what kernelview looks at. */
#ifndef FAULTLINE_TESTS_STORY_TOY_RAM_H
#define FAULTLINE_TESTS_STORY_TOY_RAM_H

#include "emu/image/image.h"
#include "mmu/mmu.h"

#define TOY_RAM_BYTES (16u << 20)

struct toy_ram {
    uint8_t *bytes;
    struct mmu_region region;
    struct mmu_memory memory;
    struct mmu_context mmu;
};

/* Loads the segments of an i386 executable linked at C0000000 + physical. The caller frees with toy_ram_free(). */
void toy_ram_load(struct toy_ram *ram, const struct image *image, const uint8_t *file, size_t size);
void toy_ram_free(struct toy_ram *ram);

/* The host's pointer to a guest variable: symbol, plus offset of a member in type when type is not NULL. */
uint8_t *toy_ram_at(struct toy_ram *ram, const struct image *image, const char *symbol, const char *type,
                    const char *path);
void toy_ram_poke(struct toy_ram *ram, const struct image *image, const char *symbol, const char *type,
                  const char *path, uint32_t value);

#endif
