/*
 * The window: SDL events in, draw lists out. The only file of emu/ui that knows SDL.
 *
 * The model. A loop of turns. A turn takes the events, asks for the newest snapshot, and draws only when one of the
 * two changed something; the raster brings up to date what differs, and only those rectangles go to the texture.
 * Presenting waits for the display, so a turn lasts a frame (60 a second) while things move, and the loop sleeps
 * in SDL_WaitEventTimeout() while nothing does.
 */
#include "emu/ui/recording.h"
#include "emu/ui/ui.h"

#include <SDL.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS 16
#define DRAG_SLACK 4.0f /* logical pixels that a click may move */
#define NOTICE_MS 4000u

#define SCROLL 46.0f /* logical pixels for a notch of the wheel */

struct window {
    const struct ui_control *control;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int texture_width, texture_height;
    struct ui_raster *raster;
    struct ui_state state;
    struct ui_frame frame;
    const struct view *view;
    uint64_t shown_serial;
    float larger;      /* what + and - chose, times the automatic scale */
    float mouse_scale; /* logical pixels in one unit of SDL's mouse coordinates */
    bool dirty, quit, dragging, dragged;
    float drag_x, drag_y, drag_last_x, drag_last_y;
    uint32_t notice_until;
    struct ui_recording *recording; /* NULL: none runs */
    unsigned interest;              /* that the owner was told of */
    int error;
};

static int refuse(char *error, size_t error_size, const char *what) {
    snprintf(error, error_size,
             "cannot open a window: %s: %s; run with --headless, or --screenshot FILE.png for a picture", what,
             SDL_GetError());
    return -ENODEV;
}

/* Size and scale ------------------------------------------------------------------------------------------- */

static void take_size(struct window *w) {
    int width, height, device_width, device_height;
    SDL_GetWindowSize(w->window, &width, &height);
    if (SDL_GetRendererOutputSize(w->renderer, &device_width, &device_height) != 0 || width < 1 || device_width < 1)
        return;
    float dpi = (float)device_width / (float)width;
    float scale = fminf(fmaxf(ui_scale_for(device_width, device_height, dpi) * w->larger, 0.5f), 6);
    w->state.scale = scale;
    w->state.width = (float)device_width / scale;
    w->state.height = (float)device_height / scale;
    w->mouse_scale = dpi / scale;
    w->dirty = true;
}

static bool fit_texture(struct window *w, int width, int height) {
    if (w->texture && w->texture_width == width && w->texture_height == height)
        return true;
    if (w->texture)
        SDL_DestroyTexture(w->texture);
    w->texture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STREAMING, width, height);
    w->texture_width = width;
    w->texture_height = height;
    return w->texture != NULL;
}

/* Drawing -------------------------------------------------------------------------------------------------- */

static void upload(struct window *w, const struct ui_damage *damage, int count, int width, int height) {
    const uint32_t *pixels = ui_raster_pixels(w->raster);
    for (int i = 0; i < count; i++) {
        SDL_Rect r = {damage[i].x, damage[i].y, damage[i].width, damage[i].height};
        if (r.x + r.w <= width && r.y + r.h <= height)
            SDL_UpdateTexture(w->texture, &r, pixels + (size_t)r.y * (size_t)width + (size_t)r.x, width * 4);
    }
}

/* A snapshot reads no more than is on show. */
static void tell_interest(struct window *w) {
    unsigned interest = ui_interest(&w->state, &w->frame);
    if (interest == w->interest || !w->control->interest)
        return;
    w->interest = interest;
    w->control->interest(w->control->owner, interest);
}

static void say(struct window *w, const char *text) {
    snprintf(w->state.notice, sizeof w->state.notice, "%s", text);
    w->notice_until = SDL_GetTicks() + NOTICE_MS;
    w->dirty = true;
}

/* Recording ------------------------------------------------------------------------------------------------ */

static void begin_recording(struct window *w, const char *path) {
    w->recording = ui_recording_begin(path);
    w->state.recording = w->recording != NULL;
    if (!w->recording)
        say(w, "no memory for a recording");
}

static int end_recording(struct window *w) {
    char said[sizeof w->state.notice];
    int status = ui_recording_end(w->recording, SDL_GetTicks(), said, sizeof said);
    w->recording = NULL;
    w->state.recording = false;
    say(w, said);
    return status;
}

static void record_picture(struct window *w, int width, int height) {
    if (w->recording && !ui_recording_picture(w->recording, ui_raster_pixels(w->raster), width, height, SDL_GetTicks()))
        end_recording(w);
}

