/* Floating point and SSE registers survive switches between processes, signals and system calls. */
#include "show.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static volatile int ticks;
static volatile double spoiled;

static void on_tick(int number)
{
    double x = number;
    for (int i = 0; i < 50; i++)
        x = x * 1.0001 + 1.0 / (i + 1);
    spoiled = x;
    uint32_t junk[4] = {0xdeadbeef, 1, 2, 3};
    __asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm5; movups %0, %%xmm7" : : "m"(junk) : "xmm0", "xmm5", "xmm7");
    ticks++;
}

static double series(int seed)
{
    double sum = 0;
    for (int i = 1; i < 3000000; i++)
        sum += (double)seed / i;
    return sum;
}

static int sse(uint32_t seed)
{
    uint32_t in[4] = {seed, seed * 3, seed * 5, seed * 7}, out[4];
    for (int i = 0; i < 200000; i++) {
        __asm__ volatile("movups %1, %%xmm6\n\tmov $20, %%eax\n\tint $0x80\n\tmovups %%xmm6, %0"
                         : "=m"(out)
                         : "m"(in)
                         : "xmm6", "eax", "memory");
        if (memcmp(in, out, sizeof(in)) != 0)
            return 1;
    }
    return 0;
}

static uint16_t control_word(void)
{
    uint16_t word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

int main(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    printf("control word %x, mxcsr %x\n", control_word(), mxcsr & ~0x3fu);
    double expected[4];
    for (int i = 0; i < 4; i++)
        expected[i] = series(i + 1);
    printf("%.15g %.15g\n", expected[0], expected[3]);
    fflush(stdout);
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            uint16_t word = (uint16_t)(0x37f & ~(i << 10)); /* a rounding mode of its own */
            __asm__ volatile("fldcw %0" : : "m"(word));
            int bad = sse((uint32_t)i + 11);
            bad |= control_word() != word;
            word = 0x37f;
            __asm__ volatile("fldcw %0" : : "m"(word));
            bad |= series(i + 1) != expected[i];
            _exit(bad);
        }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad += status != 0;
    printf("children with wrong registers: %d\n", bad);
    signal(SIGALRM, on_tick);
    struct itimerval timer = {{0, 10000}, {0, 10000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    bad = 0;
    for (int rounds = 0; ticks < 5 && rounds < 10000; rounds++)
        bad += series(2) != expected[1] || sse(99);
    printf("wrong after signals: %d, signals came: %d\n", bad, ticks >= 5);
    return 0;
}
