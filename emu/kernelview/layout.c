/*
 * Every name that kernelview needs from the kernel's debug data, in two tables. A name that is missing is told, once,
 * by name; nothing here knows an offset.
 */
#include "emu/kernelview/internal.h"

#include <stdio.h>
#include <string.h>

struct wanted_member {
    const char *type, *path;
    size_t to;        /* offset of a struct member in struct layout */
    size_t type_size; /* offset of the structure's size in struct layout */
    uint32_t bytes;   /* exact size of one element; 0: any */
    bool optional;
};

#define AT(field) offsetof(struct layout, field)
#define PAGE(path, field)                                                                                              \
    { "struct page", path, AT(field), AT(page_bytes), 4, false }
#define NODE(path, field, bytes)                                                                                       \
    { "struct pglist_data", path, AT(field), AT(node_bytes), bytes, false }
#define ZONE(path, field, bytes)                                                                                       \
    { "struct zone", path, AT(field), AT(zone_bytes), bytes, false }
#define TASK(path, field, bytes)                                                                                       \
    { "struct task_struct", path, AT(field), AT(task_bytes), bytes, false }
#define MM(path, field)                                                                                                \
    { "struct mm_struct", path, AT(field), AT(mm_bytes), 4, false }
#define VMA(path, field)                                                                                               \
    { "struct vm_area_struct", path, AT(field), AT(vma_bytes), 4, false }
#define DENTRY(path, field, bytes, optional)                                                                           \
    { "struct dentry", path, AT(field), AT(dentry_bytes), bytes, optional }

#define PRIO(path, field)                                                                                              \
    { "struct prio_tree_node", path, AT(field), AT(prio_bytes), 4, false }
#define SWAP(path, field)                                                                                              \
    { "struct swap_info_struct", path, AT(field), AT(swap_bytes), 4, false }
#define VM(path, field)                                                                                                \
    { "struct vm_struct", path, AT(field), AT(vm_bytes), 4, false }

