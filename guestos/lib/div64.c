/*
 * 64-bit division for gcc's helper calls (i386 has only 64 / 32). A divisor of one word goes by two divl; a longer one
 * by shift and subtract, at most 32 rounds, since the quotient then fits in 32 bits.
 */
#include "lib/kernel.h"

u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);
s64 __divdi3(s64 dividend, s64 divisor);
s64 __moddi3(s64 dividend, s64 divisor);
u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder);

static u64 divide_by_word(u64 dividend, u32 divisor, u64 *remainder)
{
    u32 high = (u32)(dividend >> 32), low = (u32)dividend, quotient_high = 0, rest = high;
    if (high >= divisor) {
        quotient_high = high / divisor;
        rest = high % divisor;
    }
    u32 quotient_low;
    __asm__("divl %4" : "=a"(quotient_low), "=d"(rest) : "0"(low), "1"(rest), "rm"(divisor) : "cc");
    *remainder = rest;
    return (u64)quotient_high << 32 | quotient_low;
}

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder)
{
    if (!(divisor >> 32))
        return divide_by_word(dividend, (u32)divisor, remainder);
    int shift = 0;
    while (!(divisor >> 63) && divisor < dividend) {
        divisor <<= 1;
        shift++;
    }
    u64 quotient = 0;
    for (; shift >= 0; shift--, divisor >>= 1) {
        quotient <<= 1;
        if (dividend >= divisor) {
            dividend -= divisor;
            quotient |= 1;
        }
    }
    *remainder = dividend;
    return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor)
{
    u64 rest;
    return __udivmoddi4(dividend, divisor, &rest);
}

u64 __umoddi3(u64 dividend, u64 divisor)
{
    u64 rest;
    __udivmoddi4(dividend, divisor, &rest);
    return rest;
}

static u64 magnitude(s64 value) { return value < 0 ? 0 - (u64)value : (u64)value; }

s64 __divdi3(s64 dividend, s64 divisor)
{
    u64 quotient = __udivdi3(magnitude(dividend), magnitude(divisor));
    return (dividend < 0) != (divisor < 0) ? (s64)(0 - quotient) : (s64)quotient;
}

s64 __moddi3(s64 dividend, s64 divisor)
{
    u64 rest = __umoddi3(magnitude(dividend), magnitude(divisor));
    return dividend < 0 ? (s64)(0 - rest) : (s64)rest;
}
