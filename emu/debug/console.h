/* The guest's terminal as lines of text, for the window: printable ASCII, newline, carriage return, backspace, tab. */
#ifndef FAULTLINE_CONSOLE_H
#define FAULTLINE_CONSOLE_H

#include "emu/debug/view.h"

void console_clear(struct view_console *console);
void console_put(struct view_console *console, uint8_t byte);

#endif
