/*
 * What the loader left (Multiboot Specification 0.6.96, section 3.3) becomes the kernel's own: the memory map, the
 * command line and the place of the initial RAM disk are copied before memory management may reuse the loader's memory.
 */
#include "asm/setup.h"
#include "asm/e820.h"
#include "asm/page.h"
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/trace.h"
#include "mm/mm.h"

#define MULTIBOOT_LOADER_MAGIC 0x2BADB002u
#define INFO_MEMORY 0x001u
#define INFO_COMMAND_LINE 0x004u
#define INFO_MODULES 0x008u
#define INFO_MEMORY_MAP 0x040u

struct multiboot_info {
    u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

struct multiboot_module {
    u32 start, end, string, reserved;
};

struct multiboot_mmap_entry {
    u32 size; /* of what follows */
    u32 addr_low, addr_high, length_low, length_high, type;
};

struct e820_map e820;
u32 initrd_start, initrd_end;
char saved_command_line[2048];

static void e820_add(u64 addr, u64 size, u32 type)
{
    if (size && e820.count < E820_MAX)
        e820.map[e820.count++] = (struct e820_entry){addr, size, type};
}

static void read_memory_map(const struct multiboot_info *info)
{
    u32 at = info->mmap_addr, end = info->mmap_addr + info->mmap_length;
    while (at + sizeof(struct multiboot_mmap_entry) <= end) {
        const struct multiboot_mmap_entry *entry = __va(at);
        e820_add((u64)entry->addr_high << 32 | entry->addr_low, (u64)entry->length_high << 32 | entry->length_low,
                 entry->type);
        at += entry->size + 4;
    }
}

static void read_memory(const struct multiboot_info *info)
{
    if (info->flags & INFO_MEMORY_MAP)
        read_memory_map(info);
    if (e820.count || !(info->flags & INFO_MEMORY))
        return;
    e820_add(0, (u64)info->mem_lower << 10, E820_RAM);
    e820_add(0x100000, (u64)info->mem_upper << 10, E820_RAM);
}

static void read_module(const struct multiboot_info *info)
{
    if (!(info->flags & INFO_MODULES) || !info->mods_count)
        return;
    const struct multiboot_module *module = __va(info->mods_addr);
    initrd_start = module->start;
    initrd_end = module->end;
}

/*
 * The loader puts the kernel's file name first in the command line (it starts with "/" or has no "="); our own ROM and
 * QEMU differ, so a first word that is a path is dropped.
 */
static void read_command_line(const struct multiboot_info *info)
{
    if (!(info->flags & INFO_COMMAND_LINE))
        return;
    const char *line = __va(info->cmdline);
    const char *space = strchr(line, ' ');
    const char *slash = strchr(line, '/');
    if (slash && (!space || slash < space) && !(strchr(line, '=') && strchr(line, '=') < slash))
        line = space ? space + 1 : "";
    strlcpy(saved_command_line, line, sizeof(saved_command_line));
}

static bool option_word(const char *word, const char *name, char *buf, size_t size)
{
    size_t n = strlen(name), length = 0;
    if (strncmp(word, name, n) || (word[n] && word[n] != ' ' && word[n] != '='))
        return false;
    const char *value = word[n] == '=' ? word + n + 1 : "";
    while (value[length] && value[length] != ' ')
        length++;
    strlcpy(buf, value, min_t(size_t, size, length + 1));
    return true;
}

bool command_line_option(const char *name, char *buf, size_t size)
{
    const char *word = saved_command_line;
    while (*word) {
        if (!strncmp(word, "--", 2) && (!word[2] || word[2] == ' '))
            return false; /* the rest belongs to init */
        if (option_word(word, name, buf, size))
            return true;
        while (*word && *word != ' ')
            word++;
        while (*word == ' ')
            word++;
    }
    return false;
}

void setup_arch(u32 multiboot_magic, u32 multiboot_info_phys)
{
    if (multiboot_magic != MULTIBOOT_LOADER_MAGIC)
        panic("not started by a Multiboot loader (EAX is %#x, not %#x)", multiboot_magic, MULTIBOOT_LOADER_MAGIC);
    const struct multiboot_info *info = __va(multiboot_info_phys);
    read_memory(info);
    read_module(info);
    read_command_line(info);
    printk_options();
    if (!e820.count)
        panic("the loader gave no memory map");
    parse_mem_options(saved_command_line);
    setup_memory();
    numa_ask_machine();
    paging_init();
}
