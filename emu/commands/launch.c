/*
 * What `run` gives the machine: ROM, kernel, command line and an initramfs that ends in the overlay with the program.
 *
 * /etc/faultline/run in the overlay tells init what to do, as NUL-terminated fields:
 *   options ("raw": the terminal passes bytes through, without echo unless "echo" too), working directory, path,
 * argv[0], argv[1], ...
 */
#define _GNU_SOURCE
#include "emu/commands/run.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUEST_PATH_MAX 4000u /* the guest takes 4093 bytes; a program needs room for names beside it */

static bool read_image(const char *path, const char *name, const char *purpose, struct file_bytes *to) {
    char found[4096];
    if (!path) {
        if (!file_find_image(name, found, sizeof(found)))
            return false;
        path = found;
    }
    return file_read(path, purpose, to);
}

static bool rom_fits(const struct launch *launch, const char *path) {
    if (launch->rom.size == 64u << 10 || launch->rom.size == 128u << 10)
        return true;
    complain("the ROM '%s' has %zu bytes; a ROM image has 65536 or 131072", path ? path : "firmware.rom",
             launch->rom.size);
    return false;
}

/* The firmware judges the rest of a kernel; that part of the file is missing shows only here, where its size is known.
 */
static bool kernel_is_whole(const struct launch *launch, const char *path) {
    struct image_summary summary;
    image_summarise(launch->kernel.data, launch->kernel.size, &summary);
    if (!summary.cut_short)
        return true;
    complain("the kernel '%s' is cut short: its headers name more than its %zu bytes; copy or build it again",
             path ? path : "kernel.elf", launch->kernel.size);
    return false;
}

static bool program_fits(const char *path, const struct file_bytes *program) {
    struct image_summary summary;
    image_summarise(program->data, program->size, &summary);
    if (summary.kind == IMAGE_NOT_ELF)
        complain("'%s' is not an ELF program; build it with `gcc -m32 -static`", path);
    else if (summary.kind == IMAGE_X86_64)
        complain("'%s' is a 64-bit program; build it with `gcc -m32 -static`", path);
    else if (summary.kind == IMAGE_OTHER_MACHINE)
        complain("'%s' is a program for another machine; build it with `gcc -m32 -static`", path);
    else if (summary.cut_short)
        complain("the program '%s' is cut short: its headers name more than its %zu bytes; build it again", path,
                 program->size);
    else if (summary.dynamic)
        complain("'%s' is dynamically linked; build it with `gcc -m32 -static`", path);
    else if (!summary.executable)
        complain("'%s' is an ELF file but not a program; link it with `gcc -m32 -static`", path);
    else
        return true;
    return false;
}

/* Absolute path without "." and ".." parts; symbolic links stay, so that argv[0] means the same here and there. */
static bool absolute_path(const char *path, const char *cwd, char *to, size_t size) {
    char joined[8192];
    if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", path[0] == '/' ? "" : cwd, path) >= sizeof(joined))
        return false;
    size_t used = 0;
    for (char *part = strtok(joined, "/"); part; part = strtok(NULL, "/")) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            while (used > 0 && to[--used] != '/')
                ;
            continue;
        }
        int length = snprintf(to + used, size - used, "/%s", part);
        if (length < 0 || (size_t)length >= size - used)
            return false;
        used += (size_t)length;
    }
    if (used == 0)
        return false;
    to[used] = '\0';
    return true;
}

struct run_file {
    char bytes[65536];
    size_t used;
    bool full;
};

static void run_field(struct run_file *file, const char *text) {
    size_t length = strlen(text) + 1;
    if (length > sizeof(file->bytes) - file->used) {
        file->full = true;
        return;
    }
    memcpy(file->bytes + file->used, text, length);
    file->used += length;
}

static bool write_run_file(struct overlay *overlay, const struct run_options *options, const char *cwd,
                           const char *path) {
    struct run_file *file = calloc(1, sizeof(*file));
    if (!file)
        return false;
    run_field(file, options->window || options->cli ? "raw echo" : "raw"); /* nobody else shows what is typed */
    run_field(file, cwd);
    run_field(file, path);
    for (int i = 0; i < options->program_count; i++)
        run_field(file, options->program[i]);
    bool good = !file->full;
    if (good)
        overlay_file(overlay, "/etc/faultline/run", 0100644, file->bytes, file->used);
    else
        complain("the program's arguments are longer than 64 KiB; give fewer");
    free(file);
    return good;
}

