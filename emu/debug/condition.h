/*
 * Stop conditions on memory-management events: one small language for the window, the command line, Lua and GDB.
 *
 * A condition is one line: a kind, then words of the form key=value that all must hold. An empty condition never is.
 *
 *   fault       branch=cow_copy,swap_in access=write error=2/2 addr=40001000-40003000 vma=[heap] level=pte
 *               rule=read-only task=7 outcome=signal function=main kernel
 *   pte         bit=D change=set by=cpu addr=LO-HI   an entry changes a bit (P W U A D ...): by the processor, by a
 *                                                    fault's handler, by unmapping
 *   harvest     bit=A frame=2c11 young>=1            reclaim reads and clears A, or takes D along with an entry
 *   watermark   zone=Normal mark=low dir=below       free pages cross a mark
 *   split, merge  order>=3 zone=DMA                  the buddy allocator
 *   lru         from=inactive to=active why=referenced frame=2c11
 *   cow         frame=2c11 mapcount>=2 how=copy      a copy-on-write sharing is broken (copy or reuse)
 *   kswapd      what=wake                            or sleep
 *   direct      what=begin                           or end
 *   decision    outcome=keep why=writeback           of reclaim about a page
 *   pageout     frame=2c11 anon=1                    a page is written out
 *   swapin      slot=184 cached=0                    also swapout, unmap, alloc, free, wait, io, writeback, throttle
 *   oom         task=NAME                            the one that is chosen; also task, signal
 *   event       name=mm_page_alloc order>=2 ...      any event of docs/trace.md by its own member names
 *
 * condition_kinds() has them all with all their words; the members of an event's own names are words as well.
 *
 * `fault` means the user's programs unless it has the word kernel. Numbers: decimal, or hexadecimal after 0x; frames
 * and addresses are hexadecimal with or without 0x. Operators: = != >= <= > <; = takes a list a,b,c and half-open
 * ranges LO-HI. error=MASK/VALUE: error code & MASK = VALUE; letters P W U R I K stand for its bits. task= takes a pid
 * or a name; in names * stands for any text. vma= takes a name, an address inside, none or anonymous.
 */
#ifndef FAULTLINE_CONDITION_H
#define FAULTLINE_CONDITION_H

#include "emu/story/story.h"

#define CONDITION_TEXT 200u

struct condition; /* parsed and immutable */

/* One row of help a kind: the table behind `help stops`, completion and the window's list. */
struct condition_row;
struct condition_kind {
    const char *name, *keys, *summary, *example; /* keys: words with blanks between */
    const struct condition_row *row;             /* for the parser */
};
const struct condition_kind *condition_kinds(size_t *count);

/* Completion: what may follow KEY= in a condition of that kind, where it is one of some words; at most `most`, returns
 * how many were written. */
size_t condition_values(const char *kind, const char *key, const char **words, size_t most);

/* NULL and one sentence (what, where in the text, what would be right). Freed by condition_free(). */
struct condition *condition_parse(const char *text, char *error, size_t error_size);
void condition_free(struct condition *condition);

/* A page-table entry that the processor itself changed during a walk (A and D). */
struct condition_entry {
    uint64_t linear, physical, before, after; /* of the entry */
    unsigned level;                           /* 1 PTE, 2 PDE ... */
    uint32_t pid;                             /* of the task that walked */
    const char *comm;                         /* NULL unknown */
};

bool condition_on_fault(const struct condition *condition, const struct story_fault *fault);
/* comm: name of the current task, NULL unknown. */
bool condition_on_event(const struct condition *condition, const struct flt_record *record, const char *comm);
bool condition_on_entry(const struct condition *condition, const struct condition_entry *entry);
/* What feeds it at all, so that nothing is asked in vain: bit t of types[t / 32] for an event type t below 128. */
struct condition_needs {
    bool faults, entries;
    uint32_t types[4];
};
struct condition_needs condition_needs(const struct condition *condition);

#endif
