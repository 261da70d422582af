/* The instrument: a TCG plugin that writes down every instruction and every memory access of the timed batches.
 *
 *   qemu-system-x86_64 ... -plugin file=trace.so,out=PREFIX,open=0xA,close=0xB,loop=0xC[,moved=1]
 *
 * A window opens at a reading of the counter that begins a timed region (open=, repeatable), is kept when a workload's
 * loop is entered before it closes (loop=, repeatable; the place in the list tells which), and closes at the reading
 * that ends it (close=, repeatable). Both readings are of the payload's own code, so the window holds what the batch's
 * ticks count, whoever executes it: payload, kernel, another process, an interrupt. The reading that opens it is in the
 * window, the one that closes it is not. With moved=1 the payload lies a whole number of pages above those addresses.
 *
 * It writes PREFIX.PID.trace, 64-bit words with their kind in the top four bits, and PREFIX.PID.code, an entry an
 * instruction (struct entry), in the order of first execution. What they mean is decided by who reads them: trace.py.
 *
 * No header of QEMU is needed: the interface is these declarations. TRACE_API is the version of it that they speak. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TRACE_API
#define TRACE_API 1
#endif

typedef uint64_t plugin_id;
struct block;
struct instruction;
struct physical;
typedef void (*on_block)(plugin_id, struct block *);
typedef void (*on_execution)(unsigned cpu, void *);
typedef void (*on_access)(unsigned cpu, uint32_t access, uint64_t address, void *);
typedef void (*on_end)(plugin_id, void *);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, on_block);
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct instruction *);
extern size_t qemu_plugin_insn_size(const struct instruction *);
#if TRACE_API >= 3
extern size_t qemu_plugin_insn_data(const struct instruction *, void *into, size_t size);
#else
extern const void *qemu_plugin_insn_data(const struct instruction *);
#endif
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct instruction *, on_execution, int registers, void *);
extern void qemu_plugin_register_vcpu_mem_cb(struct instruction *, on_access, int registers, int reads_writes, void *);
extern unsigned qemu_plugin_mem_size_shift(uint32_t access);
extern _Bool qemu_plugin_mem_is_store(uint32_t access);
extern struct physical *qemu_plugin_get_hwaddr(uint32_t access, uint64_t address);
extern _Bool qemu_plugin_hwaddr_is_io(const struct physical *);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct physical *);
extern void qemu_plugin_register_atexit_cb(plugin_id, on_end, void *);

#define SHOWN __attribute__((visibility("default")))
SHOWN int qemu_plugin_version = TRACE_API;

enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };
enum kind { EXECUTED, ACCESSED, OPENED, CLOSED, PAYLOAD_AT }; /* top four bits of a word */
enum role { NONE, OPENS, CLOSES, ENTERS };
enum { ADDRESSES = 64, CODE_BYTES = 15, WORDS = 1 << 20, LONGEST_WAY = 1 << 16, BATCH = 4096 };

struct entry {
    uint64_t address;
    uint8_t size, bytes[CODE_BYTES];
};

struct site {
    struct entry entry;
    uint32_t number; /* its place in PREFIX.PID.code, from 1; 0 until it is executed in a window */
    uint16_t low;    /* address within a page: all that is known beforehand of a payload that is moved */
    uint8_t role;    /* what it may be; of a payload that is moved, the address decides when it is executed */
};

struct addresses {
    uint64_t at[ADDRESSES];
    unsigned count;
};

static struct addresses opens, closes, loops;
static int moved;
static enum { SHUT, PROVISIONAL, OPEN } window;
static uint64_t base; /* by how much the payload is moved, as the reading that opened the window shows */
static uint64_t words[WORDS];
static size_t used, provisional; /* words in the buffer; where the window that may be dropped begins */
static uint32_t known;
static FILE *trace, *code;

static void flush(void) {
    fwrite(words, sizeof *words, used, trace);
    fflush(trace);
    fflush(code);
    used = 0;
}

static void put(enum kind kind, uint64_t value) {
    if (used == WORDS)
        flush();
    words[used++] = (uint64_t)kind << 60 | (value & (~UINT64_C(0) >> 4));
}

static int find(const struct addresses *list, uint64_t address) {
    for (unsigned i = 0; i < list->count; i++)
        if (list->at[i] == address)
            return (int)i;
    return -1;
}

static void step(const struct site *site) {
    uint64_t address = site->entry.address;
    int loop;
    if (site->role == OPENS && window != OPEN) {
        for (unsigned i = 0; i < opens.count; i++)
            if (opens.at[i] == address || (moved && opens.at[i] % 4096 == site->low)) {
                if (window == PROVISIONAL)
                    used = provisional;
                else if (used > WORDS / 2)
                    flush();
                provisional = used;
                base = address - opens.at[i];
                window = PROVISIONAL;
                return;
            }
    } else if (site->role == CLOSES && window != SHUT && find(&closes, address - base) >= 0) {
        if (window == OPEN) {
            put(CLOSED, 0);
            flush();
        } else
            used = provisional;
        window = SHUT;
    } else if (site->role == ENTERS && window == PROVISIONAL && (loop = find(&loops, address - base)) >= 0) {
        put(PAYLOAD_AT, base);
        put(OPENED, (uint64_t)loop);
        window = OPEN;
    }
}

