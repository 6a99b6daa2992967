/*
 * The guest's terminal as lines of text. The last line is the one that is being written; older ones scroll off at the
 * top. Bytes that are not printable ASCII are shown as '?', escape sequences (ESC [ ... letter) are left out.
 */
#include "emu/debug/console.h"
#include <string.h>

void console_clear(struct view_console *console) {
    memset(console, 0, sizeof(*console));
    console->count = 1;
}

static char *last_line(struct view_console *console) { return console->lines[console->count - 1]; }

static void new_line(struct view_console *console) {
    if (console->count < VIEW_CONSOLE_LINES) {
        console->count++;
    } else {
        memmove(console->lines[0], console->lines[1], sizeof(console->lines) - sizeof(console->lines[0]));
    }
    memset(last_line(console), 0, sizeof(console->lines[0]));
    console->cursor_column = 0;
}

static void put_printable(struct view_console *console, char byte) {
    if (console->cursor_column >= VIEW_CONSOLE_COLUMNS)
        new_line(console);
    char *line = last_line(console);
    for (size_t i = strlen(line); i < console->cursor_column; i++)
        line[i] = ' ';
    line[console->cursor_column++] = byte;
}

/* The state of an escape sequence: 0 none, 1 after ESC, 2 inside ESC [ ... */
static bool swallow_escape(struct view_console *console, uint8_t byte) {
    if (byte == 0x1b) {
        console->escape = 1;
        return true;
    }
    if (console->escape == 0)
        return false;
    if (console->escape == 1)
        console->escape = byte == '[' ? 2 : 0;
    else if (byte >= 0x40 && byte <= 0x7e)
        console->escape = 0;
    return true;
}

void console_put(struct view_console *console, uint8_t byte) {
    if (swallow_escape(console, byte))
        return;
    switch (byte) {
    case '\n': new_line(console); return;
    case '\r': console->cursor_column = 0; return;
    case '\b':
        if (console->cursor_column > 0)
            console->cursor_column--;
        return;
    case '\t':
        do
            put_printable(console, ' ');
        while (console->cursor_column % 8 != 0);
        return;
    case '\a': return;
    default: put_printable(console, byte >= 32 && byte < 127 ? (char)byte : '?');
    }
}
