/* Files of the host: read whole, written whole or not at all. Every failure is told in one sentence. */
#define _GNU_SOURCE
#include "emu/commands/command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (512u << 20)

static bool read_all(int fd, struct file_bytes *to, size_t size) {
    to->data = malloc(size ? size : 1);
    if (!to->data) {
        errno = ENOMEM;
        return false;
    }
    while (to->size < size) {
        ssize_t got = read(fd, to->data + to->size, size - to->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        to->size += (size_t)got;
    }
    return true;
}

bool file_read(const char *path, const char *purpose, struct file_bytes *to) {
    struct stat status;
    *to = (struct file_bytes){NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0) {
        complain("the %s '%s' cannot be opened: %s", purpose, path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool good = false;
    if (!S_ISREG(status.st_mode))
        complain("the %s '%s' is not a regular file; give the path of a file", purpose, path);
    else if (status.st_size > FILE_MAX)
        complain("the %s '%s' is larger than 512 MiB; it cannot be loaded", purpose, path);
    else if (!read_all(fd, to, (size_t)status.st_size))
        complain("the %s '%s' cannot be read: %s", purpose, path, strerror(errno));
    else
        good = true;
    close(fd);
    if (!good)
        file_free(to);
    return good;
}

void file_free(struct file_bytes *bytes) {
    free(bytes->data);
    *bytes = (struct file_bytes){NULL, 0};
}

/* Where our images are, relative to the folder of the running program: the build directory, then an installation. */
static const char *const image_places[] = {
    "../../guestos",
    "../../firmware",
    "../../guestos/user",
    "../share/faultline",
};

static const char *const demo_places[] = {"../../../demos", "../share/faultline/demos"};

/* The folder of the running program. */
static bool own_folder(char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return true;
}

static bool find_near(const char *const *places, size_t count, const char *name, char *path, size_t size) {
    char self[2048];
    if (!own_folder(self, sizeof(self)))
        return false;
    for (size_t i = 0; i < count; i++) {
        snprintf(path, size, "%s/%s/%s", self, places[i], name);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

bool file_find_demos(char *path, size_t size) {
    if (find_near(demo_places, sizeof(demo_places) / sizeof(demo_places[0]), "", path, size))
        return true;
    complain("the folder 'demos' is not beside the program; run faultline from its checkout or an installation");
    return false;
}

bool file_image_path(const char *name, char *path, size_t size) {
    return find_near(image_places, sizeof(image_places) / sizeof(image_places[0]), name, path, size);
}

bool file_find_image(const char *name, char *path, size_t size) {
    if (file_image_path(name, path, size))
        return true;
    complain("the image '%s' is not beside the program; build it with `ninja -C build`", name);
    return false;
}

/* A device or a pipe is written in place: there is nothing to rename onto. */
static bool is_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

bool output_open(struct output *output, const char *path, const char *purpose) {
    if ((size_t)snprintf(output->path, sizeof(output->path), "%s", path) >= sizeof(output->path)) {
        complain("the path for the %s is too long", purpose);
        return false;
    }
    if (is_special(path))
        snprintf(output->temporary, sizeof(output->temporary), "%s", path);
    else
        snprintf(output->temporary, sizeof(output->temporary), "%s.tmp%ld", path, (long)getpid());
    output->stream = fopen(output->temporary, "we");
    if (output->stream)
        return true;
    complain("the %s '%s' cannot be written: %s", purpose, path, strerror(errno));
    return false;
}

bool output_commit(struct output *output) {
    bool good = fflush(output->stream) == 0 && ferror(output->stream) == 0;
    good = fclose(output->stream) == 0 && good;
    output->stream = NULL;
    if (good && (strcmp(output->temporary, output->path) == 0 || rename(output->temporary, output->path) == 0))
        return true;
    complain("'%s' cannot be written: %s", output->path, strerror(errno));
    if (strcmp(output->temporary, output->path) != 0)
        unlink(output->temporary);
    return false;
}

void output_abandon(struct output *output) {
    if (!output->stream)
        return;
    fclose(output->stream);
    output->stream = NULL;
    if (strcmp(output->temporary, output->path) != 0)
        unlink(output->temporary);
}
