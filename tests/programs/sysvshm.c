/* System V shared memory: making, finding, attaching, forking, detaching, removing; what is refused. */
#include "show.h"
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SIZE 10000u

static struct shmid_ds status;

static void show_status(int id) {
    if (show("status", shmctl(id, IPC_STAT, &status)) < 0)
        return;
    printf("size %zu attached %lu mode %o key %s creator %s\n", status.shm_segsz, (unsigned long)status.shm_nattch,
           status.shm_perm.mode, status.shm_perm.__key ? "set" : "0", status.shm_cpid == getpid() ? "me" : "other");
}

static bool listed(int id) {
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/sysvipc/shm", "r");
    while (file && fgets(line, sizeof(line), file)) {
        int key, number;
        found |= sscanf(line, "%d %d", &key, &number) == 2 && number == id;
    }
    if (file)
        fclose(file);
    return found;
}

static bool in_maps(const char *name) {
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file && fgets(line, sizeof(line), file))
        found |= strstr(line, name) != NULL;
    if (file)
        fclose(file);
    return found;
}

static void life_of_a_segment(int key) {
    int child;
    int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640);
    show_ok("made", id);
    show("made again", shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640));
    show_bool("found", shmget(key, 0, 0) == id && shmget(key, SIZE, IPC_CREAT | 0600) == id);
    show("found too small", shmget(key, SIZE + 1, 0));
    show_bool("listed", listed(id));
    show_status(id);
    char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
    show_bool("zero", a[0] == 0 && a[SIZE - 1] == 0 && a[3 * 4096 - 1] == 0);
    strcpy(a + 5000, "hello");
    printf("through the other: %s\n", b + 5000);
    show_bool("in maps", in_maps("/SYSV") && in_maps("(deleted)"));
    show_status(id);
    fflush(stdout);
    if ((child = fork()) == 0) {
        show_status(id);
        strcpy(a + 6000, "from the child");
        _exit(fflush(stdout));
    }
    waitpid(child, NULL, 0);
    printf("%s\n", b + 6000);
    show_status(id);
    show("detach", shmdt(b));
    show("detach again", shmdt(b));
    show("detach inside", shmdt(a + 4096));
    status.shm_perm.mode = 0600;
    show("change", shmctl(id, IPC_SET, &status));
    show("remove", shmctl(id, IPC_RMID, NULL));
    show_status(id);
    show("key is free", shmget(key, 0, 0));
    printf("still there: %s\n", a + 5000);
    show_ok("attached once more", (long)shmat(id, NULL, 0) == -1 ? -1 : 0);
    show_bool("still listed", listed(id));
    show("detach", shmdt(a));
    show_status(id);
}

static void places(void) {
    int id = shmget(IPC_PRIVATE, SIZE, 0600);
    char *free_place = shmat(id, NULL, 0);
    show("detach", shmdt(free_place));
    show_bool("at a place", shmat(id, free_place, 0) == free_place);
    show("taken", shmat(id, free_place, 0) == (void *)-1 ? -1 : 0);
    show_bool("over it", shmat(id, free_place, SHM_REMAP) == free_place);
    show("odd", shmat(id, free_place + 100, SHM_REMAP) == (void *)-1 ? -1 : 0);
    show_bool("rounded", shmat(id, free_place + 100, SHM_REMAP | SHM_RND) == free_place);
    show("nowhere over", shmat(id, NULL, SHM_REMAP) == (void *)-1 ? -1 : 0);
    show_status(id);
    show("remove", shmctl(id, IPC_RMID, NULL));
    show("gone with the last", shmdt(free_place));
    show_bool("not listed", !listed(id));
}

static void refusals(int key) {
    show("no such key", shmget(key + 1, SIZE, 0600));
    show("no size", shmget(IPC_PRIVATE, 0, 0600));
    show("no such number", shmctl(0x7ffffffe, IPC_STAT, &status));
    show("negative number", shmctl(-1, IPC_STAT, &status));
    show("attach nothing", shmat(-1, NULL, 0) == (void *)-1 ? -1 : 0);
    int id = shmget(IPC_PRIVATE, 1, 0600);
    show("no such command", shmctl(id, 77, &status));
    show("remove", shmctl(id, IPC_RMID, NULL));
}

int main(void) {
    int key = 0x46000000 + getpid();
    life_of_a_segment(key);
    places();
    refusals(key);
    return 0;
}
