/*
 * Places by name. A name is looked up in the user's program first, then in the kernel; "kernel:NAME" and
 * "program:NAME" say which. Names of symbols go before numbers without 0x: "add" is a function where there is one.
 */
#include "emu/debug/debugger_internal.h"
#include "emu/debug/nearest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct images {
    const struct image *of[2]; /* NULL: none */
    const char *said;          /* where was looked, for sentences */
};

static bool read_hex(const char *text, uint64_t *value) {
    size_t digits = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (*value = 0; isxdigit((unsigned char)text[digits]); digits++) {
        char c = (char)tolower((unsigned char)text[digits]);
        *value = *value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return digits > 0 && digits <= 16 && !text[digits];
}

static bool read_offset(const char *text, uint64_t *value) {
    char *end;
    *value = strtoull(text, &end, 0);
    return isdigit((unsigned char)text[0]) && !*end;
}

/* ---- registers ---- */

static bool read_register(struct debugger *debugger, const char *name, uint64_t *value) {
    static const char *const general[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    struct cpu_registers registers;
    uint64_t here = debugger_here(debugger, &registers);
    const char *core = *name == 'e' || *name == 'r' ? name + 1 : name;
    for (size_t i = 0; i < 8; i++)
        if (strcmp(core, general[i]) == 0) {
            *value = registers.gpr[i];
            return true;
        }
    const struct {
        const char *name;
        uint64_t value;
    } others[] = {{"ip", here}, {"pc", here}, {"cr2", registers.cr2}, {"cr3", registers.cr3}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(core, others[i].name) == 0 || strcmp(name, others[i].name) == 0) {
            *value = others[i].value;
            return true;
        }
    return false;
}

/* ---- symbols and lines ---- */

static const char *nearest_symbol(const struct images *images, const char *name) {
    struct nearest nearest = nearest_begin(name);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; images->of[i]; k++) {
            const char *known = image_symbol_name(images->of[i], k);
            if (!known)
                break;
            nearest_offer(&nearest, known);
        }
    return nearest.best;
}

static bool find_symbol(const struct images *images, const char *name, struct resolved *to) {
    for (size_t i = 0; i < 2; i++)
        if (images->of[i] && image_symbol(images->of[i], name, &to->linear, NULL)) {
            to->image = images->of[i];
            return true;
        }
    return false;
}

static bool no_symbol(const struct images *images, const char *name, char *error, size_t size) {
    const char *near = nearest_symbol(images, name);
    if (near)
        snprintf(error, size, "there is no symbol '%s' in %s; did you mean '%s'?", name, images->said, near);
    else
        snprintf(
            error, size,
            "there is no symbol '%s' in %s; a place is hexadecimal digits, symbol[+offset], FILE:LINE or $register",
            name, images->said);
    return false;
}

static bool find_line(const struct images *images, char *file, const char *line, struct resolved *to, char *error,
                      size_t size) {
    uint64_t number;
    if (!read_offset(line, &number) || number == 0 || number > UINT32_MAX) {
        snprintf(error, size, "'%s' is no line number of '%s'", line, file);
        return false;
    }
    bool known = false;
    for (size_t i = 0; i < 2; i++) {
        if (!images->of[i])
            continue;
        if (image_line_address(images->of[i], file, (unsigned)number, &to->linear, &known)) {
            to->image = images->of[i];
            return true;
        }
    }
    if (known)
        snprintf(error, size, "line %" PRIu64 " of '%s' and those after it have no code", number, file);
    else
        snprintf(error, size, "no source file of %s is called '%s'", images->said, file);
    return false;
}

/* ---- whole ---- */

static struct images images_for(const struct debugger *debugger, char **text) {
    const struct session *session = debugger->session;
    if (strncmp(*text, "kernel:", 7) == 0) {
        *text += 7;
        return (struct images){{session->kernel_image, NULL}, "the kernel"};
    }
    if (strncmp(*text, "program:", 8) == 0) {
        *text += 8;
        return (struct images){{session->program_image, NULL}, "the program"};
    }
    return (struct images){{session->program_image, session->kernel_image},
                           session->program_image ? "the program or the kernel" : "the kernel"};
}

static bool resolve_name(const struct images *images, char *name, struct resolved *to, char *error, size_t size) {
    uint64_t offset = 0;
    if (find_symbol(images, name, to))
        return true;
    char *colon = strrchr(name, ':');
    if (colon && colon != name) {
        *colon = '\0';
        return find_line(images, name, colon + 1, to, error, size);
    }
    if (read_hex(name, &to->linear))
        return true;
    char *sign = strpbrk(name, "+");
    bool minus = !sign && (sign = strchr(name, '-'));
    if (sign && sign != name && !read_offset(sign + 1, &offset)) {
        snprintf(error, size, "'%s' is no offset: decimal digits, or hexadecimal ones after 0x", sign + 1);
        return false;
    }
    if (!sign || sign == name)
        return no_symbol(images, name, error, size);
    *sign = '\0';
    if (!find_symbol(images, name, to) && !read_hex(name, &to->linear))
        return no_symbol(images, name, error, size);
    to->linear += minus ? 0 - offset : offset;
    return true;
}

bool resolve_where(struct debugger *debugger, const char *where, struct resolved *to, char *error, size_t size) {
    char copy[CONDITION_TEXT], *text = copy;
    *to = (struct resolved){.image = NULL};
    while (isspace((unsigned char)*where) || *where == '*') /* as GDB writes an address */
        where++;
    if (!*where || strlen(where) >= sizeof copy) {
        snprintf(error, size, "say where: hexadecimal digits, symbol[+offset], FILE:LINE or $register");
        return false;
    }
    snprintf(copy, sizeof copy, "%s", where);
    for (size_t length = strlen(copy); length > 0 && isspace((unsigned char)copy[length - 1]); length--)
        copy[length - 1] = '\0';
    if (copy[0] == '$') {
        if (read_register(debugger, copy + 1, &to->linear))
            return true;
        snprintf(error, size, "there is no register '%s'; known are $eip, $esp, $eax and the like, $cr2, $cr3", copy);
        return false;
    }
    struct images images = images_for(debugger, &text);
    return resolve_name(&images, text, to, error, size);
}

bool debugger_resolve(struct debugger *debugger, const char *where, uint64_t *linear, char *error, size_t error_size) {
    struct resolved place;
    bool good = resolve_where(debugger, where, &place, error, error_size);
    if (good)
        *linear = place.linear;
    return good;
}

void resolve_line(const struct image *image, uint64_t linear, struct out *out) {
    struct image_line line;
    if (!image_line_at(image, linear, &line))
        return;
    const char *slash = strrchr(line.file, '/');
    out_format(out, " (%s:%u)", slash ? slash + 1 : line.file, line.line);
}

void resolve_words(const struct debugger *debugger, uint64_t linear, struct out *out) {
    const struct session *session = debugger->session;
    bool in_kernel = session_image_at(session, linear) == session->kernel_image;
    uint32_t pid = session->story ? story_current_task(session->story) : 0;
    bool in_program = !in_kernel && session->program_started && session->story &&
                      story_runs_program(session->story, pid, session->program_pid);
    const struct image *image = in_kernel ? session->kernel_image : in_program ? session->program_image : NULL;
    char symbol[96];
    if (!image || !image_symbol_at(image, linear, symbol, sizeof symbol)) {
        out_format(out, "%08" PRIx64, linear);
        return;
    }
    out_string(out, symbol);
    resolve_line(image, linear, out);
}

static size_t add_symbols(const struct image *image, const char *prefix, const char **names, size_t count,
                          size_t most) {
    size_t length = strlen(prefix);
    for (size_t i = 0; image && count < most; i++) {
        const char *name = image_symbol_name(image, i);
        if (!name)
            break;
        if (strncmp(name, prefix, length) == 0 && (count == 0 || strcmp(names[count - 1], name) != 0))
            names[count++] = name;
    }
    return count;
}

size_t debugger_symbols(const struct debugger *debugger, const char *prefix, const char **names, size_t most) {
    size_t count = add_symbols(debugger->session->program_image, prefix, names, 0, most);
    return add_symbols(debugger->session->kernel_image, prefix, names, count, most);
}
