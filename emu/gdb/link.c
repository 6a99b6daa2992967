/* The connection: see link.h. */
#define _GNU_SOURCE
#include "emu/gdb/link.h"
#include "emu/gdb/address.h"
#include "emu/gdb/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BREATH_MS 50
#define SEND_SECONDS 5 /* a client that takes nothing for so long is gone */

struct link {
    char name[256], path[108];
    int listener, client; /* client: -1 none */
    int stale;            /* a client that left while something was being sent to it, -1 none */
    int refused;          /* the last that was sent away, until it has closed its side; the thread's */
    int wake[2];          /* a pipe: the thread looks again */
    pthread_t thread;
    bool started, quit;
    void (*notice)(void *owner);
    void *owner;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool connected, gone;
    bool spoke; /* the client has: before that it is nobody, and gives way to the next */
    bool sending;
    size_t count;
    char bytes[LINK_BYTES];
};

struct link *link_listen(const char *where, char *error, size_t error_size) {
    struct link *link = calloc(1, sizeof(*link));
    pthread_condattr_t clock;
    if (!link) {
        snprintf(error, error_size, "no memory on the host for GDB's connection; free some and try again");
        return NULL;
    }
    link->client = link->stale = link->refused = link->wake[0] = link->wake[1] = -1;
    pthread_mutex_init(&link->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&link->news, &clock);
    pthread_condattr_destroy(&clock);
    link->listener = address_listen(where, link->name, link->path, error, error_size);
    if (link->listener >= 0 && pipe2(link->wake, O_CLOEXEC | O_NONBLOCK) == 0)
        return link;
    if (link->listener >= 0)
        snprintf(error, error_size, "the host gives no pipe for GDB's connection: %s", strerror(errno));
    link_close(link);
    return NULL;
}

const char *link_name(const struct link *link) { return link->name; }

/* ---- the thread ---- */

static void wake_thread(struct link *link) {
    if (write(link->wake[1], "", 1) < 0) {
        /* the pipe is full of wakes already */
    }
}

/* With the lock. */
static void close_client(struct link *link) {
    if (link->client < 0)
        return;
    if (link->sending) { /* its number must not be given to another file yet */
        shutdown(link->client, SHUT_RDWR);
        link->stale = link->client;
    } else {
        close(link->client);
    }
    link->client = -1;
    link->gone |= link->spoke && !link->connected;
    link->connected = link->spoke = false;
    link->count = 0;
}

/* GDB's first packet is answered with a sentence that it shows. Closed at once, with that packet unread, the sentence
 * would be lost. */
static void refuse(struct link *link, int fd) {
    static const char words[] = "E.another GDB is connected already; one at a time";
    char framed[PACKET_FRAMED];
    framed[0] = '+';
    size_t bytes = 1 + packet_frame(words, strlen(words), framed + 1);
    send(fd, framed, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_WR);
    if (link->refused >= 0)
        close(link->refused);
    link->refused = fd;
}

static void hear_refused(struct link *link) {
    char ignored[256];
    ssize_t got = recv(link->refused, ignored, sizeof(ignored), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    close(link->refused);
    link->refused = -1;
}

static void take_client(struct link *link) {
    struct timeval patience = {.tv_sec = SEND_SECONDS};
    int yes = 1, fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        poll(NULL, 0, BREATH_MS); /* no file numbers are left: not at full speed */
        return;
    }
    if (link->client >= 0 && (link->spoke || link->stale >= 0)) {
        refuse(link, fd);
        return;
    }
    close_client(link);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* a socket of another family does without */
    link->client = fd;
}

