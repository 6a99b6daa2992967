/* What a program finds when it starts: arguments, environment, auxiliary vector, descriptors, identities, its own file.
 */
#include "show.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

extern char **environ;
extern char __executable_start[], etext[];

static void auxiliary(void)
{
    printf("page size %lu, clock ticks %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK));
    show_bool("program headers", getauxval(AT_PHDR) == (unsigned long)__executable_start + sizeof(Elf32_Ehdr));
    printf("header size %lu\n", getauxval(AT_PHENT));
    show_bool("entry inside the text",
              getauxval(AT_ENTRY) > (unsigned long)__executable_start && getauxval(AT_ENTRY) < (unsigned long)etext);
    show_bool("identities",
              getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid() && getauxval(AT_GID) == getgid());
    show_bool("random bytes", getauxval(AT_RANDOM) != 0);
    printf("platform %s\n", (const char *)getauxval(AT_PLATFORM) ? "given" : "missing");
    show_bool("base", getauxval(AT_BASE) == 0);
}

int main(int argc, char **argv)
{
    char path[4096] = {0}, name[4096], *slash;
    printf("%d argument(s), ended by null %d\n", argc, argv[argc] == NULL);
    show_bool("environment behind the arguments", environ == argv + argc + 1);
    show_bool("arguments above the stack pointer", (char *)argv > (char *)&argc - 4096 && argv[0] > (char *)argv);
    show_bool("stack aligned", ((unsigned long)__builtin_frame_address(0) & 3) == 0);
    auxiliary();
    for (int fd = 0; fd < 5; fd++) {
        struct stat st;
        printf("descriptor %d: %s\n", fd,
               fstat(fd, &st) < 0    ? "closed"
               : S_ISCHR(st.st_mode) ? "character device"
                                     : "other");
    }
    show("terminal", isatty(0) + isatty(1) + isatty(2));
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    slash = n > 0 ? strrchr(path, '/') : NULL;
    snprintf(name, sizeof(name), "%s", argv[0]);
    show_bool("/proc/self/exe is absolute", path[0] == '/');
    show_bool("and named as argv[0]",
              slash && strcmp(slash + 1, strrchr(name, '/') ? strrchr(name, '/') + 1 : name) == 0);
    show_bool("argv[0] can be executed", access(argv[0], X_OK) == 0);
    FILE *f = fopen("/proc/self/cmdline", "r");
    n = f ? (ssize_t)fread(path, 1, sizeof(path), f) : -1;
    show_bool("/proc/self/cmdline", n > 0 && strcmp(path, argv[0]) == 0);
    struct utsname u;
    uname(&u);
    printf("%s\n", u.sysname);
    struct rlimit r;
    getrlimit(RLIMIT_STACK, &r);
    printf("stack limit %lu\n", (unsigned long)r.rlim_cur);
    show_bool("64 descriptors and more", sysconf(_SC_OPEN_MAX) >= 64);
    printf("page %ld\n", sysconf(_SC_PAGESIZE));
    show_bool("session of its own", getsid(0) == getpid() && getpgrp() == getpid());
    show_bool("cwd is there", getcwd(path, sizeof(path)) != NULL);
    show_bool("/tmp can be written", access("/tmp", W_OK) == 0);
    int fd = open("/dev/null", O_RDWR);
    show("null write", write(fd, "abc", 3));
    show("null read", read(fd, path, 3));
    fd = open("/dev/zero", O_RDONLY);
    path[0] = 1;
    show("zero read", read(fd, path, 100));
    show("zero", path[0]);
    fd = open("/dev/full", O_WRONLY);
    show("full", write(fd, "x", 1));
    fd = open("/dev/urandom", O_RDONLY);
    show("urandom", read(fd, path, 16));
    return 7;
}
