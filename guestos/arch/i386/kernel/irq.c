/*
 * The two 8259 interrupt controllers (Intel 8259A data sheet) and the handlers of their sixteen lines.
 *
 * Lines 0-7 arrive as vectors 0x20-0x27, 8-15 as 0x28-0x2F through line 2. A line is masked until it has a handler.
 * do_IRQ acknowledges first (specific to the state of the in-service register, so that spurious interrupts 7 and 15 get
 * no end-of-interrupt of their own), then runs the handler with interrupts off.
 */
#include "kernel/init.h"
#include "kernel/sched.h"
#include "asm/io.h"
#include "asm/irqflags.h"
#include "asm/setup.h"
#include "asm/traps.h"
#include "mm/slab.h"

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xA0
#define ICW1_INIT_NEED_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_READ_ISR 0x0B
#define CASCADE_LINE 2

/* Who wants to hear of a line. Lines of the PCI bus are shared: each handler finds out whether it is meant. */
struct irq_action {
    irq_handler_t handler;
    const char *name;
    void *owner;
    struct irq_action *next;
};

const struct pt_regs *irq_regs;
static struct irq_action *irq_actions[NR_IRQS];
unsigned long irq_counts[NR_IRQS];
static u16 irq_mask = 0xffff & ~(1u << CASCADE_LINE);

static void write_mask(void)
{
    outb((u8)irq_mask, PIC_MASTER + 1);
    outb((u8)(irq_mask >> 8), PIC_SLAVE + 1);
}

void init_IRQ(void)
{
    outb(ICW1_INIT_NEED_ICW4, PIC_MASTER);
    outb(FIRST_IRQ_VECTOR, PIC_MASTER + 1);
    outb(1u << CASCADE_LINE, PIC_MASTER + 1);
    outb(ICW4_8086, PIC_MASTER + 1);
    outb(ICW1_INIT_NEED_ICW4, PIC_SLAVE);
    outb(FIRST_IRQ_VECTOR + 8, PIC_SLAVE + 1);
    outb(CASCADE_LINE, PIC_SLAVE + 1);
    outb(ICW4_8086, PIC_SLAVE + 1);
    write_mask();
}

int request_irq(unsigned irq, irq_handler_t handler, const char *name, void *owner)
{
    if (irq >= NR_IRQS || irq == CASCADE_LINE)
        return -EINVAL;
    struct irq_action *action = kmalloc(sizeof(*action), GFP_KERNEL);
    if (!action)
        return -ENOMEM;
    unsigned long flags = local_irq_save();
    *action = (struct irq_action){handler, name, owner, irq_actions[irq]};
    irq_actions[irq] = action;
    irq_mask &= (u16) ~(1u << irq);
    write_mask();
    local_irq_restore(flags);
    return 0;
}

static bool in_service(u16 pic)
{
    outb(OCW3_READ_ISR, pic);
    return inb(pic) & 0x80;
}

/* False: nobody asked for this interrupt. */
static bool acknowledge(unsigned irq)
{
    if (irq == 7 && !in_service(PIC_MASTER))
        return false;
    bool spurious_slave = irq == 15 && !in_service(PIC_SLAVE);
    if (irq >= 8 && !spurious_slave)
        outb(OCW2_EOI, PIC_SLAVE);
    outb(OCW2_EOI, PIC_MASTER);
    return !spurious_slave;
}

void do_IRQ(struct pt_regs *regs)
{
    unsigned irq = regs->orig_eax + 256;
    regs->orig_eax = (u32)-1;
    if (!acknowledge(irq))
        return;
    irq_counts[irq]++;
    irq_regs = regs;
    for (const struct irq_action *action = irq_actions[irq]; action; action = action->next)
        action->handler((int)irq, action->owner);
    irq_regs = NULL;
}
