/*
 * VGA text mode 3: 32 KiB of cells at 0xB8000, CRTC at 0x3D4/0x3D5 and, for kernels that take the display for a
 * monochrome one, at 0x3B4/0x3B5, input status 1 at 0x3DA and 0x3BA, miscellaneous output at 0x3CC.
 *
 * The model. A screen is 80 x 25 cells of a character and an attribute byte, beginning at the CRTC's start address.
 * The two CRTC ports are the same registers. The retrace bits follow the virtual clock at 60 frames a second,
 * so that waiting for a retrace ends.
 *
 * Source: IBM VGA technical reference, CRT controller.
 */
#ifndef FAULTLINE_VGA_TEXT_H
#define FAULTLINE_VGA_TEXT_H

#include "emu/devices/device.h"

#define VGA_TEXT_BASE 0xB8000u
#define VGA_TEXT_BYTES 0x8000u
#define VGA_SCREEN_CELLS 2000u
#define VGA_SCREEN_BYTES (2 * VGA_SCREEN_CELLS)
#define VGA_CRTC_REGISTERS 0x19u

struct vga_text {
    uint8_t memory[VGA_TEXT_BYTES];
    uint8_t crtc_index, crtc[VGA_CRTC_REGISTERS];
    bool written; /* the guest has written to the memory since reset */
    const struct vclock *clock;
};

/* clock is only read; it must outlive the device. */
void vga_text_init(struct vga_text *vga, const struct vclock *clock);

/* The VGA_SCREEN_BYTES bytes that are shown, character and attribute in turn; valid for the device's life. */
const uint8_t *vga_text_screen(const struct vga_text *vga);

/* The cursor's cell on that screen, VGA_SCREEN_CELLS when it is off or elsewhere. */
unsigned vga_text_cursor(const struct vga_text *vga);

#define VGA_TEXT_PORT_RANGES 5
void vga_text_port_ranges(struct vga_text *vga, struct io_range ranges[VGA_TEXT_PORT_RANGES]);

#define VGA_TEXT_MEMORY_RANGES 1
void vga_text_memory_ranges(struct vga_text *vga, struct io_range ranges[VGA_TEXT_MEMORY_RANGES]);

#endif
