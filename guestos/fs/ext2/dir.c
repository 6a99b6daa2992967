/*
 * ext2: directories, as blocks of entries in buffers of the device.
 *
 *   | inode rec_len name_len type name ... | inode rec_len ... |        rec_len leads from one to the next, the last one
 *   0                                                     block's end   to the end of the block
 *
 * A removed entry is added to the one before it in its block, or gets inode 0. A position in a listing is a byte offset:
 * since entries come and go and merge, a listing walks its block from the start and goes on at the first entry that is
 * not before the position. A directory has no holes. What a change touches lies in one sector (rule 4): entries of our
 * own blocks end with their sector, and of an entry that goes on beyond its sector only the slack in there is used. The
 * hash tree that Linux may have laid over a directory is in unused entries; it is forgotten at the first change
 * (EXT2_INDEX_FL).
 */
#include "ext2.h"

static u32 block_count(const struct inode *dir) { return (u32)((u64)dir->i_size >> dir->i_sb->s_blocksize_bits); }

static struct buffer_head *read_block(struct inode *dir, u32 index)
{
    struct buffer_head map = {.b_size = dir->i_sb->s_blocksize};
    if (ext2_get_block(dir, index, &map, 0))
        return NULL;
    if (!buffer_mapped(&map)) {
        ext2_error(dir->i_sb, "directory %u has a hole", dir->i_ino);
        return NULL;
    }
    struct buffer_head *bh = sb_bread(dir->i_sb, map.b_blocknr);
    if (!bh)
        printk(KERN_ERR "ext2: %s: cannot read directory %u\n", dir->i_sb->s_source, dir->i_ino);
    return bh;
}

/* The entry at offset of a block, or NULL when it is damaged. */
static struct ext2_dir_entry *entry_at(struct inode *dir, struct buffer_head *bh, u32 offset)
{
    struct super_block *sb = dir->i_sb;
    struct ext2_dir_entry *entry = (struct ext2_dir_entry *)(bh->b_data + offset);
    u32 room = sb->s_blocksize - offset;
    bool fits = room >= sizeof(*entry) && entry->rec_len >= EXT2_DIR_REC_LEN(1) && entry->rec_len % 4 == 0 &&
                entry->rec_len <= room && EXT2_DIR_REC_LEN(entry->name_len) <= entry->rec_len;
    if (fits && entry->inode <= EXT2_SB(sb)->s_inodes_count)
        return entry;
    ext2_error(sb, "directory %u has a damaged entry at offset %u of block %llu", dir->i_ino, offset,
               (unsigned long long)bh->b_blocknr);
    return NULL;
}

/* ---- look up ---- */

static bool names(const struct ext2_dir_entry *entry, const char *name, u32 length)
{
    return entry->inode && entry->name_len == length && memcmp(entry->name, name, length) == 0;
}

/* 0: found, place filled (the buffer's reference stays the caller's); -ENOENT; -EIO. */
static int find_in_block(struct inode *dir, struct buffer_head *bh, const char *name, u32 length,
                         struct ext2_place *place)
{
    struct ext2_dir_entry *previous = NULL;
    for (u32 offset = 0; offset < dir->i_sb->s_blocksize;) {
        struct ext2_dir_entry *entry = entry_at(dir, bh, offset);
        if (!entry)
            return -EIO;
        if (names(entry, name, length)) {
            *place = (struct ext2_place){bh, entry, previous};
            return 0;
        }
        previous = entry;
        offset += entry->rec_len;
    }
    return -ENOENT;
}

int ext2_find_entry(struct inode *dir, const char *name, u32 length, struct ext2_place *place)
{
    for (u32 index = 0; index < block_count(dir); index++) {
        struct buffer_head *bh = read_block(dir, index);
        int error = bh ? find_in_block(dir, bh, name, length, place) : -EIO;
        if (!error)
            return 0;
        brelse(bh);
        if (error != -ENOENT)
            return error;
        cond_resched();
    }
    return -ENOENT;
}

/* ---- change ---- */

static u8 file_type(const struct inode *inode)
{
    static const u8 types[16] = {[S_IFIFO >> 12] = EXT2_FT_FIFO,     [S_IFCHR >> 12] = EXT2_FT_CHRDEV,
                                 [S_IFDIR >> 12] = EXT2_FT_DIR,      [S_IFBLK >> 12] = EXT2_FT_BLKDEV,
                                 [S_IFREG >> 12] = EXT2_FT_REG_FILE, [S_IFLNK >> 12] = EXT2_FT_SYMLINK,
                                 [S_IFSOCK >> 12] = EXT2_FT_SOCK};
    const struct ext2_super_block *es = EXT2_SB(inode->i_sb)->s_es;
    bool kept = es->s_rev_level && (es->s_feature_incompat & EXT2_FEATURE_INCOMPAT_FILETYPE);
    return kept ? types[inode->i_mode >> 12 & 15] : (u8)EXT2_FT_UNKNOWN;
}

