/* User copies: the range is checked here, the touching is done in usercopy.S. asm/uaccess.h has the contract. */
#include "mm/internal.h"

unsigned long __copy_user(void *to, const void *from, unsigned long n);
unsigned long __clear_user(void *to, unsigned long n);
long __strncpy_user(char *to, const char *from, long n);
long __strnlen_user(const char *s, long n);
int __get_user_u32(u32 *to, const void *from);
int __put_user_u32(u32 value, void *to);

/* What could not be read is zero in the kernel's buffer: nothing old leaks through a careless caller. */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
    unsigned long left = access_ok(from, n) ? __copy_user(to, from, n) : n;

    if (unlikely(left))
        memset((char *)to + (n - left), 0, left);
    return left;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
    return access_ok(to, n) ? __copy_user(to, from, n) : n;
}

unsigned long clear_user(void __user *to, unsigned long n) { return access_ok(to, n) ? __clear_user(to, n) : n; }

/* Bytes from s to the end of user memory, at most max: a string may not run into the kernel. */
static long bytes_in_reach(const char __user *s, long max)
{
    unsigned long room = (unsigned long)s < TASK_SIZE ? TASK_SIZE - (unsigned long)s : 0;

    return room < (unsigned long)max ? (long)room : max;
}

long strncpy_from_user(char *to, const char __user *from, long size)
{
    long reach, length;

    if (size <= 0)
        return 0;
    reach = bytes_in_reach(from, size);
    length = reach ? __strncpy_user(to, from, reach) : -EFAULT;
    return length == reach && reach < size ? -EFAULT : length;
}

long strnlen_user(const char __user *s, long max)
{
    long reach, length;

    if (max <= 0)
        return 0;
    reach = bytes_in_reach(s, max);
    length = reach ? __strnlen_user(s, reach) : 0;
    return length > reach && reach < max ? 0 : length;
}

int get_user_u32(u32 *to, const void __user *from) { return access_ok(from, 4) ? __get_user_u32(to, from) : -EFAULT; }
int put_user_u32(u32 value, void __user *to) { return access_ok(to, 4) ? __put_user_u32(value, to) : -EFAULT; }
