/*
 * The 8042 keyboard controller with a keyboard (ports 0x60, 0x64, interrupt 1).
 *
 * The model. What the guest may read waits in one queue: answers of the controller and of the keyboard, and key
 * codes. The controller is never busy: a command is done when its write returns. There is no mouse.
 *
 * What it keeps true:
 *   - output buffer full (status bit 0) is 1 exactly while the queue holds a byte;
 *   - the interrupt line is high while a byte waits and the command byte enables it; it falls at each read of
 *     0x60, so that every byte is an edge of its own;
 *   - a full queue loses new key codes, never answers that were queued.
 *
 * Source: IBM PC AT technical reference, keyboard controller.
 */
#ifndef FAULTLINE_KEYBOARD_H
#define FAULTLINE_KEYBOARD_H

#include "emu/devices/device.h"

#define KEYBOARD_QUEUE_BYTES 32u

struct keyboard {
    uint8_t queue[KEYBOARD_QUEUE_BYTES];
    unsigned first, count;
    uint8_t command_byte, output_port;
    uint8_t controller_argument; /* controller command that waits for its byte at 0x60, 0 when none */
    uint8_t keyboard_argument;   /* the same for the keyboard */
    bool last_was_command, scanning;
    struct irq_line irq, reset, a20;
};

/* irq: interrupt 1. reset: driven high when the guest pulls the CPU's reset line. a20: driven with the level of the
 * A20 gate, high at reset; the board ORs it with that of struct reset_control. */
void keyboard_init(struct keyboard *keyboard, struct irq_line irq, struct irq_line reset, struct irq_line a20);

/* A key's codes of scan code set 1, as the controller hands them to the guest. All of them are queued or none;
 * false when there is no room or the guest has the keyboard off. */
bool keyboard_key(struct keyboard *keyboard, const uint8_t *codes, size_t count);

#define KEYBOARD_RANGES 2
void keyboard_ranges(struct keyboard *keyboard, struct io_range ranges[KEYBOARD_RANGES]);

#endif
