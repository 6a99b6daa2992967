/*
 * Random file operations under a directory, against a model in memory.
 *
 * usage: fileops [-m DEVICE] [-f] DIRECTORY SEED COUNT
 *
 * Every result is compared with the model's at once; at the end the whole tree is, twice, the second time with the
 * caches dropped (where the system allows it); then it is printed. -m mounts an ext2 of DEVICE there first and unmounts
 * it at the end. -f instead fills the file system, frees and fills again. What is printed depends on SEED and COUNT
 * alone, so that a host and a guest must print the same.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FILES_MAX 80
#define NAMES_MAX 120
#define SIZE_MAX_BYTES 400000u

enum kind { NONE, REGULAR, DIRECTORY, SYMLINK };

struct file {
    enum kind kind;
    unsigned nlink, size, mode;
    unsigned char *bytes; /* SIZE_MAX_BYTES of a regular file; the target of a link */
};

struct name {
    int used, parent, file; /* parent: index of a file */
    char text[64];
};

static struct file files[FILES_MAX]; /* 0: the directory itself */
static struct name names[NAMES_MAX];
static unsigned state;
static unsigned long operations;
static const char *last = "start";

static unsigned roll(unsigned below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static void fail(const char *format, ...) {
    va_list args;
    printf("operation %lu (%s): ", operations, last);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" (%s)\n", strerror(errno));
    exit(1);
}

#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail(__VA_ARGS__);                                                                                         \
    } while (0)

/* ---- the model ---- */

static int find_name(int parent, const char *text) {
    for (int i = 0; i < NAMES_MAX; i++)
        if (names[i].used && names[i].parent == parent && strcmp(names[i].text, text) == 0)
            return i;
    return -1;
}

static int name_of_directory(int file) {
    for (int i = 0; i < NAMES_MAX; i++)
        if (names[i].used && names[i].file == file)
            return i;
    return -1;
}

static void path_of_file(int directory, char *path) {
    if (directory == 0) {
        strcpy(path, ".");
        return;
    }
    int name = name_of_directory(directory);
    path_of_file(names[name].parent, path);
    strcat(path, "/");
    strcat(path, names[name].text);
}

static void path_of(int name, char *path) {
    path_of_file(names[name].parent, path);
    strcat(path, "/");
    strcat(path, names[name].text);
}

static int is_empty(int directory) {
    for (int i = 0; i < NAMES_MAX; i++)
        if (names[i].used && names[i].parent == directory)
            return 0;
    return 1;
}

static int is_inside(int directory, int ancestor) {
    for (; directory; directory = names[name_of_directory(directory)].parent)
        if (directory == ancestor)
            return 1;
    return ancestor == 0;
}

static int new_file(enum kind kind) {
    for (int i = 1; i < FILES_MAX; i++)
        if (files[i].kind == NONE) {
            files[i] = (struct file){.kind = kind, .nlink = kind == DIRECTORY ? 2 : 1};
            if (kind != DIRECTORY)
                files[i].bytes = calloc(1, SIZE_MAX_BYTES);
            return i;
        }
    return -1;
}

static void drop(int file) {
    if (files[file].kind == DIRECTORY || --files[file].nlink == 0) {
        free(files[file].bytes);
        files[file] = (struct file){0};
    }
}

static int add_name(int parent, const char *text, int file) {
    for (int i = 0; i < NAMES_MAX; i++)
        if (!names[i].used) {
            names[i] = (struct name){.used = 1, .parent = parent, .file = file};
            strcpy(names[i].text, text);
            return i;
        }
    return -1;
}

static int names_left(void) {
    int n = 0;
    for (int i = 0; i < NAMES_MAX; i++)
        n += !names[i].used;
    return n;
}

static int pick_name(enum kind kind) {
    int start = (int)roll(NAMES_MAX);
    for (int i = 0; i < NAMES_MAX; i++) {
        int at = (start + i) % NAMES_MAX;
        if (names[at].used && (kind == NONE || files[names[at].file].kind == kind))
            return at;
    }
    return -1;
}

static int pick_directory(void) {
    int name = roll(3) ? pick_name(DIRECTORY) : -1;
    return name < 0 ? 0 : names[name].file;
}

