/*
 * The page fault, from the processor's report to its outcome.
 *
 *   do_page_fault            reads CR2; fault_begin ................ fault_end on every path
 *    |
 *    +- kernel_half          address >= TASK_SIZE
 *    |    vmalloc_sync          entry of the kernel's directory missing in this one: copied, retry
 *    |    bad_area              user code: SIGSEGV. Kernel code: fixup or oops
 *    |
 *    +- user_half            address < TASK_SIZE
 *         kernel code without an exception-table entry for it: oops; without an address space: fixup
 *         find_vma, expand_stack, rights        none or refused: bad_area (MAPERR, ACCERR)
 *         do_handle_mm_fault                    memory.c; retry, SIGBUS or out of memory
 *
 * A fault of kernel code inside a user copy is handled like one of user code, but a signal is replaced by the fixup:
 * the copy ends and tells its caller.
 *
 * Error code (SDM volume 3, section 4.7): 1 P, the entry was present; 2 W/R, a write; 4 U/S, user mode; 8 RSVD;
 * 16 I/D, an instruction fetch.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "kernel/signal_struct.h"

#define PF_PROT 0x01u
#define PF_WRITE 0x02u
#define PF_USER 0x04u
#define PF_RSVD 0x08u

struct fault_report {
    struct pt_regs *regs;
    u32 address, error_code;
    enum flt_outcome outcome;
    int signal, si_code;
};

static void tell_branch(enum flt_branch branch) { TRACE(FLT_FAULT_BRANCH, flt_fault_branch, .branch = branch); }

/* ---- how it ends ---- */

/* The task's context of the failing access, for messages and signal frames. */
static void remember_fault(const struct fault_report *report)
{
    current->fault_address = report->address;
    /* A program learns nothing of what is mapped in the kernel's half: there it always sees "present". */
    current->fault_error_code = report->error_code | (report->address >= TASK_SIZE ? PF_PROT : 0);
    current->fault_trap = 14;
}

static void name_killed(const struct fault_report *report, const char *what)
{
    const struct pt_regs *regs = report->regs;

    printk(KERN_WARNING "%s[%d]: %s at %08x ip %08x sp %08x error %x\n", current->comm, current->pid, what,
           report->address, regs->eip, user_mode(regs) ? regs->esp : 0, report->error_code);
}

static void user_signal(struct fault_report *report, int signal, int si_code)
{
    tell_branch(signal == SIGBUS ? FLT_BRANCH_SIGBUS : FLT_BRANCH_SEGV);
    report->outcome = FLT_OUTCOME_SIGNAL;
    report->signal = signal;
    report->si_code = si_code;
    remember_fault(report);
    if (unhandled_signal(current, signal))
        name_killed(report, signal == SIGBUS ? "bus error" : "segfault");
    force_sig_fault(signal, si_code, report->address);
}

