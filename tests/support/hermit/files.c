/* Descriptors: event counters, the version file, and files and directories under /tmp. */
#include "stub.h"

enum { PATH = 64, ROOM = 1 << 16, NODES = 48, OPEN_MOST = 160 };
enum kind { NOTHING, FILE_NODE, DIRECTORY };
static struct node {
    enum kind kind;
    char path[PATH], content[ROOM];
    size_t length;
} nodes[NODES];

enum what { EVENT, VERSION, NODE };
static struct description {
    int held; /* number of descriptors */
    enum what what;
    struct node *node;
    uint64_t at; /* count of an event; else offset of the next read or write */
} descriptions[OPEN_MOST];
static struct description *opened[OPEN_MOST];

static int same(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static int is(const char *path, const char *other) {
    return length_of(path) == length_of(other) && same(path, other, length_of(path));
}

static struct node *find(const char *path) {
    MUST(path != NULL && path[0] == '/');
    for (int i = 0; i < NODES; i++)
        if (nodes[i].kind != NOTHING && is(path, nodes[i].path))
            return &nodes[i];
    return NULL;
}

static struct node *make(const char *path, enum kind kind) {
    MUST(length_of(path) < PATH);
    for (int i = 0; i < NODES; i++)
        if (nodes[i].kind == NOTHING) {
            nodes[i].kind = kind;
            nodes[i].length = 0;
            for (size_t at = 0; at <= length_of(path); at++)
                nodes[i].path[at] = path[at];
            return &nodes[i];
        }
    return NULL;
}

static int32_t place(struct description *description) {
    for (int fd = 3; fd < OPEN_MOST; fd++)
        if (!opened[fd]) {
            opened[fd] = description;
            description->held++;
            return fd;
        }
    return -EINVAL;
}

static int32_t new_fd(enum what what, struct node *node, uint64_t at) {
    for (int i = 0; i < OPEN_MOST; i++)
        if (!descriptions[i].held) {
            descriptions[i] = (struct description){0, what, node, at};
            return place(&descriptions[i]);
        }
    return -EINVAL;
}

static struct description *of(int32_t fd) {
    return fd >= 3 && fd < OPEN_MOST ? opened[fd] : NULL;
}

int32_t sys_open(const char *path, int32_t flags, uint32_t mode) {
    enum { O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100 };
    struct node *node = find(path);
    MUST((flags & ~(O_WRONLY | O_RDWR | O_CREAT)) == 0 && (flags & 3) != 3);
    MUST(!(flags & O_CREAT) || (mode & ~0777u) == 0);
    if (is(path, "/proc/version"))
        return new_fd(VERSION, NULL, 0);
    if (!node && flags & O_CREAT)
        node = make(path, FILE_NODE);
    return node ? new_fd(NODE, node, 0) : -ENOENT;
}

int32_t sys_close(int32_t fd) {
    if (!of(fd))
        return -EBADF;
    opened[fd]->held--;
    opened[fd] = NULL;
    return 0;
}

int32_t sys_dup(int32_t fd) {
    return of(fd) ? place(of(fd)) : -EBADF;
}

static int32_t drop(const char *path, enum kind kind) {
    struct node *node = find(path);
    if (!node || node->kind != kind)
        return -ENOENT;
    node->kind = NOTHING;
    return 0;
}

int32_t sys_unlink(const char *path) {
    return drop(path, FILE_NODE);
}

int32_t sys_mkdir(const char *path, uint32_t mode) {
    MUST((mode & ~0777u) == 0);
    return find(path) || !make(path, DIRECTORY) ? -EINVAL : 0;
}

int32_t sys_rmdir(const char *path) {
    return drop(path, DIRECTORY);
}

static int32_t status_of(const struct node *node, int64_t *status) {
    MUST(status != NULL);
    for (int i = 0; node && i < 15; i++)
        status[i] = i == 6 ? (int64_t)node->length : 0;
    return node ? 0 : -ENOENT;
}

int32_t sys_stat(const char *path, int64_t *status) {
    return status_of(find(path), status);
}

int32_t sys_fstat(int32_t fd, int64_t *status) {
    return of(fd) ? status_of(of(fd)->node, status) : -EBADF;
}

int64_t sys_lseek(int32_t fd, int64_t offset, int32_t from) {
    enum { SET, CURRENT };
    MUST(from == SET || from == CURRENT);
    if (!of(fd))
        return -EBADF;
    if (of(fd)->what != NODE)
        return -EINVAL;
    of(fd)->at = (from == SET ? 0 : of(fd)->at) + (uint64_t)offset;
    return (int64_t)of(fd)->at;
}

int32_t sys_fcntl(int32_t fd, int32_t command, int32_t argument) {
    MUST(command == 3 && argument == 0);
    return of(fd) ? -ENOSYS : -EBADF;
}

/* The kernel implements one command, and it is not this one. */
int32_t sys_ioctl(int32_t fd, int32_t command, void *argument) {
    MUST(command == 0x541B && argument != NULL && of(fd));
    return -EINVAL;
}

/* An entry is 19 bytes and its name, rounded up to a multiple of eight. */
int64_t sys_getdents64(int32_t fd, void *into, size_t size) {
    struct description *own = of(fd);
    MUST(own && own->what == NODE && own->node->kind == DIRECTORY && into && size);
    size_t length = length_of(own->node->path), done = 0;
    for (; own->at < NODES; own->at++) {
        const struct node *node = &nodes[own->at];
        if (node->kind == NOTHING || !same(node->path, own->node->path, length) || node->path[length] != '/')
            continue;
        size_t entry = (19 + length_of(node->path + length + 1) + 1 + 7) & ~(size_t)7;
        if (done + entry > size)
            break;
        rubbish((char *)into + done, entry);
        done += entry;
    }
    return (int64_t)done;
}

int32_t sys_eventfd(uint64_t count, int16_t flags) {
    MUST(flags == 0);
    return new_fd(EVENT, NULL, count);
}

int32_t sys_poll(void *asked, size_t count, int32_t milliseconds) {
    struct poll {
        int32_t fd;
        int16_t events, ready;
    } *poll = asked;
    int32_t ready = 0;
    MUST(milliseconds == 0 && (asked || !count));
    for (size_t i = 0; i < count; i++) {
        const struct description *own = of(poll[i].fd);
        poll[i].ready = own && own->what == EVENT && own->at ? poll[i].events & 1 : 0;
        ready += poll[i].ready != 0;
    }
    return ready;
}

int64_t sys_read(int32_t fd, void *into, size_t length) {
    struct description *own = of(fd);
    MUST(into != NULL);
    if (!own)
        return -EBADF;
    if (own->what == EVENT) {
        MUST(length >= 8);
        while (!own->at)
            sys_yield();
        *(uint64_t *)into = own->at;
        own->at = 0;
        return 8;
    }
    const char *content = own->what == VERSION ? "Hermit version 0.13.0 # UTC 2026" : own->node->content;
    size_t end = own->what == VERSION ? length_of(content) : own->node->length, done = 0;
    while (done < length && own->at < end)
        ((char *)into)[done++] = content[own->at++];
    return (int64_t)done;
}

int64_t sys_write(int32_t fd, const void *from, size_t length) {
    struct description *own = of(fd);
    MUST(from != NULL);
    if (fd == 1 || fd == 2)
        return linux(LINUX_WRITE, fd, (long)from, (long)length, 0);
    if (!own)
        return -EBADF;
    if (own->what == EVENT) {
        MUST(length >= 8);
        own->at += *(const uint64_t *)from;
        return 8;
    }
    MUST(own->what == NODE && own->at + length <= ROOM);
    for (size_t i = 0; i < length; i++)
        own->node->content[own->at++] = ((const char *)from)[i];
    if (own->node->length < own->at)
        own->node->length = own->at;
    return (int64_t)length;
}