/* A name of 1 to 60 bytes; few, so that they meet again. */
static void pick_text(char *text) {
    unsigned n = roll(60), length = n % 7 == 0 ? 40 + n % 20 : 1 + n % 8;
    for (unsigned i = 0; i < length; i++)
        text[i] = (char)('a' + (n * 7 + i) % 26);
    text[length] = '\0';
}

/* ---- operations ---- */

static void fill(unsigned char *bytes, unsigned count) {
    unsigned seed = roll(1u << 30) * 2 + 1;
    for (unsigned i = 0; i < count; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes[i] = (unsigned char)(seed >> 16);
    }
}

static void op_create(void) {
    char text[64], path[4096];
    int parent = pick_directory();
    pick_text(text);
    path_of_file(parent, path);
    strcat(strcat(path, "/"), text);
    int exists = find_name(parent, text) >= 0;
    int file = exists || names_left() < 2 ? -1 : new_file(REGULAR);
    if (!exists && file < 0)
        return;
    unsigned mode = roll(2) ? 0644 : 0600;
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR, mode);
    if (exists) {
        EXPECT(fd < 0 && errno == EEXIST, "create %s", path);
        return;
    }
    EXPECT(fd >= 0, "create %s", path);
    files[file].mode = mode;
    add_name(parent, text, file);
    close(fd);
}

static void op_write(void) {
    static unsigned char bytes[70000];
    char path[4096];
    int name = pick_name(REGULAR);
    if (name < 0)
        return;
    struct file *f = &files[names[name].file];
    unsigned from = roll(4) ? roll(f->size + 1) : roll(SIZE_MAX_BYTES - 70000);
    unsigned count = roll(8) ? 1 + roll(6000) : 1 + roll(70000);
    if (from + count > SIZE_MAX_BYTES)
        return;
    fill(bytes, count);
    path_of(name, path);
    int fd = open(path, O_RDWR);
    EXPECT(fd >= 0, "open %s", path);
    EXPECT(pwrite(fd, bytes, count, from) == (ssize_t)count, "write %u at %u of %s", count, from, path);
    memcpy(f->bytes + from, bytes, count);
    if (from + count > f->size)
        f->size = from + count;
    if (roll(10) == 0)
        EXPECT(fsync(fd) == 0, "fsync %s", path);
    close(fd);
}

static void op_map(void) {
    char path[4096];
    int name = pick_name(REGULAR);
    if (name < 0 || files[names[name].file].size == 0)
        return;
    struct file *f = &files[names[name].file];
    path_of(name, path);
    int fd = open(path, O_RDWR);
    unsigned char *map = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED, "mmap %s", path);
    EXPECT(memcmp(map, f->bytes, f->size) == 0, "mapped bytes of %s", path);
    for (unsigned i = 0; i < 5; i++) {
        unsigned at = roll(f->size);
        map[at] = f->bytes[at] = (unsigned char)roll(256);
    }
    if (roll(3) == 0)
        EXPECT(msync(map, f->size, MS_SYNC) == 0, "msync %s", path);
    munmap(map, f->size);
    close(fd);
}

static void op_truncate(void) {
    char path[4096];
    int name = pick_name(REGULAR);
    if (name < 0)
        return;
    struct file *f = &files[names[name].file];
    unsigned size = roll(3) ? roll(f->size + 1) : roll(SIZE_MAX_BYTES);
    path_of(name, path);
    EXPECT(truncate(path, size) == 0, "truncate %s to %u", path, size);
    if (size < f->size)
        memset(f->bytes + size, 0, f->size - size);
    f->size = size;
}

static void check_file(const char *path, const struct file *f) {
    static unsigned char bytes[SIZE_MAX_BYTES];
    struct stat st;
    EXPECT(stat(path, &st) == 0, "stat %s", path);
    EXPECT(st.st_size == (off_t)f->size, "size of %s: %ld, not %u", path, (long)st.st_size, f->size);
    EXPECT(st.st_nlink == f->nlink, "links of %s: %u, not %u", path, (unsigned)st.st_nlink, f->nlink);
    EXPECT((st.st_mode & 0777) == f->mode, "mode of %s: 0%o, not 0%o", path, st.st_mode & 0777, f->mode);
    int fd = open(path, O_RDONLY);
    EXPECT(fd >= 0 && read(fd, bytes, sizeof(bytes)) == (ssize_t)f->size, "read %s", path);
    close(fd);
    for (unsigned i = 0; i < f->size; i++)
        EXPECT(bytes[i] == f->bytes[i], "%s at %u: 0x%02x, not 0x%02x", path, i, bytes[i], f->bytes[i]);
}

