/* The instrument: a TCG plugin that records every instruction and every memory access of the timed batches.
 *
 *   qemu-system-x86_64 ... -plugin file=trace.so,out=PREFIX,main=0x9,bytes=4157,open=0xA,close=0xB,loop=0xC[,moved=1]
 *
 * It instruments nothing until the payload's first function is executed (main=, with its first bytes=): the boot before
 * that takes as long as without it. Without main= it instruments from the start.
 *
 * A window opens at a counter reading that begins a timed region (open=, repeatable). It is kept if a workload's loop
 * is entered before it closes (loop=, repeatable; numbered by position). It closes at the reading that ends the region
 * (close=, repeatable). Both readings are in the payload's own code, so the window holds what the batch's ticks count,
 * whoever executes it: payload, kernel, another process, an interrupt. The reading that opens it is in the window, the
 * one that closes it is not. With moved=1 the payload is loaded a whole number of pages above those addresses.
 *
 * It writes PREFIX.PID.trace, windows in pieces (struct piece), and PREFIX.PID.code, one entry for each instruction
 * (struct entry), in the order of first execution. trace.py interprets them.
 *
 * No header of QEMU is needed: the interface is these declarations. TRACE_API is its version. */
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
typedef void (*on_reset)(plugin_id);
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
extern _Bool qemu_plugin_mem_is_store(uint32_t access);
extern struct physical *qemu_plugin_get_hwaddr(uint32_t access, uint64_t address);
extern _Bool qemu_plugin_hwaddr_is_io(const struct physical *);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct physical *);
extern void qemu_plugin_register_atexit_cb(plugin_id, on_end, void *);
extern void qemu_plugin_reset(plugin_id, on_reset); /* all blocks are translated anew */

#define SHOWN __attribute__((visibility("default")))
SHOWN int qemu_plugin_version = TRACE_API;

enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };
enum role { NONE, OPENS, CLOSES, ENTERS };
enum { ADDRESSES = 1024, CODE_BYTES = 15, MAIN_BYTES = 16, PIECE = 1 << 20, LONGEST_WAY = 1 << 16, BATCH = 4096 };

struct entry {
    uint64_t address;
    uint8_t size, bytes[CODE_BYTES];
};

/* It is followed by its executed instructions, then its accesses' physical addresses, then their instructions. */
struct piece {
    uint64_t base;               /* load address of the payload minus its link address */
    uint32_t loop, last;         /* which loop; whether the window ends with this piece */
    uint32_t executed, accessed; /* how many of each */
};

struct site {
    struct entry entry;
    uint32_t number; /* its place in PREFIX.PID.code, from 1; 0 until it is executed in a window */
    uint16_t low;    /* address within a page: all that is known in advance of a payload that is moved */
    uint8_t role;    /* candidate; for a payload that is moved, the address decides when it is executed */
};

struct addresses {
    uint64_t at[ADDRESSES];
    unsigned count;
};

static struct addresses opens, closes, loops;
static uint64_t first;             /* link address of the payload's first function; 0: start at once */
static uint8_t begins[MAIN_BYTES]; /* its first bytes */
static size_t begins_size;
static int moved, begun;
static enum { SHUT, PROVISIONAL, OPEN } window;
static struct piece piece;
static uint32_t executed_at[PIECE]; /* number of the instruction; top eight bits: CPU */
static uint64_t physical_of[PIECE]; /* top bits: whether it is a device's, whether it is a store */
static int32_t
    accessed_by[PIECE]; /* index of the executed instruction in its piece; -1: the last of the previous piece */
static uint32_t known;
static FILE *trace, *code;

enum { DEVICE = 63, STORE = 62, NUMBER = 24 }; /* lowest bits of packed fields */

static void put(uint32_t last) {
    piece.last = last;
    fwrite(&piece, sizeof piece, 1, trace);
    fwrite(executed_at, sizeof *executed_at, piece.executed, trace);
    fwrite(physical_of, sizeof *physical_of, piece.accessed, trace);
    fwrite(accessed_by, sizeof *accessed_by, piece.accessed, trace);
    if (last) {
        fflush(trace);
        fflush(code);
    }
    piece.executed = piece.accessed = 0;
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
                piece = (struct piece){.base = address - opens.at[i]};
                window = PROVISIONAL;
                return;
            }
    } else if (site->role == CLOSES && window != SHUT && find(&closes, address - piece.base) >= 0) {
        if (window == OPEN)
            put(1);
        window = SHUT;
    } else if (site->role == ENTERS && window == PROVISIONAL && (loop = find(&loops, address - piece.base)) >= 0) {
        piece.loop = (uint32_t)loop;
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
        if (known >> NUMBER)
            abort();
    }
    if (piece.executed == PIECE)
        put(0);
    executed_at[piece.executed++] = (uint32_t)cpu << NUMBER | site->number;
    if (window == PROVISIONAL && piece.executed > LONGEST_WAY) /* not a batch: a batch enters its loop sooner */
        window = SHUT;
}

