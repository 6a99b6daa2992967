/*
 * ext2, read and write: what its files share.
 *
 * Metadata lives in buffers of the device (super block, descriptors, bitmaps, inode table, blocks of numbers,
 * directories); the bytes of files live in their own page cache. Nothing read from the disk is believed: numbers of
 * blocks and inodes, entry lengths, descriptors and bitmaps are checked where they are read. What is wrong gives -EIO,
 * one line, the error flag in the super block, and no more writing (ext2_error).
 *
 * Order of writing. The disk may lose or reorder every write between two flushes, and still no block may end up with
 * two owners and no pointer may lead to a block that was never written:
 *   1. A block of numbers or of a directory is on the disk before anything there points to it: ext2_write_inode writes
 *      and flushes them first (i_unwritten); one that hangs below another is written when it is made.
 *   2. What is freed is not used again before the disk has forgotten its old owner: freed blocks and inode numbers
 *      stay set in the bitmaps as "pending" until ext2_commit has written all metadata and flushed it.
 *   3. An inode that shows links has a name on the disk: e2fsck -p drops a name of an inode without links, but gives up
 *      at an inode without names. So a new inode shows no links (i_hidden) until its name is on the disk, and shows none
 *      any more before its last name goes. A renamed file's new name is there before the old one goes; a file that is
 *      replaced has a second name in lost+found, its number, from before the first leads elsewhere until it is deleted.
 *      In this way names are on the disk when the call that makes them returns.
 *   4. A sector is written whole or not at all: the change of a directory's entry lies within one.
 * The bitmaps and counts on the disk may be behind after a power cut; e2fsck -p makes them true.
 *
 * Locks, outermost first: i_mutex (of the VFS), page lock, i_truncate_mutex (block pointers of one inode),
 * s_alloc_mutex (bitmaps, counts, pending).
 */
#ifndef _EXT2_H
#define _EXT2_H

#include "fs/buffer_head.h"
#include "fs/ext2_fs.h"
#include "fs/vfs.h"

#define SECTOR_SIZE (1u << SECTOR_SHIFT)

struct ext2_group_info {
    bool blocks_checked, inodes_checked; /* the bitmap was seen and has the group's own blocks set */
    u8 *pending_blocks, *pending_inodes; /* bitmaps; NULL: none yet */
    u32 nr_pending_blocks, nr_pending_inodes;
};

struct ext2_sb_info {
    struct buffer_head *s_sbh, **s_group_desc;
    struct ext2_super_block *s_es; /* inside s_sbh */
    struct ext2_group_info *s_groups;
    u32 s_groups_count, s_blocks_per_group, s_inodes_per_group, s_inodes_count, s_blocks_count;
    u32 s_first_data_block, s_first_ino, s_inode_size, s_gdb_count, s_itb_per_group, s_addr_bits;
    u32 s_pending_blocks, s_pending_inodes;
    u16 s_mount_state; /* s_state as found */
    bool s_error;      /* found wrong since the mount */
    u32 s_errors_shown;
    struct mutex s_alloc_mutex;
};

struct ext2_inode_info {
    u32 i_data[EXT2_N_BLOCKS];
    u32 i_flags, i_dtime, i_file_acl, i_group;
    u32 i_next_index, i_next_goal; /* where sequential writing goes on */
    bool i_unwritten;              /* rule 1 */
    bool i_hidden;                 /* rule 3 */
    struct mutex i_truncate_mutex;
};

static inline struct ext2_sb_info *EXT2_SB(const struct super_block *sb) { return sb->s_fs_info; }
static inline struct ext2_inode_info *EXT2_I(const struct inode *inode) { return inode->i_private; }

static inline bool ext2_test_bit(u32 n, const void *bitmap) { return ((const u8 *)bitmap)[n >> 3] >> (n & 7) & 1; }
static inline void ext2_set_bit(u32 n, void *bitmap) { ((u8 *)bitmap)[n >> 3] |= (u8)(1u << (n & 7)); }
static inline void ext2_clear_bit(u32 n, void *bitmap) { ((u8 *)bitmap)[n >> 3] &= (u8) ~(1u << (n & 7)); }
/* First clear bit of [from, end), or end. */
u32 ext2_find_clear(const void *bitmap, u32 from, u32 end);

