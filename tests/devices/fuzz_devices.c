/*
 * Fuzz target: all devices on one board, driven by a script of bytes: port and memory accesses of any offset and size,
 * interrupts taken, time passing, console and keyboard input, guest RAM (with DMA descriptors in it) being rewritten.
 *
 * Besides not crashing it demands that, after every step, the CPU's interrupt line says what the PIC says, no timer is
 * due in the past, and one access or one millisecond causes a bounded amount of work.
 */
#include "emu/devices/cmos.h"
#include "emu/devices/debug_console.h"
#include "emu/devices/debug_exit.h"
#include "emu/devices/fw_cfg.h"
#include "emu/devices/io_apic.h"
#include "emu/devices/keyboard.h"
#include "emu/devices/local_apic.h"
#include "emu/devices/pic.h"
#include "emu/devices/pit.h"
#include "emu/devices/post.h"
#include "emu/devices/reset_control.h"
#include "emu/devices/trace_port.h"
#include "emu/devices/uart.h"
#include "emu/devices/vga_text.h"
#include "tests/devices/fuzz_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BYTES 0x8000u
#define RANGES_MAX 64u
#define STEP_NS_MAX 1000000u
#define EDGES_PER_STEP_MAX 5000u /* the PIT's shortest period is two ticks of 838 ns, the RTC's 122 us */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct board {
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
    struct vga_text vga;
    struct debug_exit debug_exit;
    struct debug_console debug_console;
    struct post post;
    struct trace_port trace_port;
    struct io_range range[RANGES_MAX];
    unsigned ranges;
    uint8_t ram[RAM_BYTES];
    uint64_t moved; /* bytes of DMA in this step */
    unsigned edges; /* interrupt line changes in this step */
    bool interrupt;
    uint32_t value;
};

static uint8_t *ram_at(struct board *board, uint64_t physical, size_t size) {
    if (physical > RAM_BYTES || size > RAM_BYTES - physical)
        return NULL;
    board->moved += size;
    return board->ram + physical;
}

static bool ram_read(void *owner, uint64_t physical, void *to, size_t size) {
    const uint8_t *from = ram_at(owner, physical, size);
    if (from)
        memcpy(to, from, size);
    return from != NULL;
}

static bool ram_write(void *owner, uint64_t physical, const void *from, size_t size) {
    uint8_t *to = ram_at(owner, physical, size);
    if (to)
        memcpy(to, from, size);
    return to != NULL;
}

static void set_interrupt(void *owner, unsigned number, bool level) {
    struct board *board = owner;
    (void)number;
    board->interrupt = level;
}

static void set_irq(void *owner, unsigned number, bool level) {
    struct board *board = owner;
    board->edges++;
    pic_set_irq(&board->pic, number, level);
    io_apic_set_pin(&board->io_apic, number, level);
}

/* The PICs' wire: to the CPU's side of the fuzzer and to the local APIC. */
static void set_intr(void *owner, unsigned number, bool level) {
    struct board *board = owner;
    set_interrupt(owner, number, level);
    local_apic_lint(&board->local_apic, 0, level);
}

static void set_apic(void *owner, unsigned number, bool level) {
    (void)number;
    if (level)
        ((struct board *)owner)->edges++;
}

static void send_message(void *owner, struct apic_message message) {
    struct board *board = owner;
    board->edges++;
    local_apic_receive(&board->local_apic, message);
}

static void keep_value(void *owner, uint32_t value) { ((struct board *)owner)->value = value; }
static void keep_byte(void *owner, uint8_t byte) { ((struct board *)owner)->value = byte; }

static void init_devices(struct board *b) {
    struct irq_line none = {0};
    struct byte_sink sink = {keep_byte, b};
    vclock_init(&b->clock);
    local_apic_init(&b->local_apic, &b->clock, (struct irq_line){set_apic, b, 0}, none, io_apic_end_of_interrupt,
                    &b->io_apic);
    io_apic_init(&b->io_apic, send_message, b);
    pic_init(&b->pic, (struct irq_line){set_intr, b, 0});
    pit_init(&b->pit, &b->clock, (struct irq_line){set_irq, b, 0});
    uart_init(&b->uart, &b->clock, (struct irq_line){set_irq, b, 4}, sink);
    cmos_init(&b->cmos, &b->clock, (struct irq_line){set_irq, b, 8}, CMOS_DEFAULT_DATE, RAM_BYTES, 3ull << 30);
    fw_cfg_init(&b->fw_cfg, (struct guest_memory){ram_read, ram_write, b}, RAM_BYTES, 1);
    fw_cfg_add_file(&b->fw_cfg, "opt/fuzz", "some bytes to read", 18);
    keyboard_init(&b->keyboard, (struct irq_line){set_irq, b, 1}, none, none);
    reset_control_init(&b->reset_control, none, none);
    vga_text_init(&b->vga, &b->clock);
    debug_exit_init(&b->debug_exit, keep_value, b);
    debug_console_init(&b->debug_console, sink);
    post_init(&b->post);
    trace_port_init(&b->trace_port, keep_value, b);
}

