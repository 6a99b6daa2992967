/* Demo: reads a file from end to end so many times: read-file FILE [TIMES]. Runs on the host. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static unsigned block[16384];
    int times = argc > 2 ? atoi(argv[2]) : 1;
    for (int i = 0; i < times; i++) {
        int fd = open(argc > 1 ? argv[1] : "/data", O_RDONLY);
        unsigned long long sum = 0, bytes = 0;
        ssize_t n;
        while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
            bytes += (unsigned long long)n;
            for (ssize_t k = 0; k < n / 4; k += 1024)
                sum += block[k];
        }
        close(fd);
        printf("read %llu KiB, the sum of the page numbers is %llu\n", bytes >> 10, sum);
    }
    return 0;
}
