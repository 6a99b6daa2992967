/*
 * Buses and wires: ports, memory-mapped devices, DMA, interrupt and reset lines.
 *
 * The model. Each port has the number of the range that owns it; an access that lies in one range goes to its
 * device whole, one that does not is split into bytes. Before a device is entered the clock shows the time of
 * the block that is running; timers that fall due meanwhile fire at the end of the block. After it, a timer
 * that the device has armed may have brought the CPU's deadline nearer.
 */
#include "emu/machine/board.h"

#include "guestos/include/faultline/trace_abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_UNIT (4ull << 20)
_Static_assert(MACHINE_NODES_MAX == FW_CFG_NODES_MAX, "all of them are told");

union trace_record {
    struct flt_record head;
    uint64_t aligned;
    uint8_t bytes[FLT_RECORD_MAX];
};

static void stop_cpu(struct machine *machine, enum machine_stop why) {
    machine->wanted = why;
    cpu_request_stop(machine->cpu);
}

/* Time */

void board_touch_clock(struct machine *machine) {
    vtime now = cpu_blocks(machine->cpu) * MACHINE_BLOCK_NS;
    if (now > machine->clock.now)
        machine->clock.now = now;
}

static void look_at_timers(struct machine *machine) {
    vtime due = vclock_next(&machine->clock);
    if (!machine->running || due == VTIME_NEVER)
        return;
    uint64_t blocks = (due + MACHINE_BLOCK_NS - 1) / MACHINE_BLOCK_NS;
    if (blocks < machine->deadline) {
        machine->deadline = blocks;
        cpu_set_deadline(machine->cpu, blocks);
    }
}

/* Ports */

static uint32_t read_range(const struct io_range *range, uint64_t at, unsigned size) {
    return range->ops->read ? range->ops->read(range->device, at - range->base, size) : UINT32_MAX;
}

static void write_range(const struct io_range *range, uint64_t at, unsigned size, uint32_t value) {
    if (range->ops->write)
        range->ops->write(range->device, at - range->base, size, value);
}

static bool holds(const struct io_range *range, uint64_t at, unsigned size) {
    return range->base + range->count - at >= size;
}

static uint32_t port_read_whole(struct machine *machine, uint16_t port, unsigned size) {
    unsigned index = machine->port_range[port];
    uint32_t value = 0;
    if (index && holds(&machine->port[index], port, size))
        return read_range(&machine->port[index], port, size);
    if (!index && size == 1)
        return 0xff;
    for (unsigned i = 0; i < size; i++) {
        uint16_t at = (uint16_t)(port + i);
        unsigned owner = machine->port_range[at];
        uint32_t byte = owner ? read_range(&machine->port[owner], at, 1) & 0xff : 0xff;
        value |= byte << (8 * i);
    }
    return value;
}

static uint32_t port_read(void *owner, uint16_t port, unsigned size) {
    struct machine *machine = owner;
    if (!machine->port_range[port])
        machine->counters.absent_port_accesses++;
    board_touch_clock(machine);
    uint32_t value = port_read_whole(machine, port, size);
    look_at_timers(machine);
    return value;
}

static void port_write(void *owner, uint16_t port, unsigned size, uint32_t value) {
    struct machine *machine = owner;
    unsigned index = machine->port_range[port];
    if (!index)
        machine->counters.absent_port_accesses++;
    board_touch_clock(machine);
    if (index && holds(&machine->port[index], port, size)) {
        write_range(&machine->port[index], port, size, value);
    } else {
        for (unsigned i = 0; i < size; i++) {
            uint16_t at = (uint16_t)(port + i);
            unsigned owner_of_byte = machine->port_range[at];
            if (owner_of_byte)
                write_range(&machine->port[owner_of_byte], at, 1, value >> (8 * i) & 0xff);
        }
    }
    look_at_timers(machine);
}

/* Memory without RAM or ROM */

static const struct io_range *mmio_range(const struct machine *machine, uint64_t physical, unsigned size) {
    for (unsigned i = 0; i < machine->mmio_count; i++) {
        const struct io_range *range = &machine->mmio[i];
        if (physical >= range->base && physical - range->base < range->count)
            return holds(range, physical, size) ? range : NULL;
    }
    return NULL;
}

