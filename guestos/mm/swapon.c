/*
 * swapon and swapoff: swap areas come and go.
 *
 * An area is a block device or a file whose blocks never move while it is used. Its first page is mkswap's header,
 * version 1, which is not trusted: anything that makes no sense refuses the area, with one line that says why.
 */
#include "mm/internal.h"
#include "mm/swapfile.h"
#include "mm/vmalloc.h"
#include "mm/writeback.h"
#include "block/blkdev.h"
#include "fs/syscalls.h"
#include "fs/vfs.h"

/* ---- the header ---- */

const char *swap_header_refused(const struct swap_header *header, u32 pages_there)
{
    if (!memcmp(header->magic, "SWAP-SPACE", 10))
        return "version 0 of the header is not supported";
    if (memcmp(header->magic, "SWAPSPACE2", 10))
        return "there is no swap signature";
    if (header->version != 1)
        return "the version of the header is not 1";
    if (header->last_page == 0)
        return "it is empty";
    if (header->last_page >= pages_there || header->last_page > SWP_MAX_OFFSET)
        return "it is shorter than its header says";
    if (header->nr_badpages > ARRAY_SIZE(header->badpages))
        return "the list of bad pages is too long";
    for (u32 i = 0; i < header->nr_badpages; i++)
        if (header->badpages[i] == 0 || header->badpages[i] > header->last_page)
            return "a bad page lies outside";
    return NULL;
}

void swap_header_to_map(const struct swap_header *header, u16 *map)
{
    memset(map, 0, (header->last_page + 1) * sizeof(*map));
    map[0] = SWAP_MAP_BAD;
    for (u32 i = 0; i < header->nr_badpages; i++)
        map[header->badpages[i]] = SWAP_MAP_BAD;
}

/* ---- where its pages lie ---- */

/* Sector of page `page` of a file. 0: a hole. -1: its blocks are not beside each other. */
static u64 page_sector(struct address_space *mapping, u32 page)
{
    u32 size = mapping->host->i_sb->s_blocksize, blocks = PAGE_SIZE / size;
    u64 first = mapping->a_ops->bmap(mapping, (u64)page * blocks);

    for (u32 i = 1; i < blocks && first; i++) {
        u64 block = mapping->a_ops->bmap(mapping, (u64)page * blocks + i);

        if (!block)
            return 0;
        if (block != first + i)
            return ~0ull;
    }
    return first * (size >> SECTOR_SHIFT);
}

static bool continues(const struct swap_extent *extent, u32 page, u64 sector)
{
    return extent->first + extent->count == page && extent->sector + (u64)extent->count * (PAGE_SIZE >> 9) == sector;
}

/* One page more; room: extents that area->extents has place for. 0 or -ENOMEM. */
static int add_page(struct swap_info_struct *area, u32 page, u64 sector, unsigned *room)
{
    struct swap_extent *more;

    if (area->nr_extents && continues(&area->extents[area->nr_extents - 1], page, sector)) {
        area->extents[area->nr_extents - 1].count++;
        return 0;
    }
    if (area->nr_extents == *room) {
        more = vmalloc((*room * 2 + 16) * sizeof(*more));
        if (!more)
            return -ENOMEM;
        memcpy(more, area->extents, *room * sizeof(*more));
        vfree(area->extents);
        area->extents = more;
        *room = *room * 2 + 16;
    }
    area->extents[area->nr_extents++] = (struct swap_extent){page, 1, sector};
    return 0;
}

/* The runs of a file's pages on the device. A page in pieces is no good slot; a file with a hole is no area. */
static int map_file(struct swap_info_struct *area, u16 *map, u32 max)
{
    unsigned room = 0;

    for (u32 page = 0; page < max; page++) {
        u64 sector = page_sector(area->file->f_mapping, page);
        int error;

        if (sector == ~0ull) {
            map[page] = SWAP_MAP_BAD;
            continue;
        }
        error = sector ? add_page(area, page, sector, &room) : -EINVAL;
        if (error == -EINVAL)
            printk("swapon: the file has holes\n");
        if (error)
            return error;
        cond_resched();
    }
    return 0;
}