static void accessed(unsigned cpu, uint32_t access, uint64_t address, void *argument) {
    (void)cpu, (void)argument;
    if (__builtin_expect(window == SHUT, 1))
        return;
    const struct physical *physical = qemu_plugin_get_hwaddr(access, address);
    if (piece.accessed == PIECE) {
        if (window == PROVISIONAL) {
            window = SHUT;
            return;
        }
        put(0);
    }
    uint64_t device = physical && qemu_plugin_hwaddr_is_io(physical), store = qemu_plugin_mem_is_store(access);
    physical_of[piece.accessed] =
        (physical ? qemu_plugin_hwaddr_phys_addr(physical) : 0) | device << DEVICE | store << STORE;
    accessed_by[piece.accessed++] = (int32_t)piece.executed - 1;
}

static enum role role_of(const struct entry *entry) {
    static const struct {
        const struct addresses *list;
        uint8_t size, bytes[3]; /* if the payload is moved, the address within a page is not enough */
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

/* QEMU may translate a block again. Its sites are never freed, because the old block may still be executing. */
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

static void describe(struct instruction *one, struct entry *entry) {
    size_t size = qemu_plugin_insn_size(one);
    entry->address = qemu_plugin_insn_vaddr(one);
    entry->size = (uint8_t)(size < CODE_BYTES ? size : CODE_BYTES);
#if TRACE_API >= 3
    qemu_plugin_insn_data(one, entry->bytes, entry->size);
#else
    memcpy(entry->bytes, qemu_plugin_insn_data(one), entry->size);
#endif
}

static void translated(plugin_id id, struct block *block) {
    (void)id;
    for (size_t i = 0, n = qemu_plugin_tb_n_insns(block); i < n; i++) {
        struct instruction *one = qemu_plugin_tb_get_insn(block, i);
        struct site *site = new_site();
        describe(one, &site->entry);
        site->low = (uint16_t)(site->entry.address % 4096);
        site->role = (uint8_t)role_of(&site->entry);
        qemu_plugin_register_vcpu_insn_exec_cb(one, executed, NO_REGISTERS, site);
        qemu_plugin_register_vcpu_mem_cb(one, accessed, NO_REGISTERS, READS_AND_WRITES, site);
    }
}

static void ended(plugin_id id, void *argument) {
    (void)id, (void)argument;
    fflush(trace);
    fflush(code);
}

static void start(plugin_id id) {
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
}

static void main_begins(unsigned cpu, void *id) {
    (void)cpu;
    if (!begun)
        qemu_plugin_reset((plugin_id)(uintptr_t)id, start);
    begun = 1;
}

/* Whether the payload's first function begins at this instruction of the block, as far as the block shows. */
static int is_main(const struct block *block, size_t from) {
    uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, from));
    if (moved ? address % 4096 != first % 4096 : address != first)
        return 0;
    for (size_t at = 0, n = qemu_plugin_tb_n_insns(block); from < n && at < begins_size; from++) {
        struct entry entry;
        describe(qemu_plugin_tb_get_insn(block, from), &entry);
        size_t left = begins_size - at, size = entry.size < left ? entry.size : left;
        if (memcmp(entry.bytes, begins + at, size))
            return 0;
        at += size;
    }
    return 1;
}

static void awaited(plugin_id id, struct block *block) {
    for (size_t i = 0, n = qemu_plugin_tb_n_insns(block); i < n; i++)
        if (is_main(block, i))
            qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(block, i), main_begins, NO_REGISTERS,
                                                   (void *)(uintptr_t)id);
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
        if (!strncmp(arguments[i], "main=", 5))
            first = strtoull(arguments[i] + 5, NULL, 0);
        if (!strncmp(arguments[i], "bytes=", 6))
            for (const char *at = arguments[i] + 6; begins_size < MAIN_BYTES && at[0] && at[1]; at += 2)
                begins[begins_size++] = (uint8_t)strtoul((char[]){at[0], at[1], 0}, NULL, 16);
        if (!strcmp(arguments[i], "moved=1") || !strcmp(arguments[i], "moved=on"))
            moved = 1;
        for (unsigned k = 0; k < 3; k++) {
            size_t length = strlen(lists[k].key);
            if (strncmp(arguments[i], lists[k].key, length))
                continue;
            if (lists[k].list->count == ADDRESSES) {
                fprintf(stderr, "trace: more than %d of %s\n", ADDRESSES, lists[k].key);
                return -1;
            }
            lists[k].list->at[lists[k].list->count++] = strtoull(arguments[i] + length, NULL, 0);
        }
    }
    if (!trace || !code) {
        fprintf(stderr, "trace: out=: no file can be written there\n");
        return -1;
    }
    if (first)
        qemu_plugin_register_vcpu_tb_trans_cb(id, awaited);
    else
        start(id);
    return 0;
}
