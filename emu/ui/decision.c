/*
 * DECISION: the last page that reclaim looked at, the questions that were asked of it in their order, and the answer.
 * The answer is always there; where height is dear the questions become lines, and then the first of them go.
 */
#include "emu/ui/frames_look.h"
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

struct box {
    struct words title, detail; /* detail "": none */
    bool answer;
};

struct asking { /* boxes from the top down */
    struct painter *painter;
    struct rect inside;
    float y;
    struct box boxes[6];
    unsigned count;
    bool tight; /* a box is a line */
};

static void ask(struct asking *asking, bool answer, struct words title, struct words detail) {
    asking->boxes[asking->count++] = (struct box){title, detail, answer};
}

static float box_height(const struct asking *asking, const struct box *box) {
    if (asking->tight)
        return box->answer && box->detail.text[0] ? 40 : 23;
    return box->detail.text[0] ? 46 : 30;
}

static float gap_of(const struct asking *asking) { return asking->tight ? 4 : 8; }

static float boxes_height(const struct asking *asking, unsigned first) {
    float height = 0;
    for (unsigned i = first; i < asking->count; i++)
        height += box_height(asking, &asking->boxes[i]) + gap_of(asking);
    return height;
}

static void paint_box(struct asking *asking, const struct box *box) {
    struct painter *painter = asking->painter;
    struct rect at = {asking->inside.x, asking->y, asking->inside.w, box_height(asking, box)};
    float baseline = at.y + (asking->tight ? 16 : 19), right = at.x + at.w - 6;
    bool two = at.h > 32 && box->detail.text[0];
    draw_fill(painter->list, at, box->answer ? PALETTE_RAISED : PALETTE_WELL, 4);
    draw_stroke(painter->list, at, box->answer ? PALETTE_ACCENT_LINE : PALETTE_LINE, 4, 1);
    float end = put_until(painter, at.x + 10, baseline, right, FONT_WORDS, box->answer ? SIZE_WORDS : SIZE_SMALL,
                          box->answer ? PALETTE_INK : PALETTE_SOFT, box->title.text);
    if (two)
        put_until(painter, at.x + 10, baseline + 17, right, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, box->detail.text);
    else if (box->detail.text[0] && end + 130 < right)
        put_until(painter, end + 10, baseline, right, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, box->detail.text);
    tip(painter, at, "%s\n%s", box->title.text, box->detail.text);
    asking->y += at.h + gap_of(asking);
}

/* The page ---------------------------------------------------------------------------------------------------- */

static void paint_page(struct asking *asking, const struct reclaim_decision *page) {
    struct painter *painter = asking->painter;
    float left = asking->inside.x, right = left + asking->inside.w, y = asking->y + 4;
    float x = put(painter, left, y, FONT_CODE, SIZE_CODE, PALETTE_DIM, "frame ");
    struct words frame = format_words("%05" PRIx32, page->pfn);
    struct rect link = {x - 3, y - 13, text_width(painter, FONT_CODE, SIZE_CODE, frame.text) + 6, 18};
    if (is_hovered(painter, link))
        draw_fill(painter->list, link, PALETTE_RAISED_HOT, 4);
    hit(painter, link, ACTION_SELECT_FRAME, page->pfn);
    tip(painter, link, "frame %05" PRIx32 "\nclick to follow it", page->pfn);
    x = put(painter, x, y, FONT_CODE, SIZE_CODE, PALETTE_ACCENT, frame.text);
    x = put_until(painter, x + 12, y, right, FONT_CODE, SIZE_CODE, PALETTE_INK, page->anon ? "anonymous" : "of a file");
    struct words by = format_words("looked at by pid %" PRIu32, page->pid);
    if (page->pid && x + 12 + text_width(painter, FONT_CODE, SIZE_CODE, by.text) <= right)
        put(painter, x + 12, y, FONT_CODE, SIZE_CODE, PALETTE_DIM, by.text);
    put_until(painter, left, y + 18, right, FONT_CODE, SIZE_CODE, PALETTE_DIM,
              asking->inside.w < 270
                  ? format_words("mapped by %" PRIu32 ", signs of use %" PRIu32, page->mapcount, page->referenced).text
                  : format_words("mapped by %" PRIu32 " %s \xc2\xb7 signs of use: %" PRIu32, page->mapcount,
                                 page->mapcount == 1 ? "entry" : "entries", page->referenced)
                        .text);
    asking->y += 34;
}

/* The questions ----------------------------------------------------------------------------------------------- */

