/*
 * Uses disks that fail, are full, or hold swap, and prints what that looks like.
 *
 * usage: failing read FILE OTHER | metadata DIRECTORY FILE | write FILE OTHER | metadata-write DIRECTORY FILE |
 *                flush FILE | swap | full DIRECTORY | hog | swapfile FILE
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define MIB 0x100000

static char bytes[PAGE];

static const char *said(long result) {
    static char text[32];
    if (result < 0)
        return strerror(errno);
    sprintf(text, "%ld", result);
    return text;
}

static void say(const char *what, long result) { printf("%s: %s\n", what, said(result)); }

static int must_open(const char *path, int flags) {
    int fd = open(path, flags, 0644);
    if (fd < 0) {
        printf("%s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

static char *map_file(int fd, size_t size) {
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        printf("mmap: %s\n", strerror(errno));
        exit(1);
    }
    return at;
}

/* ---- an access that may end in SIGBUS ---- */

static sigjmp_buf back;
static siginfo_t got;

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    got = *info;
    siglongjmp(back, 1);
}

static void touch(const char *what, volatile char *at, int write) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    if (sigsetjmp(back, 1)) {
        printf("%s: signal %d, code %d, %s address\n", what, got.si_signo, got.si_code,
               got.si_addr == at ? "this" : "another");
        return;
    }
    if (write)
        *at = 'w';
    printf("%s: %c\n", what, *at);
}

/* ---- data that cannot be read ---- */

/* Page n of the file is full of the letter 'a' + n; page 5 cannot be read. */
static void read_errors(const char *path, const char *other) {
    int fd = must_open(path, O_RDWR);
    for (int page = 3; page < 8; page++) {
        memset(bytes, '-', sizeof(bytes));
        printf("page %d: ", page);
        long n = pread(fd, bytes, PAGE, page * PAGE);
        printf("%s, %c%c\n", said(n), bytes[0], bytes[PAGE - 1]);
    }
    static char all[16 * PAGE];
    say("all of it", pread(fd, all, sizeof(all), 0));
    char *at = map_file(fd, 16 * PAGE);
    touch("mapped 4", at + 4 * PAGE, 0);
    touch("mapped 5", at + 5 * PAGE + 9, 0);
    touch("mapped 5, written", at + 5 * PAGE + 9, 1);
    touch("mapped 6", at + 6 * PAGE, 0);
    say("pipe to nowhere", write(-1, at + 5 * PAGE, 1));
    int pipes[2];
    if (pipe(pipes) == 0)
        say("write from 5", write(pipes[1], at + 5 * PAGE, 10));
    int second = must_open(other, O_RDONLY);
    say("another file", read(second, bytes, PAGE));
}

/* ---- metadata that cannot be read ---- */

static void metadata_errors(const char *directory, const char *path) {
    char name[256];
    struct stat st;
    sprintf(name, "%s/inside", directory);
    say("a name in the directory", stat(name, &st));
    say("once more", stat(name, &st));
    DIR *list = opendir(directory);
    errno = 0;
    while (list && readdir(list))
        ;
    printf("its list: %s\n", strerror(errno));
    int fd = must_open(path, O_RDWR);
    say("before the numbers", pread(fd, bytes, PAGE, 11 * PAGE));
    say("behind the numbers", pread(fd, bytes, PAGE, 12 * PAGE));
    say("written behind", pwrite(fd, bytes, PAGE, 12 * PAGE));
    char *at = map_file(fd, 16 * PAGE);
    touch("mapped behind", at + 13 * PAGE, 0);
    say("fsync", fsync(fd));
}

/* ---- data that cannot be written ---- */

static void write_page(int fd, int page, char letter) {
    memset(bytes, letter, sizeof(bytes));
    say("write", pwrite(fd, bytes, PAGE, page * PAGE));
}

/* Three writes of page 3 of the file fail, then no more. */
static void write_errors(const char *path, const char *other) {
    int fd = must_open(path, O_RDWR), second = must_open(other, O_RDWR);
    write_page(fd, 3, 'X');
    write_page(second, 3, 'Y');
    say("fsync of the other", fsync(second));
    say("fsync", fsync(fd));
    say("fsync again", fsync(fd));
    char *at = map_file(fd, 16 * PAGE);
    at[3 * PAGE] = 'Z';
    say("msync", msync(at, 16 * PAGE, MS_SYNC));
    say("msync again", msync(at, 16 * PAGE, MS_SYNC));
    printf("in memory: %c%c\n", at[3 * PAGE], at[3 * PAGE + 1]);
    write_page(fd, 3, 'U');
    sync();
    say("fsync after sync", fsync(fd));
    say("fsync after sync again", fsync(fd));
    write_page(fd, 3, 'W');
    say("fsync when it works", fsync(fd));
    write_page(second, 4, 'V');
    sync();
    say("fsync of the other", fsync(second));
}