static void dir_changed(struct inode *dir, struct buffer_head *bh)
{
    EXT2_I(dir)->i_flags &= ~EXT2_INDEX_FL;
    touch_mtime(dir);
    mark_buffer_dirty_inode(bh, dir);
    mark_inode_dirty(dir);
}

static void write_entry(struct ext2_dir_entry *entry, const char *name, u32 length, const struct inode *inode)
{
    entry->name_len = (u8)length;
    memcpy(entry->name, name, length);
    entry->file_type = file_type(inode);
    entry->inode = inode->i_ino;
}

static bool in_one_sector(u32 from, u32 bytes) { return from / SECTOR_SIZE == (from + bytes - 1) / SECTOR_SIZE; }

/* Room for a name in a block: an unused entry, or the slack behind a used one, which becomes an entry. NULL: none.
 * -EIO as ERR_PTR. */
static struct ext2_dir_entry *make_room(struct inode *dir, struct buffer_head *bh, u32 needed)
{
    for (u32 offset = 0; offset < dir->i_sb->s_blocksize;) {
        struct ext2_dir_entry *entry = entry_at(dir, bh, offset);
        if (!entry)
            return ERR_PTR(-EIO);
        u32 used = entry->inode ? EXT2_DIR_REC_LEN(entry->name_len) : 0;
        u32 changed = used ? (u32)offsetof(struct ext2_dir_entry, rec_len) : 0;
        if (entry->rec_len >= used + needed && in_one_sector(offset + changed, used + needed - changed)) {
            if (!used)
                return entry;
            struct ext2_dir_entry *behind = (struct ext2_dir_entry *)((char *)entry + used);
            behind->inode = 0;
            behind->rec_len = (u16)(entry->rec_len - used);
            behind->name_len = 0;
            entry->rec_len = (u16)used;
            return behind;
        }
        offset += entry->rec_len;
    }
    return NULL;
}

/* One for each sector. */
void ext2_format_dir_block(char *block, u32 size)
{
    for (u32 at = 0; at < size; at += SECTOR_SIZE)
        ((struct ext2_dir_entry *)(block + at))->rec_len = SECTOR_SIZE;
}

/* A fresh block of unused entries. */
static struct buffer_head *append_block(struct inode *dir)
{
    struct super_block *sb = dir->i_sb;
    struct buffer_head map = {.b_size = sb->s_blocksize};
    u32 index = block_count(dir);
    if ((u64)dir->i_size + sb->s_blocksize > 0x7fffffff)
        return ERR_PTR(-ENOSPC);
    int error = ext2_get_block(dir, index, &map, 1);
    struct buffer_head *bh = error ? NULL : sb_bread(sb, map.b_blocknr);
    if (!bh) {
        ext2_truncate_blocks(dir);
        return ERR_PTR(error ? error : -EIO);
    }
    dir->i_size += sb->s_blocksize;
    mark_inode_dirty(dir);
    return bh;
}

static int put_name(struct inode *dir, struct buffer_head *bh, const char *name, u32 length, struct inode *inode,
                    struct ext2_place *place)
{
    struct ext2_dir_entry *entry = make_room(dir, bh, EXT2_DIR_REC_LEN(length));
    if (IS_ERR(entry))
        return (int)PTR_ERR(entry);
    if (!entry)
        return -ENOSPC;
    write_entry(entry, name, length, inode);
    dir_changed(dir, bh);
    *place = (struct ext2_place){bh, entry, NULL};
    return 0;
}

/* The directory's i_mutex is held and the name is not there. place: where it is now; its bh is the caller's. */
int ext2_add_entry(struct inode *dir, const char *name, u32 length, struct inode *inode, struct ext2_place *place)
{
    if (dir->i_sb->s_flags & MS_RDONLY)
        return -EROFS;
    for (u32 index = 0; index < block_count(dir); index++) {
        struct buffer_head *bh = read_block(dir, index);
        int error = bh ? put_name(dir, bh, name, length, inode, place) : -EIO;
        if (!error)
            return 0;
        brelse(bh);
        if (error != -ENOSPC)
            return error;
    }
    struct buffer_head *bh = append_block(dir);
    if (IS_ERR(bh))
        return (int)PTR_ERR(bh);
    return put_name(dir, bh, name, length, inode, place);
}

