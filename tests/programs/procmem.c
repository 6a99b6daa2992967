/* smaps, pagemap, clear_refs and the settings of /proc, as far as they say the same everywhere. */
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096u

static char text[262144];

static void slurp(const char *path) {
    size_t used = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY);
    while (fd >= 0 && used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = 0;
    close(fd);
}

/* The number of KiB that smaps gives under name for the region that begins at address. */
static long smaps(const void *address, const char *name) {
    char start[32];
    slurp("/proc/self/smaps");
    snprintf(start, sizeof(start), "%08lx-", (unsigned long)address);
    char *at = strstr(text, start);
    at = at ? strstr(at, name) : NULL;
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void show_region(const char *what, const void *address) {
    printf("%s: size %ld rss %ld anonymous %ld private dirty %ld shared %ld referenced %ld\n", what,
           smaps(address, "\nSize:"), smaps(address, "\nRss:"), smaps(address, "\nAnonymous:"),
           smaps(address, "\nPrivate_Dirty:"), smaps(address, "\nShared_Clean:") + smaps(address, "\nShared_Dirty:"),
           smaps(address, "\nReferenced:"));
}

static unsigned long long pagemap(const void *address) {
    unsigned long long word = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    if (pread(fd, &word, sizeof(word), (off_t)((unsigned long)address / PAGE * 8)) != (ssize_t)sizeof(word))
        puts("pagemap: short");
    close(fd);
    return word;
}

static void show_page(const char *what, const void *address) {
    unsigned long long word = pagemap(address);
    printf("%s: present %d swapped %d file %d\n", what, (int)(word >> 63), (int)(word >> 62 & 1),
           (int)(word >> 61 & 1));
}

static long put(const char *path, const char *value) {
    int fd = open(path, O_WRONLY);
    long written = fd < 0 ? -1 : write(fd, value, strlen(value));
    int error = errno;
    close(fd);
    errno = error;
    return written;
}

static void regions(void) {
    char *own = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    own[0] = own[3 * PAGE] = 1;
    show_region("touched", own);
    show_page("written", own);
    show_page("untouched", own + PAGE);
    show("forget references", put("/proc/self/clear_refs", "1"));
    show_region("forgotten", own);
    char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared[0] = 1;
    show_page("shared", shared);
    show_page("nothing there", NULL);
    munmap(own, 8 * PAGE);
    show_page("unmapped", own);
}

static void odd_reads(void) {
    char bytes[16];
    int fd = open("/proc/self/pagemap", O_RDONLY);
    show("half a word", pread(fd, bytes, 4, 0));
    show("between words", pread(fd, bytes, 8, 4));
    close(fd);
    show("clear_refs 0", put("/proc/self/clear_refs", "0"));
    show("clear_refs 9", put("/proc/self/clear_refs", "9"));
    show("clear_refs x", put("/proc/self/clear_refs", "x"));
}

/* Only what changes nothing but ourselves. */
static void adjustments(void) {
    static const char *const values[] = {"500", "1000", "1001", "-1001", " 7 \n", "7x", "", "0"};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        show(values[i], put("/proc/self/oom_score_adj", values[i]));
        slurp("/proc/self/oom_score_adj");
        fputs(text, stdout);
    }
}

static void many_regions(void) {
    unsigned lines = 0;
    char *area = mmap(NULL, 2000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < 2000; i += 2)
        mprotect(area + i * PAGE, PAGE, PROT_READ);
    FILE *file = fopen("/proc/self/smaps", "r");
    while (file && fgets(text, sizeof(text), file))
        lines += strncmp(text, "VmFlags:", 8) == 0;
    show_bool("all regions in smaps", lines >= 2000 && lines < 2040);
}

int main(void) {
    regions();
    odd_reads();
    adjustments();
    many_regions();
    return 0;
}
