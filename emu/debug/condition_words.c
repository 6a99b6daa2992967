/*
 * The tables of the condition language: the words that stand for numbers, and the kinds with their keys. The members
 * of events come from event_types.h by their own names; a row here only says which events belong to a kind and under
 * which shorter names their members go.
 */
#include "emu/debug/condition_internal.h"
#include "emu/story/event_types.h"

#include <ctype.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD(name, value)                                                                                              \
    { name, value, value }
#define VOCABULARY(what, words)                                                                                        \
    { what, words, COUNT(words) }

/* ---- words ---- */

static const struct condition_word branch_words[] = {
    WORD("none", FLT_BRANCH_NONE),
    WORD("anon_zero", FLT_BRANCH_ANON_ZERO),
    WORD("anon", FLT_BRANCH_ANON),
    WORD("file_minor", FLT_BRANCH_FILE_MINOR),
    WORD("file_major", FLT_BRANCH_FILE_MAJOR),
    WORD("file_cow", FLT_BRANCH_FILE_COW),
    WORD("cow_copy", FLT_BRANCH_COW_COPY),
    WORD("cow_reuse", FLT_BRANCH_COW_REUSE),
    WORD("swap_in", FLT_BRANCH_SWAP_IN),
    WORD("spurious", FLT_BRANCH_SPURIOUS),
    WORD("segv", FLT_BRANCH_SEGV),
    WORD("sigbus", FLT_BRANCH_SIGBUS),
    WORD("oom", FLT_BRANCH_OOM),
    WORD("vmalloc_sync", FLT_BRANCH_VMALLOC_SYNC),
    WORD("fixup", FLT_BRANCH_FIXUP),
    WORD("oops", FLT_BRANCH_OOPS),
    {"file", FLT_BRANCH_FILE_MINOR, FLT_BRANCH_FILE_COW},
    {"cow", FLT_BRANCH_COW_COPY, FLT_BRANCH_COW_REUSE},
};
static const struct condition_word access_words[] = {WORD("read", MMU_READ), WORD("write", MMU_WRITE),
                                                     WORD("fetch", MMU_FETCH)};
static const struct condition_word level_words[] = {WORD("pte", 1), WORD("pde", 2), WORD("pdpte", 3), WORD("pml4e", 4),
                                                    WORD("pml5e", 5)};
static const struct condition_word rule_words[] = {WORD("not-present", MMU_RULE_NOT_PRESENT),
                                                   WORD("reserved-bit", MMU_RULE_RESERVED),
                                                   WORD("read-only", MMU_RULE_READ_ONLY),
                                                   WORD("supervisor-only", MMU_RULE_SUPERVISOR_ONLY),
                                                   WORD("no-execute", MMU_RULE_NO_EXECUTE),
                                                   WORD("smep", MMU_RULE_SMEP),
                                                   WORD("smap", MMU_RULE_SMAP),
                                                   WORD("protection-key", MMU_RULE_PROTECTION_KEY)};
static const struct condition_word outcome_words[] = {
    WORD("retry", FLT_OUTCOME_RETRY),      WORD("ok", FLT_OUTCOME_RETRY),  WORD("signal", FLT_OUTCOME_SIGNAL),
    WORD("fixup", FLT_OUTCOME_FIXUP),      WORD("oops", FLT_OUTCOME_OOPS), WORD("killed", FLT_OUTCOME_KILLED),
    WORD("unknown", STORY_OUTCOME_UNKNOWN)};
static const struct condition_word signal_words[] = {
    WORD("SIGSEGV", 11), WORD("segv", 11), WORD("SIGBUS", 7),   WORD("bus", 7),   WORD("SIGKILL", 9), WORD("kill", 9),
    WORD("SIGILL", 4),   WORD("ill", 4),   WORD("SIGTRAP", 5),  WORD("trap", 5),  WORD("SIGABRT", 6), WORD("abrt", 6),
    WORD("SIGFPE", 8),   WORD("fpe", 8),   WORD("SIGTERM", 15), WORD("term", 15), WORD("SIGINT", 2),  WORD("int", 2),
    WORD("SIGCHLD", 17), WORD("chld", 17), WORD("SIGPIPE", 13), WORD("pipe", 13)};
