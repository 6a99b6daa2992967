/* The 8042 and its keyboard: see keyboard.h for the model. */
#include "emu/devices/keyboard.h"
#include "emu/devices/io_bytes.h"

#define STATUS_OUTPUT_FULL 0x01u
#define STATUS_SYSTEM 0x04u
#define STATUS_COMMAND 0x08u
#define STATUS_UNLOCKED 0x10u

#define BYTE_INTERRUPT 0x01u
#define BYTE_SYSTEM 0x04u
#define BYTE_DISABLED 0x10u
#define BYTE_MOUSE_DISABLED 0x20u
#define BYTE_TRANSLATE 0x40u

#define OUTPUT_NOT_RESET 0x01u
#define OUTPUT_A20 0x02u
#define OUTPUT_REST 0xCCu /* lines of the port that nothing pulls down */

enum {
    CMD_READ_BYTE = 0x20,
    CMD_WRITE_BYTE = 0x60,
    CMD_MOUSE_OFF = 0xA7,
    CMD_MOUSE_ON = 0xA8,
    CMD_TEST_MOUSE = 0xA9,
    CMD_SELF_TEST = 0xAA,
    CMD_TEST_KEYBOARD = 0xAB,
    CMD_OFF = 0xAD,
    CMD_ON = 0xAE,
    CMD_READ_INPUT = 0xC0,
    CMD_READ_OUTPUT = 0xD0,
    CMD_WRITE_OUTPUT = 0xD1,
    CMD_ECHO_KEYBOARD = 0xD2,
    CMD_WRITE_MOUSE = 0xD4,
    CMD_A20_OFF = 0xDD,
    CMD_A20_ON = 0xDF,
    CMD_PULSE = 0xF0
};

enum {
    KEY_LEDS = 0xED,
    KEY_ECHO = 0xEE,
    KEY_SCAN_SET = 0xF0,
    KEY_IDENTIFY = 0xF2,
    KEY_RATE = 0xF3,
    KEY_ENABLE = 0xF4,
    KEY_DISABLE = 0xF5,
    KEY_DEFAULTS = 0xF6,
    KEY_ACK = 0xFA,
    KEY_RESEND = 0xFE,
    KEY_RESET = 0xFF,
    KEY_TEST_PASSED = 0xAA
};

static void update_irq(struct keyboard *keyboard) {
    irq_set(&keyboard->irq, keyboard->count && (keyboard->command_byte & BYTE_INTERRUPT));
}

static void put(struct keyboard *keyboard, uint8_t byte) {
    if (keyboard->count == KEYBOARD_QUEUE_BYTES)
        return;
    keyboard->queue[(keyboard->first + keyboard->count++) % KEYBOARD_QUEUE_BYTES] = byte;
    update_irq(keyboard);
}

static void set_output_port(struct keyboard *keyboard, uint8_t value) {
    keyboard->output_port = value;
    irq_set(&keyboard->a20, value & OUTPUT_A20);
    irq_set(&keyboard->reset, !(value & OUTPUT_NOT_RESET));
}

void keyboard_init(struct keyboard *keyboard, struct irq_line irq, struct irq_line reset, struct irq_line a20) {
    *keyboard = (struct keyboard){.irq = irq, .reset = reset, .a20 = a20, .scanning = true};
    keyboard->command_byte = BYTE_SYSTEM | BYTE_TRANSLATE;
    set_output_port(keyboard, OUTPUT_NOT_RESET | OUTPUT_A20 | OUTPUT_REST);
}

bool keyboard_key(struct keyboard *keyboard, const uint8_t *codes, size_t count) {
    bool off = !keyboard->scanning || (keyboard->command_byte & BYTE_DISABLED);
    if (off || count > KEYBOARD_QUEUE_BYTES - keyboard->count)
        return false;
    for (size_t i = 0; i < count; i++)
        put(keyboard, codes[i]);
    return true;
}

/* Lines whose bit is 0 pulse low; bit 0 is the CPU's reset. */
static void pulse(struct keyboard *keyboard, uint8_t command) {
    if (command & OUTPUT_NOT_RESET)
        return;
    irq_set(&keyboard->reset, true);
    irq_set(&keyboard->reset, false);
}

static void set_bits(struct keyboard *keyboard, uint8_t mask, bool on) {
    keyboard->command_byte = (uint8_t)(on ? keyboard->command_byte | mask : keyboard->command_byte & ~mask);
}

