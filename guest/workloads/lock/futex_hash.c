/* A wait on one of `words` words, one after the other, with a value that the word does not have: entry, the kernel's
 * look-up of the word in its table, exit. With many words every look-up goes to another bucket; with threads=N all use
 * the one table. */
#include "workloads/buffer.h"

struct state {
    struct buffer words;
    uint64_t next, mask;
    volatile uint32_t word; /* no thread waits for it */
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t words = run_param(run, "words");
    if (words < 1 || words > 1 << 20 || (words & (words - 1)))
        return REFUSE(run, "words", "1..1048576, a power of two");
    state(run)->mask = (uint64_t)words - 1;
    state(run)->words.size = (size_t)words * sizeof(uint32_t);
    TRY(run, os_wake(&state(run)->word, 1, 0));
    return buffer_map(run, &state(run)->words);
}

static inline long miss(struct state *own) {
    volatile uint32_t *word = (uint32_t *)own->words.at + (own->next++ & own->mask);
    return os_wait(word, *word + 1, 0, 0);
}

static inline void op(struct run *run) {
    EXPECT(run, miss(state(run)) == -OS_EAGAIN);
}

/* The kernel must compare each word: a wait with the word's own value sleeps, here until it times out. */
static long verify(struct run *run) {
    struct state *own = state(run);
    volatile uint32_t *first = own->words.at;
    if (miss(own) != -OS_EAGAIN || os_wait(first, *first, 1000, 0) != -OS_ETIMEDOUT)
        return WRONG(run, "the word's value was not compared");
    return own->next == 1 ? 0 : WRONG(run, "the wait did not go on to the next word");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->words);
}

WORKLOAD{
    .name = "futex_hash",
    .family = "lock",
    .what = "wait on one of many words with a value that the word does not have",
    .per = PER_CALL,
    .ends = 1,
    .params = "words=1024",
    STEPS_AND_TEARDOWN,
};