static void op_read(void) {
    char path[4096];
    int name = pick_name(REGULAR);
    if (name < 0)
        return;
    path_of(name, path);
    check_file(path, &files[names[name].file]);
}

static void op_mkdir(void) {
    char text[64], path[4096];
    int parent = pick_directory();
    pick_text(text);
    path_of_file(parent, path);
    strcat(strcat(path, "/"), text);
    int exists = find_name(parent, text) >= 0;
    int file = exists || names_left() < 2 || strlen(path) > 1000 ? -1 : new_file(DIRECTORY);
    if (!exists && file < 0)
        return;
    int result = mkdir(path, 0755);
    if (exists) {
        EXPECT(result < 0 && errno == EEXIST, "mkdir %s", path);
        return;
    }
    EXPECT(result == 0, "mkdir %s", path);
    files[file].mode = 0755;
    files[parent].nlink++;
    add_name(parent, text, file);
}

static void op_remove(void) {
    char path[4096];
    int name = pick_name(roll(4) ? NONE : DIRECTORY);
    if (name < 0)
        return;
    int file = names[name].file;
    path_of(name, path);
    if (files[file].kind == DIRECTORY) {
        int empty = is_empty(file), result = rmdir(path);
        EXPECT(empty ? result == 0 : result < 0 && errno == ENOTEMPTY, "rmdir %s", path);
        if (!empty)
            return;
        files[names[name].parent].nlink--;
    } else {
        EXPECT(unlink(path) == 0, "unlink %s", path);
    }
    names[name].used = 0;
    drop(file);
}

static void op_link(void) {
    char text[64], path[4096], old[4096];
    int name = pick_name(REGULAR), parent = pick_directory();
    if (name < 0 || names_left() < 2)
        return;
    pick_text(text);
    path_of(name, old);
    path_of_file(parent, path);
    strcat(strcat(path, "/"), text);
    int exists = find_name(parent, text) >= 0, result = link(old, path);
    EXPECT(exists ? result < 0 && errno == EEXIST : result == 0, "link %s %s", old, path);
    if (exists)
        return;
    files[names[name].file].nlink++;
    add_name(parent, text, names[name].file);
}

static void op_symlink(void) {
    char text[64], path[4096], target[1000];
    int parent = pick_directory();
    unsigned length = roll(3) ? 1 + roll(70) : 1 + roll(900);
    pick_text(text);
    path_of_file(parent, path);
    strcat(strcat(path, "/"), text);
    if (find_name(parent, text) >= 0 || names_left() < 2)
        return;
    int file = new_file(SYMLINK);
    if (file < 0)
        return;
    memset(target, 'a' + (int)(length % 26), length);
    target[length] = '\0';
    EXPECT(symlink(target, path) == 0, "symlink %s", path);
    memcpy(files[file].bytes, target, length + 1);
    files[file].size = length;
    add_name(parent, text, file);
}

static void op_rename(void) {
    char text[64], old[4096], path[4096];
    int name = pick_name(NONE), parent = pick_directory();
    if (name < 0)
        return;
    pick_text(text);
    int file = names[name].file, over = find_name(parent, text), old_parent = names[name].parent;
    path_of(name, old);
    path_of_file(parent, path);
    strcat(strcat(path, "/"), text);
    int is_dir = files[file].kind == DIRECTORY;
    if (over == name || strlen(path) > 1000 || (is_dir && is_inside(parent, file)) ||
        (over >= 0 && is_inside(old_parent, names[over].file)))
        return;
    int result = rename(old, path);
    if (over >= 0) {
        int victim = names[over].file, victim_is_dir = files[victim].kind == DIRECTORY;
        if (is_dir != victim_is_dir) {
            EXPECT(result < 0 && errno == (is_dir ? ENOTDIR : EISDIR), "rename %s %s", old, path);
            return;
        }
        if (victim == file) {
            EXPECT(result == 0, "rename %s %s", old, path);
            return; /* two names of one file: nothing happens */
        }
        if (is_dir && !is_empty(victim)) {
            EXPECT(result < 0 && errno == ENOTEMPTY, "rename %s %s", old, path);
            return;
        }
        if (is_dir)
            files[parent].nlink--;
        names[over].used = 0;
        drop(victim);
    }
    EXPECT(result == 0, "rename %s %s", old, path);
    if (is_dir) {
        files[old_parent].nlink--;
        files[parent].nlink++;
    }
    names[name].parent = parent;
    strcpy(names[name].text, text);
}

