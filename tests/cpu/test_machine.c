/*
 * The board: time, devices in their places, and every way in which a machine ends.
 */
#include "emu/machine/machine.h"

#include <criterion/criterion.h>
#include <string.h>

extern const uint8_t machine_rom[], machine_rom_end[];

struct rig {
    struct machine *machine;
    uint8_t rom[65536];
    char console[16], debug[16];
    unsigned console_count, debug_count;
};

static void on_console(void *owner, uint8_t byte) {
    struct rig *rig = owner;
    if (rig->console_count < sizeof rig->console - 1)
        rig->console[rig->console_count++] = (char)byte;
}

static void on_debug(void *owner, uint8_t byte) {
    struct rig *rig = owner;
    if (rig->debug_count < sizeof rig->debug - 1)
        rig->debug[rig->debug_count++] = (char)byte;
}

static void rig_create(struct rig *rig, uint8_t what) {
    char error[256];
    static const uint8_t jump[] = {0xe9, 0x0d, 0x00};
    memset(rig, 0, sizeof *rig);
    memcpy(rig->rom, machine_rom, (size_t)(machine_rom_end - machine_rom));
    memcpy(rig->rom + 0xfff0, jump, sizeof jump);
    rig->rom[0x8000] = what;
    struct machine_config config = {.ram_bytes = 8 << 20,
                                    .rom = rig->rom,
                                    .rom_bytes = sizeof rig->rom,
                                    .owner = rig,
                                    .on_console = on_console,
                                    .on_debug_console = on_debug};
    rig->machine = machine_create(&config, error, sizeof error);
    cr_assert_not_null(rig->machine, "%s", error);
}

Test(machine, runs_on_timers_and_devices) {
    static struct rig rig;
    struct machine_counters counters;
    unsigned cursor;
    rig_create(&rig, 0);
    enum machine_stop stop = machine_run(rig.machine, 1000000000);
    cr_expect_eq(stop, MACHINE_STOP_EXIT, "%s", machine_stop_text(rig.machine));
    cr_expect_eq(machine_exit_status(rig.machine), 42);
    cr_expect_eq(machine_post_code(rig.machine), 0x31);
    cr_expect_str_eq(rig.console, "k");
    cr_expect_str_eq(rig.debug, "d");
    vtime now = machine_now(rig.machine);
    cr_expect(now > 50000000 && now < 50100000, "five ticks of 10 ms: %llu ns", (unsigned long long)now);
    machine_counters(rig.machine, &counters);
    cr_expect_eq(counters.interrupts, 5);
    cr_expect_eq(counters.absent_port_accesses, 1);
    cr_expect_eq(counters.absent_memory_reads, 1);
    cr_expect_eq(counters.absent_memory_writes, 1);
    cr_assert_not_null(machine_vga_text(rig.machine, &cursor));
    cr_expect_eq(machine_vga_text(rig.machine, &cursor)[2], 'A');
    machine_destroy(rig.machine);
}

/* Free, paused at limits all along, stepped, and stepped by turns: the same count of blocks at the end. */
Test(machine, pauses_and_steps_change_nothing, .timeout = 60) {
    static struct rig rig;
    uint64_t blocks[4];
    for (unsigned way = 0; way < 4; way++) {
        rig_create(&rig, 0);
        enum machine_stop stop = MACHINE_STOP_STEP;
        for (unsigned i = 0; stop != MACHINE_STOP_EXIT && i < 1000000; i++) {
            if (way == 0)
                stop = machine_run(rig.machine, VTIME_NEVER);
            else if (way == 1 || (way == 3 && i % 3))
                stop = machine_run(rig.machine, machine_now(rig.machine) + 1 + i * 977 % 40000);
            else
                stop = machine_step(rig.machine);
            cr_assert(stop == MACHINE_STOP_EXIT || stop == MACHINE_STOP_LIMIT || stop == MACHINE_STOP_STEP,
                      "way %u: %d %s", way, stop, machine_stop_text(rig.machine));
        }
        cr_expect_eq(stop, MACHINE_STOP_EXIT, "way %u", way);
        blocks[way] = machine_blocks(rig.machine);
        cr_expect_eq(blocks[way], blocks[0], "way %u: %llu blocks, not %llu", way, (unsigned long long)blocks[way],
                     (unsigned long long)blocks[0]);
        machine_destroy(rig.machine);
    }
}

