/*
 * Translated code follows memory: stores through aliases, stores into the running block, device writes.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(alias_store);
SNIPPET(own_block);
SNIPPET(device_code);

Test(coherence, a_store_through_another_mapping_changes_the_code) {
    static struct guest guest;
    guest_create(&guest);
    guest_map(&guest, 0x60000, 0x50007);
    guest_prepare(&guest, CODE(alias_store), (struct guest_setup){.paging = true});
    cr_expect_eq(guest_run(&guest, 10000), CPU_STOP_REQUESTED);
    cr_assert_eq(guest.logged, 10);
    for (unsigned i = 0; i < 5; i++) {
        cr_expect_eq(guest.log[2 * i], 1 + i, "round %u, first function: %u", i, guest.log[2 * i]);
        cr_expect_eq(guest.log[2 * i + 1], 11 + i, "round %u, second function: %u", i, guest.log[2 * i + 1]);
    }
    guest_destroy(&guest);
}

Test(coherence, the_running_block_changes_itself) {
    for (int paging = 0; paging < 2; paging++) {
        static struct guest guest;
        guest_create(&guest);
        guest_prepare(&guest, CODE(own_block), (struct guest_setup){.paging = paging});
        cr_expect_eq(guest_run(&guest, 10000), CPU_STOP_REQUESTED);
        cr_assert_eq(guest.logged, 3);
        for (unsigned i = 0; i < 3; i++)
            cr_expect_eq(guest.log[i], 3 - i, "round %u: %x", i, guest.log[i]);
        guest_destroy(&guest);
    }
}

/* A page copied over another one that has run: every function in it is new, not only the first. */
Test(coherence, a_frame_is_reused_for_other_code) {
    static struct guest guest;
    static const uint8_t code[] = {
        0xbd, 4,    0,    0,    0,                /* mov ebp, 4 */
        0xbe, 0,    0,    5,    0,                /* 1: mov esi, 0x50000: run all 64 functions of 64 bytes */
        0xff, 0xd6,                               /* 2: call esi */
        0xe7, 0xe0,                               /* out 0xe0, eax */
        0x83, 0xc6, 0x40,                         /* add esi, 0x40 */
        0x81, 0xfe, 0x00, 0x10, 5,    0,          /* cmp esi, 0x51000 */
        0x75, 0xf1,                               /* jne 2b */
        0x89, 0xe8, 0xc1, 0xe0, 0x0c,             /* mov eax, ebp; shl eax, 12 */
        0x8d, 0xb0, 0,    0,    7,    0,          /* lea esi, [eax + 0x70000]: the next page of code */
        0xbf, 0,    0,    6,    0,                /* mov edi, 0x60000, an alias of 0x50000 */
        0xb9, 0,    4,    0,    0,    0xf3, 0xa5, /* mov ecx, 1024; rep movsd */
        0x4d,                                     /* dec ebp */
        0x75, 0xd0,                               /* jnz 1b */
        0xe6, 0xf4, 0xeb, 0xfe,
    };
    guest_create(&guest);
    guest_map(&guest, 0x60000, 0x50007);
    for (unsigned page = 0; page < 5; page++)
        for (unsigned i = 0; i < 64; i++) {
            uint32_t at = (page ? 0x70000 + page * 0x1000 : 0x50000) + i * 64;
            guest.ram[at] = 0xb8;
            guest_put32(&guest, at + 1, page * 1000 + i);
            guest.ram[at + 5] = 0xc3;
        }
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    cr_expect_eq(guest_run(&guest, 100000), CPU_STOP_REQUESTED, "%s", cpu_triple_fault_text(guest.cpu));
    cr_assert_eq(guest.logged, 256, "%u", guest.logged);
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < 64; i++) {
            uint32_t page = round ? 5 - round : 0;
            cr_expect_eq(guest.log[round * 64 + i], page * 1000 + i, "round %u function %u: %u", round, i,
                         guest.log[round * 64 + i]);
        }
    guest_destroy(&guest);
}

static struct guest *device_guest;
static uint32_t device_value;

static void device_write(void *owner, uint16_t port, unsigned size, uint32_t value) {
    (void)owner, (void)size;
    if (port == 0xe0)
        device_guest->log[device_guest->logged++] = value;
    if (port == 0xf4)
        cpu_request_stop(device_guest->cpu);
    if (port == 0xe3) {
        cpu_memory_changed(device_guest->cpu, 0x50001, 4);
        guest_put32(device_guest, 0x50001, ++device_value);
    }
}

static uint32_t no_read(void *owner, uint16_t port, unsigned size) {
    (void)owner, (void)port, (void)size;
    return UINT32_MAX;
}

static bool never(void *owner) {
    (void)owner;
    return false;
}

Test(coherence, a_device_writes_code_during_its_port_access) {
    static struct guest guest;
    char error[200];
    guest_create(&guest);
    cpu_destroy(guest.cpu);
    device_guest = &guest;
    device_value = 100;
    struct cpu_board board = {
        .owner = &guest, .port_read = no_read, .port_write = device_write, .interrupt_pending = never};
    guest.cpu = cpu_create(&guest.memory, &board, error, sizeof error);
    static const uint8_t function[] = {0xb8, 100, 0, 0, 0, 0xc3};
    memcpy(guest.ram + 0x50000, function, sizeof function);
    guest_prepare(&guest, CODE(device_code), (struct guest_setup){.paging = true});
    cr_expect_eq(cpu_run(guest.cpu, 10000), CPU_STOP_REQUESTED);
    cr_assert_eq(guest.logged, 3);
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(guest.log[i], 100 + i, "round %u: %u", i, guest.log[i]);
    cpu_reset(guest.cpu);
    guest_destroy(&guest);
}

Test(coherence, memory_changed_between_runs) {
    static struct guest guest;
    static const uint8_t code[] = {0xb8, 1, 0, 0, 0, 0xe7, 0xe0, 0xe6, 0xf4, 0xeb, 0xf5};
    guest_create(&guest);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    for (uint32_t i = 1; i < 4; i++) {
        cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
        cr_expect_eq(guest.log[i - 1], i, "%u", guest.log[i - 1]);
        cpu_memory_changed(guest.cpu, GUEST_CODE + 1, 4);
        guest_put32(&guest, GUEST_CODE + 1, i + 1);
    }
    guest_destroy(&guest);
}