static const struct wanted_member members[] = {
    PAGE("flags", page_flags),
    PAGE("_count.counter", page_count),
    PAGE("_mapcount.counter", page_mapcount),
    PAGE("mapping", page_mapping),
    PAGE("index", page_index),
    PAGE("private", page_private),
    PAGE("lru.next", page_lru),
    NODE("node_zones", node_zones, 0),
    NODE("nr_zones", node_nr_zones, 4),
    NODE("node_id", node_id, 4),
    NODE("pgdat_next", node_next, 4),
    ZONE("free_pages", zone_free_pages, 4),
    ZONE("pages_min", zone_min, 4),
    ZONE("pages_low", zone_low, 4),
    ZONE("pages_high", zone_high, 4),
    ZONE("lowmem_reserve", zone_reserve, 4),
    ZONE("pageset[0].pcp[0].count", zone_hot, 4),
    ZONE("pageset[0].pcp[1].count", zone_cold, 4),
    ZONE("free_area", zone_areas, 0),
    ZONE("free_area[0].nr_free", zone_area0, 4),
    ZONE("pages_scanned", zone_scanned, 4),
    ZONE("prev_priority", zone_priority, 4),
    ZONE("all_unreclaimable", zone_unreclaimable, 4),
    ZONE("vm_stat", zone_stat, 4),
    ZONE("active_list.next", zone_active_list, 4),
    ZONE("inactive_list.next", zone_inactive_list, 4),
    ZONE("nr_active", zone_active, 4),
    ZONE("nr_inactive", zone_inactive, 4),
    ZONE("zone_start_pfn", zone_start, 4),
    ZONE("spanned_pages", zone_spanned, 4),
    ZONE("present_pages", zone_present, 4),
    ZONE("name", zone_name, 4),
    TASK("state", task_state, 4),
    TASK("pid", task_pid, 4),
    TASK("comm", task_comm, 1),
    TASK("mm", task_mm, 4),
    TASK("tasks.next", task_list, 4),
    TASK("parent", task_parent, 4),
    MM("mmap", mm_mmap),
    MM("pgd", mm_pgd),
    MM("start_brk", mm_start_brk),
    MM("brk", mm_brk),
    MM("start_stack", mm_start_stack),
    VMA("vm_start", vma_start),
    VMA("vm_end", vma_end),
    VMA("vm_next", vma_next),
    VMA("vm_flags", vma_flags),
    VMA("vm_pgoff", vma_pgoff),
    VMA("vm_file", vma_file),
    VMA("vm_mm", vma_mm),
    VMA("anon_vma_node.next", vma_anon_node),
    VMA("shared.node.start", vma_prio_node),
    VMA("shared.nonlinear.next", vma_nonlinear),
    {"struct anon_vma", "head.next", AT(anon_vma_head), AT(anon_vma_bytes), 4, false},
    PRIO("left", prio_left),
    PRIO("right", prio_right),
    PRIO("start", prio_start),
    PRIO("last", prio_last),
    PRIO("equals.next", prio_equals),
    {"struct file", "f_dentry", AT(file_dentry), AT(file_bytes), 4, false},
    DENTRY("d_parent", dentry_parent, 4, false),
    DENTRY("d_name", dentry_name, 4, false),
    DENTRY("d_len", dentry_length, 0, false),
    DENTRY("d_covers", dentry_covers, 4, true),
    DENTRY("d_inode", dentry_inode, 4, false),
    DENTRY("d_child.next", dentry_child, 4, false),
    DENTRY("d_subdirs.next", dentry_subdirs, 4, false),
    SWAP("flags", swap_flags),
    SWAP("prio", swap_prio),
    SWAP("file", swap_file),
    SWAP("swap_map", swap_map),
    SWAP("max", swap_max),
    SWAP("pages", swap_pages),
    SWAP("inuse_pages", swap_inuse),
    {"struct address_space", "host", AT(mapping_host), AT(mapping_bytes), 4, false},
    {"struct address_space", "i_mmap.node", AT(mapping_mmap), AT(mapping_bytes), 4, false},
    {"struct address_space", "i_mmap_nonlinear.next", AT(mapping_nonlinear), AT(mapping_bytes), 4, false},
    {"struct inode", "i_ino", AT(inode_number), AT(inode_bytes), 4, false},
    {"struct inode", "i_sb", AT(inode_super), AT(inode_bytes), 4, false},
    {"struct inode", "i_size", AT(inode_size), AT(inode_bytes), 8, false},
    {"struct inode", "i_bdev", AT(inode_bdev), AT(inode_bytes), 4, true},
    {"struct block_device", "bd_name", AT(bdev_name), AT(bdev_bytes), 1, true},
    {"struct super_block", "s_root", AT(super_root), AT(super_bytes), 4, false},
    {"struct super_block", "s_type", AT(super_type), AT(super_bytes), 4, false},
    VM("next", vm_next),
    VM("addr", vm_address),
    VM("size", vm_size),
    VM("flags", vm_flags),
    VM("nr_pages", vm_pages),
};

static const struct {
    const char *name;
    size_t to;
} flags[] = {{"PG_dirty", AT(pg_dirty)},           {"PG_slab", AT(pg_slab)},
             {"PG_reserved", AT(pg_reserved)},     {"PG_swapcache", AT(pg_swapcache)},
             {"PG_buddy", AT(pg_buddy)},           {"PG_pcp", AT(pg_pcp)},
             {"PG_table", AT(pg_table)},           {"PG_kernel", AT(pg_kernel)},
             {"PG_referenced", AT(pg_referenced)}, {"PG_locked", AT(pg_locked)},
             {"PG_writeback", AT(pg_writeback)}},
  symbols[] = {{"mem_map", AT(mem_map)},
               {"max_mapnr", AT(max_mapnr)},
               {"contig_page_data", AT(contig_page_data)},
               {"current_task", AT(current_task)},
               {"init_task", AT(init_task)},
               {"swap_info", AT(swap_info)},
               {"vmlist", AT(vmlist)},
               {"nr_swap_pages", AT(nr_swap_pages)},
               {"total_swap_pages", AT(total_swap_pages)}},
  places[] = {{"NR_FILE_DIRTY", AT(stat_dirty)}, {"NR_WRITEBACK", AT(stat_writeback)}};

