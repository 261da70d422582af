/* The floor kernel's nouns. One CPU runs contexts, with interrupts off while the kernel runs, so nothing is locked; a
 * second CPU, where there is one, only answers interrupts. There is one kernel stack: a context that waits keeps
 * nothing on it, its state is in its record, and whoever runs next is resumed from there (entry.S). */
#ifndef FERRULE_FLOOR_KERNEL_H
#define FERRULE_FLOOR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "boot/multiboot.h"
#include "boot/processor.h"
#include "call.h"

enum { E_BADF = 9, E_CHILD = 10, E_AGAIN = 11, E_NOMEM = 12, E_FAULT = 14, E_NODEV = 19 };
enum { E_INVAL = 22, E_NFILE = 23, E_PIPE = 32, E_TIMEDOUT = 110 };

/* --- lists: a ring through a head; an element is in one of them at most, or alone */
struct list {
    struct list *next, *prev;
};
#define LIST_OWNER(item, type, member) ((type *)((char *)(item) - offsetof(type, member)))

static inline void list_init(struct list *list) {
    list->next = list->prev = list;
}

static inline int list_empty(const struct list *list) {
    return list->next == list;
}

static inline void list_insert_before(struct list *where, struct list *item) {
    item->next = where;
    item->prev = where->prev;
    where->prev->next = item;
    where->prev = item;
}

static inline void list_remove(struct list *item) {
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item); /* so that it can be removed again when it is in none */
}

/* --- frames (frame.c): physical pages, named by their address, which is also where the kernel sees them */
enum { PAGE = 4096 };
void frames_init(uint64_t from, uint64_t to);
uint64_t frames_total(void);
uint64_t frame_take(void);                /* 0: none is left */
uint64_t frame_take_run(uint64_t frames); /* adjacent ones, never given back */
void frame_share(uint64_t frame);         /* one more space holds it */
int frame_shared(uint64_t frame);
void frame_drop(uint64_t frame); /* one less; the last one frees it */

/* String instructions: the processor's own way to move memory (SDM vol. 1 7.3.9.3, fast-string operation). Eight bytes
 * a step where there are so many: where steps are what is counted, that counts. */
static inline void page_zero(uint64_t frame) {
    uint64_t count = PAGE / 8;
    __asm__ volatile("rep stosq" : "+D"(frame), "+c"(count) : "a"(0) : "memory");
}

static inline void bytes_copy(void *into, const void *from, uint64_t length) {
    uint64_t words = length / 8;
    if (words)
        __asm__ volatile("rep movsq" : "+D"(into), "+S"(from), "+c"(words) : : "memory");
    length %= 8;
    if (length)
        __asm__ volatile("rep movsb" : "+D"(into), "+S"(from), "+c"(length) : : "memory");
}

/* --- spaces (space.c): address spaces. All of one is a window of USER_PAGES pages, its entries in one array */
enum { USER_BASE = 0x40000000, USER_PAGES = 32768 };
enum { SPACE_ENDS = 160 };
struct pipe;
struct pipe_end {
    struct pipe *pipe;
    int writes;
};
struct space {
    uint64_t *entry;     /* of page USER_BASE + i * PAGE */
    uint64_t tables;     /* physical address of the top table, for %cr3 */
    uint64_t used;       /* entries from here on are zero */
    struct list members; /* its contexts; the process ends with the first */
    struct space *next_free;
    uint64_t ends; /* those from here on are not open */
    struct pipe_end end[SPACE_ENDS];
};
void spaces_init(void);
struct space *space_payload(void);            /* a fresh program; NULL: no memory */
struct space *space_copy(struct space *from); /* the current one */
uint64_t payload_stack_end(void);
void space_drop(struct space *space);              /* not the one loaded */
int space_fault(uint64_t address, uint64_t error); /* of the current space; 0: nothing should be there */
char *space_resolve(struct space *space, uint64_t page, int write); /* NULL: nothing should be there */

/* Where the kernel sees a byte of a space, made present, and for writing private, first; NULL: nothing is there. */
static inline char *space_at(struct space *space, uint64_t address, int write) {
    const uint64_t frame_bits = 0x000FFFFFFFFFF000, need = PAGE_PRESENT | (write ? PAGE_WRITE : 0);
    uint64_t page = (address - USER_BASE) / PAGE;
    if (page >= USER_PAGES)
        return NULL;
    uint64_t entry = space->entry[page];
    if ((entry & need) == need)
        return (char *)(entry & frame_bits) + address % PAGE;
    char *at = space_resolve(space, page, write);
    return at ? at + address % PAGE : NULL;
}

