/*
 * Any bytes as registers, page tables and accesses: no crash, nothing outside the regions is touched, peek has no
 * effect, a fault has no effect, a translation marks A and D and nothing else, and saying it twice is saying it once.
 *
 * Memory is three runs, each between pages without access: 64 KiB of RAM at 0, 8 KiB of RAM that ends at 4 GiB, and
 * 4 KiB of ROM between them. An access one byte outside kills the process.
 *
 * The input: struct header, then accesses of 10 bytes, then bytes that fill memory, repeated. With FUZZ_TAME the
 * frame numbers of all words are reduced to frames that exist, so that walks get somewhere.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include "mmu/mmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define RAM_SIZE 0x10000u
#define TOP_SIZE 0x2000u
#define ROM_SIZE 0x1000u
#define REGIONS 3u
#define ACCESSES 16u
#define ACCESS_BYTES 10u
#define TEXT_SIZE 4096u

enum { FUZZ_TAME = 1, FUZZ_TAME_WORDS_OF_4 = 2, FUZZ_PAGING = 4, FUZZ_LONG = 8 };

struct header {
    uint64_t cr0, cr3, cr4, efer, pdpte[4];
    uint32_t pkru;
    uint8_t maxphyaddr, ac, options, accesses;
};
_Static_assert(sizeof(struct header) == 72, "the input format is fixed");

struct arena {
    struct mmu_region regions[REGIONS];
    struct mmu_memory memory;
    uint8_t copy[RAM_SIZE + TOP_SIZE + ROM_SIZE];
    uint64_t outcomes[FUZZ_OUTCOMES];
};

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* size bytes with an inaccessible page on either side. */
static uint8_t *guarded(size_t size) {
    uint8_t *at = mmap(NULL, size + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    REQUIRE(mprotect(at + 4096, size, PROT_READ | PROT_WRITE) == 0);
    return at + 4096;
}

static struct arena *arena(void) {
    static struct arena only;
    if (only.memory.count == 0) {
        only.regions[0] = (struct mmu_region){0, RAM_SIZE, guarded(RAM_SIZE), true};
        only.regions[1] = (struct mmu_region){0x80000000, 0x80000000 + ROM_SIZE, guarded(ROM_SIZE), false};
        only.regions[2] = (struct mmu_region){0x100000000 - TOP_SIZE, 0x100000000, guarded(TOP_SIZE), true};
        only.memory = (struct mmu_memory){only.regions, REGIONS};
    }
    return &only;
}

const uint64_t *fuzz_outcomes(void) { return arena()->outcomes; }

static size_t region_size(const struct mmu_region *region) { return (size_t)(region->end - region->base); }

static void save(struct arena *a) {
    size_t at = 0;
    for (unsigned i = 0; i < REGIONS; i++) {
        memcpy(a->copy + at, a->regions[i].host, region_size(&a->regions[i]));
        at += region_size(&a->regions[i]);
    }
}

static bool is_saved(const struct arena *a) {
    size_t at = 0;
    for (unsigned i = 0; i < REGIONS; i++) {
        if (memcmp(a->copy + at, a->regions[i].host, region_size(&a->regions[i])) != 0)
            return false;
        at += region_size(&a->regions[i]);
    }
    return true;
}

static uint64_t tame_entry(uint64_t entry) { return (entry & 0x8000000000000FFF) | (entry & 0xF000); }

static void tame(uint8_t *host, size_t size, bool words_of_4) {
    if (words_of_4) {
        for (size_t at = 0; at < size; at += 4) {
            uint32_t word;
            memcpy(&word, host + at, sizeof word);
            word = (uint32_t)tame_entry(word);
            memcpy(host + at, &word, sizeof word);
        }
        return;
    }
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word;
        memcpy(&word, host + at, sizeof word);
        word = tame_entry(word);
        memcpy(host + at, &word, sizeof word);
    }
}

static void fill(struct arena *a, const uint8_t *data, size_t size, uint8_t options) {
    for (unsigned i = 0; i < REGIONS; i++) {
        struct mmu_region *region = &a->regions[i];
        size_t length = region_size(region);
        memset(region->host, 0, length);
        for (size_t at = 0; size > 0 && at < length; at += size)
            memcpy(region->host + at, data, size < length - at ? size : length - at);
        if (options & FUZZ_TAME)
            tame(region->host, length, options & FUZZ_TAME_WORDS_OF_4);
    }
}

static struct mmu_state state_of(struct arena *a, const struct header *header) {
    struct mmu_state state = {.cr0 = header->cr0, .cr3 = header->cr3, .cr4 = header->cr4, .efer = header->efer};
    state.pkru = header->pkru;
    state.maxphyaddr = header->maxphyaddr;
    state.rflags_ac = header->ac & 1;
    memcpy(state.pdpte, header->pdpte, sizeof state.pdpte);
    if (header->options & FUZZ_PAGING)
        state.cr0 |= MMU_CR0_PG;
    if (header->options & FUZZ_LONG) {
        state.cr4 |= MMU_CR4_PAE;
        state.efer |= MMU_EFER_LME;
    }
    if (header->options & FUZZ_TAME) {
        state.cr3 = tame_entry(state.cr3);
        for (unsigned i = 0; i < 4; i++)
            state.pdpte[i] = tame_entry(state.pdpte[i]);
    }
    save(a);
    uint64_t loaded[4] = {1, 2, 3, 4};
    if (!mmu_load_pdptes(&a->memory, state.cr3, state.maxphyaddr, loaded))
        REQUIRE(loaded[0] == 1 && loaded[3] == 4);
    else if (header->ac & 2)
        memcpy(state.pdpte, loaded, sizeof state.pdpte);
    REQUIRE(is_saved(a));
    return state;
}