/* ---- a cache that cannot be flushed ---- */

/* One flush fails: the fsync that asked for it says so. */
static void flush_errors(const char *path) {
    int fd = must_open(path, O_RDWR), failed = 0;
    for (int i = 0; i < 60; i++) {
        if (pwrite(fd, bytes, PAGE, (i & 7) * PAGE) != PAGE)
            exit(1);
        failed += fsync(fd) < 0 && errno == EIO;
    }
    say("failed", failed);
}

/* ---- metadata that cannot be written ---- */

/* One write of the file's inode fails, and then one of the directory. */
static void metadata_write_errors(const char *directory, const char *path) {
    char name[256];
    struct stat st;
    int fd = must_open(path, O_RDWR);
    write_page(fd, 16, 'q');
    say("fsync", fsync(fd));
    say("fsync again", fsync(fd));
    sprintf(name, "%s/new", directory);
    say("create", open(name, O_RDWR | O_CREAT | O_EXCL, 0644));
    say("stat", stat(name, &st));
    say("create again", open(name, O_RDWR | O_CREAT | O_EXCL, 0644) >= 0 ? 0 : -1);
    say("stat", stat(name, &st));
    say("unlink", unlink(name));
}

/* ---- swap that cannot be read or written ---- */

static unsigned *hog(unsigned mebibytes, unsigned seed, int flags) {
    unsigned *at = mmap(NULL, mebibytes * MIB, PROT_READ | PROT_WRITE, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        _exit(7);
    for (unsigned i = 0; i < mebibytes * MIB / 4; i++)
        at[i] = i * seed;
    return at;
}

static unsigned wrong(const unsigned *at, unsigned mebibytes, unsigned seed) {
    unsigned count = 0;
    for (unsigned i = 0; i < mebibytes * MIB / 4; i++)
        count += at[i] != i * seed;
    return count;
}

static void await(const char *what, pid_t child) {
    int status;
    if (waitpid(child, &status, 0) < 0)
        printf("%s: %s\n", what, strerror(errno));
    else if (WIFSIGNALED(status))
        printf("%s: killed by %d\n", what, WTERMSIG(status));
    else
        printf("%s: ended with %d\n", what, WEXITSTATUS(status));
}

/* A child that looks at its memory again when it is told. */
static pid_t start_owner(unsigned mebibytes, unsigned seed, int *ready, int *go) {
    int up[2], down[2];
    if (pipe(up) < 0 || pipe(down) < 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        char c = 0;
        unsigned *at = hog(mebibytes, seed, 0);
        if (write(up[1], &c, 1) != 1 || read(down[0], &c, 1) != 1)
            _exit(8);
        _exit(wrong(at, mebibytes, seed) != 0);
    }
    *ready = up[0];
    *go = down[1];
    return child;
}

static void swap_errors(void) {
    int ready[2], go[2];
    char c = 0;
    pid_t owner[2];
    for (unsigned i = 0; i < 2; i++) {
        owner[i] = start_owner(12, 3 + i, &ready[i], &go[i]);
        say("memory written", read(ready[i], &c, 1));
    }
    for (unsigned i = 0; i < 2; i++) {
        say("told to look", write(go[i], &c, 1));
        await(i ? "the other" : "the owner", owner[i]);
    }
    pid_t again = start_owner(8, 7, &ready[0], &go[0]);
    say("told to look", write(go[0], &c, 1));
    await("a new one", again);
}

/* ---- a full disk ---- */

static long fill_up(const char *path) {
    int fd = must_open(path, O_RDWR | O_CREAT | O_TRUNC);
    long total = 0, n;
    while ((n = write(fd, bytes, PAGE)) > 0)
        total += n;
    say("in the end", n);
    say("fsync", fsync(fd));
    close(fd);
    return total;
}

static void full_disk(const char *directory) {
    char first[256], second[256], third[256];
    sprintf(first, "%s/first", directory);
    sprintf(second, "%s/second", directory);
    sprintf(third, "%s/third", directory);
    int fd = must_open(second, O_RDWR | O_CREAT);
    say("a file of holes", ftruncate(fd, 16 * PAGE));
    char *at = map_file(fd, 16 * PAGE);
    touch("mapped, written", at, 1);
    long total = fill_up(first);
    touch("a hole of a full disk", at + 8 * PAGE, 1);
    touch("the same, read", at + 8 * PAGE, 0);
    touch("a page that is there", at, 1);
    say("msync", msync(at, 16 * PAGE, MS_SYNC));
    say("a directory", mkdir(third, 0755));
    say("unlink", unlink(first));
    touch("the hole", at + 8 * PAGE, 1);
    say("msync", msync(at, 16 * PAGE, MS_SYNC));
    long after = fill_up(first);
    printf("as much again: %s\n", after > total - 64 * PAGE && after <= total ? "yes" : "no");
    say("unlink", unlink(first));
}

/* ---- full swap ---- */

static void full_swap(void) {
    int ready, go;
    char c = 0;
    pid_t good = start_owner(4, 11, &ready, &go);
    say("memory written", read(ready, &c, 1));
    pid_t child = fork();
    if (child == 0) {
        hog(64, 5, MAP_NORESERVE);
        _exit(0);
    }
    await("the hog", child);
    say("told to look", write(go, &c, 1));
    await("the other", good);
    say("swapoff", swapoff("/dev/vdb"));
    say("swapon", swapon("/dev/vdb", 0));
    pid_t again = start_owner(13, 7, &ready, &go);
    say("told to look", write(go, &c, 1));
    await("a new one", again);
}

/* ---- a swap file ---- */

/* Pages that hold something: holes are no place for swap. */
static void make_swap(const char *path, unsigned pages) {
    int fd = must_open(path, O_RDWR | O_CREAT | O_TRUNC);
    unsigned header[3] = {1, pages - 1, 0};
    memset(bytes, 1, sizeof(bytes));
    for (unsigned i = 0; i < pages; i++)
        if (write(fd, bytes, PAGE) != PAGE)
            exit(1);
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes + 1024, header, sizeof(header));
    memcpy(bytes + PAGE - 10, "SWAPSPACE2", 10);
    say("header", pwrite(fd, bytes, PAGE, 0));
    close(fd);
}

