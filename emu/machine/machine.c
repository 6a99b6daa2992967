/*
 * A machine's life: memory, parts, and the questions that viewers ask.
 *
 * RAM is one reservation of host memory that costs what the guest touches. Its part behind the hole at
 * 640 KiB - 1 MiB is never mapped. The ROM is at the end of the first 4 GiB and again below 1 MiB.
 */
#include "emu/machine/board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROM_SMALL (64u << 10)
#define ROM_LARGE (128u << 10)
#define FOUR_GIB (1ull << 32)

static bool check_config(const struct machine_config *config, char *error, size_t size) {
    uint64_t ram = config->ram_bytes;
    if (ram < MACHINE_RAM_MIN || ram > MACHINE_RAM_MAX || ram % MMU_PAGE_SIZE) {
        snprintf(error, size,
                 "the machine cannot have %llu bytes of RAM: give a multiple of 4096 from %llu MiB to %llu MiB",
                 (unsigned long long)ram, MACHINE_RAM_MIN >> 20, MACHINE_RAM_MAX >> 20);
        return false;
    }
    if (config->nodes > MACHINE_NODES_MAX) {
        snprintf(error, size, "the machine cannot have %u nodes: give at most %u", config->nodes, MACHINE_NODES_MAX);
        return false;
    }
    if (!config->rom || (config->rom_bytes != ROM_SMALL && config->rom_bytes != ROM_LARGE)) {
        snprintf(error, size, "the ROM has %zu bytes: it must be an image of 65536 or 131072 bytes", config->rom_bytes);
        return false;
    }
    return true;
}

static uint8_t *reserve(uint64_t bytes) {
    void *memory =
        mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static bool make_memory(struct machine *machine, char *error, size_t size) {
    const struct machine_config *config = &machine->config;
    uint32_t rom_bytes = (uint32_t)config->rom_bytes;
    machine->ram = reserve(config->ram_bytes);
    machine->rom = reserve(rom_bytes);
    machine->rom_bytes = rom_bytes;
    if (!machine->ram || !machine->rom) {
        snprintf(error, size, "the host cannot reserve %llu MiB for the guest's RAM: %s",
                 (unsigned long long)config->ram_bytes >> 20, strerror(errno));
        return false;
    }
    memcpy(machine->rom, config->rom, rom_bytes);
    machine->region[0] = (struct mmu_region){0, BOARD_LOW_RAM_END, machine->ram, true};
    machine->region[1] = (struct mmu_region){BOARD_HIGH_RAM - rom_bytes, BOARD_HIGH_RAM, machine->rom, false};
    machine->region[2] = (struct mmu_region){BOARD_HIGH_RAM, config->ram_bytes, machine->ram + BOARD_HIGH_RAM, true};
    machine->region[3] = (struct mmu_region){FOUR_GIB - rom_bytes, FOUR_GIB, machine->rom, false};
    machine->memory = (struct mmu_memory){machine->region, BOARD_REGIONS};
    return true;
}

static bool add_files(struct machine *machine, char *error, size_t size) {
    for (size_t i = 0; i < machine->config.file_count; i++) {
        const struct machine_file *file = &machine->config.files[i];
        if (fw_cfg_add_file(&machine->fw_cfg, file->name, file->data, file->size))
            continue;
        snprintf(error, size,
                 "the machine cannot offer the file '%s' to its firmware: the name is taken, empty or "
                 "too long, or there are too many files",
                 file->name);
        return false;
    }
    return true;
}

struct machine *machine_create(const struct machine_config *config, char *error, size_t error_size) {
    if (!check_config(config, error, error_size))
        return NULL;
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine) {
        snprintf(error, error_size, "no memory for the machine");
        return NULL;
    }
    machine->config = *config;
    machine->wanted = MACHINE_STOP_STEP;
    pthread_mutex_init(&machine->input_lock, NULL);
    if (!make_memory(machine, error, error_size)) {
        machine_destroy(machine);
        return NULL;
    }
    board_init_devices(machine);
    board_map(machine);
    struct cpu_board board = board_cpu_side(machine);
    machine->cpu = cpu_create(&machine->memory, &board, error, error_size);
    if (!machine->cpu || !add_files(machine, error, error_size) || !board_add_disks(machine, error, error_size)) {
        machine_destroy(machine);
        return NULL;
    }
    cpu_record_faults(machine->cpu, config->record_faults);
    return machine;
}

void machine_destroy(struct machine *machine) {
    if (!machine)
        return;
    cpu_destroy(machine->cpu);
    board_remove_disks(machine);
    if (machine->ram)
        munmap(machine->ram, (size_t)machine->config.ram_bytes);
    if (machine->rom)
        munmap(machine->rom, machine->rom_bytes);
    pthread_mutex_destroy(&machine->input_lock);
    free(machine);
}

/* Questions */

int machine_exit_status(const struct machine *machine) { return machine->exit_status; }

const char *machine_stop_text(const struct machine *machine) { return machine->text; }

uint64_t machine_blocks(const struct machine *machine) { return cpu_blocks(machine->cpu); }

vtime machine_now(const struct machine *machine) { return cpu_blocks(machine->cpu) * MACHINE_BLOCK_NS; }

uint8_t machine_post_code(const struct machine *machine) { return machine->post.code; }

struct cpu *machine_cpu(struct machine *machine) {
    return machine->cpu;
}

const struct mmu_memory *machine_memory(const struct machine *machine) { return &machine->memory; }

uint64_t machine_ram_bytes(const struct machine *machine) { return machine->config.ram_bytes; }

const struct mmu_context *machine_mmu(struct machine *machine) { return cpu_mmu(machine->cpu); }

const uint8_t *machine_vga_text(const struct machine *machine, unsigned *cursor) {
    if (!machine->vga_text.written)
        return NULL;
    *cursor = vga_text_cursor(&machine->vga_text);
    return vga_text_screen(&machine->vga_text);
}

void machine_counters(const struct machine *machine, struct machine_counters *to) { *to = machine->counters; }