static const struct condition_word bit_words[] = {WORD("P", 0),  WORD("W", 1),   WORD("RW", 1),  WORD("U", 2),
                                                  WORD("US", 2), WORD("PWT", 3), WORD("PCD", 4), WORD("A", 5),
                                                  WORD("D", 6),  WORD("PS", 7),  WORD("G", 8),   WORD("NX", 63)};
static const struct condition_word change_words[] = {WORD("set", CHANGE_SET), WORD("clear", CHANGE_CLEAR),
                                                     WORD("cleared", CHANGE_CLEAR)};
/* Who changed an entry, by the type of the event that told. */
static const struct condition_word by_words[] = {WORD("cpu", 0), WORD("fault", FLT_FAULT_PTE),
                                                 WORD("unmap", FLT_MM_UNMAP)};
static const struct condition_word zone_words[] = {WORD("DMA", 0), WORD("Normal", 1), WORD("HighMem", 2)};
static const struct condition_word mark_words[] = {WORD("min", FLT_MARK_MIN), WORD("low", FLT_MARK_LOW),
                                                   WORD("high", FLT_MARK_HIGH)};
static const struct condition_word direction_words[] = {WORD("above", 0), WORD("up", 0), WORD("below", 1),
                                                        WORD("down", 1)};
static const struct condition_word list_words[] = {WORD("inactive", 0), WORD("active", 1)};
static const struct condition_word why_words[] = {
    WORD("none", FLT_WHY_NONE),
    WORD("locked", FLT_WHY_LOCKED),
    WORD("writeback", FLT_WHY_WRITEBACK),
    WORD("referenced", FLT_WHY_REFERENCED),
    WORD("second-chance", FLT_WHY_REFERENCED),
    WORD("mapped", FLT_WHY_MAPPED),
    WORD("no-swap", FLT_WHY_NO_SWAP),
    WORD("unmap-failed", FLT_WHY_UNMAP_FAILED),
    WORD("dirty", FLT_WHY_DIRTY),
    WORD("busy", FLT_WHY_BUSY),
    WORD("clean", FLT_WHY_CLEAN),
    WORD("write-failed", FLT_WHY_WRITE_FAILED),
    WORD("inactive", FLT_WHY_INACTIVE),
    WORD("mlocked", FLT_WHY_MLOCKED),
    WORD("written", FLT_WHY_WRITTEN),
    WORD("accessed", FLT_WHY_ACCESSED),
};
static const struct condition_word decision_words[] = {
    WORD("keep", FLT_OUTCOME_KEEP), WORD("activate", FLT_OUTCOME_ACTIVATE), WORD("reclaim", FLT_OUTCOME_RECLAIM),
    WORD("free", FLT_OUTCOME_RECLAIM), WORD("pageout", FLT_OUTCOME_PAGEOUT)};
static const struct condition_word wait_words[] = {WORD("locked", FLT_WAIT_LOCKED),
                                                   WORD("writeback", FLT_WAIT_WRITEBACK)};
static const struct condition_word writeback_words[] = {
    WORD("background", FLT_WB_BACKGROUND), WORD("periodic", FLT_WB_PERIODIC), WORD("sync", FLT_WB_SYNC),
    WORD("reclaim", FLT_WB_RECLAIM), WORD("throttle", FLT_WB_THROTTLE)};
static const struct condition_word transfer_words[] = {WORD("read", 0), WORD("write", 1), WORD("flush", 2)};
static const struct condition_word how_words[] = {WORD("copy", 0), WORD("reuse", 1)};
static const struct condition_word phase_words[] = {
    WORD("kernel-entry", FLT_PHASE_KERNEL_ENTRY), WORD("mm-ready", FLT_PHASE_MM_READY),
    WORD("first-user", FLT_PHASE_FIRST_USER), WORD("program-start", FLT_PHASE_PROGRAM_START),
    WORD("program-end", FLT_PHASE_PROGRAM_END)};
