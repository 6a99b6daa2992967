/*
 * Random numbers that are the same in every run: a machine that repeats its runs exactly has no other. The sequence is
 * splitmix64 from a fixed seed; good enough for hash seeds and stack canaries, useless as a secret.
 */
#include "fs/syscalls.h"
#include "lib/kernel.h"
#include "lib/errno.h"
#include "asm/uaccess.h"

#define GRND_ALL 7u

static u64 state = 0x666c742d73656564ull;

static u64 next_random(void)
{
    u64 z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

void get_random_bytes(void *to, size_t count)
{
    u8 *bytes = to;
    while (count) {
        u64 value = next_random();
        size_t part = min_t(size_t, count, sizeof(value));
        memcpy(bytes, &value, part);
        bytes += part;
        count -= part;
    }
}

long sys_getrandom(void __user *buf, u32 count, u32 flags)
{
    u8 chunk[64];
    u32 done = 0;
    if (flags & ~GRND_ALL || (flags & 6) == 6)
        return -EINVAL;
    count = min_t(u32, count, 0x1ffffff);
    while (done < count) {
        u32 bytes = min_t(u32, count - done, sizeof(chunk));
        get_random_bytes(chunk, bytes);
        if (copy_to_user((char __user *)buf + done, chunk, bytes))
            return done ? (long)done : -EFAULT;
        done += bytes;
    }
    return (long)done;
}
