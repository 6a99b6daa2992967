/* FAULT: the record on show, drawn: instruction, access, walk, steps. */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *weight_of(const struct story_fault *fault) {
    if (story_is_major(fault))
        return " \xc2\xb7 major";
    switch (fault->branch) {
    case FLT_BRANCH_SWAP_IN:
    case FLT_BRANCH_ANON_ZERO:
    case FLT_BRANCH_ANON:
    case FLT_BRANCH_FILE_MINOR:
    case FLT_BRANCH_FILE_COW:
    case FLT_BRANCH_COW_COPY:
    case FLT_BRANCH_COW_REUSE:
    case FLT_BRANCH_SPURIOUS: return " \xc2\xb7 minor";
    default: return "";
    }
}

static struct words cost_of(const struct view *view) {
    const struct story_fault *fault = &view->fault;
    if (fault->end_blocks < fault->begin_blocks || fault->end_blocks == 0)
        return format_words("%s", " \xc2\xb7 not over yet");
    uint64_t blocks = fault->end_blocks - fault->begin_blocks;
    return format_words(" \xc2\xb7 %s blocks \xc2\xb7 %s", format_count(blocks).text,
                        format_duration(blocks * view->block_ns).text);
}

static struct words subtitle_of(const struct view *view) {
    const struct story_fault *fault = &view->fault;
    if (!fault->traced)
        return format_words("%s", fault->end_blocks ? "seen by the hardware only" : "the kernel is to tell of it");
    const char *branch = fault->branch == FLT_BRANCH_NONE ? "" : story_branch_name(fault->branch);
    const char *cost = cost_of(view).text;
    bool told = strstr(branch, "major") || strstr(branch, "minor");
    return format_words("%s%s%s", branch, told ? "" : weight_of(fault), branch[0] ? cost : cost + 4);
}

/* Words laid from left to right; a piece that does not fit opens a new line. */
struct flow {
    struct painter *painter;
    float left, right, x, y, line;
};

static void flow_room(struct flow *flow, float width) {
    float left = flow->right - flow->x; /* a piece that is too long for any line takes what is left of this one */
    if (flow->x > flow->left && width > left && (width < flow->right - flow->left || left < 200)) {
        flow->x = flow->left;
        flow->y += flow->line;
    }
}

static void flow_text(struct flow *flow, enum draw_font font, color ink, const char *text, float gap) {
    if (!text[0])
        return;
    flow_room(flow, text_width(flow->painter, font, SIZE_CODE, text));
    flow->x = put_until(flow->painter, flow->x, flow->y, flow->right, font, SIZE_CODE, ink, text) + gap;
}

static void flow_boxed(struct flow *flow, const char *text) {
    float width = text_width(flow->painter, FONT_CODE, SIZE_CODE, text) + 18;
    flow_room(flow, width);
    width = fminf(width, flow->right - flow->x);
    struct rect at = {flow->x, flow->y - 16, width, 24};
    draw_fill(flow->painter->list, at, PALETTE_WELL, 6);
    draw_stroke(flow->painter->list, at, PALETTE_LINE, 6, 1);
    put_until(flow->painter, at.x + 9, flow->y, at.x + width - 8, FONT_CODE, SIZE_CODE, PALETTE_INK, text);
    flow->x += width + 9;
}

static struct words bytes_of(const struct story_fault *fault) {
    struct words out = format_words("%s", "");
    for (unsigned i = 0; i < fault->instruction_bytes && i < sizeof fault->instruction; i++)
        out = format_words("%s%s%02x", out.text, i ? " " : "", fault->instruction[i]);
    return out;
}

/* Address, disassembly, source line and text. Returns y after it. */
static float paint_instruction(struct painter *painter, const struct fault_area *area, float y,
                               const struct story_fault *fault) {
    struct flow flow = {painter, area->inside.x, area->inside.x + area->inside.w, area->inside.x, y + 17, 26};
    flow_text(&flow, FONT_CODE, PALETTE_DIM, format_address(fault->rip, 8).text, 9);
    const char *mnemonic = fault->disassembly[0]      ? fault->disassembly
                           : fault->instruction_bytes ? bytes_of(fault).text
                                                      : "the fetch itself";
    flow_boxed(&flow, mnemonic);
    struct rect row = {area->inside.x, y, flow.x - area->inside.x, 26};
    if (fault->source_file[0]) {
        const char *dots = strlen(fault->source_file) > 40 ? "\xe2\x80\xa6" : "";
        flow_text(&flow, FONT_CODE, PALETTE_DIM,
                  format_words("%.40s%s:%u", fault->source_file, dots, fault->source_line).text, 14);
        flow_text(&flow, FONT_CODE, PALETTE_INK, fault->source_text, 0);
    } else
        flow_text(&flow, FONT_CODE, PALETTE_DIM, fault->symbol, 0);
    struct words who = fault->traced || fault->pid ? format_words(", %s pid %u", fault->comm, fault->pid)
                                                   : format_words("; the kernel tells of no task");
    tip(painter, row, "%s\nbytes %s\nring %u%s", fault->symbol[0] ? fault->symbol : "no symbol for this address",
        bytes_of(fault).text[0] ? bytes_of(fault).text : "not known", fault->cpl, who.text);
    return flow.y + 12;
}