static struct mmu_access access_of(const uint8_t *data, const struct mmu_context *context) {
    struct mmu_access access;
    memcpy(&access.linear.value, data, sizeof access.linear.value);
    access.kind = (enum mmu_access_kind)(data[8] % 3);
    access.user = data[9] & 1;
    access.implicit = data[9] & 2;
    if ((data[9] & 4) && context->levels >= 4) /* canonical: sign-extend */
        access.linear.value = (uint64_t)((int64_t)(access.linear.value << 16) >> 16);
    return access;
}

static void require_equal(const struct mmu_result *x, const struct mmu_result *y) {
    REQUIRE(x->status == y->status && x->rule == y->rule && x->error_code == y->error_code);
    REQUIRE(x->physical.value == y->physical.value && x->page_size == y->page_size);
    REQUIRE(x->rights == y->rights && x->global == y->global);
}

static void require_sane(const struct mmu_walk *walk) {
    const struct mmu_result *result = &walk->result;
    char text[TEXT_SIZE];
    REQUIRE(walk->count <= MMU_MAX_LEVELS);
    REQUIRE(mmu_explain(walk, text, sizeof text) < sizeof text);
    REQUIRE((result->status == MMU_OK) == (result->rule == MMU_RULE_NONE));
    REQUIRE(result->status == MMU_FAULT || (result->rights & 1u << walk->access.kind));
    REQUIRE(result->physical.value >> 52 == 0);
    REQUIRE((result->error_code & ~0x3Fu) == 0);
    REQUIRE(!(result->error_code & MMU_ERR_RSVD) || (result->error_code & MMU_ERR_P));
    for (unsigned i = 0; i < walk->count; i++) {
        const struct mmu_step *step = &walk->steps[i];
        REQUIRE(((step->before ^ step->after) & ~(MMU_PTE_A | MMU_PTE_D)) == 0);
        REQUIRE((step->before & ~step->after) == 0);
        REQUIRE(result->status == MMU_OK || step->before == step->after);
    }
}

/* Takes the marks of the walk back; memory must then be what it was. */
static void require_only_marks(struct arena *a, const struct mmu_walk *walk) {
    unsigned first = walk->mode == MMU_MODE_PAE ? 1 : 0; /* a register, not memory */
    unsigned bytes = walk->mode == MMU_MODE_32BIT ? 4 : 8;
    for (unsigned i = first; i < walk->count; i++) {
        uint8_t *host = mmu_host(&a->memory, walk->steps[i].at, bytes);
        if (host != NULL)
            memcpy(host, &walk->steps[i].before, bytes);
    }
    REQUIRE(is_saved(a));
}

static void run_access(struct arena *a, const struct mmu_context *context, struct mmu_access access) {
    struct mmu_walk peeked, walked;
    uint8_t bytes[64];
    save(a);
    struct mmu_result peek = mmu_peek(context, access, NULL);
    mmu_peek(context, access, &peeked);
    REQUIRE(mmu_peek_read(context, access.linear, bytes, sizeof bytes) <= sizeof bytes);
    REQUIRE(is_saved(a));
    struct mmu_result first = mmu_translate_recorded(context, access, &walked);
    REQUIRE(first.status == MMU_OK || is_saved(a));
    require_sane(&peeked);
    require_sane(&walked);
    require_only_marks(a, &walked);
    struct mmu_result second = mmu_translate(context, access);
    save(a);
    struct mmu_result third = mmu_translate(context, access);
    REQUIRE(is_saved(a));
    require_equal(&peek, &peeked.result);
    require_equal(&peek, &first);
    require_equal(&first, &second);
    require_equal(&second, &third);
    a->outcomes[first.rule]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *a = arena();
    struct header header;
    if (size < sizeof header)
        return 0;
    memcpy(&header, data, sizeof header);
    const uint8_t *accesses = data + sizeof header;
    size_t left = size - sizeof header;
    size_t count = header.accesses % (ACCESSES + 1);
    if (count > left / ACCESS_BYTES)
        count = left / ACCESS_BYTES;
    fill(a, accesses + count * ACCESS_BYTES, left - count * ACCESS_BYTES, header.options);
    struct mmu_state state = state_of(a, &header);
    struct mmu_context context;
    mmu_context_init(&context, &a->memory, &state);
    for (size_t i = 0; i < count; i++)
        run_access(a, &context, access_of(accesses + i * ACCESS_BYTES, &context));
    return 0;
}
