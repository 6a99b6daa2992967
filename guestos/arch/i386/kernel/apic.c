/*
 * The local APIC (Intel SDM volume 3, "Advanced Programmable Interrupt Controller"), mapped at FIX_APIC_BASE.
 *
 * It only takes what the I/O APIC sends: its own timer and pins stay masked, the tick is the PIT's. All vectors are let
 * through (task priority 0), and the way of the 8259 pair (LINT0) is closed.
 */
#include "asm/irq.h"
#include "mm/internal.h"

#define APIC_ID 0x020
#define APIC_TASKPRI 0x080
#define APIC_EOI 0x0B0
#define APIC_SPIV 0x0F0
#define APIC_SPIV_ENABLED 0x100u
#define APIC_IRR 0x200
#define APIC_LVTT 0x320
#define APIC_LVTPC 0x340
#define APIC_LVT0 0x350
#define APIC_LVT1 0x360
#define APIC_LVTERR 0x370
#define APIC_LVT_MASKED 0x10000u
#define APIC_DM_NMI 0x400u
#define CPUID_APIC (1u << 9)

static volatile u32 *apic_register(u32 at) { return (volatile u32 *)(fix_to_virt(FIX_APIC_BASE) + at); }
static void apic_write(u32 at, u32 value) { *apic_register(at) = value; }
static u32 apic_read(u32 at) { return *apic_register(at); }

bool cpu_has_apic(void)
{
    u32 eax = 1, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx & CPUID_APIC;
}

void apic_setup(u32 phys)
{
    static const u16 closed[] = {APIC_LVTT, APIC_LVTPC, APIC_LVT0, APIC_LVTERR};

    set_fixmap_pte(fix_to_virt(FIX_APIC_BASE), pfn_pte(phys >> PAGE_SHIFT, PAGE_KERNEL_NOCACHE));
    apic_write(APIC_SPIV, APIC_SPIV_ENABLED | SPURIOUS_APIC_VECTOR);
    for (unsigned i = 0; i < ARRAY_SIZE(closed); i++)
        apic_write(closed[i], APIC_LVT_MASKED);
    apic_write(APIC_LVT1, APIC_DM_NMI);
    apic_write(APIC_TASKPRI, 0);
}

u32 apic_id(void) { return apic_read(APIC_ID) >> 24; }

void ack_APIC_irq(void) { apic_write(APIC_EOI, 0); }

bool apic_vector_pending(unsigned vector) { return apic_read(APIC_IRR + vector / 32 * 16) >> vector % 32 & 1; }
