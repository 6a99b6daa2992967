/* See gif.h. giflib does the packing; which colours a picture gets is decided here. */
#include "emu/ui/gif.h"

#include <errno.h>
#include <fcntl.h>
#include <gif_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLORS 256u
#define KNOWN_SLOTS 65536u /* different colours of one picture that are told apart */

struct known_color { /* count 0: a free slot */
    uint32_t color, count;
    int index; /* in the picture's table, -1 not looked for yet */
};

struct ui_gif {
    GifFileType *file;
    int width, height, error;
    uint32_t *held;        /* the newest picture */
    uint32_t *before;      /* the one that the file ends with */
    bool holding, started; /* held is not written yet; before is a picture */
    unsigned hundredths;
    GifByteType *line;
    struct known_color *known;
    uint32_t known_count;
    uint32_t table[COLORS];
    unsigned table_count;
    char path[4096], temporary[4128];
};

static int fail(struct ui_gif *gif, int error) {
    if (gif->error == 0)
        gif->error = error;
    return gif->error;
}

/* ---- colours ---- */

static struct known_color *slot_of(struct ui_gif *gif, uint32_t color) {
    uint32_t slot = (color * 2654435761u) >> 16;
    while (gif->known[slot].count && gif->known[slot].color != color)
        slot = (slot + 1) % KNOWN_SLOTS;
    return &gif->known[slot];
}

static uint32_t color_at(const struct ui_gif *gif, int x, int y) {
    return gif->held[(size_t)y * (size_t)gif->width + (size_t)x] & 0xffffff;
}

/* When there are more colours than slots, the last bit of each channel goes. */
static uint32_t rounded(const struct ui_gif *gif, uint32_t color) {
    return gif->known_count > KNOWN_SLOTS / 2 ? color & 0xfefefe : color;
}

static int by_count(const void *a, const void *b) {
    const struct known_color *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->color > y->color) - (x->color < y->color);
}

struct area { /* pixels, half-open */
    int x0, y0, x1, y1;
};

static void count_colors(struct ui_gif *gif, struct area area) {
    memset(gif->known, 0, KNOWN_SLOTS * sizeof *gif->known);
    gif->known_count = 0;
    for (int y = area.y0; y < area.y1; y++)
        for (int x = area.x0; x < area.x1; x++) {
            struct known_color *known = slot_of(gif, rounded(gif, color_at(gif, x, y)));
            if (known->count == 0) {
                if (gif->known_count >= KNOWN_SLOTS * 3 / 4)
                    continue;
                gif->known_count++;
            }
            *known = (struct known_color){rounded(gif, color_at(gif, x, y)), known->count + 1, -1};
        }
}

/* The most frequent colours, as many as fit. False: no memory. */
static bool choose_table(struct ui_gif *gif) {
    struct known_color *all = malloc((gif->known_count ? gif->known_count : 1) * sizeof *all);
    size_t n = 0;
    if (!all)
        return false;
    for (size_t i = 0; i < KNOWN_SLOTS; i++)
        if (gif->known[i].count)
            all[n++] = gif->known[i];
    qsort(all, n, sizeof *all, by_count);
    gif->table_count = n < COLORS ? (unsigned)n : COLORS;
    for (unsigned i = 0; i < gif->table_count; i++) {
        gif->table[i] = all[i].color;
        slot_of(gif, all[i].color)->index = (int)i;
    }
    free(all);
    return true;
}

static int distance(uint32_t a, uint32_t b) {
    int r = (int)(a >> 16 & 0xff) - (int)(b >> 16 & 0xff), g = (int)(a >> 8 & 0xff) - (int)(b >> 8 & 0xff),
        blue = (int)(a & 0xff) - (int)(b & 0xff);
    return 3 * r * r + 6 * g * g + blue * blue;
}

static int nearest(const struct ui_gif *gif, uint32_t color) {
    int best = 0;
    for (unsigned i = 1; i < gif->table_count; i++)
        if (distance(gif->table[i], color) < distance(gif->table[best], color))
            best = (int)i;
    return best;
}

