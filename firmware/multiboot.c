/* Multiboot 1: the header search and the information structure. */
#include "multiboot.h"
#include "io.h"

#define CMDLINE_BYTES 4096u
#define HEADER_BYTES 12u /* magic, flags, checksum */
#define BASE_MEMORY_KIB (EBDA_START / 1024u)

/* Everything that the kernel's pointers point to. */
struct hand_over {
    struct multiboot_info info;
    struct multiboot_module module;
    struct multiboot_mmap_entry mmap[MEMORY_ENTRIES_MAX];
    char cmdline[CMDLINE_BYTES];
    char loader_name[sizeof "faultline"];
};

static struct hand_over hand_over;

static uint32_t word_at(const struct image *image, uint32_t offset) {
    return *(const uint32_t *)(const void *)(image->head + offset);
}

static void check_flags(const struct image *image, uint32_t offset, uint32_t flags) {
    uint32_t unknown = flags & MULTIBOOT_MANDATORY & ~(MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO);
    if (unknown)
        fail("the kernel's Multiboot header requires features %x, which this firmware does not have", unknown);
    if ((flags & MULTIBOOT_ADDRESSES) && offset + sizeof(struct multiboot_header) > image->head_bytes)
        fail("the kernel image is truncated: it ends inside its Multiboot header");
}

uint32_t multiboot_find_header(const struct image *image, struct multiboot_header *header) {
    bool bad_checksum = false;
    for (uint32_t offset = 0; offset + HEADER_BYTES <= image->head_bytes; offset += 4) {
        if (word_at(image, offset) != MULTIBOOT_HEADER_MAGIC)
            continue;
        uint32_t flags = word_at(image, offset + 4);
        if (MULTIBOOT_HEADER_MAGIC + flags + word_at(image, offset + 8) != 0) {
            bad_checksum = true;
            continue;
        }
        check_flags(image, offset, flags);
        for (uint32_t i = 0; i < sizeof *header / 4; i++)
            ((uint32_t *)header)[i] = flags & MULTIBOOT_ADDRESSES || i < 3 ? word_at(image, offset + 4 * i) : 0;
        return offset;
    }
    if (bad_checksum)
        fail("the kernel's Multiboot header has a wrong checksum");
    fail("the kernel image has no Multiboot header in its first %u bytes", image->head_bytes);
}

static void read_cmdline(char *to) {
    struct fw_cfg_file file;
    to[0] = '\0';
    if (!fw_cfg_find("opt/faultline/cmdline", &file))
        return;
    if (file.size >= CMDLINE_BYTES)
        fail("the command line has %u bytes; at most %u fit", file.size, CMDLINE_BYTES - 1);
    fw_cfg_read(&file, 0, to, file.size);
    to[file.size] = '\0';
}

static void fill_mmap(struct hand_over *out) {
    const struct ebda *area = ebda();
    for (uint32_t i = 0; i < area->count; i++)
        out->mmap[i] = (struct multiboot_mmap_entry){sizeof area->entry[i], area->entry[i]};
    out->info.mmap_length = area->count * (uint32_t)sizeof out->mmap[0];
    out->info.mmap_addr = (uint32_t)out->mmap;
}

const struct multiboot_info *multiboot_information(const struct multiboot_module *module) {
    static const char loader_name[] = "faultline";
    struct hand_over *out = &hand_over;
    for (uint32_t i = 0; i < sizeof loader_name; i++)
        out->loader_name[i] = loader_name[i];
    read_cmdline(out->cmdline);
    fill_mmap(out);
    out->info.flags = MULTIBOOT_INFO_MEMORY | MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_MODULES |
                      MULTIBOOT_INFO_MEMORY_MAP | MULTIBOOT_INFO_LOADER_NAME;
    out->info.mem_lower = BASE_MEMORY_KIB;
    out->info.mem_upper = (memory_top() - HIGH_MEMORY) / 1024;
    out->info.cmdline = (uint32_t)out->cmdline;
    out->info.boot_loader_name = (uint32_t)out->loader_name;
    if (module) {
        out->module = *module;
        out->info.mods_count = 1;
        out->info.mods_addr = (uint32_t)&out->module;
    }
    return &out->info;
}