static const struct condition_word kswapd_words[] = {WORD("wake", FLT_MM_VMSCAN_KSWAPD_WAKE),
                                                     WORD("sleep", FLT_MM_VMSCAN_KSWAPD_SLEEP)};
static const struct condition_word direct_words[] = {WORD("begin", FLT_MM_VMSCAN_DIRECT_BEGIN),
                                                     WORD("end", FLT_MM_VMSCAN_DIRECT_END)};
static const struct condition_word waiting_words[] = {WORD("begin", FLT_PAGE_WAIT_BEGIN),
                                                      WORD("end", FLT_PAGE_WAIT_END)};
static const struct condition_word block_words[] = {WORD("issue", FLT_BLOCK_RQ_ISSUE),
                                                    WORD("complete", FLT_BLOCK_RQ_COMPLETE)};
static const struct condition_word writing_words[] = {WORD("begin", FLT_WRITEBACK_START),
                                                      WORD("end", FLT_WRITEBACK_END)};
static const struct condition_word life_words[] = {WORD("new", FLT_TASK_NEW), WORD("exec", FLT_TASK_RENAME),
                                                   WORD("exit", FLT_TASK_EXIT)};

static const struct condition_vocabulary branches = VOCABULARY("branch", branch_words);
static const struct condition_vocabulary accesses = VOCABULARY("kind of access", access_words);
static const struct condition_vocabulary levels = VOCABULARY("level", level_words);
static const struct condition_vocabulary rules = VOCABULARY("rule", rule_words);
static const struct condition_vocabulary outcomes = VOCABULARY("outcome", outcome_words);
static const struct condition_vocabulary signals = VOCABULARY("signal", signal_words);
static const struct condition_vocabulary bits = VOCABULARY("bit of an entry", bit_words);
static const struct condition_vocabulary changes = VOCABULARY("change", change_words);
static const struct condition_vocabulary changers = VOCABULARY("changer of entries", by_words);
static const struct condition_vocabulary zones = VOCABULARY("zone", zone_words);
static const struct condition_vocabulary marks = VOCABULARY("mark", mark_words);
static const struct condition_vocabulary directions = VOCABULARY("direction", direction_words);
static const struct condition_vocabulary lists = VOCABULARY("list", list_words);
static const struct condition_vocabulary whys = VOCABULARY("reason", why_words);
static const struct condition_vocabulary decisions = VOCABULARY("outcome", decision_words);
static const struct condition_vocabulary waits = VOCABULARY("reason", wait_words);
static const struct condition_vocabulary writebacks = VOCABULARY("reason", writeback_words);
static const struct condition_vocabulary transfers = VOCABULARY("direction", transfer_words);
static const struct condition_vocabulary hows = VOCABULARY("way", how_words);
static const struct condition_vocabulary phases = VOCABULARY("phase", phase_words);
static const struct condition_vocabulary kswapds = VOCABULARY("doing of kswapd", kswapd_words);
static const struct condition_vocabulary directs = VOCABULARY("end of direct reclaim", direct_words);
static const struct condition_vocabulary waitings = VOCABULARY("end of a wait", waiting_words);
static const struct condition_vocabulary blocks = VOCABULARY("end of a request", block_words);
static const struct condition_vocabulary writings = VOCABULARY("end of writeback", writing_words);
static const struct condition_vocabulary lives = VOCABULARY("step of a task's life", life_words);

/* ---- members that words stand for; type 0: of every event ---- */

static const struct {
    uint16_t type;
    const char *member;
    const struct condition_vocabulary *words;
} member_words[] = {
    {FLT_FAULT_BRANCH, "branch", &branches},
    {FLT_FAULT_END, "outcome", &outcomes},
    {FLT_MM_VMSCAN_PAGE, "outcome", &decisions},
    {FLT_MM_VMSCAN_PAGE, "reason", &whys},
    {FLT_MM_LRU_MOVE, "reason", &whys},
    {FLT_PAGE_WAIT_BEGIN, "reason", &waits},
    {FLT_PAGE_WAIT_END, "reason", &waits},
    {FLT_WRITEBACK_START, "reason", &writebacks},
    {FLT_WRITEBACK_END, "reason", &writebacks},
    {FLT_BLOCK_RQ_ISSUE, "write", &transfers},
    {FLT_BLOCK_RQ_COMPLETE, "write", &transfers},
    {FLT_MM_LRU_ADD, "active", &lists},
    {FLT_MM_VMSCAN_LRU_ISOLATE, "active", &lists},
    {FLT_BOOT_PHASE, "phase", &phases},
    {0, "signal", &signals},
    {0, "zone", &zones},
    {0, "preferred_zone", &zones},
    {0, "mark", &marks},
    {0, "from_active", &lists},
    {0, "to_active", &lists},
};

