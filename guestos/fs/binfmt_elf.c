/*
 * Static ELF programs of i386 (System V ABI, chapters 4 and 5; i386 supplement, chapter 3): fixed ones (ET_EXEC) and
 * position independent ones (ET_DYN, put where Linux puts them without randomisation). A program that wants a dynamic
 * linker is refused with a line in the log.
 *
 * A segment's file part is mapped private; what its memory size exceeds the file size by is zeroed: the rest of the
 * last file page by hand, whole pages as anonymous memory. The stack then gets, downwards: platform string, 16 random
 * bytes, alignment to 16, auxv, envp, argv, argc.
 */
#include "asm/uaccess.h"
#include "fs/binfmts.h"
#include "fs/syscalls.h"
#include "kernel/process.h"
#include "mm/slab.h"

#define ET_EXEC 2
#define ET_DYN 3
#define EM_386 3
#define EM_486 6
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_INTERP 3
#define PF_X 1u
#define PF_W 2u
#define PF_R 4u
#define MAX_SEGMENTS 128
#define DYN_BASE 0x56555000ul

#define PROT_READ 1ul
#define PROT_WRITE 2ul
#define PROT_EXEC 4ul
#define MAP_PRIVATE 0x02ul
#define MAP_FIXED 0x10ul
#define MAP_DENYWRITE 0x0800ul
#define MAP_EXECUTABLE 0x1000ul

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version, entry, phoff, shoff, flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

_Static_assert(sizeof(struct elf_header) == 52 && sizeof(struct elf_segment) == 32, "ELF32");

struct elf_load {
    struct linux_binprm *bprm;
    const struct elf_header *header;
    struct elf_segment *segments;
    unsigned long bias; /* added to every address of the file */
    unsigned long start_code, end_code, start_data, end_data, brk;
    unsigned long phdr_address;
};

/* ---- checking ---- */

static int refuse(const struct linux_binprm *bprm, const char *why)
{
    printk(KERN_NOTICE "exec: %s %s\n", bprm->interp, why);
    return -ENOEXEC;
}

static int check_header(const struct linux_binprm *bprm, const struct elf_header *header)
{
    if (memcmp(header->ident, "\177ELF", 4))
        return -ENOEXEC;
    if (header->machine == EM_X86_64)
        return refuse(bprm, "is a 64-bit x86 program; build it with -m32");
    if (header->ident[4] != 1 || header->ident[5] != 1 || (header->machine != EM_386 && header->machine != EM_486))
        return refuse(bprm, "is a program for another architecture; this machine is an i686");
    if (header->type != ET_EXEC && header->type != ET_DYN)
        return refuse(bprm, "is not a linked program");
    if (header->phentsize != sizeof(struct elf_segment) || !header->phnum || header->phnum > MAX_SEGMENTS)
        return refuse(bprm, "has a broken program header table");
    return 0;
}

static bool segment_fits(const struct elf_segment *s, unsigned long bias)
{
    unsigned long start = s->vaddr + bias;
    if (s->filesz > s->memsz || (s->vaddr - s->offset) & ~PAGE_MASK || start < bias)
        return false;
    return start < TASK_SIZE && s->memsz <= TASK_SIZE - start;
}

static int check_segments(const struct elf_load *load)
{
    bool loadable = false;
    for (int i = 0; i < load->header->phnum; i++) {
        const struct elf_segment *s = &load->segments[i];
        if (s->type == PT_INTERP)
            return refuse(load->bprm, "is dynamically linked; build it with -static");
        if (s->type != PT_LOAD)
            continue;
        if (!segment_fits(s, load->bias))
            return refuse(load->bprm, "has a segment that does not fit into the address space");
        loadable = true;
    }
    return loadable ? 0 : refuse(load->bprm, "has nothing to load");
}

