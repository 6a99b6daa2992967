/*
 * The firmware's story: find memory, set up the chips and the PCI devices, load the kernel and its module, enter it by Multiboot.
 * It says nothing when all is well. Whatever is wrong ends in fail(), which says it once and leaves.
 */
#include "chips.h"
#include "fw_cfg.h"
#include "image.h"
#include "io.h"
#include "memory.h"
#include "mptable.h"
#include "multiboot.h"
#include "pci.h"

#define PAGE_BYTES 4096u
#define MODULE_LIMIT 0x38000000u /* 896 MiB: what a kernel can map directly */

void firmware_main(void);
_Noreturn void enter_kernel(uint32_t entry, const struct multiboot_info *information);

static struct image kernel;

/* The highest page-aligned place below the limit that no segment of the kernel touches; 0 when there is none. */
static uint32_t place_module(uint32_t bytes) {
    uint32_t top = memory_top() < MODULE_LIMIT ? memory_top() : MODULE_LIMIT;
    while (top >= HIGH_MEMORY && top - HIGH_MEMORY >= bytes) {
        uint32_t start = (top - bytes) & ~(PAGE_BYTES - 1);
        if (start < HIGH_MEMORY)
            return 0;
        uint32_t in_the_way = image_overlap(&kernel, start, (uint64_t)start + bytes);
        if (in_the_way == UINT32_MAX)
            return start;
        top = in_the_way;
    }
    return 0;
}

/* False when there is no module to load. */
static bool load_module(struct multiboot_module *module) {
    struct fw_cfg_file file;
    if (!fw_cfg_find("opt/faultline/initrd", &file) || file.size == 0)
        return false;
    uint32_t start = place_module(file.size);
    if (!start)
        fail("the initrd of %u bytes does not fit into RAM, which ends at %x; give the machine more memory", file.size,
             memory_top());
    fw_cfg_read(&file, 0, (void *)start, file.size);
    *module = (struct multiboot_module){start, start + file.size, (uint32_t) "initrd", 0};
    return true;
}

void firmware_main(void) {
    post(POST_C_CODE);
    serial_init();
    bios_area_init();
    if (!fw_cfg_present())
        fail("this machine has no fw_cfg device to load a kernel from");
    memory_map_build();
    post(POST_MEMORY_MAP);
    chips_init();
    post(POST_CHIPS);
    pci_init();
    post(POST_PCI);
    mptable_build();

    if (!fw_cfg_find("opt/faultline/kernel", &kernel.file))
        fail("there is no kernel; pass one as the fw_cfg file opt/faultline/kernel");
    post(POST_KERNEL_FOUND);
    image_check(&kernel);
    post(POST_KERNEL_CHECKED);
    image_copy(&kernel);
    post(POST_KERNEL_COPIED);
    struct multiboot_module module;
    bool has_module = load_module(&module);
    post(POST_MODULE_LOADED);
    const struct multiboot_info *information = multiboot_information(has_module ? &module : NULL);
    post(POST_ENTER_KERNEL);
    enter_kernel(kernel.entry, information);
}
