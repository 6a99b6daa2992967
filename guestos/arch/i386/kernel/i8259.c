/*
 * The two 8259 interrupt controllers (Intel 8259A data sheet).
 *
 * Lines 0-7 arrive as vectors 0x20-0x27, 8-15 as 0x28-0x2F through line 2. A line is masked until it has a handler. The
 * acknowledge looks at the in-service register first, so that spurious interrupts 7 and 15 get no end-of-interrupt of
 * their own.
 */
#include "asm/io.h"
#include "asm/irq.h"

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xA0
#define ICW1_INIT_NEED_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_READ_IRR 0x0A
#define OCW3_READ_ISR 0x0B

static u16 irq_mask = 0xffff & ~(1u << CASCADE_LINE);

static void write_mask(void)
{
    outb((u8)irq_mask, PIC_MASTER + 1);
    outb((u8)(irq_mask >> 8), PIC_SLAVE + 1);
}

void init_8259A(void)
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

void disable_8259A(void)
{
    irq_mask = 0xffff;
    write_mask();
}

static const char *pic_name(unsigned irq)
{
    (void)irq;
    return "XT-PIC";
}

static void pic_enable(unsigned irq)
{
    irq_mask &= (u16) ~(1u << irq);
    write_mask();
}

static bool in_service(u16 pic)
{
    outb(OCW3_READ_ISR, pic);
    return inb(pic) & 0x80;
}

static bool pic_ack(unsigned irq)
{
    if (irq == 7 && !in_service(PIC_MASTER))
        return false;
    bool spurious_slave = irq == 15 && !in_service(PIC_SLAVE);
    if (irq >= 8 && !spurious_slave)
        outb(OCW2_EOI, PIC_SLAVE);
    outb(OCW2_EOI, PIC_MASTER);
    return !spurious_slave;
}

static void pic_end(unsigned irq) { (void)irq; }

static bool pic_pending(unsigned irq)
{
    u16 pic = irq < 8 ? PIC_MASTER : PIC_SLAVE;
    outb(OCW3_READ_IRR, pic);
    return inb(pic) >> (irq & 7) & 1;
}

const struct irq_chip i8259A_chip = {pic_name, pic_enable, pic_ack, pic_end, pic_pending};
