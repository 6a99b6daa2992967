/*
 * The I/O APIC (Intel 82093AA data sheet), mapped at FIX_IO_APIC_BASE: a redirection entry for each interrupt line.
 *
 * Edge-triggered lines are acknowledged before their handler runs, so that an edge during it is not lost; level-
 * triggered ones after it, when the device no longer asks, or they would come twice.
 */
#include "asm/irq.h"
#include "mm/internal.h"

#define IO_APIC_SELECT 0x00
#define IO_APIC_WINDOW 0x10
#define IO_APIC_VERSION 1u
#define IO_APIC_ENTRY(pin) (0x10u + 2u * (pin))
#define ENTRY_ACTIVE_LOW 0x2000u
#define ENTRY_LEVEL 0x8000u
#define ENTRY_MASKED 0x10000u

static struct mp_config mp;

static volatile u32 *io_apic_register(u32 at) { return (volatile u32 *)(fix_to_virt(FIX_IO_APIC_BASE) + at); }

static void io_apic_write(u32 number, u32 value)
{
    *io_apic_register(IO_APIC_SELECT) = number;
    *io_apic_register(IO_APIC_WINDOW) = value;
}

static u32 io_apic_read(u32 number)
{
    *io_apic_register(IO_APIC_SELECT) = number;
    return *io_apic_register(IO_APIC_WINDOW);
}

void io_apic_setup(const struct mp_config *config)
{
    u32 pins;

    mp = *config;
    set_fixmap_pte(fix_to_virt(FIX_IO_APIC_BASE), pfn_pte(mp.ioapic_addr >> PAGE_SHIFT, PAGE_KERNEL_NOCACHE));
    pins = (io_apic_read(IO_APIC_VERSION) >> 16 & 0xff) + 1;
    for (u32 pin = 0; pin < pins; pin++)
        io_apic_write(IO_APIC_ENTRY(pin), ENTRY_MASKED);
    for (unsigned irq = 0; irq < NR_IRQS; irq++)
        if (mp.pin[irq] >= pins)
            mp.pin[irq] = NO_PIN;
    printk(KERN_INFO "I/O APIC %u at %08x, %u pins\n", mp.ioapic_id, mp.ioapic_addr, pins);
}

static const char *io_apic_name(unsigned irq) { return mp.level[irq] ? "IO-APIC-level" : "IO-APIC-edge"; }

static void io_apic_enable(unsigned irq)
{
    u32 flags = (mp.level[irq] ? ENTRY_LEVEL : 0) | (mp.active_low[irq] ? ENTRY_ACTIVE_LOW : 0);

    if (mp.pin[irq] == NO_PIN)
        return;
    io_apic_write(IO_APIC_ENTRY(mp.pin[irq]) + 1, apic_id() << 24);
    io_apic_write(IO_APIC_ENTRY(mp.pin[irq]), flags | (FIRST_IRQ_VECTOR + irq));
}

static bool io_apic_ack(unsigned irq)
{
    if (!mp.level[irq])
        ack_APIC_irq();
    return true;
}

static void io_apic_end(unsigned irq)
{
    if (mp.level[irq])
        ack_APIC_irq();
}

static bool io_apic_pending(unsigned irq) { return apic_vector_pending(FIRST_IRQ_VECTOR + irq); }

const struct irq_chip ioapic_chip = {io_apic_name, io_apic_enable, io_apic_ack, io_apic_end, io_apic_pending};
