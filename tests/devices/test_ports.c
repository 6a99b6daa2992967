/* The small devices: keyboard controller, reset ports, debug ports, POST, trace port, VGA text. */
#include "tests/devices/rig.h"
#include "emu/devices/debug_console.h"
#include "emu/devices/debug_exit.h"
#include "emu/devices/keyboard.h"
#include "emu/devices/post.h"
#include "emu/devices/reset_control.h"
#include "emu/devices/trace_port.h"
#include "emu/devices/vga_text.h"

struct fixture {
    struct bus bus;
    struct wire irq, reset, a20;
    struct keyboard keyboard;
    struct reset_control control;
};

static struct fixture *make_keyboard(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[KEYBOARD_RANGES];
    keyboard_init(&f->keyboard, wire_line(&f->irq), wire_line(&f->reset), wire_line(&f->a20));
    keyboard_ranges(&f->keyboard, ranges);
    bus_add(&f->bus, ranges, KEYBOARD_RANGES);
    return f;
}

static void expect_bytes(struct fixture *f, const uint8_t *bytes, unsigned count, const char *what) {
    for (unsigned i = 0; i < count; i++) {
        cr_assert(in(&f->bus, 0x64) & 1u, "%s: byte %u is missing", what, i);
        cr_assert_eq(in(&f->bus, 0x60), bytes[i], "%s: byte %u", what, i);
    }
    cr_assert(!(in(&f->bus, 0x64) & 1u), "%s: too many bytes", what);
}

Test(keyboard, controller_commands_answer) {
    struct fixture *f = make_keyboard();
    static const struct {
        uint8_t command, answer;
    } cases[] = {{0xAA, 0x55}, {0xAB, 0x00}, {0x20, 0x44}, {0xC0, 0x80}, {0xD0, 0xCF}, {0xA9, 0x02}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        out(&f->bus, 0x64, cases[i].command);
        cr_assert(in(&f->bus, 0x64) & 8u, "the last write was a command");
        expect_bytes(f, &cases[i].answer, 1, "controller");
    }
}

Test(keyboard, keyboard_commands_answer) {
    struct fixture *f = make_keyboard();
    static const struct {
        uint8_t command, answer[3];
        unsigned count;
    } cases[] = {{0xFF, {0xFA, 0xAA}, 2}, {0xF2, {0xFA, 0xAB, 0x41}, 3},
                 {0xEE, {0xEE}, 1},       {0xF4, {0xFA}, 1},
                 {0xED, {0xFA}, 1},       {0x07, {0xFA}, 1},
                 {0xF0, {0xFA}, 1},       {0x00, {0xFA, 0x02}, 2},
                 {0xF3, {0xFA}, 1},       {0x20, {0xFA}, 1},
                 {0x99, {0xFE}, 1}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        out(&f->bus, 0x60, cases[i].command);
        expect_bytes(f, cases[i].answer, cases[i].count, "keyboard");
    }
}

Test(keyboard, every_byte_is_an_interrupt) {
    struct fixture *f = make_keyboard();
    static const uint8_t codes[3] = {0xE0, 0x48, 0x1E};
    cr_assert(keyboard_key(&f->keyboard, codes, 3));
    cr_assert(!f->irq.level, "not enabled yet");
    out(&f->bus, 0x64, 0x60);
    out(&f->bus, 0x60, 0x45);
    cr_assert(f->irq.level);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(f->irq.rises, i + 1);
        cr_assert_eq(in(&f->bus, 0x60), codes[i]);
    }
    cr_assert(!f->irq.level);
    cr_assert_eq(in(&f->bus, 0x60), 0x1E, "an empty buffer shows the last byte");
}

Test(keyboard, keys_are_lost_when_off_or_full) {
    struct fixture *f = make_keyboard();
    uint8_t codes[KEYBOARD_QUEUE_BYTES + 1] = {0};
    cr_assert(!keyboard_key(&f->keyboard, codes, KEYBOARD_QUEUE_BYTES + 1));
    out(&f->bus, 0x64, 0xAD);
    cr_assert(!keyboard_key(&f->keyboard, codes, 1));
    out(&f->bus, 0x64, 0xAE);
    cr_assert(keyboard_key(&f->keyboard, codes, KEYBOARD_QUEUE_BYTES));
    cr_assert(!keyboard_key(&f->keyboard, codes, 1));
    for (unsigned i = 0; i < 1000; i++)
        out(&f->bus, 0x64, 0xAA);
    for (unsigned i = 0; i < KEYBOARD_QUEUE_BYTES; i++)
        cr_assert_eq(in(&f->bus, 0x60), 0);
    cr_assert(!(in(&f->bus, 0x64) & 1u));
}

