/* Recordings, read back by giflib: what was added is what a viewer shows, for as long as it was asked. */
#include "emu/ui/gif.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <gif_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 40
#define HEIGHT 30
#define PIXELS (WIDTH * HEIGHT)

static char path[64];

static struct ui_gif *begin(void) {
    char error[300];
    snprintf(path, sizeof path, "/tmp/test_gif.%ld.gif", (long)getpid());
    struct ui_gif *gif = ui_gif_open(path, WIDTH, HEIGHT, error, sizeof error);
    cr_assert_not_null(gif, "%s", error);
    return gif;
}

struct shown {
    uint32_t pixels[16][PIXELS]; /* after each picture */
    int delay[16], count;
};

/* Lays each picture's rectangle over what was shown before, as viewers do. */
static void read_back(struct shown *shown) {
    int code;
    GifFileType *file = DGifOpenFileName(path, &code);
    cr_assert_not_null(file);
    cr_assert_eq(DGifSlurp(file), GIF_OK);
    cr_assert_eq(file->SWidth, WIDTH);
    cr_assert_eq(file->SHeight, HEIGHT);
    cr_assert_leq(file->ImageCount, 16);
    shown->count = file->ImageCount;
    for (int i = 0; i < file->ImageCount; i++) {
        const SavedImage *image = &file->SavedImages[i];
        const GifImageDesc *at = &image->ImageDesc;
        GraphicsControlBlock control;
        cr_assert_eq(DGifSavedExtensionToGCB(file, i, &control), GIF_OK);
        shown->delay[i] = control.DelayTime;
        if (i > 0)
            memcpy(shown->pixels[i], shown->pixels[i - 1], sizeof shown->pixels[i]);
        for (int k = 0; k < at->Width * at->Height; k++) {
            GifColorType c = at->ColorMap->Colors[image->RasterBits[k]];
            int x = at->Left + k % at->Width, y = at->Top + k / at->Width;
            shown->pixels[i][y * WIDTH + x] = (uint32_t)c.Red << 16 | (uint32_t)c.Green << 8 | c.Blue;
        }
    }
    DGifCloseFile(file, &code);
}

static void end(struct ui_gif *gif) {
    char error[300];
    cr_assert_eq(ui_gif_close(gif, true, error, sizeof error), 0, "%s", error);
}

static void fill(uint32_t pixels[PIXELS], uint32_t color) {
    for (int i = 0; i < PIXELS; i++)
        pixels[i] = color;
}

Test(gif, pictures_come_back_exactly_when_they_have_few_colours) {
    static uint32_t pixels[3][PIXELS];
    static struct shown shown;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < PIXELS; k++)
            pixels[i][k] = 0xff000000u | (uint32_t)((k * 7 + i * 13) % 200) * 0x010305u;
    struct ui_gif *gif = begin();
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(ui_gif_add(gif, pixels[i], 10 + i), 0);
    end(gif);
    read_back(&shown);
    cr_assert_eq(shown.count, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(shown.delay[i], 10 + i, "picture %d", i);
        for (int k = 0; k < PIXELS; k++)
            cr_assert_eq(shown.pixels[i][k], pixels[i][k] & 0xffffff, "picture %d, pixel %d", i, k);
    }
    unlink(path);
}

Test(gif, equal_pictures_become_one_that_is_shown_longer) {
    static uint32_t pixels[PIXELS];
    static struct shown shown;
    fill(pixels, 0x123456);
    struct ui_gif *gif = begin();
    ui_gif_add(gif, pixels, 20);
    ui_gif_add(gif, pixels, 30);
    pixels[5] = 0x654321;
    ui_gif_add(gif, pixels, 7);
    end(gif);
    read_back(&shown);
    cr_assert_eq(shown.count, 2);
    cr_assert_eq(shown.delay[0], 50);
    cr_assert_eq(shown.delay[1], 7);
    unlink(path);
}

Test(gif, only_the_rectangle_that_changed_is_written) {
    static uint32_t pixels[PIXELS];
    int code;
    fill(pixels, 0x101010);
    struct ui_gif *gif = begin();
    ui_gif_add(gif, pixels, 5);
    pixels[3 * WIDTH + 4] = pixels[6 * WIDTH + 9] = 0xffffff;
    ui_gif_add(gif, pixels, 5);
    end(gif);
    GifFileType *file = DGifOpenFileName(path, &code);
    cr_assert_eq(DGifSlurp(file), GIF_OK);
    const GifImageDesc *at = &file->SavedImages[1].ImageDesc;
    cr_assert_eq(at->Left, 4);
    cr_assert_eq(at->Top, 3);
    cr_assert_eq(at->Width, 6);
    cr_assert_eq(at->Height, 4);
    DGifCloseFile(file, &code);
    unlink(path);
}

Test(gif, of_many_colours_the_frequent_ones_stay_and_the_others_are_near) {
    static uint32_t pixels[PIXELS];
    static struct shown shown;
    for (int k = 0; k < PIXELS; k++)
        pixels[k] = k < PIXELS / 2 ? 0x0e1217u : (uint32_t)k * 977u % 0x1000000u;
    struct ui_gif *gif = begin();
    ui_gif_add(gif, pixels, 5);
    end(gif);
    read_back(&shown);
    for (int k = 0; k < PIXELS / 2; k++)
        cr_assert_eq(shown.pixels[0][k], 0x0e1217u, "pixel %d", k);
    for (int k = PIXELS / 2; k < PIXELS; k++)
        for (unsigned shift = 0; shift < 24; shift += 8)
            cr_assert_lt(abs((int)(shown.pixels[0][k] >> shift & 0xff) - (int)(pixels[k] >> shift & 0xff)), 64);
    unlink(path);
}

Test(gif, a_recording_that_is_not_kept_leaves_nothing) {
    static uint32_t pixels[PIXELS];
    char error[300];
    struct stat status;
    struct ui_gif *gif = begin();
    ui_gif_add(gif, pixels, 5);
    cr_assert_eq(ui_gif_close(gif, false, error, sizeof error), 0);
    cr_assert_neq(stat(path, &status), 0);
}

Test(gif, a_folder_that_is_not_there_is_named) {
    char error[300];
    cr_assert_null(ui_gif_open("/nowhere/x.gif", 10, 10, error, sizeof error));
    cr_assert_not_null(strstr(error, "/nowhere/x.gif"));
}
