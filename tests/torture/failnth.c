/*
 * Refuses every allocation of the kernel once: for each path, /proc/thread-self/fail-nth is set to 1, 2, 3 ... until a
 * run asks for fewer. What fails must fail with ENOMEM (or what Linux says instead), what was written must be there,
 * and afterwards the system holds as many objects and frames as before.
 *
 * usage: failnth [-v] [PATH...]   -v tells of each path how many allocations it had and how many failed
 * The machine: /dev/vda an ext2 file system, /dev/vdb swap space. Run as root.
 */
#define _GNU_SOURCE
#include "census.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define MOST_ALLOCATIONS 3000
#define SELF "/proc/self/exe"

/* ---- helpers of the paths ---- */

static char pattern[5 * PAGE];
static char buffer[5 * PAGE];
static int fds[4];
static char *region = MAP_FAILED;
static size_t region_bytes;

/* The number of the error, in a path's function. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((call) == -1)                                                                                              \
            return errno;                                                                                              \
    } while (0)

static int map(size_t bytes, int protection, int flags, int fd)
{
    region_bytes = bytes;
    region = mmap(NULL, bytes, protection, flags, fd, 0);
    return region == MAP_FAILED ? -1 : 0;
}

static void clean_common(void)
{
    for (int i = 0; i < 4; i++) {
        if (fds[i] > 0)
            close(fds[i]);
        fds[i] = 0;
    }
    if (region != MAP_FAILED && munmap(region, region_bytes))
        broken("munmap in peace: %s", strerror(errno));
    region = MAP_FAILED;
}

static int wait_status(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* ---- processes ---- */

static int path_fork(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    TRY(child);
    return wait_status(child) == 7 << 8 ? 0 : EPROTO;
}

static char *const program_word[] = {"failnth", "--exec", NULL}, *const no_words[] = {NULL};

/* Over the execed program: it reads what is left of its own. 0 or 1: it ran, 1 with something left. */
static int execed(void)
{
    fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
    if (fail_fd < 0 && errno != ENOMEM)
        return 5;
    return fail_fd >= 0 && left() ? 1 : 0;
}

static int path_vfork(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execve(SELF, program_word, no_words);
        _exit(9);
    }
    TRY(child);
    return wait_status(child) == 0 ? 0 : EPROTO;
}

static int exec_n;
/* The child is the one that fails; the parent takes over what it had left, and its error. */
static int path_exec(void)
{
    int n = exec_n;
    disarm();
    TRY(fds[0] = open("/dev/null", O_WRONLY));
    pid_t child = fork();
    if (child == 0) {
        open_switch();
        dup2(fds[0], 2); /* the C library's start complains */
        arm(n);
        execve(SELF, program_word, no_words);
        int error = errno;
        _exit(disarm() ? 3 : error == ENOMEM ? 2 : 4);
    }
    TRY(child);
    int status = wait_status(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
        arm(1000000); /* not reached */
    if (status == 0 || status == 1 << 8)
        return 0;
    if (status == 2 << 8 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV))
        return ENOMEM; /* before the old program is gone, and after */
    if (status == 127 << 8)
        return ENOMEM; /* the C library's own start */
    return EPROTO;
}

static void *thread_body(void *argument) { return argument; }
static char thread_stack[64 * 1024] __attribute__((aligned(4096)));

static int path_thread(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    void *result = NULL;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, thread_stack, sizeof(thread_stack));
    int error = pthread_create(&thread, &attributes, thread_body, thread_stack);
    if (!error) {
        pthread_join(thread, &result);
        if (result != thread_stack)
            return EPROTO;
    }
    return error;
}

static volatile sig_atomic_t caught;
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    caught++;
}

static int path_signals(void)
{
    union sigval value = {.sival_int = 5};
    caught = 0;
    TRY(kill(getpid(), SIGUSR1));
    TRY(raise(SIGUSR1));
    if (caught != 2)
        return EPROTO; /* kill never fails for want of memory */
    TRY(sigqueue(getpid(), SIGRTMIN + 1, value));
    return caught == 3 ? 0 : EPROTO;
}

