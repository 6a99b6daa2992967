/* How the firmware speaks: only when something is wrong. */
#include "io.h"

#include <stdarg.h>

#define SERIAL 0x3F8
#define SERIAL_LSR (SERIAL + 5)
#define LSR_HOLDING_EMPTY 0x20
#define TRANSMIT_SPINS 100000
#define DEBUG_CONSOLE 0xE9
#define DEBUG_EXIT 0xF4

void serial_init(void) {
    out8(SERIAL + 1, 0x00);
    out8(SERIAL + 3, 0x80); /* divisor latch */
    out8(SERIAL + 0, 0x01);
    out8(SERIAL + 1, 0x00);
    out8(SERIAL + 3, 0x03);
    out8(SERIAL + 2, 0x07);
    out8(SERIAL + 4, 0x00);
}

static void serial_put(char c) {
    for (unsigned spins = 0; spins < TRANSMIT_SPINS && !(in8(SERIAL_LSR) & LSR_HOLDING_EMPTY); spins++)
        ;
    out8(SERIAL, (uint8_t)c);
}

static void put(char c) {
    if (c == '\n')
        serial_put('\r');
    serial_put(c);
    out8(DEBUG_CONSOLE, (uint8_t)c);
}

static void put_string(const char *text) {
    while (*text)
        put(*text++);
}

static void put_hex(uint32_t value) {
    put_string("0x");
    for (int shift = 28; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

static void put_decimal(uint32_t value) {
    char digits[11];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put_string(at);
}

static void put_format(const char *format, va_list arguments) {
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's': put_string(va_arg(arguments, const char *)); break;
        case 'u': put_decimal(va_arg(arguments, uint32_t)); break;
        default: put_hex(va_arg(arguments, uint32_t)); break;
        }
    }
}

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_string("firmware: ");
    put_format(format, arguments);
    put('\n');
    va_end(arguments);
    post(POST_FAILED);
    out32(DEBUG_EXIT, FAIL_EXIT_VALUE);
    for (;;)
        __asm__ volatile("cli; hlt");
}
