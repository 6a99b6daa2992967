/* Counters that interrupt handlers may share. One CPU: one instruction is atomic. */
#ifndef _LIB_ATOMIC_H
#define _LIB_ATOMIC_H

#include "lib/types.h"

#define ATOMIC_INIT(i)                                                                                                 \
    {                                                                                                                  \
        (i)                                                                                                            \
    }
static inline int atomic_read(const atomic_t *v) { return v->counter; }
static inline void atomic_set(atomic_t *v, int i) { v->counter = i; }
static inline void atomic_inc(atomic_t *v) { __asm__ volatile("incl %0" : "+m"(v->counter)); }
static inline void atomic_dec(atomic_t *v) { __asm__ volatile("decl %0" : "+m"(v->counter)); }
static inline void atomic_add(int i, atomic_t *v) { __asm__ volatile("addl %1, %0" : "+m"(v->counter) : "ir"(i)); }
static inline void atomic_sub(int i, atomic_t *v) { __asm__ volatile("subl %1, %0" : "+m"(v->counter) : "ir"(i)); }
/* Bits of a word that an interrupt handler changes too. */
static inline void atomic_set_mask(u32 mask, u32 *word) { __asm__ volatile("orl %1, %0" : "+m"(*word) : "ir"(mask)); }
static inline void atomic_clear_mask(u32 mask, u32 *word)
{
    __asm__ volatile("andl %1, %0" : "+m"(*word) : "ir"(~mask));
}

/* True when the result is zero. */
static inline bool atomic_dec_and_test(atomic_t *v)
{
    bool zero;
    __asm__ volatile("decl %0; sete %1" : "+m"(v->counter), "=qm"(zero) : : "memory");
    return zero;
}

/* True when the result is negative: _mapcount starts at -1. */
static inline bool atomic_add_negative(int i, atomic_t *v)
{
    bool negative;
    __asm__ volatile("addl %2, %0; sets %1" : "+m"(v->counter), "=qm"(negative) : "ir"(i) : "memory");
    return negative;
}

/* True when the result is zero: the first mapping takes _mapcount from -1 to 0. */
static inline bool atomic_inc_and_test(atomic_t *v)
{
    bool zero;
    __asm__ volatile("incl %0; sete %1" : "+m"(v->counter), "=qm"(zero) : : "memory");
    return zero;
}

#endif
