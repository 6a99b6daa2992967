#include "emu/ui/frames_look.h"

#include "emu/ui/panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool frames_foreign(const struct view *view) { return view && !view->kernel && view->hardware.paging; }

uint64_t frames_known(const struct view *view) {
    if (view && view->kernel)
        return view->kernel->frames ? view->kernel->frame_count : 0;
    return frames_foreign(view) && view->hardware.of ? view->hardware.count : 0;
}

bool frames_offers(const struct view *view, enum ui_overlay overlay) {
    return !frames_foreign(view) || overlay == OVERLAY_USE || overlay == OVERLAY_BITS;
}

const char *overlay_name(enum ui_overlay overlay) {
    static const char *const names[OVERLAY_COUNT] = {"use", "A/D bits", "age", "mapcount"};
    return overlay < OVERLAY_COUNT ? names[overlay] : "";
}

const char *overlay_meaning(enum ui_overlay overlay) {
    static const char *const meanings[OVERLAY_COUNT] = {
        "what each frame is used for",
        "what the entries that map a frame say:\nthe processor sets A at each use, D at each write",
        "time since the last event of each frame",
        "how many page-table entries map each frame",
    };
    return overlay < OVERLAY_COUNT ? meanings[overlay] : "";
}

static void add_class(struct frames_look *look, const char *name, const char *meaning, color ink) {
    if (look->class_count == FRAME_CLASSES)
        return;
    struct frame_class *to = &look->classes[look->class_count++];
    snprintf(to->name, sizeof to->name, "%.39s", name);
    to->meaning = meaning;
    to->color = ink;
}

static void by_use(struct frames_look *look, const struct view *view) {
    static const char *const meanings[FRAME_ABSENT] = {
        "on a free list of the buddy allocator",
        "the kernel's own code and data",
        "a page table or page directory",
        "small objects of the kernel",
        "page cache: a page of a file",
        "page cache: changed and not yet written back",
        "a program's own memory: heap, stack, private copies",
        "anonymous, with a slot in a swap area",
        "never given out: firmware, devices, the kernel's image",
    };
    look->of = view->kernel->frames;
    for (unsigned kind = 0; kind < FRAME_ABSENT; kind++) {
        add_class(look, frame_kind_name((enum frame_kind)kind), meanings[kind], frame_color(kind));
        look->class_of[kind] = (uint8_t)kind;
    }
}

/* Classes of the bits, the same for our kernel and others. */
static unsigned bits_class(bool mapped, bool accessed, bool dirty) {
    return !mapped ? 0 : dirty ? (accessed ? 4 : 3) : accessed ? 2 : 1;
}

static void by_bits(struct frames_look *look, const struct view *view) {
    bool foreign = frames_foreign(view);
    look->of = foreign ? view->hardware.of : view->bits.of;
    look->count = foreign ? view->hardware.count : view->bits.count;
    add_class(look, "not mapped", "no page-table entry maps it for a program", PALETTE_BITS_NONE);
    add_class(look, "mapped", "mapped; A and D are clear: not used since they were cleared", PALETTE_BITS_MAPPED);
    add_class(look, "accessed", "A is set: used since it was cleared last", PALETTE_BITS_ACCESSED);
    add_class(look, "dirty", "D is set, A is clear: written, but not used lately", PALETTE_BITS_DIRTY);
    add_class(look, "accessed, dirty", "A and D are set: written", PALETTE_BITS_BOTH);
    if (foreign)
        look->classes[0].meaning = "no page-table entry maps it";
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned use = byte & ~(HW_ACCESSED | HW_DIRTY);
        look->class_of[byte] = (uint8_t)(foreign ? bits_class(use != HW_UNMAPPED, byte & HW_ACCESSED, byte & HW_DIRTY)
                                                 : bits_class(byte & KV_MAPPED, byte & KV_ACCESSED, byte & KV_DIRTY));
    }
}

/* Ages are logarithms (story_ages): 0 is a thousandth of the run, every 25.4 double it. Each class is four times as
 * long as the one before. */
