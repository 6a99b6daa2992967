/*
 * faultline render: a picture of one panel, or of the window, at the moment that --at names; a recording up to that
 * moment when the file ends in .gif. It is a headless run that ends there.
 */
#include "emu/commands/run.h"
#include "emu/ui/ui.h"

static bool take_panel(const char *name, struct run_options *options) {
    if (picture_panel(name, &options->picture.panel))
        return true;
    complain("there is no panel '%s'; `faultline render --help` lists them", name);
    return false;
}

static bool complete(const struct run_options *options) {
    if (options->picture.path)
        return true;
    complain("say where the picture goes: -o FILE.png, FILE.svg or FILE.gif");
    return false;
}

/* The window is at home at 1280 x 800; one panel alone is a slide's half. */
static void choose_size(struct picture *picture) {
    static const unsigned sizes[PANEL_COUNT][2] = {
        [PANEL_FRAMES] = {720, 560},  [PANEL_FAULT] = {720, 520},     [PANEL_SPACE] = {720, 360},
        [PANEL_CONSOLE] = {720, 400}, [PANEL_ZONES] = {720, 300},     [PANEL_BUDDY] = {640, 300},
        [PANEL_LRU] = {860, 400},     [PANEL_DECISION] = {420, 400},  [PANEL_CACHE] = {860, 480},
        [PANEL_LIFE] = {860, 520},    [PANEL_TIMELINE] = {1280, 200},
    };
    if (picture->width || picture->panel < 0)
        return;
    picture->width = sizes[picture->panel][0];
    picture->height = sizes[picture->panel][1];
}

int command_render(int argc, char **argv) {
    struct run_options options;
    struct launch launch;
    int status;
    bool named = argc > 1 && argv[1][0] != '-';
    char *panel = named ? argv[1] : NULL;
    if (named) {
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    if (!options_parse(argc, argv, OPTIONS_RENDER, &options, &status))
        return status;
    if (!panel) {
        complain("say which panel to draw first: faultline render fault -o x.png ./program");
        return EXIT_BAD_INPUT;
    }
    if (!take_panel(panel, &options) || !complete(&options))
        return EXIT_BAD_INPUT;
    choose_size(&options.picture);
    options.headless = options.render = true;
    if (!launch_prepare(&launch, &options))
        return EXIT_BAD_INPUT;
    status = run_launch(&launch, &options);
    launch_free(&launch);
    return status;
}
