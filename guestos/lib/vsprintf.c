/*
 * Formatted text: %d %i %u %x %X %o %c %s %p %% with flags "-0+ #", width, precision ('*' too) and lengths hh h l ll z
 * t. vsnprintf counts what it would have written and always ends the buffer with NUL (size > 0).
 */
#include "lib/kernel.h"

#define FLAG_LEFT 1
#define FLAG_ZERO 2
#define FLAG_PLUS 4
#define FLAG_SPACE 8
#define FLAG_ALTERNATE 16
#define FLAG_UPPER 32
#define FLAG_SIGNED 64

struct output {
    char *at, *end; /* end: one before the place of the NUL */
    size_t count;
};

struct specification {
    int flags, width, precision, length; /* precision -1: none; length: bytes of an integer argument */
    unsigned base;
};

static void put(struct output *out, char c)
{
    if (out->at < out->end)
        *out->at++ = c;
    out->count++;
}

static void pad(struct output *out, char c, int n)
{
    while (n-- > 0)
        put(out, c);
}

static void put_text(struct output *out, const struct specification *spec, const char *s)
{
    if (!s)
        s = "(null)";
    int n = (int)(spec->precision >= 0 ? strnlen(s, (size_t)spec->precision) : strlen(s));
    if (!(spec->flags & FLAG_LEFT))
        pad(out, ' ', spec->width - n);
    for (int i = 0; i < n; i++)
        put(out, s[i]);
    if (spec->flags & FLAG_LEFT)
        pad(out, ' ', spec->width - n);
}

/* Digits of value, least significant first, into text; their number. */
static int digits_of(u64 value, const struct specification *spec, char *text)
{
    const char *alphabet = spec->flags & FLAG_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
    int n = 0;
    do {
        text[n++] = alphabet[value % spec->base];
        value /= spec->base;
    } while (value);
    return n;
}

static const char *prefix_of(const struct specification *spec, bool negative, bool zero)
{
    if (negative)
        return "-";
    if ((spec->flags & FLAG_SIGNED) && (spec->flags & FLAG_PLUS))
        return "+";
    if ((spec->flags & FLAG_SIGNED) && (spec->flags & FLAG_SPACE))
        return " ";
    if (!(spec->flags & FLAG_ALTERNATE) || zero)
        return "";
    if (spec->base == 16)
        return spec->flags & FLAG_UPPER ? "0X" : "0x";
    return spec->base == 8 ? "0" : "";
}

static void put_number(struct output *out, const struct specification *spec, u64 value)
{
    bool negative = (spec->flags & FLAG_SIGNED) && (s64)value < 0;
    if (negative)
        value = 0 - value;
    const char *prefix = prefix_of(spec, negative, value == 0);
    char text[24];
    int n = digits_of(value, spec, text);
    int zeros = spec->precision - n;
    int used = n + (int)strlen(prefix) + (zeros > 0 ? zeros : 0);
    if ((spec->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO && spec->precision < 0 && spec->width > used) {
        zeros = spec->width - used;
        used = spec->width;
    }
    if (!(spec->flags & FLAG_LEFT))
        pad(out, ' ', spec->width - used);
    while (*prefix)
        put(out, *prefix++);
    pad(out, '0', zeros);
    while (n)
        put(out, text[--n]);
    if (spec->flags & FLAG_LEFT)
        pad(out, ' ', spec->width - used);
}

static const char *parse_flags(const char *format, struct specification *spec)
{
    for (;; format++) {
        switch (*format) {
        case '-': spec->flags |= FLAG_LEFT; break;
        case '0': spec->flags |= FLAG_ZERO; break;
        case '+': spec->flags |= FLAG_PLUS; break;
        case ' ': spec->flags |= FLAG_SPACE; break;
        case '#': spec->flags |= FLAG_ALTERNATE; break;
        default: return format;
        }
    }
}

static const char *parse_count(const char *format, int *count, __builtin_va_list *args)
{
    if (*format == '*') {
        *count = __builtin_va_arg(*args, int);
        return format + 1;
    }
    char *end;
    *count = (int)simple_strtoul(format, &end, 10);
    return end;
}

static const char *parse_length(const char *format, struct specification *spec)
{
    spec->length = 4;
    if (format[0] == 'h')
        spec->length = format[1] == 'h' ? 1 : 2;
    else if (format[0] == 'l' && format[1] == 'l')
        spec->length = 8;
    while (*format == 'h' || *format == 'l' || *format == 'z' || *format == 't')
        format++;
    return format;
}

static const char *parse_specification(const char *format, struct specification *spec, __builtin_va_list *args)
{
    *spec = (struct specification){.precision = -1, .base = 10};
    format = parse_flags(format, spec);
    format = parse_count(format, &spec->width, args);
    if (spec->width < 0) {
        spec->flags |= FLAG_LEFT;
        spec->width = -spec->width;
    }
    if (*format == '.')
        format = parse_count(format + 1, &spec->precision, args);
    return parse_length(format, spec);
}

static u64 integer_argument(const struct specification *spec, __builtin_va_list *args)
{
    if (spec->length == 8)
        return __builtin_va_arg(*args, u64);
    u32 value = __builtin_va_arg(*args, u32);
    bool is_signed = spec->flags & FLAG_SIGNED;
    switch (spec->length) {
    case 1: return is_signed ? (u64)(s64)(s8)value : (u8)value;
    case 2: return is_signed ? (u64)(s64)(s16)value : (u16)value;
    default: return is_signed ? (u64)(s64)(s32)value : value;
    }
}

static void put_conversion(struct output *out, struct specification *spec, char conversion, __builtin_va_list *args)
{
    switch (conversion) {
    case 'c': {
        char text[2] = {(char)__builtin_va_arg(*args, int), 0};
        put_text(out, spec, text);
        return;
    }
    case 's': put_text(out, spec, __builtin_va_arg(*args, const char *)); return;
    case 'd':
    case 'i': spec->flags |= FLAG_SIGNED; break;
    case 'u': break;
    case 'o': spec->base = 8; break;
    case 'X':
        spec->flags |= FLAG_UPPER;
        spec->base = 16;
        break;
    case 'x': spec->base = 16; break;
    case 'p':
        spec->base = 16;
        spec->precision = 8;
        break;
    default: put(out, conversion); return;
    }
    put_number(out, spec, integer_argument(spec, args));
}

int vsnprintf(char *to, size_t size, const char *format, __builtin_va_list args)
{
    struct output out = {to, size ? to + size - 1 : to, 0};
    __builtin_va_list list;
    __builtin_va_copy(list, args);
    while (*format) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        struct specification spec;
        format = parse_specification(format + 1, &spec, &list);
        if (!*format)
            break;
        put_conversion(&out, &spec, *format++, &list);
    }
    __builtin_va_end(list);
    if (size)
        *out.at = 0;
    return (int)out.count;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, format);
    int n = vsnprintf(to, size, format, args);
    __builtin_va_end(args);
    return n;
}

/* Like snprintf, but returns what is really in the buffer. */
int scnprintf(char *to, size_t size, const char *format, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, format);
    int n = vsnprintf(to, size, format, args);
    __builtin_va_end(args);
    if (n < (int)size)
        return n;
    return size ? (int)size - 1 : 0;
}