/* A file that has no name any more keeps its bytes until it is closed. */
static void op_nameless(void) {
    static unsigned char bytes[30000], back[30000];
    unsigned count = 1 + roll(sizeof(bytes));
    int fd = open("./nameless", O_CREAT | O_EXCL | O_RDWR, 0600);
    EXPECT(fd >= 0 && unlink("./nameless") == 0, "nameless");
    fill(bytes, count);
    EXPECT(write(fd, bytes, count) == (ssize_t)count, "write nameless");
    EXPECT(pread(fd, back, count, 0) == (ssize_t)count && memcmp(bytes, back, count) == 0, "read nameless");
    close(fd);
}

static void check_listing(int directory, const char *path) {
    struct dirent *entry;
    int expected = 0, found = 0;
    for (int i = 0; i < NAMES_MAX; i++)
        expected += names[i].used && names[i].parent == directory;
    DIR *dir = opendir(path);
    EXPECT(dir != NULL, "opendir %s", path);
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            (directory == 0 && strcmp(entry->d_name, "lost+found") == 0))
            continue;
        EXPECT(find_name(directory, entry->d_name) >= 0, "%s lists %s", path, entry->d_name);
        found++;
    }
    closedir(dir);
    EXPECT(found == expected, "%s lists %d names, not %d", path, found, expected);
}

static void op_list(void) {
    char path[4096];
    int directory = pick_directory();
    path_of_file(directory, path);
    check_listing(directory, path);
}

static const struct {
    const char *name;
    void (*run)(void);
    unsigned weight;
} kinds[] = {
    {"create", op_create, 10},  {"write", op_write, 25},   {"map", op_map, 6},           {"truncate", op_truncate, 8},
    {"read", op_read, 10},      {"mkdir", op_mkdir, 5},    {"remove", op_remove, 10},    {"link", op_link, 4},
    {"symlink", op_symlink, 4}, {"rename", op_rename, 10}, {"nameless", op_nameless, 2}, {"list", op_list, 6},
};

static void one_operation(void) {
    unsigned at = roll(100);
    operations++;
    for (unsigned i = 0;; at -= kinds[i].weight, i++)
        if (at < kinds[i].weight) {
            last = kinds[i].name;
            kinds[i].run();
            return;
        }
}

/* ---- the whole tree ---- */

static unsigned hash_of(const struct file *f) {
    unsigned hash = 2166136261u;
    for (unsigned i = 0; i < f->size; i++)
        hash = (hash ^ f->bytes[i]) * 16777619u;
    return hash;
}

static void check_name(int name, const char *path, int print) {
    const struct file *f = &files[names[name].file];
    char target[1024];
    struct stat st;
    if (f->kind == REGULAR) {
        check_file(path, f);
    } else if (f->kind == SYMLINK) {
        ssize_t length = readlink(path, target, sizeof(target));
        EXPECT(length == (ssize_t)f->size && memcmp(target, f->bytes, f->size) == 0, "link %s", path);
    } else {
        EXPECT(stat(path, &st) == 0 && S_ISDIR(st.st_mode), "stat %s", path);
        check_listing(names[name].file, path);
    }
    if (print)
        printf("%s %c %u %u %08x\n", path, "?fdl"[f->kind], f -> kind == DIRECTORY ? 0 : f -> nlink, f -> size,
               f -> kind == DIRECTORY ? 0 : hash_of(f));
}

