/* Directories: making, listing, moving, removing; the current directory; `.` and `..`. */
#include "show.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void list(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, by_name);
    printf("%s:", path);
    for (int i = 0; i < n; i++) {
        printf(" %s/%d", entries[i]->d_name, entries[i]->d_type);
        free(entries[i]);
    }
    printf(" (%d)\n", n);
    if (n >= 0)
        free(entries);
}

static void many(void)
{
    char name[32];
    show("mkdir many", mkdir("many", 0755));
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "many/file-%d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    DIR *d = opendir("many");
    struct dirent *e;
    int count = 0, removed = 0;
    while ((e = readdir(d))) { /* removing while listing loses no entry */
        if (e->d_name[0] == '.')
            continue;
        count++;
        removed += unlinkat(dirfd(d), e->d_name, 0) == 0;
    }
    printf("listed %d, removed %d\n", count, removed);
    rewinddir(d);
    for (count = 0; readdir(d); count++)
        ;
    printf("left %d\n", count);
    closedir(d);
    show("rmdir many", rmdir("many"));
}

static void moving(void)
{
    mkdir("x", 0755), mkdir("x/y", 0755), mkdir("z", 0755);
    show("into itself", rename("x", "x/y/w"));
    show("onto a full directory", rename("z", "x"));
    show("onto an empty one", rename("z", "x/y"));
    list("x");
    close(open("f", O_CREAT | O_WRONLY, 0600));
    show("file onto a directory", rename("f", "x/y"));
    show("directory onto a file", rename("x/y", "f"));
    show("move a directory", rename("x/y", "moved"));
    struct stat st;
    stat("x", &st);
    printf("links of x: %d\n", (int)st.st_nlink);
    show("rename of .", rename(".", "dot"));
    show("rmdir of a file", rmdir("f"));
    show("unlink of a directory", unlink("moved"));
    show("rmdir of .", rmdir("moved/."));
    show("rmdir of ..", rmdir("moved/.."));
    show("rmdir of nothing", rmdir("nothing"));
    show("mkdir there", mkdir("moved", 0755));
    show("mkdir without parent", mkdir("no/where", 0755));
    show("mkdir with a slash", mkdir("slash/", 0755));
    show("rmdir of a full one", (mkdir("x/in", 0755), rmdir("x")));
    show("symlink to a directory", symlink("x", "lx"));
    list("lx");
    show("rmdir of the link", rmdir("lx"));
    show("through the link", rmdir("lx/in"));
}

int main(void)
{
    char folder[] = "/tmp/dirs.XXXXXX", cwd[4096];
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    size_t base = strlen(folder);
    many();
    moving();
    list(".");
    mkdir("deep", 0755);
    chdir("deep");
    mkdir("er", 0700);
    chdir("./er/../er/.");
    printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) + base);
    show_bool("cwd too small a buffer", getcwd(cwd, 3) == NULL && errno == ERANGE);
    int fd = open("..", O_RDONLY | O_DIRECTORY);
    show("fchdir", fchdir(fd));
    printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) + base);
    show("faccessat", faccessat(fd, "er", R_OK | X_OK, 0));
    show("fchdir of a file", fchdir(open("../f", O_RDONLY)));
    chdir("er");
    show("remove the current directory", rmdir("../er"));
    show_bool("it has no name now", getcwd(cwd, sizeof(cwd)) == NULL && errno == ENOENT);
    show("nothing can be made in it", mkdir("sub", 0755));
    show("but one can leave", chdir(".."));
    chdir(folder);
    const char *dirs[] = {"deep", "slash", "moved", "x"};
    for (int i = 0; i < 4; i++)
        show(dirs[i], rmdir(dirs[i]));
    show("f", unlink("f"));
    show("lx", unlink("lx"));
    list(".");
    chdir("/../..");
    printf("cwd %s\n", getcwd(cwd, sizeof(cwd)));
    show("cleaned up", rmdir(folder));
    return 0;
}
