/* Interrupt controllers, timer, and the memory that real-mode software expects: Intel 8259A and 8254 data sheets. */
#include "chips.h"
#include "io.h"
#include "memory.h"

#define VECTORS 256u
#define BIOS_SEGMENT 0xF000u
#define BDA_COM1 0x400
#define BDA_EBDA_SEGMENT 0x40E
#define BDA_EQUIPMENT 0x410
#define BDA_BASE_KIB 0x413
#define BDA_VIDEO_MODE 0x449
#define BDA_COLUMNS 0x44A
#define BDA_CRTC_PORT 0x463
#define BDA_LAST_ROW 0x484
#define EQUIPMENT_COLOUR_80 0x0020
#define EQUIPMENT_ONE_SERIAL 0x0200

/* Real-mode entry points in bios_calls.S. */
extern const char int10_entry[], int15_entry[], ignore_entry[];

static void pic_start(uint16_t port, uint8_t vector_base, uint8_t wiring) {
    out8(port, 0x11); /* edge, cascade, ICW4 follows */
    out8(port + 1, vector_base);
    out8(port + 1, wiring);
    out8(port + 1, 0x01); /* 8086 mode */
    out8(port + 1, 0xFF);
}

void chips_init(void) {
    pic_start(0x20, 0x08, 0x04);
    pic_start(0xA0, 0x70, 0x02);
    out8(0x43, 0x36); /* channel 0, low then high byte, mode 3, count 65536 */
    out8(0x40, 0);
    out8(0x40, 0);
}

/* The low page is an object like any other; the compiler must not think of a null pointer. */
static volatile uint8_t *low_memory(uint32_t at) {
    __asm__("" : "+r"(at));
    return (volatile uint8_t *)at;
}

static void set16(uint32_t at, uint32_t value) { *(volatile uint16_t *)low_memory(at) = (uint16_t)value; }

static void set_vector(uint32_t vector, const char *entry) {
    set16(vector * 4, (uint32_t)entry - ROM_START);
    set16(vector * 4 + 2, BIOS_SEGMENT);
}

void bios_area_init(void) {
    for (uint32_t vector = 0; vector < VECTORS; vector++)
        set_vector(vector, ignore_entry);
    set_vector(0x10, int10_entry);
    set_vector(0x15, int15_entry);
    clear((void *)low_memory(0x400), LOW_END - 0x400);
    set16(BDA_COM1, 0x3F8);
    set16(BDA_EBDA_SEGMENT, EBDA_SEGMENT);
    set16(BDA_BASE_KIB, EBDA_START / 1024);
    /* Kernels ask these words whether the screen is a colour one at 0xB8000. */
    set16(BDA_EQUIPMENT, EQUIPMENT_COLOUR_80 | EQUIPMENT_ONE_SERIAL);
    set16(BDA_VIDEO_MODE, 3);
    set16(BDA_COLUMNS, 80);
    set16(BDA_CRTC_PORT, 0x3D4);
    set16(BDA_LAST_ROW, 24);
}