long space_write(struct space *space, uint64_t into, const char *from, uint64_t length);
long space_read(struct space *space, uint64_t from, char *into, uint64_t length);
long space_transfer(struct space *to, uint64_t into, struct space *space, uint64_t from, uint64_t length);
void pipe_ends_copy(struct space *into, const struct space *from); /* pipe.c */
void pipe_ends_drop(struct space *space);
extern uint64_t loaded_tables; /* what %cr3 holds; 0: load it anew */

/* --- contexts (context.c): what a processor resumes. entry.S knows the first ten members */
enum { CONTEXTS = 128 };
enum context_state { CONTEXT_FREE, CONTEXT_LIVE, CONTEXT_ENDED };
struct context {
    uint64_t stack, instruction, flags, rbx, rbp, r12, r13, r14, r15;
    long result; /* of the call it waits in */
    uint64_t tables;
    struct space *space;
    struct list member;      /* of the space */
    struct list queue;       /* the ready ones, or what it waits for */
    struct list sleep;       /* those with a deadline */
    uint64_t deadline;       /* counter ticks */
    uint64_t waits;          /* how often it has waited */
    uint64_t word;           /* physical address waited for (wait.c) */
    uint64_t buffer;         /* user address that a pipe fills or drains (pipe.c) ... */
    uint64_t length;         /* ... this much is left ... */
    long moved;              /* ... and this much is done */
    struct context *partner; /* whose message this one holds and has not answered (ipc.c) */
    struct list callers;     /* who calls this one while it does not listen */
    int listens;
    struct context *joiner;
    long status;
    enum context_state state;
};
extern struct context *current;
void contexts_init(void);
struct context *context_make(struct space *space, uint64_t entry, uint64_t argument, uint64_t stack);
struct context *context_of(uint64_t id); /* NULL: there is none */
extern struct list ready;
static inline void context_ready(struct context *context, long result) {
    context->result = result;
    list_insert_before(&ready, &context->queue);
}
struct context *context_wait(struct list *queue); /* puts the current one there; returns who is next */
struct context *context_next(void);
void process_end(struct space *space, long status);
void processes_end(void);
_Noreturn void context_resume(struct context *context);

/* --- the payload (payload.c), started anew for every process of the plan */
extern struct space *payload_space;
struct context *payload_start(void); /* returns who is resumed */
struct context *payload_end(long status);
uint64_t payload_process(void);

/* --- time (time.c): the counter, the timer that wakes, and those that sleep */
extern uint64_t tsc_hz, timer_hz, ns_per_tick;
void time_init(void);
void sleep_until(struct context *context, uint64_t ns_from_now);
int sleepers_any(void);
void timer_interrupt(void);
static inline uint64_t tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* --- local APIC and the second CPU (apic.c) */
enum { VECTOR_TIMER = 0x20, VECTOR_PING = 0x21, VECTOR_PONG = 0x22, VECTOR_SPURIOUS = 0xFF };
enum apic_register { APIC_DIVIDE = 0x3E0, APIC_COUNT = 0x380, APIC_LEFT = 0x390 };
extern uint64_t cpus;
void apic_init(void);
void apic_end_of_interrupt(void);
void apic_write(unsigned where, uint32_t value);
uint32_t apic_read(unsigned where);
void second_cpu_start(void);

/* --- this CPU's tables (cpu.c) */
void cpu_init(void);
void cpu_load_interrupts(void);
static inline void halt_for_interrupt(void) {
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory"); /* STI takes effect after HLT has begun: SDM vol. 2B, STI */
}

/* --- the outside (port.c) */
void ports_init(void);
void say(const char *text);
void say_number(uint64_t number);
void say_hex(uint64_t number);
void port_send(enum floor_port which, const char *bytes, uint64_t length);
/* Ends the machine: QEMU's isa-debug-exit ends it with status (code << 1) | 1. */
enum end_code { END_STATUS = 0x20, END_FAULT = 0x40, END_KERNEL = 0x60, END_DEADLOCK = 0x7F };
_Noreturn void machine_end(unsigned code);
static inline void out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* --- the image (image.ld): addresses in memory of the program's parts, and its sizes */
extern const char user_start[], user_writable[], user_writable_load[], user_writable_load_end[], user_end[];
extern const char image_start[], image_end[], plan_load[];
extern const char floor_begin[], floor_main[]; /* start.c */
#endif
