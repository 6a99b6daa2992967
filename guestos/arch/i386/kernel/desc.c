/*
 * The GDT and the one TSS.
 *
 * Kept true: the GDT's three TLS entries are those of the running task; the TSS names the top of the running task's
 * kernel stack. Nothing else in either changes after boot. The I/O bitmap lies beyond the TSS limit: programs have no
 * ports.
 */
#include "asm/desc.h"
#include "asm/uaccess.h"
#include "kernel/syscalls.h"

#define FLAT_CODE(dpl) (0x00CF9B000000FFFFull | (u64)(dpl) << 45) /* base 0, limit 4 GiB, 32-bit, accessed */
#define FLAT_DATA(dpl) (0x00CF93000000FFFFull | (u64)(dpl) << 45)
#define TSS_SELECTOR (GDT_ENTRY_TSS * 8)

static u64 gdt[GDT_ENTRIES] __attribute__((aligned(8))) = {
    [__KERNEL_CS >> 3] = FLAT_CODE(0),
    [__KERNEL_DS >> 3] = FLAT_DATA(0),
    [__USER_CS >> 3] = FLAT_CODE(3),
    [__USER_DS >> 3] = FLAT_DATA(3),
};

extern const struct descriptor_pointer gdt_pointer; /* boot.S loads it */
const struct descriptor_pointer gdt_pointer = {sizeof(gdt) - 1, (u32)gdt};

static struct tss tss;

static u64 tss_descriptor(u32 base, u32 limit)
{
    u64 low = (limit & 0xffff) | (base & 0xffff) << 16;
    u64 high = ((base >> 16) & 0xff) | 0x8900u | (limit & 0xf0000) | (base & 0xff000000);
    return high << 32 | low;
}

void tss_init(void)
{
    tss.ss0 = __KERNEL_DS;
    tss.io_bitmap_base = sizeof(tss);
    gdt[GDT_ENTRY_TSS] = tss_descriptor((u32)&tss, sizeof(tss) - 1);
    tss_set_kernel_stack(&init_task);
    __asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
    __asm__ volatile("lldt %w0" : : "r"(0)); /* there is no LDT: a selector that names it raises #GP */
}

void tss_set_kernel_stack(const struct task_struct *task) { tss.esp0 = (u32)task->stack + THREAD_SIZE; }

/* Empties FS and GS, so that the way out to the program loads them from the new descriptors (entry.S). */
void load_tls(const struct task_struct *task)
{
    __asm__ volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(0));
    for (unsigned i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
        gdt[GDT_ENTRY_TLS_MIN + i] = task->tls_array[i];
}

/* ---- set_thread_area: struct user_desc, four words ---- */

struct user_desc {
    u32 entry_number, base_addr, limit, flags;
};

#define DESC_SEG_32BIT 0x01u
#define DESC_CONTENTS(flags) (((flags) >> 1) & 3)
#define DESC_READ_EXEC_ONLY 0x08u
#define DESC_LIMIT_IN_PAGES 0x10u
#define DESC_SEG_NOT_PRESENT 0x20u
#define DESC_USEABLE 0x40u
#define DESC_EMPTY_FLAGS (DESC_READ_EXEC_ONLY | DESC_SEG_NOT_PRESENT)

static bool user_desc_is_empty(const struct user_desc *desc)
{
    return !desc->base_addr && !desc->limit && (desc->flags & 0x7f) == DESC_EMPTY_FLAGS;
}

static u64 encode_user_desc(const struct user_desc *desc)
{
    if (user_desc_is_empty(desc) || !(desc->base_addr | desc->limit | (desc->flags & 0x7f)))
        return 0;
    u32 type = 0x11 | (desc->flags & DESC_READ_EXEC_ONLY ? 0 : 2) | DESC_CONTENTS(desc->flags) << 2;
    u32 high = (desc->base_addr & 0xff000000) | ((desc->base_addr >> 16) & 0xff) | (desc->limit & 0xf0000) | type << 8 |
               3u << 13;
    if (!(desc->flags & DESC_SEG_NOT_PRESENT))
        high |= 1u << 15;
    if (desc->flags & DESC_USEABLE)
        high |= 1u << 20;
    if (desc->flags & DESC_SEG_32BIT)
        high |= 1u << 22;
    if (desc->flags & DESC_LIMIT_IN_PAGES)
        high |= 1u << 23;
    return (u64)high << 32 | (desc->limit & 0xffff) | (desc->base_addr & 0xffff) << 16;
}

static int free_tls_entry(const struct task_struct *task)
{
    for (unsigned i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++) {
        if (!task->tls_array[i])
            return (int)i;
    }
    return -ESRCH;
}

/* What Linux accepts: 32-bit data segments that are present, or an empty entry. */
static bool tls_desc_allowed(const struct user_desc *desc)
{
    if (user_desc_is_empty(desc) || !(desc->base_addr | desc->limit | (desc->flags & 0x7f)))
        return true;
    return (desc->flags & DESC_SEG_32BIT) && DESC_CONTENTS(desc->flags) < 2 && !(desc->flags & DESC_SEG_NOT_PRESENT);
}

int set_tls_descriptor(struct task_struct *task, const void __user *user_desc, bool allocate, void __user *write_back)
{
    struct user_desc desc;
    if (copy_from_user(&desc, user_desc, sizeof(desc)))
        return -EFAULT;
    if (!tls_desc_allowed(&desc))
        return -EINVAL;
    int index = (int)desc.entry_number - GDT_ENTRY_TLS_MIN;
    if (desc.entry_number == ~0u && allocate) {
        index = free_tls_entry(task);
        if (index < 0)
            return index;
        if (put_user_u32((u32)index + GDT_ENTRY_TLS_MIN, write_back))
            return -EFAULT;
    }
    if (index < 0 || index >= GDT_ENTRY_TLS_ENTRIES)
        return -EINVAL;
    task->tls_array[index] = encode_user_desc(&desc);
    if (task == current)
        load_tls(task);
    return 0;
}

long sys_set_thread_area(void __user *user_desc) { return set_tls_descriptor(current, user_desc, true, user_desc); }

long sys_get_thread_area(void __user *user_desc)
{
    u32 entry;
    if (get_user_u32(&entry, user_desc))
        return -EFAULT;
    if (entry - GDT_ENTRY_TLS_MIN >= GDT_ENTRY_TLS_ENTRIES)
        return -EINVAL;
    u64 d = current->tls_array[entry - GDT_ENTRY_TLS_MIN];
    u32 low = (u32)d, high = (u32)(d >> 32);
    struct user_desc desc = {entry, (low >> 16) | (high & 0xff) << 16 | (high & 0xff000000),
                             (low & 0xffff) | (high & 0xf0000), 0};
    desc.flags = (high >> 22 & 1) | (high >> 10 & 3) << 1 | (high & 0x200 ? 0 : DESC_READ_EXEC_ONLY) |
                 (high >> 23 & 1) << 4 | (high & 0x8000 ? 0 : DESC_SEG_NOT_PRESENT) | (high >> 20 & 1) << 6;
    return copy_to_user(user_desc, &desc, sizeof(desc)) ? -EFAULT : 0;
}
