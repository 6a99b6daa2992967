/*
 * start_kernel: brings the parts up in the order of kernel/init.h, starts pid 1 and becomes the idle task.
 *
 * Pid 1 begins as a kernel thread that execs the first program: init= of the command line, else /init. The words after
 * "--" are its arguments. Without a program to run there is nothing to do: panic.
 */
#include "asm/e820.h"
#include "asm/irqflags.h"
#include "asm/page.h"
#include "asm/setup.h"
#include "block/blkdev.h"
#include "fs/fs.h"
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/trace.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/writeback.h"
#include "mm/swap.h"

#define MAX_INIT_ARGUMENTS 32

void start_kernel(u32 multiboot_magic, u32 multiboot_info_phys) __attribute__((noreturn));

/* Splits the words after "--" in place; argv gets them and a NULL. */
static void split_init_arguments(char *line, const char **argv)
{
    unsigned count = 1;
    char *word = strstr(line, " -- ");
    word = word ? word + 4 : !strncmp(line, "-- ", 3) ? line + 3 : line + strlen(line);
    while (*word && count < MAX_INIT_ARGUMENTS) {
        while (*word == ' ')
            *word++ = 0;
        if (!*word)
            break;
        argv[count++] = word;
        while (*word && *word != ' ')
            word++;
    }
    argv[count] = NULL;
}

static int init(void *unused)
{
    static const char *const environment[] = {"HOME=/", "TERM=linux", "PATH=/bin:/sbin:/usr/bin", NULL};
    static const char *argv[MAX_INIT_ARGUMENTS + 1];
    static char arguments[sizeof(saved_command_line)];
    static char path[256];
    (void)unused;
    current->flags &= ~(u32)PF_KTHREAD;
    current->files = copy_files(NULL, false);
    current->fs = copy_fs(NULL, false);
    if (!current->files || !current->fs)
        panic("no memory for pid 1");
    int error = open_console_for_init();
    if (error)
        panic("cannot open the console for pid 1 (error %d)", -error);
    if (!command_line_option("init", path, sizeof(path)) || !path[0])
        strlcpy(path, "/init", sizeof(path));
    strlcpy(arguments, saved_command_line, sizeof(arguments));
    split_init_arguments(arguments, argv);
    argv[0] = path;
    error = kernel_execve(path, argv, environment);
    if (error)
        panic("cannot start %s (error %d): give an initramfs that has it, or init=PATH", path, -error);
    fail_nth_boot_ends();
    return 0;
}

static u32 initrd_given; /* bytes of it whose whole frames belong to the buddy system already */

static void give_initrd(size_t bytes)
{
    u32 upto = bytes == initrd_end - initrd_start ? (u32)bytes
                                                  : (initrd_start + (u32)bytes) / PAGE_SIZE * PAGE_SIZE - initrd_start;
    if (initrd_start + upto <= initrd_start + initrd_given || upto > initrd_end - initrd_start)
        return;
    free_initrd_mem(initrd_start + initrd_given, initrd_start + upto);
    initrd_given = upto;
}

static void load_initramfs(void)
{
    if (initrd_end <= initrd_start) {
        printk(KERN_WARNING "no initramfs was loaded\n");
        return;
    }
    int error = unpack_initramfs(__va(initrd_start), initrd_end - initrd_start, give_initrd);
    if (error)
        panic("the initramfs is not usable (error %d)", -error);
    give_initrd(initrd_end - initrd_start);
    printk(KERN_INFO "Freeing initrd memory: %uk freed\n", (initrd_end - initrd_start) >> 10);
}

static unsigned long spanned_pages_of(enum zone_type type)
{
    unsigned long pages = 0;
    const pg_data_t *pgdat;
    for_each_pgdat (pgdat)
        pages += pgdat->node_zones[type].spanned_pages;
    return pages;
}

static void print_banner(void)
{
    printk(KERN_NOTICE "guest 0.1 (i386) %lu MiB: DMA %lu  Normal %lu  HighMem %lu pages\n", (max_pfn + 255) / 256,
           spanned_pages_of(ZONE_DMA), spanned_pages_of(ZONE_NORMAL), spanned_pages_of(ZONE_HIGHMEM));
    if (nr_online_nodes > 1)
        printk(KERN_NOTICE "%d nodes\n", nr_online_nodes);
}

static void start_memory(void)
{
    print_banner();
    fail_nth_init();
    mem_init();
    kmem_cache_init();
    mm_late_init();
    TRACE(FLT_BOOT_PHASE, flt_boot_phase, .phase = FLT_PHASE_MM_READY);
}

static void start_tasks_and_interrupts(void)
{
    sched_init();
    fork_init();
    init_IRQ();
    time_init();
    local_irq_enable();
}

void start_kernel(u32 multiboot_magic, u32 multiboot_info_phys)
{
    trap_init();
    trace_init();
    TRACE(FLT_BOOT_PHASE, flt_boot_phase, .phase = FLT_PHASE_KERNEL_ENTRY);
    console_init();
    printk_console_ready();
    setup_arch(multiboot_magic, multiboot_info_phys);
    start_memory();
    start_tasks_and_interrupts();
    vfs_init();
    block_init();
    pci_init();
    virtio_blk_init();
    tty_init();
    load_initramfs();
    struct task_struct *first = kernel_thread("init", init, NULL);
    if (IS_ERR(first))
        panic("cannot make pid 1 (error %ld)", -PTR_ERR(first));
    first->pgrp = first->session = first->pid;
    pdflush_init();
    kswapd_init();
    cpu_idle();
}