static void draw(struct window *w) {
    int width, height;
    struct ui_damage damage[UI_REGIONS * 2];
    if (SDL_GetRendererOutputSize(w->renderer, &width, &height) != 0 || width < 1 || height < 1)
        return;
    bool fresh = !w->texture || w->texture_width != width || w->texture_height != height;
    if (!fit_texture(w, width, height)) {
        w->error = -ENOMEM;
        return;
    }
    ui_draw(&w->frame, w->view, &w->state);
    tell_interest(w);
    int count = ui_raster_update(w->raster, &w->frame, w->state.scale, width, height, damage);
    if (count < 0) {
        w->error = count;
        return;
    }
    if (fresh) {
        damage[0] = (struct ui_damage){0, 0, width, height};
        count = 1;
    }
    upload(w, damage, count, width, height);
    SDL_RenderCopy(w->renderer, w->texture, NULL, NULL);
    SDL_RenderPresent(w->renderer);
    w->dirty = false;
    record_picture(w, width, height);
}

/* Acting --------------------------------------------------------------------------------------------------- */

/* The first faultline-N that does not exist yet. */
static void fresh_name(char path[64], const char *ending) {
    unsigned n = 1;
    do
        snprintf(path, 64, "faultline-%u.%s", n++, ending);
    while (access(path, F_OK) == 0 && n < 100000);
}

static void start_or_end_recording(struct window *w) {
    char path[64];
    if (w->recording) {
        end_recording(w);
        return;
    }
    fresh_name(path, "gif");
    begin_recording(w, path);
}

static void screenshot(struct window *w) {
    char path[64], text[200];
    fresh_name(path, "png");
    w->state.notice[0] = '\0';
    ui_draw(&w->frame, w->view, &w->state);
    int status =
        ui_render_png(&w->frame.list, w->state.width, w->state.height, w->state.scale, path, text, sizeof text);
    if (status == 0)
        snprintf(text, sizeof text, "saved %s", path);
    say(w, text);
}

static void do_action(struct window *w, enum ui_action action, int64_t argument) {
    if (action == ACTION_NONE)
        return;
    w->dirty = true;
    if (action == ACTION_QUIT)
        w->quit = true;
    else if (action == ACTION_SCREENSHOT)
        screenshot(w);
    else if (action == ACTION_RECORD)
        start_or_end_recording(w);
    else if (ui_apply(&w->state, action, argument))
        return;
    else if (action != ACTION_LINE_ENTER) {
        ui_order(&w->state, &action, &argument);
        w->control->act(w->control->owner, action, argument);
    } else if (w->control->tell)
        w->control->tell(w->control->owner, w->state.stops ? ACTION_STOPS : ACTION_SEARCH, w->state.line);
}

static void change_size_of_all(struct window *w, float factor) {
    w->larger = factor == 0 ? 1 : fminf(fmaxf(w->larger * factor, 0.5f), 3);
    take_size(w);
}

/* Events --------------------------------------------------------------------------------------------------- */

static void type(struct window *w, const char *bytes, size_t count) {
    if (count > 0)
        w->control->type(w->control->owner, bytes, count);
}

