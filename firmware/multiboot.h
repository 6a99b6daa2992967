/* Multiboot 1 as far as a kernel and a boot loader see it: Multiboot Specification 0.6.96, sections 3.1 and 3.3. */
#ifndef FIRMWARE_MULTIBOOT_H
#define FIRMWARE_MULTIBOOT_H

#include "image.h"
#include "memory.h"

#include <stdint.h>

/* The header lies within the first MULTIBOOT_SEARCH bytes of the file, 4-byte aligned. */
#define MULTIBOOT_SEARCH 8192u
#define MULTIBOOT_HEADER_MAGIC 0x1BADB002u
#define MULTIBOOT_MANDATORY 0xFFFFu
#define MULTIBOOT_PAGE_ALIGN 0x0001u
#define MULTIBOOT_MEMORY_INFO 0x0002u
#define MULTIBOOT_ADDRESSES 0x10000u

struct multiboot_header {
    uint32_t magic, flags, checksum;
    /* valid with MULTIBOOT_ADDRESSES */
    uint32_t header_address, load_address, load_end_address, bss_end_address, entry_address;
};

#define MULTIBOOT_INFO_MEMORY 0x001u
#define MULTIBOOT_INFO_CMDLINE 0x004u
#define MULTIBOOT_INFO_MODULES 0x008u
#define MULTIBOOT_INFO_MEMORY_MAP 0x040u
#define MULTIBOOT_INFO_LOADER_NAME 0x200u

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; /* KiB from 0, KiB from 1 MiB */
    uint32_t boot_device, cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};
_Static_assert(sizeof(struct multiboot_info) == 72, "Multiboot layout");

struct multiboot_module {
    uint32_t start, end; /* [start, end) */
    uint32_t string, reserved;
};

struct multiboot_mmap_entry {
    uint32_t size; /* of the rest */
    struct memory_entry entry;
};
_Static_assert(sizeof(struct multiboot_mmap_entry) == 24, "Multiboot layout");

/* Finds the header in the image's first bytes and returns its offset in the file; fails when it is missing or
 * asks for what this firmware does not do. */
uint32_t multiboot_find_header(const struct image *image, struct multiboot_header *header);

/* The information for a kernel that is in place. module may be NULL. Points into the firmware's own memory. */
const struct multiboot_info *multiboot_information(const struct multiboot_module *module);

#endif
