#include "tests/cpu/guest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern const uint8_t guest_rom[], guest_rom_end[], guest_handler[], guest_handler_end[];

static uint32_t port_read(void *owner, uint16_t port, unsigned size) {
    struct guest *guest = owner;
    (void)size;
    return port == 0xe1 ? ++guest->port_count : UINT32_MAX;
}

static void port_write(void *owner, uint16_t port, unsigned size, uint32_t value) {
    struct guest *guest = owner;
    (void)size;
    if (port == 0xf4) {
        guest->stopped = true;
        cpu_request_stop(guest->cpu);
    }
    if (port == 0xe0 && guest->logged < GUEST_LOG)
        guest->log[guest->logged++] = value;
    if (port == 0xe2) {
        guest->vector = (int)value;
        cpu_interrupt_changed(guest->cpu);
    }
    if (port == 0xe5)
        cpu_set_call(guest->cpu, value);
    if (port == 0xe3)
        cpu_nmi(guest->cpu);
}

static uint64_t apic_base_read(void *owner) { return ((struct guest *)owner)->apic_base; }
static void apic_base_write(void *owner, uint64_t value) { ((struct guest *)owner)->apic_base = value; }

static uint64_t mmio_read(void *owner, uint64_t physical, unsigned size) {
    struct guest *guest = owner;
    (void)size;
    guest->mmio_reads++;
    guest->mmio_address = physical;
    return UINT64_MAX;
}

static void mmio_write(void *owner, uint64_t physical, unsigned size, uint64_t value) {
    struct guest *guest = owner;
    (void)size, (void)value;
    guest->mmio_writes++;
    guest->mmio_address = physical;
}

static int acknowledge(void *owner) {
    struct guest *guest = owner;
    int vector = guest->vector;
    guest->vector = -1;
    return vector;
}

static bool pending(void *owner) { return ((struct guest *)owner)->vector >= 0; }

static bool on_page_fault(void *owner, const struct cpu_page_fault *fault) {
    struct guest *guest = owner;
    guest->fault_address = fault->walk.access.linear.value;
    guest->fault_error = fault->walk.result.error_code;
    guest->fault_bytes = fault->instruction_bytes;
    guest->faults++;
    return guest->stop_on_fault;
}

static void on_delivery(void *owner, const struct cpu_delivery *delivery) {
    struct guest *guest = owner;
    if (guest->events < GUEST_LOG)
        guest->event[guest->events++] = (struct guest_event){*delivery, cpu_blocks(guest->cpu), guest->fault_address};
}

static uint8_t *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

void guest_put32(struct guest *guest, uint32_t at, uint32_t value) { memcpy(guest->ram + at, &value, 4); }
void guest_put64(struct guest *guest, uint32_t at, uint64_t value) { memcpy(guest->ram + at, &value, 8); }

uint32_t guest_get32(const struct guest *guest, uint32_t at) {
    uint32_t value;
    memcpy(&value, guest->ram + at, 4);
    return value;
}

void guest_load(struct guest *guest, uint32_t at, const void *from, const void *end) {
    memcpy(guest->ram + at, from, (size_t)((const uint8_t *)end - (const uint8_t *)from));
}

void guest_gate(struct guest *guest, unsigned vector, uint32_t offset, uint16_t selector, uint8_t type_dpl) {
    guest_put32(guest, GUEST_IDT + vector * 8, (uint32_t)selector << 16 | (offset & 0xffff));
    guest_put32(guest, GUEST_IDT + vector * 8 + 4, (offset & 0xffff0000u) | (uint32_t)type_dpl << 8);
}

void guest_map(struct guest *guest, uint32_t linear, uint32_t entry) {
    guest_put32(guest, GUEST_PT + (linear >> 12) * 4, entry);
}

static void make_tables(struct guest *guest) {
    static const uint64_t gdt[] = {
        0,
        0x00cf9b000000ffff,
        0x00cf93000000ffff,
        0x00cffb000000ffff,
        0x00cff3000000ffff,
        0x00008900190003ff,
        0x00209b0000000000,
        0x0020fb0000000000,
        0x00009b000000ffff,
        0x000093000000ffff,
        0x000089001d000067,
    };
    memcpy(guest->ram + GUEST_GDT, gdt, sizeof gdt);
    guest_put32(guest, GUEST_TSS + 4, GUEST_STACK0);
    guest_put32(guest, GUEST_TSS + 8, SEL_DATA0);
    guest_put32(guest, GUEST_TSS + 0x64, 0x68u << 16);
    for (unsigned vector = 0; vector < 256; vector++) {
        uint32_t at = GUEST_HANDLERS + vector * GUEST_HANDLER_BYTES;
        guest_load(guest, at, guest_handler, guest_handler_end);
        guest_gate(guest, vector, at, SEL_CODE0, 0xee);
    }
    guest_put32(guest, GUEST_PD, GUEST_PT | 7);
    for (unsigned page = 0; page < 1024; page++)
        guest_put32(guest, GUEST_PT + page * 4, page << 12 | 7);
}

