/*
 * A debugger's points: stops at an instruction, and after an access to watched bytes.
 *
 * EXECUTE. While there is such a point the block hook looks at every block. One that holds a point's address is run
 * one instruction at a time, and RIP is compared before each (run.c).
 *
 * Data. The TLB never holds an entry that would let a watched access through:
 *
 *     fill for a watched page --> refused --> the engine stands at the instruction, nothing of it done
 *          --> the rest of the block runs one instruction at a time, each of them alone
 *          --> fills are allowed and noted meanwhile, and dropped behind the instruction
 *          --> bytes: the operands that lie in the noted pages
 *
 * What the CPU does itself (exception frames, gates, descriptors, A and D bits) and what devices write is noted where
 * it is done. Device memory is treated as watched: an instruction that would copy from there to a watched page must
 * not be begun twice.
 *
 * The guest sees nothing of this: a block that is run in pieces counts once, and a TLB that is emptied more often
 * changes no translation. Without points the cost is one comparison a TLB fill.
 */
#include "emu/cpu/internal.h"

#define DESCRIPTOR_BYTES 8u
#define SELECTOR_TABLE 4u
#define SELECTOR_INDEX 0xfff8u

struct range {
    uint64_t start, bytes;
};

static bool is_data(const struct cpu_point *point) { return point->kind != CPU_POINT_EXECUTE; }

static bool overlap(struct range a, struct range b) {
    return a.start - b.start < b.bytes || b.start - a.start < a.bytes;
}

static uint64_t linear_mask(const struct cpu *cpu) { return state_efer(cpu) & MMU_EFER_LMA ? UINT64_MAX : UINT32_MAX; }

/* The set of points */

static bool is_valid(const struct cpu_point *point) {
    if (point->kind == CPU_POINT_EXECUTE)
        return !point->physical;
    return point->kind <= CPU_POINT_ACCESS && point->bytes > 0 && point->bytes <= MMU_PAGE_SIZE &&
           point->address <= UINT64_MAX - point->bytes;
}

static bool is_same(const struct cpu_point *a, const struct cpu_point *b) {
    return a->kind == b->kind && a->physical == b->physical && a->address == b->address &&
           (!is_data(a) || a->bytes == b->bytes);
}

static void count_points(struct points *points) {
    points->execute = points->data = points->physical = 0;
    for (unsigned i = 0; i < points->count; i++) {
        points->execute += !is_data(&points->point[i]);
        points->data += is_data(&points->point[i]);
        points->physical += points->point[i].physical;
    }
}

bool cpu_point_add(struct cpu *cpu, const struct cpu_point *point) {
    struct points *points = &cpu->points;
    if (points->count == CPU_POINTS_MAX || !is_valid(point))
        return false;
    points->point[points->count++] = *point;
    count_points(points);
    if (is_data(point))
        tlb_flush(cpu);
    return true;
}

bool cpu_point_remove(struct cpu *cpu, const struct cpu_point *point) {
    struct points *points = &cpu->points;
    for (unsigned i = 0; i < points->count; i++) {
        if (!is_same(&points->point[i], point))
            continue;
        points->count--;
        memmove(&points->point[i], &points->point[i + 1], (points->count - i) * sizeof points->point[0]);
        count_points(points);
        return true;
    }
    return false;
}

const struct cpu_point_hit *cpu_point_hit(const struct cpu *cpu) { return &cpu->points.hit; }

void points_reset(struct cpu *cpu) {
    cpu->points.hit_waits = cpu->points.rested = cpu->points.alone = false;
    cpu->points.passed = CPU_NOWHERE;
}

/* Hits. The first of an instruction is told. */

static void meet(struct cpu *cpu, const struct cpu_point *point, uint64_t rip, uint64_t at, bool write) {
    struct points *points = &cpu->points;
    if (points->hit_waits)
        return;
    points->hit = (struct cpu_point_hit){.point = *point, .rip = rip, .linear = at, .write = write};
    points->hit_waits = true;
}

bool points_take_hit(struct cpu *cpu) {
    bool waits = cpu->points.hit_waits;
    if (waits)
        cpu->points.rested = true;
    cpu->points.hit_waits = false;
    return waits;
}

/* EXECUTE */

bool points_in_block(const struct cpu *cpu, uint64_t address, uint32_t size) {
    if (!cpu->points.execute)
        return false;
    for (unsigned i = 0; i < cpu->points.count; i++)
        if (!is_data(&cpu->points.point[i]) && cpu->points.point[i].address - address < size)
            return true;
    return false;
}

void points_begin_run(struct cpu *cpu) {
    if (cpu->points.rested && cpu->points.execute) {
        state_load(cpu);
        cpu->points.passed = operand_code_linear(cpu, state_rip(cpu));
    }
    cpu->points.rested = false;
}

