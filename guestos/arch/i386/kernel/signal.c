/*
 * Signal frames: what Linux i386 puts on a program's stack, to the byte, because programs, libraries and debuggers read
 * it.
 *
 *   sigframe (no SA_SIGINFO)     return address, signal, sigcontext, unused fpstate, upper mask, code of sigreturn
 *   rt_sigframe (SA_SIGINFO)     return address, signal, &info, &uc, siginfo, ucontext, code of rt_sigreturn
 *   above either, 64-byte aligned at its FXSAVE part: the FPU state
 *
 * At the handler's first instruction ESP + 4 is a multiple of 16, EAX is the signal's number, EDX and ECX are &info and
 * &uc (0 without SA_SIGINFO). Everything that sigreturn reads comes from the program and is checked or forced:
 * privilege, flags, MXCSR.
 */
#include "asm/desc.h"
#include "asm/fpu.h"
#include "asm/irqflags.h"
#include "asm/traps.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

#define NR_RESTART_SYSCALL 0
#define INT80_BYTES 2
#define EFLAGS_USER 0x00050dd5u /* AC RF OF DF TF SF ZF AF PF CF: what a program may set by sigreturn */
#define EFLAGS_TF 0x100u
#define EFLAGS_DF 0x400u
#define EFLAGS_RF 0x10000u
#define FPSTATE_ALIGN 64u

struct sigcontext {
    u32 gs, fs, es, ds; /* selectors, upper halves 0 */
    u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
    u32 trapno, err, eip, cs, eflags, esp_at_signal, ss;
    u32 fpstate, oldmask, cr2;
};

_Static_assert(sizeof(struct sigcontext) == 88, "i386 ABI");

/* The state in the form of FSAVE, then FXSAVE's 512 bytes. */
struct fpstate {
    u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
    u8 st[8][10];
    u16 status, magic; /* magic 0: FXSAVE data follow */
    struct fxsave fx;
};

_Static_assert(offsetof(struct fpstate, fx) == 112 && sizeof(struct fpstate) == 624, "i386 ABI");

struct sigframe {
    u32 pretcode;
    int sig;
    struct sigcontext sc;
    u8 fpstate_unused[624];
    u32 extramask;
    u8 retcode[8];
};

struct ucontext {
    u32 flags, link;
    u32 stack_sp, stack_flags, stack_size;
    struct sigcontext mcontext;
    u32 sigmask[2];
};

struct rt_sigframe {
    u32 pretcode;
    int sig;
    u32 pinfo, puc;
    u8 info[128];
    struct ucontext uc;
    u8 retcode[8];
};

_Static_assert(sizeof(struct sigframe) == 8 + 88 + 624 + 4 + 8, "i386 ABI");
_Static_assert(offsetof(struct rt_sigframe, uc) == 16 + 128, "i386 ABI");

/* ---- FPU state in a frame ---- */

/* FSAVE's tag word: 0 valid, 1 zero, 2 special, 3 empty, two bits a physical register (SDM volume 1, section 8.1.7). */
static u32 tag_of(const u8 *st)
{
    u16 exponent, words[4];
    memcpy(&exponent, st + 8, 2);
    memcpy(words, st, 8);
    bool zero = !(words[0] | words[1] | words[2] | words[3]);
    if ((exponent & 0x7fff) == 0x7fff)
        return 2;
    if (!(exponent & 0x7fff))
        return zero ? 1 : 2;
    return words[3] & 0x8000 ? 0 : 2;
}

static u32 full_tag_word(const struct fxsave *fx)
{
    u32 tags = 0xffff0000, top = (fx->fsw >> 11) & 7;
    for (u32 physical = 0; physical < 8; physical++) {
        u32 tag = 3;
        if (fx->ftw & (1u << physical))
            tag = tag_of(fx->st[(physical - top) & 7]);
        tags |= tag << (2 * physical);
    }
    return tags;
}

static int save_fpstate(struct fpstate __user *to)
{
    struct fpstate state;
    fxsave_to(current->fpu_state);
    memcpy(&state.fx, current->fpu_state, FXSAVE_BYTES);
    const struct fxsave *fx = &state.fx;
    state.cw = fx->fcw | 0xffff0000u;
    state.sw = fx->fsw | 0xffff0000u;
    state.tag = full_tag_word(fx);
    state.ipoff = fx->fip;
    state.cssel = fx->fcs | (u32)fx->fop << 16;
    state.dataoff = fx->fdp;
    state.datasel = fx->fds | 0xffff0000u;
    for (int i = 0; i < 8; i++)
        memcpy(state.st[i], fx->st[i], 10);
    state.status = fx->fsw;
    state.magic = 0;
    return copy_to_user(to, &state, sizeof(state)) ? -EFAULT : 0;
}

static int restore_fpstate(u32 address)
{
    struct fxsave fx;
    if (!address)
        return fpu_exec();
    if (copy_from_user(&fx, (const void __user *)(address + offsetof(struct fpstate, fx)), sizeof(fx)))
        return -EFAULT;
    fx.mxcsr &= fpu_mxcsr_mask();
    memcpy(current->fpu_state, &fx, sizeof(fx));
    fxrstor_from(current->fpu_state);
    return 0;
}

