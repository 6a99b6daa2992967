/* Demo: writes a file page by page and reads it back: windows [PAGES]. Runs on the host, too. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

static char page[PAGE] __attribute__((aligned(PAGE)));

int main(int argc, char **argv)
{
    int pages = argc > 1 ? atoi(argv[1]) : 1200, wrong = 0;
    int fd = open("/tmp", O_RDWR | O_TMPFILE, 0600);
    if (fd < 0)
        fd = open("/tmp/windows", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return 1;
    for (int i = 0; i < pages; i++) {
        memset(page, i, PAGE);
        if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
            return 1;
    }
    printf("%d pages written\n", pages);
    for (int i = 0; i < pages; i++)
        wrong += pread(fd, page, PAGE, (off_t)i * PAGE) != PAGE || page[0] != (char)i || page[PAGE - 1] != (char)i;
    printf("read back: %d pages are wrong\n", wrong);
    unlink("/tmp/windows");
    return wrong != 0;
}
