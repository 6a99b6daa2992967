/* Files: creation, sparse contents, truncation, appending, positions, vectors, links, attributes, errors. */
#include "show.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

static char buffer[70000];

static void opening(void)
{
    show("absent", open("a", O_RDONLY));
    umask(022);
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0666);
    show_ok("created", fd);
    show("exclusive", open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    struct stat st;
    fstat(fd, &st);
    printf("mode %o, size %ld, links %d\n", st.st_mode, (long)st.st_size, (int)st.st_nlink);
    show("directory wanted", open("a", O_RDONLY | O_DIRECTORY));
    show("file as a directory", open("a/b", O_RDONLY));
    show("slash behind a file", open("a/", O_RDONLY));
    show("writing a directory", open(".", O_WRONLY));
    show("creating with a slash", open("new/", O_RDWR | O_CREAT, 0600));
    show("empty name", open("", O_RDONLY));
    memset(buffer, 'n', 300);
    buffer[300] = 0;
    show("long name", open(buffer, O_RDONLY));
    show("bad address", open(bad_address(), O_RDONLY));
    int ro = open("a", O_RDONLY);
    show("write to a read-only descriptor", write(ro, "x", 1));
    show("close", close(ro));
    show("close again", close(ro));
    close(fd);
}

static void contents(void)
{
    int fd = open("b", O_RDWR | O_CREAT | O_TRUNC, 0600);
    show("seek far", lseek(fd, 200000, SEEK_SET));
    show("write there", write(fd, "end", 3));
    show("seek to the end", lseek(fd, 0, SEEK_END));
    show("pread of the hole", pread(fd, buffer, 10, 100000));
    printf("hole checksum %08x\n", checksum(buffer, 10));
    for (int i = 0; i < (int)sizeof(buffer); i++)
        buffer[i] = (char)(i % 253);
    show("pwrite over pages", pwrite(fd, buffer, sizeof(buffer), 4000));
    show("truncate", ftruncate(fd, 50000));
    show("extend", ftruncate(fd, 60000));
    lseek(fd, 0, SEEK_SET);
    memset(buffer, 1, sizeof(buffer));
    long n = read(fd, buffer, sizeof(buffer));
    printf("read %ld, checksum %08x\n", n, checksum(buffer, (size_t)n));
    show("at the end", read(fd, buffer, 10));
    show("seek before the start", lseek(fd, -1, SEEK_SET));
    show("seek with a bad whence", lseek(fd, 0, 9));
    show("truncate to a negative size", ftruncate(fd, -1));
    show("pread at a negative place", pread(fd, buffer, 1, -1));
    show("read into a bad address", pread(fd, bad_address(), 10, 0));
    int ap = open("b", O_WRONLY | O_APPEND);
    lseek(ap, 0, SEEK_SET);
    write(ap, "tail", 4);
    show("append went to", lseek(ap, 0, SEEK_CUR));
    int many = atoi("5000");
    struct iovec parts[3] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    show("writev", writev(fd, parts, 3));
    show("writev of too many", writev(fd, parts, many));
    char x[4], y[10];
    struct iovec into[2] = {{x, 4}, {y, 10}};
    lseek(fd, 60000, SEEK_SET);
    n = readv(fd, into, 2);
    printf("readv %ld: %.4s %.*s\n", n, x, (int)n - 4, y);
    int out = open("c", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t at = 60000;
    show("sendfile", sendfile(out, fd, &at, 100));
    show("sendfile's position", at);
    show("size", lseek(out, 0, SEEK_END));
    close(fd), close(ap), close(out);
}

static void names(void)
{
    struct stat st, other;
    char target[64];
    show("link", link("b", "b2"));
    stat("b", &st);
    stat("b2", &other);
    show_bool("same file", st.st_ino == other.st_ino && st.st_nlink == 2);
    show("symlink", symlink("b", "s"));
    show("readlink", readlink("s", target, sizeof(target)));
    lstat("s", &st);
    printf("link mode %o size %ld\n", st.st_mode, (long)st.st_size);
    show("readlink of a file", readlink("b", target, sizeof(target)));
    show("no follow", open("s", O_RDONLY | O_NOFOLLOW));
    symlink("loop", "loop");
    show("loop", open("loop", O_RDONLY));
    symlink("made", "dangling");
    show("dangling", open("dangling", O_RDONLY));
    show_ok("created through a link", open("dangling", O_WRONLY | O_CREAT, 0644));
    show("it is there", access("made", F_OK));
    show("rename", rename("b2", "b3"));
    show("rename of nothing", rename("b2", "b4"));
    show("unlink", unlink("b3"));
    stat("b", &st);
    printf("links now %d\n", (int)st.st_nlink);
    show("chmod", chmod("b", 0640));
    struct timeval times[2] = {{1000, 500000}, {2000, 250000}};
    show("utimes", utimes("b", times));
    stat("b", &st);
    printf("mode %o, times %ld.%ld %ld.%ld\n", st.st_mode, (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    int fd = open("b", O_RDONLY);
    unlink("b");
    fstat(fd, &st);
    printf("unlinked but open: links %d, size %ld\n", (int)st.st_nlink, (long)st.st_size);
    show("still readable", pread(fd, buffer, 5, 60000));
}

int main(void)
{
    char folder[] = "/tmp/files.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    opening();
    contents();
    names();
    const char *left[] = {"a", "c", "s", "loop", "dangling", "made"};
    for (int i = 0; i < 6; i++)
        show(left[i], unlink(left[i]));
    chdir("/");
    show("rmdir", rmdir(folder));
    return 0;
}
