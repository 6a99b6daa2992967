/*
 * What the files of the condition language share: condition_words.c (the tables), condition_parse.c (text in),
 * condition.c (matching).
 *
 * The model. A condition is a kind of the table condition_kinds() and a list of terms that all must hold. A term asks
 * for one value of the record (struct condition_key says which and how it is written) and compares it with a list of
 * items. A value may have several numbers (a fault takes several frames): one that fits is enough.
 */
#ifndef FAULTLINE_CONDITION_INTERNAL_H
#define FAULTLINE_CONDITION_INTERNAL_H

#include "emu/debug/condition.h"

/* How a value is written. */
enum condition_form {
    FORM_NUMBER,  /* decimal, or hexadecimal after 0x */
    FORM_FRAME,   /* hexadecimal with or without 0x */
    FORM_ADDRESS, /* the same */
    FORM_WORD,    /* a word of a vocabulary, or its number */
    FORM_TEXT,    /* '*' stands for any text */
    FORM_TASK,    /* a pid, or a name as FORM_TEXT */
    FORM_ERROR,   /* MASK/VALUE */
    FORM_VMA,     /* a name as FORM_TEXT, an address inside, none, anonymous */
    FORM_FLAG,    /* the key alone, or =0 or =1 */
};

/* Which value of a record. */
enum condition_value {
    VALUE_MEMBER, /* of an event, by its name in event_types.h */
    VALUE_TASK,   /* whose record it is */
    VALUE_TYPE,   /* type of the event */
    /* of a fault */
    VALUE_BRANCH,
    VALUE_ACCESS,
    VALUE_ERROR,
    VALUE_LINEAR,
    VALUE_IP,
    VALUE_VMA,
    VALUE_LEVEL,
    VALUE_RULE,
    VALUE_OUTCOME,
    VALUE_SIGNAL,
    VALUE_FRAMES,
    VALUE_FUNCTION,
    VALUE_FILE,
    VALUE_LINE,
    VALUE_MAPCOUNT,
    VALUE_RECLAIMS,
    VALUE_WAITS,
    VALUE_MAJOR,
    VALUE_KERNEL, /* widens: not only the user's programs */
    /* of a change of an entry; BIT and CHANGE are looked at together */
    VALUE_BIT,
    VALUE_CHANGE,
    VALUE_ENTRY_LEVEL,
    VALUE_ENTRY_FRAME,
    VALUE_BY, /* who: a word for the type of the event */
    /* of an event with two frames or an own view of its members */
    VALUE_COW_FRAMES,
    VALUE_COW_HOW,
    VALUE_VICTIM,
};

struct condition_word {
    const char *name;
    uint32_t first, last; /* inclusive: a word may stand for several numbers */
};
/* The first word for a number is the one that texts use. */
struct condition_vocabulary {
    const char *what; /* "branch" */
    const struct condition_word *words;
    size_t count;
};

struct condition_key {
    const char *name;
    uint8_t form, value; /* enum condition_form, enum condition_value */
    const char *member;  /* VALUE_MEMBER */
    const struct condition_vocabulary *words;
};

#define CONDITION_ROW_TYPES 4u
#define CONDITION_ROW_KEYS 22u
struct condition_row {
    bool faults, entries, any_type, harvest; /* any_type: the word name= says which; harvest: A and D bits count */
    uint16_t types[CONDITION_ROW_TYPES];     /* 0 ends */
    struct condition_key keys[CONDITION_ROW_KEYS]; /* name NULL ends */
};

enum condition_relation { IS, IS_NOT, AT_LEAST, AT_MOST, ABOVE, BELOW };

struct condition_item {
    uint64_t from, to; /* [from, to); FORM_ERROR: mask, value */
    const char *text;  /* NULL: the numbers count */
    bool none, anonymous;
};

#define CONDITION_TERMS 24u
#define CONDITION_ITEMS (CONDITION_TEXT / 2)
struct condition_term {
    struct condition_key key;
    enum condition_relation relation;
    unsigned first, count; /* of the condition's items */
};

/* Bits of an entry that a pte condition can ask for. */
#define CONDITION_BITS                                                                                                 \
    (MMU_PTE_P | MMU_PTE_W | MMU_PTE_U | MMU_PTE_PWT | MMU_PTE_PCD | MMU_PTE_A | MMU_PTE_D | MMU_PTE_PS | MMU_PTE_G |  \
     MMU_PTE_NX)
enum { CHANGE_SET = 1, CHANGE_CLEAR = 2 };

struct condition {
    const struct condition_kind *kind;
    struct condition_needs needs;
    struct condition_term terms[CONDITION_TERMS];
    unsigned term_count;
    struct condition_item items[CONDITION_ITEMS];
    unsigned item_count;
    bool kernel;               /* faults outside the user's programs too */
    bool says_young;           /* harvest: the text says itself how many A bits */
    uint64_t bits;             /* pte, harvest: any of these */
    unsigned change;           /* pte: CHANGE_* */
    char text[CONDITION_TEXT]; /* the items' texts point into it */
};

/* condition_words.c */
/* The key of that name in a row or among the members of an event type; false: none. */
bool condition_key_of_row(const struct condition_row *row, const char *name, struct condition_key *to);
bool condition_key_of_type(uint16_t type, const char *name, struct condition_key *to);
/* Names are the same in either case, and with '_' for '-'. */
bool condition_same(const char *left, const char *right);
/* NULL: none of its words. */
const struct condition_word *condition_word_named(const struct condition_vocabulary *words, const char *name);

/* condition.c: the condition could hold for an event of that type. */
bool condition_fits_type(const struct condition *condition, uint16_t type);

#endif