static const struct condition_vocabulary *words_of(uint16_t type, const char *member) {
    for (size_t i = 0; i < COUNT(member_words); i++)
        if ((!member_words[i].type || member_words[i].type == type) && strcmp(member_words[i].member, member) == 0)
            return member_words[i].words;
    return NULL;
}

/* ---- kinds ---- */

#define OWN(name, form, value)                                                                                         \
    { name, form, value, NULL, NULL }
#define OWN_WORD(name, value, words)                                                                                   \
    { name, FORM_WORD, value, NULL, &(words) }
#define MEMBER(name, member, form)                                                                                     \
    { name, form, VALUE_MEMBER, member, NULL }
#define MEMBER_WORD(name, member, words)                                                                               \
    { name, FORM_WORD, VALUE_MEMBER, member, &(words) }
#define FRAME MEMBER("frame", "pfn", FORM_FRAME)
#define TASK OWN("task", FORM_TASK, VALUE_TASK)
#define NO_KEY                                                                                                         \
    { NULL, 0, 0, NULL, NULL }

#define ROW &(const struct condition_row)

static const struct condition_kind kinds[] = {
    {"fault",
     "branch access error addr vma level rule task outcome signal frame ip function file line mapcount reclaims waits "
     "major kernel",
     "a page fault is over", "fault branch=cow_copy,swap_in access=write vma=[heap]",
     ROW{true,
         false,
         false,
         false,
         {0},
         {OWN_WORD("branch", VALUE_BRANCH, branches),
          OWN_WORD("access", VALUE_ACCESS, accesses),
          OWN("error", FORM_ERROR, VALUE_ERROR),
          OWN("addr", FORM_ADDRESS, VALUE_LINEAR),
          OWN("vma", FORM_VMA, VALUE_VMA),
          OWN_WORD("level", VALUE_LEVEL, levels),
          OWN_WORD("rule", VALUE_RULE, rules),
          TASK,
          OWN_WORD("outcome", VALUE_OUTCOME, outcomes),
          OWN_WORD("signal", VALUE_SIGNAL, signals),
          OWN("frame", FORM_FRAME, VALUE_FRAMES),
          OWN("ip", FORM_ADDRESS, VALUE_IP),
          OWN("function", FORM_TEXT, VALUE_FUNCTION),
          OWN("file", FORM_TEXT, VALUE_FILE),
          OWN("line", FORM_NUMBER, VALUE_LINE),
          OWN("mapcount", FORM_NUMBER, VALUE_MAPCOUNT),
          OWN("reclaims", FORM_NUMBER, VALUE_RECLAIMS),
          OWN("waits", FORM_NUMBER, VALUE_WAITS),
          OWN("major", FORM_FLAG, VALUE_MAJOR),
          OWN("kernel", FORM_FLAG, VALUE_KERNEL),
          NO_KEY}}},
    {"pte", "bit change addr frame level by task", "an entry changes a bit",
     "pte bit=D change=set addr=40001000-40003000",
     ROW{false,
         true,
         false,
         false,
         {FLT_FAULT_PTE, FLT_MM_UNMAP},
         {OWN_WORD("bit", VALUE_BIT, bits), OWN_WORD("change", VALUE_CHANGE, changes),
          MEMBER("addr", "address", FORM_ADDRESS), OWN("frame", FORM_FRAME, VALUE_ENTRY_FRAME),
          OWN_WORD("level", VALUE_ENTRY_LEVEL, levels), OWN_WORD("by", VALUE_BY, changers), TASK, NO_KEY}}},
    {"harvest", "bit frame young mapcount addr task", "reclaim reads and clears A, or takes D along with an entry",
     "harvest bit=A young>=2",
     ROW{false,
         false,
         false,
         true,
         {FLT_MM_PAGE_REFERENCED, FLT_MM_UNMAP},
         {OWN_WORD("bit", VALUE_BIT, bits), FRAME, MEMBER("young", "young", FORM_NUMBER),
          MEMBER("mapcount", "mapcount", FORM_NUMBER), MEMBER("addr", "address", FORM_ADDRESS), TASK, NO_KEY}}},
    {"watermark", "zone node mark dir free task", "free pages of a zone cross a mark",
     "watermark zone=Normal mark=low dir=below",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_WATERMARK},
         {MEMBER_WORD("zone", "zone", zones), MEMBER("node", "node", FORM_NUMBER), MEMBER_WORD("mark", "mark", marks),
          MEMBER_WORD("dir", "below", directions), MEMBER("free", "free", FORM_NUMBER), TASK, NO_KEY}}},
    {"split", "order zone frame task", "the buddy allocator halves a free block of that order",
     "split order>=3 zone=DMA",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_BUDDY_SPLIT},
         {MEMBER("order", "order", FORM_NUMBER), MEMBER_WORD("zone", "zone", zones), FRAME, TASK, NO_KEY}}},
    {"merge", "order zone frame task", "the buddy allocator makes a free block of that order", "merge order>=5",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_BUDDY_MERGE},
         {MEMBER("order", "order", FORM_NUMBER), MEMBER_WORD("zone", "zone", zones), FRAME, TASK, NO_KEY}}},
    {"lru", "from to why frame task", "a page changes its list, or its place in it",
     "lru from=inactive to=active why=referenced",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_LRU_MOVE},
         {MEMBER_WORD("from", "from_active", lists), MEMBER_WORD("to", "to_active", lists),
          MEMBER_WORD("why", "reason", whys), FRAME, TASK, NO_KEY}}},
    {"cow", "frame mapcount how task", "a copy-on-write sharing is broken", "cow mapcount>=2 how=copy",
     ROW{false,
         false,
         false,
         false,
         {FLT_FAULT_COW},
         {OWN("frame", FORM_FRAME, VALUE_COW_FRAMES), MEMBER("mapcount", "old_mapcount", FORM_NUMBER),
          OWN_WORD("how", VALUE_COW_HOW, hows), TASK, NO_KEY}}},
    {"kswapd", "what node zone order free task", "the daemon is woken, or goes to sleep", "kswapd what=wake",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_VMSCAN_KSWAPD_WAKE, FLT_MM_VMSCAN_KSWAPD_SLEEP},
         {OWN_WORD("what", VALUE_TYPE, kswapds), MEMBER("node", "node", FORM_NUMBER),
          MEMBER_WORD("zone", "zone", zones), MEMBER("order", "order", FORM_NUMBER),
          MEMBER("free", "free", FORM_NUMBER), TASK, NO_KEY}}},
    {"direct", "what order priority reclaimed task", "a task frees memory itself, or is done with it",
     "direct what=begin task=hog",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_VMSCAN_DIRECT_BEGIN, FLT_MM_VMSCAN_DIRECT_END},
         {OWN_WORD("what", VALUE_TYPE, directs), MEMBER("order", "order", FORM_NUMBER),
          MEMBER("priority", "priority", FORM_NUMBER), MEMBER("reclaimed", "reclaimed", FORM_NUMBER), TASK, NO_KEY}}},
    {"decision", "outcome why frame referenced mapcount anon task", "reclaim decides about a page",
     "decision outcome=keep why=writeback",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_VMSCAN_PAGE},
         {MEMBER_WORD("outcome", "outcome", decisions), MEMBER_WORD("why", "reason", whys), FRAME,
          MEMBER("referenced", "referenced", FORM_NUMBER), MEMBER("mapcount", "mapcount", FORM_NUMBER),
          MEMBER("anon", "anon", FORM_FLAG), TASK, NO_KEY}}},
    {"unmap", "addr frame task", "reclaim takes an entry away", "unmap frame=2c11",
     ROW{false, false, false, false, {FLT_MM_UNMAP}, {MEMBER("addr", "address", FORM_ADDRESS), FRAME, TASK, NO_KEY}}},
    {"pageout", "frame anon task", "a page is written out", "pageout anon=1",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_VMSCAN_WRITEPAGE},
         {FRAME, MEMBER("anon", "anon", FORM_FLAG), TASK, NO_KEY}}},
    {"swapout", "frame area slot task", "a page is given a slot", "swapout slot=184",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_SWAP_OUT},
         {FRAME, MEMBER("area", "area", FORM_NUMBER), MEMBER("slot", "offset", FORM_NUMBER), TASK, NO_KEY}}},
    {"swapin", "slot area cached frame task", "a page comes back from its slot", "swapin slot=184 cached=0",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_SWAP_IN},
         {MEMBER("slot", "offset", FORM_NUMBER), MEMBER("area", "area", FORM_NUMBER),
          MEMBER("cached", "cached", FORM_FLAG), FRAME, TASK, NO_KEY}}},
    {"oom", "task points by", "memory is out: a process is chosen to end", "oom task=hog",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_OOM_KILL},
         {OWN("task", FORM_TASK, VALUE_VICTIM), MEMBER("points", "points", FORM_NUMBER),
          OWN("by", FORM_TASK, VALUE_TASK), NO_KEY}}},
    {"alloc", "frame order zone node free task", "frames are allocated", "alloc order>=2 zone=DMA",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_PAGE_ALLOC},
         {FRAME, MEMBER("order", "order", FORM_NUMBER), MEMBER_WORD("zone", "zone", zones),
          MEMBER("node", "node", FORM_NUMBER), MEMBER("free", "zone_free", FORM_NUMBER), TASK, NO_KEY}}},
    {"free", "frame order zone free task", "frames are freed", "free frame=2c11",
     ROW{false,
         false,
         false,
         false,
         {FLT_MM_PAGE_FREE},
         {FRAME, MEMBER("order", "order", FORM_NUMBER), MEMBER_WORD("zone", "zone", zones),
          MEMBER("free", "zone_free", FORM_NUMBER), TASK, NO_KEY}}},
    {"wait", "what why frame task", "a task sleeps on a page", "wait what=begin why=locked",
     ROW{false,
         false,
         false,
         false,
         {FLT_PAGE_WAIT_BEGIN, FLT_PAGE_WAIT_END},
         {OWN_WORD("what", VALUE_TYPE, waitings), MEMBER_WORD("why", "reason", waits), FRAME, TASK, NO_KEY}}},
    {"io", "what dir sector bytes task", "a request goes to a disk, or is done", "io what=issue dir=write",
     ROW{false,
         false,
         false,
         false,
         {FLT_BLOCK_RQ_ISSUE, FLT_BLOCK_RQ_COMPLETE},
         {OWN_WORD("what", VALUE_TYPE, blocks), MEMBER_WORD("dir", "write", transfers),
          MEMBER("sector", "sector", FORM_NUMBER), MEMBER("bytes", "bytes", FORM_NUMBER), TASK, NO_KEY}}},
    {"writeback", "what why pages task", "dirty pages are written back", "writeback what=begin why=sync",
     ROW{false,
         false,
         false,
         false,
         {FLT_WRITEBACK_START, FLT_WRITEBACK_END},
         {OWN_WORD("what", VALUE_TYPE, writings), MEMBER_WORD("why", "reason", writebacks),
          MEMBER("pages", "pages", FORM_NUMBER), TASK, NO_KEY}}},
    {"throttle", "dirty task", "a writer must write back itself", "throttle task=cp",
     ROW{false, false, false, false, {FLT_DIRTY_THROTTLE}, {MEMBER("dirty", "dirty", FORM_NUMBER), TASK, NO_KEY}}},
    {"task", "what pid name task", "a process begins, runs another program, or ends", "task what=exec name=hog",
     ROW{false,
         false,
         false,
         false,
         {FLT_TASK_NEW, FLT_TASK_RENAME, FLT_TASK_EXIT},
         {OWN_WORD("what", VALUE_TYPE, lives), MEMBER("pid", "pid", FORM_NUMBER), MEMBER("name", "comm", FORM_TEXT),
          TASK, NO_KEY}}},
    {"signal", "signal pid addr task", "a signal is about to be delivered", "signal signal=SIGSEGV",
     ROW{false,
         false,
         false,
         false,
         {FLT_SIGNAL},
         {MEMBER_WORD("signal", "signal", signals), MEMBER("pid", "pid", FORM_NUMBER),
          MEMBER("addr", "si_addr", FORM_ADDRESS), TASK, NO_KEY}}},
    {"event", "name task", "any event of docs/trace.md, with its own members as words",
     "event name=mm_page_alloc order>=2", ROW{false, false, true, false, {0}, {TASK, NO_KEY}}},
};

