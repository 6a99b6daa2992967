/* Threads: creation, joining, mutexes, condition variables, thread-local memory, signals, exit of the whole process. */
#include "show.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define THREADS 8
#define ROUNDS 2000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int counter, turn, atomic_counter;
static __thread int own = 7;

static void *count(void *argument)
{
    int number = (int)(intptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter += number;
        pthread_mutex_unlock(&lock);
        __sync_fetch_and_add(&atomic_counter, 1);
        own++;
        if (i % 500 == 0)
            sched_yield();
    }
    return (void *)(intptr_t)(own + number);
}

static void *take_turns(void *argument)
{
    int number = (int)(intptr_t)argument;
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != number)
            pthread_cond_wait(&changed, &lock);
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *touch_memory(void *argument)
{
    volatile char *memory = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long sum = 0;
    for (int i = 0; i < 64 * 4096; i += 1024)
        memory[i] = (char)(i >> 10);
    for (int i = 0; i < 64 * 4096; i += 1024)
        sum += memory[i];
    munmap((void *)memory, 64 * 4096);
    return (char *)argument + sum;
}

static volatile pthread_t handled_by;
static void on_usr1(int number)
{
    (void)number;
    handled_by = pthread_self();
}

static void *wait_for_signal(void *argument)
{
    (void)argument;
    while (!handled_by)
        usleep(1000);
    return (void *)(intptr_t)pthread_equal(handled_by, pthread_self());
}

static void *exit_process(void *argument)
{
    (void)argument;
    printf("a thread ends the process\n");
    fflush(stdout);
    exit(21);
}

int main(void)
{
    pthread_t threads[THREADS];
    void *result;
    long sum = 0;
    for (intptr_t i = 0; i < THREADS; i++)
        show("create", pthread_create(&threads[i], NULL, count, (void *)i));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        sum += (intptr_t)result;
    }
    printf("counter %d, atomic %d, results %ld, own %d\n", counter, atomic_counter, sum, own);
    for (intptr_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, take_turns, (void *)i);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("turns %d\n", turn);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, touch_memory, NULL);
    for (sum = 0; sum < THREADS; sum++) {
        pthread_join(threads[sum], &result);
        printf("%ld ", (long)(intptr_t)result);
    }
    printf("\n");
    signal(SIGUSR1, on_usr1);
    pthread_create(&threads[0], NULL, wait_for_signal, NULL);
    show("pthread_kill", pthread_kill(threads[0], SIGUSR1));
    pthread_join(threads[0], &result);
    printf("the right thread: %ld\n", (long)(intptr_t)result);
    show_bool("main thread's id is the process's", syscall(SYS_gettid) == getpid());
    pthread_create(&threads[0], NULL, exit_process, NULL);
    for (;;)
        pause();
}
