/*
 * System V shared memory: a segment is a nameless file in memory (shmem_file_setup's kind) that any process finds by
 * key or number. Attaching maps the file; the VMA's open and close count who has it.
 *
 *   shmget --> segment --shmat--> nattch > 0 --last shmdt, exit, exec--> nattch 0
 *   IPC_RMID: its key is taken away at once (IPC_PRIVATE, SHM_DEST); the segment goes when nobody has it attached
 *
 * A number is place + sequence * SHMMNI: a segment that is gone is not taken for the one that has its place now. The
 * table of places is allocated with the first segment.
 */
#include "fs/vfs.h"
#include "asm/uaccess.h"
#include "kernel/syscalls.h"
#include "lib/text.h"
#include "mm/internal.h"
#include "mm/vmalloc.h"

#define SHMMNI 4096u
#define SEQUENCES 0x7fffu
#define SHMMAX 0x7fffffffu

#define IPC_PRIVATE 0
#define IPC_CREAT 01000
#define IPC_EXCL 02000
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_64 0x100
#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_REMAP 040000
#define SHM_EXEC 0100000
#define SHM_DEST 01000u
#define SHM_RIGHTS 0777u

struct shmid_kernel {
    s32 id, key;
    u32 uid, gid, cuid, cgid, mode; /* mode: rights and SHM_DEST */
    u32 size, nattch;
    s32 cpid, lpid;
    s64 atime, dtime, ctime;
    struct file *file;
};

/* What programs see. */
struct shmid64_ds {
    s32 key;
    u32 uid, gid, cuid, cgid;
    u16 mode, pad1, seq, pad2;
    u32 unused1, unused2;
    u32 size;
    u32 atime, atime_high, dtime, dtime_high, ctime, ctime_high;
    s32 cpid, lpid;
    u32 nattch, unused4, unused5;
};
_Static_assert(sizeof(struct shmid64_ds) == 84, "i386 ABI");

static struct shmid_kernel **segments; /* SHMMNI places; NULL until the first is made */
static u32 next_sequence;

static s64 now(void) { return current_time().tv_sec; }

static struct shmid_kernel *find_segment(s32 id)
{
    struct shmid_kernel *segment = segments && id >= 0 ? segments[(u32)id % SHMMNI] : NULL;
    return segment && segment->id == id ? segment : NULL;
}

static struct shmid_kernel *find_key(s32 key)
{
    for (u32 i = 0; segments && i < SHMMNI; i++)
        if (segments[i] && segments[i]->key == key)
            return segments[i];
    return NULL;
}

static bool may_change(const struct shmid_kernel *segment)
{
    return !current->euid || current->euid == segment->uid || current->euid == segment->cuid;
}

/* wanted: rights as in the last octal digit. */
static bool permitted(const struct shmid_kernel *segment, u32 wanted)
{
    u32 mode = segment->mode;
    if (!current->euid)
        return true;
    if (may_change(segment))
        mode >>= 6;
    else if (current->egid == segment->gid || current->egid == segment->cgid)
        mode >>= 3;
    return (mode & wanted) == wanted;
}

static void destroy(struct shmid_kernel *segment)
{
    segments[(u32)segment->id % SHMMNI] = NULL;
    fput(segment->file);
    kfree(segment);
}

/* ---- attached ---- */

static struct shmid_kernel *segment_of(const struct vm_area_struct *vma) { return vma->vm_file->private_data; }

static void shm_open(struct vm_area_struct *vma)
{
    struct shmid_kernel *segment = segment_of(vma);
    segment->nattch++;
    segment->atime = now();
    segment->lpid = current->tgid;
}

static void shm_close(struct vm_area_struct *vma)
{
    struct shmid_kernel *segment = segment_of(vma);
    segment->nattch--;
    segment->dtime = now();
    segment->lpid = current->tgid;
    if (!segment->nattch && (segment->mode & SHM_DEST))
        destroy(segment);
}

/* Those of the file below, with the counting added. */
static struct vm_operations_struct shm_vm_ops;
static struct file_operations shm_file_operations;
static int (*file_mmap)(struct file *file, struct vm_area_struct *vma);

static int shm_mmap(struct file *file, struct vm_area_struct *vma)
{
    int error = file_mmap(file, vma);
    if (error)
        return error;
    shm_vm_ops = *vma->vm_ops;
    shm_vm_ops.open = shm_open;
    shm_vm_ops.close = shm_close;
    vma->vm_ops = &shm_vm_ops;
    shm_open(vma);
    return 0;
}

