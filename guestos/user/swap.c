/* init's swap: on every disk that mkswap has prepared. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

void enable_swap(void)
{
    char path[] = "/dev/vda", signature[10];
    for (; path[7] <= 'z'; path[7]++) {
        int fd = open(path, O_RDONLY);
        if (fd < 0)
            continue;
        ssize_t got = pread(fd, signature, 10, 4086);
        close(fd);
        if (got == 10 && memcmp(signature, "SWAPSPACE2", 10) == 0 && swapon(path, 0) < 0)
            fprintf(stderr, "init: cannot swap on %s: %s\n", path, strerror(errno));
    }
}
