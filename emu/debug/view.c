/* Life of a view: see view.h. */
#include "emu/debug/view.h"
#include <stdlib.h>

void view_free(struct view *view) {
    if (!view)
        return;
    kernelview_snapshot_free(view->kernel);
    free(view->marks);
    free(view);
}
