#include "emu/ui/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct words format_words(const char *format, ...) {
    struct words out;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out.text, sizeof out.text, format, arguments);
    va_end(arguments);
    return out;
}

/* Digits with a space before every group of `size`, counted from the right. */
static struct words grouped(const char *digits, size_t size) {
    struct words out;
    size_t length = strlen(digits), to = 0;
    for (size_t i = 0; i < length && to + 2 < sizeof out.text; i++) {
        if (i > 0 && (length - i) % size == 0)
            out.text[to++] = ' ';
        out.text[to++] = digits[i];
    }
    out.text[to] = '\0';
    return out;
}

struct words format_count(uint64_t n) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, n);
    return grouped(digits, 3);
}

struct words format_address(uint64_t value, unsigned digits) {
    char text[24];
    snprintf(text, sizeof text, "%0*" PRIx64, (int)(digits > 16 ? 16 : digits), value);
    return grouped(text, 4);
}

struct words format_bytes(uint64_t bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    uint64_t scale = 1;
    while (unit < 4 && bytes >= scale * 1024) {
        scale *= 1024;
        unit++;
    }
    uint64_t tenths = (bytes / scale) * 10 + (bytes % scale) * 10 / scale;
    if (tenths % 10 == 0 || tenths >= 1000)
        return format_words("%" PRIu64 " %s", tenths / 10, units[unit]);
    return format_words("%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

struct words format_clock(uint64_t ns) {
    if (ns >= 1000000000)
        return format_words("%" PRIu64 ".%03" PRIu64 " %03" PRIu64 " s", ns / 1000000000, ns / 1000000 % 1000,
                            ns / 1000 % 1000);
    return format_words("%" PRIu64 ".%03" PRIu64 " %03" PRIu64 " ms", ns / 1000000, ns / 1000 % 1000, ns % 1000);
}

struct words format_duration(uint64_t ns) {
    static const struct {
        uint64_t ns;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "\xc2\xb5s"}};
    for (unsigned i = 0; i < 3; i++)
        if (ns >= units[i].ns)
            return format_words("%" PRIu64 ".%" PRIu64 " %s", ns / units[i].ns, ns % units[i].ns * 10 / units[i].ns,
                                units[i].unit);
    return format_words("%" PRIu64 " ns", ns);
}
