/* Opening and removing by name in every era; pipes and event queues, which are opened by name, too. */
#include "path.h"

#include "core/text.h"
#include "os/os.h"

uint64_t redox_root[ROOTS];

enum { LONGEST = 128 };
struct path {
    char text[LONGEST];
    size_t length, name; /* where the scheme's own part begins */
};

static void add(struct path *path, const char *text) {
    text_copy(path->text + path->length, LONGEST - path->length, text);
    path->length += text_length(path->text + path->length);
}

/* /scheme/SCHEME/NAME; a scheme's own root has no slash behind it. */
static void make_path(struct path *path, const char *scheme, const char *name) {
    path->length = 0;
    add(path, "/scheme/");
    add(path, scheme);
    if (*name)
        add(path, "/");
    path->name = path->length;
    add(path, name);
}

/* As Redox's libc does it: since 2026-07 the namespace gives the scheme's root, in which the rest is opened. */
static long open_path(const struct path *path, long flags) {
    if (redox_start.era < ERA_2026_01)
        return redox_within(redox_call3(CALL_OPEN, (long)path->text, (long)path->length, flags));
    if (redox_start.era < ERA_2026_07)
        return redox_openat(redox_start.names, path->text, path->length, flags);
    long root = redox_openat(redox_start.names, path->text, path->length, DIRECTORY | CLOSE_ON_EXECUTE);
    if (root < 0)
        return root;
    long result = redox_openat(root, path->text + path->name, path->length - path->name, flags);
    os_close((int)root);
    return result;
}

static long remove_path(const struct path *path) {
    if (redox_start.era < ERA_2026_01)
        return redox_call2(CALL_UNLINK, (long)path->text, (long)path->length);
    if (redox_start.era < ERA_2026_07)
        return redox_call4(CALL_UNLINKAT, redox_start.names, (long)path->text, (long)path->length, 0);
    long root = redox_openat(redox_start.names, path->text, path->length, DIRECTORY | CLOSE_ON_EXECUTE);
    if (root < 0)
        return root;
    long result =
        redox_call4(CALL_UNLINKAT, root, (long)path->text + (long)path->name, (long)(path->length - path->name), 0);
    os_close((int)root);
    return result;
}

static const char *const names[REDOX_SCHEMES] = {
    [ROOT_DEBUG] = "debug", [ROOT_EVENT] = "event",     [ROOT_PIPE] = "pipe",    [ROOT_TIME] = "time",
    [ROOT_SYS] = "sys",     [DAEMON_CHANNELS] = "chan", [DAEMON_MEMORY] = "shm", [DAEMON_SOCKETS] = "uds_stream",
};

long redox_open(enum redox_scheme scheme, const char *name, long flags) {
    struct path path;
    if (redox_start.bare) /* the kernel has no schemes of daemons */
        return scheme < ROOTS ? redox_openat((long)redox_root[scheme], name, text_length(name), flags)
                              : -OS_DOES_NOT_EXIST;
    make_path(&path, names[scheme], name);
    return open_path(&path, flags);
}

long redox_remove(enum redox_scheme scheme, const char *name) {
    struct path path;
    make_path(&path, names[scheme], name);
    return remove_path(&path);
}

/* A path that does not begin with /scheme/ belongs to the scheme `file`. */
static void make_file_path(struct path *path, const char *text) {
    static const char prefix[] = "/scheme/";
    if (!text_starts(text, prefix)) {
        make_path(path, "file", text + (*text == '/'));
        return;
    }
    path->length = 0;
    add(path, text);
    path->name = sizeof prefix - 1;
    while (path->name < path->length && path->text[path->name] != '/')
        path->name++;
    path->name += path->name < path->length;
}

long os_open(const char *text, unsigned how) {
    struct path path;
    if (redox_start.bare)
        return -OS_DOES_NOT_EXIST;
    make_file_path(&path, text);
    long flags = how & OS_WRITE ? how & OS_READ ? READ_WRITE : WRITE_ONLY : READ_ONLY;
    return open_path(&path, how & OS_CREATE ? flags | CREATE | MODE_OWNER : flags);
}

long os_remove(const char *text) {
    struct path path;
    if (redox_start.bare)
        return -OS_DOES_NOT_EXIST;
    make_file_path(&path, text);
    return remove_path(&path);
}

/* No call takes a path: Redox's libc opens the file, too. */
long os_status_of_path(const char *text) {
    long fd = os_open(text, OS_READ);
    if (fd < 0)
        return fd;
    long length = os_status_of_fd((int)fd), closed = os_close((int)fd);
    return closed < 0 ? closed : length;
}

long os_pipe(int end[2]) {
    long reads = redox_open(ROOT_PIPE, "", READ_WRITE);
    if (reads < 0)
        return reads;
    long writes = REDOX_DUP(reads, "write");
    if (writes < 0) {
        os_close((int)reads);
        return writes;
    }
    end[0] = (int)reads;
    end[1] = (int)writes;
    return 0;
}

long os_events_open(void) {
    return redox_open(ROOT_EVENT, "", READ_WRITE);
}

/* A time written to a clock makes an event of its descriptor happen at that time, once. */
long os_timer_open(struct os_timer *timer) {
    static const char monotonic[] = "4";
    long queue = os_events_open(), clock = queue < 0 ? queue : redox_open(ROOT_TIME, monotonic, READ_WRITE);
    long added = clock < 0 ? clock : os_events_add((int)queue, (int)clock);
    *timer = (struct os_timer){(int)clock, (int)queue};
    if (added < 0 && clock >= 0)
        os_close((int)clock);
    if (added < 0 && queue >= 0)
        os_close((int)queue);
    return added < 0 ? added : 0;
}

long os_timer_arm(const struct os_timer *timer, uint64_t ns) {
    uint64_t now = 0;
    os_clock_read(&now);
    const struct redox_time then = redox_time_of(now + ns);
    return os_write(timer->clock, &then, sizeof then);
}

/* Operations that only a daemon could answer: bare, there is none. */
const char *os_absent_here(void) {
    return redox_start.bare ? "os_directory_make os_datagram_pair os_seqpacket_pair os_socket_open os_process_shell"
                            : "";
}
