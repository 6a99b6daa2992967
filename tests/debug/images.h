/* What test programs that run a whole machine share: images from files, a program beside the initramfs, a swap disk.
 * Each ends the program with a sentence when it cannot. */
#ifndef FAULTLINE_TEST_IMAGES_H
#define FAULTLINE_TEST_IMAGES_H

#include "emu/debug/session.h"
#include "emu/devices/disk.h"

struct session_blob image_read(const char *path); /* NULL: there is no such path */
void image_free(struct session_blob image);
/* The initramfs and after it another one, with the program as /bin/program; run: it is what init starts. */
struct session_blob image_with_program(struct session_blob initramfs, struct session_blob program, bool run);
struct disk *image_swap_disk(uint32_t bytes); /* with mkswap's signature; a multiple of 4096 */

#endif
