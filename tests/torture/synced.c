/*
 * Changes files and says what is promised, for who cuts the power and looks afterwards (synced.py).
 *
 * usage: synced DIRECTORY SEED OPERATIONS [MEBIBYTES]
 *
 * Two workers, each with its own files below DIRECTORY, and a hog of so many MiB that keeps memory short. A file is
 * cells of 512 bytes, each full of records that name the file, the cell and the version. What a worker does it prints
 * first, what is promised it prints when the call has returned; the first character is the worker's:
 *
 *   n ID NAME     creates       w ID CELL COUNT VERSION  writes    t ID SIZE  truncates
 *   r NAME NAME   renames       m ID CELL COUNT VERSION  writes through a mapping           u NAME  removes
 *   F ID          fsync or fdatasync of the file has returned       M ID CELL COUNT         msync of these cells has
 *   D             fsync of the worker's directory has returned      A                       sync has returned
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CELL 512u
#define CELLS_MAX 640u
#define FILES 7
#define WORKERS 2
#define NAME_BYTES 200
#define FOLDERS 3

struct file {
    unsigned id, size; /* id 0: there is none */
    char name[NAME_BYTES];
};

#define TEN "xxxxxxxxxx"
#define PADDING TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct file files[FILES];
static int folders_made[FOLDERS];
static unsigned state, worker, version, names_made;
static int folder;

