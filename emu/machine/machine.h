/*
 * emu/machine: the board. Owns RAM, the port and MMIO maps, the interrupt lines, the virtual clock, the CPU
 * and the devices, and runs them.
 *
 * The model. Virtual time is blocks * MACHINE_BLOCK_NS. The run loop lets the CPU go until the next timer,
 * fires it, delivers what it raised, and goes on; hlt jumps straight to the next timer. Everything that the
 * guest can see is a function of its image, its configuration and its input bytes, never of host time.
 *
 * Threads: a machine belongs to one thread, except machine_request_stop() and machine_console_input(),
 * which any thread may call.
 */
#ifndef FAULTLINE_MACHINE_H
#define FAULTLINE_MACHINE_H

#include "emu/cpu/cpu.h"
#include "emu/devices/device.h"
#include "emu/devices/disk.h"

#define MACHINE_BLOCK_NS 4u
#define MACHINE_RAM_MIN (4ull << 20)
#define MACHINE_NODES_MAX 4u
#define MACHINE_RAM_MAX (3ull << 30) /* one run below the PCI hole; more is refused with a sentence */

#define MACHINE_DISKS_MAX 30u /* free slots of the PCI bus */

struct machine;

/* A file that fw_cfg offers under name. data is not copied; it must outlive the machine. */
struct machine_file {
    const char *name;
    const void *data;
    size_t size;
};

struct machine_config {
    uint64_t ram_bytes; /* multiple of 4096, MACHINE_RAM_MIN .. MACHINE_RAM_MAX */
    unsigned nodes;     /* equal parts of RAM told to the guest, up to MACHINE_NODES_MAX; 0: none is told */
    const void *rom;    /* 64 or 128 KiB, copied */
    size_t rom_bytes;
    const struct machine_file *files;
    size_t file_count;
    struct disk *const *disks; /* virtio-blk devices in this order; not owned, they must outlive the machine */
    size_t disk_count;         /* at most MACHINE_DISKS_MAX */
    /* For tests of guests: the power goes at this time, or when so many disk requests have ended; 0: never. */
    uint64_t power_cut_blocks, power_cut_requests;
    void *owner;                                   /* first argument of the callbacks below; each of them is optional */
    void (*on_console)(void *owner, uint8_t byte); /* UART transmit */
    void (*on_debug_console)(void *owner, uint8_t byte); /* port 0xE9 */
    /* trace port, record copied by peek, aligned to 8 bytes. Without it the port is absent, and a guest spends no time on records. */
    void (*on_trace)(void *owner, uint64_t now_blocks, const void *record, size_t bytes);
    bool (*on_page_fault)(void *owner, const struct cpu_page_fault *fault); /* true: stop before its delivery */
    /* A walk has set A or D bits in guest memory. */
    void (*on_entry_update)(void *owner, const struct mmu_walk *walk);
    bool record_faults; /* full registers and bytes in each cpu_page_fault */
};

enum machine_stop {
    MACHINE_STOP_EXIT,  /* debug exit or power-off; machine_exit_status() */
    MACHINE_STOP_RESET, /* the guest pulled a reset line and reset_stops is the policy: always, for now */
    MACHINE_STOP_TRIPLE_FAULT,
    MACHINE_STOP_LIMIT, /* the virtual time limit given to machine_run() */
    MACHINE_STOP_REQUESTED,
    MACHINE_STOP_PAGE_FAULT, /* on_page_fault asked for it */
    MACHINE_STOP_DEAD,       /* hlt with interrupts off or nothing ever due: the machine can never go on */
    MACHINE_STOP_STEP,
    MACHINE_STOP_POINT,     /* a point of the debugger was met: cpu_point_hit(machine_cpu()) */
    MACHINE_STOP_POWER_CUT, /* machine_config.power_cut_...; the disks have lost their power */
    MACHINE_STOP_ERROR,
};

/* NULL and one sentence in error (what, where, what to do) on failure. */
struct machine *machine_create(const struct machine_config *config, char *error, size_t error_size);
void machine_destroy(struct machine *machine);

enum machine_stop machine_run(struct machine *machine, vtime limit); /* limit absolute, VTIME_NEVER for none */
enum machine_stop machine_step(struct machine *machine);             /* one instruction */
void machine_request_stop(struct machine *machine);
/* Queues bytes for the UART receiver. Deterministic when called before the first machine_run(). Returns bytes taken. */
size_t machine_console_input(struct machine *machine, const void *bytes, size_t count);

int machine_exit_status(const struct machine *machine);       /* the value written to the debug exit port */
const char *machine_stop_text(const struct machine *machine); /* explanation of the last stop, several lines possible */
vtime machine_now(const struct machine *machine);
uint64_t machine_blocks(const struct machine *machine);
uint8_t machine_post_code(const struct machine *machine);

struct cpu *machine_cpu(struct machine *machine);
const struct mmu_memory *machine_memory(const struct machine *machine);
uint64_t machine_ram_bytes(const struct machine *machine);

/* Side-effect-free view for viewers: translation context of this moment. */
const struct mmu_context *machine_mmu(struct machine *machine);

/* VGA text memory, 4000 bytes (character, attribute), and the cursor cell; NULL when the guest never wrote there. */
const uint8_t *machine_vga_text(const struct machine *machine, unsigned *cursor);

struct machine_counters {
    uint64_t absent_port_accesses, absent_memory_reads, absent_memory_writes, trace_records, trace_dropped;
    uint64_t page_faults, interrupts, exceptions;
};
void machine_counters(const struct machine *machine, struct machine_counters *to);

#endif
