/*
 * The board's insides: what machine.c (life), board.c (buses and wires) and loop.c (time) share.
 */
#ifndef FAULTLINE_MACHINE_BOARD_H
#define FAULTLINE_MACHINE_BOARD_H

#include "emu/devices/cmos.h"
#include "emu/devices/debug_console.h"
#include "emu/devices/debug_exit.h"
#include "emu/devices/fw_cfg.h"
#include "emu/devices/io_apic.h"
#include "emu/devices/keyboard.h"
#include "emu/devices/local_apic.h"
#include "emu/devices/pci.h"
#include "emu/devices/pic.h"
#include "emu/devices/pit.h"
#include "emu/devices/post.h"
#include "emu/devices/reset_control.h"
#include "emu/devices/trace_port.h"
#include "emu/devices/uart.h"
#include "emu/devices/vga_text.h"
#include "emu/devices/virtio_blk.h"
#include "emu/machine/machine.h"

#include <pthread.h>
#include <stdatomic.h>

#define BOARD_PORT_RANGES 96u /* at most 255: a range's number is a byte in port_range[] */
#define BOARD_MEMORY_RANGES 8u
#define BOARD_REGIONS 4u
#define BOARD_INPUT_BYTES 65536u
#define BOARD_LOW_RAM_END 0xa0000u
#define BOARD_HIGH_RAM 0x100000u

struct machine {
    struct machine_config config;
    struct cpu *cpu;
    struct mmu_region region[BOARD_REGIONS];
    struct mmu_memory memory;
    uint8_t *ram, *rom;
    size_t rom_bytes;

    struct vclock clock;
    struct pic pic;
    struct local_apic local_apic;
    struct io_apic io_apic;
    struct pit pit;
    struct cmos cmos;
    struct uart uart;
    struct fw_cfg fw_cfg;
    struct debug_exit debug_exit;
    struct debug_console debug_console;
    struct keyboard keyboard;
    struct reset_control reset_control;
    struct post post;
    struct trace_port trace_port;
    struct vga_text vga_text;
    struct pci pci;
    struct vtimer power_cut;
    uint64_t disk_requests;
    struct virtio_blk *blk; /* config.disk_count of them, plugged in in order */

    struct io_range port[BOARD_PORT_RANGES]; /* [0] stands for absent ports */
    unsigned port_count;
    unsigned fixed_ports;      /* ranges behind these are where the guest has put PCI devices */
    uint8_t port_range[65536]; /* by port: index into port[] */
    struct io_range mmio[BOARD_MEMORY_RANGES];
    unsigned mmio_count;

    uint64_t deadline;        /* of the CPU, in blocks, while it runs */
    enum machine_stop wanted; /* a device asked for it; MACHINE_STOP_STEP for none */
    int exit_status;
    bool running;
    atomic_bool stop_requested;
    struct machine_counters counters;
    char text[2560];

    pthread_mutex_t input_lock; /* guards the three below */
    uint8_t input[BOARD_INPUT_BYTES];
    size_t input_count;
    atomic_bool input_waiting;
};

/* board.c */
void board_init_devices(struct machine *machine);
void board_map(struct machine *machine);
bool board_add_disks(struct machine *machine, char *error, size_t error_size);
void board_remove_disks(struct machine *machine);
struct cpu_board board_cpu_side(struct machine *machine);
/* Brings the clock up to the CPU's count without firing timers. */
void board_touch_clock(struct machine *machine);

#endif
