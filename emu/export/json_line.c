/* See json_line.h. A recursive descent whose depth is bounded; the cursor never passes the NUL behind the line. */
#include "emu/export/json_line.h"

#include <string.h>

struct parser {
    struct json_line *line;
    char *start, *at;
    const char *end; /* points at the NUL */
    unsigned depth;
};

static bool fail(struct parser *parser, const char *problem) {
    if (!parser->line->problem) {
        parser->line->problem = problem;
        parser->line->column = (size_t)(parser->at - parser->start) + 1;
    }
    return false;
}

static void skip_blanks(struct parser *parser) {
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r')
        parser->at++;
}

static bool expect(struct parser *parser, char byte, const char *problem) {
    skip_blanks(parser);
    if (*parser->at != byte)
        return fail(parser, parser->at == parser->end ? "the line ends too early" : problem);
    parser->at++;
    return true;
}

static int hex_digit(char byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool unicode_escape(struct parser *parser, char *to) {
    unsigned code = 0;
    for (int i = 1; i <= 4; i++) {
        int digit = hex_digit(parser->at[i]);
        if (digit < 0)
            return fail(parser, "\\u needs four hexadecimal digits");
        code = code << 4 | (unsigned)digit;
    }
    parser->at += 5;
    *to = code == 0 || code > 0xff ? '?' : (char)code;
    return true;
}

/* at stands behind the backslash. */
static bool escape(struct parser *parser, char *to) {
    static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    if (*parser->at == 'u')
        return unicode_escape(parser, to);
    const char *found = *parser->at ? strchr(from, *parser->at) : NULL;
    if (!found)
        return fail(parser, "there is no such escape in a string");
    *to = plain[found - from];
    parser->at++;
    return true;
}

/* Decodes a string onto itself; the NUL goes where its closing quote was, or earlier. */
static bool parse_string(struct parser *parser, const char **text, uint32_t *length) {
    if (!expect(parser, '"', "a string must begin here"))
        return false;
    char *to = parser->at;
    *text = to;
    for (;;) {
        char byte = *parser->at;
        if (byte == '"')
            break;
        if (byte < 0x20 || byte > 0x7e)
            return fail(parser, parser->at == parser->end ? "the line ends inside a string"
                                                          : "a string holds a byte that is not printable ASCII");
        parser->at++;
        if (byte == '\\' && !escape(parser, &byte))
            return false;
        *to++ = byte;
    }
    *length = (uint32_t)(to - *text);
    parser->at++;
    *to = '\0';
    return true;
}

static char *skip_digits(char *at) {
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The NUL behind a number's text is not set here: a comma or bracket stands there. Its readers stop at the length. */
static bool parse_number(struct parser *parser, struct json_value *value) {
    char *at = parser->at, *digits = at + (*at == '-');
    value->kind = JSON_NUMBER;
    value->text = at;
    at = skip_digits(digits);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return fail(parser, "there is no value here");
    if (*at == '.') {
        char *fraction = at + 1;
        at = skip_digits(fraction);
        if (at == fraction)
            return fail(parser, "a number ends in a point");
    }
    if (*at == 'e' || *at == 'E') {
        char *exponent = at + 1 + (at[1] == '-' || at[1] == '+');
        at = skip_digits(exponent);
        if (at == exponent)
            return fail(parser, "a number has an empty exponent");
    }
    value->length = (uint32_t)(at - value->text);
    parser->at = at;
    return true;
}

static bool parse_word(struct parser *parser, struct json_value *value) {
    static const struct {
        const char *word;
        uint8_t kind;
    } words[] = {{"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(parser->at, words[i].word, length) != 0)
            continue;
        value->kind = words[i].kind;
        parser->at += length;
        return true;
    }
    return parse_number(parser, value);
}

static bool parse_value(struct parser *parser, struct json_value *value);

static struct json_value *add_value(struct parser *parser) {
    struct json_line *line = parser->line;
    if (line->count == JSON_VALUES_MAX) {
        fail(parser, "the line holds more values than a trace has");
        return NULL;
    }
    struct json_value *value = &line->values[line->count++];
    *value = (struct json_value){0};
    return value;
}

static bool parse_key(struct parser *parser, struct json_value *member) {
    uint32_t length;
    return parse_string(parser, &member->key, &length) && expect(parser, ':', "a colon is missing after a key");
}

/* Members of an object or elements of an array, up to the closing bracket. */
static bool parse_children(struct parser *parser, struct json_value *parent, char close) {
    struct json_value *last = NULL;
    parser->at++;
    skip_blanks(parser);
    if (*parser->at == close) {
        parser->at++;
        return true;
    }
    for (;;) {
        struct json_value *child = add_value(parser);
        if (!child)
            return false;
        uint16_t index = (uint16_t)(child - parser->line->values);
        if (last)
            last->next = index;
        else
            parent->child = index;
        last = child;
        if (parent->kind == JSON_OBJECT && !parse_key(parser, child))
            return false;
        if (!parse_value(parser, child))
            return false;
        skip_blanks(parser);
        if (*parser->at != ',')
            return expect(parser, close, "a comma or a closing bracket is missing");
        parser->at++;
    }
}

static bool parse_value(struct parser *parser, struct json_value *value) {
    skip_blanks(parser);
    switch (*parser->at) {
    case '"': value->kind = JSON_STRING; return parse_string(parser, &value->text, &value->length);
    case '{':
    case '[': {
        bool object = *parser->at == '{';
        value->kind = object ? JSON_OBJECT : JSON_ARRAY;
        if (++parser->depth > JSON_DEPTH_MAX)
            return fail(parser, "objects lie in one another too deep");
        bool good = parse_children(parser, value, object ? '}' : ']');
        parser->depth--;
        value->asked = value->child;
        return good;
    }
    case '\0': return fail(parser, parser->at == parser->end ? "the line ends too early" : "there is no value here");
    default: return parse_word(parser, value);
    }
}

bool json_parse(struct json_line *line, char *text, size_t length) {
    struct parser parser = {line, text, text, text + length, 0};
    line->count = 0;
    line->problem = NULL;
    if (!parse_value(&parser, add_value(&parser)))
        return false;
    skip_blanks(&parser);
    return parser.at == parser.end || fail(&parser, "something follows the object");
}

const struct json_value *json_child(const struct json_line *line, const struct json_value *parent) {
    return parent && parent->child ? &line->values[parent->child] : NULL;
}

const struct json_value *json_next(const struct json_line *line, const struct json_value *value) {
    return value->next ? &line->values[value->next] : NULL;
}

static const struct json_value *find(const struct json_line *line, uint16_t from, const char *key) {
    for (uint16_t i = from; i; i = line->values[i].next)
        if (strcmp(line->values[i].key, key) == 0)
            return &line->values[i];
    return NULL;
}

const struct json_value *json_member(struct json_line *line, const struct json_value *object, const char *key) {
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    struct json_value *parent = &line->values[object - line->values];
    const struct json_value *found = find(line, parent->asked, key);
    if (!found)
        found = find(line, parent->child, key);
    if (found)
        parent->asked = found->next;
    return found;
}

bool json_unsigned(const struct json_value *value, uint64_t *to) {
    uint64_t sum = 0;
    if (!value || value->kind != JSON_NUMBER)
        return false;
    for (uint32_t i = 0; i < value->length; i++) {
        unsigned digit = (unsigned)value->text[i] - '0';
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *to = sum;
    return true;
}

bool json_integer(const struct json_value *value, int64_t *to) {
    uint64_t sum;
    if (!value || value->kind != JSON_NUMBER)
        return false;
    bool negative = value->text[0] == '-';
    struct json_value digits = *value;
    digits.text += negative;
    digits.length -= negative;
    if (!json_unsigned(&digits, &sum) || sum > (uint64_t)INT64_MAX)
        return false;
    *to = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}

bool json_hexadecimal(const struct json_value *value, uint64_t *to) {
    uint64_t sum = 0;
    if (!value || value->kind != JSON_STRING || value->length < 3 || value->length > 18 ||
        strncmp(value->text, "0x", 2) != 0)
        return false;
    for (uint32_t i = 2; i < value->length; i++) {
        int digit = hex_digit(value->text[i]);
        if (digit < 0)
            return false;
        sum = sum << 4 | (unsigned)digit;
    }
    *to = sum;
    return true;
}
