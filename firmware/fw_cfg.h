/*
 * Reading QEMU's fw_cfg device: by DMA where the device offers it, byte by byte where not.
 * Every function but fw_cfg_present() fails with a message when the device misbehaves.
 */
#ifndef FIRMWARE_FW_CFG_H
#define FIRMWARE_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

struct fw_cfg_file {
    const char *name;
    uint32_t size; /* bytes */
    uint16_t key;
};

bool fw_cfg_present(void);

/* False when there is no file of that name. name must stay. */
bool fw_cfg_find(const char *name, struct fw_cfg_file *file);

/* Copies bytes [offset, offset + count) of the file, which must exist. */
void fw_cfg_read(const struct fw_cfg_file *file, uint32_t offset, void *to, uint32_t count);

#endif
