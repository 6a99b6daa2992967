/* Registers for GDB: see registers.h. */
#include "emu/gdb/registers.h"

#include "emu/story/out.h"

#include <string.h>

enum field {
    GPR, /* index: of cpu.gpr */
    RIP,
    FLAGS,
    SELECTOR,    /* index: segment */
    BASE,        /* index: segment */
    LIMIT,       /* index: segment */
    ST,          /* index: 0-7 */
    FPU_CONTROL, /* index: in fpu_word() */
    XMM,
    MXCSR,
    GDT_BASE,
    GDT_LIMIT,
    IDT_BASE,
    IDT_LIMIT,
    CR0,
    CR2,
    CR3,
    CR4,
    EFER,
    CPL,
};

struct row {
    const char *name, *type, *feature; /* feature: begins one, NULL: goes on */
    enum field field;
    uint8_t index, bits;
};

#define CORE "org.gnu.gdb.i386.core"
#define SSE "org.gnu.gdb.i386.sse"
#define SEGMENTS "org.gnu.gdb.i386.segments"
#define SYSTEM "faultline.system"

/* clang-format off */
#define SELECTORS \
    {"cs", "int32", NULL, SELECTOR, CPU_CS, 32}, {"ss", "int32", NULL, SELECTOR, CPU_SS, 32}, \
    {"ds", "int32", NULL, SELECTOR, CPU_DS, 32}, {"es", "int32", NULL, SELECTOR, CPU_ES, 32}, \
    {"fs", "int32", NULL, SELECTOR, CPU_FS, 32}, {"gs", "int32", NULL, SELECTOR, CPU_GS, 32}
#define STACK_OF_X87 \
    {"st0", "i387_ext", NULL, ST, 0, 80}, {"st1", "i387_ext", NULL, ST, 1, 80}, {"st2", "i387_ext", NULL, ST, 2, 80}, \
    {"st3", "i387_ext", NULL, ST, 3, 80}, {"st4", "i387_ext", NULL, ST, 4, 80}, {"st5", "i387_ext", NULL, ST, 5, 80}, \
    {"st6", "i387_ext", NULL, ST, 6, 80}, {"st7", "i387_ext", NULL, ST, 7, 80}, \
    {"fctrl", "int", NULL, FPU_CONTROL, 0, 32}, {"fstat", "int", NULL, FPU_CONTROL, 1, 32}, \
    {"ftag", "int", NULL, FPU_CONTROL, 2, 32}, {"fiseg", "int", NULL, FPU_CONTROL, 3, 32}, \
    {"fioff", "int", NULL, FPU_CONTROL, 3, 32}, {"foseg", "int", NULL, FPU_CONTROL, 3, 32}, \
    {"fooff", "int", NULL, FPU_CONTROL, 3, 32}, {"fop", "int", NULL, FPU_CONTROL, 3, 32}
#define XMM_LOW \
    {"xmm0", "vec128", SSE, XMM, 0, 128}, {"xmm1", "vec128", NULL, XMM, 1, 128}, {"xmm2", "vec128", NULL, XMM, 2, 128}, \
    {"xmm3", "vec128", NULL, XMM, 3, 128}, {"xmm4", "vec128", NULL, XMM, 4, 128}, {"xmm5", "vec128", NULL, XMM, 5, 128}, \
    {"xmm6", "vec128", NULL, XMM, 6, 128}, {"xmm7", "vec128", NULL, XMM, 7, 128}
