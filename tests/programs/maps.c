/* brk, mmap, mprotect, munmap and mremap: what they do and how they refuse. */
#include "show.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(size_t pages) { return mmap(NULL, pages * PAGE, RW, ANON, -1, 0); }
static long failed(void *result) { return result == MAP_FAILED ? -1 : 0; }

static void breaks(void)
{
    char *start = sbrk(0);
    show_bool("brk grows", brk(start + 10000) == 0 && sbrk(0) == start + 10000);
    start[9999] = 7;
    show_bool("brk shrinks", brk(start + 4096) == 0 && sbrk(0) == start + 4096);
    brk(start + 10000);
    show_bool("grown again it is zero", start[9999] == 0);
    show("brk of 4 GB", brk((void *)0xfffff000) == 0 ? 0 : -1);
    show_bool("a refused brk changes nothing", sbrk(0) == start + 10000);
}

static void mapping(void)
{
    show("length 0", failed(mmap(NULL, 0, RW, ANON, -1, 0)));
    show("neither private nor shared", failed(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0)));
    show("bad descriptor", failed(mmap(NULL, PAGE, RW, MAP_PRIVATE, 99, 0)));
    show("fixed, not aligned", failed(mmap((void *)0x30000123, PAGE, RW, ANON | MAP_FIXED, -1, 0)));
    show("longer than the address space", failed(mmap(NULL, 0xfffff000u, RW, ANON, -1, 0)));
    char *p = map(4);
    show_bool("fixed replaces", mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE);
    show("fixed, no replace", failed(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0)));
    show("munmap of a middle page", munmap(p + 2 * PAGE, PAGE));
    show("munmap of nothing", munmap(p + 2 * PAGE, PAGE));
    show("munmap not aligned", munmap(p + 1, PAGE));
    show("munmap of length 0", munmap(p, 0));
    show("hint taken when free", mmap(p + 2 * PAGE, PAGE, RW, ANON, -1, 0) == p + 2 * PAGE);
    show("munmap of all", munmap(p, 4 * PAGE));
}

static void protection(void)
{
    char *p = map(3);
    memset(p, 'x', 3 * PAGE);
    show("mprotect read", mprotect(p + PAGE, PAGE, PROT_READ));
    show("read allowed", p[PAGE]);
    show("write by the kernel refused", syscall(SYS_getcwd, p + PAGE, PAGE));
    show("mprotect none", mprotect(p + PAGE, PAGE, PROT_NONE));
    show("read by the kernel refused", write(1, p + PAGE, 1));
    show("mprotect write again", mprotect(p, 3 * PAGE, RW));
    show("contents stay", p[PAGE + 5]);
    show("mprotect not aligned", mprotect(p + 1, PAGE, RW));
    munmap(p + PAGE, PAGE);
    show("mprotect over a hole", mprotect(p, 3 * PAGE, PROT_READ));
    munmap(p, 3 * PAGE);
}

static void remapping(void)
{
    char *p = map(8);
    for (int i = 0; i < 8; i++)
        p[i * PAGE] = (char)('a' + i);
    show_bool("shrink in place", mremap(p, 8 * PAGE, 4 * PAGE, 0) == p);
    show_bool("grow in place", mremap(p, 4 * PAGE, 6 * PAGE, 0) == p);
    show("the new part is zero", p[5 * PAGE]);
    char *barrier = mmap(p + 6 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    show("no room, may not move", failed(mremap(p, 6 * PAGE, 9 * PAGE, 0)));
    char *q = mremap(p, 6 * PAGE, 9 * PAGE, MREMAP_MAYMOVE);
    show_bool("moved", q != MAP_FAILED && q != p && q[0] == 'a' && q[3 * PAGE] == 'd' && q[8 * PAGE] == 0);
    show("nothing is left behind", failed(mremap(p, PAGE, PAGE, 0)));
    char *target = map(2);
    char *r = mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    show_bool("moved to a place", r == target && r[PAGE] == 'b');
    show("length 0", failed(mremap(r, PAGE, 0, MREMAP_MAYMOVE)));
    show("not aligned", failed(mremap(r + 1, PAGE, PAGE, MREMAP_MAYMOVE)));
    munmap(barrier, PAGE);
}

static void advice(void)
{
    char *p = map(4);
    unsigned char resident[4];
    memset(p, 1, 4 * PAGE);
    show("madvise dontneed", madvise(p + PAGE, PAGE, MADV_DONTNEED));
    show("then it is zero", p[PAGE]);
    show("madvise unknown", madvise(p, PAGE, 12345));
    show("mincore", mincore(p, 4 * PAGE, resident));
    show("resident", (resident[0] & 1) + (resident[3] & 1));
    munmap(p + PAGE, PAGE);
    show("mincore over a hole", mincore(p, 4 * PAGE, resident));
    show("msync not mapped", msync(p + PAGE, PAGE, MS_SYNC));
    show("mlock", mlock(p, PAGE));
    show("munlock", munlock(p, PAGE));
    show("mlock of a hole", mlock(p + PAGE, PAGE));
}

int main(void)
{
    breaks();
    mapping();
    protection();
    remapping();
    advice();
    return 0;
}