static void expect_end(uint8_t what, enum machine_stop expected, const char *text) {
    static struct rig rig;
    rig_create(&rig, what);
    enum machine_stop stop = machine_run(rig.machine, 1000000000);
    cr_expect_eq(stop, expected, "what %u: stop %d", what, stop);
    cr_expect(strstr(machine_stop_text(rig.machine), text), "%s", machine_stop_text(rig.machine));
    machine_destroy(rig.machine);
}

Test(machine, ends) {
    expect_end(1, MACHINE_STOP_DEAD, "interrupts off");
    expect_end(2, MACHINE_STOP_RESET, "reset line");
    expect_end(3, MACHINE_STOP_TRIPLE_FAULT, "triple fault");
}

Test(machine, the_limit_is_exact_and_the_machine_goes_on) {
    static struct rig rig;
    rig_create(&rig, 0);
    for (vtime limit = 4; limit < 4000; limit += 40) {
        cr_expect_eq(machine_run(rig.machine, limit), MACHINE_STOP_LIMIT);
        cr_expect_eq(machine_now(rig.machine), limit);
    }
    cr_expect_eq(machine_run(rig.machine, VTIME_NEVER), MACHINE_STOP_EXIT);
    machine_destroy(rig.machine);
}

Test(machine, console_input_reaches_the_guest) {
    static struct rig rig;
    rig_create(&rig, 4);
    cr_expect_eq(machine_console_input(rig.machine, "x", 1), 1);
    enum machine_stop stop = machine_run(rig.machine, 1000000000);
    cr_expect_eq(stop, MACHINE_STOP_EXIT, "%s", machine_stop_text(rig.machine));
    cr_expect_str_eq(rig.console, "x");
    cr_expect_eq(machine_exit_status(rig.machine), 'x');
    machine_destroy(rig.machine);
}

Test(machine, a_stop_request_is_taken_once) {
    static struct rig rig;
    rig_create(&rig, 0);
    machine_request_stop(rig.machine);
    cr_expect_eq(machine_run(rig.machine, VTIME_NEVER), MACHINE_STOP_REQUESTED);
    cr_expect_eq(machine_run(rig.machine, VTIME_NEVER), MACHINE_STOP_EXIT);
    machine_destroy(rig.machine);
}

Test(machine, bad_configurations_get_one_sentence) {
    static const uint8_t rom[65536];
    static const struct {
        uint64_t ram;
        size_t rom;
        const char *text;
    } cases[] = {
        {1 << 20, sizeof rom, "RAM"},
        {100ull << 30, sizeof rom, "RAM"},
        {(64 << 20) + 1, sizeof rom, "RAM"},
        {64 << 20, 1000, "ROM"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[256] = "";
        struct machine_config config = {.ram_bytes = cases[i].ram, .rom = rom, .rom_bytes = cases[i].rom};
        cr_expect_null(machine_create(&config, error, sizeof error));
        cr_expect(strstr(error, cases[i].text), "%s", error);
        cr_expect_null(strchr(error, '\n'));
    }
}

Test(machine, three_gigabytes_cost_what_is_touched) {
    static struct rig rig;
    char error[256];
    rig_create(&rig, 1);
    struct machine_config config = {.ram_bytes = MACHINE_RAM_MAX, .rom = rig.rom, .rom_bytes = sizeof rig.rom};
    struct machine *machine = machine_create(&config, error, sizeof error);
    cr_assert_not_null(machine, "%s", error);
    cr_expect_eq(machine_run(machine, 1000000), MACHINE_STOP_DEAD);
    machine_destroy(machine);
    machine_destroy(rig.machine);
}