static void print_walk(u32 address)
{
    u32 pgd = swapper_pg_dir[pgd_index(address)].pgd, cr3 = read_cr3() & PTE_PFN_MASK;
    u32 entry = ((const pgd_t *)__va(cr3))[pgd_index(address)].pgd;

    printk(KERN_ALERT "cr3 %08x, directory entry %08x (kernel's %08x)\n", cr3, entry, pgd);
    if ((entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT && (entry >> PAGE_SHIFT) < max_low_pfn)
        printk(KERN_ALERT "table entry %08x\n", ((const pte_t *)__va(entry & PTE_PFN_MASK))[pte_index(address)].pte);
}

static void tell_end(const struct fault_report *report)
{
    TRACE(FLT_FAULT_END, flt_fault_end, .outcome = report->outcome, .signal = (u32)report->signal,
          .si_code = (u32)report->si_code);
}

/* A bug of the kernel: the task that ran into it ends; without a task to end, or inside init, the machine stops. */
static void oops(struct fault_report *report)
{
    tell_branch(FLT_BRANCH_OOPS);
    report->outcome = FLT_OUTCOME_OOPS;
    tell_end(report);
    printk(KERN_ALERT "BUG: unable to handle kernel %s at %08x, ip %08x, error %x\n",
           report->address < PAGE_SIZE ? "NULL pointer dereference" : "paging request", report->address,
           report->regs->eip, report->error_code);
    print_walk(report->address);
    show_registers(report->regs);
    if (!current->mm || current->pid <= 1 || irqs_disabled())
        panic("fatal page fault in kernel code");
    do_exit(SIGKILL);
}

/* Kernel code touched memory that it may not: the exception table says where it goes on. */
static void fixup_or_oops(struct fault_report *report)
{
    u32 fixup = search_exception_table(report->regs->eip);

    if (!fixup) {
        oops(report);
        return;
    }
    tell_branch(FLT_BRANCH_FIXUP);
    report->outcome = FLT_OUTCOME_FIXUP;
    report->regs->eip = fixup;
}

static void bad_area(struct fault_report *report, int si_code)
{
    if (user_mode(report->regs))
        user_signal(report, SIGSEGV, si_code);
    else
        fixup_or_oops(report);
}

/* No memory for the fault. The task dies if it is the one that the OOM killer chose, or was to die anyway; else somebody
 * else's memory comes back and the access is tried again. */
static void fault_out_of_memory(struct fault_report *report)
{
    tell_branch(FLT_BRANCH_OOM);
    if (!current->memdie && !fatal_signal_pending(current))
        pagefault_out_of_memory();
    if (!current->memdie && !fatal_signal_pending(current))
        return;
    name_killed(report, "out of memory, killed,");
    report->outcome = FLT_OUTCOME_KILLED;
    report->signal = SIGKILL;
    send_signal(current, SIGKILL, NULL);
    if (!user_mode(report->regs))
        fixup_or_oops(report); /* ends the copy; the signal acts on the way back to user mode */
}

static void bus_error(struct fault_report *report)
{
    if (user_mode(report->regs))
        user_signal(report, SIGBUS, BUS_ADRERR);
    else
        fixup_or_oops(report);
}

/* ---- the kernel's half ---- */

/* vmalloc adds entries to swapper_pg_dir only; each address space fetches them when it first needs them. */
static bool vmalloc_sync(u32 address)
{
    pgd_t *ours = (pgd_t *)__va(read_cr3() & PTE_PFN_MASK) + pgd_index(address);
    const pgd_t *kernels = pgd_offset_k(address);

    if (!(kernels->pgd & _PAGE_PRESENT) || (ours->pgd & _PAGE_PRESENT))
        return false;
    ours->pgd = kernels->pgd;
    return true;
}

static void kernel_half(struct fault_report *report)
{
    if (!(report->error_code & (PF_RSVD | PF_USER | PF_PROT)) && vmalloc_sync(report->address)) {
        tell_branch(FLT_BRANCH_VMALLOC_SYNC);
        return;
    }
    bad_area(report, SEGV_MAPERR);
}

/* ---- the user's half ---- */

static const char *vma_label(const struct vm_area_struct *vma, char *buf, int size)
{
    const struct mm_struct *mm = vma->vm_mm;

    if (vma->vm_file)
        return vma_file_name(vma, buf, size);
    if (mm->start_brk && vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk)
        return "[heap]";
    return vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack ? "[stack]" : "";
}

/* A name that is too long is told by its end, from a slash on. */
static void copy_name(char *to, size_t size, const char *name)
{
    size_t length = strlen(name);
    const char *tail = length < size ? name : name + length - (size - 4);

    if (length >= size) {
        if (strchr(tail, '/'))
            tail = strchr(tail, '/');
        strlcpy(to, "...", size);
        to += 3;
        size -= 3;
    }
    strlcpy(to, tail, size);
}

/* vma NULL: no region at the address. */
static void tell_vma(const struct vm_area_struct *vma, unsigned long grown_from)
{
    struct flt_fault_vma record = {.stack_grown_from = (u32)grown_from};
    char path[256];
    const char *name;

    if (likely(!trace_enabled))
        return;
    if (vma) {
        record.start = (u32)vma->vm_start;
        record.end = (u32)vma->vm_end;
        record.vm_flags = (u32)vma->vm_flags;
        record.pgoff = (u32)vma->vm_pgoff;
        record.file_inode = vma->vm_file ? vma->vm_file->f_inode->i_ino : 0;
        name = vma_label(vma, path, sizeof(path));
        if (name && !IS_ERR(name))
            copy_name(record.name, sizeof(record.name), name);
    }
    trace_emit(&record.head, FLT_FAULT_VMA, sizeof(record));
}

/* The region that address belongs to, grown to it when it is a stack; NULL: none. */
static struct vm_area_struct *find_region(struct mm_struct *mm, u32 address)
{
    struct vm_area_struct *vma = find_vma(mm, address);
    unsigned long grown_from = 0;

    if (vma && vma->vm_start > address) {
        grown_from = vma->vm_start;
        if (expand_stack(vma, address))
            vma = NULL;
    }
    tell_vma(vma, vma ? grown_from : 0);
    return vma;
}

static bool access_allowed(const struct vm_area_struct *vma, u32 error_code)
{
    return error_code & PF_WRITE ? vma->vm_flags & VM_WRITE : vma_is_accessible(vma);
}

/* The VMA part, under mmap_sem. Returns the si_code of a refusal, 0 when *result holds handle_mm_fault's answer. */
static int resolve(const struct fault_report *report, struct mm_struct *mm, unsigned *result)
{
    struct vm_area_struct *vma = find_region(mm, report->address);
    unsigned flags = (trace_enabled ? FAULT_FLAG_STORY : 0) | (report->error_code & PF_WRITE ? FAULT_FLAG_WRITE : 0);

    if (!vma)
        return SEGV_MAPERR;
    if (!access_allowed(vma, report->error_code))
        return SEGV_ACCERR;
    *result = do_handle_mm_fault(mm, vma, report->address, flags);
    return 0;
}

static void count_fault(unsigned result)
{
    if (result & VM_FAULT_MAJOR) {
        current->maj_flt++;
        count_vm_event(PGMAJFAULT);
    } else {
        current->min_flt++;
    }
}

static void user_half(struct fault_report *report)
{
    struct mm_struct *mm = current->mm;
    unsigned result = 0;
    int refused;

    if (!user_mode(report->regs) && (!mm || !search_exception_table(report->regs->eip))) {
        fixup_or_oops(report);
        return;
    }
    down_read(&mm->mmap_sem);
    refused = report->error_code & PF_RSVD ? SEGV_ACCERR : resolve(report, mm, &result);
    up_read(&mm->mmap_sem);

    if (refused)
        bad_area(report, refused);
    else if (result & VM_FAULT_OOM)
        fault_out_of_memory(report);
    else if (result & VM_FAULT_SIGBUS)
        bus_error(report);
    else
        count_fault(result);
}

void do_page_fault(struct pt_regs *regs, u32 error_code)
{
    struct fault_report report = {
        .regs = regs, .address = read_cr2(), .error_code = error_code, .outcome = FLT_OUTCOME_RETRY};

    TRACE(FLT_FAULT_BEGIN, flt_fault_begin, .address = report.address, .error_code = error_code, .ip = regs->eip,
          .sp = user_mode(regs) ? regs->esp : (u32)(regs + 1), .pgd_phys = read_cr3() & PTE_PFN_MASK);
    /* CR2 is saved: interrupts may come again if they could before. */
    if (regs->eflags & 0x200)
        local_irq_enable();
    if (report.address >= TASK_SIZE)
        kernel_half(&report);
    else
        user_half(&report);
    tell_end(&report);
}
