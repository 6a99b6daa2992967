/*
 * Names below /proc of many processes: a bounded cache of unused names forgets them one after the other. All processes
 * live until the last has looked, so that their kernel stacks lie side by side.
 */
#include "show.h"
#include <sys/wait.h>

#define PROCESSES 400

static void child(int gate)
{
    char name[4096], byte;
    bool found = readlink("/proc/self/exe", name, sizeof(name)) > 0;
    read(gate, &byte, 1);
    _exit(found ? 7 : 1);
}

int main(void)
{
    int gate[2], found = 0, status;
    pipe(gate);
    for (int i = 0; i < PROCESSES; i++) {
        if (!fork()) {
            close(gate[1]);
            child(gate[0]);
        }
        usleep(1000);
    }
    close(gate[1]);
    while (wait(&status) > 0)
        found += WIFEXITED(status) && WEXITSTATUS(status) == 7;
    printf("%d of %d processes found the name of their program\n", found, PROCESSES);
    return 0;
}
