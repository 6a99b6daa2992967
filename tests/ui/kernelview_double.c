/* Stands in for emu/kernelview where only names of frame kinds are needed. */
#include "emu/kernelview/kernelview.h"

const char *frame_kind_name(enum frame_kind kind) {
    static const char *const names[FRAME_KINDS] = {"free",       "kernel",    "page table", "slab",     "file",
                                                   "file, dirty", "anonymous", "swap cache", "reserved", "absent"};
    return (unsigned)kind < FRAME_KINDS ? names[kind] : "unknown";
}