/* A bare name that is no file here may be a program of the guest's image. */
static bool is_guest_program(const struct launch *launch, const char *name) {
    char entry[300];
    if (strchr(name, '/') || strlen(name) > 200 || access(name, F_OK) == 0)
        return false;
    snprintf(entry, sizeof(entry), "bin/%s", name);
    return archive_has(launch->initrd.data, launch->initrd.size, entry);
}

/* One of the demonstrations' programs, which lie beside the image. */
static bool is_demo_program(const char *name, char *path, size_t size) {
    char file[300];
    if (strchr(name, '/') || strlen(name) > 200 || access(name, F_OK) == 0)
        return false;
    snprintf(file, sizeof(file), "%s.stripped", name);
    return file_image_path(file, path, size);
}

static void note_directory(struct launch *launch, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length < sizeof(launch->program_directory))
        snprintf(launch->program_directory, sizeof(launch->program_directory), "%.*s", (int)length, path);
}

static bool put_guest_program(struct overlay *overlay, const struct run_options *options) {
    char path[300];
    snprintf(path, sizeof(path), "/bin/%s", options->program[0]);
    return write_run_file(overlay, options, "/", path);
}

static bool put_demo_program(struct overlay *overlay, const struct run_options *options, const char *file) {
    struct file_bytes program;
    char path[300];
    if (!file_read(file, "program", &program))
        return false;
    snprintf(path, sizeof(path), "/bin/%s", options->program[0]);
    overlay_file(overlay, path, 0100755, program.data, program.size);
    file_free(&program);
    return put_guest_program(overlay, options);
}

/* A program of the root file system: run there, in its root. */
static bool put_root_program(struct launch *launch, struct overlay *overlay, const struct run_options *options,
                             const char *path) {
    char file[8400];
    struct stat status;
    /* For its symbols; a link may lead out of the directory here and not there. */
    snprintf(file, sizeof(file), "%s%s", launch->disks.root_directory, path);
    if (launch->disks.root_directory[0] && lstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        access(file, R_OK) == 0 && file_read(file, "program", &launch->program))
        note_directory(launch, file);
    return write_run_file(overlay, options, "/", path);
}

static bool put_host_program(struct launch *launch, struct overlay *overlay, const struct run_options *options) {
    const char *name = options->program[0];
    char cwd[4096], path[8192];
    if (!file_read(name, "program", &launch->program) || !program_fits(name, &launch->program))
        return false;
    if (!getcwd(cwd, sizeof(cwd)) || !absolute_path(name, cwd, path, sizeof(path)) || strlen(cwd) > GUEST_PATH_MAX ||
        strlen(path) > GUEST_PATH_MAX) {
        complain("the path of '%s' is too long; run it from a folder nearer to the root", name);
        return false;
    }
    note_directory(launch, path);
    overlay_file(overlay, path, 0100755, launch->program.data, launch->program.size);
    overlay_directory(overlay, cwd);
    return write_run_file(overlay, options, cwd, path);
}

/* initrd = the guest's own archive, padded to 4 bytes, followed by the overlay. */
static bool append_overlay(struct launch *launch, const struct overlay *overlay) {
    size_t padded = (launch->initrd.size + 3) & ~(size_t)3;
    uint8_t *whole = overlay->failed ? NULL : realloc(launch->initrd.data, padded + overlay->size);
    if (!whole) {
        complain("no memory on the host for the initramfs; free some and try again");
        return false;
    }
    memset(whole + launch->initrd.size, 0, padded - launch->initrd.size);
    memcpy(whole + padded, overlay->data, overlay->size);
    launch->initrd.data = whole;
    launch->initrd.size = padded + overlay->size;
    return true;
}

/* For symbols and source lines of a program that comes from the guest's image: the unstripped file beside the image. */
static void read_guest_program(struct launch *launch, const char *name) {
    char path[4096], image[4096];
    if (!file_find_image("initramfs.cpio", image, sizeof(image)))
        return;
    char *slash = strrchr(image, '/');
    *slash = '\0';
    snprintf(path, sizeof(path), "%.3000s/%.200s", image, name);
    if (access(path, R_OK) == 0 && file_read(path, "program", &launch->program))
        note_directory(launch, path);
}

