/*
 * Every colour of the window and of the pictures, 0xRRGGBBAA. No other file names a colour by number.
 *
 * The model. A dark, quiet ground; the uses of a frame have the hues of Okabe and Ito, which stay apart for viewers
 * who lack one kind of cone; one accent, for what has just happened; one red-brown, for what was refused.
 * tests/ui/test_palette.c holds the promises in numbers: WCAG contrast of all text colours on both grounds, and the
 * distance between any two colours of one legend under simulated protanopia, deuteranopia and tritanopia.
 */
#ifndef FAULTLINE_PALETTE_H
#define FAULTLINE_PALETTE_H

/* Surfaces. */
#define PALETTE_GROUND 0x0e1217ffu
#define PALETTE_PANEL 0x151b23ffu
#define PALETTE_LINE 0x263040ffu
#define PALETTE_WELL 0x10161dffu   /* a box inside a panel that holds a value */
#define PALETTE_RAISED 0x1b2430ffu /* a button, a tooltip */
#define PALETTE_RAISED_HOT 0x263343ffu
#define PALETTE_SELECTED 0x243447ffu /* the open tab */
#define PALETTE_BADGE 0x24303fffu    /* the disc behind a step's number */
#define PALETTE_SHADE 0x080b0fc8u    /* laid over everything behind the help */

/* Words. */
#define PALETTE_INK 0xdfe7efffu
#define PALETTE_SOFT 0xb9c5d2ffu /* running text of the guest */
#define PALETTE_DIM 0x8b98a8ffu
#define PALETTE_FAINT 0x728092ffu /* subtitles and column heads; the drawing's were below 3:1 */

/* What a frame is used for, enum frame_kind. */
#define PALETTE_FREE 0x1d2731ffu
#define PALETTE_KERNEL 0x647181ffu /* the drawing's 77869a is 6.9 from swap cache for a protanope */
#define PALETTE_TABLE 0xe69f00ffu
#define PALETTE_SLAB 0x9b794dffu /* the drawing's b08968 is 3.4 from anonymous for a protanope */
#define PALETTE_FILE 0x56b4e9ffu
#define PALETTE_FILE_DIRTY 0x0072b2ffu
#define PALETTE_ANON 0x009e73ffu
#define PALETTE_SWAP_CACHE 0xcc79a7ffu
#define PALETTE_RESERVED 0x39424effu

/* The overlays of the frames: what the entries that map a frame say of it. */
#define PALETTE_BITS_NONE 0x1d2731ffu
#define PALETTE_BITS_MAPPED 0x55637affu
#define PALETTE_BITS_ACCESSED 0x56b4e9ffu
#define PALETTE_BITS_DIRTY 0xa8501cffu
#define PALETTE_BITS_BOTH 0xf5b78fffu
/* Time since the last event: one hue, lighter the younger, so that the order is seen without the legend. */
#define PALETTE_AGE_NEVER 0x262b31ffu
#define PALETTE_AGE_5 0x173a63ffu
#define PALETTE_AGE_4 0x1f5f96ffu
#define PALETTE_AGE_3 0x2f8ac4ffu
#define PALETTE_AGE_2 0x74bdeaffu
#define PALETTE_AGE_1 0xb5dcf5ffu
#define PALETTE_AGE_0 0xf4faffffu
/* Entries that map a frame. */
#define PALETTE_COUNT_0 0x1d2731ffu
#define PALETTE_COUNT_1 0x2b5c8affu
#define PALETTE_COUNT_2 0x00a087ffu
#define PALETTE_COUNT_3 0xd68fb8ffu
#define PALETTE_COUNT_8 0xf6ece0ffu
/* Pages of a region that are not in memory, beside the uses of frames. */
#define PALETTE_PAGE_SWAPPED 0xe3cdf0ffu
#define PALETTE_PAGE_GONE 0x55606effu
/* What the page tables alone tell of a kernel without symbols. */
#define PALETTE_HW_UNMAPPED 0x1d2731ffu
#define PALETTE_HW_TABLE 0xe69f00ffu
#define PALETTE_HW_KERNEL 0x4b5563ffu
#define PALETTE_HW_KERNEL_WRITABLE 0x8f9babffu
#define PALETTE_HW_USER 0x56b4e9ffu
#define PALETTE_HW_USER_WRITABLE 0x009e73ffu

/* Signals. */
#define PALETTE_ACCENT 0xf0e442ffu
#define PALETTE_ACCENT_SOFT 0xb0a83cffu /* outline of the frame that this fault only looked at */
#define PALETTE_ACCENT_GROUND 0x4d4a1affu
#define PALETTE_ACCENT_LINE 0x6f6a24ffu
#define PALETTE_ON_ACCENT 0x15181cffu
#define PALETTE_BAD 0xd55e00ffu
#define PALETTE_BAD_INK 0xf5a07cffu
#define PALETTE_BAD_GROUND 0x54240fffu
#define PALETTE_GOOD_INK 0x84dbbaffu
#define PALETTE_GOOD_GROUND 0x244a3fffu
#define PALETTE_OFF_GROUND 0x222c38ffu
#define PALETTE_WRITE_INK 0xf2a877ffu
#define PALETTE_WRITE_GROUND 0x452a18ffu
#define PALETTE_READ_INK 0x8ccbf2ffu
#define PALETTE_READ_GROUND 0x1a3a52ffu
#define PALETTE_FETCH_INK 0xe3aecbffu
#define PALETTE_FETCH_GROUND 0x44283affu
#define PALETTE_GAUGE_LOW 0x6e5410ffu  /* free pages between min and low */
#define PALETTE_GAUGE_MIN 0x7d3410ffu  /* below min */
#define PALETTE_GAUGE_FINE 0x1d5a48ffu /* above low */
#define PALETTE_LOW 0xe69f00ffu
#define PALETTE_HIGH 0x00b383ffu
#define PALETTE_INACTIVE 0x4682b4ffu /* pages of an inactive list */
#define PALETTE_COW 0x84dbbaffu      /* the timeline's copies: a lighter relative of anonymous */

#endif