static struct file *segment_file(s32 key, u32 size)
{
    char name[16];
    snprintf(name, sizeof(name), "/SYSV%08x", (u32)key);
    struct file *file = shmem_file_named(name, size);
    if (IS_ERR(file))
        return file;
    file_mmap = file->f_op->mmap;
    shm_file_operations = *file->f_op;
    shm_file_operations.mmap = shm_mmap;
    file->f_op = &shm_file_operations;
    return file;
}

/* ---- shmget ---- */

static int free_place(void)
{
    for (u32 i = 0; i < SHMMNI; i++)
        if (!segments[i])
            return (int)i;
    return -ENOSPC;
}

static long make_segment(s32 key, u32 size, int flags)
{
    if (!size || size > SHMMAX)
        return -EINVAL;
    if (!segments) {
        struct shmid_kernel **table = kvzalloc(SHMMNI * sizeof(*segments));
        if (segments) /* another task made it while we slept */
            kvfree(table);
        else
            segments = table;
    }
    struct shmid_kernel *segment = segments ? kzalloc(sizeof(*segment), GFP_KERNEL) : NULL;
    struct file *file = segment ? segment_file(key, size) : ERR_PTR(-ENOMEM);
    int place = IS_ERR(file) ? (int)PTR_ERR(file) : free_place();
    if (place < 0) {
        if (!IS_ERR(file))
            fput(file);
        kfree(segment);
        return place;
    }
    s32 id = (s32)((u32)place + next_sequence++ % SEQUENCES * SHMMNI);
    *segment = (struct shmid_kernel){.id = id,
                                     .key = key,
                                     .uid = current->euid,
                                     .gid = current->egid,
                                     .cuid = current->euid,
                                     .cgid = current->egid,
                                     .mode = (u32)flags & SHM_RIGHTS,
                                     .size = size,
                                     .cpid = current->tgid,
                                     .ctime = now(),
                                     .file = file};
    file->private_data = segment;
    segments[place] = segment;
    return id;
}

long sys_shmget(s32 key, u32 size, int flags)
{
    const struct shmid_kernel *segment = key == IPC_PRIVATE ? NULL : find_key(key);
    u32 wanted = ((u32)flags >> 6 | (u32)flags >> 3 | (u32)flags) & 7;
    if (!segment)
        return key == IPC_PRIVATE || (flags & IPC_CREAT) ? make_segment(key, size, flags) : -ENOENT;
    if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
        return -EEXIST;
    if (!permitted(segment, wanted))
        return -EACCES;
    return size > segment->size ? -EINVAL : segment->id;
}

/* ---- shmat, shmdt ---- */

static long check_place(u32 *addr, u32 size, int flags)
{
    if (*addr & ~PAGE_MASK) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        *addr &= PAGE_MASK;
    }
    if (!*addr)
        return flags & SHM_REMAP ? -EINVAL : 0;
    const struct vm_area_struct *vma = find_vma(current->mm, *addr);
    return !(flags & SHM_REMAP) && vma && vma->vm_start < *addr + size ? -EINVAL : 0;
}

long sys_shmat(s32 id, u32 addr, int flags)
{
    struct shmid_kernel *segment = find_segment(id);
    bool writable = !(flags & SHM_RDONLY);
    if (!segment)
        return -EINVAL;
    long error = check_place(&addr, segment->size, flags);
    if (error)
        return error;
    if (!permitted(segment, writable ? MAY_READ | MAY_WRITE : MAY_READ))
        return -EACCES;
    unsigned long prot = PROT_READ | (writable ? PROT_WRITE : 0) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    struct file *file = segment->file;
    get_file(file); /* the segment may go while do_mmap sleeps */
    unsigned long at = do_mmap_pgoff(file, addr, segment->size, prot, MAP_SHARED | (addr ? MAP_FIXED : 0), 0);
    fput(file);
    return (long)at;
}

