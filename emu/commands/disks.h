/*
 * The disks of a run: --disk and --root, opened and, where a directory is given, made.
 *
 *   --root DIR     an ext2 image of DIR in a temporary file that is gone when the run ends;
 *                  with --keep-root FILE in FILE: made from DIR when FILE is not there, used as it is when it is
 *   --root IMAGE   the image; what the guest writes is kept in memory and forgotten, unless ",rw" asks for it
 *   --disk FILE    the file; the guest writes to it, unless ",ro" forbids it
 *
 * The root is vda, the others follow in the order of the command line.
 */
#ifndef FAULTLINE_DISKS_H
#define FAULTLINE_DISKS_H

#include "emu/commands/command.h"
#include "emu/devices/faulty_disk.h"

#define DISK_FAULTS_MAX 32u

struct disk_options {
    const char *root, *keep_root; /* NULL: none */
    const char *disk[MACHINE_DISKS_MAX];
    size_t count;
    /* for tests of guests */
    const char *fault[DISK_FAULTS_MAX]; /* --disk-fault; checked by disk_fault_parse() */
    size_t fault_count;
    bool volatile_cache; /* what is not flushed may be lost: with --cut-at and --cut-after */
    uint64_t cut_seed;
};

struct disks {
    struct disk *disk[MACHINE_DISKS_MAX];
    size_t count;
    bool has_root, root_read_only;
    char root_image[4096];     /* path on the host */
    char root_directory[4096]; /* what the image was made of in this run; "" for an image */
    bool root_is_temporary;    /* root_image is a name to be removed */
};

/* Opens everything. False after complaining; nothing to free then. */
bool disks_open(struct disks *disks, const struct disk_options *options);
void disks_free(struct disks *disks);

/* Finds a program in the root file system: an absolute path, or a bare name in the folders of the guest's PATH. Puts
 * its absolute path into path. False: it is not there, or there is no root. */
bool disks_find_program(const struct disks *disks, const char *name, char *path, size_t size);

/* Removes the name of a temporary root: nothing is left of it when the run ends, however it ends. No program can be
 * looked for after that. */
void disks_forget_name(struct disks *disks);

/* DISK:REQUESTS[:FIRST-LAST[:NTH[+COUNT]]], such as vda:read:100-107 or vdb:write:0-7:3+1. index: of the disk, vda is
 * 0. False: it is no such text. */
bool disk_fault_parse(const char *text, struct disk_fault *fault, size_t *index);

/* ---- ext2.c: images by the tools of e2fsprogs ---- */

/* Makes image, a path that exists or not, an ext2 file system with what is in directory. False after complaining. The
 * bytes depend on the directory only, not on the time of the run. */
bool ext2_make(const char *image, const char *directory);
/* Is there something of that absolute path in the image? Where debugfs is missing, when the host has nothing there. */
bool ext2_has(const char *image, const char *path);

#endif