static void on_call(void *owner, uint32_t argument) {
    struct guest *guest = owner;
    if (guest->logged < GUEST_LOG)
        guest->log[guest->logged++] = argument;
}

static const struct cpu_board board = {
    .call = on_call,
    .port_read = port_read,
    .port_write = port_write,
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .tsc_per_block = 4,
    .interrupt_acknowledge = acknowledge,
    .interrupt_pending = pending,
    .apic_base_read = apic_base_read,
    .apic_base_write = apic_base_write,
    .on_page_fault = on_page_fault,
    .on_delivery = on_delivery,
};

static void make_cpu(struct guest *guest, struct cpu_board mine) {
    char error[256];
    mine.owner = guest;
    guest->cpu = cpu_create(&guest->memory, &mine, error, sizeof error);
    if (!guest->cpu) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    cpu_record_faults(guest->cpu, true);
}

void guest_watch_entries(struct guest *guest, void (*on_entry_update)(void *owner, const struct mmu_walk *walk)) {
    struct cpu_board mine = board;
    mine.on_entry_update = on_entry_update;
    cpu_destroy(guest->cpu);
    make_cpu(guest, mine);
}

void guest_create(struct guest *guest) {
    memset(guest, 0, sizeof *guest);
    guest->vector = -1;
    guest->ram = reserve(GUEST_RAM_BYTES);
    guest->rom = reserve(0x10000);
    memcpy(guest->rom, guest_rom, (size_t)(guest_rom_end - guest_rom));
    static const uint8_t jump[] = {0xe9, 0x0d, 0x00}; /* FFF0: jmp 0000 (16-bit, wraps) */
    memcpy(guest->rom + 0xfff0, jump, sizeof jump);
    guest->region[0] = (struct mmu_region){0, 0xa0000, guest->ram, true};
    guest->region[1] = (struct mmu_region){0xf0000, 0x100000, guest->rom, false};
    guest->region[2] = (struct mmu_region){0x100000, GUEST_RAM_BYTES, guest->ram + 0x100000, true};
    guest->region[3] = (struct mmu_region){0xffff0000u, 0x100000000u, guest->rom, false};
    guest->memory = (struct mmu_memory){guest->region, 4};
    make_tables(guest);
    make_cpu(guest, board);
}

void guest_destroy(struct guest *guest) {
    cpu_destroy(guest->cpu);
    munmap(guest->ram, GUEST_RAM_BYTES);
    munmap(guest->rom, 0x10000);
}

void guest_prepare(struct guest *guest, const void *from, const void *end, struct guest_setup setup) {
    guest_load(guest, GUEST_CODE, from, end);
    guest_put32(guest, 0x500, setup.paging ? GUEST_PD : 0);
    guest_put32(guest, 0x504, setup.cr4);
    guest_put32(guest, 0x508, setup.ring3);
    guest_put32(guest, 0x50c, setup.cr0_or | (setup.paging ? 0x80000000u : 0));
    guest_put32(guest, 0x510, setup.eflags | 2);
}

enum cpu_stop guest_run(struct guest *guest, uint64_t limit) {
    uint64_t end = cpu_blocks(guest->cpu) + limit;
    for (;;) {
        uint64_t now = cpu_blocks(guest->cpu), until = end;
        if (guest->interrupt_every) {
            uint64_t next = (now / guest->interrupt_every + 1) * guest->interrupt_every;
            until = next < end ? next : end;
        }
        enum cpu_stop stop = cpu_run(guest->cpu, until);
        if (stop != CPU_STOP_DEADLINE || until == end)
            return stop;
        guest->vector = 0x20;
        cpu_interrupt_changed(guest->cpu);
    }
}

struct cpu_registers guest_registers(struct guest *guest) {
    struct cpu_registers registers;
    cpu_read_registers(guest->cpu, &registers);
    return registers;
}

struct guest_event guest_last(const struct guest *guest) {
    return guest->events ? guest->event[guest->events - 1] : (struct guest_event){.delivery.vector = 0xff};
}