/* Flags of struct page that are only named to the viewer; a kernel may lack any of them. */
static const char *const named_flags[] = {
    "PG_locked", "PG_error",    "PG_referenced", "PG_uptodate",  "PG_dirty",     "PG_lru",          "PG_active",
    "PG_slab",   "PG_reserved", "PG_private",    "PG_writeback", "PG_swapcache", "PG_mappedtodisk", "PG_reclaim",
    "PG_buddy",  "PG_pcp",      "PG_table",      "PG_kernel",    "PG_checked"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool missing(const char *what, const char *member, char *error, size_t error_size) {
    snprintf(error, error_size,
             "the kernel image does not describe %s%s%s as this version expects; rebuild it with -gdwarf-4", what,
             member[0] ? "." : "", member);
    return false;
}

static bool resolve_member(struct layout *layout, const struct image *image, const struct wanted_member *wanted) {
    uint64_t size;
    struct image_field field;
    struct member *to = (struct member *)((char *)layout + wanted->to);
    if (!image_type_size(image, wanted->type, &size) || size > KV_STRUCT_MAX ||
        !image_field(image, wanted->type, wanted->path, &field))
        return false;
    if (field.size == 0 || field.offset > size || field.size > size - field.offset)
        return false;
    if (wanted->bytes && field.element_size != wanted->bytes)
        return false;
    *(uint32_t *)((char *)layout + wanted->type_size) = (uint32_t)size;
    *to = (struct member){(uint32_t)field.offset, (uint32_t)field.element_size, (uint32_t)field.count};
    return true;
}

static void name_flags(struct layout *layout, const struct image *image) {
    for (size_t i = 0; i < COUNT(named_flags); i++) {
        int64_t bit;
        if (image_enum_value(image, named_flags[i], &bit) && bit >= 0 && bit < 32)
            layout->flag_names[bit] = named_flags[i] + strlen("PG_");
    }
}

bool layout_resolve(struct layout *layout, const struct image *image, char *error, size_t error_size) {
    if (!image_symbol(image, "mem_map", &(uint64_t){0}, NULL)) {
        snprintf(error, error_size, "this kernel's structures are not known (%s): the page tables alone tell",
                 image_symbol_name(image, 0) ? "it has no mem_map" : "it has no symbols");
        return false;
    }
    for (size_t i = 0; i < COUNT(symbols); i++)
        if (!image_symbol(image, symbols[i].name, (uint64_t *)((char *)layout + symbols[i].to), NULL))
            return missing(symbols[i].name, "", error, error_size);
    for (size_t i = 0; i < COUNT(members); i++)
        if (!resolve_member(layout, image, &members[i]) && !members[i].optional)
            return missing(members[i].type, members[i].path, error, error_size);
    for (size_t i = 0; i < COUNT(flags); i++) {
        int64_t bit;
        if (!image_enum_value(image, flags[i].name, &bit) || bit < 0 || bit > 31)
            return missing(flags[i].name, "", error, error_size);
        *(uint32_t *)((char *)layout + flags[i].to) = 1u << bit;
        bool use = flags[i].to != AT(pg_dirty) && flags[i].to != AT(pg_referenced) && flags[i].to != AT(pg_locked) &&
                   flags[i].to != AT(pg_writeback);
        layout->pg_any |= use ? 1u << bit : 0;
    }
    for (size_t i = 0; i < COUNT(places); i++) {
        int64_t place;
        if (!image_enum_value(image, places[i].name, &place) || place < 0 || place >= layout->zone_stat.count)
            return missing(places[i].name, "", error, error_size);
        *(uint32_t *)((char *)layout + places[i].to) = (uint32_t)place;
    }
    if (layout->node_zones.size != layout->zone_bytes)
        return missing("struct pglist_data", "node_zones", error, error_size);
    name_flags(layout, image);
    return true;
}
