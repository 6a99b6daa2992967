/* Mapped files and their ends: SIGBUS behind the end, zeroes in the last page, truncation under a mapping, coherence.
 */
#include "show.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGE 4096
#define FILE_NAME "/tmp/sigbus.test"

static sigjmp_buf back;
static volatile int number, code;
static char *volatile address;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    number = signal;
    code = info->si_code;
    address = info->si_addr;
    siglongjmp(back, 1);
}

static void touch(const char *what, char *base, long offset, bool writing)
{
    number = 0;
    volatile char *p = base + offset;
    volatile char value = 0;
    if (!sigsetjmp(back, 1)) {
        if (writing)
            *p = 'w';
        else
            value = *p;
    }
    if (number)
        printf("%s: signal %d code %d offset %ld\n", what, number, code, (long)(address - base));
    else
        printf("%s: %d\n", what, writing ? 'w' : value);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 2500; i++)
        write(fd, "abcd", 4);
    char *shared = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    touch("last byte", shared, 9999, false);
    touch("rest of the last page", shared, 10000, false);
    touch("first page behind the end", shared, 3 * PAGE, false);
    touch("write behind the end", shared, 4 * PAGE + 123, true);
    touch("private, behind the end", private, 3 * PAGE + 1, true);

    touch("shared write", shared, 5000, true);
    char c = 0;
    pread(fd, &c, 1, 5000);
    printf("read sees %c\n", c);
    pwrite(fd, "P", 1, 5001);
    touch("shared sees the write", shared, 5001, false);
    touch("private sees it too", private, 5001, false);
    touch("private write", private, 5002, true);
    pread(fd, &c, 1, 5002);
    printf("the file keeps %c\n", c);
    pwrite(fd, "Q", 1, 5003);
    touch("private is its own now", private, 5003, false);

    show("truncate", ftruncate(fd, 4096));
    touch("shared, cut off", shared, 5000, false);
    touch("private copy, cut off", private, 5002, false);
    touch("still there", shared, 4095, false);
    show("extend", ftruncate(fd, 3 * PAGE));
    touch("extended part is zero", shared, 5000, false);
    touch("extended part can be written", shared, 2 * PAGE + 7, true);
    show("truncate inside a page", ftruncate(fd, 100));
    show("extend again", ftruncate(fd, 200));
    touch("cut bytes are zero", shared, 150, false);

    int read_only = open(FILE_NAME, O_RDONLY);
    show("shared writable of a read-only file",
         mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED ? -1 : 0);
    show("private writable of it",
         mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0) == MAP_FAILED ? -1 : 0);
    char *ro = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
    show("made writable later", mprotect(ro, PAGE, PROT_READ | PROT_WRITE));
    int write_only = open(FILE_NAME, O_WRONLY);
    show("mapping of a write-only file",
         mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, write_only, 0) == MAP_FAILED ? -1 : 0);
    close(fd);
    show("unlink", unlink(FILE_NAME));
    touch("the mapping keeps the file", shared, 99, false);
    return 0;
}