/* All parts that are left of the attachment that begins at addr. */
long sys_shmdt(u32 addr)
{
    struct mm_struct *mm = current->mm;
    const struct vm_area_struct *vma = addr & ~PAGE_MASK ? NULL : find_vma(mm, addr);
    if (!vma || vma->vm_start != addr || vma->vm_ops != &shm_vm_ops || vma->vm_pgoff)
        return -EINVAL;
    const struct file *file = vma->vm_file;
    while (vma && vma->vm_ops == &shm_vm_ops && vma->vm_file == file &&
           vma->vm_start == addr + (vma->vm_pgoff << PAGE_SHIFT)) {
        unsigned long start = vma->vm_start, end = vma->vm_end;
        if (do_munmap(mm, start, end - start))
            return -ENOMEM;
        vma = find_vma(mm, end);
    }
    return 0;
}

/* ---- shmctl ---- */

static long copy_status(const struct shmid_kernel *s, void __user *to)
{
    struct shmid64_ds status = {.key = s->key,
                                .uid = s->uid,
                                .gid = s->gid,
                                .cuid = s->cuid,
                                .cgid = s->cgid,
                                .mode = (u16)s->mode,
                                .seq = (u16)((u32)s->id / SHMMNI),
                                .size = s->size,
                                .atime = (u32)s->atime,
                                .dtime = (u32)s->dtime,
                                .ctime = (u32)s->ctime,
                                .cpid = s->cpid,
                                .lpid = s->lpid,
                                .nattch = s->nattch};
    if (!permitted(s, MAY_READ))
        return -EACCES;
    return copy_to_user(to, &status, sizeof(status)) ? -EFAULT : 0;
}

static long set_owner(s32 id, const void __user *from)
{
    struct shmid64_ds wanted;
    if (copy_from_user(&wanted, from, sizeof(wanted)))
        return -EFAULT;
    struct shmid_kernel *segment = find_segment(id);
    if (!segment)
        return -EINVAL;
    if (!may_change(segment))
        return -EPERM;
    segment->uid = wanted.uid;
    segment->gid = wanted.gid;
    segment->mode = (segment->mode & ~SHM_RIGHTS) | (wanted.mode & SHM_RIGHTS);
    segment->ctime = now();
    return 0;
}

static long remove_segment(struct shmid_kernel *segment)
{
    if (!may_change(segment))
        return -EPERM;
    segment->key = IPC_PRIVATE;
    segment->mode |= SHM_DEST;
    if (!segment->nattch)
        destroy(segment);
    return 0;
}

long sys_shmctl(s32 id, int command, void __user *argument)
{
    struct shmid_kernel *segment = find_segment(id);
    if (!segment)
        return -EINVAL;
    switch (command & ~IPC_64) {
    case IPC_RMID: return remove_segment(segment);
    case IPC_STAT: return copy_status(segment, argument);
    case IPC_SET: return set_owner(id, argument);
    default: return -EINVAL;
    }
}

/* ---- the one number that older programs use ---- */

#define SHMAT 21u
#define SHMDT 22u
#define SHMGET 23u
#define SHMCTL 24u

static long ipc_shmat(s32 id, u32 addr, int flags, u32 __user *result)
{
    long at = sys_shmat(id, addr, flags);
    if (IS_ERR_VALUE((unsigned long)at))
        return at;
    return put_user_u32((u32)at, result);
}

long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 pointer)
{
    switch (call & 0xffff) {
    case SHMAT: return ipc_shmat(first, pointer, (int)second, (u32 __user *)(unsigned long)third);
    case SHMDT: return sys_shmdt(pointer);
    case SHMGET: return sys_shmget(first, second, (int)third);
    case SHMCTL: return sys_shmctl(first, (int)second, (void __user *)(unsigned long)pointer);
    default: return -ENOSYS;
    }
}

/* ---- /proc/sysvipc/shm ---- */

int proc_sysvipc_shm(char *buf, int size)
{
    struct text t = {buf, size, 0};
    text(&t, "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime"
             "      ctime        rss       swap\n");
    for (u32 i = 0; segments && i < SHMMNI; i++) {
        const struct shmid_kernel *s = segments[i];
        if (!s)
            continue;
        text(&t, "%10d %10d  %4o %10u %5d %5d  %5u %5u %5u %5u %5u ", s->key, s->id, s->mode, s->size, s->cpid, s->lpid,
             s->nattch, s->uid, s->gid, s->cuid, s->cgid);
        text(&t, "%10llu %10llu %10llu %10lu %10lu\n", (u64)s->atime, (u64)s->dtime, (u64)s->ctime,
             s->file->f_mapping->nrpages << PAGE_SHIFT, 0ul);
    }
    return t.length;
}