Test(keyboard, a20_and_reset_lines) {
    struct fixture *f = make_keyboard();
    cr_assert(f->a20.level, "open at reset");
    out(&f->bus, 0x64, 0xD1);
    out(&f->bus, 0x60, 0x01);
    cr_assert(!f->a20.level);
    out(&f->bus, 0x64, 0xDF);
    cr_assert(f->a20.level);
    out(&f->bus, 0x64, 0xDD);
    cr_assert(!f->a20.level);
    out(&f->bus, 0x64, 0xFF);
    cr_assert_eq(f->reset.rises, 0, "a pulse of no line");
    out(&f->bus, 0x64, 0xFE);
    cr_assert_eq(f->reset.rises, 1);
    out(&f->bus, 0x64, 0xD1);
    out(&f->bus, 0x60, 0x02);
    cr_assert_eq(f->reset.rises, 2);
}

static struct fixture *make_control(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[RESET_CONTROL_RANGES];
    reset_control_init(&f->control, wire_line(&f->reset), wire_line(&f->a20));
    reset_control_ranges(&f->control, ranges);
    bus_add(&f->bus, ranges, RESET_CONTROL_RANGES);
    return f;
}

Test(reset_control, port_92) {
    struct fixture *f = make_control();
    out(&f->bus, 0x92, 0x02);
    cr_assert(f->a20.level);
    cr_assert_eq(in(&f->bus, 0x92), 0x02);
    cr_assert_eq(f->reset.rises, 0);
    out(&f->bus, 0x92, 0x03);
    cr_assert_eq(f->reset.rises, 1);
    out(&f->bus, 0x92, 0x03);
    cr_assert_eq(f->reset.rises, 1, "only 0 to 1 resets");
    out(&f->bus, 0x92, 0x00);
    cr_assert(!f->a20.level);
}

Test(reset_control, port_cf9) {
    struct fixture *f = make_control();
    out(&f->bus, 0xCF9, 0x02);
    cr_assert_eq(f->reset.rises, 0);
    cr_assert_eq(in(&f->bus, 0xCF9), 0x02);
    out(&f->bus, 0xCF9, 0x06);
    cr_assert_eq(f->reset.rises, 1);
    bus_write(&f->bus, 0xCF9, 4, 0x06);
    cr_assert_eq(f->reset.rises, 1, "byte accesses only");
}

static void keep_value(void *owner, uint32_t value) { *(uint32_t *)owner = value; }

Test(debug_exit, the_value_reaches_the_board) {
    struct bus bus = {0};
    struct debug_exit device;
    struct io_range ranges[DEBUG_EXIT_RANGES];
    uint32_t value = 0;
    debug_exit_init(&device, keep_value, &value);
    debug_exit_ranges(&device, ranges);
    bus_add(&bus, ranges, DEBUG_EXIT_RANGES);
    bus_write(&bus, 0xF4, 4, 0x12345678);
    cr_assert_eq(value, 0x12345678);
    out(&bus, 0xF4, 0x7F);
    cr_assert_eq(value, 0x7F);
    cr_assert_eq(in(&bus, 0xF4), 0);
}

Test(debug_console, it_is_recognised_and_speaks) {
    struct bus bus = {0};
    struct debug_console device;
    struct io_range ranges[DEBUG_CONSOLE_RANGES];
    struct record said = {0};
    debug_console_init(&device, (struct byte_sink){record_put, &said});
    debug_console_ranges(&device, ranges);
    bus_add(&bus, ranges, DEBUG_CONSOLE_RANGES);
    cr_assert_eq(in(&bus, 0xE9), 0xE9);
    out(&bus, 0xE9, 'a');
    cr_assert(said.count == 1 && said.byte[0] == 'a');
}

Test(post, the_last_code_is_kept) {
    struct bus bus = {0};
    struct post device;
    struct io_range ranges[POST_RANGES];
    post_init(&device);
    post_ranges(&device, ranges);
    bus_add(&bus, ranges, POST_RANGES);
    out(&bus, 0x80, 0xA0);
    cr_assert_eq(device.code, 0xA0);
    cr_assert_eq(in(&bus, 0x80), 0xA0);
}

