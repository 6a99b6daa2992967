/*
 * TLB fills and the coherence of translated code.
 *
 * A fill asks mmu_translate() and hands Unicorn the frame with some of the rights:
 *
 *   access   frame may have code?   entry
 *   fetch    -                      R-X; first drops all entries when a fast writable one may be live
 *   read     no                     RW- when the page is dirty already, else R--
 *   read     yes                    R-X: the write right would have to be taken back
 *   write    no                     RW-
 *   write    yes, code in the same  RWX: Unicorn keeps such an entry on its slow store path, where code that a
 *            frame is running       store hits is dropped at once, even in the block that is running
 *   write    yes                    the frame's code and all TLB entries are dropped first, then RW-
 *
 * Which row is taken depends on the guest's accesses only, never on which entries the TLB happens to hold,
 * except for drops that the guest cannot see.
 *
 * The paging context is kept after CR0, CR3, CR4 and EFER as they are in the saved state, compared at each
 * fill: Unicorn flushes its TLB whenever one of them changes, so that a fill always follows. In PAE mode a
 * MOV to a control register with the same value reloads the PDPTE registers too; the flush makes the fetch
 * of the following instruction miss, and the instruction before that fetch tells.
 *
 * frame_written[] is for viewers (cpu_writes): a store needs an entry that allows it, so that a frame may be written
 * from the fill of such an entry until all entries are dropped. Drops that Unicorn makes and that are not noticed here
 * only make the answer less exact. Nothing is ever dropped for a viewer: an entry that is filled again may set A.
 */
#include "emu/cpu/internal.h"

void tlb_flush(struct cpu *cpu) {
    uc_ctl_flush_tlb(cpu->uc);
    cpu->epoch++;
    cpu->mark++;
    if (cpu->epoch == 0) {
        memset(cpu->frame_writable, 0, cpu->frames * sizeof *cpu->frame_writable);
        cpu->epoch = 1;
    }
}

static void drop_frame_code(struct cpu *cpu, uint64_t frame) {
    uint64_t at = CPU_ALIAS_AT + (frame << MMU_PAGE_SHIFT);
    cpu->alias = true;
    uc_ctl_remove_cache(cpu->uc, at, at + MMU_PAGE_SIZE);
    cpu->alias = false;
    cpu->frame_code[frame] = 0;
}

void tlb_drop_code(struct cpu *cpu, uint64_t physical, uint64_t size) {
    bool dropped = false;
    if (!size || physical >> MMU_PAGE_SHIFT >= cpu->frames)
        return;
    uint64_t last = size - 1 > UINT64_MAX - physical ? UINT64_MAX : physical + size - 1;
    for (uint64_t frame = physical >> MMU_PAGE_SHIFT; frame <= last >> MMU_PAGE_SHIFT && frame < cpu->frames; frame++) {
        cpu->frame_written[frame] = cpu->mark;
        if (cpu->frame_code[frame]) {
            drop_frame_code(cpu, frame);
            dropped = true;
        }
    }
    if (dropped)
        tlb_flush(cpu);
}

/* The paging context */

static bool is_pae(const struct mmu_state *state) {
    return (state->cr0 & MMU_CR0_PG) && (state->cr4 & MMU_CR4_PAE) && !(state->efer & MMU_EFER_LMA);
}

static bool moved_to_control_register(struct cpu *cpu) {
    uint8_t before[3];
    uint64_t linear = operand_code_linear(cpu, state_rip(cpu) - sizeof before);
    return mmu_peek_read(&cpu->mmu, mmu_linear(linear), before, sizeof before) == sizeof before && before[0] == 0x0f &&
           before[1] == 0x22;
}

void tlb_sync_context(struct cpu *cpu) {
    const struct mmu_state *known = &cpu->mmu.state;
    uint64_t cr0 = state_cr(cpu, 0), cr3 = state_cr(cpu, 3), cr4 = state_cr(cpu, 4), efer = state_efer(cpu);
    if (known->cr0 == cr0 && known->cr3 == cr3 && known->cr4 == cr4 && known->efer == efer)
        return;
    if ((known->cr0 & cr0 & MMU_CR0_PG) && known->cr3 != cr3)
        cpu->mark++;
    struct mmu_state state = {.cr0 = cr0, .cr3 = cr3, .cr4 = cr4, .efer = efer, .maxphyaddr = CPU_MAXPHYADDR};
    memcpy(state.pdpte, known->pdpte, sizeof state.pdpte);
    if (is_pae(&state) && !mmu_load_pdptes(cpu->memory, cr3, CPU_MAXPHYADDR, state.pdpte)) {
        cpu->refused = (struct refused){.valid = true, .bad_pdpte = true};
        return;
    }
    mmu_context_init(&cpu->mmu, cpu->memory, &state);
    cpu->generation++;
}