/* Where the fetch would fault, the fault comes first. */
static bool can_fetch(struct cpu *cpu, uint64_t linear) {
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = MMU_FETCH, .user = state_cpl(cpu) == 3};
    return mmu_peek(&cpu->mmu, access, NULL).status == MMU_OK;
}

bool points_stop_here(struct cpu *cpu) {
    struct points *points = &cpu->points;
    if (!points->execute)
        return false;
    state_load(cpu);
    tlb_sync_context(cpu);
    uint64_t at = operand_code_linear(cpu, state_rip(cpu));
    bool passed = at == points->passed;
    points->passed = CPU_NOWHERE;
    for (unsigned i = 0; !passed && i < points->count; i++) {
        const struct cpu_point *point = &points->point[i];
        if (is_data(point) || point->address != at || !can_fetch(cpu, at))
            continue;
        meet(cpu, point, state_rip(cpu), at, false);
        return points_take_hit(cpu);
    }
    return false;
}

/* Fills */

static struct range range_of(const struct cpu_point *point) { return (struct range){point->address, point->bytes}; }

static bool in_page(const struct cpu_point *point, uint64_t linear, uint64_t physical) {
    return is_data(point) &&
           overlap(range_of(point), (struct range){point->physical ? physical : linear, MMU_PAGE_SIZE});
}

/* Any access of this kind to the page may touch watched bytes. A page that is watched for reads is watched for writes
 * too, as an entry for writing may let reads through. */
static bool page_is_watched(const struct cpu *cpu, uint64_t linear, uint64_t physical, bool write) {
    for (unsigned i = 0; i < cpu->points.count; i++)
        if (in_page(&cpu->points.point[i], linear, physical) && (write || cpu->points.point[i].kind != CPU_POINT_WRITE))
            return true;
    return false;
}

bool points_watch_page(const struct cpu *cpu, struct mmu_access access, uint64_t physical) {
    const uint64_t page = ~(uint64_t)(MMU_PAGE_SIZE - 1);
    return page_is_watched(cpu, access.linear.value & page, physical & page, access.kind == MMU_WRITE);
}

static void note_page(struct cpu *cpu, uint64_t linear, uint64_t physical, bool written) {
    struct points *points = &cpu->points;
    if (points->pages < POINT_PAGES)
        points->page[points->pages++] = (struct point_page){linear, physical, written};
}

bool points_refuse(struct cpu *cpu, struct mmu_access access, uint64_t physical) {
    bool write = access.kind == MMU_WRITE;
    bool memory = mmu_host(cpu->memory, mmu_phys(physical), MMU_PAGE_SIZE) != NULL;
    if (memory && !page_is_watched(cpu, access.linear.value, physical, write))
        return false;
    if (!cpu->points.alone)
        return true;
    note_page(cpu, access.linear.value, physical, write);
    return false;
}

bool points_forbid_write(const struct cpu *cpu, uint64_t linear, uint64_t physical) {
    return page_is_watched(cpu, linear, physical, true);
}

/* A and D bits */

static bool step_is_watched(const struct cpu_point *point, const struct mmu_step *step, unsigned entry_bytes) {
    return step->before != step->after && point->physical && point->kind != CPU_POINT_READ && is_data(point) &&
           overlap(range_of(point), (struct range){step->at.value, entry_bytes});
}

static const struct cpu_point *watched_step(const struct cpu *cpu, const struct mmu_walk *walk, unsigned *level) {
    for (unsigned i = 0; i < cpu->points.count; i++)
        for (*level = 0; *level < walk->count; ++*level)
            if (step_is_watched(&cpu->points.point[i], &walk->steps[*level], cpu->mmu.entry_bytes))
                return &cpu->points.point[i];
    return NULL;
}

/* A fetch is not refused: it is noted, and the run stops before the block that was fetched. */
bool points_refuse_walk(struct cpu *cpu, struct mmu_access access) {
    struct mmu_walk walk;
    unsigned level;
    return access.kind != MMU_FETCH && !cpu->points.alone && mmu_peek(&cpu->mmu, access, &walk).status == MMU_OK &&
           watched_step(cpu, &walk, &level);
}

static uint64_t rip_now(const struct cpu *cpu) {
    return cpu->points.alone || cpu->points.delivering ? cpu->points.rip : state_rip(cpu);
}

static uint64_t first_of_both(struct range a, struct range b) {
    return a.start - b.start < b.bytes ? a.start : b.start;
}

void points_note_walk(struct cpu *cpu, const struct mmu_walk *walk) {
    unsigned level;
    const struct cpu_point *point = watched_step(cpu, walk, &level);
    if (!point)
        return;
    struct range entry = {walk->steps[level].at.value, cpu->mmu.entry_bytes};
    uint64_t rip = walk->access.kind == MMU_FETCH ? state_rip(cpu) : rip_now(cpu);
    meet(cpu, point, rip, first_of_both(entry, range_of(point)), true);
}