static void controller_command(struct keyboard *keyboard, uint8_t command) {
    keyboard->controller_argument = 0;
    switch (command) {
    case CMD_READ_BYTE: put(keyboard, keyboard->command_byte); break;
    case CMD_MOUSE_OFF: set_bits(keyboard, BYTE_MOUSE_DISABLED, true); break;
    case CMD_MOUSE_ON: set_bits(keyboard, BYTE_MOUSE_DISABLED, false); break;
    case CMD_TEST_MOUSE: put(keyboard, 0x02); break; /* "clock line stuck high": no mouse port */
    case CMD_SELF_TEST: put(keyboard, 0x55); break;
    case CMD_TEST_KEYBOARD: put(keyboard, 0x00); break;
    case CMD_OFF: set_bits(keyboard, BYTE_DISABLED, true); break;
    case CMD_ON: set_bits(keyboard, BYTE_DISABLED, false); break;
    case CMD_READ_INPUT: put(keyboard, 0x80); break; /* keyboard not locked */
    case CMD_READ_OUTPUT: put(keyboard, keyboard->output_port); break;
    case CMD_A20_OFF: set_output_port(keyboard, keyboard->output_port & (uint8_t)~OUTPUT_A20); break;
    case CMD_A20_ON: set_output_port(keyboard, keyboard->output_port | OUTPUT_A20); break;
    case CMD_WRITE_BYTE:
    case CMD_WRITE_OUTPUT:
    case CMD_ECHO_KEYBOARD:
    case CMD_WRITE_MOUSE: keyboard->controller_argument = command; break;
    default:
        if (command >= CMD_PULSE)
            pulse(keyboard, command);
        break;
    }
    update_irq(keyboard);
}

static void controller_data(struct keyboard *keyboard, uint8_t value) {
    uint8_t command = keyboard->controller_argument;
    keyboard->controller_argument = 0;
    switch (command) {
    case CMD_WRITE_BYTE: keyboard->command_byte = value; break;
    case CMD_WRITE_OUTPUT: set_output_port(keyboard, value); break;
    case CMD_ECHO_KEYBOARD: put(keyboard, value); break;
    default: break; /* a byte for the mouse that is not there */
    }
    update_irq(keyboard);
}

static void keyboard_reset(struct keyboard *keyboard) {
    keyboard->first = keyboard->count = 0;
    keyboard->scanning = true;
    put(keyboard, KEY_ACK);
    put(keyboard, KEY_TEST_PASSED);
}

static void keyboard_data(struct keyboard *keyboard, uint8_t value) {
    if (keyboard->keyboard_argument) {
        bool asks_set = keyboard->keyboard_argument == KEY_SCAN_SET && value == 0;
        keyboard->keyboard_argument = 0;
        put(keyboard, KEY_ACK);
        if (asks_set)
            put(keyboard, 0x02);
        return;
    }
    switch (value) {
    case KEY_ECHO: put(keyboard, KEY_ECHO); break;
    case KEY_RESET: keyboard_reset(keyboard); break;
    case KEY_IDENTIFY:
        put(keyboard, KEY_ACK);
        put(keyboard, 0xAB);
        put(keyboard, keyboard->command_byte & BYTE_TRANSLATE ? 0x41 : 0x83);
        break;
    case KEY_LEDS:
    case KEY_SCAN_SET:
    case KEY_RATE:
        keyboard->keyboard_argument = value;
        put(keyboard, KEY_ACK);
        break;
    case KEY_ENABLE:
    case KEY_DISABLE:
    case KEY_DEFAULTS:
        keyboard->scanning = value != KEY_DISABLE;
        put(keyboard, KEY_ACK);
        break;
    default: put(keyboard, KEY_RESEND); break;
    }
}

static uint8_t take(struct keyboard *keyboard) {
    uint8_t byte = keyboard->queue[keyboard->first]; /* an empty buffer shows the last byte again */
    if (!keyboard->count)
        return keyboard->queue[(keyboard->first + KEYBOARD_QUEUE_BYTES - 1) % KEYBOARD_QUEUE_BYTES];
    keyboard->first = (keyboard->first + 1) % KEYBOARD_QUEUE_BYTES;
    keyboard->count--;
    irq_set(&keyboard->irq, false);
    update_irq(keyboard);
    return byte;
}

static uint32_t data_read(void *device, uint64_t offset, unsigned size) {
    (void)size;
    return offset == 0 ? take(device) : 0xFF;
}

static void data_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct keyboard *keyboard = device;
    (void)size;
    if (offset != 0)
        return;
    keyboard->last_was_command = false;
    if (keyboard->controller_argument)
        controller_data(keyboard, (uint8_t)value);
    else
        keyboard_data(keyboard, (uint8_t)value);
}

static uint32_t status_read(void *device, uint64_t offset, unsigned size) {
    const struct keyboard *keyboard = device;
    (void)size;
    if (offset != 0)
        return 0xFF;
    return (keyboard->count ? STATUS_OUTPUT_FULL : 0u) | (keyboard->command_byte & BYTE_SYSTEM ? STATUS_SYSTEM : 0u) |
           (keyboard->last_was_command ? STATUS_COMMAND : 0u) | STATUS_UNLOCKED;
}

static void command_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct keyboard *keyboard = device;
    (void)size;
    if (offset != 0)
        return;
    keyboard->last_was_command = true;
    controller_command(keyboard, (uint8_t)value);
}

void keyboard_ranges(struct keyboard *keyboard, struct io_range ranges[KEYBOARD_RANGES]) {
    static const struct io_ops data_ops = {data_read, data_write};
    static const struct io_ops command_ops = {status_read, command_write};
    ranges[0] = (struct io_range){0x60, 1, &data_ops, keyboard};
    ranges[1] = (struct io_range){0x64, 1, &command_ops, keyboard};
}