static int map_device(struct swap_info_struct *area, u32 max)
{
    unsigned room = 0;
    int error = add_page(area, 0, 0, &room);

    if (!error)
        area->extents[0].count = max;
    return error;
}

/* ---- coming ---- */

static bool is_device(const struct swap_info_struct *area) { return S_ISBLK(area->file->f_inode->i_mode); }

static bool used_already(const struct swap_info_struct *area)
{
    for (unsigned type = 0; type < MAX_SWAPFILES; type++) {
        const struct swap_info_struct *other = &swap_info[type];

        if (other != area && (other->flags & SWP_USED) && other->file &&
            other->file->f_mapping == area->file->f_mapping)
            return true;
    }
    return false;
}

/* Whom the area's pages belong to; what is in the cache of it reaches the disk first, for later is too late. */
static int claim(struct swap_info_struct *area)
{
    struct inode *inode = area->file->f_inode;
    int error;

    if (used_already(area))
        return -EBUSY;
    if (is_device(area)) {
        if (!inode->i_bdev)
            return -ENXIO;
        error = bd_claim(inode->i_bdev, area, true);
        if (error)
            return error;
        area->bdev = inode->i_bdev;
    } else {
        if (!S_ISREG(inode->i_mode) || !inode->i_sb->s_bdev || !inode->i_mapping->a_ops->bmap)
            return -EINVAL;
        area->bdev = inode->i_sb->s_bdev;
        mutex_lock(&inode->i_mutex); /* who writes or truncates is through */
        inode->i_flags |= S_SWAPFILE;
        mutex_unlock(&inode->i_mutex);
    }
    return filemap_write_and_wait(area->file->f_mapping);
}

static u32 pages_there(const struct swap_info_struct *area)
{
    u64 pages = is_device(area) ? area->bdev->bd_sectors >> (PAGE_SHIFT - SECTOR_SHIFT)
                                : (u64)area->file->f_inode->i_size >> PAGE_SHIFT;

    return (u32)min_t(u64, pages, SWP_MAX_OFFSET + 1);
}

static int set_up_slots(struct swap_info_struct *area, const struct swap_header *header)
{
    u32 max = header->last_page + 1;
    u16 *map = vmalloc(max * sizeof(*map));
    int error;

    if (!map)
        return -ENOMEM;
    swap_header_to_map(header, map);
    error = is_device(area) ? map_device(area, max) : map_file(area, map, max);
    swap_area_init(area, map, max);
    if (!error && !area->pages) {
        printk("swapon: there is no good page\n");
        error = -EINVAL;
    }
    return error;
}

static int read_header(struct swap_info_struct *area)
{
    struct swap_header *header = kmalloc(sizeof(*header), GFP_KERNEL);
    ssize_t got = header ? kernel_read(area->file, 0, header, sizeof(*header)) : -ENOMEM;
    const char *refused =
        got == (ssize_t)sizeof(*header) ? swap_header_refused(header, pages_there(area)) : "it is shorter than a page";
    int error = got < 0 ? (int)got : -EINVAL;

    if (got >= 0 && refused)
        printk("swapon: %s\n", refused);
    else if (got >= 0)
        error = set_up_slots(area, header);
    kfree(header);
    return error;
}

/* Undoes all that may have been done for an area. */
static void release_area(struct swap_info_struct *area)
{
    if (area->bdev && is_device(area))
        bd_release(area->bdev);
    else if (area->bdev)
        area->file->f_inode->i_flags &= ~S_SWAPFILE;
    if (area->file && !IS_ERR(area->file))
        fput(area->file);
    vfree(area->swap_map);
    vfree(area->extents);
    *area = (struct swap_info_struct){.type = area->type};
}

static int default_priority(void)
{
    static int least = -1; /* each one that asks for none comes after all before it */

    return least--;
}

