/*
 * The HTML report, second half: what was gathered goes as JSON into the page of page/report.html, which draws it.
 *
 * What it keeps true: nothing of the trace reaches the page as HTML. All of it is JSON in ASCII with "<" written as
 * \u003c, so that no text can end the script element, and the page puts it into the document as text only. The title is
 * escaped. The page forbids itself by its Content-Security-Policy to load anything.
 */
#include "emu/export/report.h"

#include "emu/export/event_text.h"
#include "emu/export/page.h"
#include "emu/machine/machine.h"
#include "emu/story/event_types.h"
#include "emu/story/json.h"
#include "emu/story/words.h"
#include "emu/ui/palette.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_MAX 65536u

struct page_writer {
    struct report *report;
    struct out out; /* not written yet; flush() between members */
    char buffer[WRITE_MAX];
};

/* JSON: "<" occurs inside strings only. */
static void put_json(FILE *to, const char *bytes, size_t count) {
    for (size_t i = 0; i < count;) {
        const char *less = memchr(bytes + i, '<', count - i);
        size_t plain = less ? (size_t)(less - bytes) - i : count - i;
        fwrite(bytes + i, 1, plain, to);
        i += plain;
        if (less) {
            fputs("\\u003c", to);
            i++;
        }
    }
}

static void flush(struct page_writer *page) {
    size_t length = page->out.length < sizeof page->buffer ? page->out.length : sizeof page->buffer;
    put_json(page->report->to, page->buffer, length);
    page->out.length = 0;
}

static void time_of(struct page_writer *page, const char *key, uint64_t blocks) {
    json_number(&page->out, key, blocks * MACHINE_BLOCK_NS);
}

/* ---- branches ---- */

static uint32_t branch_colour(uint32_t branch) {
    switch (branch) {
    case FLT_BRANCH_ANON_ZERO:
    case FLT_BRANCH_ANON: return PALETTE_ANON;
    case FLT_BRANCH_FILE_MINOR:
    case FLT_BRANCH_FILE_COW: return PALETTE_FILE;
    case FLT_BRANCH_FILE_MAJOR: return PALETTE_FILE_DIRTY;
    case FLT_BRANCH_COW_COPY:
    case FLT_BRANCH_COW_REUSE: return PALETTE_COW;
    case FLT_BRANCH_SWAP_IN: return PALETTE_SWAP_CACHE;
    case FLT_BRANCH_SEGV:
    case FLT_BRANCH_SIGBUS:
    case FLT_BRANCH_OOM:
    case FLT_BRANCH_OOPS: return PALETTE_BAD;
    default: return PALETTE_KERNEL;
    }
}

