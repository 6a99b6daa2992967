/* The 16550A: see uart.h for the model. */
#include "emu/devices/uart.h"

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

#define IER_RECEIVE 0x01u
#define IER_TRANSMIT 0x02u
#define IER_LINE 0x04u
#define IER_MODEM 0x08u

#define IIR_NONE 0x01u
#define IIR_MODEM 0x00u
#define IIR_TRANSMIT 0x02u
#define IIR_RECEIVE 0x04u
#define IIR_LINE 0x06u
#define IIR_TIMEOUT 0x0Cu
#define IIR_FIFOS 0xC0u

#define FCR_ENABLE 0x01u
#define FCR_CLEAR_RECEIVE 0x02u

#define LCR_DIVISOR 0x80u

#define MCR_DTR 0x01u
#define MCR_RTS 0x02u
#define MCR_OUT1 0x04u
#define MCR_OUT2 0x08u
#define MCR_LOOPBACK 0x10u

#define LSR_DATA_READY 0x01u
#define LSR_OVERRUN 0x02u
#define LSR_TRANSMITTER_EMPTY 0x60u /* holding and shift register */

#define MSR_CTS 0x10u
#define MSR_DSR 0x20u
#define MSR_RING 0x40u
#define MSR_CARRIER 0x80u

#define BITS_A_CHARACTER 10u
#define TIMEOUT_CHARACTERS 4u

static uint8_t cause(const struct uart *uart) {
    if ((uart->ier & IER_LINE) && uart->line_errors)
        return IIR_LINE;
    if ((uart->ier & IER_RECEIVE) && uart->fifo_count >= (uart->fifo_enabled ? uart->trigger : 1u))
        return IIR_RECEIVE;
    if ((uart->ier & IER_RECEIVE) && uart->timeout_cause)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_TRANSMIT) && uart->transmit_cause)
        return IIR_TRANSMIT;
    if ((uart->ier & IER_MODEM) && uart->modem_delta)
        return IIR_MODEM;
    return IIR_NONE;
}

static void update_irq(struct uart *uart) { irq_set(&uart->irq, cause(uart) != IIR_NONE); }

static vtime character_time(const struct uart *uart) {
    vtime divisor = uart->divisor ? uart->divisor : 1;
    return divisor * BITS_A_CHARACTER * 1000000000ull / UART_CLOCK_HZ;
}

static bool fifo_has_room(const struct uart *uart) {
    return uart->fifo_count < (uart->fifo_enabled ? UART_FIFO_BYTES : 1u);
}

static bool line_is_open(const struct uart *uart) {
    return !(uart->mcr & MCR_LOOPBACK) && ((uart->mcr & MCR_RTS) || (uart->ier & IER_RECEIVE));
}

static void schedule_arrival(struct uart *uart) {
    bool wanted = uart->queue_read != uart->queue_written && fifo_has_room(uart) && line_is_open(uart);
    if (!wanted)
        vtimer_cancel(uart->clock, &uart->arrival);
    else if (uart->arrival.due == VTIME_NEVER)
        vtimer_arm(uart->clock, &uart->arrival, uart->clock->now + character_time(uart));
}

/* Traffic on the receive side starts the timeout anew (data sheet, "FIFO interrupt mode operation"). */
static void schedule_silence(struct uart *uart) {
    uart->timeout_cause = false;
    if (uart->fifo_enabled && uart->fifo_count)
        vtimer_arm(uart->clock, &uart->silence, uart->clock->now + TIMEOUT_CHARACTERS * character_time(uart));
    else
        vtimer_cancel(uart->clock, &uart->silence);
}

static void fifo_clear(struct uart *uart) {
    uart->fifo_first = uart->fifo_count = 0;
    schedule_silence(uart);
}

static void fifo_put(struct uart *uart, uint8_t byte) {
    if (!fifo_has_room(uart)) {
        uart->line_errors |= LSR_OVERRUN;
        if (!uart->fifo_enabled)
            uart->fifo[uart->fifo_first] = byte; /* the single receive buffer is overwritten; a full FIFO is kept */
        return;
    }
    uart->fifo[(uart->fifo_first + uart->fifo_count) % UART_FIFO_BYTES] = byte;
    uart->fifo_count++;
    schedule_silence(uart);
}

static uint8_t fifo_take(struct uart *uart) {
    if (!uart->fifo_count)
        return 0;
    uint8_t byte = uart->fifo[uart->fifo_first];
    uart->fifo_first = (uart->fifo_first + 1) % UART_FIFO_BYTES;
    uart->fifo_count--;
    schedule_silence(uart);
    schedule_arrival(uart);
    return byte;
}

static void byte_arrives(void *owner, vtime now) {
    struct uart *uart = owner;
    (void)now;
    if (uart->queue_read != uart->queue_written && fifo_has_room(uart))
        fifo_put(uart, uart->queue[uart->queue_read++ % UART_QUEUE_BYTES]);
    schedule_arrival(uart);
    update_irq(uart);
}

static void line_is_silent(void *owner, vtime now) {
    struct uart *uart = owner;
    (void)now;
    uart->timeout_cause = true;
    update_irq(uart);
}

void uart_init(struct uart *uart, struct vclock *clock, struct irq_line irq, struct byte_sink transmit) {
    *uart = (struct uart){.clock = clock, .irq = irq, .transmit = transmit, .trigger = 1, .divisor = 12};
    vtimer_init(&uart->arrival, byte_arrives, uart);
    vtimer_init(&uart->silence, line_is_silent, uart);
}