static uint64_t mmio_read(void *owner, uint64_t physical, unsigned size) {
    struct machine *machine = owner;
    const struct io_range *range = mmio_range(machine, physical, size);
    if (!range) {
        machine->counters.absent_memory_reads++;
        return UINT64_MAX;
    }
    board_touch_clock(machine);
    uint64_t value = read_range(range, physical, size > 4 ? 4 : size);
    if (size > 4)
        value |= (uint64_t)read_range(range, physical + 4, 4) << 32;
    look_at_timers(machine);
    return value;
}

static void mmio_write(void *owner, uint64_t physical, unsigned size, uint64_t value) {
    struct machine *machine = owner;
    const struct io_range *range = mmio_range(machine, physical, size);
    if (!range) {
        machine->counters.absent_memory_writes++;
        return;
    }
    board_touch_clock(machine);
    write_range(range, physical, size > 4 ? 4 : size, (uint32_t)value);
    if (size > 4)
        write_range(range, physical + 4, 4, (uint32_t)(value >> 32));
    look_at_timers(machine);
}

/* DMA. RAM has two runs, below and above the hole at 640 KiB. */

static uint8_t *ram_piece(const struct machine *machine, uint64_t at, size_t *size) {
    for (size_t i = 0; i < machine->memory.count; i++) {
        const struct mmu_region *region = &machine->region[i];
        if (!region->writable || at < region->base || at >= region->end)
            continue;
        if (region->end - at < *size)
            *size = (size_t)(region->end - at);
        return region->host + (at - region->base);
    }
    return NULL;
}

static bool all_in_ram(const struct machine *machine, uint64_t physical, size_t size) {
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done;
        if (physical + done < physical || !ram_piece(machine, physical + done, &piece))
            return false;
    }
    return true;
}

static bool dma_read(void *owner, uint64_t physical, void *to, size_t size) {
    struct machine *machine = owner;
    if (!all_in_ram(machine, physical, size))
        return false;
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done;
        memcpy((uint8_t *)to + done, ram_piece(machine, physical + done, &piece), piece);
    }
    return true;
}

static bool dma_write(void *owner, uint64_t physical, const void *from, size_t size) {
    struct machine *machine = owner;
    if (!all_in_ram(machine, physical, size))
        return false;
    cpu_device_wrote(machine->cpu, physical, size);
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done;
        uint8_t *host = ram_piece(machine, physical + done, &piece);
        memcpy(host, (const uint8_t *)from + done, piece);
    }
    return true;
}

/* Wires */

static void interrupt_output(void *owner, unsigned number, bool level) {
    struct machine *machine = owner;
    (void)number;
    if (level && machine->cpu)
        cpu_interrupt_changed(machine->cpu);
}

static void nmi_line(void *owner, unsigned number, bool level) {
    struct machine *machine = owner;
    (void)number;
    if (level)
        cpu_nmi(machine->cpu);
}

static void apic_message(void *owner, struct apic_message message) {
    local_apic_receive(&((struct machine *)owner)->local_apic, message);
}

/* An interrupt of the ISA bus, or a PCI one that is routed there: to the PICs and to the I/O APIC. The timer is on the
 * I/O APIC's pin 2, where the PICs have their cascade. */
static void isa_interrupt(void *owner, unsigned number, bool level) {
    struct machine *machine = owner;
    pic_set_irq(&machine->pic, number, level);
    if (number != PIC_CASCADE_INPUT)
        io_apic_set_pin(&machine->io_apic, number == 0 ? PIC_CASCADE_INPUT : number, level);
}

static void reset_line(void *owner, unsigned number, bool level) {
    (void)number;
    if (level)
        stop_cpu(owner, MACHINE_STOP_RESET);
}

static void debug_exit(void *owner, uint32_t value) {
    struct machine *machine = owner;
    machine->exit_status = (int)(value & 0xff);
    stop_cpu(machine, MACHINE_STOP_EXIT);
}

static void console_byte(void *owner, uint8_t byte) {
    struct machine *machine = owner;
    if (machine->config.on_console)
        machine->config.on_console(machine->config.owner, byte);
}

static void debug_console_byte(void *owner, uint8_t byte) {
    struct machine *machine = owner;
    if (machine->config.on_debug_console)
        machine->config.on_debug_console(machine->config.owner, byte);
}