static int by_path(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void check_all(int print) {
    static char *paths[NAMES_MAX];
    int count = 0;
    last = "check";
    check_listing(0, ".");
    for (int i = 0; i < NAMES_MAX; i++) {
        char path[4096];
        if (!names[i].used)
            continue;
        path_of(i, path);
        if (asprintf(&paths[count++], "%s\n%d", path, i) < 0)
            exit(1);
    }
    qsort(paths, (size_t)count, sizeof(*paths), by_path);
    for (int i = 0; i < count; i++) {
        char *line = strchr(paths[i], '\n');
        *line = '\0';
        check_name(atoi(line + 1), paths[i], print);
        free(paths[i]);
    }
}

static void drop_caches(void) {
    sync();
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (fd >= 0 && write(fd, "3\n", 2) < 0 && getpid() == 2)
        printf("drop_caches: %s\n", strerror(errno));
    close(fd);
}

/* ---- full ---- */

static unsigned long long free_now(int files_too) {
    struct statfs s;
    sync();
    EXPECT(statfs(".", &s) == 0, "statfs");
    return files_too ? s.f_ffree : s.f_bfree * (unsigned long long)s.f_bsize;
}

static unsigned fill_up(const char *path, unsigned char first) {
    static unsigned char bytes[8192];
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
    unsigned written = 0;
    EXPECT(fd >= 0, "create %s", path);
    for (unsigned each = sizeof(bytes); each >= 1024;) { /* the last free blocks may be less than a page */
        memset(bytes, first + (int)(written >> 13), sizeof(bytes));
        ssize_t n = write(fd, bytes, each);
        if (n < 0)
            each /= 8;
        else
            written += (unsigned)n;
    }
    EXPECT(errno == ENOSPC, "filling %s", path);
    EXPECT(fsync(fd) == 0, "fsync of %s", path);
    close(fd);
    return written;
}

static void check_filled(const char *path, unsigned char first, unsigned size) {
    static unsigned char bytes[8192];
    int fd = open(path, O_RDONLY);
    unsigned at = 0;
    for (ssize_t n; (n = read(fd, bytes, sizeof(bytes))) > 0; at += (unsigned)n)
        for (ssize_t i = 0; i < n; i++)
            EXPECT(bytes[i] == (unsigned char)(first + (at >> 13)), "%s at %u", path, at + (unsigned)i);
    EXPECT(at == size, "%s has %u bytes, not %u", path, at, size);
    close(fd);
}

static void fill_and_free(void) {
    unsigned long long before = free_now(0), files_before = free_now(1);
    for (int round = 0; round < 3; round++) {
        unsigned size = fill_up("./big", (unsigned char)round);
        EXPECT(free_now(0) < 65536, "%llu bytes are free on a full disk", free_now(0));
        EXPECT(mkdir("./more", 0755) < 0 && errno == ENOSPC, "mkdir on a full disk");
        EXPECT(size > before - before / 16, "only %u bytes went onto it", size);
        drop_caches();
        check_filled("./big", (unsigned char)round, size);
        EXPECT(truncate("./big", size / 2) == 0, "truncate");
        EXPECT(fill_up("./second", 7) > size / 3, "the second file is short");
        EXPECT(unlink("./second") == 0 && unlink("./big") == 0, "unlink");
        EXPECT(free_now(0) == before, "%llu bytes are free, not %llu", free_now(0), before);
        EXPECT(free_now(1) == files_before, "%llu inodes are free, not %llu", free_now(1), files_before);
    }
    printf("filled and freed\n");
}

int main(int argc, char **argv) {
    const char *device = NULL;
    int full = 0, option;
    while ((option = getopt(argc, argv, "m:f")) != -1) {
        if (option == 'm')
            device = optarg;
        full |= option == 'f';
    }
    if (argc - optind != 3) {
        fprintf(stderr, "usage: fileops [-m DEVICE] [-f] DIRECTORY SEED COUNT\n");
        return 2;
    }
    const char *directory = argv[optind];
    state = (unsigned)atoi(argv[optind + 1]) * 2654435761u + 1;
    umask(022);
    mkdir(directory, 0755);
    EXPECT(!device || mount(device, directory, "ext2", 0, NULL) == 0, "mount %s", device);
    EXPECT(chdir(directory) == 0, "chdir %s", directory);
    files[0] = (struct file){.kind = DIRECTORY, .nlink = 2, .mode = 0755};
    for (int i = atoi(argv[optind + 2]); i > 0 && !full; i--)
        one_operation();
    if (full)
        fill_and_free();
    check_all(0);
    drop_caches();
    check_all(1);
    EXPECT(chdir("/") == 0, "chdir /");
    EXPECT(!device || umount(directory) == 0, "umount");
    printf("%lu operations\n", operations);
    return 0;
}
