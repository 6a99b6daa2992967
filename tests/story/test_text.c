/* Lines, prose, disassembly, segments, symbols and source lines of records. */
#include "emu/story/out.h"
#include "tests/story/script.h"
#include "tests/story/toy.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct script script;

static void set_up(void) { script_open(&script, NULL); }
static void tear_down(void) { script_close(&script); }

TestSuite(text, .init = set_up, .fini = tear_down);

static const struct story_fault *cow_fault(void) {
    uint32_t cow[] = {0x1a73, 2, 0x2c11};
    script.blocks = 10345509;
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    script_vma(&script, 0x40000000, 0x40020000, SCRIPT_RW, 0, 0, "");
    script_branch(&script, FLT_BRANCH_COW_COPY);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    script_pte(&script, 0x01a73025, 0x02c11067);
    script_end(&script, FLT_OUTCOME_RETRY, 0, 0);
    return story_last(script.story);
}

/* The record of a fault with this instruction, already closed. */
static const struct story_fault *instruction(const char *bytes, size_t count, uint64_t linear,
                                             const struct cpu_registers *registers) {
    struct cpu_page_fault fault = script_fault(linear, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    memset(fault.instruction, 0x90, sizeof fault.instruction);
    memcpy(fault.instruction, bytes, count);
    fault.instruction_bytes = sizeof fault.instruction;
    if (registers)
        fault.registers = *registers;
    script_hardware(&script, &fault);
    story_finish(script.story, script.blocks += 10);
    return story_last(script.story);
}

Test(text, line_of_a_fault) {
    char text[512];
    size_t length = story_fault_line(cow_fault(), text, sizeof text);
    cr_assert_str_eq(
        text,
        "#1    first-faults[7]      41.382076 ms  write 40012008  copy on write      08048a2e mov dword [eax], 0x2a"
        "          frame 02c11  ok  -");
    cr_assert_eq(length, strlen(text));
}

Test(text, line_of_a_stack_fault_and_of_a_signal) {
    char text[512];
    script_begin(&script, 0xbfff7ffc, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_vma(&script, 0xbfff7000, 0xc0000000, SCRIPT_RW, 0, 0xbfff8000, "[stack]");
    script_branch(&script, FLT_BRANCH_ANON);
    script_end(&script, FLT_OUTCOME_RETRY, 0, 0);
    story_fault_line(story_last(script.story), text, sizeof text);
    cr_assert_not_null(strstr(text, "  write bfff7ffc  anonymous + stack  "), "%s", text);
    script_begin(&script, 0x10, MMU_READ, MMU_RULE_NOT_PRESENT, 0);
    script_branch(&script, FLT_BRANCH_SEGV);
    script_end(&script, FLT_OUTCOME_SIGNAL, 11, 1);
    story_fault_line(story_last(script.story), text, sizeof text);
    cr_assert_not_null(strstr(text, "  read  00000010  bad access  "), "%s", text);
    cr_assert_not_null(strstr(text, "no frame     SIGSEGV (SEGV_MAPERR)"), "%s", text);
}

Test(text, prose_of_a_fault) {
    char text[4096];
    size_t length = story_fault_text(cow_fault(), text, sizeof text);
    cr_assert_str_eq(text, "fault 1: copy on write, first-faults[7], at 41.382076 ms, cost 60 blocks = 0.240 us\n"
                           "  0804 8a2e  mov dword [eax], 0x2a\n"
                           "  write 4001 2008 by the program, error code 7 = present + write + user\n"
                           "  segment ds (selector 002b): offset 40012008 is within limit ffffffff; base 00000000 + "
                           "offset = linear 4001 2008\n"
                           "  PDE   100 at 03f2 c400 = 03f2 e067 P W U A\n"
                           "  PTE   012 at 03f2 e048 = 01a7 3025 P - U A -   refused: read-only\n"
                           "  1. VMA 40000000-40020000 rw-p anonymous: the program may write, the entry may not\n"
                           "  2. do_wp_page: frame 01a73 is shared by 2 tables (mapcount 2), so copy\n"
                           "  3. rmap: frame 01a73 keeps 1 mapping\n"
                           "  4. PTE 01a7 3025 -> 02c1 1067\n"
                           "  5. the instruction runs again and succeeds\n");
    cr_assert_eq(length, strlen(text));
}

Test(text, a_short_buffer_is_never_overrun) {
    char whole[8192], cut[8192];
    const struct story_fault *fault = cow_fault();
    size_t (*const writers[])(const struct story_fault *, char *, size_t) = {story_fault_line, story_fault_text,
                                                                             story_fault_json};
    for (size_t i = 0; i < 3; i++) {
        size_t length = writers[i](fault, whole, sizeof whole);
        cr_assert_eq(length, strlen(whole));
        cr_assert_eq(writers[i](fault, NULL, 0), length, "writer %zu", i);
        for (size_t size = 1; size <= length; size++) {
            memset(cut, '#', sizeof cut);
            cr_assert_eq(writers[i](fault, cut, size), length, "writer %zu, %zu bytes", i, size);
            cr_assert_eq(strlen(cut), size - 1);
            cr_assert_eq(memcmp(cut, whole, size - 1), 0, "writer %zu, %zu bytes", i, size);
            cr_assert_eq(cut[size], '#');
        }
    }
}

Test(text, names_of_branches_and_outcomes) {
    struct story_fault fault = {.outcome = FLT_OUTCOME_SIGNAL, .signal = 7, .si_code = 2};
    char text[64];
    for (uint32_t branch = 0; branch < FLT_BRANCH_COUNT; branch++)
        cr_assert(story_branch_name(branch)[0], "branch %u", branch);
    cr_assert_str_eq(story_branch_name(FLT_BRANCH_COUNT), "unknown branch");
    cr_assert_str_eq(story_outcome_text(&fault, text, sizeof text), "SIGBUS (BUS_ADRERR)");
    fault.signal = 77;
    cr_assert_str_eq(story_outcome_text(&fault, text, sizeof text), "signal 77 (si_code 2)");
    fault.outcome = STORY_OUTCOME_UNKNOWN;
    cr_assert_str_eq(story_outcome_text(&fault, text, sizeof text), "open");
    fault.end_blocks = 1;
    cr_assert_str_eq(story_outcome_text(&fault, text, sizeof text), "not told");
}

Test(text, numbers) {
    static const struct {
        uint64_t value;
        const char *grouped, *address;
    } expected[] = {{0, "0", "0000 0000"},
                    {999, "999", "0000 03e7"},
                    {1000, "1 000", "0000 03e8"},
                    {16384, "16 384", "0000 4000"},
                    {4294967296, "4 294 967 296", "0001 0000 0000"},
                    {UINT64_MAX, "18 446 744 073 709 551 615", "ffff ffff ffff ffff"}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        char text[64];
        struct out out;
        out_init(&out, text, sizeof text);
        out_grouped(&out, expected[i].value);
        out_end(&out);
        cr_assert_str_eq(text, expected[i].grouped);
        out_init(&out, text, sizeof text);
        out_address(&out, expected[i].value);
        out_end(&out);
        cr_assert_str_eq(text, expected[i].address);
    }
}

Test(text, disassembly) {
    static const struct {
        const char *bytes;
        size_t count;
        const char *text;
    } expected[] = {{"\xc7\x00\x2a\x00\x00\x00", 6, "mov dword [eax], 0x2a"},
                    {"\x8b\x45\xf8", 3, "mov eax, dword [ebp-0x8]"},
                    {"\xf3\xaa", 2, "rep stosb"},
                    {"\x55", 1, "push ebp"},
                    {"\x65\xa1\x14\x00\x00\x00", 6, "mov eax, dword gs:[0x00000014]"},
                    {"\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15, NULL}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct story_fault *fault = instruction(expected[i].bytes, expected[i].count, SCRIPT_LINEAR, NULL);
        if (expected[i].text) {
            cr_assert_str_eq(fault->disassembly, expected[i].text);
            cr_assert_eq(fault->instruction_bytes, expected[i].count, "%s", expected[i].text);
        }
    }
}

Test(text, a_fetch_that_faults_has_no_instruction) {
    struct cpu_page_fault fault = script_fault(0x08048a2e, MMU_FETCH, MMU_RULE_NOT_PRESENT, 0);
    char text[4096];
    fault.instruction_bytes = 0;
    script_hardware(&script, &fault);
    story_finish(script.story, 5000);
    story_fault_text(story_last(script.story), text, sizeof text);
    cr_assert_not_null(strstr(text, "(the instruction itself could not be fetched)"), "%s", text);
    cr_assert_eq(story_last(script.story)->segment, CPU_CS);
}

/* The segment is that of the operand which reaches the address. */
Test(text, segments) {
    static const struct {
        const char *bytes;
        size_t count;
        uint64_t linear;
        enum cpu_segment_name segment;
        uint64_t offset;
    } expected[] = {{"\xc7\x00\x2a\x00\x00\x00", 6, 0x40012008, CPU_DS, 0x40012008},
                    {"\x89\x04\x24", 3, 0xbffff000, CPU_SS, 0xbffff000},
                    {"\x55", 1, 0xbfffeffc, CPU_SS, 0xbfffeffc},
                    {"\xa4", 1, 0x40012008, CPU_ES, 0x40012008},
                    {"\xa4", 1, 0x50000000, CPU_DS, 0x50000000},
                    {"\x65\xa1\x14\x00\x00\x00", 6, 0x70000014, CPU_GS, 0x14},
                    {"\xff\x30", 2, 0xbfffeffc, CPU_SS, 0xbfffeffc},
                    {"\xff\x30", 2, 0x60000000, CPU_DS, 0x60000000}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct cpu_page_fault fault = script_fault(expected[i].linear, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
        struct cpu_registers registers = fault.registers;
        registers.gpr[0] = expected[i].bytes[0] == '\xff' ? 0x60000000 : 0x40012008; /* eax */
        registers.gpr[6] = 0x50000000;                                               /* esi */
        registers.gpr[7] = 0x40012008;                                               /* edi */
        registers.segment[CPU_GS].base = 0x70000000;
        const struct story_fault *told =
            instruction(expected[i].bytes, expected[i].count, expected[i].linear, &registers);
        cr_assert_eq(told->segment, expected[i].segment, "case %zu: %s goes through %u", i, told->disassembly,
                     told->segment);
        cr_assert_eq(told->offset, expected[i].offset, "case %zu", i);
    }
}

Test(text, an_offset_beyond_the_limit_is_said) {
    struct cpu_page_fault fault = script_fault(SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    char text[4096];
    fault.registers.segment[CPU_DS].limit = 0xfffff;
    story_fault_text(instruction("\xc7\x00\x2a\x00\x00\x00", 6, SCRIPT_LINEAR, &fault.registers), text, sizeof text);
    cr_assert_not_null(strstr(text, "offset 40012008 is beyond limit 000fffff"), "%s", text);
    fault.registers.segment[CPU_DS].flags = 0x00cff700; /* expand-down: valid above the limit */
    story_fault_text(instruction("\xc7\x00\x2a\x00\x00\x00", 6, SCRIPT_LINEAR, &fault.registers), text, sizeof text);
    cr_assert_not_null(strstr(text, "offset 40012008 is within limit 000fffff"), "%s", text);
}

Test(text, no_segment_without_registers_or_for_implicit_accesses) {
    struct cpu_registers none = {.rip = 0};
    cr_assert_eq(instruction("\x55", 1, SCRIPT_LINEAR, &none)->segment, CPU_SEGMENTS);
    struct cpu_page_fault fault = script_fault(SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    fault.walk.access.implicit = true;
    script_hardware(&script, &fault);
    cr_assert_eq(story_fault_by_number(script.story, 2)->segment, CPU_SEGMENTS);
}

Test(text, long_mode_has_64_bit_operands_and_flat_segments) {
    struct cpu_page_fault fault = script_fault(0x7f0000001000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    fault.registers.efer = MMU_EFER_LMA;
    fault.registers.segment[CPU_CS].flags = 0x00affb00;
    fault.registers.segment[CPU_DS].base = 0x1234;
    fault.registers.gpr[0] = 0x7f0000001000;
    const struct story_fault *told = instruction("\x48\xc7\x00\x2a\x00\x00\x00", 7, 0x7f0000001000, &fault.registers);
    cr_assert_str_eq(told->disassembly, "mov qword [rax], 0x2a");
    cr_assert_eq(told->offset, 0x7f0000001000);
    cr_assert_eq(told->segment_base, 0);
}

/* ---- symbols and source ---- */

struct toy {
    uint8_t *file;
    struct image *image;
    struct script script;
};

static void toy_open(struct toy *toy, struct story_config config) {
    char error[160];
    size_t size;
    toy->file = toy_read_file(TOY_KERNEL, &size);
    toy->image = image_open(toy->file, size, error, sizeof error);
    cr_assert_not_null(toy->image);
    config.kernel = toy->image;
    script_open(&toy->script, &config);
}

static void toy_close(struct toy *toy) {
    script_close(&toy->script);
    image_close(toy->image);
    free(toy->file);
}

static const struct story_fault *toy_fault(struct toy *toy, const char *function, uint8_t cpl) {
    struct cpu_page_fault fault = script_fault(SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    uint64_t start;
    cr_assert(image_symbol(toy->image, function, &start, NULL));
    fault.rip = start;
    fault.cpl = cpl;
    script_hardware(&toy->script, &fault);
    return story_fault_by_number(toy->script.story, story_fault_count(toy->script.story));
}

Test(text, symbol_line_and_source_of_the_kernel) {
    struct toy toy;
    toy_open(&toy, (struct story_config){.keep = 0});
    for (unsigned again = 0; again < 2; again++) { /* the second comes from the table of known places */
        const struct story_fault *fault = toy_fault(&toy, "toy_sum", 0);
        cr_assert_str_eq(fault->symbol, "toy_sum");
        cr_assert_str_eq(fault->source_file, "toy_kernel.c");
        cr_assert_gt(fault->source_line, 90);
        cr_assert_str_eq(fault->source_text, "int toy_sum(int limit) {");
    }
    cr_assert_str_eq(toy_fault(&toy, "toy_entry", 0)->symbol, "toy_entry");
    toy_close(&toy);
}

Test(text, a_programs_symbols_are_only_for_the_program) {
    struct toy toy;
    char error[160];
    size_t size;
    uint8_t *file = toy_read_file(TOY_KERNEL, &size);
    struct image *program = image_open(file, size, error, sizeof error);
    toy_open(&toy, (struct story_config){.program = program, .program_comm = "first-faults"});
    struct cpu_page_fault fault = script_fault(SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_hardware(&toy.script, &fault);
    cr_assert_str_eq(story_fault_by_number(toy.script.story, 1)->symbol, "", "08048a2e is not in the image");
    cr_assert_str_eq(toy_fault(&toy, "toy_sum", 3)->symbol, "toy_sum",
                     "a jump into the kernel is named by the kernel's symbols");
    toy_close(&toy);
    image_close(program);
    free(file);
}
