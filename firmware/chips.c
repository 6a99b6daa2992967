/*
 * Interrupt controllers, timer, and the memory that real-mode software expects: Intel 8259A and 8254 data sheets.
 */
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

#define EFLAGS_ID (1u << 21)
#define CPUID_APIC (1u << 9)
#define APIC_BASE 0xFEE00000u
#define APIC_SPURIOUS 0x0F0u
#define APIC_LINT0 0x350u
#define APIC_LINT1 0x360u
#define APIC_ENABLED 0x100u
#define APIC_EXTINT 0x700u
#define APIC_NMI 0x400u

/* Real-mode entry points in bios_calls.S. */
extern const char int10_entry[], int15_entry[], ignore_entry[];

static void pic_start(uint16_t port, uint8_t vector_base, uint8_t wiring) {
    out8(port, 0x11); /* edge, cascade, ICW4 follows */
    out8(port + 1, vector_base);
    out8(port + 1, wiring);
    out8(port + 1, 0x01); /* 8086 mode */
    out8(port + 1, 0xFF);
}

/* EFLAGS.ID can be changed where the CPUID instruction exists (SDM volume 1, section 3.4.3). */
static bool has_cpuid(void) {
    uint32_t before, after;
    __asm__ volatile("pushfl\n"
                     "popl %0\n"
                     "movl %0, %1\n"
                     "xorl %2, %1\n"
                     "pushl %1\n"
                     "popfl\n"
                     "pushfl\n"
                     "popl %1\n"
                     "pushl %0\n"
                     "popfl\n"
                     : "=&r"(before), "=&r"(after)
                     : "i"(EFLAGS_ID)
                     : "cc");
    return (before ^ after) & EFLAGS_ID;
}

bool has_local_apic(void) {
    uint32_t eax = 1, ebx, ecx = 0, edx;
    if (!has_cpuid())
        return false;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx & CPUID_APIC;
}

/* After reset a local APIC's LINT0 is masked, and no interrupt of the PICs would reach the CPU. Virtual wire mode
 * passes them through: SDM volume 3, "Local Vector Table"; MultiProcessor Specification 3.6.2.2. */
static void apic_pass_pics_through(void) {
    if (!has_local_apic())
        return;
    *(volatile uint32_t *)(APIC_BASE + APIC_SPURIOUS) = APIC_ENABLED | 0xFF;
    *(volatile uint32_t *)(APIC_BASE + APIC_LINT0) = APIC_EXTINT;
    *(volatile uint32_t *)(APIC_BASE + APIC_LINT1) = APIC_NMI;
}

void chips_init(void) {
    pic_start(0x20, 0x08, 0x04);
    pic_start(0xA0, 0x70, 0x02);
    apic_pass_pics_through();
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
