/*
 * Any bytes as an ELF file: every question is asked, nothing crashes, nothing is read outside the bytes. When
 * kernelview takes it for a kernel, it looks at memory that holds the same bytes.
 */
#include "emu/image/image.h"
#include "emu/kernelview/kernelview.h"
#include "tests/story/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void ask_types(const struct image *image) {
    static const char *const paths[] = {"flags", "lru.next", "node_zones[1].free_area[3].nr_free", "comm[15]",
                                        "_count.counter"};
    static const char *const types[] = {"struct page", "struct pglist_data", "pg_data_t", "struct task_struct", "u32"};
    struct image_field field;
    uint64_t size;
    int64_t value;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        image_type_size(image, types[i], &size);
        for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++)
            image_field(image, types[i], paths[k], &field);
    }
    image_enum_value(image, "PG_slab", &value);
}

static void ask_addresses(const struct image *image) {
    char text[64];
    struct image_line line;
    size_t length = 0;
    for (uint64_t address = 0xc0100fff; address < 0xc0101040; address += 3) {
        image_symbol_at(image, address, text, sizeof text);
        if (image_line_at(image, address, &line))
            length += strlen(line.file);
        struct image_call calls[4];
        for (size_t i = image_calls_at(image, address, calls, 4); i-- > 0;)
            length += strlen(calls[i].function) + (calls[i].file ? strlen(calls[i].file) : 0);
    }
    image_symbol_at(image, UINT64_MAX, text, sizeof text);
    if (length == SIZE_MAX) /* keeps the reads */
        abort();
}

#define LOADED_AT 0xC0100000u /* as the toy kernel */

/* Paging is off, so that linear addresses are physical and the view's pointers lead into the bytes. */
static void view_as_kernel(const struct image *image, const uint8_t *data, size_t size) {
    char error[200];
    struct kernelview *view = kernelview_create(image, error, sizeof error);
    size_t pages = (size + MMU_PAGE_SIZE - 1) / MMU_PAGE_SIZE;
    uint8_t *ram = view ? calloc(pages, MMU_PAGE_SIZE) : NULL;
    if (ram) {
        struct mmu_region region = {LOADED_AT, LOADED_AT + pages * MMU_PAGE_SIZE, ram, false};
        struct mmu_memory memory = {&region, 1};
        struct mmu_state state = {.cr0 = MMU_CR0_PE, .maxphyaddr = 36};
        struct mmu_context mmu;
        size_t data_at = pages > 3 ? 0x3000 : 0; /* the toy's data: file offset 2000 is linked at 3000 */
        memcpy(ram + data_at, data + (data_at ? 0x2000 : 0), size - data_at);
        mmu_context_init(&mmu, &memory, &state);
        kernelview_snapshot_free(kernelview_snapshot(view, &mmu, -1));
        kernelview_snapshot_free(kernelview_snapshot(view, &mmu, 2));
    }
    free(ram);
    kernelview_destroy(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[160];
    struct image_summary summary;
    uint8_t *bytes = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees every overrun */
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    image_summarise(bytes, size, &summary);
    struct image *image = image_open(bytes, size, error, sizeof error);
    if (image) {
        uint64_t start, length;
        image_symbol(image, "mem_map", &start, &length);
        ask_types(image);
        ask_addresses(image);
        view_as_kernel(image, data, size);
        image_close(image);
    }
    free(bytes);
    return 0;
}
