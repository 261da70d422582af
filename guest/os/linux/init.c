/* The first process of a Linux guest: brings up just enough of the system for the payload, runs it, powers off.
 *
 * Its arguments are in the file /ferrule.words (for kernels that show no command line, or that we cannot give one), or,
 * where there is no such file, on the kernel's command line. The program and its arguments follow `--`, settings come
 * before it:
 *
 *     ferrule.port=PATH      where the program's standard output and our own records go, as a raw terminal
 *     ferrule.processes=N    run it N times, with process=K as last argument; stop at the first that fails
 *     ferrule.share=TAG      first mount the 9p share TAG on /host, read-only
 *     ferrule.address=A.B.C.D  give eth0 this address (netmask 255.255.255.0), bring it up
 *
 * The loopback is brought up, where the kernel has one. A /dev that the kernel filled by itself is taken as it is.
 * Modules are loaded in the order of /modules.list, one path a line. An error is reported on the console in one line
 * "ferrule-init: ..."; then the machine is powered off, or, where that fails, the kernel panics because this process
 * ends. */
#include "os/os.h"
#include "core/record.h"
#include "core/text.h"

enum { STDIN, STDOUT, STDERR, LINE = 256, ARGUMENTS = 32 };
static const uint32_t init_stream = 4294967295u; /* docs/record-stream.md */

static char words[4096];
static struct record record;
static int port = STDERR;

static void port_write(void *context, const char *bytes, size_t length) {
    (void)context;
    while (length) {
        long done = os_write(port, bytes, length);
        if (done <= 0)
            return; /* only the console is left, and the harness sees that the records stop */
        bytes += done;
        length -= (size_t)done;
    }
}

static void say(const char *what, const char *which, long number) {
    char digits[21] = {0};
    os_complain("ferrule-init: ");
    os_complain(what);
    os_complain(which);
    if (number) {
        text_u64(digits, (uint64_t)(number < 0 ? -number : number));
        os_complain(number < 0 ? ": errno " : " ");
        os_complain(digits);
    }
    os_complain("\n");
}

/* Everything written has left the serial port when this returns: nothing of it disturbs what is measured next, and
 * nothing is lost at power-off. */
static void port_drain(void) {
    enum { TCSBRK = 0x5409 }; /* with a nonzero argument: tcdrain(3) */
    call3(CALL_IOCTL, port, TCSBRK, 1);
}

static void begin(const char *event) {
    record_begin(&record, "init");
    record_text(&record, "event", event);
    record_u64(&record, "ns", os_clock_ns()); /* since the kernel's clock started: the time that its boot took */
}

__attribute__((noreturn)) static void power_off(void) {
    enum { POWER_OFF = 0x4321fedc, MAGIC = (int)0xfee1dead, MAGIC2 = 672274793 };
    begin("halt");
    record_end(&record);
    port_drain();
    call0(CALL_SYNC);
    call4(CALL_REBOOT, MAGIC, MAGIC2, POWER_OFF, 0);
    os_exit(1); /* the kernel panics: it did not power off */
}

static void must(long result, const char *what, const char *which) {
    if (result >= 0)
        return;
    say(what, which, result);
    power_off();
}

static long read_file(const char *path, char *into, size_t size) {
    long fd = os_open(path, OS_READ), used = 0, got;
    if (fd < 0)
        return fd;
    while ((size_t)used < size - 1 && (got = os_read((int)fd, into + used, size - 1 - (size_t)used)) > 0)
        used += got;
    into[used] = 0;
    os_close((int)fd);
    return used;
}

/* Reads this process's arguments. */
static void read_words(void) {
    if (read_file("/ferrule.words", words, sizeof words) < 0)
        must(read_file("/proc/cmdline", words, sizeof words), "read ", "/proc/cmdline");
}

/* The value of a word key=value; 0 when there is none. */
static int setting(const char *key, char *into, size_t size) {
    for (const char *word = words; *word;) {
        size_t length = 0;
        while (word[length] && word[length] != ' ' && word[length] != '\n')
            length++;
        if (text_starts(word, key) && word[text_length(key)] == '=' && length < size) {
            size_t skip = text_length(key) + 1;
            memcpy(into, word + skip, length - skip);
            into[length - skip] = 0;
            return 1;
        }
        word += length + (word[length] != 0);
    }
    return 0;
}

