/* The guest's terminal as lines of text. */
#include "emu/debug/console.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct view_console console;

static void put(const char *text) {
    console_clear(&console);
    for (; *text; text++)
        console_put(&console, (uint8_t)*text);
}

static const char *last(void) { return console.lines[console.count - 1]; }

Test(console, starts_with_one_empty_line) {
    console_clear(&console);
    cr_assert_eq(console.count, 1u);
    cr_assert_str_eq(last(), "");
    cr_assert_eq(console.cursor_column, 0u);
}

Test(console, newlines_start_lines_with_and_without_carriage_return) {
    put("one\r\ntwo\nthree");
    cr_assert_eq(console.count, 3u);
    cr_assert_str_eq(console.lines[0], "one");
    cr_assert_str_eq(console.lines[1], "two");
    cr_assert_str_eq(console.lines[2], "three");
    cr_assert_eq(console.cursor_column, 5u);
}

Test(console, carriage_return_and_backspace_overwrite) {
    put("hello\rJ");
    cr_assert_str_eq(last(), "Jello");
    put("ab\b\bX");
    cr_assert_str_eq(last(), "Xb");
    put("\b\b\bY");
    cr_assert_str_eq(last(), "Y");
}

Test(console, tabs_go_to_columns_of_eight) {
    put("a\tb");
    cr_assert_str_eq(last(), "a       b");
    put("12345678\tb");
    cr_assert_str_eq(last(), "12345678        b");
}

Test(console, long_lines_wrap) {
    char text[VIEW_CONSOLE_COLUMNS + 4];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put(text);
    cr_assert_eq(console.count, 2u);
    cr_assert_eq(strlen(console.lines[0]), (size_t)VIEW_CONSOLE_COLUMNS);
    cr_assert_str_eq(last(), "xxx");
}

Test(console, escape_sequences_and_other_bytes_leave_no_trace) {
    put("\x1b[1;31mred\x1b[0m \x1b(B");
    cr_assert_str_eq(last(), "red B");
    put("\xc3\xa9\a");
    cr_assert_str_eq(last(), "??");
}

Test(console, old_lines_scroll_off) {
    console_clear(&console);
    for (unsigned i = 0; i < VIEW_CONSOLE_LINES + 5; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u\n", i);
        for (const char *at = text; *at; at++)
            console_put(&console, (uint8_t)*at);
    }
    cr_assert_eq(console.count, (unsigned)VIEW_CONSOLE_LINES);
    cr_assert_str_eq(console.lines[0], "6");
    cr_assert_str_eq(last(), "");
}

Test(console, any_bytes_keep_the_lines_in_bounds) {
    uint32_t state = 12345;
    console_clear(&console);
    for (unsigned i = 0; i < 200000; i++) {
        state = state * 1664525u + 1013904223u;
        console_put(&console, (uint8_t)(state >> 24));
        cr_assert(console.count >= 1 && console.count <= VIEW_CONSOLE_LINES);
        cr_assert_leq(console.cursor_column, (unsigned)VIEW_CONSOLE_COLUMNS);
        cr_assert_leq(strlen(last()), (size_t)VIEW_CONSOLE_COLUMNS);
    }
}