const struct condition_kind *condition_kinds(size_t *count) {
    *count = COUNT(kinds);
    return kinds;
}

/* ---- names ---- */

bool condition_same(const char *left, const char *right) {
    for (;; left++, right++) {
        int a = *left == '_' ? '-' : tolower((unsigned char)*left);
        int b = *right == '_' ? '-' : tolower((unsigned char)*right);
        if (a != b)
            return false;
        if (!a)
            return true;
    }
}

const struct condition_word *condition_word_named(const struct condition_vocabulary *words, const char *name) {
    for (size_t i = 0; i < words->count; i++)
        if (condition_same(words->words[i].name, name))
            return &words->words[i];
    return NULL;
}

bool condition_key_of_row(const struct condition_row *row, const char *name, struct condition_key *to) {
    for (const struct condition_key *key = row->keys; key->name; key++)
        if (condition_same(key->name, name)) {
            *to = *key;
            return true;
        }
    return false;
}

static uint8_t form_of(uint16_t type, const struct event_member *member) {
    size_t length = strlen(member->key);
    if (member->form == EVENT_TEXT16 || member->form == EVENT_TEXT32)
        return FORM_TEXT;
    if (length >= 3 && strcmp(member->key + length - 3, "pfn") == 0)
        return FORM_FRAME;
    if (member->form == EVENT_HEX)
        return FORM_ADDRESS;
    return words_of(type, member->key) ? FORM_WORD : FORM_NUMBER;
}