static void mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
    call3(CALL_MKDIRAT, LINUX_AT_FDCWD, (long)target, 0755);
    must(call5(CALL_MOUNT, (long)source, (long)target, (long)type, (long)flags, (long)options), "mount ", target);
}

static void load_modules(void) {
    static char list[4096];
    long length = read_file("/modules.list", list, sizeof list);
    for (char *path = list; length > 0 && *path;) {
        char *end = path;
        while (*end && *end != '\n')
            end++;
        char *next = *end ? end + 1 : end;
        *end = 0;
        long fd = os_open(path, OS_READ);
        must(fd, "open ", path);
        must(call3(CALL_FINIT_MODULE, fd, (long)"", 0), "load ", path);
        os_close((int)fd);
        path = next;
    }
}

/* Dotted decimal to the four bytes of an address in network order; 0 when it is not one. */
static int parse_address(const char *text, uint8_t *into) {
    for (int i = 0; i < 4; i++) {
        size_t length = 0;
        uint64_t part = 0;
        while (text[length] >= '0' && text[length] <= '9')
            length++;
        if (!text_to_u64(text, length, &part) || part > 255 || text[length] != (i < 3 ? '.' : 0))
            return 0;
        into[i] = (uint8_t)part;
        text += length + 1;
    }
    return 1;
}

/* struct ifreq of netdevice(7): a name, then a sockaddr_in or flags. */
static long set_interface(int fd, const char *name, unsigned request, const uint8_t *address) {
    enum { AF_INET = 2, IFF_UP = 1 };
    struct {
        char name[16];
        uint16_t kind, port;
        uint8_t address[20];
    } wanted = {.kind = address ? AF_INET : IFF_UP};
    text_copy(wanted.name, sizeof wanted.name, name);
    if (address)
        memcpy(wanted.address, address, 4);
    return call3(CALL_IOCTL, fd, request, (long)&wanted);
}

/* The loopback, and eth0 with an address where one is asked for. A kernel without a network has no loopback either,
 * which its workloads report. */
static void bring_up_network(const char *text) {
    enum { AF_INET = 2, SOCK_DGRAM = 2, SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916, SIOCSIFNETMASK = 0x891c };
    static const uint8_t netmask[4] = {255, 255, 255, 0};
    uint8_t address[4];
    long fd = call3(CALL_SOCKET, AF_INET, SOCK_DGRAM, 0);
    if (fd >= 0)
        set_interface((int)fd, "lo", SIOCSIFFLAGS, NULL);
    if (text) {
        must(parse_address(text, address) ? 0 : -OS_EINVAL, "ferrule.address=", text);
        must(fd, "socket for ", text);
        must(set_interface((int)fd, "eth0", SIOCSIFADDR, address), "address of ", "eth0");
        must(set_interface((int)fd, "eth0", SIOCSIFNETMASK, netmask), "netmask of ", "eth0");
        must(set_interface((int)fd, "eth0", SIOCSIFFLAGS, NULL), "bring up ", "eth0");
    }
    if (fd >= 0)
        os_close((int)fd);
}

/* The port carries bytes, not text: no echo, no signals, no CR before LF. struct termios of asm-generic. */
static void open_port(const char *path) {
    enum { O_RDWR = 2, O_NOCTTY = 0400, TCGETS = 0x5401, TCSETS = 0x5402, OPOST = 1 };
    enum { ISIG = 1, ICANON = 2, ECHO = 8, IEXTEN = 0100000 };
    struct {
        uint32_t input, output, control, local;
        uint8_t line, characters[31];
    } mode = {0};
    port = (int)call4(CALL_OPENAT, LINUX_AT_FDCWD, (long)path, O_RDWR | O_NOCTTY, 0);
    if (port < 0) {
        long result = port;
        port = STDERR;
        must(result, "open ", path);
    }
    must(call3(CALL_IOCTL, port, TCGETS, (long)&mode), "tcgetattr ", path);
    mode.input = 0;
    mode.output &= ~(uint32_t)OPOST;
    mode.local &= ~(uint32_t)(ISIG | ICANON | ECHO | IEXTEN);
    must(call3(CALL_IOCTL, port, TCSETS, (long)&mode), "tcsetattr ", path);
}

