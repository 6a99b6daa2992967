/* Registers and memory. Reading is peeking: no A or D bit, no fault, no device. */
#include "emu/gdb/internal.h"

#include <string.h>

#define MEMORY_CHUNK (PACKET_BYTES / 2)

static struct machine *machine_of(struct stub *stub) { return session_machine(stub->config.session); }

bool is_wide(struct stub *stub) { return machine_mmu(machine_of(stub))->state.efer & MMU_EFER_LMA; }

static void load(struct stub *stub, struct register_set *set) {
    cpu_read_registers(machine_cpu(machine_of(stub)), &set->cpu);
    cpu_read_fpu(machine_cpu(machine_of(stub)), &set->fpu);
}

/* ---- registers ---- */

void read_registers(struct stub *stub) {
    struct register_set set;
    uint8_t value[16];
    load(stub, &set);
    for (unsigned i = 0; i < registers_count(stub->wide); i++) {
        size_t bytes = registers_bytes(stub->wide, i);
        registers_get(&set, stub->wide, i, value);
        packet_put_hex(stub->reply + stub->length, value, bytes);
        stub->length += 2 * bytes;
    }
}

void read_register(struct stub *stub, const char *text) {
    struct register_set set;
    uint8_t value[16];
    uint64_t number;
    if (!read_number(&text, &number) || *text || number >= registers_count(stub->wide)) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    load(stub, &set);
    size_t bytes = registers_bytes(stub->wide, (unsigned)number);
    registers_get(&set, stub->wide, (unsigned)number, value);
    packet_put_hex(stub->reply, value, bytes);
    stub->length = 2 * bytes;
}

static bool set_from_hex(struct register_set *set, bool wide, unsigned number, const char *hex, size_t length) {
    uint8_t value[16] = {0};
    size_t bytes = registers_bytes(wide, number);
    return bytes && length >= 2 * bytes && packet_get_hex(hex, value, bytes) && registers_set(set, wide, number, value);
}

static void store(struct stub *stub, const struct register_set *set) {
    if (cpu_write_registers(machine_cpu(machine_of(stub)), &set->cpu))
        reply_ok(stub);
    else
        reply_error(stub, STUB_EINVAL);
}

void write_register(struct stub *stub, const char *text) {
    struct register_set set;
    uint64_t number;
    load(stub, &set);
    if (read_number(&text, &number) && *text == '=' && number < registers_count(stub->wide) &&
        set_from_hex(&set, stub->wide, (unsigned)number, text + 1, strlen(text + 1)))
        store(stub, &set);
    else
        reply_error(stub, STUB_EINVAL);
}

void write_registers(struct stub *stub, const char *hex, size_t length) {
    struct register_set set;
    load(stub, &set);
    for (unsigned i = 0; i < registers_count(stub->wide) && length > 0; i++) {
        size_t digits = 2 * (size_t)registers_bytes(stub->wide, i);
        if (!set_from_hex(&set, stub->wide, i, hex, length)) {
            reply_error(stub, STUB_EINVAL);
            return;
        }
        hex += digits;
        length -= digits;
    }
    store(stub, &set);
}

/* ---- memory ---- */

static bool read_range(const char **at, uint64_t *address, uint64_t *count) {
    return read_number(at, address) && *(*at)++ == ',' && read_number(at, count);
}

void read_memory(struct stub *stub, const char *text) {
    uint8_t bytes[MEMORY_CHUNK];
    uint64_t address, count;
    if (!read_range(&text, &address, &count) || *text) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    size_t most = count < sizeof(bytes) ? (size_t)count : sizeof(bytes);
    size_t got = mmu_peek_read(machine_mmu(machine_of(stub)), mmu_linear(address), bytes, most);
    if (got == 0 && most > 0) {
        reply_error(stub, STUB_EFAULT);
        return;
    }
    packet_put_hex(stub->reply, bytes, got);
    stub->length = 2 * got;
}

void write_memory(struct stub *stub, const char *text, size_t length, bool binary) {
    uint8_t bytes[PACKET_BYTES];
    const char *at = text;
    uint64_t address, count;
    if (!read_range(&at, &address, &count) || *at++ != ':') {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    size_t given = length - (size_t)(at - text);
    if (count != (binary ? given : given / 2) || (!binary && given % 2) ||
        (!binary && !packet_get_hex(at, bytes, (size_t)count))) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    if (debugger_write(stub->debugger, address, binary ? (const void *)at : bytes, (size_t)count))
        reply_ok(stub);
    else
        reply_error(stub, STUB_EFAULT);
}