static void executed(unsigned cpu, void *argument) {
    struct site *site = argument;
    if (__builtin_expect(site->role != NONE, 0))
        step(site);
    if (__builtin_expect(window == SHUT, 1))
        return;
    if (!site->number) {
        site->number = ++known;
        fwrite(&site->entry, sizeof site->entry, 1, code);
    }
    put(EXECUTED, (uint64_t)cpu << 32 | site->number);
    if (window == PROVISIONAL && used - provisional > LONGEST_WAY) { /* no batch: its loop comes sooner */
        used = provisional;
        window = SHUT;
    }
}

/* A word with virtual address, size, and whether it stores or is a device's; then the physical address. */
static void accessed(unsigned cpu, uint32_t access, uint64_t address, void *argument) {
    (void)cpu, (void)argument;
    if (__builtin_expect(window == SHUT, 1))
        return;
    const struct physical *physical = qemu_plugin_get_hwaddr(access, address);
    uint64_t flags = qemu_plugin_mem_size_shift(access) | (uint64_t)qemu_plugin_mem_is_store(access) << 3 |
                     (uint64_t)(physical && qemu_plugin_hwaddr_is_io(physical)) << 4;
    put(ACCESSED, flags << 48 | (address & (~UINT64_C(0) >> 16)));
    put(ACCESSED, physical ? qemu_plugin_hwaddr_phys_addr(physical) : 0);
}

static enum role role_of(const struct entry *entry) {
    static const struct {
        const struct addresses *list;
        uint8_t size, bytes[3]; /* of a payload that is moved, the place in a page alone would say too little */
    } kinds[] = {{&opens, 2, {0x0F, 0x31}}, {&closes, 3, {0x0F, 0x01, 0xF9}}, {&loops, 0, {0}}};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < kinds[i].list->count; k++) {
            uint64_t wanted = kinds[i].list->at[k];
            if ((wanted == entry->address || (moved && wanted % 4096 == entry->address % 4096)) &&
                !memcmp(entry->bytes, kinds[i].bytes, kinds[i].size))
                return (enum role)(OPENS + i);
        }
    return NONE;
}

/* Blocks are translated anew now and then; what was made for them is kept, for they may still be executing. */
static struct site *new_site(void) {
    static struct site *fresh;
    static size_t left;
    if (!left) {
        fresh = calloc(BATCH, sizeof *fresh);
        if (!fresh)
            abort();
        left = BATCH;
    }
    left--;
    return fresh++;
}

static void translated(plugin_id id, struct block *block) {
    (void)id;
    for (size_t i = 0, n = qemu_plugin_tb_n_insns(block); i < n; i++) {
        struct instruction *one = qemu_plugin_tb_get_insn(block, i);
        struct site *site = new_site();
        size_t size = qemu_plugin_insn_size(one);
        site->entry.address = qemu_plugin_insn_vaddr(one);
        site->entry.size = (uint8_t)(size < CODE_BYTES ? size : CODE_BYTES);
#if TRACE_API >= 3
        qemu_plugin_insn_data(one, site->entry.bytes, site->entry.size);
#else
        memcpy(site->entry.bytes, qemu_plugin_insn_data(one), site->entry.size);
#endif
        site->low = (uint16_t)(site->entry.address % 4096);
        site->role = (uint8_t)role_of(&site->entry);
        qemu_plugin_register_vcpu_insn_exec_cb(one, executed, NO_REGISTERS, site);
        qemu_plugin_register_vcpu_mem_cb(one, accessed, NO_REGISTERS, READS_AND_WRITES, site);
    }
}

static void ended(plugin_id id, void *argument) {
    (void)id, (void)argument;
    if (window != SHUT)
        used = window == OPEN ? used : provisional;
    flush();
}

static FILE *create(const char *prefix, const char *suffix) {
    char name[4096];
    int length = snprintf(name, sizeof name, "%s.%ld.%s", prefix, (long)getpid(), suffix);
    return length > 0 && (size_t)length < sizeof name ? fopen(name, "wb") : NULL;
}

SHOWN int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments) {
    const struct {
        const char *key;
        struct addresses *list;
    } lists[] = {{"open=", &opens}, {"close=", &closes}, {"loop=", &loops}};
    (void)info;
    for (int i = 0; i < count; i++) {
        if (!strncmp(arguments[i], "out=", 4)) {
            trace = create(arguments[i] + 4, "trace");
            code = create(arguments[i] + 4, "code");
        }
        if (!strcmp(arguments[i], "moved=1") || !strcmp(arguments[i], "moved=on"))
            moved = 1;
        for (unsigned k = 0; k < 3; k++) {
            size_t length = strlen(lists[k].key);
            if (strncmp(arguments[i], lists[k].key, length))
                continue;
            if (lists[k].list->count == ADDRESSES)
                return -1;
            lists[k].list->at[lists[k].list->count++] = strtoull(arguments[i] + length, NULL, 0);
        }
    }
    if (!trace || !code) {
        fprintf(stderr, "trace: out=: no file can be written there\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