/* Runs the program; returns its wait status. Processes that it leaves behind are killed before the next one starts. */
static int32_t run(char **argv) {
    enum { SIGCHLD = 17, SIGKILL = 9, EXIT_NOT_EXECUTED = 127 };
    static char *const environment[] = {"PATH=/bin", "HOME=/", NULL};
    long child = call5(CALL_CLONE, SIGCHLD, 0, 0, 0, 0);
    must(child, "fork for ", argv[0]);
    if (child == 0) {
        call0(CALL_SETSID);
        if (port != STDERR)
            call3(CALL_DUP3, port, STDOUT, 0);
        long result = call3(CALL_EXECVE, (long)argv[0], (long)argv, (long)environment);
        say("execute ", argv[0], result);
        os_exit(EXIT_NOT_EXECUTED);
    }
    int32_t status = 0, other = 0;
    long ended;
    while ((ended = call4(CALL_WAIT4, -1, (long)&other, 0, 0)) != child)
        if (ended < 0 && ended != -LINUX_EINTR)
            must(ended, "wait for ", argv[0]);
    status = other;
    call2(CALL_KILL, -1, SIGKILL); /* all but ourselves */
    while (call4(CALL_WAIT4, -1, (long)&other, 0, 0) > 0)
        ;
    port_drain();
    return status;
}

static void report(const char *event, uint64_t process, int32_t status) {
    begin(event);
    record_u64(&record, "process", process);
    if (status >= 0) {
        record_i64(&record, "status", status >> 8 & 0xff);
        record_i64(&record, "signal", status & 0x7f);
    }
    record_end(&record);
    port_drain();
}

static void run_all(char **argv, int argc) {
    char text[LINE], last[LINE];
    uint64_t processes = 0;
    int numbered = setting("ferrule.processes", text, sizeof text);
    if (!numbered)
        processes = 1;
    else if (!text_to_u64(text, text_length(text), &processes))
        must(-OS_EINVAL, "ferrule.processes=", text);
    for (uint64_t process = 0; process < processes; process++) {
        if (numbered) {
            text_copy(last, sizeof last, "process=");
            last[8 + text_u64(last + 8, process)] = 0;
            argv[argc] = last;
            argv[argc + 1] = NULL;
        }
        report("start", process, -1);
        int32_t status = run(argv);
        report("exit", process, status);
        if (status == 0)
            continue;
        say(argv[0], status & 0x7f ? " was ended by signal" : " ended with status",
            status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
        return;
    }
    say("all processes ended with status 0", "", 0);
}

/* The words behind `--`, as an argument list. This process's argv is not used: the kernel adds unknown words of its
 * command line to it. */
static int split_program(char **argv) {
    int count = 0;
    char *at = words;
    while (*at && !text_starts(at, " -- "))
        at++;
    for (at += *at ? 4 : 0; *at && *at != '\n' && count < ARGUMENTS; at++) {
        if (*at == ' ')
            continue;
        argv[count++] = at;
        while (at[1] && at[1] != ' ' && at[1] != '\n')
            at++;
        if (!at[1])
            break;
        *++at = 0;
    }
    must(count ? 0 : -OS_EINVAL, "no program behind -- in our words", "");
    return count;
}

int program_main(int argc, char **argv) {
    (void)argc, (void)argv;
    enum { MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4 };
    char value[LINE], *program[ARGUMENTS + 2] = {0};
    record_init(&record, port_write, NULL, "0", init_stream);
    long null = os_open("/dev/null", OS_READ);
    if (null < 0) {
        mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
        null = os_open("/dev/null", OS_READ);
    }
    call3(CALL_DUP3, null, STDIN, 0);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    read_words();
    if (setting("ferrule.port", value, sizeof value))
        open_port(value);
    begin("boot");
    record_end(&record);
    load_modules();
    if (setting("ferrule.share", value, sizeof value))
        mount(value, "/host", "9p", MS_RDONLY | MS_NOSUID | MS_NODEV,
              "trans=virtio,version=9p2000.L,msize=131072,cache=none");
    bring_up_network(setting("ferrule.address", value, sizeof value) ? value : NULL);
    run_all(program, split_program(program));
    power_off();
}
