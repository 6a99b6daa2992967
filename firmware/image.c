/* Kernel images: see image.h for what holds when image_check() returns. */
#include "image.h"
#include "io.h"
#include "memory.h"
#include "multiboot.h"

#define GIB_4 0x100000000ull

uint32_t image_overlap(const struct image *image, uint32_t base, uint64_t end) {
    uint32_t lowest = UINT32_MAX;
    for (uint32_t i = 0; i < image->segments; i++) {
        const struct segment *segment = &image->segment[i];
        if (segment->target < end && base < (uint64_t)segment->target + segment->memory_bytes &&
            segment->target < lowest)
            lowest = segment->target;
    }
    return lowest;
}

void image_add_segment(struct image *image, const struct segment_request *request) {
    uint64_t file_size = image->file.size;
    if (request->memory_bytes == 0 && request->file_bytes == 0)
        return;
    if (request->file_bytes > request->memory_bytes)
        fail("the kernel image is damaged: a segment has more bytes in the file than in memory");
    if (request->file_offset > file_size || request->file_bytes > file_size - request->file_offset)
        fail("the kernel image is truncated: a segment ends after the file's %u bytes", image->file.size);
    if (request->target >= GIB_4 || request->memory_bytes > GIB_4 - request->target)
        fail("the kernel image has a segment that ends above 4 GiB; link it lower");
    uint32_t base = (uint32_t)request->target;
    uint64_t end = request->target + request->memory_bytes;
    uint32_t last = (uint32_t)(end - 1);
    if (memory_is_ours(base, end))
        fail("the kernel's segment %x to %x lies on the firmware's own memory; link it at 1 MiB or above", base, last);
    if (!memory_is_ram(base, end))
        fail("the kernel's segment %x to %x is outside RAM, which ends at %x", base, last, memory_top());
    if (image_overlap(image, base, end) != UINT32_MAX)
        fail("the kernel's segment %x to %x overlaps another of its segments", base, last);
    if (image->segments == IMAGE_SEGMENTS_MAX)
        fail("the kernel image has more than %u segments", IMAGE_SEGMENTS_MAX);
    image->segment[image->segments++] = (struct segment){base, (uint32_t)request->memory_bytes,
                                                         (uint32_t)request->file_offset, (uint32_t)request->file_bytes};
}

/* The address fields of the Multiboot header (flag 16) in place of an ELF file's own. */
static void add_by_address_fields(struct image *image, const struct multiboot_header *header, uint32_t header_offset) {
    uint32_t before_header = header->header_address - header->load_address;
    if (header->load_address > header->header_address || before_header > header_offset)
        fail("the Multiboot header's load address %x does not fit its header address %x", header->load_address,
             header->header_address);
    uint32_t file_offset = header_offset - before_header;
    uint32_t file_bytes = image->file.size - file_offset;
    if (header->load_end_address) {
        if (header->load_end_address < header->load_address)
            fail("the Multiboot header's load end %x is below its load address", header->load_end_address);
        file_bytes = header->load_end_address - header->load_address;
    }
    uint32_t memory_bytes = file_bytes;
    if (header->bss_end_address) {
        if (header->bss_end_address < header->load_address)
            fail("the Multiboot header's bss end %x is below its load address", header->bss_end_address);
        memory_bytes = header->bss_end_address - header->load_address;
    }
    image_add_segment(image, &(struct segment_request){header->load_address, memory_bytes, file_offset, file_bytes});
    image->entry = header->entry_address;
}

void image_check(struct image *image) {
    if (image->file.size == 0)
        fail("the kernel image is empty");
    image->head_bytes = image->file.size < IMAGE_HEAD_BYTES ? image->file.size : IMAGE_HEAD_BYTES;
    fw_cfg_read(&image->file, 0, image->head, image->head_bytes);
    image->segments = 0;

    struct multiboot_header header;
    uint32_t header_offset = multiboot_find_header(image, &header);
    if (header.flags & MULTIBOOT_ADDRESSES)
        add_by_address_fields(image, &header, header_offset);
    else
        elf_check(image);
    if (!image->segments)
        fail("the kernel image has nothing to load");
    if (image_overlap(image, image->entry, (uint64_t)image->entry + 1) == UINT32_MAX)
        fail("the kernel's entry point %x is outside its segments", image->entry);
}

void image_copy(const struct image *image) {
    for (uint32_t i = 0; i < image->segments; i++) {
        const struct segment *segment = &image->segment[i];
        uint8_t *to = (uint8_t *)segment->target;
        fw_cfg_read(&image->file, segment->file_offset, to, segment->file_bytes);
        clear(to + segment->file_bytes, segment->memory_bytes - segment->file_bytes);
    }
}
