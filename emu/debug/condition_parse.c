/*
 * Text to condition.
 *
 *     condition := kind { word }        word := flag | key operator item { , item }
 *     item      := number | number-number | MASK/VALUE | name | "text in quotes"
 *
 * Blanks around an operator and after a comma do not matter. Every refusal is one sentence that names the place and,
 * where a known word is near, that word. The first refusal counts: after it nothing is parsed.
 */
#include "emu/debug/condition_internal.h"
#include "emu/debug/nearest.h"
#include "emu/story/event_types.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parse {
    struct condition *condition;
    char *at; /* in the condition's own text, which falls into pieces */
    char *error;
    size_t error_size;
    bool failed;
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct parse *parse, const char *where, const char *format,
                                                         ...) {
    va_list arguments;
    int length = where ? snprintf(parse->error, parse->error_size,
                                  "character %u: ", (unsigned)(where - parse->condition->text) + 1)
                       : 0;
    parse->failed = true;
    va_start(arguments, format);
    if (length >= 0 && (size_t)length < parse->error_size)
        vsnprintf(parse->error + length, parse->error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

static void skip_blanks(struct parse *parse) {
    while (isspace((unsigned char)*parse->at))
        parse->at++;
}

static bool in_name(char c) { return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.'; }

/* Copies a name of the text; "" when there is none. */
static void take_name(struct parse *parse, char *to, size_t size) {
    size_t length = 0;
    for (; in_name(*parse->at); parse->at++)
        if (length + 1 < size)
            to[length++] = *parse->at;
    to[length] = '\0';
}

/* ---- kinds ---- */

static const char *nearest_kind(const char *name) {
    struct nearest nearest = nearest_begin(name);
    size_t count;
    const struct condition_kind *kind = condition_kinds(&count);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, kind[i].name);
    return nearest.best;
}

static bool set_type(struct condition *condition, int type) {
    if (type < 0 || type >= 128)
        return false;
    condition->needs.types[type / 32] |= 1u << type % 32;
    return true;
}

static void list_kinds(char *to, size_t size) {
    size_t count, length = 0;
    const struct condition_kind *kind = condition_kinds(&count);
    for (size_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(to + length, size - length, "%s%s", i ? ", " : "", kind[i].name);
}

static const struct condition_kind *kind_named(const char *name) {
    size_t count;
    const struct condition_kind *kind = condition_kinds(&count);
    for (size_t i = 0; i < count; i++)
        if (condition_same(kind[i].name, name))
            return &kind[i];
    return NULL;
}

/* A kind, or an event by its own name. */
static bool parse_kind(struct parse *parse) {
    char name[32], kinds[300];
    const char *start = parse->at;
    struct condition *condition = parse->condition;
    take_name(parse, name, sizeof name);
    condition->kind = kind_named(name);
    int type = condition->kind ? -1 : story_event_type_named(name);
    if (type >= 0) {
        condition->kind = kind_named("event");
        return set_type(condition, type);
    }
    if (condition->kind)
        return true;
    list_kinds(kinds, sizeof kinds);
    if (!name[0])
        return refuse(parse, *start ? start : NULL, "a condition begins with a kind: %s", kinds);
    const char *nearest = nearest_kind(name);
    return nearest ? refuse(parse, start, "there is no kind '%s'; did you mean '%s'?", name, nearest)
                   : refuse(parse, start, "there is no kind '%s'; the kinds are %s", name, kinds);
}

/* ---- numbers ---- */

/* The whole of [text, end). base 16: hexadecimal with or without 0x; 10: decimal, or hexadecimal after 0x. */
static bool read_number(const char *text, const char *end, unsigned base, uint64_t *value) {
    if (end - text > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        base = 16;
    }
    *value = 0;
    for (const char *c = text; c < end; c++) {
        unsigned digit = isdigit((unsigned char)*c)    ? (unsigned)(*c - '0')
                         : isxdigit((unsigned char)*c) ? (unsigned)(tolower((unsigned char)*c) - 'a' + 10)
                                                       : 99;
        if (digit >= base || *value > (UINT64_MAX - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    return text < end;
}

static const char *number_words(unsigned base) {
    return base == 16 ? "hexadecimal digits, with or without 0x" : "decimal digits, or hexadecimal ones after 0x";
}

/* N or LO-HI, half-open. */
static bool parse_range(struct parse *parse, const char *text, unsigned base, struct condition_item *item) {
    const char *end = text + strlen(text), *dash = strchr(text, '-');
    if (!read_number(text, dash ? dash : end, base, &item->from))
        return refuse(parse, text, "'%s' is no number: it is written in %s", text, number_words(base));
    if (!dash) {
        item->to = item->from;
        return true;
    }
    if (!read_number(dash + 1, end, base, &item->to))
        return refuse(parse, dash + 1, "'%s' is no end of a range: it is written in %s", dash + 1, number_words(base));
    if (item->to <= item->from)
        return refuse(parse, text, "the range %s is empty: it goes from its first number up to, without, its last",
                      text);
    item->to--;
    return true;
}

/* ---- items ---- */

static const struct condition_word *nearest_word(const struct condition_vocabulary *words, const char *text) {
    struct nearest nearest = nearest_begin(text);
    for (size_t i = 0; i < words->count; i++)
        nearest_offer(&nearest, words->words[i].name);
    return nearest.best ? condition_word_named(words, nearest.best) : NULL;
}

static bool parse_word(struct parse *parse, const struct condition_key *key, const char *text,
                       struct condition_item *item) {
    const struct condition_word *word = condition_word_named(key->words, text);
    if (word) {
        item->from = word->first;
        item->to = word->last;
        return true;
    }
    if (read_number(text, text + strlen(text), 10, &item->from)) {
        item->to = item->from;
        return true;
    }
    const struct condition_word *near = nearest_word(key->words, text);
    if (near)
        return refuse(parse, text, "'%s' is no %s; did you mean '%s'?", text, key->words->what, near->name);
    char known[200];
    size_t length = 0;
    for (size_t i = 0; i < key->words->count && length < sizeof known; i++)
        length +=
            (size_t)snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "", key->words->words[i].name);
    return refuse(parse, text, "'%s' is no %s; known are %s", text, key->words->what, known);
}

static bool error_bits(const char *text, const char *end, uint64_t *value) {
    static const char letters[] =
        "PWURIK"; /* present, write, user, reserved bit, instruction fetch, key: bits 0 to 5 */
    if (read_number(text, end, 10, value))
        return true;
    *value = 0;
    for (const char *c = text; c < end; c++) {
        const char *letter = *c != '+' ? memchr(letters, toupper((unsigned char)*c), sizeof letters - 1) : NULL;
        if (letter)
            *value |= 1u << (letter - letters);
        else if (*c != '+')
            return false;
    }
    return text < end;
}

/* MASK/VALUE; letters alone: these bits are set; a number alone: the whole error code. */
static bool parse_error_code(struct parse *parse, const char *text, struct condition_item *item) {
    const char *end = text + strlen(text), *slash = strchr(text, '/');
    bool number = isdigit((unsigned char)text[0]);
    if (!error_bits(text, slash ? slash : end, &item->from) || (slash && !error_bits(slash + 1, end, &item->to)))
        return refuse(
            parse, text,
            "'%s' is no error code: write MASK/VALUE, such as 2/2 or W+U/U, with numbers or the letters P W U R I K",
            text);
    if (!slash) {
        item->to = item->from;
        item->from = number ? UINT32_MAX : item->from;
    }
    return !(item->to & ~item->from) ||
           refuse(parse, text, "error=%s can never be: VALUE has bits that MASK leaves out", text);
}

static void parse_text(const char *text, struct condition_item *item) { item->text = text; }

static void parse_task(const char *text, struct condition_item *item) {
    if (!read_number(text, text + strlen(text), 10, &item->from)) {
        parse_text(text, item);
        return;
    }
    item->to = item->from;
}

/* Digits are an address when they could not well be a name: after 0x, or five and more. */
static void parse_vma(const char *text, bool quoted, struct condition_item *item) {
    size_t length = strlen(text);
    bool could_be = text[0] == '0' || length >= 5;
    item->none = !quoted && condition_same(text, "none");
    item->anonymous = !quoted && condition_same(text, "anonymous");
    if (quoted || !could_be || !read_number(text, text + length, 16, &item->from))
        parse_text(text, item);
    item->to = item->from;
}

static bool parse_item(struct parse *parse, const struct condition_key *key, const char *text, bool quoted) {
    struct condition *condition = parse->condition;
    if (condition->item_count == CONDITION_ITEMS)
        return refuse(parse, text, "there are too many values; at most %u are allowed", CONDITION_ITEMS);
    if (!text[0] && !quoted)
        return refuse(parse, text, "'%s' has an empty value", key->name);
    struct condition_item *item = &condition->items[condition->item_count++];
    switch ((enum condition_form)key->form) {
    case FORM_NUMBER: return parse_range(parse, text, 10, item);
    case FORM_FRAME:
    case FORM_ADDRESS: return parse_range(parse, text, 16, item);
    case FORM_WORD: return parse_word(parse, key, text, item);
    case FORM_ERROR: return parse_error_code(parse, text, item);
    case FORM_TEXT: parse_text(text, item); return true;
    case FORM_TASK: parse_task(text, item); return true;
    case FORM_VMA: parse_vma(text, quoted, item); return true;
    case FORM_FLAG:
        if ((text[0] != '0' && text[0] != '1') || text[1])
            return refuse(parse, text, "'%s' is 0 or 1", key->name);
        item->from = item->to = text[0] == '1';
        return true;
    }
    return false;
}

/* Cuts the next item out of the text. *more: a comma followed it. */
static char *cut_item(struct parse *parse, bool *quoted, bool *more) {
    skip_blanks(parse);
    *quoted = *parse->at == '"';
    char *start = parse->at + *quoted;
    parse->at = start;
    while (*parse->at && (*quoted ? *parse->at != '"' : *parse->at != ',' && !isspace((unsigned char)*parse->at)))
        parse->at++;
    if (*quoted && !*parse->at) {
        refuse(parse, start - 1, "the quotation mark that opens here is never closed");
        return NULL;
    }
    char *end = parse->at;
    parse->at += *quoted;
    char *next = parse->at;
    while (isspace((unsigned char)*next))
        next++;
    *more = *next == ',';
    if (*more)
        parse->at = next + 1;
    else if (*parse->at)
        parse->at++; /* the end of the item is about to become its NUL */
    *end = '\0';
    return start;
}

static bool parse_items(struct parse *parse, struct condition_term *term) {
    bool quoted = false, more = true;
    term->first = parse->condition->item_count;
    while (more) {
        char *text = cut_item(parse, &quoted, &more);
        if (!text || !parse_item(parse, &term->key, text, quoted))
            return false;
    }
    term->count = parse->condition->item_count - term->first;
    return true;
}

/* ---- words ---- */

static bool take_relation(struct parse *parse, enum condition_relation *relation) {
    static const struct {
        const char *text;
        enum condition_relation relation;
    } known[] = {{"==", IS}, {"!=", IS_NOT}, {">=", AT_LEAST}, {"<=", AT_MOST}, {"=", IS}, {">", ABOVE}, {"<", BELOW}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(parse->at, known[i].text, strlen(known[i].text)) == 0) {
            *relation = known[i].relation;
            parse->at += strlen(known[i].text);
            return true;
        }
    return false;
}

/* The names of events of `event name=...`, whose members the later words may then use. */
static bool parse_event_names(struct parse *parse) {
    bool quoted, more = true;
    while (more) {
        char *text = cut_item(parse, &quoted, &more);
        if (!text)
            return false;
        if (set_type(parse->condition, story_event_type_named(text)))
            continue;
        struct nearest nearest = nearest_begin(text);
        for (uint16_t type = 0; type < 128; type++)
            if (story_event_type(type))
                nearest_offer(&nearest, story_event_type(type)->name);
        return nearest.best ? refuse(parse, text, "there is no event '%s'; did you mean '%s'?", text, nearest.best)
                            : refuse(parse, text, "there is no event '%s'; docs/trace.md lists them", text);
    }
    return true;
}

static bool type_wanted(const struct condition *condition, uint16_t type) {
    return condition->needs.types[type / 32] >> type % 32 & 1;
}

static bool any_type_named(const struct condition *condition) {
    const uint32_t *types = condition->needs.types;
    return types[0] || types[1] || types[2] || types[3];
}

/* A member of the events of the condition, by its own name; of any event while none is named. */
static bool key_of_events(const struct condition *condition, const char *name, struct condition_key *to) {
    bool all = condition->kind->row->any_type && !any_type_named(condition);
    for (uint16_t type = 1; type < 128; type++)
        if ((all || type_wanted(condition, type)) && condition_key_of_type(type, name, to))
            return true;
    return false;
}

static bool no_such_key(struct parse *parse, const char *where, const char *name) {
    const struct condition *condition = parse->condition;
    const char *kind = condition->kind->name;
    char known[300] = "";
    size_t length = 0;
    struct nearest nearest = nearest_begin(name);
    for (const struct condition_key *key = condition->kind->row->keys; key->name; key++) {
        nearest_offer(&nearest, key->name);
        length += length < sizeof known
                      ? (size_t)snprintf(known + length, sizeof known - length, "%s%s", length ? ", " : "", key->name)
                      : 0;
    }
    for (uint16_t type = 1; condition->kind->row->any_type && type < 128; type++)
        for (const struct event_member *member = type_wanted(condition, type) ? story_event_type(type)->members : NULL;
             member && member->key; member++) {
            nearest_offer(&nearest, member->key);
            length += length < sizeof known
                          ? (size_t)snprintf(known + length, sizeof known - length, ", %s", member->key)
                          : 0;
        }
    if (nearest.best)
        return refuse(parse, where, "'%s' has no word '%s'; did you mean '%s'?", kind, name, nearest.best);
    return refuse(parse, where, "'%s' has no word '%s'; it has %s", kind, name, known);
}

static bool has_order(uint8_t form) { return form == FORM_NUMBER || form == FORM_FRAME || form == FORM_ADDRESS; }

/* An order needs one number on its right. */
static bool check_relation(struct parse *parse, const struct condition_term *term, const char *where) {
    if (term->relation == IS ||
        (term->relation == IS_NOT && term->key.value != VALUE_BIT && term->key.value != VALUE_CHANGE))
        return true;
    const struct condition_item *item = &parse->condition->items[term->first];
    if (term->relation == IS_NOT)
        return refuse(parse, where, "'%s' takes = alone: list what you want", term->key.name);
    if (!has_order(term->key.form))
        return refuse(parse, where, "'%s' has no order: only = and != fit", term->key.name);
    if (term->count != 1 || item->from != item->to)
        return refuse(parse, where, "an order compares '%s' with one number", term->key.name);
    return true;
}

/* Some words say something about the whole condition. */
static void note_term(struct condition *condition, const struct condition_term *term) {
    for (unsigned i = 0; i < term->count; i++) {
        const struct condition_item *item = &condition->items[term->first + i];
        if (term->key.value == VALUE_BIT)
            condition->bits |= 1ull << (item->from & 63);
        if (term->key.value == VALUE_CHANGE)
            condition->change |= (unsigned)item->from;
        if (term->key.value == VALUE_KERNEL)
            condition->kernel = item->from && term->relation == IS;
    }
    condition->says_young |= term->key.member && strcmp(term->key.member, "young") == 0;
}

static bool find_key(struct parse *parse, const char *where, const char *name, struct condition_key *to) {
    const struct condition *condition = parse->condition;
    if (condition_key_of_row(condition->kind->row, name, to) || key_of_events(condition, name, to))
        return true;
    return no_such_key(parse, where, name);
}

static bool parse_word_of(struct parse *parse) {
    struct condition *condition = parse->condition;
    char name[32];
    const char *where = parse->at;
    take_name(parse, name, sizeof name);
    if (!name[0])
        return refuse(parse, where, "'%c' begins no word; words are written key=value",
                      isprint((unsigned char)*where) ? *where : '?');
    if (condition->term_count == CONDITION_TERMS)
        return refuse(parse, where, "there are too many words; at most %u are allowed", CONDITION_TERMS);
    struct condition_term *term = &condition->terms[condition->term_count];
    char *after = parse->at;
    skip_blanks(parse);
    const char *sign = parse->at;
    bool operated = take_relation(parse, &term->relation);
    bool names_event = condition->kind->row->any_type && condition_same(name, "name") &&
                       (!any_type_named(condition) || !key_of_events(condition, name, &term->key));
    if (names_event && operated && term->relation == IS)
        return parse_event_names(parse);
    if (names_event)
        return refuse(parse, where, "'name' takes = and names of events");
    if (!find_key(parse, where, name, &term->key))
        return false;
    if (!operated) {
        parse->at = after;
        if (term->key.form != FORM_FLAG)
            return refuse(parse, where, "'%s' needs a value: %s=...", name, name);
        term->relation = IS;
        term->first = condition->item_count;
        term->count = 1;
        condition->items[condition->item_count++] = (struct condition_item){.from = 1, .to = 1};
    } else if (!parse_items(parse, term) || !check_relation(parse, term, sign))
        return false;
    note_term(condition, term);
    condition->term_count++;
    return true;
}

/* ---- whole ---- */

static void start_types(struct condition *condition) {
    for (unsigned i = 0; i < CONDITION_ROW_TYPES && condition->kind->row->types[i]; i++)
        set_type(condition, condition->kind->row->types[i]);
}

/* Drops the events for which it can never hold. */
static bool settle_needs(struct parse *parse) {
    struct condition *condition = parse->condition;
    uint32_t any = 0;
    bool named = any_type_named(condition);
    condition->needs.faults = condition->kind->row->faults;
    for (uint16_t type = 1; type < 128; type++) {
        if (condition->kind->row->any_type && !named && story_event_type(type))
            set_type(condition, type);
        if (type_wanted(condition, type) && !condition_fits_type(condition, type))
            condition->needs.types[type / 32] &= ~(1u << type % 32);
        any |= type_wanted(condition, type);
    }
    condition->needs.entries = condition->kind->row->entries && condition_fits_type(condition, 0);
    if (any || condition->needs.faults || condition->needs.entries)
        return true;
    return refuse(parse, NULL, "this can never be: its words do not go together");
}

static bool parse_all(struct parse *parse) {
    skip_blanks(parse);
    if (!parse_kind(parse))
        return false;
    start_types(parse->condition);
    for (skip_blanks(parse); *parse->at; skip_blanks(parse))
        if (!parse_word_of(parse))
            return false;
    struct condition *condition = parse->condition;
    if (!condition->bits)
        condition->bits = CONDITION_BITS;
    if (!condition->change)
        condition->change = CHANGE_SET | CHANGE_CLEAR;
    return settle_needs(parse);
}

struct condition *condition_parse(const char *text, char *error, size_t error_size) {
    struct condition *condition = calloc(1, sizeof *condition);
    struct parse parse = {.condition = condition, .error = error, .error_size = error_size};
    if (!condition) {
        snprintf(error, error_size, "no memory on the host for a condition; free some and try again");
        return NULL;
    }
    if (strlen(text) >= sizeof condition->text) {
        snprintf(error, error_size, "the condition is too long; at most %u characters are allowed", CONDITION_TEXT - 1);
        condition_free(condition);
        return NULL;
    }
    memcpy(condition->text, text, strlen(text) + 1);
    parse.at = condition->text;
    if (parse_all(&parse))
        return condition;
    condition_free(condition);
    return NULL;
}

void condition_free(struct condition *condition) { free(condition); }
