/* What the files of the buffer layer share: fs/buffer.c, fs/buffer_file.c, fs/mpage.c, fs/block_dev.c. */
#ifndef _FS_BUFFER_INTERNAL_H
#define _FS_BUFFER_INTERNAL_H

#include "fs/buffer_head.h"
#include "mm/internal.h"

static inline u32 bh_offset(const struct buffer_head *bh) { return (u32)(unsigned long)bh->b_data & (PAGE_SIZE - 1); }
void submit_bh(int rw, struct buffer_head *bh); /* locked, b_end_io set: it unlocks */
void buffer_write_failed(struct buffer_head *bh);

#endif