/* Accesses whose bytes are known */

static bool wants(const struct cpu_point *point, bool read, bool write) {
    return (write && point->kind != CPU_POINT_READ) || (read && point->kind != CPU_POINT_WRITE);
}

static void note_access(struct cpu *cpu, struct range linear, uint64_t physical, bool read, bool write) {
    for (unsigned i = 0; i < cpu->points.count; i++) {
        const struct cpu_point *point = &cpu->points.point[i];
        struct range touched = {point->physical ? physical : linear.start, linear.bytes};
        if (!is_data(point) || !wants(point, read, write) || !overlap(range_of(point), touched))
            continue;
        uint64_t into = first_of_both(touched, range_of(point)) - touched.start;
        meet(cpu, point, rip_now(cpu), linear.start + into, write && point->kind != CPU_POINT_READ);
        return;
    }
}

void points_note(struct cpu *cpu, uint64_t linear, uint64_t physical, uint64_t size, bool write) {
    if (!cpu->points.unseen)
        note_access(cpu, (struct range){linear & linear_mask(cpu), size}, physical, !write, write);
}

void cpu_device_wrote(struct cpu *cpu, uint64_t physical, uint64_t size) {
    cpu_memory_changed(cpu, physical, size);
    for (unsigned i = 0; cpu->points.physical && i < cpu->points.count; i++) {
        const struct cpu_point *point = &cpu->points.point[i];
        struct range touched = {physical, size};
        if (!is_data(point) || !point->physical || point->kind == CPU_POINT_READ || !overlap(range_of(point), touched))
            continue;
        uint64_t rip = 0;
        uc_reg_read(cpu->uc, UC_X86_REG_RIP, &rip);
        meet(cpu, point, rip, first_of_both(touched, range_of(point)), true);
    }
}

/* One instruction alone */

/* The part of an operand that lies in the page; none: false. The operand may cross the end of the address space. */
static bool part_in_page(const struct operand *operand, uint64_t page, uint64_t mask, struct range *part) {
    uint64_t into = (page - operand->linear) & mask;
    if (operand->linear - page < MMU_PAGE_SIZE) {
        uint64_t room = page + MMU_PAGE_SIZE - operand->linear;
        *part = (struct range){operand->linear, operand->size < room ? operand->size : room};
        return true;
    }
    if (into >= operand->size)
        return false;
    uint64_t left = operand->size - into;
    *part = (struct range){page, left < MMU_PAGE_SIZE ? left : MMU_PAGE_SIZE};
    return true;
}

/* False: no operand lies in the page. */
static bool note_operands(struct cpu *cpu, const struct point_page *page) {
    const struct decoded *insn = &cpu->points.insn;
    uint64_t mask = linear_mask(cpu);
    struct range part;
    bool found = false;
    for (unsigned i = 0; i < insn->count; i++) {
        const struct operand *operand = &insn->operand[i];
        if (!part_in_page(operand, page->linear, mask, &part))
            continue;
        found = true;
        note_access(cpu, part, page->physical + (part.start - page->linear), operand->read, operand->write);
    }
    return found;
}

/* An access that no operand explains: of the instructions that load segments, to the descriptors of what they have
 * loaded. */
static void note_descriptors(struct cpu *cpu, const struct point_page *page) {
    for (unsigned i = 0; i < CPU_SEGMENTS; i++) {
        struct cpu_segment segment = state_segment(cpu, i);
        uint64_t table = state_segment_base(cpu, segment.selector & SELECTOR_TABLE ? CPU_LDTR : LAYOUT_GDTR);
        struct operand descriptor = {.linear = (table + (segment.selector & SELECTOR_INDEX)) & linear_mask(cpu),
                                     .size = DESCRIPTOR_BYTES};
        struct range part;
        if (part_in_page(&descriptor, page->linear, linear_mask(cpu), &part))
            note_access(cpu, part, page->physical + (part.start - page->linear), !page->written, page->written);
    }
}

void points_begin_instruction(struct cpu *cpu, uint64_t at) {
    struct points *points = &cpu->points;
    points->passed = cpu->insn.repeated ? at : CPU_NOWHERE;
    points->insn = cpu->insn;
    points->rip = state_rip(cpu);
    points->pages = 0;
    points->alone = points->data > 0;
}

void points_end_instruction(struct cpu *cpu) {
    struct points *points = &cpu->points;
    bool done = !cpu->refused.valid || cpu->refused.kind == MMU_FETCH;
    if (!points->alone)
        return;
    state_load(cpu);
    for (unsigned i = 0; done && i < points->pages; i++)
        if (!note_operands(cpu, &points->page[i]) && points->insn.system_access)
            note_descriptors(cpu, &points->page[i]);
    points->alone = false;
    if (points->pages)
        tlb_flush(cpu);
}
