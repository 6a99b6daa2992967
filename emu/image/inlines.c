/*
 * Calls that left no frame on the stack: which functions the compiler put into the one that holds an address, innermost
 * first, and where each was called, by DWARF's inlined subroutines.
 */
#include "emu/image/internal.h"

#include <dwarf.h>
#include <stdlib.h>

/* The source line at which an inlined subroutine was called; false: not told. */
static bool call_line(Dwarf_Die *unit, Dwarf_Die *inlined, struct image_call *to) {
    Dwarf_Attribute attribute;
    Dwarf_Word file, line;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count || line > INT32_MAX)
        return false;
    to->file = dwarf_filesrc(files, file, NULL, NULL);
    to->line = (unsigned)line;
    return to->file != NULL;
}

/* The scopes around an address as they lie in each other in the code; the caller frees *scopes. */
static int scopes_at(Dwarf_Die *unit, uint64_t address, Dwarf_Die **scopes) {
    *scopes = NULL;
    if (dwarf_getscopes(unit, address, scopes) <= 0)
        return 0;
    Dwarf_Die innermost = (*scopes)[0];
    free(*scopes);
    *scopes = NULL;
    int count = dwarf_getscopes_die(&innermost, scopes);
    return count > 0 ? count : 0;
}

size_t image_calls_at(const struct image *image, uint64_t address, struct image_call *to, size_t most) {
    struct image_line line;
    struct image_call here = {NULL, NULL, 0};
    Dwarf_Die unit, *scopes;
    size_t found = 0;
    if (!image_unit_at(image, address, &unit))
        return 0;
    if (image_line_at(image, address, &line))
        here = (struct image_call){NULL, line.file, line.line};
    int count = scopes_at(&unit, address, &scopes);
    for (int i = 0; i < count && found < most; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        here.function = dwarf_diename(&scopes[i]);
        if (here.function)
            to[found++] = here;
        if (tag == DW_TAG_subprogram)
            break;
        if (!call_line(&unit, &scopes[i], &here))
            here = (struct image_call){NULL, NULL, 0};
    }
    free(scopes);
    return found;
}