static void by_age(struct frames_look *look, const struct view *view) {
    static const color ramp[] = {PALETTE_AGE_0, PALETTE_AGE_1, PALETTE_AGE_2,
                                 PALETTE_AGE_3, PALETTE_AGE_4, PALETTE_AGE_5};
    const unsigned steps = sizeof ramp / sizeof ramp[0];
    double run = (double)view->blocks * view->block_ns;
    look->of = view->ages;
    for (unsigned i = 0; i < steps; i++) {
        uint64_t limit = (uint64_t)(run / 1024 * pow(4, i));
        struct words name =
            i + 1 < steps ? format_words("< %s", format_duration(limit).text) : format_words("longer ago");
        add_class(look, name.text, "time since its last event", ramp[i]);
    }
    add_class(look, "no event", "nothing was told of it in this run", PALETTE_AGE_NEVER);
    for (unsigned age = 0; age < 255; age++) {
        unsigned step = (unsigned)ceil(age / 50.8);
        look->class_of[age] = (uint8_t)(step < steps ? step : steps - 1);
    }
    look->class_of[255] = (uint8_t)steps;
}

static void by_mapcount(struct frames_look *look, const struct view *view) {
    look->of = view->bits.mapcount;
    look->count = view->bits.count;
    add_class(look, "0", "no program's page table maps it", PALETTE_COUNT_0);
    add_class(look, "1", "one entry maps it", PALETTE_COUNT_1);
    add_class(look, "2", "two entries share it", PALETTE_COUNT_2);
    add_class(look, "3 to 7", "three to seven entries share it", PALETTE_COUNT_3);
    add_class(look, "8 or more", "eight entries or more share it", PALETTE_COUNT_8);
    for (unsigned n = 0; n < 256; n++)
        look->class_of[n] = (uint8_t)(n < 3 ? n : n < 8 ? 3 : 4);
}

static void by_tables(struct frames_look *look, const struct view *view) {
    static const color colors[HW_USES] = {PALETTE_HW_UNMAPPED,        PALETTE_HW_TABLE, PALETTE_HW_KERNEL,
                                          PALETTE_HW_KERNEL_WRITABLE, PALETTE_HW_USER,  PALETTE_HW_USER_WRITABLE};
    static const char *const meanings[HW_USES] = {
        "no entry of the page tables in force maps it",  "it is a page table itself",
        "mapped for the kernel, which may not write it", "mapped for the kernel, which may write it",
        "mapped for programs, which may not write it",   "mapped for programs, which may write it",
    };
    look->of = view->hardware.of;
    look->count = view->hardware.count;
    for (unsigned use = 0; use < HW_USES; use++)
        add_class(look, hw_use_name((enum hw_use)use), meanings[use], colors[use]);
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned use = byte & ~(HW_ACCESSED | HW_DIRTY);
        look->class_of[byte] = (uint8_t)(use < HW_USES ? use : NO_CLASS);
    }
}

void frames_look(struct frames_look *look, const struct view *view, enum ui_overlay overlay) {
    bool foreign = frames_foreign(view);
    memset(look, 0, sizeof *look);
    memset(look->class_of, NO_CLASS, sizeof look->class_of);
    look->count = frames_known(view);
    look->kinds = foreign ? NULL : view->kernel->frames;
    look->about = "";
    switch (frames_offers(view, overlay) ? overlay : OVERLAY_USE) {
    case OVERLAY_BITS:
        look->about =
            foreign ? "large pages: one A and one D for all their frames" : "A and D in the entries that map a frame";
        by_bits(look, view);
        return;
    case OVERLAY_AGE:
        look->about = "time since the last event of a frame";
        by_age(look, view);
        return;
    case OVERLAY_MAPCOUNT:
        look->about = "page-table entries that map a frame";
        by_mapcount(look, view);
        return;
    default:
        if (foreign)
            by_tables(look, view);
        else
            by_use(look, view);
    }
}

unsigned frames_class(const struct frames_look *look, uint64_t pfn) {
    if (!look->of || pfn >= look->count || (look->kinds && look->kinds[pfn] >= FRAME_ABSENT))
        return NO_CLASS;
    return look->class_of[look->of[pfn]];
}
