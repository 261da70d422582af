/* Conditions that only the guest knows, read from /proc and /sys with bounded buffers. What is absent (no /proc
 * mounted, no such file on this machine) is left out: a fact is never guessed. The list with meanings: README.md. */
#include "os/os.h"
#include "core/text.h"

typedef void (*fact_sink)(void *, const char *name, const char *value);

/* Text in a buffer of its own, cut where it is full. */
struct line {
    char text[512];
    size_t used;
};

static void add(struct line *line, const char *text) {
    text_copy(line->text + line->used, sizeof line->text - line->used, text);
    line->used += text_length(line->text + line->used);
}

static void add_u64(struct line *line, uint64_t value) {
    char digits[21] = {0};
    text_u64(digits, value);
    add(line, digits);
}

/* First bytes of a small file, ended by NUL. Returns their number, 0 when there is no such file. */
static size_t read_file(const char *path, char *into, size_t size) {
    size_t used = 0;
    long fd = os_open(path, OS_READ), got = 1;
    if (fd < 0)
        return 0;
    while (used + 1 < size && (got = os_read((int)fd, into + used, size - 1 - used)) > 0)
        used += (size_t)got;
    os_close((int)fd);
    into[used] = 0;
    return used;
}

static char *cut_at(char *text, const char *any_of) {
    for (char *at = text; *at; at++)
        for (const char *end = any_of; *end; end++)
            if (*at == *end) {
                *at = 0;
                return text;
            }
    return text;
}

static void say_file(fact_sink fact, void *context, const char *name, const char *path, const char *ends) {
    char text[256];
    if (read_file(path, text, sizeof text) && *cut_at(text, ends))
        fact(context, name, text);
}

static void say_kernel(fact_sink fact, void *context) {
    struct {
        char system[65], node[65], release[65], version[65], machine[65], domain[65];
    } name;
    if (call1(CALL_UNAME, (long)&name) < 0)
        return;
    fact(context, "kernel.release", name.release);
    fact(context, "kernel.version", name.version);
}

/* The first of these keys that /proc/cpuinfo has: x86 and RISC-V name the model, Arm gives its part number. */
static void say_cpu(fact_sink fact, void *context) {
    static const char *const keys[] = {"model name", "uarch", "CPU part", "isa"};
    static char text[4096];
    if (!read_file("/proc/cpuinfo", text, sizeof text))
        return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (char *line = text; *line; line++) {
            char *value = line + text_length(keys[i]);
            if ((line == text || line[-1] == '\n') && text_starts(line, keys[i])) {
                while (*value == '\t' || *value == ' ' || *value == ':')
                    value++;
                fact(context, "cpu.model", cut_at(value, "\n"));
                return;
            }
        }
}

/* "always [madvise] never" -> madvise, and what the payload did about it. */
static void say_thp(fact_sink fact, void *context) {
    char text[64], *start = text;
    if (!read_file("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text))
        return;
    while (*start && *start != '[')
        start++;
    if (*start)
        fact(context, "thp", cut_at(start + 1, "]"));
    fact(context, "thp.payload", linux_start_state.thp_off ? "off" : "as the system's");
}

/* The names of known vulnerabilities, as `vulnerable` and `mitigations`; those that do not affect this CPU are left
 * out. The names are sorted, because a directory has no fixed order. */
static void say_mitigations(fact_sink fact, void *context) {
    enum { HOLES = 48, NAME = 48, HEADER = 19 }; /* linux_dirent64: ino 8, off 8, reclen 2, type 1, name */
    static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
    static char entries[4096], names[HOLES][NAME];
    unsigned count = 0;
    struct line vulnerable = {.used = 0}, mitigated = {.used = 0};
    long fd = os_open(folder, OS_READ), got;
    if (fd < 0)
        return;
    while ((got = call3(CALL_GETDENTS64, fd, (long)entries, sizeof entries)) > 0)
        for (long at = 0; at < got && count < HOLES; at += (unsigned char)entries[at + 16] + 256 * entries[at + 17]) {
            const char *name = entries + at + HEADER;
            unsigned hole = count;
            if (name[0] == '.' || text_length(name) >= NAME)
                continue;
            for (; hole && memcmp(names[hole - 1], name, text_length(name) + 1) > 0; hole--)
                memcpy(names[hole], names[hole - 1], NAME);
            text_copy(names[hole], NAME, name);
            count++;
        }
    os_close((int)fd);
    for (unsigned i = 0; i < count; i++) {
        struct line path = {.used = 0};
        char text[64];
        add(&path, folder);
        add(&path, "/");
        add(&path, names[i]);
        if (!read_file(path.text, text, sizeof text) || text_starts(text, "Not affected"))
            continue;
        struct line *list = text_starts(text, "Mitigation") ? &mitigated : &vulnerable;
        add(list, list->used ? "," : "");
        add(list, names[i]);
    }
    if (count) {
        fact(context, "mitigations", mitigated.used ? mitigated.text : "none");
        fact(context, "vulnerable", vulnerable.used ? vulnerable.text : "none");
    }
}

/* Address-space layout randomisation: the system's setting, and whether this process was exempted from it. */
static void say_layout(fact_sink fact, void *context) {
    enum { ADDR_NO_RANDOMIZE = 0x0040000 };
    long personality = call1(CALL_PERSONALITY, 0xffffffff);
    if (personality >= 0 && personality & ADDR_NO_RANDOMIZE)
        fact(context, "aslr", "off (personality)");
    else
        say_file(fact, context, "aslr", "/proc/sys/kernel/randomize_va_space", "\n");
}

/* The file system behind /tmp, which is part of what open and close cost: statfs(2)'s magic numbers. */
static void say_tmp(fact_sink fact, void *context) {
    static const struct {
        uint64_t magic;
        const char *name;
    } known[] = {{0x01021994, "tmpfs"}, {0x858458f6, "ramfs"},   {0xef53, "ext4"},    {0x58465342, "xfs"},
                 {0x9123683e, "btrfs"}, {0x794c7630, "overlay"}, {0x2fc12fc1, "zfs"}, {0x01021997, "9p"},
                 {0x6969, "nfs"},       {0xf2f52010, "f2fs"},    {0x65735546, "fuse"}};
    uint64_t stat[32] = {0};
    if (call2(CALL_STATFS, (long)"/tmp", (long)stat) < 0)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].magic == stat[0]) {
            fact(context, "tmp.fs", known[i].name);
            return;
        }
    struct line line = {.used = 0};
    add(&line, "magic ");
    add_u64(&line, stat[0]);
    fact(context, "tmp.fs", line.text);
}

void os_facts(fact_sink fact, void *context) {
    struct line page = {.used = 0}, cpus = {.used = 0};
    say_kernel(fact, context);
    say_cpu(fact, context);
    add_u64(&cpus, (uint64_t)os_cpus());
    fact(context, "cpus", cpus.text);
    say_file(fact, context, "smt", "/sys/devices/system/cpu/smt/active", "\n");
    say_file(fact, context, "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "\n");
    fact(context, "clock_read", linux_start_state.vdso_clock ? "vdso" : "syscall");
    add_u64(&page, linux_start_state.page);
    fact(context, "page", page.text);
    say_thp(fact, context);
    say_layout(fact, context);
    say_mitigations(fact, context);
    say_tmp(fact, context);
    say_file(fact, context, "load1", "/proc/loadavg", " \n");
}