static unsigned roll(unsigned below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static void say(const char *format, ...) {
    char line[3 * NAME_BYTES];
    va_list args;
    int length = sprintf(line, "%u ", worker);
    va_start(args, format);
    length += vsprintf(line + length, format, args);
    va_end(args);
    line[length++] = '\n';
    if (write(1, line, (size_t)length) != length)
        _exit(3);
}

static void check(long result, const char *what) {
    if (result >= 0)
        return;
    say("! %s: %s", what, strerror(errno));
    _exit(2);
}

static void fill(unsigned *to, unsigned id, unsigned cell, unsigned stamp) {
    for (unsigned i = 0; i < CELL / 16; i++, to += 4) {
        to[0] = 0x5ec70000u + i;
        to[1] = id;
        to[2] = cell;
        to[3] = stamp;
    }
}

static int open_file(const struct file *file) {
    int fd = openat(folder, file->name, O_RDWR);
    check(fd, "open");
    return fd;
}

static void pick_range(unsigned limit, unsigned *cell, unsigned *count) {
    *cell = roll(limit);
    *count = 1 + roll(roll(3) ? 9 : 60);
    if (*cell + *count > limit)
        *count = limit - *cell;
}

static unsigned longest(void) { return roll(3) == 0 ? CELLS_MAX : 60; }

/* ---- changes ---- */

static void write_cells(struct file *file) {
    static unsigned cells[64 * CELL / 4];
    unsigned end = file->size / CELL, cell, count;
    if (end && roll(2)) {
        pick_range(end, &cell, &count);
    } else if (end < CELLS_MAX && roll(5)) { /* goes on at the end; a part of a cell is overwritten */
        cell = end;
        count = 1 + roll(40);
    } else {
        pick_range(longest(), &cell, &count);
    }
    if (cell + count > CELLS_MAX)
        count = CELLS_MAX - cell;
    if (count == 0)
        return;
    version++;
    for (unsigned i = 0; i < count; i++)
        fill(cells + i * CELL / 4, file->id, cell + i, version);
    int fd = open_file(file);
    say("w %u %u %u %u", file->id, cell, count, version);
    long done = pwrite(fd, cells, count * CELL, (off_t)(cell * CELL));
    check(done, "write");
    if (done != (long)(count * CELL)) {
        say("! write: %ld", done);
        _exit(2);
    }
    if ((cell + count) * CELL > file->size)
        file->size = (cell + count) * CELL;
    close(fd);
}

static void map_cells(struct file *file) {
    unsigned cell, count;
    if (file->size < CELL)
        return;
    pick_range(file->size / CELL, &cell, &count);
    int fd = open_file(file);
    char *at = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(at == MAP_FAILED ? -1 : 0, "mmap");
    version++;
    say("m %u %u %u %u", file->id, cell, count, version);
    for (unsigned i = 0; i < count; i++)
        fill((unsigned *)(at + (cell + i) * CELL), file->id, cell + i, version);
    if (roll(2)) {
        char *page = at + (cell * CELL & ~4095u);
        check(msync(page, (size_t)(at + (cell + count) * CELL - page), MS_SYNC), "msync");
        say("M %u %u %u", file->id, cell, count);
    }
    check(munmap(at, file->size), "munmap");
    close(fd);
}

static void truncate_file(struct file *file) {
    unsigned size = roll(4) ? roll(file->size + 1) : roll(longest() * CELL);
    if (roll(2))
        size &= ~(CELL - 1);
    int fd = open_file(file);
    say("t %u %u", file->id, size);
    check(ftruncate(fd, (off_t)size), "ftruncate");
    file->size = size;
    close(fd);
}

/* Some are long, so that a directory needs more than a block. */
static void new_name(char *name) {
    int padding = roll(3) ? 0 : 100 + (int)roll(80);
    names_made++;
    if (roll(3))
        sprintf(name, "f%u%.*s", names_made, padding, PADDING);
    else
        sprintf(name, "d%u/f%u%.*s", roll(2), names_made, padding, PADDING);
}

static void create(struct file *file) {
    file->id = ++version;
    file->size = 0;
    new_name(file->name);
    say("n %u %s", file->id, file->name);
    int fd = openat(folder, file->name, O_CREAT | O_EXCL | O_RDWR, 0644);
    check(fd, "create");
    close(fd);
    write_cells(file);
}

static void sync_file(const struct file *file) {
    int fd = open_file(file);
    check(roll(3) ? fsync(fd) : fdatasync(fd), "fsync");
    say("F %u", file->id);
    close(fd);
}

/* To a fresh name, or over another file; mostly as programs do it, with the bytes on the disk first. */
static void rename_file(struct file *file) {
    struct file *other = &files[roll(FILES)];
    char name[NAME_BYTES];
    if (roll(3))
        sync_file(file);
    if (other != file && other->id && roll(2)) {
        strcpy(name, other->name);
        other->id = 0;
    } else {
        new_name(name);
    }
    say("r %s %s", file->name, name);
    check(renameat(folder, file->name, folder, name), "rename");
    strcpy(file->name, name);
}

static void remove_file(struct file *file) {
    say("u %s", file->name);
    check(unlinkat(folder, file->name, 0), "unlink");
    file->id = 0;
}

static void sync_folder(void) {
    check(fsync(folder), "fsync of the directory");
    say("D");
}

static void sync_all(void) {
    sync();
    say("A");
}

/* Nothing is promised of it, but that e2fsck can put it right. */
static void toggle_folder(void) {
    unsigned which = roll(FOLDERS);
    char name[16];
    sprintf(name, which ? "e%u" : "d0/e%u", which);
    check(folders_made[which] ? unlinkat(folder, name, AT_REMOVEDIR) : mkdirat(folder, name, 0755), "directory");
    folders_made[which] = !folders_made[which];
}

static void operate(void) {
    struct file *file = &files[roll(FILES)];
    unsigned what = roll(100);
    if (!file->id)
        create(file);
    else if (what < 36)
        write_cells(file);
    else if (what < 48)
        map_cells(file);
    else if (what < 57)
        truncate_file(file);
    else if (what < 66)
        rename_file(file);
    else if (what < 71)
        remove_file(file);
    else if (what < 74)
        toggle_folder();
    else if (what < 92)
        sync_file(file);
    else if (what < 96)
        sync_folder();
    else
        sync_all();
}

static void make_folders(const char *directory) {
    char name[64];
    sprintf(name, "%s/w%u", directory, worker);
    check(mkdir(name, 0755), "mkdir");
    folder = open(name, O_RDONLY | O_DIRECTORY);
    check(folder, "open of the directory");
    for (unsigned i = 0; i < 2; i++) {
        sprintf(name, "d%u", i);
        check(mkdirat(folder, name, 0755), "mkdir");
    }
}

static int work(const char *directory, unsigned number, unsigned seed, unsigned operations) {
    worker = number;
    state = (seed * WORKERS + number + 1) * 2654435761u;
    make_folders(directory);
    for (unsigned i = 0; i < operations; i++)
        operate();
    sync_all();
    return 0;
}

/* Walks over its memory again and again; a word that is not what it wrote ends it. */
static int hog(unsigned mebibytes) {
    const struct timespec rest = {0, 3000000};
    unsigned words = mebibytes << 18, *memory = malloc((size_t)words * 4);
    for (unsigned round = 0;; round++)
        for (unsigned i = 0; i < words; i += 1024) {
            if (round && memory[i] != round * 31 + i)
                return 9;
            memory[i] = (round + 1) * 31 + i;
            if ((i & 0xffff) == 0)
                nanosleep(&rest, NULL);
        }
}

static pid_t start(void) {
    pid_t child = fork();
    check(child, "fork");
    return child;
}

int main(int argc, char **argv) {
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1, operations = argc > 3 ? (unsigned)atoi(argv[3]) : 100;
    unsigned mebibytes = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
    pid_t hog_pid = 0;
    int bad = 0, status;
    worker = WORKERS;
    if (mebibytes && (hog_pid = start()) == 0)
        _exit(hog(mebibytes));
    for (unsigned i = 0; i < WORKERS; i++)
        if (start() == 0)
            _exit(work(argv[1], i, seed, operations));
    for (unsigned left = WORKERS; left;) {
        pid_t child = wait(&status);
        bad |= status;
        left -= child != hog_pid;
        if (child == hog_pid)
            hog_pid = 0;
    }
    if (hog_pid)
        kill(hog_pid, SIGKILL);
    say(bad ? "! a child ended with %x" : "end", bad);
    return bad != 0;
}