/* ---- registers in a frame ---- */

static struct sigcontext context_of(const struct pt_regs *regs, u32 fpstate, sigset_t mask)
{
    return (struct sigcontext){.gs = regs->gs & 0xffff,
                               .fs = regs->fs & 0xffff,
                               .es = regs->es & 0xffff,
                               .ds = regs->ds & 0xffff,
                               .edi = regs->edi,
                               .esi = regs->esi,
                               .ebp = regs->ebp,
                               .esp = regs->esp,
                               .ebx = regs->ebx,
                               .edx = regs->edx,
                               .ecx = regs->ecx,
                               .eax = regs->eax,
                               .trapno = current->fault_trap,
                               .err = current->fault_error_code,
                               .eip = regs->eip,
                               .cs = regs->cs & 0xffff,
                               .eflags = regs->eflags,
                               .esp_at_signal = regs->esp,
                               .ss = regs->ss & 0xffff,
                               .fpstate = fpstate,
                               .oldmask = (u32)mask,
                               .cr2 = current->fault_address};
}

static int restore_context(struct pt_regs *regs, const struct sigcontext __user *from)
{
    struct sigcontext sc;
    current->restart.run = NULL;
    if (copy_from_user(&sc, from, sizeof(sc)))
        return -EFAULT;
    *regs = (struct pt_regs){.ebx = sc.ebx,
                             .ecx = sc.ecx,
                             .edx = sc.edx,
                             .esi = sc.esi,
                             .edi = sc.edi,
                             .ebp = sc.ebp,
                             .eax = sc.eax,
                             .ds = sc.ds & 0xffff,
                             .es = sc.es & 0xffff,
                             .fs = sc.fs & 0xffff,
                             .gs = sc.gs & 0xffff,
                             .orig_eax = (u32)-1,
                             .eip = sc.eip,
                             .cs = (sc.cs & 0xffff) | 3,
                             .eflags = (regs->eflags & ~EFLAGS_USER) | (sc.eflags & EFLAGS_USER),
                             .esp = sc.esp,
                             .ss = (sc.ss & 0xffff) | 3};
    return restore_fpstate(sc.fpstate);
}

static long bad_frame(void)
{
    force_sig_fault(SIGSEGV, SI_KERNEL, 0);
    return 0;
}

long sys_sigreturn(void)
{
    struct pt_regs *regs = task_pt_regs(current);
    const struct sigframe __user *frame = (const struct sigframe __user *)(regs->esp - 8);
    u32 low, high;
    if (get_user_u32(&low, &frame->sc.oldmask) || get_user_u32(&high, &frame->extramask))
        return bad_frame();
    set_current_blocked(low | (u64)high << 32);
    return restore_context(regs, &frame->sc) ? bad_frame() : (long)regs->eax;
}

long sys_rt_sigreturn(void)
{
    struct pt_regs *regs = task_pt_regs(current);
    const struct rt_sigframe __user *frame = (const struct rt_sigframe __user *)(regs->esp - 4);
    sigset_t mask;
    if (copy_from_user(&mask, &frame->uc.sigmask, sizeof(mask)))
        return bad_frame();
    set_current_blocked(mask);
    if (restore_context(regs, &frame->uc.mcontext))
        return bad_frame();
    do_sigaltstack(&frame->uc.stack_sp, regs->esp); /* a refusal changes nothing */
    return (long)regs->eax;
}

/* ---- making a frame ---- */

struct frame_place {
    u32 frame, fpstate; /* addresses; frame 0: the alternate stack is too small */
};

static struct frame_place place_frame(const struct ksignal *ksig, const struct pt_regs *regs, u32 size)
{
    u32 sp = regs->esp;
    bool nested = on_sig_stack(sp), entering = false;
    if ((ksig->action.flags & SA_ONSTACK) && sas_ss_flags(sp) == 0) {
        sp = current->sas_ss_sp + current->sas_ss_size;
        entering = true;
    } else if (!nested && regs->ss != __USER_DS && !(ksig->action.flags & SA_RESTORER) && ksig->action.restorer) {
        sp = ksig->action.restorer;
    }
    u32 fx = (sp - FXSAVE_BYTES) & ~(FPSTATE_ALIGN - 1);
    u32 fpstate = fx - offsetof(struct fpstate, fx);
    u32 frame = ((fpstate - size + 4) & ~15u) - 4;
    if ((nested || entering) && !on_sig_stack(frame))
        frame = 0;
    return (struct frame_place){frame, fpstate};
}

static const u8 sigreturn_code[8] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80}; /* pop %eax; mov $119, %eax; int $0x80 */
static const u8 rt_sigreturn_code[8] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0}; /* mov $173, %eax; int $0x80 */

static sigset_t mask_to_save(void) { return current->restore_sigmask ? current->saved_sigmask : current->blocked; }

