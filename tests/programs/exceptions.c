/* Processor exceptions as signals: number, code, address, and what the frame tells of trap, error code and CR2. */
#include "show.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096

static sigjmp_buf back;
static char *pages; /* one without access, one read-only */
static volatile struct {
    int signal, code, trap, error;
    uintptr_t address, cr2;
} seen;

static void on_signal(int number, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    seen.signal = number;
    seen.code = info->si_code;
    seen.address = (uintptr_t)info->si_addr;
    seen.trap = uc->uc_mcontext.gregs[REG_TRAPNO];
    seen.error = uc->uc_mcontext.gregs[REG_ERR];
    seen.cr2 = uc->uc_mcontext.cr2;
    siglongjmp(back, 1);
}

static void attempt(const char *what, void (*run)(void), const void *base)
{
    if (sigsetjmp(back, 1) == 0) {
        run();
        printf("%s: no signal\n", what);
        return;
    }
    printf("%s: signal %d code %d trap %d error %x address %ld", what, seen.signal, seen.code, seen.trap, seen.error,
           (long)(seen.address - (uintptr_t)base));
    if (seen.trap == 14)
        printf(" cr2 %ld", (long)(seen.cr2 - (uintptr_t)base));
    printf("\n");
}

extern char division_at[], undefined_at[];

static void divide(void)
{
    __asm__ volatile("movl $1, %%eax; cltd; xorl %%ecx, %%ecx\n.globl division_at\ndivision_at: idivl %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}
static void undefined(void) { __asm__ volatile(".globl undefined_at\nundefined_at: ud2"); }
static void privileged(void) { __asm__ volatile("hlt"); }
static void port_read(void) { __asm__ volatile("inb $0x80, %%al" : : : "eax"); }
static void port_write(void) { __asm__ volatile("movl $0x80, %%edx; outl %%eax, %%dx" : : : "edx"); }
static void port_string(void)
{
    static char bytes[4] = "abc";
    char *to = bytes;
    __asm__ volatile("movl $0x80, %%edx; cld; insl" : "+D"(to) : : "edx", "memory");
}
static void breakpoint(void) { __asm__ volatile("int3"); }
static void overflow(void) { __asm__ volatile("movb $0x7f, %%al; addb $1, %%al; into" : : : "eax", "cc"); }
static void closed_gate(void) { __asm__ volatile("int $0x40"); }
static void no_descriptor(void) { __asm__ volatile("movl $0x1234, %%eax; movl %%eax, %%es" : : : "eax"); }
static void out_of_bounds(void)
{
    const int bounds[2] = {1, 2};
    __asm__ volatile("bound %0, %1" : : "r"(5), "m"(bounds));
}
static void write_null(void) { *(volatile int *)bad_address() = 1; }
static void read_forbidden(void) { (void)*(volatile int *)(pages + 8); }
static void write_read_only(void) { *(volatile int *)(pages + PAGE + 12) = 1; }
static void straddle(void) { (void)*(volatile int *)(pages + PAGE - 2); }
static void string_copy(void) { memcpy(pages + PAGE + 100, "0123456789", 10); }

/* The frame as the handler finds it, without a C prologue in between. */
static volatile uint32_t entry_esp, entry_eax, entry_edx, entry_ecx;
void raw_handler(void);
__asm__("raw_handler: movl %esp, entry_esp; movl %eax, entry_eax; movl %edx, entry_edx; movl %ecx, entry_ecx; ret");

static void frames(void)
{
    struct sigaction action = {.sa_handler = (void (*)(int))raw_handler};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("plain frame: alignment %u, eax %u edx %u ecx %u\n", (entry_esp + 4) & 15, entry_eax, entry_edx, entry_ecx);
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("siginfo frame: alignment %u, eax %u, info at %d, context at %d\n", (entry_esp + 4) & 15, entry_eax,
           (int)(entry_edx - entry_esp), (int)(entry_ecx - entry_esp));
}

/* A handler may change the registers that come back, the FPU's too. */
static void change_context(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    unsigned char *fpu = (unsigned char *)uc->uc_mcontext.fpregs;
    (void)number, (void)info;
    uc->uc_mcontext.gregs[REG_EBX] = 77;
    memcpy(fpu + 112 + 160 + 3 * 16, &(uint32_t){0x12345678}, 4); /* XMM3 in the FXSAVE part */
    printf("fpu state: aligned %d, magic %u, control %x, mxcsr %x\n", ((uintptr_t)fpu + 112) % 64 == 0,
           *(uint16_t *)(fpu + 110), *(uint16_t *)fpu, *(uint32_t *)(fpu + 112 + 24));
}

static void changed_registers(void)
{
    struct sigaction action = {.sa_sigaction = change_context, .sa_flags = SA_SIGINFO};
    uint32_t ebx, xmm3;
    pid_t pid = getpid();
    sigaction(SIGUSR1, &action, NULL);
    __asm__ volatile("movd %2, %%xmm3; movl %2, %%ebx; movl $37, %%eax; int $0x80; movl %%ebx, %0; movd %%xmm3, %1"
                     : "=&r"(ebx), "=&r"(xmm3)
                     : "r"(pid), "c"(SIGUSR1)
                     : "eax", "ebx", "xmm3", "memory");
    printf("after the handler: ebx %u xmm3 %x\n", ebx, xmm3);
}

int main(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    pages = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages, PAGE, PROT_NONE);
    for (unsigned i = 0; i < 5; i++)
        sigaction(signals[i], &action, NULL);
    attempt("division by zero", divide, division_at);
    attempt("undefined instruction", undefined, undefined_at);
    attempt("hlt", privileged, NULL);
    attempt("read of a port", port_read, NULL);
    attempt("write of a port", port_write, NULL);
    attempt("string read of a port", port_string, NULL);
    attempt("int3", breakpoint, NULL);
    attempt("into", overflow, NULL);
    attempt("int 0x40", closed_gate, NULL);
    attempt("selector without descriptor", no_descriptor, NULL);
    attempt("bound", out_of_bounds, NULL);
    attempt("write near 0", write_null, NULL);
    attempt("read without access", read_forbidden, pages);
    attempt("write to read-only", write_read_only, pages);
    attempt("read across a border", straddle, pages);
    attempt("copy to read-only", string_copy, pages);
    frames();
    changed_registers();
    return 0;
}
