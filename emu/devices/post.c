/* The POST code port: see post.h. */
#include "emu/devices/post.h"

void post_init(struct post *post) { post->code = 0; }

static uint32_t post_read(void *device, uint64_t offset, unsigned size) {
    const struct post *post = device;
    (void)offset, (void)size;
    return post->code;
}

static void post_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct post *post = device;
    (void)size;
    if (offset == 0)
        post->code = (uint8_t)value;
}

void post_ranges(struct post *post, struct io_range ranges[POST_RANGES]) {
    static const struct io_ops ops = {post_read, post_write};
    ranges[0] = (struct io_range){0x80, 1, &ops, post};
}