static int setup_frame(const struct ksignal *ksig, const struct pt_regs *regs, const struct frame_place *place)
{
    struct sigframe frame = {0};
    sigset_t mask = mask_to_save();
    u32 retcode = place->frame + offsetof(struct sigframe, retcode);
    frame.pretcode = ksig->action.flags & SA_RESTORER ? ksig->action.restorer : retcode;
    frame.sig = ksig->signal;
    frame.sc = context_of(regs, place->fpstate, mask);
    frame.extramask = (u32)(mask >> 32);
    memcpy(frame.retcode, sigreturn_code, sizeof(sigreturn_code));
    return copy_to_user((void __user *)place->frame, &frame, sizeof(frame)) ? -EFAULT : 0;
}

static int setup_rt_frame(const struct ksignal *ksig, const struct pt_regs *regs, const struct frame_place *place)
{
    struct rt_sigframe frame = {0};
    sigset_t mask = mask_to_save();
    u32 retcode = place->frame + offsetof(struct rt_sigframe, retcode);
    frame.pretcode = ksig->action.flags & SA_RESTORER ? ksig->action.restorer : retcode;
    frame.sig = ksig->signal;
    frame.pinfo = place->frame + offsetof(struct rt_sigframe, info);
    frame.puc = place->frame + offsetof(struct rt_sigframe, uc);
    frame.uc = (struct ucontext){.stack_sp = current->sas_ss_sp,
                                 .stack_flags = sas_ss_flags(regs->esp),
                                 .stack_size = current->sas_ss_size,
                                 .mcontext = context_of(regs, place->fpstate, mask),
                                 .sigmask = {(u32)mask, (u32)(mask >> 32)}};
    memcpy(frame.retcode, rt_sigreturn_code, sizeof(rt_sigreturn_code));
    if (copy_to_user((void __user *)place->frame, &frame, sizeof(frame)))
        return -EFAULT;
    return copy_siginfo_to_user((void __user *)frame.pinfo, &ksig->info);
}

static void enter_handler(const struct ksignal *ksig, struct pt_regs *regs, u32 frame)
{
    bool siginfo = ksig->action.flags & SA_SIGINFO;
    regs->esp = frame;
    regs->eip = ksig->action.handler;
    regs->eax = (u32)ksig->signal;
    regs->edx = siginfo ? frame + offsetof(struct rt_sigframe, info) : 0;
    regs->ecx = siginfo ? frame + offsetof(struct rt_sigframe, uc) : 0;
    regs->ds = regs->es = regs->ss = __USER_DS;
    regs->cs = __USER_CS;
    regs->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
}

static int setup_handler(const struct ksignal *ksig, struct pt_regs *regs)
{
    bool siginfo = ksig->action.flags & SA_SIGINFO;
    struct frame_place place = place_frame(ksig, regs, siginfo ? sizeof(struct rt_sigframe) : sizeof(struct sigframe));
    if (!place.frame || save_fpstate((struct fpstate __user *)place.fpstate))
        return -EFAULT;
    int error = siginfo ? setup_rt_frame(ksig, regs, &place) : setup_frame(ksig, regs, &place);
    if (!error)
        enter_handler(ksig, regs, place.frame);
    return error;
}

/* ---- interrupted system calls ---- */

static void restart_call(struct pt_regs *regs, u32 number)
{
    regs->eax = number;
    regs->eip -= INT80_BYTES;
}

/* A handler runs: the call ends with EINTR, or is made again when the handler returns. */
static void interrupt_call_for_handler(struct pt_regs *regs, const struct k_sigaction *action)
{
    if ((int)regs->orig_eax < 0)
        return;
    switch (-(int)regs->eax) {
    case ERESTART_RESTARTBLOCK:
    case ERESTARTNOHAND: regs->eax = (u32)-EINTR; break;
    case ERESTARTSYS:
        if (!(action->flags & SA_RESTART)) {
            regs->eax = (u32)-EINTR;
            break;
        }
        restart_call(regs, regs->orig_eax);
        break;
    case ERESTARTNOINTR: restart_call(regs, regs->orig_eax); break;
    default: break;
    }
}

/* No handler ran: the program never learns of the interruption. */
static void restart_call_without_handler(struct pt_regs *regs)
{
    if ((int)regs->orig_eax < 0)
        return;
    switch (-(int)regs->eax) {
    case ERESTARTNOHAND:
    case ERESTARTSYS:
    case ERESTARTNOINTR: restart_call(regs, regs->orig_eax); break;
    case ERESTART_RESTARTBLOCK: restart_call(regs, NR_RESTART_SYSCALL); break;
    default: break;
    }
}

/* The frame did not fit: that is a fault of the program at its stack; a SIGSEGV that cannot be delivered ends it. */
static void frame_failed(const struct ksignal *ksig)
{
    if (ksig->signal == SIGSEGV)
        current->sighand->action[SIGSEGV - 1].handler = SIG_DFL;
    force_sig_fault(SIGSEGV, SI_KERNEL, 0);
}

void do_signal(struct pt_regs *regs)
{
    struct ksignal ksig;
    if (get_signal(&ksig)) {
        interrupt_call_for_handler(regs, &ksig.action);
        if (setup_handler(&ksig, regs))
            frame_failed(&ksig);
        else
            signal_delivered(&ksig);
        return;
    }
    restart_call_without_handler(regs);
    restore_saved_sigmask_unless(false);
}
