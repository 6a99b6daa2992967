/* fw_cfg's two interfaces: see QEMU docs/specs/fw_cfg. */
#include "fw_cfg.h"
#include "io.h"

#define SELECTOR 0x510
#define DATA 0x511
#define DMA_LOW 0x518 /* big-endian; writing it starts the operation */
#define DMA_HIGH 0x514

#define KEY_SIGNATURE 0x00
#define KEY_INTERFACE 0x01
#define KEY_DIRECTORY 0x19
#define INTERFACE_DMA 0x02

#define DMA_ERROR 0x01u
#define DMA_READ 0x02u
#define DMA_SKIP 0x04u
#define DMA_SELECT 0x08u
#define DMA_SPINS 1000000u

#define DIRECTORY_FILES_MAX 4096u
#define DIRECTORY_NAME_BYTES 56u

struct dma_descriptor { /* big-endian */
    uint32_t control, length, address_high, address_low;
};

struct directory_entry { /* big-endian */
    uint32_t size;
    uint16_t key, reserved;
    char name[DIRECTORY_NAME_BYTES];
};
_Static_assert(sizeof(struct directory_entry) == 64, "fw_cfg directory layout");

static uint32_t big(uint32_t value) { return __builtin_bswap32(value); }

static void select_key(uint16_t key) { out16(SELECTOR, key); }

bool fw_cfg_present(void) {
    select_key(KEY_SIGNATURE);
    char signature[4];
    in8_block(DATA, signature, sizeof signature);
    return signature[0] == 'Q' && signature[1] == 'E' && signature[2] == 'M' && signature[3] == 'U';
}

static bool has_dma(void) {
    select_key(KEY_INTERFACE);
    return in8(DATA) & INTERFACE_DMA;
}

static void dma(uint32_t control, void *to, uint32_t count) {
    volatile struct dma_descriptor descriptor = {
        .control = big(control), .length = big(count), .address_low = big((uint32_t)to)};
    __asm__ volatile("" : : : "memory");
    out32(DMA_HIGH, 0);
    out32(DMA_LOW, big((uint32_t)&descriptor));
    for (unsigned spins = 0; big(descriptor.control) & ~DMA_ERROR; spins++)
        if (spins == DMA_SPINS)
            fail("fw_cfg does not finish a DMA transfer of %u bytes", count);
    __asm__ volatile("" : : : "memory");
    if (descriptor.control)
        fail("fw_cfg refuses a DMA transfer of %u bytes to %x", count, (uint32_t)to);
}

static void read_key(uint16_t key, uint32_t offset, void *to, uint32_t count) {
    if (has_dma()) {
        dma((uint32_t)key << 16 | DMA_SELECT | DMA_SKIP, NULL, offset);
        dma(DMA_READ, to, count);
        return;
    }
    select_key(key);
    while (offset--)
        in8(DATA);
    in8_block(DATA, to, count);
}

static bool same_name(const char *name, const char entry[DIRECTORY_NAME_BYTES]) {
    for (unsigned i = 0; i < DIRECTORY_NAME_BYTES; i++) {
        if (name[i] != entry[i])
            return false;
        if (!name[i])
            return true;
    }
    return false;
}

bool fw_cfg_find(const char *name, struct fw_cfg_file *file) {
    uint32_t count;
    read_key(KEY_DIRECTORY, 0, &count, sizeof count);
    count = big(count);
    for (uint32_t i = 0; i < count && i < DIRECTORY_FILES_MAX; i++) {
        struct directory_entry entry;
        read_key(KEY_DIRECTORY, 4 + i * (uint32_t)sizeof entry, &entry, sizeof entry);
        if (!same_name(name, entry.name))
            continue;
        *file = (struct fw_cfg_file){name, big(entry.size), __builtin_bswap16(entry.key)};
        return true;
    }
    return false;
}

void fw_cfg_read(const struct fw_cfg_file *file, uint32_t offset, void *to, uint32_t count) {
    if (count)
        read_key(file->key, offset, to, count);
}
