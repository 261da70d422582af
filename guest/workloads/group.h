/* Groups of senders and receivers, each a process. A receiver reads from a pipe of its own; a sender reads from one how
 * many rounds to make, in each of which it writes to every receiver of its group. A receiver reports when it has read
 * all messages of a batch; it ends when its last sender has ended. */
#ifndef FERRULE_GROUP_H
#define FERRULE_GROUP_H

#include "workloads/message.h"
#include "workloads/peer.h"

enum { GROUP_GROUPS = 4, GROUP_MEMBERS = 20, GROUP_MOST = GROUP_GROUPS * GROUP_MEMBERS };
/* Words of the shared page: messages per receiver in a batch; whether first bytes are added up, and their sum. */
enum { GROUP_WANTED, GROUP_CHECK, GROUP_SUM };

static int mailbox[GROUP_MOST][2], go[GROUP_MOST][2]; /* each receiver's pipe, each sender's orders */
static int done[2];                                   /* receivers' reports */
static struct os_process sender[GROUP_MOST], receiver[GROUP_MOST];

struct group {
    uint32_t members, all;       /* senders, and as many receivers: in a group, in all groups */
    uint32_t senders, receivers; /* started so far */
    uint32_t me;
    size_t size;
};
STATE(struct group)

static inline void group_close(int pipe[GROUP_MOST][2], unsigned end) {
    for (uint32_t i = 0; i < GROUP_MOST; i++)
        pipe_close_end(&pipe[i][end]);
}

static void receive(void *argument) {
    struct run *run = argument;
    struct group *own = state(run);
    volatile uint64_t *word = run->shared->word;
    uint64_t got = 0;
    run_pin(run, own->me % 2);
    group_close(mailbox, 1);
    group_close(go, 1);
    while (os_read(mailbox[own->me][0], message, own->size) == (long)own->size) {
        if (word[GROUP_CHECK])
            __atomic_fetch_add(&word[GROUP_SUM], (uint64_t)message[0], __ATOMIC_RELAXED);
        if (++got == word[GROUP_WANTED] && (got = 0, os_write(done[1], "", 1) != 1))
            break;
    }
}

static void send(void *argument) {
    struct run *run = argument;
    struct group *own = state(run);
    uint32_t first = own->me - own->me % own->members;
    uint64_t rounds;
    run_pin(run, own->me % 2);
    group_close(go, 1);
    message[0] = (char)(own->me + 1);
    while (os_read(go[own->me][0], &rounds, sizeof rounds) == sizeof rounds)
        for (; rounds; rounds--)
            for (uint32_t to = first; to < first + own->members; to++)
                if (os_write(mailbox[to][1], message, own->size) != (long)own->size)
                    return;
}

static inline long group_start(struct run *run) {
    struct group *own = state(run);
    TRY(run, os_pipe(done));
    for (uint32_t i = 0; i < own->all; i++) {
        TRY(run, os_pipe(mailbox[i]));
        TRY(run, os_pipe(go[i]));
    }
    for (own->me = 0; own->me < own->all; own->me++, own->receivers++)
        TRY(run, os_process_start(&receiver[own->me], receive, run));
    for (own->me = 0; own->me < own->all; own->me++, own->senders++)
        TRY(run, os_process_start(&sender[own->me], send, run));
    group_close(mailbox, 1); /* a receiver ends when its last sender has */
    return 0;
}

/* Safe also after a start that stopped half-way. */
static inline void group_end(const struct group *own) {
    group_close(go, 1);
    group_close(mailbox, 1);
    for (uint32_t i = 0; i < own->senders; i++)
        os_process_join(&sender[i]);
    for (uint32_t i = 0; i < own->receivers; i++)
        os_process_join(&receiver[i]);
    group_close(go, 0);
    group_close(mailbox, 0);
    pipe_close_end(&done[0]);
    pipe_close_end(&done[1]);
}

#endif
