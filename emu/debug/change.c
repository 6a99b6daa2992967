/*
 * Changing the guest's memory on its user's explicit order. The tables are walked by peek: no A or D bit is set and no
 * right asked for, as a debugger writes its breakpoints into code that the program may only read.
 */
#include "emu/debug/debugger_internal.h"

#include <string.h>

/* Host memory of the RAM at a linear address, and how much of `most` bytes lies in that page. NULL: none. */
static uint8_t *ram_at(struct debugger *debugger, uint64_t linear, size_t most, size_t *room, uint64_t *physical) {
    const struct mmu_memory *memory = machine_memory(debugger->session->machine);
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = MMU_READ, .implicit = true};
    struct mmu_result at = mmu_peek(machine_mmu(debugger->session->machine), access, NULL);
    *room = MMU_PAGE_SIZE - (size_t)(linear % MMU_PAGE_SIZE);
    if (*room > most)
        *room = most;
    if (at.status != MMU_OK)
        return NULL;
    *physical = at.physical.value;
    for (size_t i = 0; i < memory->count; i++)
        if (*physical >= memory->regions[i].base && *physical < memory->regions[i].end)
            return memory->regions[i].writable ? mmu_host(memory, at.physical, *room) : NULL;
    return NULL;
}

bool debugger_write(struct debugger *debugger, uint64_t linear, const void *bytes, size_t count) {
    uint64_t physical;
    size_t room;
    for (size_t done = 0; done < count; done += room)
        if (!ram_at(debugger, linear + done, count - done, &room, &physical))
            return false;
    for (size_t done = 0; done < count; done += room) {
        uint8_t *host = ram_at(debugger, linear + done, count - done, &room, &physical);
        cpu_memory_changed(machine_cpu(debugger->session->machine), physical, room);
        memcpy(host, (const uint8_t *)bytes + done, room);
    }
    return true;
}