static int compare_costs(const void *left, const void *right) {
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* costs: sorted, at least one. The nearest-rank percentile. */
static uint64_t percentile(const uint64_t *costs, size_t count, unsigned percent) {
    size_t rank = (count * percent + 99) / 100;
    return costs[rank ? rank - 1 : 0];
}

static void write_branch(struct page_writer *page, uint32_t branch, uint64_t *costs, size_t count) {
    char colour[8];
    uint64_t sum = 0;
    qsort(costs, count, sizeof *costs, compare_costs);
    for (size_t i = 0; i < count; i++)
        sum += costs[i];
    snprintf(colour, sizeof colour, "#%06x", (unsigned)(branch_colour(branch) >> 8));
    json_open(&page->out, NULL, '{');
    json_number(&page->out, "branch", branch);
    json_text(&page->out, "name", branch < FLT_BRANCH_COUNT ? story_branch_name(branch) : "untraced", 40);
    json_text(&page->out, "colour", colour, sizeof colour);
    json_number(&page->out, "count", count);
    time_of(page, "least", costs[0]);
    time_of(page, "p50", percentile(costs, count, 50));
    time_of(page, "p90", percentile(costs, count, 90));
    time_of(page, "p99", percentile(costs, count, 99));
    time_of(page, "most", costs[count - 1]);
    time_of(page, "total", sum);
    json_close(&page->out, '}');
}

static bool write_branches(struct page_writer *page, const uint64_t counts[REPORT_BRANCHES]) {
    const struct spool *rows = &page->report->rows;
    uint64_t *costs = malloc((rows->count + 1) * sizeof *costs);
    if (!costs)
        return false;
    json_open(&page->out, "branches", '[');
    for (uint32_t branch = 0; branch < REPORT_BRANCHES; branch++) {
        size_t count = 0;
        for (size_t i = 0; counts[branch] && i < rows->count; i++)
            if (rows->pieces[i].track == branch)
                costs[count++] = rows->pieces[i].length_of_time;
        if (count)
            write_branch(page, branch, costs, count);
    }
    json_close(&page->out, ']');
    flush(page);
    free(costs);
    return true;
}

/* ---- rows ---- */

/* How many rows of each branch are shown: all when they are at most `most`; else rare branches keep all of theirs and
 * the others share what is left evenly. */
static void share_rows(const uint64_t counts[REPORT_BRANCHES], uint64_t most, uint64_t shown[REPORT_BRANCHES]) {
    memset(shown, 0, REPORT_BRANCHES * sizeof shown[0]);
    for (bool more = true; more && most > 0;) {
        uint64_t open = 0;
        for (unsigned i = 0; i < REPORT_BRANCHES; i++)
            open += shown[i] < counts[i];
        more = open > 0;
        uint64_t each = open > 0 && most > open ? most / open : 1;
        for (unsigned i = 0; i < REPORT_BRANCHES && most > 0; i++) {
            uint64_t missing = counts[i] - shown[i], take = missing < each ? missing : each;
            take = take < most ? take : most;
            shown[i] += take;
            most -= take;
        }
    }
}

/* Of a branch's rows, every n-th, spread over the run. */
static uint64_t write_rows(struct page_writer *page, const uint64_t counts[REPORT_BRANCHES],
                           const uint64_t shown[REPORT_BRANCHES]) {
    uint64_t seen[REPORT_BRANCHES] = {0}, written = 0;
    FILE *to = page->report->to;
    json_open(&page->out, "rows", '[');
    flush(page);
    for (size_t i = 0; i < page->report->rows.count; i++) {
        const struct spool_piece *piece = &page->report->rows.pieces[i];
        uint64_t place = seen[piece->track]++, count = counts[piece->track], wanted = shown[piece->track];
        bool picked = (place + 1) * wanted / count > place * wanted / count;
        if (!picked || piece->length == 0)
            continue;
        fputs(written++ ? ",\n" : "\n", to);
        put_json(to, spool_text(&page->report->rows, piece), piece->length);
    }
    json_close(&page->out, ']');
    json_number(&page->out, "shown", written);
    flush(page);
    return written;
}

static void write_strings(struct page_writer *page) {
    json_open(&page->out, "strings", '[');
    for (size_t i = 0; i < page->report->strings.count; i++) {
        json_text(&page->out, NULL, strings_get(&page->report->strings, i), SIZE_MAX);
        flush(page);
    }
    json_close(&page->out, ']');
}

/* ---- along time ---- */

static unsigned used_buckets(const struct report *report) {
    uint64_t used = report->follow->last_blocks / report->buckets->width + 1;
    return used < BUCKETS ? (unsigned)used : BUCKETS;
}

static void write_counts(struct page_writer *page, const char *key, unsigned count) {
    json_open(&page->out, key, '[');
    for (unsigned i = 0; i < used_buckets(page->report); i++)
        json_number(&page->out, NULL, page->report->buckets->bucket[i].counts[count]);
    json_close(&page->out, ']');
    flush(page);
}

static void write_all_counts(struct page_writer *page, const uint64_t counts[REPORT_BRANCHES]) {
    static const char *const keys[] = {"kept",        "activated",     "freed",      "written_out",  "to_active",
                                       "to_inactive", "second_chance", "cache_in",   "cache_out",    "swap_read",
                                       "swap_found",  "swap_out",      "bytes_read", "bytes_written"};
    char key[16];
    json_open(&page->out, "counts", '{');
    for (unsigned branch = 0; branch < REPORT_BRANCHES; branch++) {
        snprintf(key, sizeof key, "branch%u", branch);
        if (counts[branch])
            write_counts(page, key, COUNT_BRANCH + branch);
    }
    for (unsigned count = COUNT_OUTCOME; count < COUNTS; count++)
        write_counts(page, keys[count - COUNT_OUTCOME], count);
    json_close(&page->out, '}');
}

/* A bucket in which nothing was told has the value of the one before; none before the first. */
static void write_gauge(struct page_writer *page, const char *key, unsigned gauge, bool lowest) {
    bool told = false;
    uint32_t value = 0;
    json_open(&page->out, key, '[');
    for (unsigned i = 0; i < used_buckets(page->report); i++) {
        const struct bucket_gauge *here = &page->report->buckets->bucket[i].gauges[gauge];
        told |= here->told;
        uint32_t before = value;
        value = here->told ? here->last : value;
        if (told)
            json_number(&page->out, NULL, !lowest ? value : here->told ? here->low : before);
        else
            json_null(&page->out, NULL);
    }
    json_close(&page->out, ']');
    flush(page);
}

/* A zone of a machine without such memory is told of, too, with no page in it. */
static bool has_pages(const struct report *report, unsigned zone) {
    for (unsigned i = 0; i < BUCKETS; i++)
        if (report->buckets->bucket[i].gauges[zone].high > 0)
            return true;
    return false;
}

static void write_zones(struct page_writer *page) {
    const struct follow *follow = page->report->follow;
    json_open(&page->out, "zones", '[');
    for (unsigned i = 0; i < follow->zone_count; i++) {
        const struct follow_zone *zone = &follow->zones[i];
        if (!zone->marks_known && !has_pages(page->report, i))
            continue;
        json_open(&page->out, NULL, '{');
        json_text(&page->out, "name", words_zone(zone->zone), 16);
        json_number(&page->out, "node", zone->node);
        json_number(&page->out, "min", zone->min);
        json_number(&page->out, "low", zone->low);
        json_number(&page->out, "high", zone->high);
        write_gauge(page, "free", i, false);
        write_gauge(page, "lowest", i, true);
        json_close(&page->out, '}');
    }
    json_close(&page->out, ']');
    json_open(&page->out, "gauges", '{');
    for (unsigned gauge = 0; gauge < GAUGES; gauge++)
        write_gauge(page, follow_gauge_name(gauge), FOLLOW_ZONES + gauge, false);
    json_close(&page->out, '}');
}

static void write_spans(struct page_writer *page, const char *key, unsigned kind) {
    const struct report_spans *spans = &page->report->spans[kind];
    json_open(&page->out, key, '{');
    json_number(&page->out, "total", spans->total);
    json_number(&page->out, "joined", spans->joined);
    time_of(page, "time", spans->blocks);
    json_open(&page->out, "list", '[');
    for (size_t i = 0; i < spans->count; i++) {
        json_open(&page->out, NULL, '[');
        time_of(page, NULL, spans->from[i]);
        time_of(page, NULL, spans->to[i]);
        json_number(&page->out, NULL, spans->pid[i]);
        json_close(&page->out, ']');
        flush(page);
    }
    json_close(&page->out, ']');
    json_close(&page->out, '}');
}

static void write_all_spans(struct page_writer *page) {
    static const char *const keys[BUSY_KINDS] = {"kswapd", "direct", "read", "write", "wait"};
    json_open(&page->out, "spans", '{');
    for (unsigned kind = 0; kind < BUSY_KINDS; kind++)
        write_spans(page, keys[kind], kind);
    json_close(&page->out, '}');
}

/* ---- tables ---- */

static void write_task_name(struct page_writer *page, const char *key, uint32_t pid) {
    char text[48];
    snprintf(text, sizeof text, "%s[%u]", tasks_comm(&page->report->tasks, pid), (unsigned)pid);
    json_text(&page->out, key, text, sizeof text);
}

static void write_kills(struct page_writer *page) {
    json_number(&page->out, "kill_count", page->report->kill_count);
    json_open(&page->out, "kills", '[');
    for (size_t i = 0; i < page->report->kill_count && i < REPORT_KILLS; i++) {
        const struct report_kill *kill = &page->report->kills[i];
        json_open(&page->out, NULL, '{');
        time_of(page, "at", kill->blocks);
        json_text(&page->out, "comm", kill->kill.comm, sizeof kill->kill.comm);
        json_number(&page->out, "pid", kill->kill.pid);
        json_number(&page->out, "points", kill->kill.points);
        json_number(&page->out, "pages", kill->kill.total_vm);
        json_number(&page->out, "order", kill->kill.order);
        write_task_name(page, "by", kill->kill.head.task);
        json_close(&page->out, '}');
        flush(page);
    }
    json_close(&page->out, ']');
}

static void write_tasks(struct page_writer *page) {
    json_open(&page->out, "tasks", '[');
    for (size_t i = 0; i < page->report->task_count; i++) {
        const struct report_task *task = &page->report->task[i];
        json_open(&page->out, NULL, '{');
        write_task_name(page, "name", task->pid);
        json_number(&page->out, "faults", task->faults);
        json_number(&page->out, "major", task->major);
        time_of(page, "cost", task->cost);
        time_of(page, "waits", task->waits);
        time_of(page, "ran", task->ran);
        json_close(&page->out, '}');
        flush(page);
    }
    json_close(&page->out, ']');
}

static void write_totals(struct page_writer *page, const struct trace_reader *reader) {
    struct report *report = page->report;
    json_text(&page->out, "program", report->program, sizeof report->program);
    json_number(&page->out, "lines", trace_reader_lines(reader));
    json_number(&page->out, "bytes", trace_reader_bytes(reader));
    time_of(page, "end", report->follow->last_blocks);
    json_number(&page->out, "events", report->events);
    json_number(&page->out, "faults", report->faults);
    json_number(&page->out, "of_program", report->of_program);
    json_number(&page->out, "major", report->major);
    time_of(page, "width", report->buckets->width);
    json_number(&page->out, "buckets", used_buckets(report));
    json_number(&page->out, "kswapd_wakes", report->types[FLT_MM_VMSCAN_KSWAPD_WAKE]);
    json_number(&page->out, "direct_reclaims", report->types[FLT_MM_VMSCAN_DIRECT_BEGIN]);
    json_number(&page->out, "kswapd_freed", report->kswapd_freed);
    json_number(&page->out, "direct_freed", report->direct_freed);
    json_number(&page->out, "scanned", report->scanned);
    json_number(&page->out, "throttled", report->types[FLT_DIRTY_THROTTLE]);
    flush(page);
}

static bool write_data(struct page_writer *page, const struct trace_reader *reader) {
    struct report *report = page->report;
    uint64_t counts[REPORT_BRANCHES] = {0}, shown[REPORT_BRANCHES];
    for (size_t i = 0; i < report->rows.count; i++)
        counts[report->rows.pieces[i].track]++;
    share_rows(counts, report->page->rows ? report->page->rows : report->rows.count, shown);
    json_open(&page->out, NULL, '{');
    write_totals(page, reader);
    if (!write_branches(page, counts))
        return false;
    write_all_counts(page, counts);
    write_zones(page);
    write_all_spans(page);
    write_kills(page);
    write_tasks(page);
    write_rows(page, counts, shown);
    write_strings(page);
    json_close(&page->out, '}');
    flush(page);
    return true;
}

/* ---- the page around it ---- */

static void write_escaped(FILE *to, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '&': fputs("&amp;", to); break;
        case '"': fputs("&quot;", to); break;
        default: fputc(*text, to); break;
        }
    }
}

