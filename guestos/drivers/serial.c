/*
 * The 16550A UART at 0x3F8, IRQ 4.
 *
 * Output is polled: when the status says that the transmitter is empty, a whole FIFO of bytes may follow without
 * another look, so that a byte costs little more than its OUT. It works before everything else does and in any
 * context. Input is by interrupt: each byte goes to the terminal's line discipline.
 */
#include "asm/io.h"
#include "asm/irqflags.h"
#include "drivers/tty.h"
#include "kernel/init.h"

#define PORT 0x3F8
#define IRQ 4
#define DATA (PORT + 0) /* DLL with DLAB */
#define IER (PORT + 1)  /* DLM with DLAB */
#define FCR (PORT + 2)  /* IIR when read */
#define LCR (PORT + 3)
#define MCR (PORT + 4)
#define LSR (PORT + 5)
#define IER_RECEIVED 0x01
#define FCR_ENABLE_AND_CLEAR 0x07 /* interrupt at one byte */
#define IIR_FIFO 0xC0
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS_OUT2 0x0B /* OUT2 gates the interrupt line */
#define LSR_RECEIVED 0x01
#define LSR_EMPTY 0x20
#define POLL_LIMIT 1000000 /* a transmitter that never empties must not hang the kernel */

static u32 fifo_size = 1;

void console_init(void)
{
    outb(0, IER);
    outb(LCR_DLAB | LCR_8N1, LCR);
    outb(1, DATA); /* 115200 baud */
    outb(0, IER);
    outb(LCR_8N1, LCR);
    outb(FCR_ENABLE_AND_CLEAR, FCR);
    outb(MCR_DTR_RTS_OUT2, MCR);
    fifo_size = (inb(FCR) & IIR_FIFO) == IIR_FIFO ? 16 : 1;
}

static void wait_for_room(void)
{
    for (int i = 0; i < POLL_LIMIT && !(inb(LSR) & LSR_EMPTY); i++)
        ;
}

void console_write(const char *bytes, size_t count)
{
    while (count) {
        u32 burst = min_t(u32, count, fifo_size);
        unsigned long flags = local_irq_save();
        wait_for_room();
        for (u32 i = 0; i < burst; i++)
            outb((u8)bytes[i], DATA);
        local_irq_restore(flags);
        bytes += burst;
        count -= burst;
    }
}

static void serial_interrupt(int irq, void *owner)
{
    struct tty_struct *tty = owner;
    bool any = false;
    (void)irq;
    inb(FCR);
    while (inb(LSR) & LSR_RECEIVED) {
        n_tty_receive(tty, inb(DATA));
        any = true;
    }
    if (any)
        n_tty_wake(tty);
}

void serial_start_input(struct tty_struct *tty)
{
    if (request_irq(IRQ, serial_interrupt, "ttyS0", tty)) {
        printk(KERN_ERR "ttyS0: IRQ %d is taken, no input\n", IRQ);
        return;
    }
    outb(IER_RECEIVED, IER);
}
