/* remap_file_pages: pages of a shared mapping in another order; what is seen, written, forked, cut off, refused. */
#define _GNU_SOURCE
#include "show.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u
#define PAGES 8u

static sigjmp_buf escape;
static void on_signal(int signal) {
    printf("signal %d\n", signal);
    siglongjmp(escape, 1);
}

static char *area;

static void order(const char *what) {
    printf("%-14s", what);
    for (unsigned i = 0; i < PAGES; i++) {
        if (sigsetjmp(escape, 1) == 0)
            putchar(area[i * PAGE]);
    }
    putchar('\n');
}

static long move(unsigned place, unsigned count, unsigned page) {
    return remap_file_pages(area + place * PAGE, count * PAGE, 0, page, 0);
}

int main(void) {
    char name[] = "/tmp/nonlinearXXXXXX", letter;
    int fd = mkstemp(name), status;
    for (unsigned i = 0; i < PAGES; i++) {
        char page[PAGE];
        memset(page, 'a' + (int)i, sizeof(page));
        show_bool("page written", write(fd, page, sizeof(page)) == (ssize_t)sizeof(page));
    }
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    order("linear");
    show("first to last", move(7, 1, 0));
    show("last to first", move(0, 1, 7));
    show("three", move(2, 3, 0));
    order("mixed");
    area[7 * PAGE] = 'A';
    order("written");
    show("pread", pread(fd, &letter, 1, 0));
    printf("file has %c\n", letter);
    show("again", move(2, 3, 2));
    order("back in part");
    fflush(stdout);
    if (fork() == 0) {
        order("child");
        area[0] = 'H';
        _exit(fflush(stdout));
    }
    wait(&status);
    order("parent");
    show("in the way", madvise(area, PAGES * PAGE, MADV_DONTNEED));
    order("after dontneed");
    signal(SIGBUS, on_signal);
    show("truncate", ftruncate(fd, 4 * PAGE));
    order("cut");
    show("extend", ftruncate(fd, PAGES * PAGE));
    show("private", remap_file_pages(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), PAGE, 0, 1, 0));
    show("rights", remap_file_pages(area, PAGE, PROT_READ, 1, 0));
    show("nothing", remap_file_pages(area, 0, 0, 1, 0));
    show("unmapped", remap_file_pages((void *)0x1000, PAGE, 0, 1, 0));
    unlink(name);
    return 0;
}
