/*
 * A second initramfs archive (cpio, newc) that `run` puts behind the guest's own: the program, where it stands on the
 * host, and what init is to run. The bytes depend on the arguments only: no times, no owners, no inode numbers of
 * the host. Format: each entry is a header of 6 + 13 * 8 characters, the name, the data, each padded to 4 bytes.
 */
#include "emu/commands/command.h"
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 110

static void append(struct overlay *overlay, const void *data, size_t size) {
    size_t padded = (size + 3) & ~(size_t)3;
    if (overlay->failed)
        return;
    if (overlay->size + padded > overlay->capacity) {
        size_t capacity = (overlay->size + padded) * 2 + 4096;
        uint8_t *grown = realloc(overlay->data, capacity);
        if (!grown) {
            overlay->failed = true;
            return;
        }
        overlay->data = grown;
        overlay->capacity = capacity;
    }
    if (size > 0)
        memcpy(overlay->data + overlay->size, data, size);
    memset(overlay->data + overlay->size + size, 0, padded - size);
    overlay->size += padded;
}

static void entry(struct overlay *overlay, const char *name, uint32_t mode, const void *data, size_t size) {
    char head[HEADER_SIZE + 4096 + 1];
    uint32_t ino = ++overlay->next_ino + 0x100000;
    int length = snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", ino,
                          mode, 0u, 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, strlen(name) + 1, 0u, name);
    if (length < 0 || (size_t)length >= sizeof(head)) {
        overlay->failed = true;
        return;
    }
    append(overlay, head, (size_t)length + 1);
    append(overlay, data, size);
}

void overlay_directories(struct overlay *overlay, const char *path) {
    char prefix[4096];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path) - 1;
        if (length >= sizeof(prefix)) {
            overlay->failed = true;
            return;
        }
        memcpy(prefix, path + 1, length);
        prefix[length] = '\0';
        entry(overlay, prefix, 0040755, NULL, 0);
    }
}

void overlay_directory(struct overlay *overlay, const char *path) {
    if (path[1] == '\0')
        return; /* the root is there */
    overlay_directories(overlay, path);
    entry(overlay, path + 1, 0040755, NULL, 0);
}

void overlay_file(struct overlay *overlay, const char *path, uint32_t mode, const void *data, size_t size) {
    overlay_directories(overlay, path);
    entry(overlay, path + 1, mode, data, size);
}

void overlay_end(struct overlay *overlay) { entry(overlay, "TRAILER!!!", 0, NULL, 0); }

static bool hex_field(const uint8_t *from, size_t *value) {
    *value = 0;
    for (int i = 0; i < 8; i++) {
        int digit = from[i] >= '0' && from[i] <= '9'   ? from[i] - '0'
                    : from[i] >= 'a' && from[i] <= 'f' ? from[i] - 'a' + 10
                    : from[i] >= 'A' && from[i] <= 'F' ? from[i] - 'A' + 10
                                                       : -1;
        if (digit < 0)
            return false;
        *value = *value * 16 + (size_t)digit;
    }
    return true;
}

bool archive_has(const void *archive, size_t size, const char *name) {
    const uint8_t *bytes = archive;
    size_t at = 0, name_size, file_size;
    while (at + HEADER_SIZE <= size && memcmp(bytes + at, "070701", 6) == 0) {
        if (!hex_field(bytes + at + 54, &file_size) || !hex_field(bytes + at + 94, &name_size))
            return false;
        if (name_size == 0 || name_size > size - at - HEADER_SIZE || file_size > size)
            return false;
        const char *entry_name = (const char *)bytes + at + HEADER_SIZE;
        if (strlen(name) + 1 == name_size && memcmp(entry_name, name, name_size) == 0)
            return true;
        at += (HEADER_SIZE + name_size + 3) & ~(size_t)3;
        at += (file_size + 3) & ~(size_t)3;
    }
    return false;
}
