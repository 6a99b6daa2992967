/* CONSOLE: the guest's terminal, newest lines at the bottom; long lines go on in the next row. */
#include "emu/ui/panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct grid_of_text {
    struct rect inside;
    float size, line, digit;
    unsigned columns, rows;
};

static struct grid_of_text text_grid(struct painter *painter, struct rect inside) {
    bool large = painter->state->scene == SCENE_CONSOLE || painter->state->maximised == PANEL_CONSOLE;
    struct grid_of_text grid = {.inside = inside,
                                .size = large ? fminf(fmaxf(inside.w / (0.6f * 100), 12), 16) : SIZE_CODE};
    grid.line = roundf(grid.size * 1.46f);
    grid.digit = text_width(painter, FONT_CODE, grid.size, "0");
    grid.columns = grid.digit > 0 ? (unsigned)fmaxf(inside.w / grid.digit, 8) : 80;
    grid.rows = (unsigned)fmaxf(floorf(inside.h / grid.line), 1);
    return grid;
}

static size_t line_bytes(const struct view_console *console, unsigned i) {
    return strnlen(console->lines[i], VIEW_CONSOLE_COLUMNS);
}

static unsigned cursor_column(const struct view_console *console) {
    return console->cursor_column < VIEW_CONSOLE_COLUMNS ? console->cursor_column : VIEW_CONSOLE_COLUMNS;
}

static unsigned line_rows(const struct view_console *console, unsigned i, unsigned columns, bool cursor_line) {
    size_t length = line_bytes(console, i);
    if (cursor_line && cursor_column(console) >= length)
        length = (size_t)cursor_column(console) + 1;
    return length <= columns ? 1 : (unsigned)((length + columns - 1) / columns);
}

/* The part of line i that is its row'th row on the screen. */
static void paint_row(struct painter *painter, const struct grid_of_text *grid, const char *line, unsigned row,
                      float y) {
    char piece[VIEW_CONSOLE_COLUMNS + 1];
    size_t length = strnlen(line, VIEW_CONSOLE_COLUMNS), from = (size_t)row * grid->columns;
    if (from >= length)
        return;
    size_t count = length - from < grid->columns ? length - from : grid->columns;
    for (size_t i = 0; i < count; i++) {
        char c = line[from + i];
        piece[i] = c >= 32 && c < 127 ? c : '?';
    }
    piece[count] = '\0';
    draw_text(painter->list, grid->inside.x, y + grid->line - grid->size * 0.4f, FONT_CODE, grid->size, PALETTE_SOFT,
              piece);
}

static void paint_cursor(struct painter *painter, const struct grid_of_text *grid, unsigned column, float y) {
    struct rect at = {grid->inside.x + (float)column * grid->digit, y + 2, painter->state->typing ? grid->digit : 4,
                      grid->line - 3};
    draw_fill(painter->list, at, PALETTE_ACCENT, 0);
}

static void paint_screen(struct painter *painter, const struct grid_of_text *grid, const struct view_console *console) {
    unsigned count = console->count < VIEW_CONSOLE_LINES ? console->count : VIEW_CONSOLE_LINES, first = count, used = 0;
    unsigned column = cursor_column(console);
    while (first > 0 && used < grid->rows) {
        first--;
        used += line_rows(console, first, grid->columns, first + 1 == count);
    }
    unsigned skip = used > grid->rows ? used - grid->rows : 0;
    float y = grid->inside.y;
    for (unsigned i = first; i < count; i++) {
        unsigned rows = line_rows(console, i, grid->columns, i + 1 == count);
        for (unsigned row = i == first ? skip : 0; row < rows; row++, y += grid->line) {
            paint_row(painter, grid, console->lines[i], row, y);
            if (i + 1 == count && column / grid->columns == row)
                paint_cursor(painter, grid, column % grid->columns, y);
        }
    }
}

void paint_console(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    const char *subtitle = painter->state->typing ? "keys go to the guest \xc2\xb7 Esc gives them back"
                                                  : "the guest's terminal \xc2\xb7 click to type";
    if (!painter->state->typing && at.w < 340)
        subtitle = "click to type";
    struct rect inside = panel_begin(painter, PANEL_CONSOLE, at, "CONSOLE", subtitle);
    hit(painter, (struct rect){at.x, inside.y, at.w, inside.h}, ACTION_TYPE, 1);
    if (view && view->console.count > 0) {
        struct grid_of_text grid = text_grid(painter, (struct rect){inside.x, inside.y - 3, inside.w, inside.h + 4});
        paint_screen(painter, &grid, &view->console);
    } else
        panel_empty(painter, inside, "What the guest prints on its serial line.",
                    "Appears with the kernel's first message; click here to type to the guest.");
    panel_end(painter);
}