static int enable(struct swap_info_struct *area, const char *name, int flags)
{
    int error;

    area->file = filp_open(name, O_RDWR | O_LARGEFILE, 0);
    if (IS_ERR(area->file))
        return (int)PTR_ERR(area->file);
    error = claim(area);
    if (!error)
        error = read_header(area);
    if (error)
        return error;
    swap_area_on(area, flags & SWAP_FLAG_PREFER ? flags & SWAP_FLAG_PRIO_MASK : default_priority());
    printk("Adding %uk swap on %s.  Priority:%d extents:%u\n", area->pages << (PAGE_SHIFT - 10), name, area->prio,
           area->nr_extents);
    return 0;
}

long sys_swapon(const char __user *path, int flags)
{
    struct swap_info_struct *area;
    char *name;
    int error;

    if (current->euid != 0)
        return -EPERM;
    if (flags & ~(SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK | SWAP_FLAG_DISCARDS))
        return -EINVAL;
    name = getname(path);
    if (IS_ERR(name))
        return PTR_ERR(name);
    area = swap_new_area();
    error = area ? enable(area, name, flags) : -EPERM;
    if (error && area)
        release_area(area);
    putname(name);
    if (!error && unlikely(mm_check_always))
        check_swap_map();
    return error;
}

/* ---- going ---- */

static struct swap_info_struct *find_area(const struct inode *inode)
{
    for (unsigned type = 0; type < MAX_SWAPFILES; type++) {
        struct swap_info_struct *area = &swap_info[type];

        if (!(area->flags & SWP_WRITEOK) || !area->file)
            continue;
        if (area->file->f_inode == inode ||
            (is_device(area) && S_ISBLK(inode->i_mode) && area->file->f_inode->i_rdev == inode->i_rdev))
            return area;
    }
    return NULL;
}

static int disable(struct swap_info_struct *area)
{
    int error, prio = area->prio;

    /* What was promised must be kept by memory alone from now on. */
    if (security_vm_enough_memory(area->pages))
        return -ENOMEM;
    vm_unacct_memory(area->pages);
    swap_area_off(area);
    current->flags |= PF_SWAPOFF; /* without room for all that comes back, this task is the one to give up */
    error = try_to_unuse(area);
    current->flags &= ~(u32)PF_SWAPOFF;
    if (error) {
        swap_area_on(area, prio);
        return error;
    }
    release_area(area);
    return 0;
}

long sys_swapoff(const char __user *path)
{
    struct swap_info_struct *area;
    struct dentry *dentry;
    int error;

    if (current->euid != 0)
        return -EPERM;
    error = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &dentry);
    if (error)
        return error;
    area = find_area(dentry->d_inode);
    error = area ? disable(area) : -EINVAL;
    dput(dentry);
    if (unlikely(mm_check_always))
        check_swap_map();
    return error;
}

/* ---- /proc/swaps ---- */

static int show_area(const struct swap_info_struct *area, char *path, char *buf, int size)
{
    const char *name = d_path(area->file->f_dentry, path, 1024);
    int used = scnprintf(buf, (size_t)size, "%s", IS_ERR(name) ? "?" : name);
    u32 kbytes = area->pages << (PAGE_SHIFT - 10), in_use = area->inuse_pages << (PAGE_SHIFT - 10);

    do
        used += scnprintf(buf + used, (size_t)(size - used), " ");
    while (used < 40 && used < size - 1);
    used += scnprintf(buf + used, (size_t)(size - used), "%s\t%u\t%s%u\t%s%d\n",
                      S_ISBLK(area->file->f_inode->i_mode) ? "partition" : "file\t", kbytes,
                      kbytes < 10000000 ? "\t" : "", in_use, in_use < 10000000 ? "\t" : "", area->prio);
    return used;
}

int proc_swaps(char *buf, int size)
{
    int used = scnprintf(buf, (size_t)size, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    char *path = kmalloc(1024, GFP_KERNEL);

    if (!path)
        return -ENOMEM;
    for (unsigned type = 0; type < MAX_SWAPFILES; type++)
        if ((swap_info[type].flags & SWP_WRITEOK) && swap_info[type].file)
            used += show_area(&swap_info[type], path, buf + used, size - used);
    kfree(path);
    return used;
}