bool condition_key_of_type(uint16_t type, const char *name, struct condition_key *to) {
    const struct event_type *known = story_event_type(type);
    if (!known)
        return false;
    for (const struct event_member *member = known->members; member->key; member++)
        if (condition_same(member->key, name)) {
            *to = (struct condition_key){member->key, form_of(type, member), VALUE_MEMBER, member->key,
                                         words_of(type, member->key)};
            return true;
        }
    return false;
}

/* ---- completion ---- */

static size_t event_names(const char **words, size_t most) {
    size_t count = 0;
    for (uint16_t type = 0; type < 128 && count < most; type++)
        if (story_event_type(type))
            words[count++] = story_event_type(type)->name;
    return count;
}

static size_t copy_words(const struct condition_key *key, const char **words, size_t most) {
    static const char *const flags[] = {"0", "1"}, *const regions[] = {"[heap]", "[stack]", "anonymous", "none"};
    const struct condition_vocabulary *known = key->words;
    size_t count = known ? known->count : key->form == FORM_FLAG ? COUNT(flags) : COUNT(regions);
    if (!known && key->form != FORM_FLAG && key->form != FORM_VMA)
        return 0;
    for (size_t i = 0; i < count && i < most; i++)
        words[i] = known ? known->words[i].name : key->form == FORM_FLAG ? flags[i] : regions[i];
    return count < most ? count : most;
}

size_t condition_values(const char *kind, const char *name, const char **words, size_t most) {
    struct condition_key key;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (condition_same(kinds[i].name, kind)) {
            if (kinds[i].row->any_type && condition_same(name, "name"))
                return event_names(words, most);
            return condition_key_of_row(kinds[i].row, name, &key) ? copy_words(&key, words, most) : 0;
        }
    return 0;
}
