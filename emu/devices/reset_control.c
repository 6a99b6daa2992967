/* Ports 0x92 and 0xCF9: see reset_control.h. */
#include "emu/devices/reset_control.h"

#define PORT_92_RESET 0x01u
#define PORT_92_A20 0x02u
#define REGISTER_KIND 0x02u
#define REGISTER_RESET 0x04u

static void pulse(const struct irq_line *line) {
    irq_set(line, true);
    irq_set(line, false);
}

void reset_control_init(struct reset_control *control, struct irq_line reset, struct irq_line a20) {
    *control = (struct reset_control){.reset = reset, .a20 = a20};
    irq_set(&control->a20, false);
}

static uint32_t port_92_read(void *device, uint64_t offset, unsigned size) {
    const struct reset_control *control = device;
    (void)size;
    return offset == 0 ? control->port_92 : 0xFF;
}

static void port_92_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct reset_control *control = device;
    (void)size;
    if (offset != 0)
        return;
    bool resets = (value & PORT_92_RESET) && !(control->port_92 & PORT_92_RESET);
    control->port_92 = value & (PORT_92_RESET | PORT_92_A20);
    irq_set(&control->a20, value & PORT_92_A20);
    if (resets)
        pulse(&control->reset);
}

static uint32_t register_read(void *device, uint64_t offset, unsigned size) {
    const struct reset_control *control = device;
    return offset == 0 && size == 1 ? control->reset_register : UINT32_MAX;
}

static void register_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct reset_control *control = device;
    if (offset != 0 || size != 1)
        return;
    control->reset_register = value & REGISTER_KIND;
    if (value & REGISTER_RESET)
        pulse(&control->reset);
}

void reset_control_ranges(struct reset_control *control, struct io_range ranges[RESET_CONTROL_RANGES]) {
    static const struct io_ops port_92_ops = {port_92_read, port_92_write};
    static const struct io_ops register_ops = {register_read, register_write};
    ranges[0] = (struct io_range){0x92, 1, &port_92_ops, control};
    ranges[1] = (struct io_range){0xCF9, 1, &register_ops, control};
}
