/*
 * What is to be seen when memory is short. On a machine of one node: swapoff while there is no room for what comes
 * back. On one of two: allocation goes on in the other node, and each node's kswapd works. Prints "what: ok", or what
 * is wrong; the same on every machine whose /dev/vda is swap space in use.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define DISK "/dev/vda"

static void tell(const char *what, bool good, long found)
{
    if (good)
        printf("%s: ok\n", what);
    else
        printf("%s: no, %ld\n", what, found);
    fflush(stdout);
}

static char text[65536];
static const char *read_text(const char *path)
{
    ssize_t n, length = 0;
    int fd = open(path, O_RDONLY);
    while (fd >= 0 && (n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
        length += n;
    if (fd >= 0)
        close(fd);
    text[length] = '\0';
    return text;
}

static long number_after(const char *from, const char *key)
{
    const char *at = from ? strstr(from, key) : NULL;
    return at ? atol(at + strlen(key) + strspn(at + strlen(key), ": \t")) : -1;
}

static void set(const char *name, const char *value)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        printf("cannot set %s\n", name);
    close(fd);
}

static unsigned *fill(unsigned pages)
{
    unsigned *memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; memory != MAP_FAILED && i < pages; i++)
        memory[i * (PAGE / 4)] = i ^ 0x5a5a;
    return memory;
}

static unsigned wrong_pages(const unsigned *memory, unsigned pages)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < pages; i++)
        wrong += memory[i * (PAGE / 4)] != (i ^ 0x5a5a);
    return wrong;
}

/* ---- swapoff ---- */

static int swapoff_in_child(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(swapoff(DISK) ? errno : 0);
    waitpid(child, &status, 0);
    return status;
}

static void swapoff_without_room(void)
{
    unsigned pages = (unsigned)number_after(read_text("/proc/meminfo"), "MemTotal") / 4 + 1000;
    unsigned *memory = fill(pages);
    tell("more memory than there is", memory != MAP_FAILED && number_after(read_text("/proc/vmstat"), "pswpout") > 500,
         pages);

    set("overcommit_ratio", "0");
    set("overcommit_memory", "2");
    int result = swapoff(DISK);
    tell("promises that memory alone cannot keep: ENOMEM", result == -1 && errno == ENOMEM, result);
    set("overcommit_memory", "0");
    set("overcommit_ratio", "50");

    int status = swapoff_in_child();
    tell("no room: who calls swapoff is killed", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, status);
    tell("nobody else is", number_after(read_text("/proc/vmstat"), "oom_kill") <= 1, number_after(text, "oom_kill"));
    tell("the area goes on", strstr(read_text("/proc/swaps"), DISK) != NULL, 0);
    tell("every page is there", wrong_pages(memory, pages) == 0, wrong_pages(memory, pages));
    munmap(memory, (size_t)pages * PAGE);
    tell("with room: swapoff works", swapoff_in_child() == 0, 0);
    tell("the area is gone", strstr(read_text("/proc/swaps"), DISK) == NULL, 0);
}

/* ---- nodes ---- */

/* The process of that name; 0: none. */
static int pid_of(const char *name)
{
    char path[280];
    int found = 0;
    const struct dirent *entry;
    DIR *dir = opendir("/proc");
    while (dir && !found && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        if (atoi(entry->d_name) && strncmp(read_text(path), name, strlen(name)) == 0)
            found = atoi(entry->d_name);
    }
    closedir(dir);
    return found;
}

static long switches_of(int node)
{
    char name[32];
    snprintf(name, sizeof(name), "kswapd%d", node);
    snprintf(name, sizeof(name), "/proc/%d/status", pid_of(name));
    return number_after(read_text(name), "\nvoluntary_ctxt_switches");
}

/* A number summed over the zones of a node. */
static long zone_number(int node, const char *key)
{
    char head[16];
    long sum = 0;
    read_text("/proc/zoneinfo");
    snprintf(head, sizeof(head), "Node %d,", node);
    for (const char *zone = text; (zone = strstr(zone, head)); zone++)
        sum += number_after(zone, key);
    return sum;
}

static void nodes_under_pressure(void)
{
    unsigned node_pages = (unsigned)zone_number(0, "present");
    long switches[2] = {switches_of(0), switches_of(1)}, now;
    unsigned *first = fill(node_pages);
    tell("a node's worth of memory", first != MAP_FAILED, node_pages);
    tell("pages of node 0", zone_number(0, "nr_anon_pages") > (long)node_pages / 2, zone_number(0, "nr_anon_pages"));
    tell("pages of node 1", zone_number(1, "nr_anon_pages") > (long)node_pages / 20, zone_number(1, "nr_anon_pages"));
    tell("nothing had to be swapped out for that", number_after(read_text("/proc/vmstat"), "pswpout") == 0,
         number_after(text, "pswpout"));

    unsigned *second = fill(node_pages * 3 / 2);
    for (int node = 0; node < 2; node++) {
        char what[64];
        snprintf(what, sizeof(what), "kswapd%d woke", node);
        now = switches_of(node);
        tell(what, switches[node] >= 0 && now > switches[node], now - switches[node]);
        snprintf(what, sizeof(what), "pages of node %d were written to swap", node);
        now = zone_number(node, "nr_vmscan_write");
        tell(what, now > 50, now);
    }
    usleep(500000);
    for (int node = 0; node < 2; node++) {
        char what[64];
        snprintf(what, sizeof(what), "node %d is not below its low marks", node);
        /* An allocation that finds more than low takes its page without waking anybody: it may leave just low. */
        now = zone_number(node, "nr_free_pages") - zone_number(node, "low");
        tell(what, now >= 0, now);
    }
    unsigned wrong = wrong_pages(first, node_pages) + wrong_pages(second, node_pages * 3 / 2);
    tell("every page is there", wrong == 0, wrong);
}

int main(void)
{
    if (strstr(read_text("/proc/zoneinfo"), "Node 1,"))
        nodes_under_pressure();
    else
        swapoff_without_room();
    return 0;
}
