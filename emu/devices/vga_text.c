/* VGA text: see vga_text.h for the model. */
#include "emu/devices/vga_text.h"
#include "emu/devices/io_bytes.h"

#define CURSOR_START 0x0Au
#define START_HIGH 0x0Cu
#define START_LOW 0x0Du
#define CURSOR_HIGH 0x0Eu
#define CURSOR_LOW 0x0Fu
#define CURSOR_OFF 0x20u

#define STATUS_DISPLAY_OFF 0x01u
#define STATUS_VERTICAL_RETRACE 0x08u
#define FRAME_NS 16666667u
#define RETRACE_NS 1300000u

#define MISC_COLOUR 0x67u /* colour addresses, RAM on, 28 MHz clock: what mode 3 has */

void vga_text_init(struct vga_text *vga, const struct vclock *clock) {
    *vga = (struct vga_text){.clock = clock};
    vga->crtc[CURSOR_START] = 0x0E;
    for (unsigned i = 0; i < VGA_TEXT_BYTES; i += 2) {
        vga->memory[i] = ' ';
        vga->memory[i + 1] = 0x07;
    }
}

static unsigned start_cell(const struct vga_text *vga) {
    unsigned cell = (unsigned)vga->crtc[START_HIGH] << 8 | vga->crtc[START_LOW];
    unsigned last = (VGA_TEXT_BYTES - VGA_SCREEN_BYTES) / 2;
    return cell < last ? cell : last;
}

const uint8_t *vga_text_screen(const struct vga_text *vga) { return vga->memory + 2 * start_cell(vga); }

unsigned vga_text_cursor(const struct vga_text *vga) {
    unsigned cell = (unsigned)vga->crtc[CURSOR_HIGH] << 8 | vga->crtc[CURSOR_LOW];
    bool shown = !(vga->crtc[CURSOR_START] & CURSOR_OFF) && cell >= start_cell(vga);
    cell -= start_cell(vga);
    return shown && cell < VGA_SCREEN_CELLS ? cell : VGA_SCREEN_CELLS;
}

static uint8_t crtc_read_byte(void *device, uint64_t offset) {
    const struct vga_text *vga = device;
    if (offset == 0)
        return vga->crtc_index;
    return offset == 1 && vga->crtc_index < VGA_CRTC_REGISTERS ? vga->crtc[vga->crtc_index] : 0xFF;
}

static void crtc_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct vga_text *vga = device;
    if (offset == 0)
        vga->crtc_index = value;
    else if (offset == 1 && vga->crtc_index < VGA_CRTC_REGISTERS)
        vga->crtc[vga->crtc_index] = value;
}

static uint8_t memory_read_byte(void *device, uint64_t offset) {
    const struct vga_text *vga = device;
    return offset < VGA_TEXT_BYTES ? vga->memory[offset] : 0xFF;
}

static void memory_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct vga_text *vga = device;
    if (offset >= VGA_TEXT_BYTES)
        return;
    vga->memory[offset] = value;
    vga->written = true;
}

static uint32_t crtc_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, crtc_read_byte);
}

static void crtc_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, crtc_write_byte);
}

static uint32_t memory_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, memory_read_byte);
}

static void memory_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, memory_write_byte);
}

static uint32_t status_read(void *device, uint64_t offset, unsigned size) {
    const struct vga_text *vga = device;
    (void)offset, (void)size;
    bool retrace = vga->clock->now % FRAME_NS >= FRAME_NS - RETRACE_NS;
    return retrace ? STATUS_VERTICAL_RETRACE | STATUS_DISPLAY_OFF : 0u;
}

static uint32_t misc_read(void *device, uint64_t offset, unsigned size) {
    (void)device, (void)offset, (void)size;
    return MISC_COLOUR;
}

static void ignore_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    (void)device, (void)offset, (void)size, (void)value;
}

void vga_text_port_ranges(struct vga_text *vga, struct io_range ranges[VGA_TEXT_PORT_RANGES]) {
    static const struct io_ops crtc_ops = {crtc_read, crtc_write};
    static const struct io_ops status_ops = {status_read, ignore_write};
    static const struct io_ops misc_ops = {misc_read, ignore_write};
    ranges[0] = (struct io_range){0x3B4, 2, &crtc_ops, vga};
    ranges[1] = (struct io_range){0x3BA, 1, &status_ops, vga};
    ranges[2] = (struct io_range){0x3CC, 1, &misc_ops, vga};
    ranges[3] = (struct io_range){0x3D4, 2, &crtc_ops, vga};
    ranges[4] = (struct io_range){0x3DA, 1, &status_ops, vga};
}

void vga_text_memory_ranges(struct vga_text *vga, struct io_range ranges[VGA_TEXT_MEMORY_RANGES]) {
    static const struct io_ops ops = {memory_read, memory_write};
    ranges[0] = (struct io_range){VGA_TEXT_BASE, VGA_TEXT_BYTES, &ops, vga};
}
