/* /proc/self/pagemap, /proc/kpageflags and /proc/kpagecount agree with what the program does with its pages. */
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u
#define PM_PRESENT (1ull << 63)
#define PM_SWAP (1ull << 62)
#define PM_FILE_OR_SHARED (1ull << 61)
#define PM_FRAME ((1ull << 55) - 1)

static int pagemap, flags, counts;

static uint64_t word_at(int fd, uint64_t index)
{
    uint64_t word = 0;
    return pread(fd, &word, sizeof(word), (off64_t)(index * sizeof(word))) == sizeof(word) ? word : ~0ull;
}

static uint64_t map_of(const void *address) { return word_at(pagemap, (uintptr_t)address / PAGE); }

/* Of the flags those that say what the page is; the others are a matter of time. */
static void tell(const char *what, const void *address)
{
    static const struct {
        int bit;
        const char *name;
    } names[] = {{7, "slab"},  {10, "buddy"},  {11, "mmap"}, {12, "anon"}, {14, "swapbacked"}, {15, "compound"},
                 {17, "huge"}, {20, "nopage"}, {21, "ksm"},  {24, "zero"}, {26, "table"}};
    uint64_t map = map_of(address);
    printf("%s:%s%s%s", what, map & PM_PRESENT ? " present" : "", map & PM_SWAP ? " swap" : "",
           map & PM_FILE_OR_SHARED ? " file-or-shared" : "");
    if (map & PM_PRESENT) {
        uint64_t word = word_at(flags, map & PM_FRAME);
        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (word >> names[i].bit & 1)
                printf(" %s", names[i].name);
        if (!(word >> 24 & 1))
            printf(", mapped %llu times", (unsigned long long)word_at(counts, map & PM_FRAME));
    }
    printf("\n");
}

static void run(char *anonymous, char *shared, char *file, char *mapped_private)
{
    int to_parent[2], to_child[2];
    char c = 0;
    if (pipe(to_parent) || pipe(to_child))
        return;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        anonymous[PAGE] = 9;
        c = shared[0] + file[0] + mapped_private[0];
        c = write(to_parent[1], &c, 1) == 1 && read(to_child[0], &c, 1) == 1;
        _exit(0);
    }
    if (read(to_parent[0], &c, 1) != 1)
        printf("the child is gone\n");
    tell("with a child: anonymous", anonymous);
    tell("with a child: anonymous, copied by it", anonymous + PAGE);
    tell("with a child: shared", shared);
    tell("with a child: file", file);
    tell("with a child: private copy of a file's page", mapped_private);
    if (write(to_child[1], "x", 1) != 1)
        printf("the child does not hear\n");
    waitpid(child, NULL, 0);
}

int main(void)
{
    char page[PAGE];
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    flags = open("/proc/kpageflags", O_RDONLY);
    counts = open("/proc/kpagecount", O_RDONLY);
    show_bool("all three open", pagemap >= 0 && flags >= 0 && counts >= 0);
    int fd = memfd_create("kpages", 0);
    memset(page, 1, sizeof(page));
    for (int i = 0; i < 4; i++)
        show_bool("written", write(fd, page, PAGE) == PAGE);
    char *anonymous = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(anonymous, 4 * PAGE, MADV_NOHUGEPAGE);
    char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *file = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *mapped_private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    tell("untouched", anonymous);
    anonymous[0] = anonymous[PAGE] = 1;
    char seen = *(volatile char *)(anonymous + 2 * PAGE);
    shared[0] = 1;
    file[0] = 1;
    mapped_private[0] = 1;
    seen = (char)(seen + *(volatile char *)(mapped_private + 2 * PAGE) + *(volatile char *)(file + 2 * PAGE));
    show_bool("what was read is zero", seen == 0);
    tell("anonymous", anonymous);
    tell("anonymous, only read", anonymous + 2 * PAGE);
    tell("shared", shared);
    tell("file", file);
    tell("file, mapped twice", file + 2 * PAGE);
    tell("private copy of a file's page", mapped_private);
    run(anonymous, shared, file, mapped_private);
    tell("after it: anonymous", anonymous);
    tell("after it: shared", shared);
    uint64_t frame = map_of(anonymous) & PM_FRAME;
    munmap(anonymous, 4 * PAGE);
    tell("unmapped", anonymous);
    show_bool("its frame is mapped by nobody", word_at(counts, frame) == 0);
    show("an odd offset", pread(flags, page, 8, 4));
    show("an odd count", pread(counts, page, 12, 0));
    return 0;
}
