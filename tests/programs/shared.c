/* Shared memory: between parent and children, through files, memfd and /dev/zero; both ways, and across exec'd sizes.
 */
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)

static void child_writes(volatile unsigned char *memory, size_t size)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (size_t i = 0; i < size; i += 512)
            memory[i] = (unsigned char)(memory[i] + 1 + i / 512);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void both_ways(const char *what, unsigned char *memory, size_t size)
{
    if (memory == MAP_FAILED) {
        printf("%s: error %d\n", what, errno);
        return;
    }
    memory[512] = 50;
    child_writes(memory, size);
    child_writes(memory, size);
    printf("%s: %08x, %d\n", what, checksum(memory, size), memory[512]);
}

int main(void)
{
    size_t size = 40 * PAGE;
    both_ways("anonymous shared", mmap(NULL, size, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), size);
    both_ways("anonymous private", mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size);
    int fd = open("/tmp/shared.test", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(fd, (off_t)size);
    unsigned char *a = mmap(NULL, size, RW, MAP_SHARED, fd, 0), *b = mmap(NULL, size, RW, MAP_SHARED, fd, 0);
    both_ways("file shared", a, size);
    printf("second mapping: %08x\n", checksum(b, size));
    both_ways("file private", mmap(NULL, size, RW, MAP_PRIVATE, fd, 0), size);
    printf("the file: %08x\n", checksum(a, size));
    unsigned char *middle = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 7 * PAGE);
    middle[5] = 200;
    printf("by offset: %d\n", a[7 * PAGE + 5]);
    unlink("/tmp/shared.test");

    int mfd = memfd_create("name", MFD_CLOEXEC);
    show_ok("memfd", mfd);
    show("write", write(mfd, "hello", 5));
    show("truncate", ftruncate(mfd, (off_t)size));
    both_ways("memfd", mmap(NULL, size, RW, MAP_SHARED, mfd, 0), size);
    char first[6] = {0};
    pread(mfd, first, 5, 0);
    printf("read back: %c%s\n", first[0] - 2, first + 1);
    int zero = open("/dev/zero", O_RDWR);
    both_ways("zero shared", mmap(NULL, size, RW, MAP_SHARED, zero, 0), size);
    both_ways("zero private", mmap(NULL, size, RW, MAP_PRIVATE, zero, 0), size);

    unsigned char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    p[3 * PAGE] = 9;
    unsigned char *grown = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    show_bool("remapped shared", grown != MAP_FAILED && grown[3 * PAGE] == 9);
    show("madvise dontneed of shared", madvise(grown, 4 * PAGE, MADV_DONTNEED));
    printf("it keeps its contents: %d\n", grown[3 * PAGE]);
    mprotect(grown, PAGE, PROT_READ);
    child_writes(grown + PAGE, PAGE);
    printf("after mprotect: %d\n", grown[PAGE]);
    return 0;
}
