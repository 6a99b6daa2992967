/* fw_cfg: see fw_cfg.h for the model. */
#include "emu/devices/fw_cfg.h"

#include <string.h>

#define KEY_SIGNATURE 0x00u
#define KEY_INTERFACE 0x01u
#define KEY_RAM_BYTES 0x03u
#define KEY_CPU_COUNT 0x05u
#define KEY_NODES 0x0Du
#define KEY_MAX_CPUS 0x0Fu
#define KEY_DIRECTORY 0x19u

#define INTERFACE_TRADITIONAL 1u
#define INTERFACE_DMA 2u

#define DMA_ERROR 0x01u
#define DMA_READ 0x02u
#define DMA_SKIP 0x04u
#define DMA_SELECT 0x08u
#define DMA_WRITE 0x10u
#define DMA_DESCRIPTOR_BYTES 16u

#define E820_RAM 1u
#define DIRECTORY_ENTRY_BYTES 64u

struct item {
    const uint8_t *data;
    size_t size;
};

static void put_little(uint8_t *to, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void put_big(uint8_t *to, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_big(const uint8_t *from, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

/* The item under the selector; an unknown key is an item of no bytes. */
static struct item selected_item(const struct fw_cfg *fw_cfg) {
    switch (fw_cfg->key) {
    case KEY_SIGNATURE: return (struct item){(const uint8_t *)"QEMU", 4};
    case KEY_INTERFACE: return (struct item){fw_cfg->interface_id, sizeof fw_cfg->interface_id};
    case KEY_RAM_BYTES: return (struct item){fw_cfg->ram_bytes, sizeof fw_cfg->ram_bytes};
    case KEY_CPU_COUNT:
    case KEY_MAX_CPUS: return (struct item){fw_cfg->cpu_count, sizeof fw_cfg->cpu_count};
    case KEY_NODES: return (struct item){fw_cfg->nodes, fw_cfg->nodes_bytes};
    case KEY_DIRECTORY: return (struct item){fw_cfg->directory, 4 + (size_t)fw_cfg->file_count * DIRECTORY_ENTRY_BYTES};
    default: break;
    }
    unsigned index = fw_cfg->key - FW_CFG_FIRST_FILE_KEY;
    if (fw_cfg->key < FW_CFG_FIRST_FILE_KEY || index >= fw_cfg->file_count)
        return (struct item){NULL, 0};
    return (struct item){fw_cfg->file[index].data, fw_cfg->file[index].size};
}

static void select_key(struct fw_cfg *fw_cfg, uint16_t key) {
    fw_cfg->key = key;
    fw_cfg->offset = 0;
}

static void advance(struct fw_cfg *fw_cfg, uint32_t bytes) {
    /* The offset stays at the end of the range instead of wrapping round to the item's first byte. */
    fw_cfg->offset = bytes > UINT32_MAX - fw_cfg->offset ? UINT32_MAX : fw_cfg->offset + bytes;
}

static uint8_t next_byte(struct fw_cfg *fw_cfg) {
    struct item item = selected_item(fw_cfg);
    uint8_t value = fw_cfg->offset < item.size ? item.data[fw_cfg->offset] : 0;
    advance(fw_cfg, 1);
    return value;
}

static bool write_zeros(const struct guest_memory *memory, uint64_t to, uint32_t length) {
    static const uint8_t zeros[4096];
    while (length) {
        uint32_t chunk = length < sizeof zeros ? length : (uint32_t)sizeof zeros;
        if (!memory->write(memory->owner, to, zeros, chunk))
            return false;
        to += chunk;
        length -= chunk;
    }
    return true;
}

/* Copies the selected item's next length bytes to RAM, zeros past its end. */
static bool dma_read(struct fw_cfg *fw_cfg, uint64_t to, uint32_t length) {
    struct item item = selected_item(fw_cfg);
    size_t left = fw_cfg->offset < item.size ? item.size - fw_cfg->offset : 0;
    uint32_t real = left < length ? (uint32_t)left : length;
    if (length && to > UINT64_MAX - (length - 1))
        return false;
    if (real && !fw_cfg->memory.write(fw_cfg->memory.owner, to, item.data + fw_cfg->offset, real))
        return false;
    return write_zeros(&fw_cfg->memory, to + real, length - real);
}

/* Does one descriptor; returns what goes back into its control word. */
static uint32_t dma_perform(struct fw_cfg *fw_cfg, uint32_t control, uint32_t length, uint64_t address) {
    if (control & DMA_SELECT)
        select_key(fw_cfg, (uint16_t)(control >> 16));
    if (control & DMA_READ) {
        if (!dma_read(fw_cfg, address, length))
            return DMA_ERROR;
        advance(fw_cfg, length);
    } else if (control & DMA_WRITE) {
        return DMA_ERROR; /* no item here can be written */
    } else if (control & DMA_SKIP) {
        advance(fw_cfg, length);
    }
    return 0;
}

static void dma_start(struct fw_cfg *fw_cfg, uint64_t descriptor) {
    const struct guest_memory *memory = &fw_cfg->memory;
    uint8_t bytes[DMA_DESCRIPTOR_BYTES];
    if (!memory->read(memory->owner, descriptor, bytes, sizeof bytes))
        return; /* there is no memory to put an error into */
    uint32_t result =
        dma_perform(fw_cfg, (uint32_t)get_big(bytes, 4), (uint32_t)get_big(bytes + 4, 4), get_big(bytes + 8, 8));
    put_big(bytes, result, 4);
    memory->write(memory->owner, descriptor, bytes, 4);
}

bool fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, size_t size) {
    size_t name_bytes = strlen(name);
    if (name_bytes == 0 || name_bytes >= FW_CFG_NAME_BYTES || size > UINT32_MAX ||
        fw_cfg->file_count == FW_CFG_FILES_MAX)
        return false;
    for (unsigned i = 0; i < fw_cfg->file_count; i++)
        if (strcmp(fw_cfg->file[i].name, name) == 0)
            return false;
    unsigned index = fw_cfg->file_count++;
    fw_cfg->file[index] = (struct fw_cfg_file){name, data, size};
    uint8_t *entry = fw_cfg->directory + 4 + (size_t)index * DIRECTORY_ENTRY_BYTES;
    put_big(fw_cfg->directory, fw_cfg->file_count, 4);
    put_big(entry, size, 4);
    put_big(entry + 4, FW_CFG_FIRST_FILE_KEY + index, 2);
    memcpy(entry + 8, name, name_bytes);
    return true;
}

void fw_cfg_init(struct fw_cfg *fw_cfg, struct guest_memory memory, uint64_t ram_bytes, unsigned cpu_count) {
    *fw_cfg = (struct fw_cfg){.memory = memory};
    put_little(fw_cfg->ram_bytes, ram_bytes, 8);
    put_little(fw_cfg->cpu_count, cpu_count, 2);
    put_little(fw_cfg->interface_id, INTERFACE_TRADITIONAL | INTERFACE_DMA, 4);
    put_little(fw_cfg->e820 + 8, ram_bytes, 8);
    put_little(fw_cfg->e820 + 16, E820_RAM, 4);
    fw_cfg_add_file(fw_cfg, "etc/e820", fw_cfg->e820, sizeof fw_cfg->e820);
    fw_cfg_set_nodes(fw_cfg, NULL, 0);
}

void fw_cfg_set_nodes(struct fw_cfg *fw_cfg, const uint64_t *node_bytes, unsigned count) {
    count = count < FW_CFG_NODES_MAX ? count : FW_CFG_NODES_MAX;
    put_little(fw_cfg->nodes, count, 8);
    for (unsigned i = 0; i < count; i++)
        put_little(fw_cfg->nodes + 16 + 8 * i, node_bytes[i], 8);
    fw_cfg->nodes_bytes = 16 + 8 * (size_t)count;
}

/* Port 0x510: a 16-bit write selects; 0x511: each byte read is the next one. Data writes have no effect. */
static uint32_t register_read(void *device, uint64_t offset, unsigned size) {
    if (offset == 0)
        return size == 1 ? 0 : size == 2 ? 0xFFFFu : UINT32_MAX; /* the selector is write-only */
    uint32_t value = 0;
    for (unsigned i = 0; i < size && i < 4 && offset == 1; i++)
        value |= (uint32_t)next_byte(device) << (8 * i);
    return value;
}

static void register_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    if (offset == 0 && size == 2)
        select_key(device, (uint16_t)value);
}

/* Reading the DMA address register tells that it is there: "QEMU CFG", first letter at the first port. */
static uint32_t dma_register_read(void *device, uint64_t offset, unsigned size) {
    static const uint8_t signature[8] = "QEMU CFG";
    (void)device;
    uint32_t value = 0;
    for (unsigned i = 0; i < size && i < 4; i++)
        value |= (uint32_t)(offset + i < 8 ? signature[offset + i] : 0xFFu) << (8 * i);
    return value;
}

static uint32_t swap_bytes(uint32_t value) {
    return value >> 24 | (value >> 8 & 0xFF00u) | (value << 8 & 0xFF0000u) | value << 24;
}

static void dma_register_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct fw_cfg *fw_cfg = device;
    if (size != 4)
        return;
    if (offset == 0) {
        fw_cfg->dma_address = (uint64_t)swap_bytes(value) << 32;
    } else if (offset == 4) {
        uint64_t descriptor = fw_cfg->dma_address | swap_bytes(value);
        fw_cfg->dma_address = 0;
        dma_start(fw_cfg, descriptor);
    }
}

void fw_cfg_ranges(struct fw_cfg *fw_cfg, struct io_range ranges[FW_CFG_RANGES]) {
    static const struct io_ops register_ops = {register_read, register_write};
    static const struct io_ops dma_ops = {dma_register_read, dma_register_write};
    ranges[0] = (struct io_range){0x510, 2, &register_ops, fw_cfg};
    ranges[1] = (struct io_range){0x514, 8, &dma_ops, fw_cfg};
}
