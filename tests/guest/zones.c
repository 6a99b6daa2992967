/* The zones of every node as /proc/zoneinfo has them: name, spanned, present, start_pfn. Then memory of all nodes in
 * use at once: `argv[1]` MiB, every page written and read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_zones(void) {
    char line[256];
    FILE *file = fopen("/proc/zoneinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "Node", 4) || strstr(line, "spanned") || strstr(line, "present") ||
            strstr(line, "start_pfn"))
            fputs(line, stdout);
    if (file)
        fclose(file);
}

int main(int argc, char **argv) {
    size_t pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 40) << 8, bad = 0;
    print_zones();
    unsigned *memory = malloc(pages << 12);
    if (!memory)
        return 1;
    for (size_t i = 0; i < pages; i++)
        memory[i << 10] = (unsigned)i * 2654435761u;
    for (size_t i = 0; i < pages; i++)
        bad += memory[i << 10] != (unsigned)i * 2654435761u;
    printf("%zu pages written, %zu lost\n", pages, bad);
    return bad != 0;
}
