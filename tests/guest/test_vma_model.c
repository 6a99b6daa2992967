/* VMAs and faults under random operations, against a model that knows every page of a window. */
#include "world.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define BASE 0x20000000ul

static struct mm_struct *mm;
static struct resources empty;

static void start(void)
{
    world_boot(48 * MIB, NULL);
    empty = resources_now();
    mm = world_enter_mm();
}

static void finish(void)
{
    world_leave_mm();
    check_resources(&empty, "at the end");
    CHECK_EQ(open_files, 0);
}

static unsigned long page(unsigned long n) { return BASE + (n << PAGE_SHIFT); }
static long map_at(unsigned long n, unsigned long pages, unsigned long prot, unsigned long flags)
{
    return (long)do_mmap_pgoff(NULL, page(n), pages << PAGE_SHIFT, prot, flags | MAP_FIXED, 0);
}

/* ---- the model: every page of a window, what it should be ---- */

#define PAGES 96u
struct model {
    bool mapped, shared, fresh; /* fresh: reads as 0 */
    u8 prot, value;
    u32 object; /* which shared memory, and which page of it */
    u32 index;
};
static struct model model[PAGES];
static u8 shared_values[4096][PAGES];
static u32 next_object;

static void model_check_access(unsigned n)
{
    const struct model *m = &model[n];
    u8 byte = 0, wanted = m->shared ? shared_values[m->object][m->index] : m->value;
    bool readable = m->mapped && m->prot;
    bool ok = user_read(page(n), &byte);

    CHECKF(ok == readable, "page %u: read %d, model mapped %d prot %d", n, ok, m->mapped, m->prot);
    if (ok)
        CHECKF(byte == wanted, "page %u holds %u, model %u", n, byte, wanted);
    else
        CHECK_EQ(last_si_code, m->mapped ? SEGV_ACCERR : SEGV_MAPERR);
}

static void model_write(unsigned n, u8 value)
{
    struct model *m = &model[n];
    bool ok = user_write(page(n), value);

    CHECKF(ok == (m->mapped && (m->prot & PROT_WRITE)), "page %u: write %d, mapped %d prot %d", n, ok, m->mapped,
           m->prot);
    if (ok && m->shared)
        shared_values[m->object][m->index] = value;
    else if (ok)
        m->value = value;
}

static void model_check_maps(void)
{
    for (unsigned n = 0; n < PAGES; n++) {
        const struct vm_area_struct *vma = find_vma(mm, page(n));
        bool mapped = vma && vma->vm_start <= page(n);

        CHECKF(mapped == model[n].mapped, "page %u mapped %d", n, mapped);
        if (mapped)
            CHECKF((vma->vm_flags & 7) == model[n].prot && !!(vma->vm_flags & VM_SHARED) == model[n].shared,
                   "page %u flags %lx", n, vma->vm_flags);
    }
}

struct range {
    unsigned first, count;
};

static struct range random_range(void)
{
    unsigned first = random_u32() % PAGES, most = PAGES - first;

    return (struct range){first, 1 + random_u32() % (most < 12 ? most : 12)};
}

static const u8 prots[] = {PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC, RW | PROT_EXEC};

static void random_mmap(struct range r)
{
    u8 prot = prots[random_u32() % ARRAY_SIZE(prots)];
    bool shared = random_u32() % 4 == 0 && next_object < 4095;

    CHECK_EQ(map_at(r.first, r.count, prot, MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE)), page(r.first));
    next_object += shared;
    for (unsigned i = 0; i < r.count; i++) {
        model[r.first + i] =
            (struct model){.mapped = true, .shared = shared, .prot = prot, .object = next_object, .index = i};
        if (shared)
            shared_values[next_object][i] = 0;
    }
}

static void random_munmap(struct range r)
{
    CHECK_EQ(sys_munmap(page(r.first), r.count << PAGE_SHIFT), 0);
    for (unsigned i = 0; i < r.count; i++)
        model[r.first + i] = (struct model){0};
}

static void random_mprotect(struct range r)
{
    u8 prot = prots[random_u32() % ARRAY_SIZE(prots)];
    unsigned i = 0;
    long result = sys_mprotect(page(r.first), r.count << PAGE_SHIFT, prot);

    for (; i < r.count && model[r.first + i].mapped; i++)
        model[r.first + i].prot = prot;
    CHECK_EQ(result, i == r.count ? 0 : -ENOMEM);
}

static void random_dontneed(struct range r)
{
    bool all = true;
    long result = sys_madvise(page(r.first), r.count << PAGE_SHIFT, MADV_DONTNEED);

    for (unsigned i = 0; i < r.count; i++) {
        all &= model[r.first + i].mapped;
        model[r.first + i].value = 0;
    }
    CHECK_EQ(result, all ? 0 : -ENOMEM);
}