static struct words segment_words(const struct story_fault *fault) {
    static const char *const segments[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
    if (fault->segment >= sizeof segments / sizeof segments[0])
        return format_words("no segment: the access was to a linear address");
    return format_words("%s:%s  base %s + offset = %s", segments[fault->segment], format_address(fault->offset, 8).text,
                        format_address(fault->segment_base, 8).text, format_address(fault->linear, 8).text);
}

/* The address space on show is the fault's, as far as is known. */
static bool is_on_show(const struct painter *painter, const struct story_fault *fault) {
    const struct kv_snapshot *kernel = painter->view->kernel;
    return !kernel || kernel->space.pid == (int)fault->pid;
}

/* The address selects its page, and shows when that is what is selected. */
static void touch_page(struct painter *painter, struct rect at, const struct story_fault *fault) {
    const struct selection *selection = &painter->view->selection;
    if (is_on_show(painter, fault))
        hit(painter, at, ACTION_SELECT_PAGE, (int64_t)(fault->linear & ~4095ull));
    if (selection->has_page && selection->linear >> 12 == fault->linear >> 12 && selection->pid == (int)fault->pid)
        outline_selected(painter, rect_inset(at, -3, 0), 4);
}

struct chip_look {
    const char *text;
    color ground, ink;
};

static struct chip_look chip_of(enum mmu_access_kind kind) {
    if (kind == MMU_WRITE)
        return (struct chip_look){"WRITE", PALETTE_WRITE_GROUND, PALETTE_WRITE_INK};
    if (kind == MMU_FETCH)
        return (struct chip_look){"FETCH", PALETTE_FETCH_GROUND, PALETTE_FETCH_INK};
    return (struct chip_look){"READ", PALETTE_READ_GROUND, PALETTE_READ_INK};
}

static float paint_access(struct painter *painter, const struct fault_area *area, float y,
                          const struct story_fault *fault) {
    struct flow flow = {painter, area->inside.x, area->inside.x + area->inside.w, area->inside.x, y + 16, 20};
    struct chip_look chip = chip_of(fault->walk.access.kind);
    struct rect at = {flow.x, flow.y - 12.5f, text_width(painter, FONT_CODE, SIZE_LABEL, chip.text) + 14, 17};
    draw_fill(painter->list, at, chip.ground, 3);
    put_center(painter, at, flow.y - 0.5f, FONT_CODE, SIZE_LABEL, chip.ink, chip.text);
    flow.x += at.w + 8;
    struct words linear = format_address(fault->linear, 8);
    struct rect address = {flow.x, y, text_width(painter, FONT_CODE, SIZE_CODE, linear.text), 22};
    flow_text(&flow, FONT_CODE, PALETTE_INK, linear.text, 8);
    struct words click = is_on_show(painter, fault)
                             ? format_words("click: select its page")
                             : format_words("its page is in the address space of pid %u", fault->pid);
    tip(painter, address, "linear address %08" PRIx64 "\n%s\n%s", fault->linear, click.text, segment_words(fault).text);
    touch_page(painter, address, fault);
    char code[120];
    mmu_error_code_text(fault->error_code, code, sizeof code);
    flow_text(&flow, FONT_CODE, PALETTE_DIM, fault->walk.access.user ? "user" : "supervisor", 7);
    flow_text(&flow, FONT_CODE, PALETTE_DIM, "\xc2\xb7", 7);
    struct words error = format_words("error%s %s%x = %s", area->narrow ? "" : " code",
                                      fault->error_code > 9 ? "0x" : "", fault->error_code, code);
    flow_text(&flow, FONT_CODE, PALETTE_DIM, error.text, 0);
    struct rect bits = {flow.x - text_width(painter, FONT_CODE, SIZE_CODE, error.text), flow.y - 14, 0, 20};
    bits.w = flow.x - bits.x;
    tip(painter, bits, "error code %x: what the processor tells the kernel\n%s\n%s\n%s%s%s", fault->error_code,
        fault->error_code & 1 ? "P 1: an entry is there and forbids it" : "P 0: an entry is not present",
        fault->error_code & 2 ? "W 1: a write" : "W 0: no write",
        fault->error_code & 4 ? "U 1: in user mode" : "U 0: in supervisor mode",
        fault->error_code & 8 ? "\nRSVD 1: a reserved bit is set in an entry" : "",
        fault->error_code & 16 ? "\nI 1: an instruction fetch" : "");
    return flow.y + 7;
}

/* The step from the logical address to the linear one. */
static float paint_segment(struct painter *painter, const struct fault_area *area, float y,
                           const struct story_fault *fault) {
    struct rect row = {area->inside.x, y, area->inside.w, 17};
    struct words text = segment_words(fault);
    if (text_width(painter, FONT_CODE, SIZE_LABEL, text.text) > row.w) /* a narrow panel and a long address */
        text = format_words("base %s + offset", format_address(fault->segment_base, 8).text);
    put_until(painter, row.x, y + 13, row.x + row.w, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, text.text);
    tip(painter, row,
        "segmentation, before paging\nlinear address = base of the segment + offset\nselector %04x, limit %08" PRIx64
        ", flags %x",
        fault->segment_selector, fault->segment_limit, fault->segment_flags);
    return y + 18;
}

/* One function of the call path: "do_wp_page  memory.c:412" is its name and the line of the call. */
static void path_name(const char *words, struct words *name, const char **line) {
    const char *gap = strstr(words, "  ");
    *name = format_words("%.*s", gap ? (int)(gap - words) : (int)strnlen(words, VIEW_WORDS), words);
    *line = gap ? gap + 2 : "";
}

/* The kernel's own calls that led to its decision, the outermost first. */
static float paint_path(struct painter *painter, const struct fault_area *area, float y,
                        const struct story_fault *fault) {
    struct flow flow = {painter, area->inside.x, area->inside.x + area->inside.w, area->inside.x, y + 12, 18};
    unsigned count = fault->path_count < STORY_PATH_MAX ? fault->path_count : STORY_PATH_MAX;
    if (count == 0 || !painter->view->path_words[0][0])
        return y;
    flow_text(&flow, FONT_CODE, PALETTE_FAINT, "kernel", 10);
    for (unsigned i = count; i-- > 0;) {
        struct words name;
        const char *line;
        path_name(painter->view->path_words[i], &name, &line);
        if (!name.text[0])
            continue;
        flow_text(&flow, FONT_CODE, i ? PALETTE_DIM : PALETTE_INK, name.text, 0);
        float width = text_width(painter, FONT_CODE, SIZE_CODE, name.text);
        tip(painter, (struct rect){flow.x - width, flow.y - 14, width, 18}, "%s\n%s\n%s", name.text,
            line[0] ? line : "no source line is known", i ? "called the next one there" : "decided what to do");
        flow_text(&flow, FONT_CODE, PALETTE_FAINT, i ? " \xe2\x80\xba " : "", 0);
        bool room = flow.x + 9 + text_width(painter, FONT_CODE, SIZE_CODE, line) <= flow.right;
        if (i == 0 && line[0] && (room || !area->tight)) {
            flow.x += 9;
            flow_text(&flow, FONT_CODE, PALETTE_FAINT, line, 0);
        }
    }
    return flow.y + 9;
}

/* The whole record from y on. Returns the y after it. */
static float paint_parts(struct painter *painter, const struct fault_area *area, float y) {
    const struct story_fault *fault = &painter->view->fault;
    y = paint_instruction(painter, area, y - (area->tight ? 5 : 1), fault);
    y = paint_access(painter, area, y, fault);
    if (!area->tight || fault->segment_base != 0) /* else the address's tooltip tells it */
        y = paint_segment(painter, area, y, fault);
    y = paint_walk(painter, area, y + (area->tight ? 4 : 7), fault) + (area->tight ? 2 : 4);
    draw_line(painter->list, area->inside.x, y, area->inside.x + area->inside.w, y, PALETTE_LINE, 1);
    y = paint_path(painter, area, y + (area->tight ? 5 : 8), fault);
    return paint_steps(painter, area, y + 2, fault) - 8;
}

/* With the usual distances where they fit, else with small ones, else scrolled. */
static void paint_record(struct painter *painter, struct rect inside) {
    struct fault_area area = {inside, inside.w < 560, false};
    struct scroll scroll;
    float begin = scroll_begin(painter, &scroll, PANEL_FAULT, inside), end = paint_parts(painter, &area, begin);
    if (end - begin > inside.h + 2) {
        scroll_again(painter, &scroll);
        area.tight = true;
        end = paint_parts(painter, &area, begin);
    }
    scroll_end(painter, &scroll, end);
}

void paint_fault(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    bool some = view && view->has_fault;
    struct words title = some ? format_words("FAULT %" PRIu64, view->fault.number) : format_words("FAULT");
    if (some && view->fault.nested_in)
        title = format_words("FAULT %" PRIu64 " within %" PRIu64, view->fault.number, view->fault.nested_in);
    struct words subtitle = some ? subtitle_of(view) : format_words("one page fault, step by step");
    struct rect inside = panel_begin(painter, PANEL_FAULT, at, title.text, subtitle.text);
    if (some)
        paint_record(painter, inside);
    else
        panel_empty(painter, inside,
                    "A page fault from the instruction to its retry: access, page walk, decision, frames, new entry.",
                    "Press n to run to the next fault, or click a mark in the timeline.");
    panel_end(painter);
}
