/*
 * A 16550A UART (ports 0x3F8-0x3FF, interrupt 4): the console.
 *
 * The model. A byte written to the transmitter is out at once: the transmitter is always empty, and "became
 * empty" is raised again after each write. Received bytes wait in a queue that stands for the other end of the
 * line; one byte a character time moves into the receive FIFO (16 bytes, or 1 with FIFOs off) while there is
 * room. The other end obeys flow control: it sends only while the guest asserts RTS or enables the receive
 * interrupt, so that input given before the guest set up its driver is not lost, and never overruns.
 *
 * What it keeps true:
 *   - the interrupt line is high exactly while IIR shows a cause;
 *   - the receive cause appears at the trigger level, the timeout cause after four character times without
 *     traffic while bytes wait below it;
 *   - in loopback nothing leaves and nothing enters; transmitted bytes are received at once (overrun possible).
 * OUT2 does not gate the interrupt line (as on QEMU; on an ISA card it does).
 *
 * Source: National Semiconductor PC16550D data sheet.
 */
#ifndef FAULTLINE_UART_H
#define FAULTLINE_UART_H

#include "emu/devices/io_bytes.h"

#define UART_FIFO_BYTES 16u
#define UART_QUEUE_BYTES 65536u /* a power of two */
#define UART_CLOCK_HZ 115200u   /* bits a second with divisor 1 */

struct uart {
    uint8_t ier, lcr, mcr, scratch;
    uint8_t line_errors; /* overrun, parity, framing, break bits of LSR, until LSR is read */
    uint8_t modem_delta; /* low four bits of MSR, until MSR is read */
    uint8_t trigger;     /* 1, 4, 8 or 14 */
    uint16_t divisor;
    bool fifo_enabled, transmit_cause, timeout_cause;
    uint8_t fifo[UART_FIFO_BYTES];
    unsigned fifo_first, fifo_count;
    uint8_t queue[UART_QUEUE_BYTES];
    uint32_t queue_read, queue_written; /* free-running */
    struct vclock *clock;
    struct vtimer arrival, silence; /* next byte of the queue; receive timeout */
    struct irq_line irq;
    struct byte_sink transmit;
};

/* irq: interrupt 4. transmit gets every byte that leaves. clock must outlive the device. */
void uart_init(struct uart *uart, struct vclock *clock, struct irq_line irq, struct byte_sink transmit);

/* The other end of the line sends. Returns the number of bytes taken (less than count when the queue is full).
 * Call it with clock->now up to date, from the thread that runs the machine. */
size_t uart_receive(struct uart *uart, const void *bytes, size_t count);

#define UART_RANGES 1
void uart_ranges(struct uart *uart, struct io_range ranges[UART_RANGES]);

#endif
