/* A message of `size` bytes is sent to another process, which sends it back: the kernel's own messages, addressed to a
 * process, copied into its queue and out of it again. One operation is the ROUND TRIP: two sends, two receives, two
 * context switches. Unlike those of ipc_round_trip they are not passed in registers, and the sender need not wait for
 * the receiver. */
#include "workloads/message.h"

struct state {
    struct os_process process;
    long address; /* of the other process */
    int started;
    size_t size;
};
STATE(struct state)

static void echo(void *argument) {
    struct run *run = argument;
    long sender, got;
    run_pin(run, 1);
    while ((got = os_message_receive(&sender, message, sizeof message)) > 0 && message[0] != MESSAGE_STOP) {
        message[0]++;
        if (os_message_send(sender, message, (size_t)got) < 0)
            break;
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    PASS_ON(message_size(run, &own->size));
    TRY(run, os_process_start(&own->process, echo, run));
    own->started = 1;
    TRY(run, own->address = os_message_address(&own->process));
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long sender = 0;
    message[0] = MESSAGE_ASK;
    long sent = os_message_send(own->address, message, own->size);
    long got = os_message_receive(&sender, message, own->size);
    EXPECT(run, (sent >= 0) & (got == (long)own->size) & (sender == own->address) & (message[0] == MESSAGE_ANSWER));
}

static long verify(struct run *run) {
    return message_verify(run, op);
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    if (!own->started)
        return;
    message[0] = MESSAGE_STOP;
    if (own->address > 0 && os_message_send(own->address, message, own->size) >= 0)
        os_process_join(&own->process);
    else
        os_process_kill(&own->process);
}

WORKLOAD{
    .name = "message_latency",
    .family = "ipc",
    .what = "round trip of a kernel message between two processes",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=8",
    STEPS_AND_TEARDOWN,
};