static void reload_pdptes(struct cpu *cpu) {
    struct mmu_state state = cpu->mmu.state;
    if (!mmu_load_pdptes(cpu->memory, state.cr3, CPU_MAXPHYADDR, state.pdpte))
        cpu->refused = (struct refused){.valid = true, .bad_pdpte = true};
    else if (memcmp(state.pdpte, cpu->mmu.state.pdpte, sizeof state.pdpte) != 0)
        mmu_context_init(&cpu->mmu, cpu->memory, &state);
    cpu->generation++;
}

/* Entries */

static const struct mmu_region *region_of(const struct cpu *cpu, uint64_t physical) {
    for (size_t i = 0; i < cpu->memory->count; i++)
        if (physical >= cpu->memory->regions[i].base && physical < cpu->memory->regions[i].end)
            return &cpu->memory->regions[i];
    return NULL;
}

static bool fill_outside_memory(uc_tlb_entry *entry, uint64_t physical, enum mmu_access_kind kind) {
    entry->paddr = kind == MMU_FETCH ? CPU_DUMMY_AT : physical;
    entry->perms = kind == MMU_FETCH ? UC_PROT_READ | UC_PROT_EXEC : kind == MMU_READ ? UC_PROT_READ : UC_PROT_WRITE;
    return true;
}

static bool fill_rom(uc_tlb_entry *entry, uint64_t physical, enum mmu_access_kind kind, uint32_t rights) {
    entry->paddr = kind == MMU_WRITE ? CPU_SINK_AT : physical;
    entry->perms = kind == MMU_WRITE ? UC_PROT_WRITE : UC_PROT_READ | (rights & MMU_RIGHT_EXEC ? UC_PROT_EXEC : 0);
    if (kind == MMU_FETCH && !(rights & MMU_RIGHT_READ))
        entry->perms = UC_PROT_EXEC;
    return true;
}

/* The block that is running was translated from this frame. */
static bool runs_in_frame(struct cpu *cpu, uint64_t frame) {
    struct mmu_access access = {
        .linear = mmu_linear(operand_code_linear(cpu, state_rip(cpu))), .kind = MMU_FETCH, .user = state_cpl(cpu) == 3};
    struct mmu_result at = mmu_peek(&cpu->mmu, access, NULL);
    return at.status == MMU_OK && at.physical.value >> MMU_PAGE_SHIFT == frame;
}

static uint32_t rights_for_write(struct cpu *cpu, uint64_t frame, uint32_t rights) {
    if (cpu->frame_code[frame]) {
        if ((rights & MMU_RIGHT_EXEC) && (rights & MMU_RIGHT_READ) && runs_in_frame(cpu, frame)) {
            cpu->frame_written[frame] = cpu->mark;
            return UC_PROT_READ | UC_PROT_WRITE | UC_PROT_EXEC;
        }
        drop_frame_code(cpu, frame);
        tlb_flush(cpu);
    }
    cpu->frame_writable[frame] = cpu->epoch;
    cpu->frame_written[frame] = cpu->mark;
    return UC_PROT_WRITE | (rights & MMU_RIGHT_READ ? UC_PROT_READ : 0);
}

static uint32_t rights_for_read(struct cpu *cpu, uint64_t frame, uint32_t rights) {
    if (cpu->frame_code[frame])
        return UC_PROT_READ | (rights & MMU_RIGHT_EXEC ? UC_PROT_EXEC : 0);
    if (!(rights & MMU_RIGHT_WRITE))
        return UC_PROT_READ;
    cpu->frame_writable[frame] = cpu->epoch;
    cpu->frame_written[frame] = cpu->mark;
    return UC_PROT_READ | UC_PROT_WRITE;
}

static uint32_t rights_for_fetch(struct cpu *cpu, uint64_t frame, uint32_t rights) {
    if (cpu->frame_writable[frame] == cpu->epoch)
        tlb_flush(cpu);
    cpu->frame_code[frame] = 1;
    return UC_PROT_EXEC | (rights & MMU_RIGHT_READ ? UC_PROT_READ : 0);
}

static bool fill_entry(struct cpu *cpu, const struct mmu_result *result, enum mmu_access_kind kind,
                       uc_tlb_entry *entry) {
    uint64_t physical = result->physical.value & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    uint64_t frame = physical >> MMU_PAGE_SHIFT;
    const struct mmu_region *region = region_of(cpu, physical);
    if (!region)
        return fill_outside_memory(entry, physical, kind);
    if (!region->writable)
        return fill_rom(entry, physical, kind, result->rights);
    entry->paddr = physical;
    if (kind == MMU_WRITE)
        entry->perms = (uc_prot)rights_for_write(cpu, frame, result->rights);
    else if (kind == MMU_READ)
        entry->perms = (uc_prot)rights_for_read(cpu, frame, result->rights);
    else
        entry->perms = (uc_prot)rights_for_fetch(cpu, frame, result->rights);
    return true;
}

