/*
 * Segments, gates and the task state segment (Intel SDM volume 3, sections 3.4.5, 6.11 and 7.2.1). The table's
 * layout is Linux i386's, because programs see the selectors: 6-8 thread-local storage, 12-13 kernel, 14-15 user.
 */
#ifndef _ASM_DESC_H
#define _ASM_DESC_H

#include "kernel/sched.h"

#define GDT_ENTRIES 32
#define GDT_ENTRY_TLS_MIN 6
#define GDT_ENTRY_TLS_ENTRIES 3
#define GDT_ENTRY_TSS 16

struct descriptor_pointer {
    u16 limit;
    u32 base;
} __attribute__((packed));

struct tss {
    u32 back_link, esp0, ss0, esp1, ss1, esp2, ss2, cr3;
    u32 eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
    u32 es, cs, ss, ds, fs, gs, ldt;
    u16 trap, io_bitmap_base;
};

_Static_assert(sizeof(struct tss) == 104, "SDM volume 3, figure 7-2");

void tss_init(void);                                       /* loads TR */
void tss_set_kernel_stack(const struct task_struct *task); /* ring 3 -> ring 0 arrives on task's stack */
void load_tls(const struct task_struct *task);             /* task's thread-local segments into the GDT */
int set_tls_descriptor(struct task_struct *task, const void __user *user_desc, bool allocate, void __user *write_back);

#endif
