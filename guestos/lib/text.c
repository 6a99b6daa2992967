#include "lib/text.h"

void text(struct text *t, const char *format, ...)
{
    __builtin_va_list args;
    int room = t->size - t->length, wanted;

    if (room <= 1)
        return;
    __builtin_va_start(args, format);
    wanted = vsnprintf(t->buf + t->length, (size_t)room, format, args);
    __builtin_va_end(args);
    t->length += min_t(int, wanted, room - 1);
}
