/* Signals: exact addresses and codes of faults, nesting, masks, the alternate stack, restarted calls. */
#include "show.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#define PAGE 4096

static sigjmp_buf back;
static volatile siginfo_t seen;
static volatile int depth, deepest, usr1;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    memcpy((void *)&seen, info, sizeof(seen));
    siglongjmp(back, 1);
}

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void report(const char *what, const char *base)
{
    printf("%s: signal %d code %d offset %ld\n", what, seen.si_signo, seen.si_code,
           (long)((char *)seen.si_addr - base));
}

static void faults(void)
{
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p + PAGE, PAGE);
    mprotect(p + 2 * PAGE, PAGE, PROT_READ);
    if (!sigsetjmp(back, 1))
        *(volatile char *)(p + PAGE + 77) = 1;
    report("write to a hole", p);
    if (!sigsetjmp(back, 1))
        (void)*(volatile char *)(p + PAGE + 4095);
    report("read of a hole", p);
    if (!sigsetjmp(back, 1))
        *(volatile int *)(p + 2 * PAGE + 100) = 1;
    report("write to a read-only page", p);
    if (!sigsetjmp(back, 1))
        *(volatile int *)(p + PAGE - 2) = 1;
    report("a write across the end", p);
    mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
    if (!sigsetjmp(back, 1))
        (void)*(volatile char *)(p + 2 * PAGE + 9);
    report("read of a closed page", p);
    if (!sigsetjmp(back, 1))
        *(volatile int *)8 = 1;
    report("write near null", NULL);
    if (!sigsetjmp(back, 1))
        (void)*(volatile int *)0xfffffff0;
    report("read of kernel memory", NULL);
    volatile int zero = 0;
    if (!sigsetjmp(back, 1))
        zero = 5 / zero;
    printf("division: signal %d code %d\n", seen.si_signo, seen.si_code);
    if (!sigsetjmp(back, 1))
        __asm__ volatile("ud2");
    printf("bad instruction: signal %d code %d\n", seen.si_signo, seen.si_code);
    if (!sigsetjmp(back, 1))
        __asm__ volatile("hlt");
    printf("privileged instruction: signal %d code %d\n", seen.si_signo, seen.si_code);
}

static void on_nested(int number, siginfo_t *info, void *context)
{
    (void)context, (void)info;
    if (++depth > deepest)
        deepest = depth;
    if (deepest < 4)
        raise(number == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    depth--;
}

static void on_usr1(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    usr1 += info->si_pid == getpid() ? 1 : 100;
}

static void masks(void)
{
    sigset_t set, old;
    install(SIGUSR1, on_nested, SA_NODEFER);
    install(SIGUSR2, on_nested, SA_NODEFER);
    raise(SIGUSR1);
    printf("nested %d deep\n", deepest);
    install(SIGUSR1, on_usr1, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigpending(&set);
    printf("blocked: %d handled, pending %d\n", usr1, sigismember(&set, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("unblocked: %d handled\n", usr1);
    show("sigaction of SIGKILL", sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
    show("kill with signal 65", kill(getpid(), 65));
    show("kill of nobody", kill(999999, 0));
}

static int overflow(int n)
{
    volatile char room[10000];
    room[0] = (char)n;
    return n > 1000000 ? room[0] : overflow(n + 1) + room[0];
}

static void alternate(void)
{
    static char stack[32768];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
    show("sigaltstack", sigaltstack(&ss, NULL));
    install(SIGSEGV, on_fault, SA_ONSTACK);
    if (!sigsetjmp(back, 1))
        overflow(0);
    printf("stack overflow: signal %d\n", seen.si_signo);
    sigaltstack(NULL, &ss);
    show("alternate stack flags afterwards", ss.ss_flags);
}

static void restart(void)
{
    int fds[2];
    char c = 0;
    for (int flags = 0; flags < 2; flags++) {
        pipe(fds);
        usr1 = 0;
        install(SIGUSR1, on_usr1, flags ? SA_RESTART : 0);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            usleep(100000);
            kill(getppid(), SIGUSR1);
            usleep(100000);
            write(fds[1], "x", 1);
            _exit(0);
        }
        show(flags ? "read, restarted" : "read, interrupted", read(fds[0], &c, 1));
        waitpid(pid, NULL, 0);
        close(fds[0]);
        close(fds[1]);
    }
}

int main(void)
{
    int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (int i = 0; i < 4; i++)
        install(numbers[i], on_fault, 0);
    faults();
    masks();
    alternate();
    restart();
    return 0;
}
