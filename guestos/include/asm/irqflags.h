#ifndef _ASM_IRQFLAGS_H
#define _ASM_IRQFLAGS_H

/* The host's unit tests define HOST_TEST and have no interrupts. */
#ifdef HOST_TEST
static inline unsigned long local_irq_save(void) { return 0; }
static inline void local_irq_restore(unsigned long flags) { (void)flags; }
static inline void local_irq_disable(void) {}
static inline void local_irq_enable(void) {}
static inline int irqs_disabled(void) { return 0; }
#else
static inline unsigned long local_irq_save(void)
{
    unsigned long flags;
    __asm__ volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
    return flags;
}
static inline void local_irq_restore(unsigned long flags)
{
    __asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}
static inline void local_irq_disable(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void local_irq_enable(void) { __asm__ volatile("sti" : : : "memory"); }
static inline int irqs_disabled(void)
{
    unsigned long flags;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    return !(flags & 0x200);
}
#endif

#endif
