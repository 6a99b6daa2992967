/*
 * One allocation fails, once: to show that the kernel lives with it.
 *
 *   /proc/PID/fail-nth    N written: the N-th frame or slab object that this task asks for from now on is refused.
 *                         Reading gives what is left of N: 0 says that it has happened (or that nothing was asked)
 *   fail_nth=N            on the command line: the same for the N-th of the boot, whoever asks, until the first program
 *                         starts. fail_nth=0 refuses nothing. Both tell how many there were
 *
 * Who cannot be refused (__GFP_NOFAIL) is not counted; of a task, neither are interrupts that come while it runs. A
 * child starts with nothing to fail.
 */
#include "mm/internal.h"
#include "kernel/printk.h"

#define COUNT_ONLY 0xffffffffu
#define DEBUG_LOGLEVEL 8

u32 boot_fail_nth;
static u32 boot_allocations;

void fail_nth_init(void)
{
    char number[16];

    if (!command_line_option("fail_nth", number, sizeof(number)))
        return;
    boot_fail_nth = (u32)simple_strtoul(number, NULL, 0);
    if (!boot_fail_nth)
        boot_fail_nth = COUNT_ONLY;
}

void fail_nth_boot_ends(void)
{
    if (!boot_fail_nth)
        return;
    boot_fail_nth = 0;
    printk(KERN_NOTICE "fail_nth: the boot made %u allocations\n", boot_allocations);
}

/* With the way to it under "debug". */
static void tell_failure(void)
{
    printk(KERN_NOTICE "fail_nth: an allocation of %s[%d] fails\n", current->comm, current->pid);
    if (console_loglevel >= DEBUG_LOGLEVEL)
        dump_stack();
}

bool fail_nth_now(gfp_t gfp)
{
    bool fails = false;

    if (gfp & __GFP_NOFAIL)
        return false;
    if (boot_fail_nth)
        fails = ++boot_allocations == boot_fail_nth;
    if (current->fail_nth && !in_interrupt())
        fails |= --current->fail_nth == 0;
    if (fails && !(gfp & __GFP_NOWARN))
        tell_failure();
    return fails;
}