static void write_colours(FILE *to) {
    static const struct {
        const char *name;
        uint32_t colour;
    } colours[] = {
        {"ground", PALETTE_GROUND},
        {"panel", PALETTE_PANEL},
        {"line", PALETTE_LINE},
        {"well", PALETTE_WELL},
        {"raised", PALETTE_RAISED},
        {"hot", PALETTE_RAISED_HOT},
        {"selected", PALETTE_SELECTED},
        {"badge", PALETTE_BADGE},
        {"ink", PALETTE_INK},
        {"soft", PALETTE_SOFT},
        {"dim", PALETTE_DIM},
        {"faint", PALETTE_FAINT},
        {"accent", PALETTE_ACCENT},
        {"on-accent", PALETTE_ON_ACCENT},
        {"bad", PALETTE_BAD},
        {"bad-ink", PALETTE_BAD_INK},
        {"bad-ground", PALETTE_BAD_GROUND},
        {"good-ink", PALETTE_GOOD_INK},
        {"good-ground", PALETTE_GOOD_GROUND},
        {"off-ground", PALETTE_OFF_GROUND},
        {"write-ink", PALETTE_WRITE_INK},
        {"write-ground", PALETTE_WRITE_GROUND},
        {"read-ink", PALETTE_READ_INK},
        {"read-ground", PALETTE_READ_GROUND},
        {"fetch-ink", PALETTE_FETCH_INK},
        {"fetch-ground", PALETTE_FETCH_GROUND},
        {"kernel", PALETTE_KERNEL},
        {"file", PALETTE_FILE},
        {"dirty", PALETTE_FILE_DIRTY},
        {"anon", PALETTE_ANON},
        {"swap", PALETTE_SWAP_CACHE},
        {"table", PALETTE_TABLE},
        {"inactive", PALETTE_INACTIVE},
        {"low", PALETTE_LOW},
        {"high", PALETTE_HIGH},
        {"cow", PALETTE_COW},
    };
    fputs(":root{", to);
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        fprintf(to, "--%s:#%06x;", colours[i].name, (unsigned)(colours[i].colour >> 8));
    fputs("}\n", to);
}

/* The page's text up to a place, which is written as @NAME@. Returns what is behind it. */
static const char *write_until(FILE *to, const char *page, const char *place) {
    const char *found = strstr(page, place);
    fwrite(page, 1, (size_t)(found - page), to);
    return found + strlen(place);
}

bool report_write(struct report *report, const struct trace_reader *reader) {
    struct page_writer *page = malloc(sizeof *page);
    FILE *to = report->to;
    if (!page)
        return false;
    page->report = report;
    out_init(&page->out, page->buffer, sizeof page->buffer);
    const char *rest = write_until(to, export_page_html, "@TITLE@");
    write_escaped(to, report->page->title);
    rest = write_until(to, rest, "@STYLE@");
    write_colours(to);
    fputs(export_page_style, to);
    rest = write_until(to, rest, "@TITLE@");
    write_escaped(to, report->page->title);
    rest = write_until(to, rest, "@DATA@");
    bool good = write_data(page, reader) && !report->strings.failed;
    rest = write_until(to, rest, "@SCRIPT@");
    fputs(export_page_script, to);
    fputs(rest, to);
    free(page);
    return good;
}
