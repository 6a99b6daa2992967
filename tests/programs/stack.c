/* The stack: it grows by use, by big frames and by deep recursion, and ends at its limit. */
#include "show.h"
#include <alloca.h>
#include <sys/resource.h>
#include <sys/wait.h>

static uint32_t __attribute__((noinline)) deep(int n, uint32_t sum)
{
    volatile uint32_t local[64];
    for (int i = 0; i < 64; i++)
        local[i] = sum + (uint32_t)(n * i);
    if (n == 0)
        return local[63];
    uint32_t result = deep(n - 1, local[17] ^ local[5]);
    return result * 31 + local[n & 63];
}

static uint32_t __attribute__((noinline)) big(size_t size)
{
    volatile char *room = alloca(size);
    room[0] = 5; /* the far end first: one step of the whole size */
    room[size - 1] = 7;
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 4096)
        sum = sum * 3 + (uint8_t)room[i];
    return sum;
}

static int status_of(size_t size)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)big(size) & 1);
    int status;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    printf("limit %lu\n", (unsigned long)limit.rlim_cur);
    printf("recursion: %08x\n", deep(1000, 1));
    printf("deeper: %08x\n", deep(20000, 2));
    printf("1 MiB: %u\n", big(1 << 20) & 0xff);
    printf("7 MiB: %u\n", big(7 << 20) & 0xff);
    printf("8.5 MiB: %d\n", status_of((8 << 20) + (512 << 10)));
    limit.rlim_cur = 1 << 20;
    show("smaller limit", setrlimit(RLIMIT_STACK, &limit));
    printf("2 MiB under it in a child that grew less: %d\n", status_of(900 << 10) >= 0);
    limit.rlim_cur = 16 << 20;
    show("larger limit", setrlimit(RLIMIT_STACK, &limit));
    printf("above the frame's first use: %08x\n", deep(10, 3));
    return 0;
}
