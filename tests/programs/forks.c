/* fork: memory is copied on write in both directions, over several generations; shared memory is not. */
#include "show.h"
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096
#define PAGES 200

static int global = 1;

static int wait_status(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static uint32_t sum_of(const unsigned char *p) { return checksum(p, PAGES * PAGE); }

static void generations(unsigned char *memory, int depth)
{
    memory[depth * PAGE] = (unsigned char)(100 + depth);
    if (depth == 5) {
        fflush(stdout);
        return;
    }
    uint32_t before = sum_of(memory);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        generations(memory, depth + 1);
        printf("generation %d sees %08x\n", depth + 1, sum_of(memory));
        fflush(stdout);
        _exit(depth + 1);
    }
    int status = wait_status(pid);
    printf("generation %d: child ended with %d, own memory %s\n", depth, status,
           sum_of(memory) == before ? "unchanged" : "CHANGED");
}

int main(void)
{
    unsigned char *private = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < PAGES; i += 2) /* every other page stays untouched: the zero page */
        memset(private + i * PAGE, i, PAGE);
    generations(private, 0);

    int local = 10;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        global = 2;
        local = 20;
        shared[0] = 30;
        private[PAGE] = 40; /* a zero page of the parent's */
        _exit(global + local);
    }
    printf("child: %d\n", wait_status(pid));
    printf("global %d, local %d, shared %d, private %d\n", global, local, shared[0], private[PAGE]);

    for (int i = 0; i < 20; i++) {
        pid = fork();
        if (pid == 0) {
            for (int k = 0; k < PAGES; k++)
            private[k * PAGE + 1] ^= (unsigned char)i;
            __sync_fetch_and_add(&shared[1], (int)(sum_of(private) & 0xff));
            _exit(0);
        }
        if (i % 4 == 3)
            while (wait(NULL) > 0)
                ;
    }
    while (wait(NULL) > 0)
        ;
    printf("twenty children added %d\n", shared[1]);
    show_bool("pid differs from the parent's", getpid() != getppid());
    return 0;
}
