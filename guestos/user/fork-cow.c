/* Demo: fork shares every page; whoever writes first gets a copy, the last owner keeps the page. Runs on the host. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static volatile char *page;

int main(void)
{
    int go[2];
    char c = 0;
    page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || pipe(go) < 0)
        return 1;
    page[0] = 'a'; /* two frames of our own */
    page[PAGE] = 'b';
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        while (read(go[0], &c, 1) > 0) /* until the parent has written */
            ;
        c = page[0];        /* still what it was at the fork */
        page[0] = 'C';      /* the last owner of that frame */
        page[PAGE] = 'D';   /* still shared: a copy */
        _exit(c == 'a' ? 0 : 1);
    }
    page[0] = 'A'; /* shared: a copy */
    close(go[1]);
    int status = 0;
    waitpid(child, &status, 0);
    page[PAGE] = 'B'; /* the child is gone: ours alone again */
    printf("parent has %c%c; the child saw what the fork left it: %s\n", page[0], page[PAGE], status == 0 ? "yes" : "no");
    return 0;
}