static void take_bytes(struct link *link) {
    ssize_t got = recv(link->client, link->bytes + link->count, LINK_BYTES - link->count, MSG_DONTWAIT);
    if (got > 0) {
        link->count += (size_t)got;
        link->connected |= !link->spoke;
        link->spoke = true;
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_client(link);
}

static void take_events(struct link *link, const struct pollfd fds[4]) {
    char drained[64];
    pthread_mutex_lock(&link->lock);
    if (fds[0].revents && read(link->wake[0], drained, sizeof(drained)) < 0) {
        /* somebody else's wake was enough */
    }
    bool same = fds[2].fd >= 0 && fds[2].fd == link->client;
    if (fds[2].revents && same && link->count < LINK_BYTES)
        take_bytes(link);
    if (fds[3].revents)
        hear_refused(link);
    if (fds[1].revents)
        take_client(link);
    bool news = link->connected || link->gone || link->count > 0;
    pthread_cond_signal(&link->news);
    pthread_mutex_unlock(&link->lock);
    if (news)
        link->notice(link->owner);
}

static void *link_thread(void *argument) {
    struct link *link = argument;
    for (;;) {
        pthread_mutex_lock(&link->lock);
        bool quit = link->quit;
        struct pollfd fds[4] = {{.fd = link->wake[0], .events = POLLIN},
                                {.fd = link->listener, .events = POLLIN},
                                {.fd = link->count < LINK_BYTES ? link->client : -1, .events = POLLIN},
                                {.fd = link->refused, .events = POLLIN}};
        pthread_mutex_unlock(&link->lock);
        if (quit)
            return NULL;
        if (poll(fds, 4, -1) > 0)
            take_events(link, fds);
    }
}

bool link_start(struct link *link, void (*notice)(void *owner), void *owner, char *error, size_t error_size) {
    link->notice = notice;
    link->owner = owner;
    link->started = pthread_create(&link->thread, NULL, link_thread, link) == 0;
    if (!link->started)
        snprintf(error, error_size, "the host gives no thread for GDB's connection; end some programs and try again");
    return link->started;
}

void link_stop(struct link *link) {
    if (link->started) {
        pthread_mutex_lock(&link->lock);
        link->quit = true;
        pthread_mutex_unlock(&link->lock);
        wake_thread(link);
        pthread_join(link->thread, NULL);
    }
    link->started = false;
    close_client(link);
}

void link_close(struct link *link) {
    if (!link)
        return;
    link_stop(link);
    if (link->refused >= 0)
        close(link->refused);
    for (int i = 0; i < 2; i++)
        if (link->wake[i] >= 0)
            close(link->wake[i]);
    if (link->listener >= 0)
        close(link->listener);
    if (link->path[0])
        unlink(link->path);
    pthread_cond_destroy(&link->news);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

/* ---- the machine's thread ---- */

static bool has_news(const struct link *link) { return link->connected || link->gone || link->count > 0; }

bool link_has_news(struct link *link) {
    pthread_mutex_lock(&link->lock);
    bool news = has_news(link);
    pthread_mutex_unlock(&link->lock);
    return news;
}

static struct timespec after(int milliseconds) {
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += milliseconds / 1000;
    when.tv_nsec += milliseconds % 1000 * 1000000L;
    if (when.tv_nsec >= 1000000000L) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000L;
    }
    return when;
}

struct link_news link_take(struct link *link, char *bytes, size_t most, int milliseconds) {
    struct timespec until = after(milliseconds);
    pthread_mutex_lock(&link->lock);
    while (!has_news(link) && milliseconds > 0)
        if (pthread_cond_timedwait(&link->news, &link->lock, &until) != 0)
            break;
    struct link_news news = {.connected = link->connected, .gone = link->gone};
    news.count = link->count < most ? link->count : most;
    memcpy(bytes, link->bytes, news.count);
    memmove(link->bytes, link->bytes + news.count, link->count - news.count);
    bool was_full = link->count == LINK_BYTES;
    link->count -= news.count;
    link->connected = link->gone = false;
    pthread_mutex_unlock(&link->lock);
    if (was_full && news.count > 0)
        wake_thread(link);
    return news;
}

void link_drop_client(struct link *link) {
    pthread_mutex_lock(&link->lock);
    close_client(link);
    pthread_mutex_unlock(&link->lock);
    wake_thread(link);
}

static bool send_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

void link_send(struct link *link, const char *bytes, size_t count) {
    pthread_mutex_lock(&link->lock);
    int fd = link->client;
    link->sending = fd >= 0;
    pthread_mutex_unlock(&link->lock);
    bool good = fd < 0 || send_all(fd, bytes, count);
    pthread_mutex_lock(&link->lock);
    link->sending = false;
    if (link->stale >= 0)
        close(link->stale);
    else if (!good)
        close_client(link);
    link->stale = -1;
    pthread_mutex_unlock(&link->lock);
    if (!good)
        wake_thread(link);
}