static GifByteType index_of(struct ui_gif *gif, uint32_t color) {
    struct known_color *known = slot_of(gif, rounded(gif, color));
    if (known->count == 0)
        return (GifByteType)nearest(gif, color);
    if (known->index < 0)
        known->index = nearest(gif, color);
    return (GifByteType)known->index;
}

static ColorMapObject *color_map(const struct ui_gif *gif) {
    int size = 2;
    while (size < (int)gif->table_count)
        size *= 2;
    ColorMapObject *map = GifMakeMapObject(size, NULL);
    for (unsigned i = 0; map && i < gif->table_count; i++)
        map->Colors[i] = (GifColorType){(GifByteType)(gif->table[i] >> 16), (GifByteType)(gif->table[i] >> 8),
                                        (GifByteType)gif->table[i]};
    return map;
}

/* ---- pictures ---- */

static bool row_differs(const struct ui_gif *gif, int y, int *left, int *right) {
    const uint32_t *a = gif->held + (size_t)y * (size_t)gif->width, *b = gif->before + (size_t)y * (size_t)gif->width;
    int first = 0, last = gif->width - 1;
    while (first < gif->width && !((a[first] ^ b[first]) & 0xffffff))
        first++;
    if (first == gif->width)
        return false;
    while (!((a[last] ^ b[last]) & 0xffffff))
        last--;
    *left = first < *left ? first : *left;
    *right = last + 1 > *right ? last + 1 : *right;
    return true;
}

/* The least rectangle that holds all differences; empty when there are none. */
static struct area changed_area(const struct ui_gif *gif) {
    if (!gif->started)
        return (struct area){0, 0, gif->width, gif->height};
    struct area area = {gif->width, gif->height, 0, 0};
    for (int y = 0; y < gif->height; y++)
        if (row_differs(gif, y, &area.x0, &area.x1)) {
            area.y0 = y < area.y0 ? y : area.y0;
            area.y1 = y + 1;
        }
    return area;
}

static bool put_delay(struct ui_gif *gif) {
    GraphicsControlBlock control = {.DisposalMode = DISPOSE_DO_NOT,
                                    .DelayTime = (int)(gif->hundredths < 0xffff ? gif->hundredths : 0xffff),
                                    .TransparentColor = NO_TRANSPARENT_COLOR};
    GifByteType bytes[4];
    size_t count = EGifGCBToExtension(&control, bytes);
    return EGifPutExtension(gif->file, GRAPHICS_EXT_FUNC_CODE, (int)count, bytes) == GIF_OK;
}

static bool put_area(struct ui_gif *gif, struct area area) {
    int width = area.x1 - area.x0;
    ColorMapObject *map = color_map(gif);
    bool good = map && put_delay(gif) &&
                EGifPutImageDesc(gif->file, area.x0, area.y0, width, area.y1 - area.y0, false, map) == GIF_OK;
    GifFreeMapObject(map);
    for (int y = area.y0; good && y < area.y1; y++) {
        for (int x = area.x0; x < area.x1; x++)
            gif->line[x - area.x0] = index_of(gif, color_at(gif, x, y));
        good = EGifPutLine(gif->file, gif->line, width) == GIF_OK;
    }
    return good;
}

/* The held picture goes into the file. 0 or -errno. */
static int write_held(struct ui_gif *gif) {
    struct area area = changed_area(gif);
    gif->holding = false;
    count_colors(gif, area);
    errno = 0;
    if (!choose_table(gif))
        return fail(gif, -ENOMEM);
    if (!put_area(gif, area))
        return fail(gif, errno ? -errno : -EIO);
    uint32_t *spare = gif->before;
    gif->before = gif->held;
    gif->held = spare;
    gif->started = true;
    return 0;
}

static bool same_picture(const struct ui_gif *gif, const uint32_t *a, const uint32_t *b) {
    for (size_t i = 0; i < (size_t)gif->width * (size_t)gif->height; i++)
        if ((a[i] ^ b[i]) & 0xffffff)
            return false;
    return true;
}

