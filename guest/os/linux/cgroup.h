/* Two control groups of Linux (cgroups(7), version 2) with the cpu controller, which schedules the processes in them.
 * Their hierarchy is reached through a detached mount (fsmount(2)), so no mount is left behind. */
#ifndef FERRULE_LINUX_CGROUP_H
#define FERRULE_LINUX_CGROUP_H

#include "core/text.h"

enum { LINUX_CGROUP_TEXT = 512 };

struct linux_cgroups {
    int root; /* of the hierarchy that this process sees; 0: not open */
    int gave; /* the cpu controller of the root's children was enabled here */
    uint64_t number;
    char home[LINUX_CGROUP_TEXT]; /* the cgroup.procs file of this process's former group */
};
static struct linux_cgroups linux_cgroups;

/* Reads the first bytes of a file of the hierarchy, or of /proc. */
static inline long linux_cgroup_read(int at, const char *path, char text[LINUX_CGROUP_TEXT]) {
    enum { CLOSE_ON_EXECUTE = 02000000 };
    long fd = call4(CALL_OPENAT, at, (long)path, CLOSE_ON_EXECUTE, 0);
    if (fd < 0)
        return fd;
    long got = os_read((int)fd, text, LINUX_CGROUP_TEXT - 1);
    os_close((int)fd);
    text[got > 0 ? got : 0] = 0;
    return got;
}

static inline long linux_cgroup_write(const char *path, const char *text) {
    enum { WRITE_ONLY = 1, CLOSE_ON_EXECUTE = 02000000 };
    long fd = call4(CALL_OPENAT, linux_cgroups.root, (long)path, WRITE_ONLY | CLOSE_ON_EXECUTE, 0);
    if (fd < 0)
        return fd;
    long took = os_write((int)fd, text, text_length(text));
    os_close((int)fd);
    return took;
}

/* The path of one of the two, or of a file in it. */
static inline const char *linux_cgroup_path(unsigned which, const char *file) {
    static char path[64];
    text_copy(path, sizeof path, which ? "ferrule-b-" : "ferrule-a-");
    size_t length = text_length(path);
    length += text_u64(path + length, linux_cgroups.number);
    text_copy(path + length, sizeof path - length, file);
    return path;
}

static inline long linux_cgroup_mount(void) {
    enum { FSOPEN = 430, FSCONFIG, FSMOUNT }; /* since call 424 all architectures have the same numbers */
    enum { CLOSE_ON_EXECUTE = 1, CREATE = 6 };
    long made = call2(FSOPEN, (long)"cgroup2", CLOSE_ON_EXECUTE);
    if (made < 0)
        return made;
    long result = call5(FSCONFIG, made, CREATE, 0, 0, 0);
    if (result >= 0)
        result = call3(FSMOUNT, made, CLOSE_ON_EXECUTE, 0);
    os_close((int)made);
    return result;
}

/* From "0::/a/b" in /proc/self/cgroup makes ./a/b/cgroup.procs. */
static inline void linux_cgroup_home(void) {
    char text[LINUX_CGROUP_TEXT];
    char *home = linux_cgroups.home;
    const char *line = linux_cgroup_read(0, "/proc/self/cgroup", text) > 0 ? text : "";
    while (*line && !text_starts(line, "0::")) {
        while (*line && *line != '\n')
            line++;
        line += *line == '\n';
    }
    size_t length = 0;
    home[length++] = '.';
    for (line += *line ? 3 : 0; *line && *line != '\n' && length < LINUX_CGROUP_TEXT - 16; line++)
        home[length++] = *line;
    text_copy(home + length, LINUX_CGROUP_TEXT - length, "/cgroup.procs");
}

static inline long linux_cgroup_open(void) {
    enum { RIGHTS = 0755 };
    char text[LINUX_CGROUP_TEXT];
    long result = linux_cgroup_mount();
    if (result < 0)
        return result;
    linux_cgroups = (struct linux_cgroups){.root = (int)result, .number = (uint64_t)call0(CALL_GETPID)};
    linux_cgroup_home();
    if ((result = linux_cgroup_read(linux_cgroups.root, "cgroup.subtree_control", text)) < 0)
        return result;
    text[result ? result - 1 : 0] = 0; /* the line's end */
    if (!text_lists(text, "cpu")) {
        if ((result = linux_cgroup_write("cgroup.subtree_control", "+cpu")) < 0)
            return result;
        linux_cgroups.gave = 1;
    }
    for (unsigned which = 0; which < 2 && result >= 0; which++)
        result = call3(CALL_MKDIRAT, linux_cgroups.root, (long)linux_cgroup_path(which, ""), RIGHTS);
    return result;
}

#define OS_HAS_CGROUP
static inline long os_cgroup_join(unsigned which) {
    long opened = linux_cgroups.root ? 0 : linux_cgroup_open();
    return opened < 0 ? opened : linux_cgroup_write(linux_cgroup_path(which, "/cgroup.procs"), "0");
}

static inline long os_cgroup_holds(unsigned which) {
    char text[LINUX_CGROUP_TEXT], own[24];
    size_t length = text_u64(own, (uint64_t)call0(CALL_GETPID));
    text_copy(own + length, sizeof own - length, "\n");
    return linux_cgroup_read(linux_cgroups.root, linux_cgroup_path(which, "/cgroup.procs"), text) > 0 &&
           text_equal(text, own);
}

static inline long os_cgroup_leave(void) {
    enum { DIRECTORY = 0x200 };
    if (!linux_cgroups.root)
        return 0;
    linux_cgroup_write(linux_cgroups.home, "0");
    for (unsigned which = 0; which < 2; which++)
        call3(CALL_UNLINKAT, linux_cgroups.root, (long)linux_cgroup_path(which, ""), DIRECTORY);
    if (linux_cgroups.gave)
        linux_cgroup_write("cgroup.subtree_control", "-cpu");
    os_close(linux_cgroups.root);
    linux_cgroups.root = 0;
    return 0;
}

#endif
