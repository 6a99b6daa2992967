/* start_kernel: brings the parts up in the order of kernel/init.h, then becomes the idle task. */
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/sched.h"
#include "kernel/trace.h"
#include "asm/setup.h"
#include "fs/fs.h"

void start_kernel(u32 multiboot_magic, u32 multiboot_info_phys) __attribute__((noreturn));

void start_kernel(u32 multiboot_magic, u32 multiboot_info_phys)
{
    console_init();
    printk_console_ready();
    printk(KERN_INFO "faultline guest kernel\n");
    setup_arch(multiboot_magic, multiboot_info_phys);
    machine_power_off(0);
}