/* The walk has set A or D in these entries. */
static void note_entries(struct cpu *cpu, const struct mmu_walk *walk) {
    for (unsigned i = 0; i < walk->count; i++) {
        uint64_t frame = walk->steps[i].at.value >> MMU_PAGE_SHIFT;
        if (walk->steps[i].before != walk->steps[i].after && frame < cpu->frames)
            cpu->frame_written[frame] = cpu->mark;
    }
}

struct mmu_result tlb_translate(struct cpu *cpu, struct mmu_access access) {
    struct mmu_walk walk;
    if (!cpu->board.on_entry_update && !cpu->points.physical)
        return mmu_translate(&cpu->mmu, access); /* for whom nobody asks which tables are written */
    bool changed;
    struct mmu_result result = mmu_translate_noted(&cpu->mmu, access, &walk, &changed);
    if (changed)
        note_entries(cpu, &walk);
    if (changed && cpu->points.physical)
        points_note_walk(cpu, &walk);
    if (changed && cpu->board.on_entry_update)
        cpu->board.on_entry_update(cpu->board.owner, &walk);
    return result;
}

/* In ring 3 an access that none of the instruction's operands explains is the CPU's own (a descriptor, a TSS, a
 * push on the inner stack): a supervisor access. Looked at only when the user access was refused, because
 * where both are allowed there is no difference. */
static bool retry_implicit(struct cpu *cpu, struct mmu_access *access, struct mmu_result *result) {
    operand_decode(cpu, &cpu->insn);
    if (!access->user || !cpu->insn.length || !cpu->insn.system_access ||
        operand_find(&cpu->insn, access->linear.value, access->kind).found)
        return false;
    access->user = false;
    access->implicit = true;
    *result = tlb_translate(cpu, *access);
    return result->status == MMU_OK;
}

static bool refuse(struct cpu *cpu, struct mmu_access access, struct mmu_result result) {
    cpu->refused = (struct refused){
        .valid = true,
        .kind = access.kind,
        .page = access.linear.value,
        .user = access.user,
        .implicit = access.implicit,
        .result = result,
    };
    return false;
}

static bool refuse_watched(struct cpu *cpu, enum mmu_access_kind kind) {
    cpu->refused = (struct refused){.valid = true, .watched = true, .kind = kind};
    return false;
}

/* What points want of a fill that is allowed. False: it is refused until its instruction runs alone. */
static bool fill_watched(struct cpu *cpu, struct mmu_access access, const struct mmu_result *result,
                         uc_tlb_entry *entry) {
    uint64_t physical = result->physical.value & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    if (access.kind != MMU_FETCH && points_refuse(cpu, access, physical)) {
        return refuse_watched(cpu, access.kind);
    }
    fill_entry(cpu, result, access.kind, entry);
    if (access.kind == MMU_READ && points_forbid_write(cpu, access.linear.value, physical))
        entry->perms &= (uc_prot)~UC_PROT_WRITE;
    return true;
}

static enum mmu_access_kind kind_of(uc_mem_type type) {
    return type == UC_MEM_FETCH ? MMU_FETCH : type == UC_MEM_WRITE ? MMU_WRITE : MMU_READ;
}

bool tlb_on_fill(uc_engine *uc, uint64_t vaddr, uc_mem_type type, uc_tlb_entry *entry, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    if (cpu->alias) {
        entry->paddr = vaddr - CPU_ALIAS_AT;
        entry->perms = UC_PROT_READ | UC_PROT_EXEC;
        return true;
    }
    cpu->refused.valid = false;
    state_load(cpu);
    tlb_sync_context(cpu);
    enum mmu_access_kind kind = kind_of(type);
    if (kind == MMU_FETCH && cpu->mmu.mode == MMU_MODE_PAE && !cpu->refused.valid && moved_to_control_register(cpu))
        reload_pdptes(cpu);
    if (cpu->refused.valid)
        return false;
    if (!(state_efer(cpu) & MMU_EFER_LMA))
        vaddr &= UINT32_MAX;
    struct mmu_access access = {.linear = mmu_linear(vaddr), .kind = kind, .user = state_cpl(cpu) == 3};
    if (cpu->points.physical && points_refuse_walk(cpu, access))
        return refuse_watched(cpu, kind);
    struct mmu_result result = tlb_translate(cpu, access);
    if (result.status != MMU_OK && (kind == MMU_FETCH || !retry_implicit(cpu, &access, &result)))
        return refuse(cpu, access, result);
    return cpu->points.data ? fill_watched(cpu, access, &result, entry) : fill_entry(cpu, &result, kind, entry);
}
