/* faultline info: says what an ELF file is and whether it can run here. */
#include "emu/commands/command.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [IMAGE_NOT_ELF] = "not an ELF file",
    [IMAGE_I386] = "ELF for i386",
    [IMAGE_X86_64] = "ELF for x86-64",
    [IMAGE_OTHER_MACHINE] = "ELF for another machine",
};

static const char *verdict(const struct image_summary *summary) {
    if (summary->multiboot)
        return "a Multiboot kernel: faultline run --kernel FILE";
    if (summary->kind == IMAGE_I386 && summary->executable && !summary->dynamic)
        return "a static i386 program: faultline run FILE";
    if (summary->kind == IMAGE_I386 && summary->dynamic)
        return "cannot run: dynamically linked; build it with `gcc -m32 -static`";
    if (summary->kind == IMAGE_X86_64)
        return "cannot run: a 64-bit program; build it with `gcc -m32 -static`";
    return "cannot run here";
}

static void show_kernel(const struct image *image) {
    static const char *const objects[] = {"mem_map", "contig_page_data", "current_task", "init_task"};
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        uint64_t start, size;
        if (image_symbol(image, objects[i], &start, &size))
            printf("  %-18s %08" PRIx64 "  %" PRIu64 " bytes\n", objects[i], start, size);
    }
}

int command_info(int argc, char **argv) {
    struct file_bytes file;
    struct image_summary summary;
    char error[200];
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: faultline info FILE\n\nSays what an ELF file or kernel is and whether it can run here.");
        return 0;
    }
    if (argc != 2) {
        complain("info takes one file; see `faultline info --help`");
        return EXIT_BAD_INPUT;
    }
    if (!file_read(argv[1], "file", &file))
        return EXIT_BAD_INPUT;
    image_summarise(file.data, file.size, &summary);
    printf("%s: %s, %s\n", argv[1], kinds[summary.kind], verdict(&summary));
    if (summary.kind == IMAGE_NOT_ELF) {
        file_free(&file);
        return EXIT_BAD_INPUT;
    }
    printf("  entry              %08" PRIx64 "\n  symbols            %s\n  DWARF              %s\n", summary.entry,
           summary.has_symbols ? "yes" : "no", summary.has_dwarf ? "yes" : "no");
    struct image *image = image_open(file.data, file.size, error, sizeof(error));
    if (image) {
        show_kernel(image);
        image_close(image);
    }
    file_free(&file);
    return 0;
}