/* The record at linear as far as it can be read; its length, 0: not all of it is there. */
static size_t read_record(const struct mmu_context *mmu, uint32_t linear, union trace_record *record) {
    uint64_t run = 0;
    const uint8_t *host = mmu_peek_run(mmu, mmu_linear(linear), &run);
    bool in_one_run = host && run >= sizeof(*record); /* as a rule: one walk, and a copy of no more than is told */
    size_t size = sizeof(*record);
    if (in_one_run)
        memcpy(&record->head, host, sizeof(record->head));
    else
        size = mmu_peek_read(mmu, mmu_linear(linear), record, sizeof(*record));
    size_t bytes = size < sizeof(record->head) ? 0 : record->head.bytes;
    if (bytes < sizeof(record->head) || bytes > size)
        return 0;
    if (in_one_run)
        memcpy(record, host, bytes);
    return bytes;
}

static void trace_record(void *owner, uint32_t linear) {
    struct machine *machine = owner;
    union trace_record record;
    size_t bytes = read_record(cpu_mmu_running(machine->cpu), linear, &record);
    if (!bytes) {
        machine->counters.trace_dropped++;
        return;
    }
    machine->counters.trace_records++;
    machine->config.on_trace(machine->config.owner, cpu_blocks(machine->cpu), &record, bytes);
}

static void trace_call_at(void *owner, uint32_t linear) { cpu_set_call(((struct machine *)owner)->cpu, linear); }

/* The CPU's side */

static bool pic_asks(const struct machine *machine) {
    return pic_pending(&machine->pic) && local_apic_hears_pic(&machine->local_apic);
}

/* The PICs' requests know no priority of the local APIC's and go first. */
static int interrupt_acknowledge(void *owner) {
    struct machine *machine = owner;
    board_touch_clock(machine);
    if (!pic_asks(machine))
        return local_apic_acknowledge(&machine->local_apic);
    int vector = pic_acknowledge(&machine->pic);
    local_apic_pic_acknowledged(&machine->local_apic);
    return vector;
}

static bool interrupt_pending(void *owner) {
    const struct machine *machine = owner;
    return pic_asks(machine) || local_apic_pending(&machine->local_apic);
}

static uint64_t apic_base_read(void *owner) { return local_apic_base(&((struct machine *)owner)->local_apic); }

static void apic_base_write(void *owner, uint64_t value) {
    struct machine *machine = owner;
    board_touch_clock(machine);
    local_apic_set_base(&machine->local_apic, value);
    local_apic_ranges(&machine->local_apic, machine->mmio);
}

static bool on_page_fault(void *owner, const struct cpu_page_fault *fault) {
    struct machine *machine = owner;
    return machine->config.on_page_fault(machine->config.owner, fault);
}

static void on_delivery(void *owner, const struct cpu_delivery *delivery) {
    struct machine *machine = owner;
    if (delivery->external)
        machine->counters.interrupts++;
    else
        machine->counters.exceptions++;
    if (delivery->vector == 14 && !delivery->external && !delivery->software)
        machine->counters.page_faults++;
}

static void on_entry_update(void *owner, const struct mmu_walk *walk) {
    const struct machine *machine = owner;
    machine->config.on_entry_update(machine->config.owner, walk);
}

struct cpu_board board_cpu_side(struct machine *machine) {
    return (struct cpu_board){
        .owner = machine,
        .port_read = port_read,
        .port_write = port_write,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .tsc_per_block = MACHINE_BLOCK_NS,
        .interrupt_acknowledge = interrupt_acknowledge,
        .interrupt_pending = interrupt_pending,
        .apic_base_read = apic_base_read,
        .apic_base_write = apic_base_write,
        .call = machine->config.on_trace ? trace_record : NULL,
        .on_page_fault = machine->config.on_page_fault ? on_page_fault : NULL,
        .on_delivery = on_delivery,
        .on_entry_update = machine->config.on_entry_update ? on_entry_update : NULL,
    };
}

/* Making the board */

static void publish_ports(struct machine *machine, unsigned count) {
    for (unsigned i = machine->port_count; i < machine->port_count + count; i++) {
        const struct io_range *range = &machine->port[i];
        for (uint64_t port = range->base; port < range->base + range->count && port < 65536; port++)
            machine->port_range[port] = (uint8_t)i;
    }
    machine->port_count += count;
}

