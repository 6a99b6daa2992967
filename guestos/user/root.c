/*
 * init's root file system, as the kernel's command line names it: root=/dev/vda, rootflags=OPTIONS, ro. It gets /dev,
 * /proc and /tmp where it has such directories. A program that stands in the initramfs but not on the disk is copied to
 * the same path, into a tmpfs on the first directory that is missing; leave_root takes both away again.
 */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/.root"
static char made[4096], device[64]; /* the tmpfs of the program's directory; the disk: empty for none */
static int copied;

/* The value of a word "name=value" ("" for a bare one) of the kernel's command line into `to`; 0: not there. */
static int kernel_option(const char *name, char *to, size_t size)
{
    char line[4096];
    size_t length = strlen(name);
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    close(fd);
    line[n > 0 ? n : 0] = '\0';
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
        if (strncmp(word, name, length) == 0 && (word[length] == '=' || !word[length]))
            return snprintf(to, size, "%s", word + length + (word[length] == '=')) >= 0;
    return 0;
}

static void place(const char *program)
{
    char path[4096 + sizeof(ROOT)];
    struct stat st;
    int from = open(program, O_RDONLY);
    snprintf(path, sizeof(path), ROOT "%s", program);
    if (from < 0 || program[0] != '/' || access(path, F_OK) == 0 || fstat(from, &st) < 0)
        return;
    for (char *p = strchr(path + sizeof(ROOT), '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0755) == 0 && !made[0] && mount("program", path, "tmpfs", 0, NULL) == 0)
            strcpy(made, path + sizeof(ROOT) - 1);
        *p = '/';
    }
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL, st.st_mode & 0777);
    copied = to >= 0 && sendfile(to, from, NULL, (size_t)st.st_size) == st.st_size;
    if (!copied)
        fprintf(stderr, "init: cannot put %s into the root file system: %s\n", program, strerror(errno));
    close(to);
    close(from);
}

void enter_root(const char *program)
{
    char options[256] = "", ro[8];
    unsigned long flags = kernel_option("ro", ro, sizeof(ro)) ? MS_RDONLY : 0;
    if (!kernel_option("root", device, sizeof(device)))
        return;
    kernel_option("rootflags", options, sizeof(options));
    if ((mkdir(ROOT, 0755) < 0 && errno != EEXIST) || mount(device, ROOT, "ext2", flags, options) < 0) {
        fprintf(stderr, "init: cannot mount %s: %s\n", device, strerror(errno));
        _exit(125);
    }
    mount("devtmpfs", ROOT "/dev", "devtmpfs", 0, NULL);
    mount("/proc", ROOT "/proc", NULL, MS_MOVE, NULL);
    if (mount("tmpfs", ROOT "/tmp", "tmpfs", 0, NULL) == 0)
        chmod(ROOT "/tmp", 01777);
    place(program);
    if (chdir(ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
        fprintf(stderr, "init: cannot enter the root file system: %s\n", strerror(errno));
}

void leave_root(const char *program)
{
    if (!device[0] || getpid() != 1)
        return;
    kill(-1, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    if (copied)
        unlink(program);
    if (made[0] && umount(made) == 0)
        rmdir(made);
    sync();
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
        fprintf(stderr, "init: cannot make %s clean: %s\n", device, strerror(errno));
}
