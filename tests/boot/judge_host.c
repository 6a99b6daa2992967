/* The conversation of judge_script.h with emu/devices alone: judge_host RAM-MIB prints the transcript. */
#include "judge_script.h"

#include "emu/devices/cmos.h"
#include "emu/devices/debug_console.h"
#include "emu/devices/debug_exit.h"
#include "emu/devices/fw_cfg.h"
#include "emu/devices/io_apic.h"
#include "emu/devices/keyboard.h"
#include "emu/devices/local_apic.h"
#include "emu/devices/pic.h"
#include "emu/devices/pit.h"
#include "emu/devices/reset_control.h"
#include "emu/devices/uart.h"

#include <stdio.h>
#include <stdlib.h>

#define RANGES_MAX 32u

static struct {
    struct vclock clock;
    struct pic pic;
    struct local_apic local_apic;
    struct io_apic io_apic;
    struct pit pit;
    struct uart uart;
    struct cmos cmos;
    struct fw_cfg fw_cfg;
    struct keyboard keyboard;
    struct reset_control reset_control;
    struct debug_exit debug_exit;
    struct debug_console debug_console;
    struct io_range range[RANGES_MAX];
    unsigned ranges;
} board;

static const struct io_range *find(uint32_t at) {
    for (unsigned i = 0; i < board.ranges; i++)
        if (at >= board.range[i].base && at - board.range[i].base < board.range[i].count)
            return &board.range[i];
    fprintf(stderr, "judge_host: no device at %#x\n", at);
    exit(2);
}

static uint32_t memory_read(uint32_t address, unsigned size) {
    const struct io_range *range = find(address);
    return range->ops->read(range->device, address - range->base, size);
}

static uint32_t memory_in(uint32_t address) { return memory_read(address, 4); }

static uint8_t memory_in_byte(uint32_t address) { return (uint8_t)memory_read(address, 1); }

static void memory_out(uint32_t address, uint32_t value) {
    const struct io_range *range = find(address);
    range->ops->write(range->device, address - range->base, 4, value);
}

static void send_message(void *owner, struct apic_message message) {
    (void)owner;
    local_apic_receive(&board.local_apic, message);
}

static void line_4(void *owner, unsigned number, bool level) {
    (void)owner;
    pic_set_irq(&board.pic, number, level);
    io_apic_set_pin(&board.io_apic, number, level);
}

static uint8_t port_in(uint16_t port) {
    const struct io_range *range = find(port);
    return (uint8_t)range->ops->read(range->device, port - range->base, 1);
}

static void port_out(uint16_t port, uint8_t value) {
    const struct io_range *range = find(port);
    range->ops->write(range->device, port - range->base, 1, value);
}

static void say(const char *what, uint32_t value) { printf("%s %04x\n", what, value & 0xFFFFu); }

static void make_board(uint64_t ram_bytes) {
    struct io_range *at = board.range;
    struct irq_line none = {0};
    vclock_init(&board.clock);
    local_apic_init(&board.local_apic, &board.clock, none, none, io_apic_end_of_interrupt, &board.io_apic);
    io_apic_init(&board.io_apic, send_message, NULL);
    pic_init(&board.pic, none);
    pit_init(&board.pit, &board.clock, (struct irq_line){pic_set_irq, &board.pic, 0});
    uart_init(&board.uart, &board.clock, (struct irq_line){line_4, NULL, 4}, (struct byte_sink){0});
    cmos_init(&board.cmos, &board.clock, (struct irq_line){pic_set_irq, &board.pic, 8}, CMOS_DEFAULT_DATE, ram_bytes,
              3ull << 30);
    fw_cfg_init(&board.fw_cfg, (struct guest_memory){0}, ram_bytes, 1);
    keyboard_init(&board.keyboard, (struct irq_line){pic_set_irq, &board.pic, 1}, none, none);
    reset_control_init(&board.reset_control, none, none);
    debug_exit_init(&board.debug_exit, NULL, NULL);
    debug_console_init(&board.debug_console, (struct byte_sink){0});
    pic_ranges(&board.pic, at), at += PIC_RANGES;
    pit_ranges(&board.pit, at), at += PIT_RANGES;
    uart_ranges(&board.uart, at), at += UART_RANGES;
    cmos_ranges(&board.cmos, at), at += CMOS_RANGES;
    fw_cfg_ranges(&board.fw_cfg, at), at += FW_CFG_RANGES;
    keyboard_ranges(&board.keyboard, at), at += KEYBOARD_RANGES;
    reset_control_ranges(&board.reset_control, at), at += RESET_CONTROL_RANGES;
    debug_exit_ranges(&board.debug_exit, at), at += DEBUG_EXIT_RANGES;
    debug_console_ranges(&board.debug_console, at), at += DEBUG_CONSOLE_RANGES;
    local_apic_ranges(&board.local_apic, at), at += LOCAL_APIC_RANGES;
    io_apic_ranges(&board.io_apic, at), at += IO_APIC_RANGES;
    board.ranges = (unsigned)(at - board.range);
}

int main(int argc, char **argv) {
    unsigned long mib = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (mib == 0) {
        fprintf(stderr, "usage: %s RAM-MIB\n", argv[0]);
        return 2;
    }
    make_board((uint64_t)mib << 20);
    judge_all();
    return 0;
}