/* PCI devices lie where the guest puts them, in front of what is there: so does QEMU's pc machine. Nothing that the
 * board keeps refers to a range by its number beyond one access, and the port that moves them moves not. */
static void map_pci_ports(void *owner) {
    struct machine *machine = owner;
    memset(machine->port_range, 0, sizeof machine->port_range);
    machine->port_count = 1;
    publish_ports(machine, machine->fixed_ports - 1);
    publish_ports(machine, pci_io_ranges(&machine->pci, machine->port + machine->port_count));
}

static struct irq_line isa_line(struct machine *machine, unsigned number) {
    return (struct irq_line){isa_interrupt, machine, number};
}

/* Equal parts that begin at multiples of 4 MiB where there is enough, of a page elsewhere; the last has the rest. */
static void tell_nodes(struct machine *machine) {
    uint64_t bytes[MACHINE_NODES_MAX], ram = machine->config.ram_bytes, part;
    unsigned nodes = machine->config.nodes;
    if (nodes == 0)
        return;
    part = ram / nodes;
    part -= part % (part >= NODE_UNIT ? NODE_UNIT : MMU_PAGE_SIZE);
    for (unsigned i = 0; i < nodes; i++)
        bytes[i] = i == nodes - 1 ? ram - i * part : part;
    fw_cfg_set_nodes(&machine->fw_cfg, bytes, nodes);
}

void board_init_devices(struct machine *machine) {
    const struct machine_config *config = &machine->config;
    struct guest_memory memory = {dma_read, dma_write, machine};
    struct irq_line reset = {reset_line, machine, 0}, none = {0};
    vclock_init(&machine->clock);
    local_apic_init(&machine->local_apic, &machine->clock, (struct irq_line){interrupt_output, machine, 0},
                    (struct irq_line){nmi_line, machine, 0}, io_apic_end_of_interrupt, &machine->io_apic);
    io_apic_init(&machine->io_apic, apic_message, machine);
    pic_init(&machine->pic, (struct irq_line){local_apic_lint, &machine->local_apic, 0});
    pit_init(&machine->pit, &machine->clock, isa_line(machine, 0));
    keyboard_init(&machine->keyboard, isa_line(machine, 1), reset, none);
    uart_init(&machine->uart, &machine->clock, isa_line(machine, 4), (struct byte_sink){console_byte, machine});
    cmos_init(&machine->cmos, &machine->clock, isa_line(machine, 8), CMOS_DEFAULT_DATE, config->ram_bytes,
              config->ram_bytes);
    fw_cfg_init(&machine->fw_cfg, memory, config->ram_bytes, 1);
    tell_nodes(machine);
    debug_exit_init(&machine->debug_exit, debug_exit, machine);
    debug_console_init(&machine->debug_console, (struct byte_sink){debug_console_byte, machine});
    reset_control_init(&machine->reset_control, reset, none);
    post_init(&machine->post);
    trace_port_init(&machine->trace_port, trace_record, machine);
    machine->trace_port.call_at = trace_call_at;
    vga_text_init(&machine->vga_text, &machine->clock);
    pci_init(&machine->pci, config->ram_bytes, isa_line(machine, 0), map_pci_ports, machine);
}

static void cut_power(void *owner, vtime now) {
    struct machine *machine = owner;
    (void)now;
    for (size_t i = 0; i < machine->config.disk_count; i++)
        disk_lose_power(machine->config.disks[i]);
    stop_cpu(machine, MACHINE_STOP_POWER_CUT);
}

static void disk_request_done(void *owner) {
    struct machine *machine = owner;
    if (++machine->disk_requests == machine->config.power_cut_requests)
        cut_power(machine, machine->clock.now);
}

static void add_disk(struct machine *machine, size_t index) {
    struct guest_memory memory = {dma_read, dma_write, machine};
    char id[VIRTIO_BLK_ID_BYTES];
    snprintf(id, sizeof id, "faultline-disk-%zu", index);
    virtio_blk_init(&machine->blk[index], &machine->clock, memory, machine->config.disks[index], id);
    machine->blk[index].request_done = disk_request_done;
    machine->blk[index].owner = machine;
    pci_plug(&machine->pci, &machine->blk[index].function);
}

