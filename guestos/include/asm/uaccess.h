/*
 * Copies between the kernel and the current process. Each returns the number of bytes NOT copied (0 = all).
 * The range is checked against TASK_SIZE first; a fault that cannot be handled ends the copy through the exception
 * table (arch/i386/mm). They may sleep: the page fault runs in full.
 */
#ifndef _ASM_UACCESS_H
#define _ASM_UACCESS_H

#include "asm/page.h"

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long clear_user(void __user *to, unsigned long n);
/* Length of the string without its NUL, -EFAULT on a bad address; copies at most size bytes, the NUL included
 * when it fits; a return of size means that there was no NUL within size bytes. */
long strncpy_from_user(char *to, const char __user *from, long size);
/* Length including the NUL, 0 on a bad address, > max when longer. */
long strnlen_user(const char __user *s, long max);
/* -EFAULT or 0 */
int get_user_u32(u32 *to, const void __user *from);
int put_user_u32(u32 value, void __user *to);

static inline bool access_ok(const void __user *addr, unsigned long size)
{
    return size <= TASK_SIZE && (unsigned long)addr <= TASK_SIZE - size;
}

struct exception_table_entry {
    u32 insn, fixup;
};
/* 0 when the table has no entry for ip, else the address to continue at. */
u32 search_exception_table(u32 ip);

#endif
