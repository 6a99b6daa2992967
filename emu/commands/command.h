/* The subcommands of `faultline`, and what they share: messages, files, options. */
#ifndef FAULTLINE_COMMAND_H
#define FAULTLINE_COMMAND_H

#include "emu/debug/session.h"

/* Exit statuses of our own failures; a program's own status passes through unchanged. */
#define EXIT_BAD_INPUT 2
#define EXIT_MACHINE 3   /* triple fault, reset, dead machine, emulator error */
#define EXIT_POWER_CUT 4 /* --cut-at, --cut-after */
#define EXIT_STOPPED 5   /* a condition of --stop was met */
#define EXIT_LIMIT 124   /* as timeout(1) */

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
};

int command_run(int argc, char **argv);
int command_debug(int argc, char **argv);
int command_info(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_render(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_report(int argc, char **argv);

/* "faultline: " + one sentence to stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- files.c ---- */
struct file_bytes {
    uint8_t *data; /* malloc'd; NULL when empty */
    size_t size;
};
/* Reads all of a regular file. False after complaining, with what it is for ("kernel") in the sentence. */
bool file_read(const char *path, const char *purpose, struct file_bytes *to);
void file_free(struct file_bytes *bytes);
/* Path of one of our own images (kernel.elf, firmware.rom, initramfs.cpio): beside the build or installed. False after
 * complaining. */
bool file_find_image(const char *name, char *path, size_t size);
bool file_image_path(const char *name, char *path, size_t size); /* the same without complaint */
/* The folder of the demos that come with faultline. False after complaining. */
bool file_find_demos(char *path, size_t size);

/* A file that appears whole or not at all: writes go to a temporary name, output_commit() renames. */
struct output {
    FILE *stream;
    char path[4096], temporary[4120];
};
bool output_open(struct output *output, const char *path, const char *purpose); /* false after complaining */
bool output_commit(struct output *output);                                      /* false after complaining */
void output_abandon(struct output *output);

/* ---- overlay.c: what `run` adds to the guest's initramfs ---- */
struct overlay {
    uint8_t *data;
    size_t size, capacity;
    uint32_t next_ino;
    bool failed; /* out of memory */
};
void overlay_directories(struct overlay *overlay, const char *path); /* each parent of an absolute path */
void overlay_directory(struct overlay *overlay, const char *path);   /* an absolute path and its parents */
void overlay_file(struct overlay *overlay, const char *path, uint32_t mode, const void *data, size_t size);
void overlay_end(struct overlay *overlay);
/* Is there an entry of this name (without leading slash) in a newc archive? */
bool archive_has(const void *archive, size_t size, const char *name);

#endif