bool board_add_disks(struct machine *machine, char *error, size_t error_size) {
    size_t count = machine->config.disk_count;
    _Static_assert(MACHINE_DISKS_MAX == PCI_SLOTS - PCI_FIRST_FREE_SLOT, "every disk has a slot");
    if (count > MACHINE_DISKS_MAX) {
        snprintf(error, error_size, "the machine cannot have %zu disks; give at most %u", count, MACHINE_DISKS_MAX);
        return false;
    }
    machine->blk = count ? calloc(count, sizeof *machine->blk) : NULL;
    if (count && !machine->blk) {
        snprintf(error, error_size, "no memory on the host for the disks; free some and try again");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        add_disk(machine, i);
    vtimer_init(&machine->power_cut, cut_power, machine);
    if (machine->config.power_cut_blocks)
        vtimer_arm(&machine->clock, &machine->power_cut, machine->config.power_cut_blocks * MACHINE_BLOCK_NS);
    return true;
}

void board_remove_disks(struct machine *machine) {
    for (size_t i = 0; machine->blk && i < machine->config.disk_count; i++)
        virtio_blk_release(&machine->blk[i]);
    free(machine->blk);
}

void board_map(struct machine *machine) {
    struct io_range *port = machine->port;
    machine->port_count = 1;
    _Static_assert(1 + PIC_RANGES + PIT_RANGES + KEYBOARD_RANGES + UART_RANGES + CMOS_RANGES + FW_CFG_RANGES +
                           DEBUG_EXIT_RANGES + DEBUG_CONSOLE_RANGES + RESET_CONTROL_RANGES + POST_RANGES +
                           TRACE_PORT_RANGES + VGA_TEXT_PORT_RANGES + PCI_RANGES + PCI_SLOTS <=
                       BOARD_PORT_RANGES,
                   "port[] holds every range");
    pic_ranges(&machine->pic, port + machine->port_count);
    publish_ports(machine, PIC_RANGES);
    pit_ranges(&machine->pit, port + machine->port_count);
    publish_ports(machine, PIT_RANGES);
    keyboard_ranges(&machine->keyboard, port + machine->port_count);
    publish_ports(machine, KEYBOARD_RANGES);
    uart_ranges(&machine->uart, port + machine->port_count);
    publish_ports(machine, UART_RANGES);
    cmos_ranges(&machine->cmos, port + machine->port_count);
    publish_ports(machine, CMOS_RANGES);
    fw_cfg_ranges(&machine->fw_cfg, port + machine->port_count);
    publish_ports(machine, FW_CFG_RANGES);
    debug_exit_ranges(&machine->debug_exit, port + machine->port_count);
    publish_ports(machine, DEBUG_EXIT_RANGES);
    debug_console_ranges(&machine->debug_console, port + machine->port_count);
    publish_ports(machine, DEBUG_CONSOLE_RANGES);
    pci_ranges(&machine->pci, port + machine->port_count);
    publish_ports(machine, PCI_RANGES);
    reset_control_ranges(&machine->reset_control, port + machine->port_count);
    publish_ports(machine, RESET_CONTROL_RANGES);
    post_ranges(&machine->post, port + machine->port_count);
    publish_ports(machine, POST_RANGES);
    if (machine->config.on_trace) { /* a guest that finds no mark does not spend time on records */
        trace_port_ranges(&machine->trace_port, port + machine->port_count);
        publish_ports(machine, TRACE_PORT_RANGES);
    }
    vga_text_port_ranges(&machine->vga_text, port + machine->port_count);
    publish_ports(machine, VGA_TEXT_PORT_RANGES);
    machine->fixed_ports = machine->port_count;
    local_apic_ranges(&machine->local_apic, machine->mmio); /* the first: the guest may move or remove it */
    io_apic_ranges(&machine->io_apic, machine->mmio + LOCAL_APIC_RANGES);
    vga_text_memory_ranges(&machine->vga_text, machine->mmio + LOCAL_APIC_RANGES + IO_APIC_RANGES);
    machine->mmio_count = LOCAL_APIC_RANGES + IO_APIC_RANGES + VGA_TEXT_MEMORY_RANGES;
    _Static_assert(LOCAL_APIC_RANGES + IO_APIC_RANGES + VGA_TEXT_MEMORY_RANGES <= BOARD_MEMORY_RANGES,
                   "mmio[] holds every range");
}
