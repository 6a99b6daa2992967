/* What GDB debugs in the guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int counter;
struct pair {
    int left, right;
    char name[8];
} pair = {1, 2, "pair"};

static int twice(int value) {
    int result = value * 2;
    counter += result;
    return result;
}

int main(int argc, char **argv) {
    int sum = argc;
    while (argc > 1)
        counter++;
    for (int i = 0; i < 3; i++)
        sum += twice(i);
    char *page = malloc(1 << 20);
    memset(page, 7, 1 << 20);
    pair.right = page[4096];
    printf("sum %d counter %d right %d %s\n", sum, counter, pair.right, argv[0] ? "named" : "");
    return 7;
}