/* ---- super.c ---- */
/* Notes that the file system is damaged: one line, the flag, read-only from now on. -EIO */
int ext2_error(struct super_block *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool ext2_group_has_super(const struct super_block *sb, u32 group);
u32 ext2_group_first_block(const struct super_block *sb, u32 group);
u32 ext2_group_end_block(const struct super_block *sb, u32 group); /* exclusive */
struct ext2_group_desc *ext2_group_desc(const struct super_block *sb, u32 group);
void ext2_group_desc_changed(struct super_block *sb, u32 group);
/* A block that a file may own: inside the file system and none of its own blocks. */
bool ext2_data_block_valid(const struct super_block *sb, u32 block);

/* ---- balloc.c ---- */
/* A free block near goal, marked used. 0, -ENOSPC, -EIO. */
int ext2_new_block(struct inode *inode, u32 goal, u32 *block);
/* pending: the disk may still show an owner (rule 2). The caller has already taken the pointer from its buffer. */
void ext2_free_block(struct inode *inode, u32 block, bool pending);
int ext2_commit(struct super_block *sb);        /* what is pending becomes free */
int ext2_commit_locked(struct super_block *sb); /* s_alloc_mutex held */
struct buffer_head *ext2_read_block_bitmap(struct super_block *sb, u32 group);
struct buffer_head *ext2_read_inode_bitmap(struct super_block *sb, u32 group);
/* The group's bitmap of pending numbers, made when there is none; NULL: no memory. */
u8 *ext2_pending_bitmap(struct super_block *sb, u8 **where);

/* ---- ialloc.c ---- */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode); /* hashed, i_nlink 1, not yet named; or ERR_PTR */
void ext2_free_inode(struct inode *inode);

/* ---- inode.c ---- */
struct inode *ext2_iget(struct super_block *sb, u32 ino); /* referenced, or ERR_PTR */
int ext2_write_inode(struct inode *inode, int wait);
int ext2_init_info(struct inode *inode); /* i_private of a fresh inode: 0 or -ENOMEM */
void ext2_set_operations(struct inode *inode, dev_t rdev);
void ext2_delete_inode(struct inode *inode);
void ext2_clear_inode(struct inode *inode);
void ext2_inode_cache_init(void);
bool ext2_has_blocks(const struct inode *inode); /* i_data are pointers, not a text or a device */

/* ---- block.c: where the blocks of a file lie ---- */
int ext2_get_block(struct inode *inode, u64 index, struct buffer_head *bh, int create);
/* Frees every block beyond i_size. */
void ext2_truncate_blocks(struct inode *inode);
loff_t ext2_max_size(u32 block_bits);

/* ---- dir.c ---- */
struct ext2_place { /* an entry: bh is referenced */
    struct buffer_head *bh;
    struct ext2_dir_entry *entry, *previous; /* previous: in the same block, or NULL */
};
int ext2_find_entry(struct inode *dir, const char *name, u32 length, struct ext2_place *place); /* 0, -ENOENT, ... */
int ext2_add_entry(struct inode *dir, const char *name, u32 length, struct inode *inode, struct ext2_place *place);
void ext2_delete_entry(struct inode *dir, struct ext2_place *place);
void ext2_set_entry(struct inode *dir, struct ext2_place *place, struct inode *inode);
int ext2_make_empty(struct inode *inode, struct inode *parent);
void ext2_format_dir_block(char *block, u32 size); /* unused entries */
int ext2_empty_dir(struct inode *dir);             /* 1, 0, or -errno */

/* ---- file.c ---- */
int ext2_truncate(struct inode *inode, loff_t size);
int ext2_fsync(struct file *file);

extern const struct super_operations ext2_super_operations;
extern const struct address_space_operations ext2_aops;
extern const struct inode_operations ext2_file_inode_operations, ext2_dir_inode_operations,
    ext2_symlink_inode_operations, ext2_special_inode_operations;
extern const struct file_operations ext2_file_operations, ext2_dir_operations;

#endif
