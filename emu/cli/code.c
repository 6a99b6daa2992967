/* Memory as numbers and instructions, symbols, source lines, calls. Everything is read by peek. */
#include "emu/cli/internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 16u
#define COUNT_MAX 4096u
#define LIST_LINES 10u
#define INLINES_MAX 8u
#define PHYSICAL "phys:"

/* ---- x ---- */

struct format {
    uint64_t count;
    char letter; /* x d u c s i */
    unsigned bytes;
};

static bool parse_format(struct cli *cli, const char *text, struct format *format) {
    *format = (struct format){1, 'x', 4};
    char *end;
    uint64_t count = strtoull(text, &end, 10);
    if (end != text)
        format->count = count;
    for (; *end; end++) {
        static const char sizes[] = "bhwg", letters[] = "xducsi";
        const char *size = strchr(sizes, *end);
        if (size)
            format->bytes = 1u << (size - sizes);
        else if (strchr(letters, *end))
            format->letter = *end;
        else
            break;
    }
    if (*end == '\0' && format->count >= 1 && format->count <= COUNT_MAX) {
        format->bytes = format->letter == 'c' ? 1 : format->bytes;
        return true;
    }
    fail(cli, "the format '/%s' is not known; give a count (1 to %u), x d u c s or i, and b h w or g: x/8xw", text,
         COUNT_MAX);
    return false;
}

/* Where bytes come from: linear memory, or physical after "phys:". */
struct source {
    bool physical;
    uint64_t at;
};

static size_t read_bytes(struct cli *cli, const struct source *from, uint64_t at, void *to, size_t size) {
    struct machine *machine = session_machine(cli->session);
    if (from->physical)
        return mmu_peek_physical(machine_memory(machine), mmu_phys(at), to, size);
    return mmu_peek_read(machine_mmu(machine), mmu_linear(at), to, size);
}

static void say_number(struct cli *cli, const struct format *format, uint64_t value) {
    unsigned bits = format->bytes * 8;
    int64_t number = (int64_t)(value << (64 - bits)) >> (64 - bits);
    int width = (int)format->bytes * 2;
    switch (format->letter) {
    case 'd': say(cli, "  %*" PRId64, width + 2, number); return;
    case 'u': say(cli, "  %*" PRIu64, width + 2, value); return;
    case 'c': say(cli, "  '%c'", value >= 32 && value < 127 ? (char)value : '.'); return;
    default: say(cli, "  0x%0*" PRIx64, width, value);
    }
}

static void unreadable(struct cli *cli, const struct source *from, uint64_t at) {
    fail(cli, "%s memory at %08" PRIx64 " cannot be read: %s", from->physical ? "physical" : "linear", at,
         from->physical ? "there is none" : "no page is mapped there");
}

static uint64_t examine_numbers(struct cli *cli, const struct format *format, const struct source *from) {
    uint64_t at = from->at, per_line = LINE_BYTES / format->bytes;
    for (uint64_t i = 0; i < format->count; i++, at += format->bytes) {
        uint64_t value = 0;
        if (read_bytes(cli, from, at, &value, format->bytes) != format->bytes) {
            if (i % per_line)
                say(cli, "\n");
            unreadable(cli, from, at);
            return at;
        }
        if (i % per_line == 0)
            say(cli, "%08" PRIx64 ":", at);
        say_number(cli, format, value);
        if (i % per_line == per_line - 1 || i + 1 == format->count)
            say(cli, "\n");
    }
    return at;
}

static uint64_t examine_strings(struct cli *cli, const struct format *format, const struct source *from) {
    uint64_t at = from->at;
    for (uint64_t i = 0; i < format->count; i++) {
        char bytes[200], text[201];
        size_t got = read_bytes(cli, from, at, bytes, sizeof(bytes)), length = strnlen(bytes, got);
        if (got == 0) {
            unreadable(cli, from, at);
            return at;
        }
        for (size_t j = 0; j < length; j++)
            text[j] = isprint((unsigned char)bytes[j]) ? bytes[j] : '.';
        text[length] = '\0';
        say(cli, "%08" PRIx64 ":  \"%s\"%s\n", at, text, length == got ? "..." : "");
        at += length + (length < got);
    }
    return at;
}

static uint64_t examine_code(struct cli *cli, uint64_t count, uint64_t at) {
    struct cpu_registers registers;
    cpu_read_registers(machine_cpu(session_machine(cli->session)), &registers);
    for (uint64_t i = 0; i < count; i++) {
        struct inspect_code code;
        char symbol[160];
        inspect_code(cli->session, at, &code);
        inspect_symbol(cli->session, at, symbol, sizeof(symbol));
        say(cli, "%s%08" PRIx64 " <%s>  %s\n", at == registers.rip ? "> " : "  ", at, symbol[0] ? symbol : "?",
            code.length > 0 ? code.text : "(no instruction)");
        if (code.length == 0 && i == 0)
            fail(cli, "no instruction can be read at %08" PRIx64, at);
        if (code.length == 0)
            return at;
        at += code.length;
    }
    return at;
}

