/*
 * The handlers of the sixteen interrupt lines; asm/irq.h says where the interrupts come from. do_IRQ acknowledges, then
 * runs the handler with interrupts off, then ends the interrupt.
 */
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/setup.h"
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/sched.h"
#include "mm/slab.h"

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
static const struct irq_chip *irq_chip = &i8259A_chip;

void init_IRQ(void)
{
    struct mp_config config;
    char unused[8];

    init_8259A();
    if (command_line_option("noapic", unused, sizeof(unused)) || !cpu_has_apic() || !find_mp_config(&config))
        return;
    disable_8259A();
    apic_setup(config.lapic_addr);
    io_apic_setup(&config);
    irq_chip = &ioapic_chip;
}

bool irq_is_pending(unsigned irq) { return irq_chip->pending(irq); }

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
    irq_chip->enable(irq);
    local_irq_restore(flags);
    return 0;
}

void do_IRQ(struct pt_regs *regs)
{
    unsigned irq = regs->orig_eax + 256;
    regs->orig_eax = (u32)-1;
    if (!irq_chip->ack(irq))
        return;
    irq_counts[irq]++;
    irq_regs = regs;
    for (const struct irq_action *action = irq_actions[irq]; action; action = action->next)
        action->handler((int)irq, action->owner);
    irq_regs = NULL;
    irq_chip->end(irq);
}

/* /proc/interrupts */
int show_interrupts(char *buf, int size)
{
    int length = scnprintf(buf, (size_t)size, "           CPU0       \n");

    for (unsigned irq = 0; irq < NR_IRQS; irq++) {
        const struct irq_action *action = irq_actions[irq];
        if (!action)
            continue;
        length += scnprintf(buf + length, (size_t)(size - length), "%3u: %10lu  %14s  %s", irq, irq_counts[irq],
                            irq_chip->name(irq), action->name);
        while ((action = action->next) != NULL)
            length += scnprintf(buf + length, (size_t)(size - length), ", %s", action->name);
        length += scnprintf(buf + length, (size_t)(size - length), "\n");
    }
    return length;
}
