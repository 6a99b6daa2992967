/* See images.h. */
#include "tests/debug/images.h"

#include "emu/commands/command.h"

#include <stdlib.h>
#include <string.h>

static void refuse(const char *what, const char *name) {
    fprintf(stderr, "%s '%s'\n", what, name);
    exit(2);
}

struct session_blob image_read(const char *path) {
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END) != 0)
        refuse("cannot read the image", path ? path : "");
    size_t size = (size_t)ftell(file);
    void *data = malloc(size + 1);
    rewind(file);
    if (!data || fread(data, 1, size, file) != size)
        refuse("cannot read all of the image", path);
    fclose(file);
    return (struct session_blob){data, size};
}

void image_free(struct session_blob image) { free((void *)(uintptr_t)image.data); }

struct session_blob image_with_program(struct session_blob initramfs, struct session_blob program, bool run) {
    static const char words[] = "raw\0/\0/bin/program\0program";
    struct overlay overlay = {0};
    size_t padded = (initramfs.size + 3) & ~(size_t)3;
    overlay_file(&overlay, "/bin/program", 0100755, program.data, program.size);
    if (run)
        overlay_file(&overlay, "/etc/faultline/run", 0100644, words, sizeof words);
    overlay_end(&overlay);
    uint8_t *whole = calloc(1, padded + overlay.size);
    if (!whole || overlay.failed)
        refuse("no memory for", "the initramfs");
    memcpy(whole, initramfs.data, initramfs.size);
    memcpy(whole + padded, overlay.data, overlay.size);
    free(overlay.data);
    return (struct session_blob){whole, padded + overlay.size};
}

struct disk *image_swap_disk(uint32_t bytes) {
    uint8_t *data;
    struct disk *disk = disk_in_memory(bytes / DISK_SECTOR_BYTES, &data);
    const uint32_t version_and_last[] = {1, bytes / 4096 - 1};
    if (!disk)
        refuse("no memory for", "the swap disk");
    memcpy(data + 1024, version_and_last, sizeof version_and_last);
    memcpy(data + 4096 - 10, "SWAPSPACE2", 10);
    return disk;
}