static bool parse_source(struct cli *cli, const char *text, struct source *from) {
    *from = (struct source){.physical = strncmp(text, PHYSICAL, sizeof(PHYSICAL) - 1) == 0};
    if (from->physical)
        return words_hex(cli, "PHYSICAL", text + sizeof(PHYSICAL) - 1, &from->at);
    if (text[0])
        return words_address(cli, text, &from->at);
    from->at = cli->place;
    if (cli->place == 0)
        fail(cli, "x needs an address; `help x` tells");
    return cli->place != 0;
}

void run_examine(struct cli *cli, const struct words *words) {
    struct format format;
    struct source from;
    if (!parse_format(cli, words->format, &format) || !parse_source(cli, words->rest, &from))
        return;
    if (format.letter == 'i' && from.physical)
        fail(cli, "instructions are read from linear memory; leave phys: out");
    else if (format.letter == 'i')
        cli->place = examine_code(cli, format.count, from.at);
    else if (format.letter == 's')
        cli->place = examine_strings(cli, &format, &from);
    else
        cli->place = examine_numbers(cli, &format, &from);
}

/* ---- code ---- */

static uint64_t current(const struct cli *cli) {
    struct cpu_registers registers;
    cpu_read_registers(machine_cpu(session_machine(cli->session)), &registers);
    return registers.rip;
}

void run_disassemble(struct cli *cli, const struct words *words) {
    uint64_t at = cli->place ? cli->place : current(cli);
    if (words->count < 2 || words_address(cli, words->rest, &at))
        cli->place = examine_code(cli, LIST_LINES, at);
}

static void say_call(struct cli *cli, unsigned number, uint64_t address, const struct image_call *call) {
    const char *slash = call->file ? strrchr(call->file, '/') : NULL;
    say(cli, "#%-2u %08" PRIx64 " %s", number, address, call->function);
    if (call->file)
        say(cli, "  %s:%u", slash ? slash + 1 : call->file, call->line);
    say(cli, "\n");
}

/* The functions at one address: several where the compiler has put some into another. Returns how many. */
static unsigned say_calls_at(struct cli *cli, unsigned number, uint64_t address, uint64_t inside) {
    struct image_call calls[INLINES_MAX];
    char symbol[160];
    size_t count = inspect_functions(cli->session, inside, calls, INLINES_MAX);
    if (count == 0) {
        if (!inspect_symbol(cli->session, inside, symbol, sizeof(symbol)))
            snprintf(symbol, sizeof(symbol), "?");
        symbol[strcspn(symbol, "+")] = '\0';
        calls[count++] = (struct image_call){.function = symbol};
    }
    for (unsigned i = 0; i < count && i < INLINES_MAX; i++)
        say_call(cli, number + i, address, &calls[i]);
    return (unsigned)count;
}

void run_backtrace(struct cli *cli, const struct words *words) {
    struct inspect_call calls[INSPECT_CALLS];
    size_t count = inspect_calls(cli->session, calls);
    unsigned number = 0;
    (void)words;
    for (size_t i = 0; i < count; i++) {
        if (calls[i].entry)
            say(cli, "    entered the kernel from\n");
        /* a return address may be the next function's: the call lies before it */
        uint64_t inside = calls[i].address - (i > 0 && !calls[i].entry);
        number += say_calls_at(cli, number, calls[i].address, inside);
    }
}

void run_list(struct cli *cli, const struct words *words) {
    uint64_t at = current(cli);
    struct image_line line;
    char text[200];
    if (words->count > 1 && !words_address(cli, words->rest, &at))
        return;
    if (!inspect_line(cli->session, at, &line)) {
        fail(cli, "no source line is known for %08" PRIx64 "; build the program with -g", at);
        return;
    }
    unsigned middle = line.line, said = 0;
    for (line.line = middle > LIST_LINES / 2 ? middle - LIST_LINES / 2 : 1; line.line <= middle + LIST_LINES / 2;
         line.line++)
        if (inspect_source(cli->session, &line, text, sizeof(text)) && ++said)
            say(cli, "%s%5u  %s\n", line.line == middle ? ">" : " ", line.line, text);
    if (said == 0)
        fail(cli, "the source %.200s, line %u, is not on this host", line.file, middle);
}

void run_symbol(struct cli *cli, const struct words *words) {
    struct image_line line;
    char symbol[160];
    uint64_t at;
    if (!words_address(cli, words->rest, &at))
        return;
    if (!inspect_symbol(cli->session, at, symbol, sizeof(symbol))) {
        say(cli, "%08" PRIx64 " is in no symbol that is known\n", at);
        return;
    }
    say(cli, "%08" PRIx64 " is %s", at, symbol);
    if (inspect_line(cli->session, at, &line))
        say(cli, ", %s:%u", strrchr(line.file, '/') ? strrchr(line.file, '/') + 1 : line.file, line.line);
    say(cli, "\n");
}

void run_print(struct cli *cli, const struct words *words) {
    char symbol[160];
    uint64_t at, value = 0;
    if (!words_address(cli, words->rest, &at))
        return;
    say(cli, "0x%08" PRIx64 " = %" PRIu64, at, at);
    if (inspect_symbol(cli->session, at, symbol, sizeof(symbol)))
        say(cli, " <%s>", symbol);
    if (mmu_peek_read(machine_mmu(session_machine(cli->session)), mmu_linear(at), &value, 4) == 4)
        say(cli, ", the 4 bytes there: 0x%08" PRIx64, value);
    say(cli, "\n");
}