static void use_swap(const char *path) {
    int ready[2], go[2];
    char c = 0;
    pid_t owner[2];
    for (unsigned i = 0; i < 2; i++) {
        owner[i] = start_owner(10, 5 + i, &ready[i], &go[i]);
        say("memory written", read(ready[i], &c, 1));
    }
    int fd = must_open(path, O_RDWR);
    say("write to it", write(fd, bytes, 10));
    say("truncate it", ftruncate(fd, 0));
    say("open with O_TRUNC", open(path, O_RDWR | O_TRUNC));
    touch("mapped, written", map_file(fd, 4 * PAGE) + PAGE, 1);
    say("swapon again", swapon(path, 0));
    for (unsigned i = 0; i < 2; i++) {
        say("told to look", write(go[i], &c, 1));
        await("an owner", owner[i]);
    }
    say("swapoff", swapoff(path));
    say("write to it", pwrite(fd, bytes, 10, PAGE));
    say("truncate it", ftruncate(fd, 5 * PAGE));
    say("fsync", fsync(fd));
}

static void swap_file(const char *path) {
    say("swapon", swapon(path, 0));
    use_swap(path);
    make_swap(path, 4096);
    say("swapon", swapon(path, 0));
    use_swap(path);
    int fd = must_open(path, O_RDWR | O_TRUNC);
    say("holes", ftruncate(fd, 100 * PAGE));
    say("swapon without a header", swapon(path, 0));
    unsigned header[3] = {1, 99, 0};
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes + 1024, header, sizeof(header));
    memcpy(bytes + PAGE - 10, "SWAPSPACE2", 10);
    say("header", pwrite(fd, bytes, PAGE, 0));
    say("swapon with holes", swapon(path, 0));
    say("write to it", pwrite(fd, bytes, 10, PAGE));
    say("unlink", unlink(path));
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(what, "read"))
        read_errors(first, second);
    else if (!strcmp(what, "metadata"))
        metadata_errors(first, second);
    else if (!strcmp(what, "write"))
        write_errors(first, second);
    else if (!strcmp(what, "flush"))
        flush_errors(first);
    else if (!strcmp(what, "metadata-write"))
        metadata_write_errors(first, second);
    else if (!strcmp(what, "swap"))
        swap_errors();
    else if (!strcmp(what, "full"))
        full_disk(first);
    else if (!strcmp(what, "hog"))
        full_swap();
    else if (!strcmp(what, "swapfile"))
        swap_file(first);
    else
        return 2;
    puts("done");
    return 0;
}
