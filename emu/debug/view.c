/* Life of a view: see view.h. */
#include "emu/debug/view.h"
#include <stdlib.h>

void view_free(struct view *view) {
    if (!view)
        return;
    kernelview_snapshot_free(view->kernel);
    story_marks_return(&view->borrowed);
    free(view->life_text);
    free(view->events);
    free(view->spans);
    free(view->samples);
    free(view->ages);
    free(view->strips);
    for (size_t i = 0; i < view->swap_area_count; i++)
        kernelview_swap_area_free(&view->swap_areas[i]);
    free(view->swap_areas);
    kernelview_bits_free(&view->bits);
    hardware_frames_free(&view->hardware);
    free(view);
}