size_t uart_receive(struct uart *uart, const void *bytes, size_t count) {
    const uint8_t *from = bytes;
    size_t taken = 0;
    while (taken < count && uart->queue_written - uart->queue_read < UART_QUEUE_BYTES)
        uart->queue[uart->queue_written++ % UART_QUEUE_BYTES] = from[taken++];
    schedule_arrival(uart);
    return taken;
}

/* The modem's inputs: a peer that is always there, or our own outputs in loopback. */
static uint8_t modem_inputs(const struct uart *uart) {
    if (!(uart->mcr & MCR_LOOPBACK))
        return MSR_CTS | MSR_DSR | MSR_CARRIER;
    return (uint8_t)((uart->mcr & MCR_RTS ? MSR_CTS : 0u) | (uart->mcr & MCR_DTR ? MSR_DSR : 0u) |
                     (uart->mcr & MCR_OUT1 ? MSR_RING : 0u) | (uart->mcr & MCR_OUT2 ? MSR_CARRIER : 0u));
}

static void write_mcr(struct uart *uart, uint8_t value) {
    uint8_t before = modem_inputs(uart);
    uart->mcr = value & 0x1Fu;
    uint8_t after = modem_inputs(uart);
    uint8_t changed = before ^ after;
    changed &= (uint8_t) ~(after & MSR_RING); /* only the ring's trailing edge counts */
    uart->modem_delta |= (uint8_t)(changed >> 4);
    schedule_arrival(uart);
}

static void write_fcr(struct uart *uart, uint8_t value) {
    static const uint8_t triggers[4] = {1, 4, 8, 14};
    bool enable = value & FCR_ENABLE;
    bool toggled = enable != uart->fifo_enabled;
    uart->fifo_enabled = enable;
    if (toggled || (enable && (value & FCR_CLEAR_RECEIVE)))
        fifo_clear(uart);
    if (enable)
        uart->trigger = triggers[value >> 6];
    schedule_arrival(uart);
}

static void write_ier(struct uart *uart, uint8_t value) {
    uint8_t enabled = value & (uint8_t)~uart->ier;
    uart->ier = value & 0x0Fu;
    if (enabled & IER_TRANSMIT)
        uart->transmit_cause = true; /* enabling it while the transmitter is empty raises it */
    schedule_arrival(uart);
}

static void transmit(struct uart *uart, uint8_t byte) {
    uart->transmit_cause = false;
    update_irq(uart); /* the write takes the cause away; the empty transmitter brings a new edge below */
    if (uart->mcr & MCR_LOOPBACK)
        fifo_put(uart, byte);
    else
        sink_put(&uart->transmit, byte);
    uart->transmit_cause = true;
}

static void write_data(struct uart *uart, uint8_t value) {
    if (uart->lcr & LCR_DIVISOR)
        uart->divisor = (uint16_t)((uart->divisor & 0xFF00u) | value);
    else
        transmit(uart, value);
}

static void uart_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct uart *uart = device;
    switch (offset) {
    case REG_DATA: write_data(uart, value); break;
    case REG_IER:
        if (uart->lcr & LCR_DIVISOR)
            uart->divisor = (uint16_t)((uart->divisor & 0x00FFu) | (unsigned)value << 8);
        else
            write_ier(uart, value);
        break;
    case REG_IIR_FCR: write_fcr(uart, value); break;
    case REG_LCR: uart->lcr = value; break;
    case REG_MCR: write_mcr(uart, value); break;
    case REG_SCRATCH: uart->scratch = value; break;
    default: break; /* LSR and MSR are read-only */
    }
    update_irq(uart);
}

static uint8_t read_iir(struct uart *uart) {
    uint8_t now = cause(uart);
    if (now == IIR_TRANSMIT)
        uart->transmit_cause = false; /* reading IIR acknowledges this cause when it is the one shown */
    return (uint8_t)(now | (uart->fifo_enabled ? IIR_FIFOS : 0u));
}

static uint8_t read_lsr(struct uart *uart) {
    uint8_t value = (uint8_t)(LSR_TRANSMITTER_EMPTY | uart->line_errors | (uart->fifo_count ? LSR_DATA_READY : 0u));
    uart->line_errors = 0;
    return value;
}

static uint8_t read_msr(struct uart *uart) {
    uint8_t value = modem_inputs(uart) | uart->modem_delta;
    uart->modem_delta = 0;
    return value;
}

static uint8_t read_register(struct uart *uart, uint64_t offset) {
    bool divisor = uart->lcr & LCR_DIVISOR;
    switch (offset) {
    case REG_DATA: return divisor ? (uint8_t)uart->divisor : fifo_take(uart);
    case REG_IER: return divisor ? (uint8_t)(uart->divisor >> 8) : uart->ier;
    case REG_IIR_FCR: return read_iir(uart);
    case REG_LCR: return uart->lcr;
    case REG_MCR: return uart->mcr;
    case REG_LSR: return read_lsr(uart);
    case REG_MSR: return read_msr(uart);
    case REG_SCRATCH: return uart->scratch;
    default: return 0xFF;
    }
}

static uint8_t uart_read_byte(void *device, uint64_t offset) {
    struct uart *uart = device;
    uint8_t value = read_register(uart, offset);
    update_irq(uart);
    return value;
}

static uint32_t uart_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, uart_read_byte);
}

static void uart_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, uart_write_byte);
}

void uart_ranges(struct uart *uart, struct io_range ranges[UART_RANGES]) {
    static const struct io_ops ops = {uart_read, uart_write};
    ranges[0] = (struct io_range){0x3F8, 8, &ops, uart};
}
