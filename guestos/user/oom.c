/*
 * Demo: a small program waits while its child takes memory without end. On the host it refuses, for it would take all
 * of that: it wants a machine without swap and with less than 256 MiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK (1ul << 20)

int main(void)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0 || (unsigned long long)info.totalram * info.mem_unit >= 256ull << 20) {
        puts("this machine is too large for the demonstration");
        return 1;
    }
    char *ours = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < CHUNK; i += 4096)
        ours[i] = 7;
    puts("the parent keeps one MiB");
    pid_t hog = fork();
    if (hog == 0)
        for (;;) {
            char *more = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            for (size_t i = 0; more != MAP_FAILED && i < CHUNK; i += 4096)
                more[i] = 1;
        }
    int status = 0, kept = 0;
    waitpid(hog, &status, 0);
    for (size_t i = 0; i < CHUNK; i += 4096)
        kept += ours[i] == 7;
    printf("the child was ended by signal %d; the parent still has %d of its 256 pages\n", WTERMSIG(status), kept);
    return kept != 256;
}