static bool put_program(struct launch *launch, struct overlay *overlay, const struct run_options *options) {
    char path[4096];
    const char *name = options->program[0];
    if (disks_find_program(&launch->disks, name, path, sizeof(path)))
        return put_root_program(launch, overlay, options, path);
    bool demo = !is_guest_program(launch, name) && is_demo_program(name, path, sizeof(path));
    if (!demo && !is_guest_program(launch, name))
        return put_host_program(launch, overlay, options);
    read_guest_program(launch, name);
    return demo ? put_demo_program(overlay, options, path) : put_guest_program(overlay, options);
}

static bool add_program(struct launch *launch, const struct run_options *options) {
    struct overlay overlay = {0};
    bool good = put_program(launch, &overlay, options);
    if (good) {
        overlay_end(&overlay);
        good = append_overlay(launch, &overlay);
    }
    free(overlay.data);
    return good;
}

static bool write_cmdline(struct launch *launch, const struct run_options *options) {
    /* Our own kernel keeps its log off the program's terminal; the log reaches us by the debug console. */
    const char *own = options->kernel ? "" : options->program_count > 0 ? "loglevel=0 " : "";
    const char *root = !launch->disks.has_root        ? ""
                       : launch->disks.root_read_only ? "root=/dev/vda ro "
                                                      : "root=/dev/vda ";
    if (asprintf(&launch->cmdline, "%s%s%s", own, root, options->cmdline) < 0) {
        launch->cmdline = NULL;
        return false;
    }
    size_t length = strlen(launch->cmdline);
    while (length > 0 && launch->cmdline[length - 1] == ' ')
        launch->cmdline[--length] = '\0';
    return true;
}

static void name_program(struct launch *launch, const struct run_options *options) {
    const char *path = options->program_count > 0 ? options->program[0] : options->kernel ? options->kernel : "guest";
    const char *slash = strrchr(path, '/');
    snprintf(launch->program_name, sizeof(launch->program_name), "%s", slash ? slash + 1 : path);
}

static bool prepare_initrd(struct launch *launch, const struct run_options *options) {
    if (options->kernel) {
        const char *module = options->initrd              ? options->initrd
                             : options->program_count > 0 ? options->program[0]
                                                          : NULL;
        return !module || file_read(module, "initrd", &launch->initrd);
    }
    if (!read_image(options->initrd, "initramfs.cpio", "initramfs", &launch->initrd))
        return false;
    return options->program_count == 0 || add_program(launch, options);
}

bool launch_prepare(struct launch *launch, const struct run_options *options) {
    *launch = (struct launch){0};
    bool good = read_image(options->rom, "firmware.rom", "ROM", &launch->rom) && rom_fits(launch, options->rom) &&
                read_image(options->kernel, "kernel.elf", "kernel", &launch->kernel) &&
                kernel_is_whole(launch, options->kernel) && disks_open(&launch->disks, &options->disks) &&
                prepare_initrd(launch, options) && write_cmdline(launch, options);
    disks_forget_name(&launch->disks);
    name_program(launch, options);
    if (!good)
        launch_free(launch);
    return good;
}

struct session_config launch_session(const struct launch *launch, const struct run_options *options) {
    return (struct session_config){
        .ram_bytes = options->memory,
        .nodes = options->nodes,
        .power_cut_blocks = options->cut_at,
        .power_cut_requests = options->cut_after,
        .rom = {launch->rom.data, launch->rom.size},
        .kernel = {launch->kernel.data, launch->kernel.size},
        .initrd = {launch->initrd.data, launch->initrd.size},
        .program = {launch->program.data, launch->program.size},
        .disks = launch->disks.disk,
        .disk_count = launch->disks.count,
        .cmdline = launch->cmdline,
        .program_name = launch->program_name,
        .program_directory = launch->program_directory,
    };
}

void launch_free(struct launch *launch) {
    file_free(&launch->rom);
    file_free(&launch->kernel);
    file_free(&launch->initrd);
    file_free(&launch->program);
    free(launch->cmdline);
    disks_free(&launch->disks);
    *launch = (struct launch){0};
}
