/* Cooperative threads, and the calls with which they wait for each other. */
#include "stub.h"

/* --- threads: the first runs runtime_entry() */

enum { THREADS = 8, NOBODY = -1 };
enum status { FREE, READY, BLOCKED, ENDED };

static struct thread {
    enum status status;
    uint64_t deadline;    /* while blocked; 0: none */
    const uint32_t *word; /* waited for */
    void *rsp, *stack;
    size_t size;
    void (*entry)(size_t);
    size_t argument;
    int timed_out;
} threads[THREADS] = {{.status = READY}};
static int current;

void stub_switch(void **save, void *to);
__asm__("stub_switch:\n\t"
        "pushq %rbx\n\tpushq %rbp\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
        "movq %rsp, (%rdi)\n\t"
        "movq %rsi, %rsp\n\t"
        "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbp\n\tpopq %rbx\n\t"
        "ret\n");

static void expire(void) {
    for (int i = 0; i < THREADS; i++)
        if (threads[i].status == BLOCKED && threads[i].deadline && threads[i].deadline <= now_ns()) {
            threads[i].status = READY;
            threads[i].timed_out = 1;
        }
}

static int next_ready(void) {
    for (int i = 1; i <= THREADS; i++)
        if (threads[(current + i) % THREADS].status == READY)
            return (current + i) % THREADS;
    return NOBODY;
}

void sys_yield(void) {
    int from = current, to;
    for (expire(); (to = next_ready()) == NOBODY; expire()) {
        int64_t pause[2] = {0, 50000};
        int waiting = 0;
        for (int i = 0; i < THREADS; i++)
            waiting += threads[i].status == BLOCKED && threads[i].deadline;
        MUST(waiting > 0); /* else no thread would ever run again */
        linux(LINUX_NANOSLEEP, (long)pause, 0, 0, 0);
    }
    current = to;
    if (to != from)
        stub_switch(&threads[from].rsp, threads[to].rsp);
}

static void block(uint64_t deadline) {
    threads[current].status = BLOCKED;
    threads[current].deadline = deadline;
    threads[current].timed_out = 0;
}

__attribute__((noreturn)) static void run(void) {
    threads[current].entry(threads[current].argument);
    threads[current].status = ENDED;
    sys_yield();
    leave(97);
}

int32_t sys_spawn2(void (*entry)(size_t), size_t argument, uint8_t priority, size_t size, int64_t core) {
    int id = 1;
    MUST(entry != NULL);
    MUST(priority >= 1 && priority <= 3);
    MUST(core == 0);
    while (id < THREADS && threads[id].status != FREE)
        id++;
    MUST(id < THREADS);
    size = size < 32768 ? 32768 : size;
    long stack = map(size);
    MUST(stack > 0);
    void **top = (void **)(stack + (long)size);
    *--top = NULL; /* where run() would return to: keeps the stack as a call leaves it */
    *--top = (void *)run;
    threads[id] =
        (struct thread){READY, 0, NULL, top - 6, (void *)stack, size, entry, argument, 0}; /* six registers below */
    return id;
}

int32_t sys_join(int32_t id) {
    MUST(id > 0 && id < THREADS && id != current);
    if (threads[id].status == FREE)
        return 0;
    while (threads[id].status != ENDED)
        sys_yield();
    linux(LINUX_MUNMAP, (long)threads[id].stack, (long)threads[id].size, 0, 0);
    threads[id].status = FREE;
    return 0;
}

void sys_block_current_task(void) {
    block(0);
}

void sys_block_current_task_with_timeout(uint64_t milliseconds) {
    block(now_ns() + milliseconds * 1000000);
}

void sys_wakeup_task(int32_t id) {
    MUST(id >= 0 && id < THREADS && threads[id].status != FREE);
    if (threads[id].status == BLOCKED) /* else the wake-up is lost */
        threads[id].status = READY;
}

/* --- futex and semaphores */

int32_t sys_futex_wait(uint32_t *word, uint32_t expected, const struct time *timeout, uint32_t flags) {
    MUST(word != NULL && (uintptr_t)word % 4 == 0);
    MUST(flags == 1); /* relative: an absolute time counts from the counter's zero */
    MUST(!timeout || (timeout->seconds >= 0 && timeout->nanoseconds >= 0 && timeout->nanoseconds < 1000000000));
    if (*(volatile uint32_t *)word != expected)
        return -EAGAIN;
    block(timeout ? now_ns() + (uint64_t)timeout->seconds * 1000000000u + (uint64_t)timeout->nanoseconds : 0);
    threads[current].word = word;
    sys_yield();
    threads[current].word = NULL;
    return threads[current].timed_out ? -ETIMEDOUT : 0;
}

int32_t sys_futex_wake(uint32_t *word, int32_t count) {
    int32_t woken = 0;
    MUST(word != NULL && count > 0);
    for (int i = 0; i < THREADS && woken < count; i++)
        if (threads[i].status == BLOCKED && threads[i].word == word) {
            threads[i].status = READY;
            woken++;
        }
    return woken;
}

static struct semaphore {
    int made;
    uint32_t count;
} semaphores[8];

int32_t sys_sem_init(void **semaphore, int32_t shared, uint32_t count) {
    MUST(semaphore != NULL && shared == 0);
    for (int i = 0; i < 8; i++)
        if (!semaphores[i].made) {
            semaphores[i] = (struct semaphore){1, count};
            *semaphore = &semaphores[i];
            return 0;
        }
    return -EINVAL;
}

static struct semaphore *semaphore_of(void **semaphore) {
    MUST(semaphore != NULL);
    struct semaphore *found = *semaphore;
    MUST(found >= semaphores && found < semaphores + 8 && found->made);
    return found;
}

int32_t sys_sem_destroy(void **semaphore) {
    semaphore_of(semaphore)->made = 0;
    return 0;
}

int32_t sys_sem_post(void **semaphore) {
    semaphore_of(semaphore)->count++;
    return 0;
}

int32_t sys_sem_timedwait(void **semaphore, const struct time *until) {
    MUST(until == NULL);
    for (struct semaphore *found = semaphore_of(semaphore); !found->count;)
        sys_yield();
    semaphore_of(semaphore)->count--;
    return 0;
}
