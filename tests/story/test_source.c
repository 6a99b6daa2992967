/* Source lines: found wherever the image and the program's folder lead, never by the current folder, and only in
 * regular files. */
#include "emu/story/internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct source_cache cache;

static const char *below(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void set_up(void) {
    strcpy(root, "/tmp/faultline-source-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
    mkdir(below("src"), 0700);
    mkdir(below("build"), 0700);
    mkdir(below("build/bin"), 0700);
    mkfifo(below("pipe.c"), 0600);
    FILE *file = fopen(below("src/x.c"), "w");
    fputs("int x;\n\t  x = 1;\t \r\ncaf\xc3\xa9(\t);\nlast", file);
    fclose(file);
}

static void tear_down(void) {
    source_cache_free(&cache);
    unlink(below("src/x.c"));
    unlink(below("pipe.c"));
    rmdir(below("build/bin"));
    rmdir(below("build"));
    rmdir(below("src"));
    rmdir(root);
}

TestSuite(source, .init = set_up, .fini = tear_down);

static const char *text_of(const char *program_directory, const char *compiled_in, const char *file, unsigned number) {
    static char text[120];
    struct image_line line = {file, compiled_in, number};
    source_line_text(&cache, program_directory, &line, text, sizeof text);
    return text;
}

Test(source, absolute_path) {
    char path[256];
    strcpy(path, below("src/x.c"));
    cr_assert_str_eq(text_of(NULL, NULL, path, 1), "int x;");
    cr_assert_str_eq(text_of(NULL, NULL, path, 2), "x = 1;");
    cr_assert_str_eq(text_of(NULL, NULL, path, 3), "caf?\?( );");
    cr_assert_str_eq(text_of(NULL, NULL, path, 4), "last");
    cr_assert_str_eq(text_of(NULL, NULL, path, 5), "");
    cr_assert_str_eq(text_of(NULL, NULL, path, 0), "");
    cr_assert_eq(cache.count, 1, "read once");
}

Test(source, relative_to_the_compilers_folder) {
    char build[256];
    strcpy(build, below("build"));
    cr_assert_str_eq(text_of(NULL, build, "../src/x.c", 1), "int x;");
}

Test(source, near_the_program) {
    char bin[256];
    strcpy(bin, below("build/bin"));
    cr_assert_str_eq(text_of(bin, "build", "../src/x.c", 1), "int x;", "the compiler's folder was cut short");
    cr_assert_str_eq(text_of(bin, NULL, "src/x.c", 1), "int x;", "two folders up");
    cr_assert_str_eq(text_of(bin, NULL, "src/y.c", 1), "");
}

Test(source, never_by_the_current_folder) {
    cr_assert_eq(chdir(root), 0);
    cr_assert_str_eq(text_of(NULL, NULL, "src/x.c", 1), "");
    cr_assert_str_eq(text_of(NULL, "build", "../src/x.c", 1), "");
    cr_assert_eq(chdir("/"), 0);
}

Test(source, only_regular_files) {
    char path[256];
    cr_assert_str_eq(text_of(NULL, NULL, strcpy(path, below("pipe.c")), 1), "");
    cr_assert_str_eq(text_of(NULL, NULL, strcpy(path, below("src")), 1), "");
    cr_assert_str_eq(text_of(NULL, NULL, "/dev/zero", 1), "");
}

Test(source, a_bounded_number_of_files) {
    char name[32], path[256];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "/nowhere/%u.c", i);
        cr_assert_str_eq(text_of(NULL, NULL, name, 1), "");
    }
    cr_assert_leq(cache.count, 64);
    cr_assert_str_eq(text_of(NULL, NULL, strcpy(path, below("src/x.c")), 1), "", "the table is full");
}

Test(source, a_text_that_does_not_fit_is_cut) {
    char path[256], text[4];
    struct image_line line = {strcpy(path, below("src/x.c")), NULL, 1};
    source_line_text(&cache, NULL, &line, text, sizeof text);
    cr_assert_str_eq(text, "int");
}