/* Takes over the place's buffer. */
void ext2_delete_entry(struct inode *dir, struct ext2_place *place)
{
    if (place->previous)
        place->previous->rec_len = (u16)(place->previous->rec_len + place->entry->rec_len);
    else
        place->entry->inode = 0;
    dir_changed(dir, place->bh);
    brelse(place->bh);
}

/* The name leads to another file from now on. The buffer stays the caller's. */
void ext2_set_entry(struct inode *dir, struct ext2_place *place, struct inode *inode)
{
    place->entry->inode = inode->i_ino;
    place->entry->file_type = file_type(inode);
    dir_changed(dir, place->bh);
}

/* "." and ".." */
int ext2_make_empty(struct inode *inode, struct inode *parent)
{
    u32 first = EXT2_DIR_REC_LEN(1);
    struct buffer_head *bh = append_block(inode);
    if (IS_ERR(bh))
        return (int)PTR_ERR(bh);
    struct ext2_dir_entry *entry = (struct ext2_dir_entry *)bh->b_data;
    entry->rec_len = (u16)first;
    write_entry(entry, ".", 1, inode);
    entry = (struct ext2_dir_entry *)(bh->b_data + first);
    entry->rec_len = (u16)(SECTOR_SIZE - first);
    write_entry(entry, "..", 2, parent);
    mark_buffer_dirty_inode(bh, inode);
    brelse(bh);
    return 0;
}

static bool is_dots(const struct ext2_dir_entry *entry)
{
    return entry->name_len && entry->name[0] == '.' &&
           (entry->name_len == 1 || (entry->name_len == 2 && entry->name[1] == '.'));
}

static int block_empty(struct inode *dir, struct buffer_head *bh)
{
    for (u32 offset = 0; offset < dir->i_sb->s_blocksize;) {
        struct ext2_dir_entry *entry = entry_at(dir, bh, offset);
        if (!entry)
            return -EIO;
        if (entry->inode && !is_dots(entry))
            return 0;
        offset += entry->rec_len;
    }
    return 1;
}

int ext2_empty_dir(struct inode *dir)
{
    for (u32 index = 0; index < block_count(dir); index++) {
        struct buffer_head *bh = read_block(dir, index);
        int empty = bh ? block_empty(dir, bh) : -EIO;
        brelse(bh);
        if (empty != 1)
            return empty;
    }
    return 1;
}

/* ---- listing ---- */

static unsigned listed_type(const struct inode *dir, const struct ext2_dir_entry *entry)
{
    static const u8 types[] = {0, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, 12, DT_LNK};
    const struct ext2_super_block *es = EXT2_SB(dir->i_sb)->s_es;
    bool kept = es->s_rev_level && (es->s_feature_incompat & EXT2_FEATURE_INCOMPAT_FILETYPE);
    return kept && entry->file_type < ARRAY_SIZE(types) ? types[entry->file_type] : 0;
}

/* 1: go on with the next block; 0: stop; -errno. */
static int list_block(struct inode *dir, struct buffer_head *bh, struct dir_context *context)
{
    u32 mask = dir->i_sb->s_blocksize - 1, from = (u32)context->pos & mask;
    loff_t base = context->pos - from;
    for (u32 offset = 0; offset <= mask;) {
        struct ext2_dir_entry *entry = entry_at(dir, bh, offset);
        if (!entry)
            return -EIO;
        if (offset >= from && entry->inode) {
            context->pos = base + offset;
            if (!context->emit(context, entry->name, entry->name_len, entry->inode, listed_type(dir, entry)))
                return 0;
        }
        offset += entry->rec_len;
        if (offset > from)
            context->pos = base + offset;
    }
    return 1;
}

static int ext2_iterate(struct file *file, struct dir_context *context)
{
    struct inode *dir = file->f_inode;
    while (context->pos >= 0 && context->pos < dir->i_size) {
        struct buffer_head *bh = read_block(dir, (u32)((u64)context->pos >> dir->i_sb->s_blocksize_bits));
        int result = bh ? list_block(dir, bh, context) : -EIO;
        brelse(bh);
        if (result <= 0)
            return result;
        cond_resched();
    }
    return 0;
}

const struct file_operations ext2_dir_operations = {
    .iterate = ext2_iterate,
    .llseek = generic_file_llseek,
    .fsync = ext2_fsync,
};
