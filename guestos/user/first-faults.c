/* The demo: one page fault of each kind, in order, each by one plain line of C. Runs on the host as well. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int step, const char *what, const char *how) { printf("%d. %-30s %s\n", step, what, how); }

static void fail(const char *what)
{
    printf("first-faults: %s\n", what);
    exit(1);
}

static volatile int *fresh_page(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        fail("no memory for a mapping");
    return page;
}

static void copy_on_write(volatile int *p)
{
    int pipe_fd[2];
    char c;
    if (pipe(pipe_fd) < 0)
        fail("no pipe");
    pid_t child = fork();
    if (child == 0) {
        close(pipe_fd[1]);
        if (read(pipe_fd[0], &c, 1) < 0) /* until the parent has written and closed */
            _exit(2);
        *p += 1; /* the last owner: no copy */
        _exit(*p == 43 ? 0 : 1);
    }
    *p = 7; /* shared with the child: this write copies */
    say(3, "fork, then parent writes", "copy on write");
    fflush(stdout);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    int status = -1;
    waitpid(child, &status, 0);
    say(4, "child writes its own page", status == 0 && *p == 7 ? "reused, it was the last owner" : "NOT ISOLATED");
}

static int __attribute__((noinline)) grow_stack(void)
{
    volatile char local[256 * 1024]; /* far below what the stack has used so far */
    local[0] = 1;
    return local[0];
}

static void brk_memory(void)
{
    char *end = sbrk(8192);
    if (end == (void *)-1)
        fail("brk refused");
    end[4096] = 1;
    say(6, "write behind the old brk", "the heap grew, one frame");
}

static void file_mapping(void)
{
    int fd = open("/proc/self/exe", O_RDONLY);
    volatile const char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd < 0 || map == MAP_FAILED)
        fail("cannot map its own file");
    say(7, "read of a mapped file", map[1] == 'E' && map[2] == 'L' ? "a page of the page cache" : "WRONG BYTES");
}

static void on_fault(int signal, siginfo_t *info, __attribute__((unused)) void *context)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "%d. %-30s signal %d, si_addr %p\n", 8, "write to unmapped memory", signal,
                     info->si_addr);
    _exit(write(1, text, (size_t)n) == n ? 0 : 1);
}

int main(void)
{
    volatile int *p = fresh_page();
    say(1, "read of untouched memory", *p == 0 ? "zero page, one fault" : "NOT ZERO");
    *p = 42;
    say(2, "first write", "a frame of zeroes");
    copy_on_write(p);
    say(5, "256 KiB deeper into the stack", grow_stack() ? "the stack grew" : "");
    brk_memory();
    file_mapping();
    fflush(stdout);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    *(volatile int *)0x10 = 1;
    return 1;
}
