/*
 * Code and calls at a stop: see inspect.h.
 *
 * Calls are found by frame pointers: [ebp] is the caller's ebp, [ebp + 4] the return address into the caller. Before a
 * function has pushed ebp, its return address lies at the stack pointer. The kernel's part of the chain ends where the
 * processor entered it: there the caller's ebp is the program's, and the program's eip lies where the processor pushed
 * it, right below the stack top that the task state segment names (Intel SDM volume 3, section 6.12.1).
 */
#include "emu/debug/inspect.h"
#include "emu/debug/internal.h"
#include "emu/story/code.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTOR_L (1u << 21)
#define DESCRIPTOR_DB (1u << 22)
#define PUSH_EBP 0x55
#define TSS_ESP0 4u
#define GPR_ESP 4
#define GPR_EBP 5

bool inspect_symbol(const struct session *session, uint64_t linear, char *text, size_t size) {
    const struct image *image = session_image_at(session, linear);
    text[0] = '\0';
    return image && image_symbol_at(image, linear, text, size);
}

bool inspect_symbol_range(const struct session *session, const char *name, uint64_t *start, uint64_t *size) {
    return (session->program_image && image_symbol(session->program_image, name, start, size)) ||
           (session->kernel_image && image_symbol(session->kernel_image, name, start, size));
}

bool inspect_line(const struct session *session, uint64_t linear, struct image_line *to) {
    const struct image *image = session_image_at(session, linear);
    return image && image_line_at(image, linear, to);
}

size_t inspect_functions(const struct session *session, uint64_t linear, struct image_call *to, size_t most) {
    const struct image *image = session_image_at(session, linear);
    return image ? image_calls_at(image, linear, to, most) : 0;
}

bool inspect_source(struct session *session, const struct image_line *line, char *text, size_t size) {
    text[0] = '\0';
    return session->story && story_source_text(session->story, line, text, size);
}

/* ---- code ---- */

static unsigned mode_of(const struct cpu_registers *registers) {
    uint32_t flags = registers->segment[CPU_CS].flags;
    if ((registers->efer & MMU_EFER_LMA) && (flags & DESCRIPTOR_L))
        return 64;
    return flags & DESCRIPTOR_DB ? 32 : 16;
}

/* A jump or call that names its target by number gets the target's name. */
static void name_target(const struct session *session, struct inspect_code *code) {
    char symbol[100];
    const char *target = strstr(code->text, " 0x");
    if ((code->text[0] != 'j' && strncmp(code->text, "call ", 5) != 0) || !target ||
        !inspect_symbol(session, strtoull(target + 1, NULL, 16), symbol, sizeof(symbol)))
        return;
    size_t used = strlen(code->text);
    snprintf(code->text + used, sizeof(code->text) - used, " <%.90s>", symbol);
}

void inspect_code(struct session *session, uint64_t linear, struct inspect_code *to) {
    struct cpu_registers registers;
    *to = (struct inspect_code){.address = linear};
    cpu_read_registers(machine_cpu(session->machine), &registers);
    size_t got = mmu_peek_read(machine_mmu(session->machine), mmu_linear(linear), to->bytes, sizeof(to->bytes));
    to->length = story_instruction_text(to->bytes, got, linear, mode_of(&registers), to->text, sizeof(to->text));
    if (to->length > 0)
        name_target(session, to);
}

/* ---- calls ---- */

struct unwinding {
    struct session *session;
    struct cpu_registers registers;
    struct inspect_call *calls;
    size_t count;
    unsigned word; /* bytes */
    uint64_t frame;
};

static bool read_word(const struct unwinding *at, uint64_t linear, uint64_t *value) {
    *value = 0;
    return mmu_peek_read(machine_mmu(at->session->machine), mmu_linear(linear), value, at->word) == at->word;
}

static void add_call(struct unwinding *at, uint64_t address, bool entry) {
    if (at->count < INSPECT_CALLS)
        at->calls[at->count++] = (struct inspect_call){address, entry};
}

/* The caller of a function that has not set its frame up yet. */
static void add_caller_of_entry(struct unwinding *at) {
    char symbol[160];
    uint8_t first = 0;
    uint64_t stack = at->registers.gpr[GPR_ESP], back;
    if (!inspect_symbol(at->session, at->registers.rip, symbol, sizeof(symbol)))
        return;
    const char *plus = strrchr(symbol, '+');
    if (plus) {
        mmu_peek_read(machine_mmu(at->session->machine), mmu_linear(at->registers.rip - 1), &first, 1);
        if (strcmp(plus, "+0x1") != 0 || first != PUSH_EBP)
            return;
        stack += at->word;
    }
    /* A handler's entry has no caller there; only known code is taken for one. */
    if (read_word(at, stack, &back) && inspect_symbol(at->session, back, symbol, sizeof(symbol)))
        add_call(at, back, false);
}

/* Follows frames of one side, kernel or program, as long as they go up the stack. */
static void follow_frames(struct unwinding *at, bool kernel) {
    uint64_t caller, back;
    while (at->count < INSPECT_CALLS && session_in_kernel(at->session, at->frame) == kernel && at->frame != 0 &&
           read_word(at, at->frame, &caller) && read_word(at, at->frame + at->word, &back) && back != 0) {
        if (session_in_kernel(at->session, back) != kernel)
            return;
        add_call(at, back, false);
        bool up = caller > at->frame;
        at->frame = caller;
        if (!up)
            return;
    }
}

static bool find_entry(const struct unwinding *at, uint64_t *address) {
    uint64_t top, selector;
    return read_word(at, at->registers.segment[CPU_TR].base + TSS_ESP0, &top) && top > 20 &&
           read_word(at, top - 20, address) && read_word(at, top - 16, &selector) && (selector & 3) == 3;
}

size_t inspect_calls(struct session *session, struct inspect_call to[INSPECT_CALLS]) {
    struct unwinding at = {.session = session, .calls = to};
    uint64_t entry;
    cpu_read_registers(machine_cpu(session->machine), &at.registers);
    at.word = mode_of(&at.registers) == 64 ? 8 : 4;
    at.frame = at.registers.gpr[GPR_EBP];
    add_call(&at, at.registers.rip, false);
    add_caller_of_entry(&at);
    bool kernel = at.registers.cpl == 0;
    follow_frames(&at, kernel);
    if (kernel && at.word == 4 && find_entry(&at, &entry)) {
        add_call(&at, entry, true);
        follow_frames(&at, false);
    }
    return at.count;
}