static int read_segments(struct elf_load *load)
{
    size_t bytes = load->header->phnum * sizeof(struct elf_segment);
    load->segments = kmalloc(bytes, GFP_KERNEL);
    if (!load->segments)
        return -ENOMEM;
    if (kernel_read(load->bprm->file, load->header->phoff, load->segments, bytes) != (ssize_t)bytes)
        return refuse(load->bprm, "ends inside its program header table");
    return 0;
}

/* ---- mapping ---- */

static unsigned long protection_of(const struct elf_segment *s)
{
    return (s->flags & PF_R ? PROT_READ : 0) | (s->flags & PF_W ? PROT_WRITE : 0) | (s->flags & PF_X ? PROT_EXEC : 0);
}

static int map_file_part(const struct elf_load *load, const struct elf_segment *s)
{
    unsigned long start = s->vaddr + load->bias, skew = start & ~PAGE_MASK;
    if (!s->filesz)
        return 0;
    unsigned long mapped =
        do_mmap_pgoff(load->bprm->file, start - skew, PAGE_ALIGN(s->filesz + skew), protection_of(s),
                      MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE | MAP_EXECUTABLE, (s->offset - skew) >> PAGE_SHIFT);
    return IS_ERR_VALUE(mapped) ? (int)mapped : 0;
}

static int zero_rest(const struct elf_load *load, const struct elf_segment *s)
{
    unsigned long file_end = s->vaddr + load->bias + s->filesz, end = s->vaddr + load->bias + s->memsz;
    unsigned long page_end = s->filesz ? PAGE_ALIGN(file_end) : file_end & PAGE_MASK;
    if (end == file_end)
        return 0;
    if (s->filesz && (file_end & ~PAGE_MASK)) {
        unsigned long n = min_t(unsigned long, end, page_end) - file_end;
        if (clear_user((void __user *)file_end, n) && (s->flags & PF_W))
            return -EFAULT;
    }
    if (PAGE_ALIGN(end) <= page_end)
        return 0;
    unsigned long mapped = do_brk(page_end, PAGE_ALIGN(end) - page_end);
    return IS_ERR_VALUE(mapped) ? (int)mapped : 0;
}

static void note_limits(struct elf_load *load, const struct elf_segment *s)
{
    unsigned long start = s->vaddr + load->bias, file_end = start + s->filesz, end = start + s->memsz;
    if ((s->flags & PF_X) && start < load->start_code)
        load->start_code = start;
    if ((s->flags & PF_X) && file_end > load->end_code)
        load->end_code = file_end;
    if (start > load->start_data)
        load->start_data = start;
    if (file_end > load->end_data)
        load->end_data = file_end;
    if (end > load->brk)
        load->brk = end;
    if (load->header->phoff >= s->offset && load->header->phoff - s->offset < s->filesz)
        load->phdr_address = load->header->phoff - s->offset + start;
}

static int map_segments(struct elf_load *load)
{
    for (int i = 0; i < load->header->phnum; i++) {
        const struct elf_segment *s = &load->segments[i];
        if (s->type != PT_LOAD)
            continue;
        int error = map_file_part(load, s);
        if (!error)
            error = zero_rest(load, s);
        if (error)
            return error;
        note_limits(load, s);
    }
    return 0;
}

static void set_mm_limits(const struct elf_load *load)
{
    struct mm_struct *mm = current->mm;
    mm->start_code = load->start_code;
    mm->end_code = load->end_code;
    mm->start_data = load->start_data;
    mm->end_data = load->end_data;
    mm->start_brk = mm->brk = PAGE_ALIGN(load->brk);
    mm->start_stack = load->bprm->p;
}

/* ---- the stack ---- */

#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_PLATFORM 15
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_HWCAP2 26
#define AT_EXECFN 31
#define AUXV_ENTRIES 20

static u32 cpu_features(void)
{
    u32 eax = 1, ebx, ecx, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return edx;
}

