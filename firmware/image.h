/*
 * A kernel image: check everything, then copy.
 *
 * image_check() turns the file into a list of segments or fails with one sentence. After it:
 *   - every segment lies in RAM below 4 GiB, touches nothing of the firmware's and no other segment;
 *   - every segment's file bytes lie inside the file;
 *   - the entry point lies inside a segment.
 * image_copy() cannot fail then.
 */
#ifndef FIRMWARE_IMAGE_H
#define FIRMWARE_IMAGE_H

#include "fw_cfg.h"

#include <stdint.h>

#define IMAGE_SEGMENTS_MAX 32u
#define IMAGE_HEAD_BYTES 8192u

struct segment {
    uint32_t target;       /* physical address */
    uint32_t memory_bytes; /* > 0; what the file does not fill is cleared */
    uint32_t file_offset, file_bytes;
};

struct image {
    struct fw_cfg_file file;
    uint8_t head[IMAGE_HEAD_BYTES]; /* the file's first bytes */
    uint32_t head_bytes;
    struct segment segment[IMAGE_SEGMENTS_MAX];
    uint32_t segments;
    uint32_t entry; /* physical address */
};

void image_check(struct image *image);
void image_copy(const struct image *image);

/* Lowest target of a segment that touches [base, end), UINT32_MAX when none does. */
uint32_t image_overlap(const struct image *image, uint32_t base, uint64_t end);

/* For those who find segments (elf.c and image.c): checks one and appends it. A segment of no bytes is left out. */
struct segment_request {
    uint64_t target, memory_bytes, file_offset, file_bytes;
};
void image_add_segment(struct image *image, const struct segment_request *request);

/* elf.c: fills segments and entry from the program headers. */
void elf_check(struct image *image);

#endif
