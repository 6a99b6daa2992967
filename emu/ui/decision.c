/*
 * DECISION: the last page that reclaim looked at, the questions that were asked of it in their order, and the answer.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

struct asking { /* boxes from the top down */
    struct painter *painter;
    struct rect inside;
    float y;
};

static void box(struct asking *asking, bool accent, const char *title, const char *detail) {
    float height = detail[0] ? 46 : 30;
    struct rect at = {asking->inside.x, asking->y, asking->inside.w, height};
    if (at.y + at.h > asking->inside.y + asking->inside.h)
        return;
    draw_fill(asking->painter->list, at, PALETTE_WELL, 4);
    draw_stroke(asking->painter->list, at, accent ? PALETTE_ACCENT_LINE : PALETTE_LINE, 4, 1);
    put_until(asking->painter, at.x + 10, at.y + 19, at.x + at.w - 6, FONT_WORDS, SIZE_SMALL,
              accent ? PALETTE_INK : PALETTE_DIM, title);
    if (detail[0])
        put_until(asking->painter, at.x + 10, at.y + 36, at.x + at.w - 6, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, detail);
    asking->y += height + 8;
}

static void paint_page(struct asking *asking, const struct reclaim_decision *page) {
    struct painter *painter = asking->painter;
    float x = asking->inside.x, right = x + asking->inside.w;
    x = put(painter, x, asking->y + 4, FONT_CODE, SIZE_CODE, PALETTE_DIM, "frame ");
    x = put(painter, x, asking->y + 4, FONT_CODE, SIZE_CODE, PALETTE_ACCENT,
            format_words("%05" PRIx32, page->pfn).text);
    put_until(painter, x + 12, asking->y + 4, right, FONT_CODE, SIZE_CODE, PALETTE_DIM,
              page->anon ? "anonymous" : "of a file");
    put_until(painter, asking->inside.x, asking->y + 22, right, FONT_CODE, SIZE_CODE, PALETTE_DIM,
              format_words("mapped by %" PRIu32 " %s \xc2\xb7 signs of use: %" PRIu32, page->mapcount,
                           page->mapcount == 1 ? "entry" : "entries", page->referenced)
                  .text);
    asking->y += 36;
}

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

static void paint_questions(struct asking *asking, const struct reclaim_decision *page) {
    box(asking, false, referenced_text(page), "");
    if (page->has_slot)
        box(asking, false, format_words("a swap slot: area %" PRIu32 ", slot %" PRIu32, page->area, page->slot).text,
            "");
    if (page->unmaps)
        box(asking, false,
            format_words("unmap: %u %s taken away", page->unmaps, page->unmaps == 1 ? "entry" : "entries").text,
            format_words("PTE of %08" PRIx32 ": %08" PRIx32 " \xe2\x86\x92 %08" PRIx32, page->address, page->pte_before,
                         page->pte_after)
                .text);
    box(asking, true, answer_of(page), reclaim_reason_text(page->reason));
}

void paint_decision(struct painter *painter, struct rect at) {
    const struct story_reclaim *reclaim = painter->view ? &painter->view->reclaim : NULL;
    bool some = reclaim && reclaim->last.number > 0;
    struct words title =
        some ? format_words("DECISION %s", format_count(reclaim->last.number).text) : format_words("DECISION");
    struct rect inside = panel_begin(painter, PANEL_DECISION, at, title.text, "one page under reclaim");
    if (some) {
        struct asking asking = {painter, inside, inside.y + 8};
        paint_page(&asking, &reclaim->last);
        paint_questions(&asking, &reclaim->last);
        if (asking.y + 16 < inside.y + inside.h)
            put_until(painter, inside.x, asking.y + 12, inside.x + inside.w, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                      format_words("priority %" PRIu32 " \xc2\xb7 scanned %s, freed %s", reclaim->priority,
                                   format_count(reclaim->kswapd_scanned + reclaim->direct_scanned).text,
                                   format_count(reclaim->kswapd_reclaimed + reclaim->direct_reclaimed).text)
                          .text);
    } else
        panel_empty(painter, inside, "What reclaim did with one page, and why: kept, activated, written out or freed.",
                    "Appears when free memory falls below low and kswapd, or an allocation itself, reclaims.");
    panel_end(painter);
}
