/*
 * QEMU's firmware configuration device (selector 0x510, data 0x511, DMA 0x514-0x51B).
 *
 * The model. Items are named by 16-bit keys; a selector and an offset say what the next data byte is. Reading past
 * the end of an item, or an item that does not exist, gives zeros. The DMA interface does the same in one go: the
 * guest writes the big-endian physical address of { control, length, address } and finds control 0 (done) or
 * bit 0 (error) afterwards.
 *
 * What it keeps true:
 *   - an item's bytes are never copied nor changed; nothing can be written to an item (control bit 4 is an error);
 *   - a descriptor or a buffer outside RAM is answered with the error bit where the descriptor can be written,
 *     and has no other effect beyond the chunks that did fit;
 *   - the work for one access is bounded by the size of guest RAM.
 *
 * A DMA operation happens inside the port write that starts it: guest_memory.write is called while the CPU executes
 * that instruction, and the board has to defer what its CPU cannot do there.
 *
 * Source: QEMU docs/specs/fw_cfg; e820 file: packed { u64 address, u64 length, u32 type } little-endian.
 */
#ifndef FAULTLINE_FW_CFG_H
#define FAULTLINE_FW_CFG_H

#include "emu/devices/device.h"

#define FW_CFG_FILES_MAX 32u
#define FW_CFG_NAME_BYTES 56u /* with the final NUL */
#define FW_CFG_FIRST_FILE_KEY 0x20u
#define FW_CFG_NODES_MAX 4u

struct fw_cfg_file {
    const char *name;
    const void *data;
    size_t size;
};

struct fw_cfg {
    struct fw_cfg_file file[FW_CFG_FILES_MAX];
    unsigned file_count;
    uint8_t directory[4 + FW_CFG_FILES_MAX * 64];
    uint8_t e820[20];
    uint8_t ram_bytes[8], cpu_count[2], interface_id[4];
    uint8_t nodes[8 * (2 + FW_CFG_NODES_MAX)]; /* their number, the node of the one CPU, bytes of each */
    size_t nodes_bytes;
    uint16_t key;
    uint32_t offset;      /* of the next data byte of the selected item */
    uint64_t dma_address; /* high half as written, until the low half starts the operation */
    struct guest_memory memory;
};

/* memory is for the DMA interface. ram_bytes: guest RAM from address 0, told by key 3 and by the file etc/e820, which
 * is added here. */
void fw_cfg_init(struct fw_cfg *fw_cfg, struct guest_memory memory, uint64_t ram_bytes, unsigned cpu_count);

/* Offers a file. name and data are not copied and must outlive the device. False when the name is empty, too long or
 * taken, the file is larger than UINT32_MAX or there are FW_CFG_FILES_MAX files already. */
bool fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, size_t size);

/* Tells of `count` nodes (at most FW_CFG_NODES_MAX) of so many bytes each, from address 0 upwards; the CPU is of node
 * 0. Without this call key 0x0D says that there are none. */
void fw_cfg_set_nodes(struct fw_cfg *fw_cfg, const uint64_t *node_bytes, unsigned count);

#define FW_CFG_RANGES 2
void fw_cfg_ranges(struct fw_cfg *fw_cfg, struct io_range ranges[FW_CFG_RANGES]);

#endif
