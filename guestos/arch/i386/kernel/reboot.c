/* Ways to stop the machine. Neither returns: where the hardware does not obey, the CPU halts for ever. */
#include "kernel/init.h"
#include "asm/io.h"
#include "asm/irqflags.h"

#define DEBUG_EXIT_PORT 0xF4
#define KEYBOARD_COMMAND_PORT 0x64
#define KEYBOARD_PULSE_RESET 0xFE
#define RESET_CONTROL_PORT 0xCF9
#define RESET_CONTROL_HARD 0x06

static void __attribute__((noreturn)) halt_for_ever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_power_off(int status)
{
    outl((u32)status, DEBUG_EXIT_PORT);
    halt_for_ever();
}

void machine_restart(void)
{
    local_irq_disable();
    outb(KEYBOARD_PULSE_RESET, KEYBOARD_COMMAND_PORT);
    outb(RESET_CONTROL_HARD, RESET_CONTROL_PORT);
    halt_for_ever();
}
