/* Demo: maps a file and touches its pages; then a child does the same. Runs on the host: map-file FILE. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/data";
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return 1;
    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* no reading ahead: each page comes when it is asked for */
    volatile int *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    int sum = 0;
    if (file == MAP_FAILED)
        return 1;
    sum += file[0 * PAGE / 4];  /* from the disk */
    sum += file[20 * PAGE / 4]; /* from the disk */
    if (fork() == 0) {
        sum += file[20 * PAGE / 4]; /* the child: from the page cache */
        _exit(sum != 43);
    }
    int status;
    wait(&status);
    int again = open(path, O_RDONLY);
    volatile int *second = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, again, 0);
    sum += second[20 * PAGE / 4]; /* another mapping: from the page cache */
    printf("the sum is %d, the child's %s\n", sum, status == 0 ? "was right" : "was wrong");
    return 0;
}
