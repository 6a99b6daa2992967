/* /proc as programs use it: links, maps, status, meminfo, directories of tasks and descriptors, consistent reads. */
#include "show.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char text[65536];

static long slurp(const char *path, size_t piece)
{
    long used = 0, n;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    while ((size_t)used < sizeof(text) - piece && (n = read(fd, text + used, piece)) > 0)
        used += n;
    close(fd);
    text[used] = 0;
    return used;
}

static unsigned long field(const char *name)
{
    char *at = strstr(text, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static bool in_maps(const void *address, const char *rights)
{
    unsigned long start, end;
    char r[8];
    slurp("/proc/self/maps", 1000);
    for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (sscanf(line, "%lx-%lx %7s", &start, &end, r) == 3 && start <= (unsigned long)address &&
            (unsigned long)address < end)
            return strncmp(r, rights, strlen(rights)) == 0;
    return false;
}

static int global = 5;

int main(void)
{
    char path[64], link[256];
    int local;
    show_bool("text in maps", in_maps((void *)main, "r-xp"));
    show_bool("data in maps", in_maps(&global, "rw-p"));
    show_bool("stack in maps", in_maps(&local, "rw"));
    void *heap = malloc(100);
    show_bool("heap in maps", in_maps(heap, "rw-p"));
    show_bool("heap is named", strstr(text, "[heap]") != NULL);
    show_bool("stack is named", strstr(text, "[stack]") != NULL);
    char *shared = mmap(NULL, 8192, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    show_bool("shared read-only", in_maps(shared, "r--s"));
    munmap(shared, 4096);
    show_bool("unmapped half", in_maps(shared, ""));
    show_bool("mapped half", in_maps(shared + 4096, "r--s"));

    show_bool("status", slurp("/proc/self/status", 500) > 0);
    show_bool("pid", field("\nPid:") == (unsigned long)getpid() && field("PPid:") == (unsigned long)getppid());
    show_bool("name", strncmp(text, "Name:\t", 6) == 0);
    show_bool("sizes", field("VmSize:") >= field("VmRSS:") && field("VmRSS:") > 0 && field("VmStk:") > 0);
    printf("threads %lu\n", field("Threads:"));
    slurp("/proc/self/statm", 100);
    show_bool("statm", atoi(text) > 0);
    unsigned long before = (unsigned long)atoi(strchr(text, ' ') + 1);
    memset(malloc(4 << 20), 1, 4 << 20);
    slurp("/proc/self/statm", 100);
    show_bool("memory is counted", (unsigned long)atoi(strchr(text, ' ') + 1) >= before + 1000);
    slurp("/proc/self/stat", 1000);
    show_bool("stat", atoi(text) == getpid() && strchr(text, '(') != NULL);

    slurp("/proc/meminfo", 4096);
    show_bool("meminfo", field("MemTotal:") > field("MemFree:") && field("MemFree:") > 0);
    slurp("/proc/meminfo", 7);
    show_bool("meminfo by pieces", field("MemTotal:") > field("MemFree:") && field("MemFree:") > 0);
    usleep(20000); /* it counts in hundredths */
    show_bool("uptime", slurp("/proc/uptime", 100) > 0 && strtod(text, NULL) > 0);
    show_bool("version", slurp("/proc/version", 100) > 0 && strncmp(text, "Linux version ", 14) == 0);
    show_bool("vmstat", slurp("/proc/vmstat", 512) > 0 && field("pgfault ") > 0);
    show_bool("buddyinfo", slurp("/proc/buddyinfo", 512) > 0 && strstr(text, "zone") != NULL);
    show_bool("zoneinfo", slurp("/proc/zoneinfo", 512) > 0 && strstr(text, "pages free") != NULL);
    show_bool("cpuinfo", slurp("/proc/cpuinfo", 512) > 0 && strncmp(text, "processor", 9) == 0);
    show_bool("stat of the system", slurp("/proc/stat", 512) > 0 && strncmp(text, "cpu ", 4) == 0);
    show_bool("mounts", slurp("/proc/mounts", 512) > 0 && strstr(text, " /proc proc ") != NULL);
    show_bool("filesystems", slurp("/proc/filesystems", 512) > 0 && strstr(text, "proc") != NULL);

    int fd = open("/tmp", O_RDONLY);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    memset(link, 0, sizeof(link));
    show("fd link", readlink(path, link, sizeof(link) - 1));
    puts(link);
    DIR *d = opendir("/proc/self/fd");
    int fds = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        fds += e->d_name[0] != '.';
    printf("descriptors %d\n", fds);
    snprintf(path, sizeof(path), "%d", getpid());
    d = opendir("/proc");
    bool found = false;
    for (struct dirent *e; d && (e = readdir(d));)
        found |= strcmp(e->d_name, path) == 0;
    show_bool("listed in /proc", found);
    show("nobody", access("/proc/999999", F_OK));
    show("no entry", access("/proc/self/no-such-entry", F_OK));
    show("writing", open("/proc/version", O_WRONLY) < 0 ? -1 : 0);
    show("creating", open("/proc/new", O_CREAT | O_WRONLY, 0600));
    return 0;
}
