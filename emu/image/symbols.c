/*
 * Symbols: two sorted arrays over the file's symbol table. Of several names for one address or several addresses for
 * one name, the better rank wins, then the smaller address, then the smaller name, so that the answer never depends on
 * the order in the file.
 */
#include "emu/image/internal.h"

#include <elf.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many entries below an address are looked at for one that contains it (labels inside functions hide them). */
#define LOOK_BACK 64

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_address(const void *left, const void *right) {
    const struct image_symbol_entry *a = left, *b = right;
    int order = compare_numbers(a->start, b->start);
    if (!order)
        order = (b->rank > a->rank) - (b->rank < a->rank); /* best last: a search from above meets it first */
    return order ? order : strcmp(b->name, a->name);
}

static int by_name(const void *left, const void *right) {
    const struct image_symbol_entry *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    if (!order)
        order = (a->rank > b->rank) - (a->rank < b->rank);
    return order ? order : compare_numbers(a->start, b->start);
}

static uint8_t rank_of(const GElf_Sym *symbol) {
    unsigned type = GELF_ST_TYPE(symbol->st_info), binding = GELF_ST_BIND(symbol->st_info);
    unsigned rank = type == STT_NOTYPE ? 2 : 0;
    return (uint8_t)(rank + (binding == STB_LOCAL ? 1 : 0));
}

static bool wanted(const GElf_Sym *symbol, const char *name) {
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    if (!name || !name[0] || symbol->st_shndx == SHN_UNDEF)
        return false;
    return type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE;
}

static bool read_table(struct image_symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    size_t count = data && entry ? data->d_size / entry : 0;
    if (count == 0)
        return true;
    void *bigger = reallocarray(symbols->by_address, symbols->count + count, sizeof *symbols->by_address);
    if (!bigger)
        return false;
    symbols->by_address = bigger;
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol))
            break;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (wanted(&symbol, name))
            symbols->by_address[symbols->count++] = (struct image_symbol_entry){
                name, symbol.st_value, symbol.st_size, rank_of(&symbol), symbol.st_shndx != SHN_ABS};
    }
    return true;
}

bool image_symbols_read(struct image_symbols *symbols, Elf *elf) {
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB)
            continue;
        if (!read_table(symbols, elf, section, &header))
            return false;
        break; /* ELF allows one */
    }
    if (symbols->count == 0)
        return true;
    symbols->by_name = malloc(symbols->count * sizeof *symbols->by_name);
    if (!symbols->by_name)
        return false;
    memcpy(symbols->by_name, symbols->by_address, symbols->count * sizeof *symbols->by_name);
    qsort(symbols->by_address, symbols->count, sizeof *symbols->by_address, by_address);
    qsort(symbols->by_name, symbols->count, sizeof *symbols->by_name, by_name);
    return true;
}

void image_symbols_free(struct image_symbols *symbols) {
    free(symbols->by_address);
    free(symbols->by_name);
}

/* Index of the first entry of by_name whose name is not less than name. */
static size_t lower_bound_name(const struct image_symbols *symbols, const char *name) {
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(symbols->by_name[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool image_symbol(const struct image *image, const char *name, uint64_t *start, uint64_t *size) {
    const struct image_symbols *symbols = &image->symbols;
    size_t at = lower_bound_name(symbols, name);
    if (at >= symbols->count || strcmp(symbols->by_name[at].name, name) != 0)
        return false;
    if (start)
        *start = symbols->by_name[at].start;
    if (size)
        *size = symbols->by_name[at].size;
    return true;
}

/* Number of entries of by_address that start at or below address. */
static size_t count_up_to(const struct image_symbols *symbols, uint64_t address) {
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->by_address[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A symbol without a size (a label in assembly) reaches to the next start. */
static bool contains(const struct image_symbol_entry *entry, uint64_t address, bool nearest) {
    if (!entry->code_or_data)
        return false;
    return entry->size ? address - entry->start < entry->size : nearest;
}

static const struct image_symbol_entry *entry_at(const struct image_symbols *symbols, uint64_t address) {
    size_t count = count_up_to(symbols, address);
    const struct image_symbol_entry *label = NULL;
    for (size_t back = 1; back <= count && back <= LOOK_BACK; back++) {
        const struct image_symbol_entry *entry = &symbols->by_address[count - back];
        if (entry->size && contains(entry, address, false))
            return entry;
        if (!label && contains(entry, address, entry->start == symbols->by_address[count - 1].start))
            label = entry;
    }
    /* A label far below says nothing: an address behind the image is in no symbol. */
    return label && address - label->start < 4096 ? label : NULL;
}

bool image_symbol_at(const struct image *image, uint64_t address, char *text, size_t size) {
    const struct image_symbol_entry *entry = entry_at(&image->symbols, address);
    if (size > 0)
        text[0] = '\0';
    if (!entry)
        return false;
    if (address == entry->start)
        snprintf(text, size, "%s", entry->name);
    else
        snprintf(text, size, "%s+0x%llx", entry->name, (unsigned long long)(address - entry->start));
    return true;
}

const char *image_symbol_name(const struct image *image, size_t index) {
    return index < image->symbols.count ? image->symbols.by_name[index].name : NULL;
}