#define SYSTEM_ROWS(bits) \
    {"cs_base", "data_ptr", SYSTEM, BASE, CPU_CS, bits}, {"ss_base", "data_ptr", NULL, BASE, CPU_SS, bits}, \
    {"ds_base", "data_ptr", NULL, BASE, CPU_DS, bits}, {"es_base", "data_ptr", NULL, BASE, CPU_ES, bits}, \
    {"ldtr", "int32", NULL, SELECTOR, CPU_LDTR, 32}, {"ldt_base", "data_ptr", NULL, BASE, CPU_LDTR, bits}, \
    {"tr", "int32", NULL, SELECTOR, CPU_TR, 32}, {"tss_base", "data_ptr", NULL, BASE, CPU_TR, bits}, \
    {"tss_limit", "uint32", NULL, LIMIT, CPU_TR, 32}, \
    {"gdt_base", "data_ptr", NULL, GDT_BASE, 0, bits}, {"gdt_limit", "uint32", NULL, GDT_LIMIT, 0, 32}, \
    {"idt_base", "data_ptr", NULL, IDT_BASE, 0, bits}, {"idt_limit", "uint32", NULL, IDT_LIMIT, 0, 32}, \
    {"cr0", "i386_cr0", NULL, CR0, 0, bits}, {"cr2", "data_ptr", NULL, CR2, 0, bits}, \
    {"cr3", "uint" #bits, NULL, CR3, 0, bits}, {"cr4", "i386_cr4", NULL, CR4, 0, bits}, \
    {"efer", "i386_efer", NULL, EFER, 0, bits}, {"cpl", "int32", NULL, CPL, 0, 32}

static const struct row rows32[] = {
    {"eax", "int32", CORE, GPR, 0, 32}, {"ecx", "int32", NULL, GPR, 1, 32}, {"edx", "int32", NULL, GPR, 2, 32},
    {"ebx", "int32", NULL, GPR, 3, 32}, {"esp", "data_ptr", NULL, GPR, 4, 32}, {"ebp", "data_ptr", NULL, GPR, 5, 32},
    {"esi", "int32", NULL, GPR, 6, 32}, {"edi", "int32", NULL, GPR, 7, 32}, {"eip", "code_ptr", NULL, RIP, 0, 32},
    {"eflags", "i386_eflags", NULL, FLAGS, 0, 32},
    SELECTORS, STACK_OF_X87, XMM_LOW, {"mxcsr", "i386_mxcsr", NULL, MXCSR, 0, 32},
    SYSTEM_ROWS(32), {"fs_base", "data_ptr", NULL, BASE, CPU_FS, 32}, {"gs_base", "data_ptr", NULL, BASE, CPU_GS, 32},
};

static const struct row rows64[] = {
    {"rax", "int64", CORE, GPR, 0, 64}, {"rbx", "int64", NULL, GPR, 3, 64}, {"rcx", "int64", NULL, GPR, 1, 64},
    {"rdx", "int64", NULL, GPR, 2, 64}, {"rsi", "int64", NULL, GPR, 6, 64}, {"rdi", "int64", NULL, GPR, 7, 64},
    {"rbp", "data_ptr", NULL, GPR, 5, 64}, {"rsp", "data_ptr", NULL, GPR, 4, 64}, {"r8", "int64", NULL, GPR, 8, 64},
    {"r9", "int64", NULL, GPR, 9, 64}, {"r10", "int64", NULL, GPR, 10, 64}, {"r11", "int64", NULL, GPR, 11, 64},
    {"r12", "int64", NULL, GPR, 12, 64}, {"r13", "int64", NULL, GPR, 13, 64}, {"r14", "int64", NULL, GPR, 14, 64},
    {"r15", "int64", NULL, GPR, 15, 64}, {"rip", "code_ptr", NULL, RIP, 0, 64},
    {"eflags", "i386_eflags", NULL, FLAGS, 0, 32},
    SELECTORS, STACK_OF_X87, XMM_LOW,
    {"xmm8", "vec128", NULL, XMM, 8, 128}, {"xmm9", "vec128", NULL, XMM, 9, 128},
    {"xmm10", "vec128", NULL, XMM, 10, 128}, {"xmm11", "vec128", NULL, XMM, 11, 128},
    {"xmm12", "vec128", NULL, XMM, 12, 128}, {"xmm13", "vec128", NULL, XMM, 13, 128},
    {"xmm14", "vec128", NULL, XMM, 14, 128}, {"xmm15", "vec128", NULL, XMM, 15, 128},
    {"mxcsr", "i386_mxcsr", NULL, MXCSR, 0, 32},
    {"fs_base", "int64", SEGMENTS, BASE, CPU_FS, 64}, {"gs_base", "int64", NULL, BASE, CPU_GS, 64},
    SYSTEM_ROWS(64),
};
/* clang-format on */

static const struct row *rows_of(bool wide, unsigned *count) {
    *count = wide ? sizeof rows64 / sizeof rows64[0] : sizeof rows32 / sizeof rows32[0];
    return wide ? rows64 : rows32;
}

static const struct row *row_of(bool wide, unsigned number) {
    unsigned count;
    const struct row *rows = rows_of(wide, &count);
    return number < count ? &rows[number] : NULL;
}

unsigned registers_count(bool wide) {
    unsigned count;
    rows_of(wide, &count);
    return count;
}

unsigned registers_bytes(bool wide, unsigned number) {
    const struct row *row = row_of(wide, number);
    return row ? row->bits / 8u : 0;
}

/* ---- values ---- */

static uint64_t fpu_word(const struct cpu_fpu *fpu, unsigned index) {
    return index == 0 ? fpu->control : index == 1 ? fpu->status : index == 2 ? fpu->tag : 0;
}

static uint64_t value_of(const struct register_set *set, const struct row *row) {
    const struct cpu_registers *cpu = &set->cpu;
    switch (row->field) {
    case GPR: return cpu->gpr[row->index];
    case RIP: return cpu->rip;
    case FLAGS: return cpu->rflags;
    case SELECTOR: return cpu->segment[row->index].selector;
    case BASE: return cpu->segment[row->index].base;
    case LIMIT: return cpu->segment[row->index].limit;
    case FPU_CONTROL: return fpu_word(&set->fpu, row->index);
    case MXCSR: return set->fpu.mxcsr;
    case GDT_BASE: return cpu->gdt_base;
    case GDT_LIMIT: return cpu->gdt_limit;
    case IDT_BASE: return cpu->idt_base;
    case IDT_LIMIT: return cpu->idt_limit;
    case CR0: return cpu->cr0;
    case CR2: return cpu->cr2;
    case CR3: return cpu->cr3;
    case CR4: return cpu->cr4;
    case EFER: return cpu->efer;
    case CPL: return cpu->cpl;
    default: return 0;
    }
}

void registers_get(const struct register_set *set, bool wide, unsigned number, uint8_t value[16]) {
    const struct row *row = row_of(wide, number);
    memset(value, 0, 16);
    if (!row)
        return;
    uint64_t word = value_of(set, row);
    if (row->field == ST)
        memcpy(value, set->fpu.st[row->index], sizeof set->fpu.st[0]);
    else if (row->field == XMM)
        memcpy(value, set->fpu.xmm[row->index], sizeof set->fpu.xmm[0]);
    else
        memcpy(value, &word, row->bits / 8);
}

static uint64_t *changeable(struct register_set *set, const struct row *row) {
    switch (row->field) {
    case GPR: return &set->cpu.gpr[row->index];
    case RIP: return &set->cpu.rip;
    case FLAGS: return &set->cpu.rflags;
    case CR2: return &set->cpu.cr2;
    case CR3: return &set->cpu.cr3;
    case BASE: return row->index == CPU_FS || row->index == CPU_GS ? &set->cpu.segment[row->index].base : NULL;
    default: return NULL;
    }
}

bool registers_set(struct register_set *set, bool wide, unsigned number, const uint8_t value[16]) {
    const struct row *row = row_of(wide, number);
    uint8_t now[16];
    if (!row)
        return false;
    uint64_t *word = changeable(set, row);
    if (!word) { /* the value that it has anyway may be written to it */
        registers_get(set, wide, number, now);
        return memcmp(now, value, row->bits / 8) == 0;
    }
    *word = 0;
    memcpy(word, value, row->bits / 8);
    return true;
}

/* ---- description ---- */

struct flag {
    const char *name;
    uint8_t bit;
};

struct flags {
    const char *id;
    struct flag flag[24];
};

static const struct flags eflags = {"i386_eflags",
                                    {{"CF", 0},
                                     {"PF", 2},
                                     {"AF", 4},
                                     {"ZF", 6},
                                     {"SF", 7},
                                     {"TF", 8},
                                     {"IF", 9},
                                     {"DF", 10},
                                     {"OF", 11},
                                     {"NT", 14},
                                     {"RF", 16},
                                     {"VM", 17},
                                     {"AC", 18},
                                     {"VIF", 19},
                                     {"VIP", 20},
                                     {"ID", 21}}};
static const struct flags mxcsr = {"i386_mxcsr",
                                   {{"IE", 0},
                                    {"DE", 1},
                                    {"ZE", 2},
                                    {"OE", 3},
                                    {"UE", 4},
                                    {"PE", 5},
                                    {"DAZ", 6},
                                    {"IM", 7},
                                    {"DM", 8},
                                    {"ZM", 9},
                                    {"OM", 10},
                                    {"UM", 11},
                                    {"PM", 12},
                                    {"FZ", 15}}};
static const struct flags cr0 = {"i386_cr0",
                                 {{"PE", 0},
                                  {"MP", 1},
                                  {"EM", 2},
                                  {"TS", 3},
                                  {"ET", 4},
                                  {"NE", 5},
                                  {"WP", 16},
                                  {"AM", 18},
                                  {"NW", 29},
                                  {"CD", 30},
                                  {"PG", 31}}};
static const struct flags cr4 = {"i386_cr4",
                                 {{"VME", 0},
                                  {"PVI", 1},
                                  {"TSD", 2},
                                  {"DE", 3},
                                  {"PSE", 4},
                                  {"PAE", 5},
                                  {"MCE", 6},
                                  {"PGE", 7},
                                  {"PCE", 8},
                                  {"OSFXSR", 9},
                                  {"OSXMMEXCPT", 10},
                                  {"LA57", 12},
                                  {"PCIDE", 17},
                                  {"SMEP", 20},
                                  {"SMAP", 21},
                                  {"PKE", 22}}};
static const struct flags efer = {"i386_efer", {{"SCE", 0}, {"LME", 8}, {"LMA", 10}, {"NXE", 11}}};

static void describe_flags(struct out *out, const struct flags *flags, unsigned bytes) {
    out_format(out, "<flags id=\"%s\" size=\"%u\">", flags->id, bytes);
    for (const struct flag *flag = flags->flag; flag->name; flag++)
        out_format(out, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", flag->name, flag->bit, flag->bit);
    out_string(out, "</flags>");
}

static void describe_vectors(struct out *out) {
    out_string(out,
               "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" "
               "count=\"2\"/><vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" "
               "count=\"8\"/><vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" "
               "count=\"2\"/><union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" "
               "type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
               "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/><field "
               "name=\"uint128\" type=\"uint128\"/></union>");
    describe_flags(out, &mxcsr, 4);
}

static void begin_feature(struct out *out, const char *name, bool wide) {
    out_format(out, "<feature name=\"%s\">", name);
    if (strcmp(name, CORE) == 0)
        describe_flags(out, &eflags, 4);
    if (strcmp(name, SSE) == 0)
        describe_vectors(out);
    if (strcmp(name, SYSTEM) == 0) {
        describe_flags(out, &cr0, wide ? 8 : 4);
        describe_flags(out, &cr4, wide ? 8 : 4);
        describe_flags(out, &efer, wide ? 8 : 4);
    }
}

size_t registers_describe(bool wide, char *text, size_t size) {
    struct out out;
    unsigned count;
    const struct row *rows = rows_of(wide, &count);
    out_init(&out, text, size);
    out_format(&out,
               "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>%s"
               "</architecture>",
               wide ? "i386:x86-64" : "i386");
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].feature && i > 0)
            out_string(&out, "</feature>");
        if (rows[i].feature)
            begin_feature(&out, rows[i].feature, wide);
        bool x87 = rows[i].field == FPU_CONTROL;
        out_format(&out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"%s/>", rows[i].name, rows[i].bits, rows[i].type,
                   x87 ? " group=\"float\"" : "");
    }
    out_string(&out, "</feature></target>");
    return out_end(&out);
}