/* Keys that make no text event but mean something on a terminal. */
static void type_key(struct window *w, const SDL_Keysym *key) {
    static const struct {
        SDL_Keycode code;
        const char *bytes;
    } keys[] = {{SDLK_RETURN, "\r"},   {SDLK_KP_ENTER, "\r"}, {SDLK_BACKSPACE, "\x7f"}, {SDLK_TAB, "\t"},
                {SDLK_UP, "\x1b[A"},   {SDLK_DOWN, "\x1b[B"}, {SDLK_RIGHT, "\x1b[C"},   {SDLK_LEFT, "\x1b[D"},
                {SDLK_HOME, "\x1b[H"}, {SDLK_END, "\x1b[F"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (key->sym == keys[i].code)
            type(w, keys[i].bytes, strlen(keys[i].bytes));
    if ((key->mod & KMOD_CTRL) && key->sym >= 'a' && key->sym <= 'z') {
        char control = (char)(key->sym - 'a' + 1);
        type(w, &control, 1);
    }
}

static void press(struct window *w, uint32_t key) {
    int64_t argument;
    enum ui_action action = ui_key_action(&w->state, key, &argument);
    do_action(w, action, argument);
}

/* Keys that edit the line of the list of stops or of the search. */
static void press_line_key(struct window *w, const SDL_Keysym *key) {
    static const struct {
        SDL_Keycode code;
        uint32_t key;
    } keys[] = {{SDLK_RETURN, UI_KEY_ENTER}, {SDLK_KP_ENTER, UI_KEY_ENTER}, {SDLK_BACKSPACE, UI_KEY_BACKSPACE},
                {SDLK_TAB, UI_KEY_TAB},      {SDLK_DELETE, UI_KEY_DELETE},  {SDLK_UP, UI_KEY_UP},
                {SDLK_DOWN, UI_KEY_DOWN},    {SDLK_LEFT, UI_KEY_LEFT},      {SDLK_RIGHT, UI_KEY_RIGHT},
                {SDLK_HOME, UI_KEY_HOME},    {SDLK_END, UI_KEY_END}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (key->sym == keys[i].code)
            press(w, keys[i].key);
    if ((key->mod & KMOD_CTRL) && key->sym == SDLK_u)
        press(w, UI_KEY_CLEAR);
}

static void on_key(struct window *w, const SDL_Keysym *key) {
    if (key->sym == SDLK_ESCAPE)
        press(w, UI_KEY_ESCAPE);
    else if (w->state.typing)
        type_key(w, key);
    else if (w->state.stops || w->state.searching)
        press_line_key(w, key);
}

/* Text as the keyboard layout makes it, so that '?' and 'N' are found on every keyboard. */
static void on_text(struct window *w, const char *text) {
    bool line = w->state.stops || w->state.searching;
    if (w->state.typing) {
        type(w, text, strlen(text));
        return;
    }
    if (!line && (text[0] == '+' || text[0] == '-' || text[0] == '='))
        change_size_of_all(w, text[0] == '-' ? 1 / 1.125f : 1.125f);
    else if (!line && text[0] == '0')
        change_size_of_all(w, 0);
    else
        for (const char *at = text; (unsigned char)*at >= 32 && (unsigned char)*at < 0x7f; at++)
            press(w, (uint32_t)(unsigned char)*at);
}

static void on_motion(struct window *w, const SDL_MouseMotionEvent *motion) {
    w->state.mouse_x = (float)motion->x * w->mouse_scale;
    w->state.mouse_y = (float)motion->y * w->mouse_scale;
    w->dirty = true;
    if (!w->dragging)
        return;
    if (fabsf(w->state.mouse_x - w->drag_x) + fabsf(w->state.mouse_y - w->drag_y) > DRAG_SLACK)
        w->dragged = true;
    if (w->dragged && rect_contains(w->frame.grid.at, w->drag_x, w->drag_y))
        ui_pan_frames(&w->state, &w->frame, w->drag_last_y - w->state.mouse_y);
    if (w->dragged && rect_contains(w->frame.timeline, w->drag_x, w->drag_y))
        ui_pan_timeline(&w->state, &w->frame, w->drag_last_x - w->state.mouse_x);
    if (w->dragged) {
        w->drag_last_x = w->state.mouse_x;
        w->drag_last_y = w->state.mouse_y;
    }
}

static void on_button(struct window *w, const SDL_MouseButtonEvent *button) {
    if (button->button != SDL_BUTTON_LEFT)
        return;
    float x = (float)button->x * w->mouse_scale, y = (float)button->y * w->mouse_scale;
    if (button->type == SDL_MOUSEBUTTONDOWN) {
        w->dragging = true;
        w->dragged = false;
        w->drag_x = w->drag_last_x = x;
        w->drag_y = w->drag_last_y = y;
        return;
    }
    bool click = w->dragging && !w->dragged;
    w->dragging = false;
    if (!click)
        return;
    int64_t argument = 0;
    enum ui_action action = ui_hit_at(&w->frame, x, y, &argument);
    if (w->state.typing && !rect_contains(w->frame.panels[PANEL_CONSOLE], x, y))
        w->state.typing = false;
    w->dirty = true;
    do_action(w, action, argument);
}

static void on_wheel(struct window *w, const SDL_MouseWheelEvent *wheel) {
    float x = w->state.mouse_x, y = w->state.mouse_y, factor = wheel->y > 0 ? 1.2f : 1 / 1.2f;
    if (wheel->y == 0)
        return;
    if (rect_contains(w->frame.grid.at, x, y))
        ui_zoom_frames(&w->state, &w->frame, x, y, factor);
    else if (ui_scroll(&w->state, &w->frame, x, y, wheel->y > 0 ? -SCROLL : SCROLL))
        ;
    else if (rect_contains(w->frame.panels[PANEL_TIMELINE], x, y))
        ui_zoom_timeline(&w->state, &w->frame, x, factor * factor);
    w->dirty = true;
}

static void on_window(struct window *w, const SDL_WindowEvent *event) {
    if (event->event == SDL_WINDOWEVENT_LEAVE) {
        w->state.mouse_x = w->state.mouse_y = -1;
        w->dirty = true;
    } else if (event->event == SDL_WINDOWEVENT_SIZE_CHANGED || event->event == SDL_WINDOWEVENT_DISPLAY_CHANGED)
        take_size(w);
    else if (event->event == SDL_WINDOWEVENT_EXPOSED)
        w->dirty = true;
}

static void on_event(struct window *w, const SDL_Event *event) {
    switch (event->type) {
    case SDL_QUIT: w->quit = true; return;
    case SDL_KEYDOWN: on_key(w, &event->key.keysym); return;
    case SDL_TEXTINPUT: on_text(w, event->text.text); return;
    case SDL_MOUSEMOTION: on_motion(w, &event->motion); return;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP: on_button(w, &event->button); return;
    case SDL_MOUSEWHEEL: on_wheel(w, &event->wheel); return;
    case SDL_WINDOWEVENT: on_window(w, &event->window); return;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET: /* the texture's content, or the texture itself, is gone */
        if (w->texture)
            SDL_DestroyTexture(w->texture);
        w->texture = NULL;
        w->dirty = true;
        return;
    default: return;
    }
}

/* Turns ---------------------------------------------------------------------------------------------------- */

/* What was said and concerns no open line ("stop 3 is gone") is a notice. */
static void take_answer(struct window *w, uint64_t before) {
    if (w->state.said_serial != before && !w->state.stops && !w->state.searching && w->view->said[0])
        say(w, w->view->said);
}

static void take_snapshot(struct window *w) {
    const struct view *view = w->control->acquire(w->control->owner);
    bool news = view != NULL && (w->view == NULL || view->serial != w->shown_serial);
    w->view = view;
    if (news) {
        w->shown_serial = view->serial;
        w->dirty = true;
        uint64_t said = w->state.said_serial;
        ui_observe(&w->state, view);
        take_answer(w, said);
    }
    int scene = w->control->scene ? w->control->scene(w->control->owner) : -1;
    if (scene >= 0 && scene < SCENE_COUNT) {
        w->state.scene = (enum ui_scene)scene;
        w->dirty = true;
    }
    const char *caption = w->control->caption ? w->control->caption(w->control->owner) : NULL;
    if (caption && strcmp(caption, w->state.caption) != 0) {
        snprintf(w->state.caption, sizeof w->state.caption, "%s", caption);
        w->dirty = true;
    }
}

static void turn(struct window *w) {
    SDL_Event event;
    if (!w->dirty && SDL_WaitEventTimeout(&event, TURN_MS))
        on_event(w, &event);
    while (!w->quit && SDL_PollEvent(&event))
        on_event(w, &event);
    if (w->state.notice[0] && (int32_t)(SDL_GetTicks() - w->notice_until) >= 0) {
        w->state.notice[0] = '\0';
        w->dirty = true;
    }
    take_snapshot(w);
    if (w->dirty && !w->quit)
        draw(w);
}

static int open_window(struct window *w, const char *title, char *error, size_t error_size) {
    SDL_SetHint(SDL_HINT_VIDEO_HIGHDPI_DISABLED, "0");
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return refuse(error, error_size, "no display");
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, 1280, 800,
                                 SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!w->window)
        return refuse(error, error_size, "the display refused it");
    SDL_SetWindowMinimumSize(w->window, 800, 520);
    w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_PRESENTVSYNC);
    if (!w->renderer)
        w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_SOFTWARE);
    if (!w->renderer)
        return refuse(error, error_size, "no way to draw in it");
    SDL_StartTextInput();
    return 0;
}