/* Within one VMA, to a place in the window: contents move along. */
static void random_mremap(struct range r)
{
    unsigned to = random_u32() % PAGES, new_count = 1 + random_u32() % 12;
    const struct vm_area_struct *vma = find_vma(mm, page(r.first));
    struct model moved[12] = {0};
    long result;

    if (to + new_count > PAGES || !vma || vma->vm_start > page(r.first))
        return;
    if (page(r.first) + (r.count << PAGE_SHIFT) > vma->vm_end)
        r.count = (unsigned)((vma->vm_end - page(r.first)) >> PAGE_SHIFT);
    if (r.count > 12 || (r.first < to + new_count && to < r.first + r.count))
        return;
    if ((vma->vm_flags & VM_SHARED) && new_count > r.count)
        return; /* past the end of its memory: another test's matter */
    result = sys_mremap(page(r.first), r.count << PAGE_SHIFT, new_count << PAGE_SHIFT, MREMAP_MAYMOVE | MREMAP_FIXED,
                        page(to));
    CHECK_EQ(result, page(to));
    for (unsigned i = 0; i < new_count; i++) {
        moved[i] = model[r.first];
        moved[i].value = 0;
        if (i < r.count)
            moved[i] = model[r.first + i];
    }
    for (unsigned i = 0; i < r.count; i++)
        model[r.first + i] = (struct model){0};
    for (unsigned i = 0; i < new_count; i++)
        model[to + i] = moved[i];
}

/* The child sees what the parent had; what either writes is its own, but for shared memory. */
static void random_fork(void)
{
    struct mm_struct *child = dup_mm(mm);

    CHECK(child);
    for (int i = 0; i < 6; i++)
        model_write(random_u32() % PAGES, (u8)random_u32());
    if (random_u32() % 2) {
        struct mm_struct *parent = mm;

        activate_mm(parent, child);
        current->mm = current->active_mm = child;
        for (unsigned n = 0; n < PAGES; n += 1 + random_u32() % 7)
            if (!model[n].shared)
                (void)user_write(page(n), (u8)random_u32());
        check_mapcounts();
        activate_mm(child, parent);
        current->mm = current->active_mm = parent;
    }
    mmput(child);
}

static void random_operations(u32 seed, int steps)
{
    start();
    random_seed(seed);
    for (int step = 0; step < steps; step++) {
        struct range r = random_range();

        switch (random_u32() % 16) {
        case 0: case 1: random_mmap(r); break;
        case 2: random_munmap(r); break;
        case 3: case 4: random_mprotect(r); break;
        case 5: random_mremap(r); break;
        case 6: random_dontneed(r); break;
        case 7: random_fork(); break;
        case 8: case 9: case 10: model_check_access(r.first); break;
        default: model_write(r.first, (u8)random_u32()); break;
        }
        check_mm(mm);
        if (step % 16 == 0) {
            model_check_maps();
            check_tlb();
            check_mapcounts();
        }
    }
    for (unsigned n = 0; n < PAGES; n++)
        model_check_access(n);
    finish();
}

static void random_operations_1(void) { random_operations(1, 4000); }
static void random_operations_2(void) { random_operations(2, 4000); }
static void random_operations_3(void) { random_operations(3, 4000); }

/* The same kind of operations with allocations that fail now and then: no contents are checked, only structures. */
static void random_operations_with_failures(void)
{
    start();
    random_seed(99);
    for (int step = 0; step < 6000; step++) {
        struct range r = random_range();
        unsigned long at = page(r.first), bytes = r.count << PAGE_SHIFT;

        fail_allocation(random_u32() % 3 ? 1 + random_u32() % 6 : 0);
        switch (random_u32() % 8) {
        case 0: map_at(r.first, r.count, prots[random_u32() % ARRAY_SIZE(prots)], ANON); break;
        case 1: map_at(r.first, r.count, RW, MAP_SHARED | MAP_ANONYMOUS); break;
        case 2: sys_munmap(at, bytes); break;
        case 3: sys_mprotect(at, bytes, prots[random_u32() % ARRAY_SIZE(prots)]); break;
        case 4: sys_mremap(at, bytes, (1 + random_u32() % 12) << PAGE_SHIFT, MREMAP_MAYMOVE, 0); break;
        case 5: sys_madvise(at, bytes, random_u32() % 2 ? MADV_DONTFORK : MADV_DOFORK); break;
        case 6: sys_mlock(at, bytes); sys_munlock(at, bytes); break;
        default: {
            struct mm_struct *child = dup_mm(mm);
            (void)user_write(at, 1);
            if (child)
                mmput(child);
        }
        }
        fail_allocation(0);
        check_mm(mm);
        if (step % 64 == 0)
            check_everything();
    }
    finish();
}

int main(void)
{
    tap_run("random operations against a model, seed 1", random_operations_1);
    tap_run("random operations against a model, seed 2", random_operations_2);
    tap_run("random operations against a model, seed 3", random_operations_3);
    tap_run("random operations with failing allocations", random_operations_with_failures);
    return tap_done();
}