Test(trace_port, the_mark_and_the_records) {
    struct bus bus = {0};
    struct trace_port device;
    struct io_range ranges[TRACE_PORT_RANGES];
    uint32_t linear = 0;
    trace_port_init(&device, keep_value, &linear);
    trace_port_ranges(&device, ranges);
    bus_add(&bus, ranges, TRACE_PORT_RANGES);
    cr_assert_eq(bus_read(&bus, 0x5F0, 4), 0x31544C46);
    cr_assert_eq(bus_read(&bus, 0x5F0, 2) & 0xFFFFu, 0xFFFF);
    bus_write(&bus, 0x5F0, 2, 0x1234);
    cr_assert_eq(linear, 0, "only a 32-bit write is an event");
    bus_write(&bus, 0x5F0, 4, 0xC0123456);
    cr_assert_eq(linear, 0xC0123456);
    bus_write(&bus, 0x5F4, 4, 0xC0000010); /* nobody asked for it */
    device.call_at = keep_value;
    bus_write(&bus, 0x5F4, 2, 0x10);
    cr_assert_eq(linear, 0xC0123456);
    bus_write(&bus, 0x5F4, 4, 0xC0000010);
    cr_assert_eq(linear, 0xC0000010);
}

struct screen {
    struct vga_text vga;
    struct vclock clock;
    struct bus ports, memory;
};

static struct screen *make_screen(void) {
    static struct screen screen;
    struct screen *s = &screen;
    *s = (struct screen){0};
    struct io_range ports[VGA_TEXT_PORT_RANGES], memory[VGA_TEXT_MEMORY_RANGES];
    vclock_init(&s->clock);
    vga_text_init(&s->vga, &s->clock);
    vga_text_port_ranges(&s->vga, ports);
    vga_text_memory_ranges(&s->vga, memory);
    bus_add(&s->ports, ports, VGA_TEXT_PORT_RANGES);
    bus_add(&s->memory, memory, VGA_TEXT_MEMORY_RANGES);
    return s;
}

static void crtc(struct screen *s, unsigned port, unsigned index, unsigned value) {
    bus_write(&s->ports, port, 2, value << 8 | index);
}

Test(vga_text, cells_are_memory) {
    struct screen *s = make_screen();
    cr_assert(!s->vga.written);
    bus_write(&s->memory, 0xB8000, 4, 0x1F421F41);
    cr_assert(s->vga.written);
    cr_assert_arr_eq(vga_text_screen(&s->vga),
                     "A\x1F"
                     "B\x1F \x07",
                     6);
    cr_assert_eq(bus_read(&s->memory, 0xB8002, 2), 0x1F42);
    const struct io_range *range = &s->memory.range[0];
    range->ops->write(range->device, VGA_TEXT_BYTES - 2, 4, UINT32_MAX);
    cr_assert_eq(range->ops->read(range->device, VGA_TEXT_BYTES - 2, 4), UINT32_MAX);
    range->ops->write(range->device, UINT64_MAX - 3, 4, 0);
    cr_assert_eq(range->ops->read(range->device, UINT64_MAX - 3, 4), UINT32_MAX);
}

Test(vga_text, the_cursor_follows_the_crtc) {
    struct screen *s = make_screen();
    cr_assert_eq(vga_text_cursor(&s->vga), 0);
    crtc(s, 0x3D4, 0x0E, 0x01);
    crtc(s, 0x3B4, 0x0F, 0x23);
    cr_assert_eq(vga_text_cursor(&s->vga), 0x123);
    cr_assert_eq(in(&s->ports, 0x3D5), 0x23, "both addresses are one register file");
    crtc(s, 0x3D4, 0x0A, 0x20);
    cr_assert_eq(vga_text_cursor(&s->vga), VGA_SCREEN_CELLS, "off");
}

Test(vga_text, the_start_address_scrolls_and_is_bounded) {
    struct screen *s = make_screen();
    bus_write(&s->memory, 0xB8000 + 160, 2, 0x0758);
    crtc(s, 0x3D4, 0x0D, 80);
    cr_assert_eq(vga_text_screen(&s->vga)[0], 'X');
    cr_assert_eq(vga_text_cursor(&s->vga), VGA_SCREEN_CELLS, "cell 0 is above the screen");
    crtc(s, 0x3D4, 0x0C, 0xFF);
    cr_assert_eq(vga_text_screen(&s->vga) + VGA_SCREEN_BYTES, s->vga.memory + VGA_TEXT_BYTES);
}

Test(vga_text, crtc_indices_without_a_register_are_harmless) {
    struct screen *s = make_screen();
    for (unsigned index = VGA_CRTC_REGISTERS; index < 256; index++) {
        crtc(s, 0x3D4, index, 0);
        cr_assert_eq(in(&s->ports, 0x3D5), 0xFF, "index %#x", index);
    }
}

Test(vga_text, retrace_comes_and_goes) {
    struct screen *s = make_screen();
    unsigned on = 0, off = 0;
    for (unsigned i = 0; i < 1000; i++) {
        vclock_advance(&s->clock, s->clock.now + 100000);
        if (in(&s->ports, 0x3DA) & 8u)
            on++;
        else
            off++;
    }
    cr_assert(on > 40 && off > 800, "%u on, %u off", on, off);
}
