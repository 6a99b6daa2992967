#include "emu/ui/draw.h"
#include "emu/ui/fonts.h"
#include "emu/ui/format.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(draw, a_list_keeps_commands_in_order_and_its_own_text) {
    struct draw_list list;
    char text[] = "frame 02c11";
    draw_list_init(&list);
    draw_fill(&list, (struct rect){1, 2, 3, 4}, 0x112233ff, 5);
    draw_text(&list, 10, 20, FONT_CODE, 12, 0xffffffff, text);
    memset(text, 'x', sizeof text - 1);
    cr_assert_eq(list.count, 2);
    cr_expect_eq(list.commands[0].kind, DRAW_FILL);
    cr_expect_eq(list.commands[1].kind, DRAW_TEXT);
    cr_expect_str_eq(list.text + list.commands[1].text, "frame 02c11");
    draw_list_free(&list);
}

Test(draw, reset_empties_the_list_and_keeps_the_memory) {
    struct draw_list list;
    draw_list_init(&list);
    for (unsigned i = 0; i < 1000; i++)
        draw_text(&list, 0, 0, FONT_WORDS, 12, 0xffffffff, "some text");
    struct draw_command *commands = list.commands;
    draw_list_reset(&list);
    cr_expect_eq(list.count, 0);
    cr_expect_eq(list.text_used, 0);
    draw_fill(&list, (struct rect){0, 0, 1, 1}, 0, 0);
    cr_expect_eq(list.commands, commands);
    draw_list_free(&list);
}

Test(draw, text_in_too_little_room_ends_in_an_ellipsis_and_fits) {
    struct draw_list list;
    draw_list_init(&list);
    for (float room = 20; room < 300; room += 7) {
        draw_list_reset(&list);
        draw_text_in(&list, (struct rect){0, 0, room, 0}, ALIGN_LEFT, FONT_WORDS, 13, 0xffffffff,
                     "a sentence that is too long for this");
        const char *shown = list.text + list.commands[0].text;
        float width = draw_text_width(&list, FONT_WORDS, 13, shown);
        cr_expect(width <= room + 0.05f, "room %.0f, width %.1f: %s", (double)room, (double)width, shown);
        bool cut = strstr(shown, "\xe2\x80\xa6") != NULL;
        cr_expect_eq(cut, strcmp(shown, "a sentence that is too long for this") != 0, "room %.0f: %s", (double)room,
                     shown);
    }
    draw_list_free(&list);
}

Test(draw, widths_are_linear_in_the_size) {
    struct draw_list list;
    draw_list_init(&list);
    float one = draw_text_width(&list, FONT_WORDS, 10, "Free memory fell below low");
    float two = draw_text_width(&list, FONT_WORDS, 20, "Free memory fell below low");
    cr_expect(one > 50 && fabsf(two - 2 * one) < 0.01f, "%.3f at 10, %.3f at 20", (double)one, (double)two);
    float narrow = draw_text_width(&list, FONT_CODE, 12, "iiii"), wide = draw_text_width(&list, FONT_CODE, 12, "MMMM");
    cr_expect_float_eq(narrow, wide, 1e-4f, "the code face is not monospaced: %.2f, %.2f", (double)narrow,
                       (double)wide);
    draw_list_free(&list);
}

Test(draw, every_character_that_the_panels_use_has_a_glyph) {
    struct draw_fonts *fonts = fonts_create();
    static const char text[] = "\xe2\x97\x80\xe2\x96\xb6\xe2\x86\x92\xc2\xb7\xc2\xb5\xe2\x80\xa6\xe2\x88\x92";
    cr_assert_not_null(fonts);
    for (unsigned font = 0; font < 4; font++) {
        uint32_t question = fonts_glyph(fonts, (enum draw_font)font, '?').index, character;
        for (const char *at = text; (character = fonts_next_character(&at)) != 0;) {
            struct glyph glyph = fonts_glyph(fonts, (enum draw_font)font, character);
            cr_expect(glyph.index != 0 && glyph.index != question, "font %u has nothing for U+%04X", font,
                      (unsigned)character);
        }
    }
    fonts_destroy(fonts);
}

Test(draw, bytes_that_are_no_utf8_become_replacement_characters) {
    static const char *const bad[] = {
        "\xff", "\xc3", "\xe2\x80", "\xf0\x9f\x98", "\x80", "\xc3(", "\xf8\x88\x80\x80\x80"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];
        unsigned n = 0;
        cr_expect_eq(fonts_next_character(&at), 0xfffd, "case %u", i);
        while (fonts_next_character(&at) != 0 && n < 10)
            n++;
        cr_expect(at <= bad[i] + strlen(bad[i]) && n < 10, "case %u read past its end", i);
    }
}

Test(format, numbers_read_as_people_write_them) {
    cr_expect_str_eq(format_count(0).text, "0");
    cr_expect_str_eq(format_count(999).text, "999");
    cr_expect_str_eq(format_count(16384).text, "16 384");
    cr_expect_str_eq(format_count(18446744073709551615ull).text, "18 446 744 073 709 551 615");
    cr_expect_str_eq(format_address(0x40012008, 8).text, "4001 2008");
    cr_expect_str_eq(format_address(8, 8).text, "0000 0008");
    cr_expect_str_eq(format_address(0x8000000003abc867ull, 16).text, "8000 0000 03ab c867");
    cr_expect_str_eq(format_bytes(148 * 1024).text, "148 KiB");
    cr_expect_str_eq(format_bytes(64ull << 20).text, "64 MiB");
    cr_expect_str_eq(format_bytes(1258291).text, "1.1 MiB");
    cr_expect_str_eq(format_clock(41382116).text, "41.382 116 ms");
    cr_expect_str_eq(format_clock(2114382000).text, "2.114 382 s");
    cr_expect_str_eq(format_duration(4736).text, "4.7 \xc2\xb5s");
    cr_expect_str_eq(format_duration(12).text, "12 ns");
}
