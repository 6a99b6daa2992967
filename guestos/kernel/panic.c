/*
 * The end of the kernel: a sentence, where it happened, and the machine stops with a status that no program has
 * (PANIC_STATUS), so that a test sees the difference between a program that failed and a kernel that did.
 */
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/sched.h"
#include "asm/irqflags.h"

#define PANIC_STATUS 255

static bool dying;

static void stop_at_once_when_dying(void)
{
    local_irq_disable();
    if (dying)
        machine_power_off(PANIC_STATUS);
    dying = true;
    printk_force_console();
}

void panic(const char *format, ...)
{
    static char text[256];
    __builtin_va_list args;
    stop_at_once_when_dying();
    __builtin_va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    __builtin_va_end(args);
    printk(KERN_EMERG "Kernel panic: %s\n", text);
    dump_stack();
    machine_power_off(PANIC_STATUS);
}

void bug(const char *file, int line, const char *what)
{
    stop_at_once_when_dying();
    printk(KERN_EMERG "kernel BUG at %s:%d: %s\n", file, line, what);
    dump_stack();
    machine_power_off(PANIC_STATUS);
}