int ui_gif_add(struct ui_gif *gif, const uint32_t *pixels, unsigned hundredths) {
    if (gif->error)
        return gif->error;
    if (gif->holding && same_picture(gif, gif->held, pixels)) {
        gif->hundredths += hundredths;
        return 0;
    }
    if (gif->holding && write_held(gif) != 0)
        return gif->error;
    memcpy(gif->held, pixels, (size_t)gif->width * (size_t)gif->height * sizeof *pixels);
    gif->holding = true;
    gif->hundredths = hundredths;
    return 0;
}

void ui_gif_lengthen(struct ui_gif *gif, unsigned hundredths) {
    if (gif->holding)
        gif->hundredths += hundredths;
}

/* ---- the file ---- */

/* Plays for ever: the extension that browsers know. */
static bool put_loop(GifFileType *file) {
    static const GifByteType for_ever[3] = {1, 0, 0};
    return EGifPutExtensionLeader(file, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
           EGifPutExtensionBlock(file, 11, "NETSCAPE2.0") == GIF_OK &&
           EGifPutExtensionBlock(file, 3, for_ever) == GIF_OK && EGifPutExtensionTrailer(file) == GIF_OK;
}

static void gif_free(struct ui_gif *gif) {
    free(gif->held);
    free(gif->before);
    free(gif->line);
    free(gif->known);
    free(gif);
}

static bool gif_memory(struct ui_gif *gif) {
    size_t pixels = (size_t)gif->width * (size_t)gif->height;
    gif->held = calloc(pixels, sizeof *gif->held);
    gif->before = calloc(pixels, sizeof *gif->before);
    gif->line = calloc((size_t)gif->width, sizeof *gif->line);
    gif->known = calloc(KNOWN_SLOTS, sizeof *gif->known);
    return gif->held && gif->before && gif->line && gif->known;
}

/* 0 or -errno. */
static int begin_file(struct ui_gif *gif) {
    int code, descriptor = open(gif->temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (descriptor < 0)
        return -errno;
    gif->file = EGifOpenFileHandle(descriptor, &code);
    if (!gif->file) {
        close(descriptor);
        return -ENOMEM;
    }
    EGifSetGifVersion(gif->file, true);
    bool good = EGifPutScreenDesc(gif->file, gif->width, gif->height, 8, 0, NULL) == GIF_OK && put_loop(gif->file);
    return good ? 0 : -EIO;
}

static int close_file(struct ui_gif *gif) {
    int code;
    if (!gif->file)
        return 0;
    errno = 0;
    return EGifCloseFile(gif->file, &code) == GIF_OK ? 0 : errno ? -errno : -EIO;
}

static void say_why(const char *path, int result, char *error, size_t error_size) {
    snprintf(error, error_size, "cannot write the recording %s: %s; choose a folder that you may write to", path,
             strerror(-result));
}

struct ui_gif *ui_gif_open(const char *path, int width, int height, char *error, size_t error_size) {
    struct ui_gif *gif = calloc(1, sizeof *gif);
    if (!gif || width < 1 || height < 1 || width > 0xffff || height > 0xffff || strlen(path) >= sizeof gif->path) {
        say_why(path, gif ? -EINVAL : -ENOMEM, error, error_size);
        free(gif);
        return NULL;
    }
    gif->width = width;
    gif->height = height;
    snprintf(gif->path, sizeof gif->path, "%s", path);
    snprintf(gif->temporary, sizeof gif->temporary, "%s.%ld.part", path, (long)getpid());
    int result = gif_memory(gif) ? begin_file(gif) : -ENOMEM;
    if (result == 0)
        return gif;
    say_why(path, result, error, error_size);
    close_file(gif);
    unlink(gif->temporary);
    gif_free(gif);
    return NULL;
}

int ui_gif_close(struct ui_gif *gif, bool keep, char *error, size_t error_size) {
    if (gif->holding && gif->error == 0)
        write_held(gif);
    int closed = close_file(gif), result = gif->error ? gif->error : closed;
    if (keep && result == 0 && rename(gif->temporary, gif->path) != 0)
        result = -errno;
    if (!keep || result != 0)
        unlink(gif->temporary);
    if (result != 0)
        say_why(gif->path, result, error, error_size);
    gif_free(gif);
    return result;
}
