/* The calls of the floor kernel: number in %rax, arguments in %rdi, %rsi, %rdx, result in %rax. Read by C and by
 * kernel/entry.S, which lists its entries in this order. */
#ifndef FERRULE_FLOOR_CALL_H
#define FERRULE_FLOOR_CALL_H

#define CALL_NULL 0 /* () */
/* These never switch to another context. */
#define CALL_SAY      1  /* (which of enum floor_port, bytes, length) */
#define CALL_FACT     2  /* (which of enum floor_fact) */
#define CALL_MAP      3  /* (length, shared) -> address */
#define CALL_UNMAP    4  /* (address, length) */
#define CALL_PIPE     5  /* (int end[2]) */
#define CALL_CLOSE    6  /* (fd) */
#define CALL_WAKE     7  /* (word, count) -> how many were woken */
#define CALL_SWITCHES 8  /* () -> how often the caller has waited */
#define CALL_IPI      9  /* () */
#define CALL_PROTECT  10 /* (address, length, writable) */
/* These may. */
#define CALL_READ      11 /* (fd, into, length) */
#define CALL_WRITE     12 /* (fd, from, length) */
#define CALL_WAIT      13 /* (word, expected, timeout_ns) */
#define CALL_SLEEP     14 /* (ns) */
#define CALL_START     15 /* (entry, argument, stack; 0: in a copy of this address space) -> id */
#define CALL_JOIN      16 /* (id) -> status */
#define CALL_KILL      17 /* (id) */
#define CALL_END       18 /* () ends the caller; when it is the first of its address space, that too */
#define CALL_EXIT      19 /* (status) ends the caller's address space */
#define CALL_IPC_CALL  20 /* (id, message) -> reply */
#define CALL_IPC_SERVE 21 /* (reply) -> message */
#define CALL_YIELD     22 /* () */
#define CALLS          23

#ifndef __ASSEMBLER__
enum floor_port { FLOOR_CONSOLE, FLOOR_RECORDS };
enum floor_fact {
    FLOOR_FACT_PROCESS,     /* which of the boot's payload processes this is */
    FLOOR_FACT_NS_PER_TICK, /* of the time-stamp counter, 32.32 fixed point */
    FLOOR_FACT_TSC_HZ,
    FLOOR_FACT_TIMER_HZ, /* of the local APIC's timer */
    FLOOR_FACT_CPUS,
    FLOOR_FACT_MEMORY,  /* bytes */
    FLOOR_FACT_ENTERED, /* the counter at the kernel's first instruction */
};
#endif

#endif
