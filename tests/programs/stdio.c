/* The C library on top: formatted output and input, buffers, temporary files, sorting, strings, environment. */
#include "show.h"
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <wchar.h>

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void numbers(void)
{
    printf("[%5d] [%-5d] [%05d] [%+d] [%x] [%#o] [%c] [%10.3s]\n", 42, 42, 42, 42, 255, 8, 'c', "string");
    printf("[%lld] [%llu] [%hhd] [%zu]\n", -9223372036854775807LL, 18446744073709551615ULL, (signed char)200,
           sizeof(long));
    printf("[%f] [%.10g] [%e] [%a] [%8.2f]\n", 3.14159265358979, 0.1, 12345.678, 1.5, -2.5);
    printf("[%g] [%g] [%g] [%g]\n", 1.0 / 0.0, -1.0 / 0.0, 1e300 * 1e10, 1e-320);
    printf("[%ls] [%p]\n", L"wide", NULL);
    int a;
    float f;
    char word[20];
    printf("%d ", sscanf("  17 2.5 word", "%d %f %19s", &a, &f, word));
    printf("%d %.1f %s\n", a, (double)f, word);
    char *end;
    printf("%ld %s %lu %.3f\n", strtol("-0x1fz", &end, 16), end, strtoul("777", NULL, 8), strtod("1e3x", NULL));
}

static void streams(void)
{
    FILE *f = tmpfile();
    if (!f) {
        printf("no temporary file\n");
        return;
    }
    for (int i = 0; i < 3000; i++)
        fprintf(f, "line %d\n", i);
    printf("at %ld\n", ftell(f));
    rewind(f);
    char line[64];
    int lines = 0;
    uint32_t sum = 0;
    while (fgets(line, sizeof(line), f)) {
        sum = sum * 31 + checksum(line, strlen(line));
        lines++;
    }
    printf("%d lines, %08x, end %d\n", lines, sum, feof(f) != 0);
    fseek(f, 100, SEEK_SET);
    fputs("REPLACED", f);
    fseek(f, 98, SEEK_SET);
    printf("%s", fgets(line, sizeof(line), f));
    fseek(f, -5, SEEK_END);
    printf("%s", fgets(line, sizeof(line), f));
    ungetc('u', f);
    printf("%c\n", fgetc(f));
    fclose(f);
    char *text;
    size_t size;
    f = open_memstream(&text, &size);
    fprintf(f, "in memory %d", 1);
    fclose(f);
    printf("%s %zu\n", text, size);
    free(text);
}

static void others(void)
{
    int values[200];
    srand(1);
    for (int i = 0; i < 200; i++)
        values[i] = rand() % 1000;
    qsort(values, 200, sizeof(int), compare);
    printf("sorted %08x\n", checksum(values, sizeof(values)));
    char text[] = "one,two,,three";
    for (char *part = strtok(text, ","); part; part = strtok(NULL, ","))
        printf("<%s>", part);
    printf("\n%s %s\n", strerror(ENOENT), strerror(EAGAIN));
    printf("%.12f %.12f %.12f\n", sin(1.0), exp(1.0), pow(2.0, 0.5));
    show_bool("setlocale", setlocale(LC_ALL, "C") != NULL);
    setenv("FOO", "bar", 1);
    printf("%s\n", getenv("FOO"));
    errno = 0;
    fprintf(stderr, "to standard error\n");
    perror("perror");
}

int main(void)
{
    numbers();
    streams();
    others();
    printf("no newline at the end");
    return 0;
}