static void fill_auxv(const struct elf_load *load, u32 random, u32 platform)
{
    const struct linux_binprm *bprm = load->bprm;
    const u32 auxv[AUXV_ENTRIES][2] = {
        {AT_HWCAP, cpu_features()},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, HZ},
        {AT_PHDR, load->phdr_address},
        {AT_PHENT, sizeof(struct elf_segment)},
        {AT_PHNUM, load->header->phnum},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, load->header->entry + load->bias},
        {AT_UID, current->uid},
        {AT_EUID, current->euid},
        {AT_GID, current->gid},
        {AT_EGID, current->egid},
        {AT_SECURE, bprm->secure},
        {AT_RANDOM, random},
        {AT_HWCAP2, 0},
        {AT_EXECFN, bprm->exec_address},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    _Static_assert(sizeof(auxv) <= sizeof(current->mm->saved_auxv), "room in mm_struct");
    memset(current->mm->saved_auxv, 0, sizeof(current->mm->saved_auxv));
    memcpy(current->mm->saved_auxv, auxv, sizeof(auxv));
}

/* Pointers to count strings from *string on, a NULL behind them; *string moves behind the last. */
static int put_pointers(u32 __user **to, u32 *string, int count)
{
    for (int i = 0; i < count; i++) {
        if (put_user_u32(*string, (*to)++))
            return -EFAULT;
        long length = strnlen_user((const char __user *)*string, 32 * PAGE_SIZE);
        if (!length)
            return -EFAULT;
        *string += (u32)length;
    }
    return put_user_u32(0, (*to)++);
}

static int put_vectors(const struct elf_load *load, u32 sp, u32 strings)
{
    struct mm_struct *mm = current->mm;
    const struct linux_binprm *bprm = load->bprm;
    u32 __user *to = (u32 __user *)sp;
    if (put_user_u32((u32)bprm->argc, to++))
        return -EFAULT;
    mm->arg_start = strings;
    if (put_pointers(&to, &strings, bprm->argc))
        return -EFAULT;
    mm->arg_end = mm->env_start = strings;
    if (put_pointers(&to, &strings, bprm->envc))
        return -EFAULT;
    mm->env_end = strings;
    return copy_to_user(to, mm->saved_auxv, 19 * 8) ? -EFAULT : 0;
}

/* Leaves bprm->p at argc, where the program's stack pointer starts. */
static int create_tables(const struct elf_load *load)
{
    static const char platform_name[] = "i686";
    struct linux_binprm *bprm = load->bprm;
    u32 strings = bprm->p, platform, random_address;
    u8 random[16];
    platform = (bprm->p & ~15u) - sizeof(platform_name);
    random_address = platform - sizeof(random);
    get_random_bytes(random, sizeof(random));
    if (copy_to_user((void __user *)platform, platform_name, sizeof(platform_name)) ||
        copy_to_user((void __user *)random_address, random, sizeof(random)))
        return -EFAULT;
    fill_auxv(load, random_address, platform);
    u32 words = 1 + (u32)bprm->argc + 1 + (u32)bprm->envc + 1 + 19 * 2;
    u32 sp = ((random_address & ~15u) - words * 4) & ~15u;
    int error = put_vectors(load, sp, strings);
    bprm->p = sp;
    return error;
}

/* ---- loading ---- */

static int load_after_check(struct elf_load *load)
{
    int error = begin_new_program(load->bprm);
    if (!error)
        error = map_segments(load);
    if (error)
        return error;
    set_mm_limits(load);
    error = create_tables(load);
    if (error)
        return error;
    current->mm->start_stack = load->bprm->p;
    start_thread(load->header->entry + load->bias, load->bprm->p);
    return 0;
}

int load_elf_binary(struct linux_binprm *bprm)
{
    struct elf_header header;
    memcpy(&header, bprm->buf, sizeof(header));
    struct elf_load load = {.bprm = bprm, .header = &header, .start_code = ~0ul};
    int error = check_header(bprm, &header);
    if (error)
        return error;
    load.bias = header.type == ET_DYN ? DYN_BASE : 0;
    error = read_segments(&load);
    if (!error)
        error = check_segments(&load);
    if (!error)
        error = load_after_check(&load);
    kfree(load.segments);
    return error;
}