static int path_timer(void)
{
    struct timespec little = {0, 1000000};
    struct itimerval timer = {{0, 0}, {0, 1000}};
    struct pollfd polls[40];
    for (int i = 0; i < 40; i++)
        polls[i] = (struct pollfd){.fd = fail_fd, .events = POLLIN};
    TRY(poll(polls, 40, 0));
    TRY(nanosleep(&little, NULL));
    TRY(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    memset(&timer, 0, sizeof(timer));
    TRY(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    return 0;
}

/* ---- address spaces ---- */

static int path_map(void)
{
    char *moved;
    TRY(map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    TRY(mprotect(region + 4 * PAGE, 4 * PAGE, PROT_READ));
    TRY(munmap(region + 10 * PAGE, 2 * PAGE));
    moved = mremap(region + 12 * PAGE, 4 * PAGE, 2048 * PAGE, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return errno;
    if (munmap(moved, 2048 * PAGE))
        return munmap(moved, 2048 * PAGE) ? EPROTO : ENOMEM;
    TRY(madvise(region, 2 * PAGE, MADV_DONTFORK));
    TRY(mlock(region, PAGE));
    TRY(munlock(region, PAGE));
    TRY(mincore(region, 10 * PAGE, (unsigned char *)buffer));
    return 0;
}

static int path_brk(void)
{
    char *start = sbrk(0);
    TRY((intptr_t)sbrk(64 * PAGE));
    start[63 * PAGE] = 1;
    if (sbrk(-(intptr_t)(64 * PAGE)) == (void *)-1)
        return errno;
    return sbrk(0) == start ? 0 : ENOMEM; /* the C library does not see a break that stays where it is */
}

static void clean_brk(void)
{
    static char *start;
    if (!start)
        start = sbrk(0);
    if (sbrk(0) != start && brk(start))
        broken("the break does not go back");
}

/* Faults never fail: they are tried again. Each kind once. */
static int path_anonymous(void)
{
    TRY(map(2048 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    if (region[1 * PAGE] | region[1500 * PAGE])
        return EPROTO;
    region[1 * PAGE] = 1;
    region[2 * PAGE] = 2;
    region[1499 * PAGE] = 3;
    return region[1 * PAGE] == 1 && region[2 * PAGE] == 2 && region[1499 * PAGE] == 3 ? 0 : EPROTO;
}

static __attribute__((noinline)) int deep(unsigned depth)
{
    volatile char frame[PAGE];
    frame[0] = (char)depth;
    frame[PAGE - 1] = 1;
    return depth ? deep(depth - 1) + frame[PAGE - 1] : 0;
}

/* In a child: only its own stack can be small again. */
static int path_stack(void)
{
    int n = exec_n;
    disarm();
    pid_t child = fork();
    if (child == 0) {
        open_switch();
        arm(n);
        int depth = deep(40);
        _exit(depth != 40 ? 2 : disarm() ? 1 : 0);
    }
    TRY(child);
    int status = wait_status(child);
    if (status == 1 << 8)
        arm(1000000);
    return status == 0 || status == 1 << 8 ? 0 : EPROTO;
}

static int path_cow(void)
{
    int n = exec_n, sum = 0;
    disarm();
    TRY(map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    memset(region, 5, 4 * PAGE);
    pid_t child = fork();
    if (child == 0) {
        open_switch();
        arm(n);
        region[0] = 6;
        region[PAGE] = 6;
        int rest = disarm();
        for (unsigned i = 0; i < 4 * PAGE; i++)
            sum += region[i];
        _exit(sum != 4 * (int)PAGE * 5 + 2 ? 2 : rest ? 1 : 0);
    }
    TRY(child);
    int status = wait_status(child);
    if (status == 1 << 8)
        arm(1000000);
    return status == 0 || status == 1 << 8 ? 0 : EPROTO;
}

/* ---- files ---- */

static const char *folder; /* of the file system under test */
static char name_a[64], name_b[64], name_dir[64];

static void set_names(const char *under)
{
    folder = under;
    snprintf(name_a, sizeof(name_a), "%s/alpha", under);
    snprintf(name_b, sizeof(name_b), "%s/beta", under);
    snprintf(name_dir, sizeof(name_dir), "%s/directory", under);
}

static void names_on_tmpfs(void) { set_names("/t"); }
static void names_on_ext2(void) { set_names("/mnt"); }

/* Whatever is there begins with the pattern: a failed write may be short, never wrong. */
static void clean_files(void)
{
    clean_common();
    const char *names[] = {name_a, name_b};
    for (int i = 0; i < 2; i++) {
        int fd = open(names[i], O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, buffer, sizeof(buffer));
        if (n < 0 || memcmp(buffer, pattern, (size_t)n) != 0)
            broken("%s does not hold what was written (%zd bytes)", names[i], n);
        if (fd >= 0)
            close(fd);
        if (unlink(names[i]) && errno != ENOENT)
            broken("cannot remove %s in peace: %s", names[i], strerror(errno));
    }
    if (rmdir(name_dir) && errno != ENOENT)
        broken("cannot remove %s in peace: %s", name_dir, strerror(errno));
}

static int path_write(void)
{
    TRY(fds[0] = open(name_a, O_RDWR | O_CREAT, 0644));
    ssize_t written = write(fds[0], pattern, sizeof(pattern));
    TRY(written);
    if (written != (ssize_t)sizeof(pattern))
        return ENOMEM; /* as far as there was memory */
    TRY(fsync(fds[0]));
    TRY(ftruncate(fds[0], 3 * PAGE));
    TRY(fdatasync(fds[0]));
    return 0;
}

static int write_file(void)
{
    int error = path_write();
    clean_common();
    return error;
}

static void prepare_read(void)
{
    if (write_file())
        broken("cannot write in peace");
    drop_caches();
}

static int path_read(void)
{
    struct stat st;
    struct iovec parts[2] = {{buffer, PAGE}, {buffer + PAGE, 2 * PAGE}};
    TRY(stat(name_a, &st));
    TRY(fds[0] = open(name_a, O_RDONLY));
    memset(buffer, 0, sizeof(buffer));
    ssize_t n = readv(fds[0], parts, 2);
    TRY(n);
    if (memcmp(buffer, pattern, (size_t)n) != 0)
        return EPROTO;
    if (n != 3 * PAGE)
        return ENOMEM;
    TRY(posix_fadvise(fds[0], 0, 0, POSIX_FADV_WILLNEED));
    return st.st_size == 3 * PAGE ? 0 : EPROTO;
}

static int path_names(void)
{
    struct stat st;
    char target[16];
    TRY(mkdir(name_dir, 0755));
    TRY(fds[0] = open(name_a, O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY(chmod(name_a, 0600));
    TRY(link(name_a, name_b));
    TRY(rename(name_a, name_b) ? -1 : unlink(name_b));
    TRY(rename(name_a, name_b));
    TRY(stat(name_b, &st));
    TRY(symlink("target", name_a));
    TRY(readlink(name_a, target, sizeof(target)));
    TRY(unlink(name_a));
    TRY(rmdir(name_dir));
    return 0;
}

static void clean_names(void)
{
    clean_common();
    unlink(name_a);
    unlink(name_b);
    rmdir(name_dir);
    if (access(name_a, F_OK) == 0 || access(name_b, F_OK) == 0 || access(name_dir, F_OK) == 0)
        broken("names stay");
}

static int path_readdir(void)
{
    static char entries[2048];
    TRY(fds[0] = open(folder, O_RDONLY | O_DIRECTORY));
    ssize_t n = getdents64(fds[0], entries, sizeof(entries));
    TRY(n);
    return n ? 0 : EPROTO;
}

/* A file is made in a directory while it is removed: one of the two is too late. */
static int path_removed(void)
{
    int status;
    char name[80];
    snprintf(name, sizeof(name), "%s/inside", name_dir);
    pid_t child = fork();
    if (child == 0)
        _exit(open(name, O_RDWR | O_CREAT, 0644) >= 0 ? 0 : errno);
    TRY(child);
    sched_yield();
    int error = rmdir(name_dir) ? errno : 0;
    status = wait_status(child);
    if (!error)
        return status == ENOENT << 8 ? 0 : EPROTO;
    return status != 0 ? EPROTO : error == ENOTEMPTY ? 0 : error;
}

static void prepare_removed(void)
{
    if (mkdir(name_dir, 0755))
        broken("cannot make a directory in peace: %s", strerror(errno));
    drop_caches();
}

static void clean_removed(void)
{
    char name[80];
    snprintf(name, sizeof(name), "%s/inside", name_dir);
    if (unlink(name) && errno != ENOENT)
        broken("cannot remove %s in peace: %s", name, strerror(errno));
    if (rmdir(name_dir) && errno != ENOENT)
        broken("cannot remove %s in peace: %s", name_dir, strerror(errno));
}

static int path_mapped_read(void)
{
    TRY(fds[0] = open(name_a, O_RDWR));
    TRY(map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[0]));
    if (memcmp(region, pattern, 3 * PAGE) != 0)
        return EPROTO;
    region[PAGE] ^= 1;
    return region[PAGE] == (pattern[PAGE] ^ 1) && region[0] == pattern[0] ? 0 : EPROTO;
}

static int path_mapped_write(void)
{
    TRY(fds[0] = open(name_a, O_RDWR | O_CREAT, 0644));
    TRY(ftruncate(fds[0], 20 * PAGE)); /* holes: a write fault allocates blocks */
    TRY(ftruncate(fds[0], 3 * PAGE));
    TRY(map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0]));
    memcpy(region, pattern, 3 * PAGE);
    TRY(msync(region, 3 * PAGE, MS_SYNC));
    TRY(remap_file_pages(region, PAGE, 0, 2, 0));
    return memcmp(region, pattern + 2 * PAGE, PAGE) == 0 ? 0 : EPROTO;
}

/* Where the mapping failed the file has holes. */
static void clean_mapped(void)
{
    clean_common();
    unlink(name_a);
}

static int path_pipe(void)
{
    TRY(pipe(fds));
    ssize_t n = write(fds[1], pattern, 3 * PAGE);
    TRY(n);
    memset(buffer, 0, 3 * PAGE);
    if (read(fds[0], buffer, 3 * PAGE) != n || memcmp(buffer, pattern, (size_t)n) != 0)
        return EPROTO;
    return n == 3 * PAGE ? 0 : ENOMEM;
}

static int path_descriptors(void)
{
    TRY(fds[0] = dup(fail_fd));
    TRY(fds[1] = dup2(fds[0], 300));
    TRY(fds[2] = fcntl(fds[1], F_DUPFD_CLOEXEC, 700));
    return 0;
}

/* The table of descriptors never shrinks: in a child. */
static int path_descriptors_of_child(void)
{
    int n = exec_n;
    disarm();
    pid_t child = fork();
    if (child == 0) {
        open_switch();
        arm(n);
        int error = path_descriptors(), rest = disarm();
        _exit(error && error != ENOMEM ? 2 : rest ? 1 : error == ENOMEM ? 3 : 0);
    }
    TRY(child);
    int status = wait_status(child);
    if (status == 1 << 8)
        arm(1000000);
    return status == 3 << 8 ? ENOMEM : status == 0 || status == 1 << 8 ? 0 : EPROTO;
}

static int path_memory_file(void)
{
    TRY(fds[0] = memfd_create("memory", 0));
    ssize_t n = write(fds[0], pattern, 2 * PAGE);
    TRY(n);
    TRY(lseek(fds[0], 0, SEEK_SET));
    TRY(fds[1] = memfd_create("other", 0));
    n = sendfile(fds[1], fds[0], NULL, PAGE);
    TRY(n);
    TRY(map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
    region[0] = region[PAGE] = 1;
    return 0;
}

static int read_all(const char *path)
{
    ssize_t n;
    int fd = open(path, O_RDONLY);
    TRY(fd);
    fds[0] = fd;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        ;
    TRY(n);
    close(fd);
    fds[0] = 0;
    return 0;
}

static int path_proc(void)
{
    static const char *const names[] = {"/proc/self/maps",    "/proc/self/smaps",        "/proc/self/status",
                                        "/proc/self/cmdline", "/proc/meminfo",           "/proc/slabinfo",
                                        "/proc/vmstat",       "/proc/sys/vm/swappiness", "/proc/self/task/../environ",
                                        "/proc/mounts",       "/proc/partitions"};
    char target[64], directory[64];
    int error = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]) && !error; i++)
        error = read_all(names[i]);
    if (error)
        return error;
    TRY(readlink("/proc/self/exe", target, sizeof(target)));
    if (!getcwd(directory, sizeof(directory)))
        return errno;
    TRY(chdir("/proc/self"));
    TRY(chdir("/"));
    return 0;
}

static void clean_directory(void)
{
    clean_common();
    if (chdir("/"))
        broken("chdir in peace");
}

/* ---- shared memory, swap, mounts, devices ---- */

static int shm_id = -1;
static char *shm_at = (char *)-1;

static int path_shm(void)
{
    TRY(shm_id = shmget(IPC_PRIVATE, 4 * PAGE, 0600 | IPC_CREAT));
    TRY((intptr_t)(shm_at = shmat(shm_id, NULL, 0)));
    shm_at[0] = shm_at[3 * PAGE] = 1;
    return 0;
}

static void clean_shm(void)
{
    if (shm_at != (char *)-1 && shmdt(shm_at))
        broken("shmdt in peace: %s", strerror(errno));
    shm_at = (char *)-1;
    if (shm_id >= 0 && shmctl(shm_id, IPC_RMID, NULL))
        broken("shmctl in peace: %s", strerror(errno));
    shm_id = -1;
}

static int path_swapon(void)
{
    TRY(swapon("/dev/vdb", 0));
    TRY(swapoff("/dev/vdb"));
    return 0;
}

static void clean_swapon(void)
{
    if (swapoff("/dev/vdb") && errno != EINVAL)
        broken("swapoff in peace: %s", strerror(errno));
}

static int path_mount_ext2(void)
{
    struct statfs numbers;
    TRY(mount("/dev/vda", "/mnt", "ext2", 0, NULL));
    TRY(statfs("/mnt", &numbers));
    TRY(umount("/mnt"));
    return 0;
}

static int path_mount_tmpfs(void)
{
    TRY(mount("none", "/mnt", "tmpfs", 0, NULL));
    TRY(fds[0] = open("/mnt/file", O_RDWR | O_CREAT, 0644));
    TRY(write(fds[0], "x", 1));
    TRY(close(fds[0]));
    fds[0] = 0;
    TRY(umount("/mnt"));
    return 0;
}

static void clean_mount(void)
{
    clean_common();
    if (umount("/mnt") && errno != EINVAL)
        broken("umount in peace: %s", strerror(errno));
}

static int path_device(void)
{
    TRY(fds[0] = open("/dev/vdb", O_RDONLY));
    ssize_t n = read(fds[0], buffer, 2 * PAGE);
    TRY(n);
    return n == 2 * PAGE ? 0 : ENOMEM;
}

/* ---- coming back from swap ---- */

#define SWAPPED_PAGES 64u
static bool swap_is_on;
static uint64_t words[SWAPPED_PAGES]; /* of the region's pagemap */

/* The first page of the region that is in swap; -1: none. */
static int swapped_page(void)
{
    int found = -1, fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0 || pread(fd, words, sizeof(words), (off_t)((uintptr_t)region / PAGE * 8)) != sizeof(words))
        broken("cannot read the pagemap");
    for (unsigned i = 0; i < SWAPPED_PAGES && found < 0; i++)
        if (words[i] >> 62 & 1)
            found = (int)i;
    close(fd);
    return found;
}

/* A child uses as much memory as there is. */
static void press(void)
{
    read_text("/proc/meminfo");
    size_t bytes = (size_t)sum_of("MemTotal") * 1024;
    pid_t child = fork();
    if (child == 0) {
        char *all = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (size_t at = 0; all != MAP_FAILED && at < bytes; at += PAGE)
            all[at] = 1;
        _exit(all == MAP_FAILED);
    }
    int status = wait_status(child);
    if (status)
        broken("the child that uses all memory ends with %x", status);
}

static void prepare_swap_in(void)
{
    if (!swap_is_on) {
        if (swapon("/dev/vdb", 0) || map(SWAPPED_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1))
            broken("no swap: %s", strerror(errno));
        for (unsigned i = 0; i < SWAPPED_PAGES; i++)
            region[i * PAGE] = (char)(i + 1);
        swap_is_on = true;
    }
    for (int tries = 0; swapped_page() < 0; tries++) {
        if (tries == 10)
            broken("nothing of the region goes to swap");
        press();
    }
}

static long major_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_majflt;
}

/* Those of the swapped pages that are still in the swap cache need no memory: up to the first that is read. */
static int path_swap_in(void)
{
    long before = major_faults();
    for (int i = 0; i < (int)SWAPPED_PAGES && major_faults() == before && left(); i++)
        if (words[i] >> 62 & 1 && region[i * (int)PAGE] != i + 1)
            return EPROTO;
    return 0;
}

static void clean_nothing(void) {}

static void after_swap_in(void)
{
    if (swapoff("/dev/vdb"))
        broken("swapoff in peace: %s", strerror(errno));
    for (unsigned i = 0; i < SWAPPED_PAGES; i++)
        if (region[i * PAGE] != (char)(i + 1))
            broken("page %u does not come back", i);
    swap_is_on = false;
    clean_common();
}

/* ---- the loop ---- */

struct path {
    const char *name;
    void (*before)(void); /* once */
    void (*prepare)(void);
    int (*run)(void);
    void (*clean)(void);
    int also;            /* an error that Linux gives where memory is short */
    void (*after)(void); /* once */
};

static const struct path paths[] = {
    {"fork", NULL, NULL, path_fork, clean_common, 0, NULL},
    {"vfork", NULL, NULL, path_vfork, clean_common, 0, NULL},
    {"exec", NULL, NULL, path_exec, clean_common, 0, NULL},
    {"thread", NULL, NULL, path_thread, clean_common, EAGAIN, NULL},
    {"signals", NULL, NULL, path_signals, clean_common, EAGAIN, NULL},
    {"timer", NULL, NULL, path_timer, clean_common, 0, NULL},
    {"map", NULL, NULL, path_map, clean_common, EAGAIN, NULL},
    {"brk", NULL, NULL, path_brk, clean_brk, 0, NULL},
    {"anonymous faults", NULL, NULL, path_anonymous, clean_common, 0, NULL},
    {"stack", NULL, NULL, path_stack, clean_common, 0, NULL},
    {"copy on write", NULL, NULL, path_cow, clean_common, 0, NULL},
    {"pipe", NULL, NULL, path_pipe, clean_common, 0, NULL},
    {"descriptors", NULL, NULL, path_descriptors_of_child, clean_common, 0, NULL},
    {"memory file", NULL, NULL, path_memory_file, clean_common, 0, NULL},
    {"proc", NULL, NULL, path_proc, clean_directory, 0, NULL},
    {"shm", NULL, NULL, path_shm, clean_shm, 0, NULL},
    {"device", NULL, drop_caches, path_device, clean_common, 0, NULL},
    {"swapon", NULL, NULL, path_swapon, clean_swapon, 0, NULL},
    {"mount tmpfs", NULL, NULL, path_mount_tmpfs, clean_mount, 0, NULL},
    {"mount ext2", NULL, NULL, path_mount_ext2, clean_mount, 0, NULL},
    {"tmpfs write", names_on_tmpfs, NULL, path_write, clean_files, 0, NULL},
    {"tmpfs names", names_on_tmpfs, NULL, path_names, clean_names, 0, NULL},
    {"tmpfs mapped", names_on_tmpfs, NULL, path_mapped_write, clean_mapped, 0, NULL},
    {"ext2 write", names_on_ext2, NULL, path_write, clean_files, 0, NULL},
    {"ext2 read", names_on_ext2, prepare_read, path_read, clean_files, 0, NULL},
    {"ext2 names", names_on_ext2, drop_caches, path_names, clean_names, 0, NULL},
    {"ext2 readdir", names_on_ext2, drop_caches, path_readdir, clean_common, 0, NULL},
    {"ext2 removed directory", names_on_ext2, prepare_removed, path_removed, clean_removed, 0, NULL},
    {"ext2 mapped read", names_on_ext2, prepare_read, path_mapped_read, clean_files, 0, NULL},
    {"ext2 mapped write", names_on_ext2, NULL, path_mapped_write, clean_mapped, 0, NULL},
    {"swap in", NULL, prepare_swap_in, path_swap_in, clean_nothing, 0, after_swap_in},
};

static void mount_for(const struct path *path)
{
    static bool done;
    if (done || path->before != names_on_ext2)
        return;
    if (mount("/dev/vda", "/mnt", "ext2", 0, NULL))
        broken("cannot mount /dev/vda: %s", strerror(errno));
    done = true;
}

/* One run whose n-th allocation fails: its error; *reached false: it had fewer. */
static int run_once(const struct path *path, int n, bool *reached)
{
    if (path->prepare)
        path->prepare();
    exec_n = n;
    arm(n);
    int error = path->run();
    *reached = disarm() == 0 && n > 0;
    path->clean();
    return error;
}

static void torture(const struct path *path)
{
    static struct census before;
    bool reached;
    int n, errors = 0;
    where = path->name;
    mount_for(path);
    if (path->before)
        path->before();
    for (int i = 0; i < 2; i++) {
        int error = run_once(path, 0, &reached);
        if (error)
            broken("fails in peace: %s", strerror(error));
    }
    if (path->after)
        path->after();
    at_rest(&before);
    for (n = 1; n < MOST_ALLOCATIONS; n++) {
        int error = run_once(path, n, &reached);
        if (!reached && !error)
            break;
        if (!reached || (error && error != ENOMEM && error != path->also))
            broken("without allocation %d: %s", n, strerror(error));
        errors += error != 0;
    }
    if (path->after)
        path->after();
    compare_with(&before);
    if (verbose)
        printf("%s: %d allocations, %d errors\n", path->name, n - 1, errors);
    else
        printf("%s: unharmed\n", path->name);
    fflush(stdout);
}

static bool wanted(const char *name, char **names)
{
    if (!names[0])
        return true;
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    if (argc > 1 && strcmp(argv[1], "--exec") == 0)
        return execed();
    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    memset(buffer, 1, sizeof(buffer)); /* what it touches later is no leak of the kernel */
    memset(text, 1, sizeof(text));
    setvbuf(stdout, malloc(BUFSIZ), _IOFBF, BUFSIZ);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN + 1, &action, NULL);
    for (unsigned i = 0; i < sizeof(pattern); i++)
        pattern[i] = (char)(i * 7 + i / 251 + 1);
    swapoff("/dev/vdb");
    mkdir("/mnt", 0755);
    mkdir("/t", 0755);
    if (mount("none", "/t", "tmpfs", 0, NULL))
        broken("cannot mount a tmpfs: %s", strerror(errno));
    open_switch();
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (wanted(paths[i].name, argv + 1 + verbose))
            torture(&paths[i]);
    umount("/mnt");
    return 0;
}