static void close_window(struct window *w) {
    if (w->recording)
        end_recording(w);
    ui_raster_destroy(w->raster);
    ui_frame_free(&w->frame);
    if (w->texture)
        SDL_DestroyTexture(w->texture);
    if (w->renderer)
        SDL_DestroyRenderer(w->renderer);
    if (w->window)
        SDL_DestroyWindow(w->window);
    SDL_Quit();
}

int ui_window_run(const struct ui_control *control, const char *title, char *error, size_t error_size) {
    struct window *w = SDL_calloc(1, sizeof *w);
    if (!w) {
        snprintf(error, error_size, "cannot open a window: out of memory");
        return -ENOMEM;
    }
    w->control = control;
    if (control->record)
        begin_recording(w, control->record);
    w->larger = 1;
    ui_state_init(&w->state, 1280, 800);
    ui_frame_init(&w->frame);
    w->state.recording = w->recording != NULL;
    w->raster = ui_raster_create();
    int status = w->raster ? open_window(w, title, error, error_size) : -ENOMEM;
    if (status == 0)
        take_size(w);
    while (status == 0 && !w->quit) {
        turn(w);
        status = w->error;
    }
    if (status == -ENOMEM)
        snprintf(error, error_size, "cannot draw the window: out of memory");
    close_window(w);
    SDL_free(w);
    return status;
}
