/* Listening: see address.h. */
#define _GNU_SOURCE
#include "emu/gdb/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOOPBACK "127.0.0.1"
#define UNIX "unix:"
#define BACKLOG 4

struct parts {
    char host[128], port[8];
};

static bool is_port(const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && value <= 65535 && strlen(text) < 8;
}

/* "1234", "host:1234", "[::1]:1234" */
static bool split(const char *where, struct parts *parts) {
    const char *colon = strrchr(where, ':');
    if (!colon) {
        snprintf(parts->host, sizeof(parts->host), "%s", LOOPBACK);
    } else {
        bool bracket = where[0] == '[' && colon > where + 1 && colon[-1] == ']';
        size_t length = (size_t)(colon - where) - (bracket ? 2 : 0);
        if (length == 0 || length >= sizeof(parts->host))
            return false;
        memcpy(parts->host, where + bracket, length);
        parts->host[length] = '\0';
    }
    const char *port = colon ? colon + 1 : where;
    if (!is_port(port))
        return false;
    snprintf(parts->port, sizeof(parts->port), "%s", port);
    return true;
}

static void explain(const char *name, int reason, char *error, size_t size) {
    if (reason == EADDRINUSE)
        snprintf(error, size, "--gdb %s: the port is in use by another program; give another one, or 0 for any", name);
    else
        snprintf(error, size, "--gdb %s: nobody can listen there: %s", name, strerror(reason));
}

static int bind_to(const struct addrinfo *info) {
    int yes = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static void name_socket(int fd, char name[256]) {
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(name, 256, strchr(host, ':') ? "[%.240s]:%s" : "%.240s:%s", host, port);
}

static int listen_tcp(const char *where, char name[256], char *error, size_t size) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    struct parts parts;
    if (!split(where, &parts)) {
        snprintf(error, size, "--gdb %.100s: give a port, such as 1234 (0: any), HOST:PORT or unix:PATH", where);
        return -1;
    }
    int problem = getaddrinfo(parts.host, parts.port, &hints, &found);
    if (problem) {
        snprintf(error, size, "--gdb %.100s: the host '%s' is not known: %s", where, parts.host, gai_strerror(problem));
        return -1;
    }
    int fd = bind_to(found), reason = errno;
    freeaddrinfo(found);
    if (fd < 0)
        explain(where, reason, error, size);
    else
        name_socket(fd, name);
    return fd;
}

/* A socket file that nobody listens to any more may be replaced; anything else may not. */
static bool is_stale(const struct sockaddr_un *address) {
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int listen_unix(const char *path, char name[256], char kept[108], char *error, size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path[0] || strlen(path) >= sizeof(address.sun_path)) {
        snprintf(error, size, "--gdb unix:%.100s: a socket's path has 1 to %zu characters", path,
                 sizeof(address.sun_path) - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    struct addrinfo info = {
        .ai_family = AF_UNIX, .ai_addr = (struct sockaddr *)&address, .ai_addrlen = sizeof(address)};
    int fd = bind_to(&info);
    if (fd < 0 && errno == EADDRINUSE && is_stale(&address) && unlink(path) == 0)
        fd = bind_to(&info);
    if (fd < 0) {
        snprintf(error, size, "--gdb unix:%.100s: %s", path,
                 errno == EADDRINUSE ? "there is a file of that name already; remove it or give another path"
                                     : strerror(errno));
        return -1;
    }
    snprintf(name, 256, "%s", path);
    snprintf(kept, 108, "%s", path);
    return fd;
}

int address_listen(const char *where, char name[256], char path[108], char *error, size_t error_size) {
    path[0] = '\0';
    if (strncmp(where, UNIX, strlen(UNIX)) == 0)
        return listen_unix(where + strlen(UNIX), name, path, error, error_size);
    return listen_tcp(where, name, error, error_size);
}
