/*
 * ext2 as it lies on the disk (revisions 0 and 1). All numbers are little-endian, as the processor's.
 *
 *   byte 1024          super block
 *   then, per group    [super block copy, group descriptors]  block bitmap  inode bitmap  inode table  data
 *
 * Copies stand in every group, or with SPARSE_SUPER in groups 0, 1 and the powers of 3, 5 and 7. Group g begins at
 * block s_first_data_block + g * s_blocks_per_group.
 */
#ifndef _FS_EXT2_FS_H
#define _FS_EXT2_FS_H

#include "lib/types.h"

#define EXT2_SUPER_MAGIC 0xef53u
#define EXT2_SUPER_OFFSET 1024u
#define EXT2_ROOT_INO 2u
#define EXT2_GOOD_OLD_FIRST_INO 11u
#define EXT2_LINK_MAX 32000u
#define EXT2_XATTR_MAGIC 0xea020000u

#define EXT2_VALID_FS 1u /* s_state: unmounted properly */
#define EXT2_ERROR_FS 2u /* s_state: something was found wrong */

#define EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER 1u
#define EXT2_FEATURE_RO_COMPAT_LARGE_FILE 2u
#define EXT2_FEATURE_INCOMPAT_FILETYPE 2u

struct ext2_super_block {
    u32 s_inodes_count, s_blocks_count, s_r_blocks_count; /* r: only for the superuser */
    u32 s_free_blocks_count, s_free_inodes_count;
    u32 s_first_data_block;
    u32 s_log_block_size, s_log_frag_size; /* 1024 << n */
    u32 s_blocks_per_group, s_frags_per_group, s_inodes_per_group;
    u32 s_mtime, s_wtime;
    u16 s_mnt_count, s_max_mnt_count;
    u16 s_magic, s_state, s_errors, s_minor_rev_level;
    u32 s_lastcheck, s_checkinterval, s_creator_os, s_rev_level;
    u16 s_def_resuid, s_def_resgid;
    /* revision 1 */
    u32 s_first_ino;
    u16 s_inode_size, s_block_group_nr;
    u32 s_feature_compat, s_feature_incompat, s_feature_ro_compat;
    u8 s_uuid[16];
    char s_volume_name[16], s_last_mounted[64];
    u32 s_algorithm_usage_bitmap;
    u8 s_prealloc_blocks, s_prealloc_dir_blocks;
    u16 s_reserved_gdt_blocks;
    u8 s_journal_and_later[816];
};
_Static_assert(sizeof(struct ext2_super_block) == 1024, "disk layout");

struct ext2_group_desc {
    u32 bg_block_bitmap, bg_inode_bitmap, bg_inode_table;
    u16 bg_free_blocks_count, bg_free_inodes_count, bg_used_dirs_count, bg_pad;
    u32 bg_reserved[3];
};
_Static_assert(sizeof(struct ext2_group_desc) == 32, "disk layout");

/* i_block: 12 direct blocks, then the roots of a tree of one, two and three levels of blocks of numbers; in a symbolic
 * link shorter than 60 bytes: its text. In a device: its number. */
#define EXT2_NDIR_BLOCKS 12
#define EXT2_IND_BLOCK 12
#define EXT2_DIND_BLOCK 13
#define EXT2_TIND_BLOCK 14
#define EXT2_N_BLOCKS 15

#define EXT2_INDEX_FL 0x1000u /* a directory with a hash tree: lost when it changes */

struct ext2_inode {
    u16 i_mode, i_uid;
    u32 i_size, i_atime, i_ctime, i_mtime, i_dtime;
    u16 i_gid, i_links_count;
    u32 i_blocks, i_flags; /* i_blocks: units of 512 bytes, blocks of numbers too */
    u32 i_version;
    u32 i_block[EXT2_N_BLOCKS];
    u32 i_generation, i_file_acl;
    u32 i_size_high; /* regular files; else the directory ACL of old */
    u32 i_faddr;
    u16 i_frag, i_pad, i_uid_high, i_gid_high;
    u32 i_reserved;
};
_Static_assert(sizeof(struct ext2_inode) == 128, "disk layout");

#define EXT2_FT_UNKNOWN 0u
#define EXT2_FT_REG_FILE 1u
#define EXT2_FT_DIR 2u
#define EXT2_FT_CHRDEV 3u
#define EXT2_FT_BLKDEV 4u
#define EXT2_FT_FIFO 5u
#define EXT2_FT_SOCK 6u
#define EXT2_FT_SYMLINK 7u

/* rec_len leads to the next entry and never over a block's end; inode 0: unused. */
struct ext2_dir_entry {
    u32 inode;
    u16 rec_len;
    u8 name_len, file_type;
    char name[];
};
_Static_assert(sizeof(struct ext2_dir_entry) == 8, "disk layout");
#define EXT2_DIR_REC_LEN(name_len) (((u32)(name_len) + 8 + 3) & ~3u)

/* A block of extended attributes, shared by h_refcount inodes. Nothing here reads it; deletion lets go of it. */
struct ext2_xattr_header {
    u32 h_magic, h_refcount, h_blocks, h_hash, h_reserved[4];
};

#endif
