/* The disks of a run: see disks.h. */
#define _GNU_SOURCE
#include "emu/commands/disks.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "FILE,ro" or "FILE,rw"; other words behind a comma belong to the name. */
struct disk_word {
    char path[4096];
    enum { AS_USUAL, AS_READ_ONLY, AS_READ_WRITE } mode;
};

static bool split_word(const char *text, struct disk_word *word) {
    const char *comma = strrchr(text, ',');
    *word = (struct disk_word){.mode = AS_USUAL};
    if (comma && strcmp(comma, ",ro") == 0)
        word->mode = AS_READ_ONLY;
    else if (comma && strcmp(comma, ",rw") == 0)
        word->mode = AS_READ_WRITE;
    int length = word->mode == AS_USUAL ? (int)strlen(text) : (int)(comma - text);
    if (length > 0 && (size_t)snprintf(word->path, sizeof(word->path), "%.*s", length, text) < sizeof(word->path))
        return true;
    complain("'%.40s' is no path of a disk; give a file", text);
    return false;
}

static bool add_disk(struct disks *disks, const char *path, enum disk_access access) {
    char error[4400];
    if (disks->count == MACHINE_DISKS_MAX) {
        complain("the machine takes at most %u disks with its root; give fewer", MACHINE_DISKS_MAX);
        return false;
    }
    struct disk *disk = disk_open_file(path, access, error, sizeof(error));
    if (!disk) {
        complain("%s", error);
        return false;
    }
    disks->disk[disks->count++] = disk;
    return true;
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The root's image as a file that goes with the run. */
static bool make_temporary_root(struct disks *disks, const char *directory) {
    const char *place = getenv("TMPDIR");
    snprintf(disks->root_image, sizeof(disks->root_image), "%.4000s/faultline-root-XXXXXX",
             place && place[0] ? place : "/tmp");
    int fd = mkstemp(disks->root_image);
    if (fd < 0) {
        complain("no temporary file for the root file system in '%s': %s; set TMPDIR to a folder with room",
                 place && place[0] ? place : "/tmp", strerror(errno));
        return false;
    }
    close(fd);
    disks->root_is_temporary = true;
    return ext2_make(disks->root_image, directory);
}

/* The file appears whole or not at all. */
static bool make_kept_root(const char *path, const char *directory) {
    char temporary[4200];
    snprintf(temporary, sizeof(temporary), "%s.tmp%ld", path, (long)getpid());
    if (ext2_make(temporary, directory)) {
        if (rename(temporary, path) == 0)
            return true;
        complain("the root image '%s' cannot be written: %s", path, strerror(errno));
    }
    unlink(temporary);
    return false;
}

static bool open_directory_root(struct disks *disks, const struct disk_options *options, const struct disk_word *root) {
    const char *keep = options->keep_root;
    bool made = true;
    if (root->mode == AS_READ_WRITE) {
        complain("--root %s,rw: the guest gets a copy of a directory; keep the copy with --keep-root FILE", root->path);
        return false;
    }
    if (keep &&
        (size_t)snprintf(disks->root_image, sizeof(disks->root_image), "%s", keep) >= sizeof(disks->root_image)) {
        complain("the path of the root image is too long; give a shorter one");
        return false;
    }
    if (keep && access(keep, F_OK) == 0)
        made = false;
    else if (keep ? !make_kept_root(keep, root->path) : !make_temporary_root(disks, root->path))
        return false;
    if (made)
        snprintf(disks->root_directory, sizeof(disks->root_directory), "%s", root->path);
    return add_disk(disks, disks->root_image, root->mode == AS_READ_ONLY ? DISK_READ_ONLY : DISK_READ_WRITE);
}

static bool open_image_root(struct disks *disks, const struct disk_options *options, const struct disk_word *root) {
    if (options->keep_root) {
        complain("--keep-root goes with --root DIR; an image keeps what the guest writes with --root %s,rw",
                 root->path);
        return false;
    }
    snprintf(disks->root_image, sizeof(disks->root_image), "%s", root->path);
    return add_disk(disks, root->path,
                    root->mode == AS_READ_WRITE  ? DISK_READ_WRITE
                    : root->mode == AS_READ_ONLY ? DISK_READ_ONLY
                                                 : DISK_PRIVATE);
}

static bool open_root(struct disks *disks, const struct disk_options *options) {
    struct disk_word root;
    if (!options->root) {
        if (options->keep_root)
            complain("--keep-root says where the file system of --root DIR is kept; give --root DIR too");
        return !options->keep_root;
    }
    if (!split_word(options->root, &root))
        return false;
    disks->has_root = true;
    disks->root_read_only = root.mode == AS_READ_ONLY;
    return is_directory(root.path) ? open_directory_root(disks, options, &root)
                                   : open_image_root(disks, options, &root);
}

static bool open_others(struct disks *disks, const struct disk_options *options) {
    struct disk_word word;
    for (size_t i = 0; i < options->count; i++)
        if (!split_word(options->disk[i], &word) ||
            !add_disk(disks, word.path, word.mode == AS_READ_ONLY ? DISK_READ_ONLY : DISK_READ_WRITE))
            return false;
    return true;
}

/* ---- faults, for tests of guests ---- */

static unsigned requests_by_word(const char *word, size_t length) {
    static const struct {
        const char *word;
        unsigned requests;
    } words[] = {{"read", DISK_REQUEST_READ},
                 {"write", DISK_REQUEST_WRITE},
                 {"flush", DISK_REQUEST_FLUSH},
                 {"all", DISK_REQUEST_READ | DISK_REQUEST_WRITE | DISK_REQUEST_FLUSH}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == length && strncmp(words[i].word, word, length) == 0)
            return words[i].requests;
    return 0;
}

static bool take_number(const char **at, uint64_t *number) {
    char *end;
    errno = 0;
    *number = **at >= '0' && **at <= '9' ? strtoull(*at, &end, 10) : 0;
    if (**at < '0' || **at > '9' || errno)
        return false;
    *at = end;
    return true;
}

/* ":NTH" or ":NTH+COUNT" at the end of a fault. */
static bool take_turn(const char *at, struct disk_fault *fault) {
    if (*at == '\0')
        return true;
    if (*at++ != ':' || !take_number(&at, &fault->from) || fault->from == 0)
        return false;
    return *at == '\0' || (*at++ == '+' && take_number(&at, &fault->count) && fault->count > 0 && *at == '\0');
}

bool disk_fault_parse(const char *text, struct disk_fault *fault, size_t *index) {
    *fault = (struct disk_fault){.end = UINT64_MAX, .from = 1, .count = UINT64_MAX};
    if (strncmp(text, "vd", 2) != 0 || text[2] < 'a' || text[2] > 'z' || text[3] != ':')
        return false;
    *index = (size_t)(text[2] - 'a');
    size_t length = strcspn(text + 4, ":");
    const char *at = text + 4 + length;
    fault->requests = requests_by_word(text + 4, length);
    if (!fault->requests || *at == '\0')
        return fault->requests;
    uint64_t last;
    at++;
    if (!take_number(&at, &fault->first) || *at++ != '-' || !take_number(&at, &last) || last < fault->first ||
        last == UINT64_MAX)
        return false;
    fault->end = last + 1;
    return take_turn(at, fault);
}

static bool wrap(struct disk **disk, struct disk *wrapped) {
    *disk = wrapped;
    if (!wrapped)
        complain("no memory on the host for the disks; free some and try again");
    return wrapped;
}

/* The cache is the drive's, the errors are between it and the machine. */
static bool add_faults(struct disks *disks, const struct disk_options *options) {
    for (size_t i = 0; i < disks->count; i++)
        if (options->volatile_cache && !disks->disk[i]->read_only &&
            !wrap(&disks->disk[i], disk_with_cache(disks->disk[i], options->cut_seed * MACHINE_DISKS_MAX + i)))
            return false;
    for (size_t i = 0; i < options->fault_count; i++) {
        struct disk_fault fault;
        size_t index;
        if (!disk_fault_parse(options->fault[i], &fault, &index) || index >= disks->count) {
            complain("--disk-fault %s: the machine has %zu disks, counted from vda", options->fault[i], disks->count);
            return false;
        }
        if (!wrap(&disks->disk[index], disk_with_faults(disks->disk[index], &fault, 1)))
            return false;
    }
    return true;
}

bool disks_open(struct disks *disks, const struct disk_options *options) {
    *disks = (struct disks){.count = 0};
    if (open_root(disks, options) && open_others(disks, options) && add_faults(disks, options))
        return true;
    disks_free(disks);
    return false;
}

void disks_forget_name(struct disks *disks) {
    if (disks->root_is_temporary)
        unlink(disks->root_image);
    disks->root_is_temporary = false;
}

void disks_free(struct disks *disks) {
    for (size_t i = 0; i < disks->count; i++)
        disk_close(disks->disk[i]);
    disks_forget_name(disks);
    *disks = (struct disks){.count = 0};
}

bool disks_find_program(const struct disks *disks, const char *name, char *path, size_t size) {
    static const char *const folders[] = {"/bin", "/sbin", "/usr/bin", "/usr/sbin"};
    if (!disks->has_root || name[0] == '\0')
        return false;
    if (name[0] == '/')
        return (size_t)snprintf(path, size, "%s", name) < size && ext2_has(disks->root_image, path);
    if (strchr(name, '/'))
        return false; /* relative to the working directory, which is the host's */
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if ((size_t)snprintf(path, size, "%s/%s", folders[i], name) < size && ext2_has(disks->root_image, path))
            return true;
    return false;
}