static const char *answer_of(const struct reclaim_decision *page) {
    switch (page->outcome) {
    case FLT_OUTCOME_ACTIVATE: return "activated: back to the active list";
    case FLT_OUTCOME_RECLAIM: return "freed";
    case FLT_OUTCOME_PAGEOUT:
        return page->has_slot || page->anon ? "being written to swap" : "being written to its file";
    default: return "kept on the inactive list";
    }
}

/* A page that was used is kept on only while some process maps it: what was read once needs no place of its own. */
static const char *referenced_text(const struct reclaim_decision *page) {
    if (!page->referenced)
        return "referenced? no: not activated for that";
    bool gone = page->outcome == FLT_OUTCOME_RECLAIM || page->outcome == FLT_OUTCOME_PAGEOUT;
    return gone && page->mapcount == 0 ? "referenced? yes, but no process maps it"
                                       : "referenced? yes, since the last look";
}

static void ask_all(struct asking *asking, const struct reclaim_decision *page) {
    const struct words none = format_words("%s", "");
    ask(asking, false, format_words("%s", referenced_text(page)), none);
    if (page->has_slot)
        ask(asking, false, format_words("a swap slot: area %" PRIu32 ", slot %" PRIu32, page->area, page->slot), none);
    if (page->unmaps)
        ask(asking, false, format_words("unmap: %u %s", page->unmaps, page->unmaps == 1 ? "entry" : "entries"),
            format_words("PTE %08" PRIx32 " \xe2\x86\x92 %08" PRIx32 " at %08" PRIx32, page->pte_before,
                         page->pte_after, page->address));
    if (page->outcome == FLT_OUTCOME_PAGEOUT || page->reason == FLT_WHY_CLEAN)
        ask(asking, false,
            format_words("dirty? %s", page->outcome == FLT_OUTCOME_PAGEOUT ? "yes, nowhere else is a copy"
                                                                           : "no, the disk has a copy"),
            none);
    ask(asking, true, format_words("%s", answer_of(page)), format_words("%s", reclaim_reason_text(page->reason)));
}

static void paint_questions(struct asking *asking, const struct story_reclaim *reclaim) {
    struct painter *painter = asking->painter;
    float bottom = asking->inside.y + asking->inside.h, foot = 18, room = bottom - asking->y;
    unsigned first = 0;
    asking->tight = boxes_height(asking, 0) > room;
    bool has_foot = boxes_height(asking, 0) + foot <= room + 4;
    while (first + 1 < asking->count && boxes_height(asking, first) > room + 4)
        first++;
    for (unsigned i = first; i < asking->count; i++)
        paint_box(asking, &asking->boxes[i]);
    if (!has_foot)
        return;
    const char *hint = painter->view->state == VIEW_ENDED ? "" : " \xc2\xb7 r: the next";
    put_until(painter, asking->inside.x, asking->y + 11, asking->inside.x + asking->inside.w, FONT_WORDS, SIZE_SMALL,
              PALETTE_FAINT,
              format_words("priority %" PRIu32 " \xc2\xb7 scanned %s, freed %s%s", reclaim->priority,
                           format_count(reclaim->kswapd_scanned + reclaim->direct_scanned).text,
                           format_count(reclaim->kswapd_reclaimed + reclaim->direct_reclaimed).text,
                           asking->inside.w > 300 ? hint : "")
                  .text);
}

void paint_decision(struct painter *painter, struct rect at) {
    const struct story_reclaim *reclaim = painter->view ? &painter->view->reclaim : NULL;
    bool some = reclaim && reclaim->last.number > 0;
    struct words title =
        some ? format_words("DECISION %s", format_count(reclaim->last.number).text) : format_words("DECISION");
    struct rect inside =
        panel_begin(painter, PANEL_DECISION, at, title.text, at.w < 300 ? "" : "one page under reclaim");
    if (some) {
        struct asking asking = {.painter = painter, .inside = inside, .y = inside.y + 6};
        paint_page(&asking, &reclaim->last);
        ask_all(&asking, &reclaim->last);
        paint_questions(&asking, reclaim);
    } else
        panel_empty(painter, inside, "What reclaim did with one page, and why: kept, activated, written out or freed.",
                    frames_foreign(painter->view) && painter->view->event_count == 0
                        ? "The kernel tells of its decisions by events, and none has come yet."
                        : "Appears when free memory falls below low and kswapd, or an allocation itself, reclaims.");
    panel_end(painter);
}
