/*
 * Boots a ROM and fw_cfg files on emu/machine as QEMU would:
 *
 *   boot_host ROM RAM-MIB DEBUG-FILE [NAME=PATH | disk:PATH | disk-ro:PATH...]
 *
 * Each NAME becomes the file opt/faultline/NAME, each disk a virtio-blk device. The console goes to standard output,
 * the debug console to DEBUG-FILE. The exit status is the value that the guest wrote to the debug exit port; 125 when
 * it ended otherwise, and 126 for arguments that cannot be used.
 */
#include "emu/machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 8
#define NAME_BYTES 56
#define NOT_BY_EXIT_PORT 125
#define BAD_ARGUMENTS 126
#define LIMIT_SECONDS 30ull

struct contents {
    uint8_t *bytes;
    size_t size;
};

struct boot {
    struct contents rom, content[FILES_MAX];
    char name[FILES_MAX][NAME_BYTES];
    struct machine_file file[FILES_MAX];
    size_t files;
    struct disk *disk[MACHINE_DISKS_MAX];
    size_t disks;
    FILE *debug;
};

static bool read_file(const char *path, struct contents *to) {
    FILE *from = fopen(path, "rb");
    if (!from)
        return false;
    size_t room = 1 << 16;
    to->bytes = malloc(room);
    while (to->bytes) {
        to->size += fread(to->bytes + to->size, 1, room - to->size, from);
        if (to->size < room)
            break;
        room *= 2;
        uint8_t *more = realloc(to->bytes, room);
        if (!more)
            free(to->bytes);
        to->bytes = more;
    }
    fclose(from);
    return to->bytes != NULL;
}

static bool add_file(struct boot *boot, const char *argument) {
    const char *equals = strchr(argument, '=');
    if (!equals || boot->files == FILES_MAX)
        return false;
    size_t at = boot->files++;
    snprintf(boot->name[at], NAME_BYTES, "opt/faultline/%.*s", (int)(equals - argument), argument);
    if (!read_file(equals + 1, &boot->content[at]))
        return false;
    boot->file[at] = (struct machine_file){boot->name[at], boot->content[at].bytes, boot->content[at].size};
    return true;
}

static bool add_disk(struct boot *boot, const char *argument) {
    char error[512];
    bool read_only = strncmp(argument, "disk-ro:", 8) == 0;
    if (boot->disks == MACHINE_DISKS_MAX)
        return false;
    struct disk *disk =
        disk_open_file(strchr(argument, ':') + 1, read_only ? DISK_READ_ONLY : DISK_READ_WRITE, error, sizeof error);
    if (!disk) {
        fprintf(stderr, "boot_host: %s\n", error);
        return false;
    }
    boot->disk[boot->disks++] = disk;
    return true;
}

static bool add_argument(struct boot *boot, const char *argument) {
    return strncmp(argument, "disk", 4) == 0 ? add_disk(boot, argument) : add_file(boot, argument);
}

static void on_console(void *owner, uint8_t byte) {
    (void)owner;
    putchar(byte);
}

static void on_debug_console(void *owner, uint8_t byte) { putc(byte, ((struct boot *)owner)->debug); }

static int run(struct boot *boot, uint64_t ram_bytes) {
    char error[512];
    struct machine_config config = {.ram_bytes = ram_bytes,
                                    .rom = boot->rom.bytes,
                                    .rom_bytes = boot->rom.size,
                                    .files = boot->file,
                                    .file_count = boot->files,
                                    .disks = boot->disk,
                                    .disk_count = boot->disks,
                                    .owner = boot,
                                    .on_console = on_console,
                                    .on_debug_console = on_debug_console};
    struct machine *machine = machine_create(&config, error, sizeof error);
    if (!machine) {
        fprintf(stderr, "boot_host: %s\n", error);
        return NOT_BY_EXIT_PORT;
    }
    enum machine_stop stop = machine_run(machine, LIMIT_SECONDS * 1000000000ull);
    int status = machine_exit_status(machine);
    if (stop != MACHINE_STOP_EXIT) {
        fprintf(stderr, "boot_host: %s\n", machine_stop_text(machine));
        status = NOT_BY_EXIT_PORT;
    }
    machine_destroy(machine);
    return status;
}

static void release(struct boot *boot) {
    for (size_t i = 0; i < boot->files; i++)
        free(boot->content[i].bytes);
    for (size_t i = 0; i < boot->disks; i++)
        disk_close(boot->disk[i]);
    free(boot->rom.bytes);
    if (boot->debug)
        fclose(boot->debug);
}

int main(int argc, char **argv) {
    static struct boot boot;
    bool good = argc >= 4 && read_file(argv[1], &boot.rom);
    if (good)
        boot.debug = fopen(argv[3], "wb");
    for (int i = 4; good && i < argc; i++)
        good = add_argument(&boot, argv[i]);
    if (!good || !boot.debug) {
        fprintf(stderr, "usage: %s ROM RAM-MIB DEBUG-FILE [NAME=PATH | disk:PATH | disk-ro:PATH...]\n", argv[0]);
        release(&boot);
        return BAD_ARGUMENTS;
    }
    int status = run(&boot, (uint64_t)strtoul(argv[2], NULL, 10) << 20);
    release(&boot);
    return status;
}