static void map_devices(struct board *b) {
    struct io_range *at = b->range;
    pic_ranges(&b->pic, at), at += PIC_RANGES;
    pit_ranges(&b->pit, at), at += PIT_RANGES;
    uart_ranges(&b->uart, at), at += UART_RANGES;
    cmos_ranges(&b->cmos, at), at += CMOS_RANGES;
    fw_cfg_ranges(&b->fw_cfg, at), at += FW_CFG_RANGES;
    keyboard_ranges(&b->keyboard, at), at += KEYBOARD_RANGES;
    reset_control_ranges(&b->reset_control, at), at += RESET_CONTROL_RANGES;
    vga_text_port_ranges(&b->vga, at), at += VGA_TEXT_PORT_RANGES;
    vga_text_memory_ranges(&b->vga, at), at += VGA_TEXT_MEMORY_RANGES;
    debug_exit_ranges(&b->debug_exit, at), at += DEBUG_EXIT_RANGES;
    debug_console_ranges(&b->debug_console, at), at += DEBUG_CONSOLE_RANGES;
    post_ranges(&b->post, at), at += POST_RANGES;
    trace_port_ranges(&b->trace_port, at), at += TRACE_PORT_RANGES;
    local_apic_ranges(&b->local_apic, at), at += LOCAL_APIC_RANGES;
    io_apic_ranges(&b->io_apic, at), at += IO_APIC_RANGES;
    b->ranges = (unsigned)(at - b->range);
}

/* Mostly an offset inside the range; sometimes any at all. */
static uint64_t take_offset(struct script *script, const struct io_range *range) {
    uint32_t bits = take(script, 2);
    if (bits >= 0xFF00)
        return bits & 1u ? UINT64_MAX - (bits & 0x0Fu) : range->count + (bits & 0x0Fu);
    return bits % range->count;
}

static void access_device(struct board *board, struct script *script, bool write) {
    static const uint8_t sizes[4] = {1, 2, 4, 1};
    const struct io_range *range = &board->range[take(script, 1) % board->ranges];
    unsigned size = sizes[take(script, 1) & 3u];
    uint64_t offset = take_offset(script, range);
    if (write)
        range->ops->write(range->device, offset, size, take(script, size));
    else
        board->value ^= range->ops->read(range->device, offset, size);
}

/* A fw_cfg DMA descriptor somewhere in RAM, started at once. */
static void start_dma(struct board *board, struct script *script) {
    uint32_t at = take(script, 2) % (RAM_BYTES + 16);
    for (uint32_t i = 0; i < 16 && at + i < RAM_BYTES; i++)
        board->ram[at + i] = (uint8_t)take(script, 1);
    struct io_range ranges[FW_CFG_RANGES];
    fw_cfg_ranges(&board->fw_cfg, ranges);
    ranges[1].ops->write(&board->fw_cfg, 4, 4, __builtin_bswap32(at));
}

static void step(struct board *board, struct script *script) {
    uint8_t bytes[16];
    switch (take(script, 1) % 16) {
    case 0: vclock_advance(&board->clock, board->clock.now + take(script, 3) % STEP_NS_MAX); break;
    case 1:
        if (board->interrupt)
            board->value ^= pic_acknowledge(&board->pic);
        board->value ^= (uint32_t)local_apic_acknowledge(&board->local_apic);
        break;
    case 2:
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)take(script, 1);
        uart_receive(&board->uart, bytes, bytes[0] % sizeof bytes);
        break;
    case 3:
        bytes[0] = (uint8_t)take(script, 1);
        keyboard_key(&board->keyboard, bytes, 1);
        break;
    case 4: start_dma(board, script); break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: access_device(board, script, false); break;
    default: access_device(board, script, true); break;
    }
}

/* What is served is above everything else that is let through, and only level-triggered entries wait for an end. */
static void check_apics(const struct board *board) {
    for (unsigned pin = 0; pin < IO_APIC_PINS; pin++)
        demand(!(board->io_apic.entry[pin] & 0x4000u) || (board->io_apic.entry[pin] & 0x8000u),
               "remote IRR of an edge-triggered entry");
    for (unsigned pin = 0; pin < IO_APIC_PINS; pin++)
        demand((board->io_apic.entry[pin] & 0x1C000u) != 0x8000u || !(board->io_apic.input >> pin & 1u),
               "an asserted level is not served");
    demand(!local_apic_pending(&board->local_apic) || (board->local_apic.spurious & 0x100u),
           "a switched-off local APIC asks");
}

static void check(struct board *board) {
    check_apics(board);
    demand(board->interrupt == pic_pending(&board->pic), "the interrupt line and the PIC disagree");
    demand(vclock_next(&board->clock) >= board->clock.now, "a timer is due in the past");
    demand(board->moved <= 2 * RAM_BYTES, "one access moved more than RAM holds");
    demand(board->edges <= EDGES_PER_STEP_MAX, "an interrupt storm");
    demand(vga_text_screen(&board->vga) + VGA_SCREEN_BYTES <= board->vga.memory + VGA_TEXT_BYTES,
           "the screen leaves its memory");
    demand(vga_text_cursor(&board->vga) <= VGA_SCREEN_CELLS, "the cursor leaves the screen");
    demand(board->uart.fifo_count <= UART_FIFO_BYTES && board->keyboard.count <= KEYBOARD_QUEUE_BYTES,
           "a queue is overfull");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct board board;
    struct script script = {data, data + size};
    board = (struct board){0};
    init_devices(&board);
    map_devices(&board);
    while (script.at < script.end) {
        board.moved = 0;
        board.edges = 0;
        step(&board, &script);
        check(&board);
    }
    return 0;
}
