/* See words.h. Numbers that the guest made up get words too: every name has an answer for every value. */
#include "emu/story/words.h"

#include <stdio.h>

/* vm_flags as the guest's mm/mm_types.h and Linux have them. */
enum { VMA_READ = 1, VMA_WRITE = 2, VMA_EXEC = 4, VMA_SHARED = 8 };

const char *words_access(const struct story_fault *fault) {
    static const char *const words[] = {"read", "write", "fetch"};
    return (unsigned)fault->walk.access.kind < 3 ? words[fault->walk.access.kind] : "access";
}

const char *words_access_doing(const struct story_fault *fault) {
    return fault->walk.access.kind == MMU_FETCH ? "run code" : words_access(fault);
}

const char *words_zone(uint32_t zone) {
    static const char *const names[] = {"DMA", "NORMAL", "HIGHMEM"};
    return zone < 3 ? names[zone] : "an unknown zone";
}

static const struct {
    const char *key, *name;
} branches[FLT_BRANCH_COUNT] = {
    [FLT_BRANCH_NONE] = {"none", "not told"},
    [FLT_BRANCH_ANON_ZERO] = {"anon_zero", "zero page"},
    [FLT_BRANCH_ANON] = {"anon", "anonymous"},
    [FLT_BRANCH_FILE_MINOR] = {"file_minor", "file, minor"},
    [FLT_BRANCH_FILE_MAJOR] = {"file_major", "file, major"},
    [FLT_BRANCH_FILE_COW] = {"file_cow", "file, private copy"},
    [FLT_BRANCH_COW_COPY] = {"cow_copy", "copy on write"},
    [FLT_BRANCH_COW_REUSE] = {"cow_reuse", "sole owner, reuse"},
    [FLT_BRANCH_SWAP_IN] = {"swap_in", "swap in"},
    [FLT_BRANCH_SPURIOUS] = {"spurious", "spurious"},
    [FLT_BRANCH_SEGV] = {"segv", "bad access"},
    [FLT_BRANCH_SIGBUS] = {"sigbus", "beyond end of file"},
    [FLT_BRANCH_OOM] = {"oom", "out of memory"},
    [FLT_BRANCH_VMALLOC_SYNC] = {"vmalloc_sync", "vmalloc sync"},
    [FLT_BRANCH_FIXUP] = {"fixup", "exception table"},
    [FLT_BRANCH_OOPS] = {"oops", "oops"},
};

const char *story_branch_name(uint32_t branch) {
    return branch < FLT_BRANCH_COUNT ? branches[branch].name : "unknown branch";
}

const char *words_branch_key(uint32_t branch) { return branch < FLT_BRANCH_COUNT ? branches[branch].key : "unknown"; }

const char *words_outcome_key(uint32_t outcome) {
    static const char *const keys[] = {"retry", "signal", "fixup", "oops", "killed"};
    return outcome <= FLT_OUTCOME_KILLED ? keys[outcome] : "unknown";
}

const char *words_segment(uint8_t segment) {
    static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
    return segment < CPU_SEGMENTS ? names[segment] : "none";
}

const char *words_signal(uint32_t signal) {
    switch (signal) {
    case 4: return "SIGILL";
    case 5: return "SIGTRAP";
    case 6: return "SIGABRT";
    case 7: return "SIGBUS";
    case 8: return "SIGFPE";
    case 9: return "SIGKILL";
    case 11: return "SIGSEGV";
    default: return NULL;
    }
}

const char *words_si_code(uint32_t signal, uint32_t code) {
    static const char *const segv[] = {"SEGV_MAPERR", "SEGV_ACCERR"}, *const bus[] = {"BUS_ADRALN", "BUS_ADRERR",
                                                                                      "BUS_OBJERR"};
    if (signal == 11 && code >= 1 && code <= 2)
        return segv[code - 1];
    return signal == 7 && code >= 1 && code <= 3 ? bus[code - 1] : NULL;
}

void words_signal_text(struct out *out, uint32_t signal, uint32_t code) {
    const char *name = words_signal(signal), *why = words_si_code(signal, code);
    if (name)
        out_string(out, name);
    else
        out_format(out, "signal %u", (unsigned)signal);
    if (why)
        out_format(out, " (%s)", why);
    else if (code)
        out_format(out, " (si_code %d)", (int)code);
}

void words_vm_flags(char text[5], uint64_t flags) {
    text[0] = flags & VMA_READ ? 'r' : '-';
    text[1] = flags & VMA_WRITE ? 'w' : '-';
    text[2] = flags & VMA_EXEC ? 'x' : '-';
    text[3] = flags & VMA_SHARED ? 's' : 'p';
    text[4] = '\0';
}

bool words_result_frame(const struct story_fault *fault, uint64_t *pfn) {
    if (!fault->has_pte || !(fault->pte_after & MMU_PTE_P))
        return false;
    *pfn = (fault->pte_after & 0x000ffffffffff000ull) >> MMU_PAGE_SHIFT;
    return true;
}

/* As the guest's asm/pgtable.h has them: area in bits 5:1, slot from bit 8 up, P clear. */
bool story_swap_entry(const struct story_fault *fault, uint32_t *area, uint32_t *slot) {
    unsigned count = fault->walk.count;
    if (fault->branch != FLT_BRANCH_SWAP_IN || count == 0 || count > MMU_MAX_LEVELS)
        return false;
    const struct mmu_step *last = &fault->walk.steps[count - 1];
    if (last->level != 1 || (last->before & MMU_PTE_P) || last->before == 0)
        return false;
    *area = (uint32_t)last->before >> 1 & 31;
    *slot = (uint32_t)last->before >> 8;
    return true;
}

enum words_origin words_origin(const struct story_fault *fault) {
    uint64_t result;
    if (!words_result_frame(fault, &result))
        return ORIGIN_UNKNOWN;
    for (unsigned i = 0; i < fault->frame_count && i < STORY_MAX_FRAMES; i++)
        if (fault->frames[i].pfn == result)
            return ORIGIN_TAKEN;
    return fault->frames_dropped ? ORIGIN_UNKNOWN : ORIGIN_FOUND;
}

bool story_is_major(const struct story_fault *fault) {
    return fault->branch == FLT_BRANCH_FILE_MAJOR ||
           (fault->branch == FLT_BRANCH_SWAP_IN && words_origin(fault) != ORIGIN_FOUND);
}

bool words_now_allowed(const struct story_fault *fault) {
    uint64_t entry = fault->pte_after;
    if (!fault->has_pte || !(entry & MMU_PTE_P))
        return false;
    if (fault->walk.access.kind == MMU_WRITE && !(entry & MMU_PTE_W))
        return false;
    return !fault->walk.access.user || (entry & MMU_PTE_U);
}

const char *story_outcome_text(const struct story_fault *fault, char *text, size_t size) {
    struct out out;
    out_init(&out, text, size);
    switch (fault->outcome) {
    case FLT_OUTCOME_RETRY: out_string(&out, "ok"); break;
    case FLT_OUTCOME_SIGNAL: words_signal_text(&out, fault->signal, fault->si_code); break;
    case FLT_OUTCOME_FIXUP: out_string(&out, "exception table"); break;
    case FLT_OUTCOME_OOPS: out_string(&out, "oops"); break;
    case FLT_OUTCOME_KILLED: out_string(&out, "killed"); break;
    case STORY_OUTCOME_UNKNOWN: out_string(&out, fault->end_blocks ? "not told" : "open"); break;
    default: out_format(&out, "unknown outcome %u", (unsigned)fault->outcome); break;
    }
    out_end(&out);
    return text;
}
