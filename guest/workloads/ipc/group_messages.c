/* Groups of processes that send each other messages (hackbench): in each of `groups` groups every one of `members`
 * senders writes `size` bytes to each of `members` receivers in turn, by the receiver's own pipe. One operation is one
 * message. All run on the core of this process, or on one more: how well a scheduler handles many ready processes. A
 * batch is whole rounds (each sender to each receiver once) and ends when the last receiver has read its last message.
 */
#include "workloads/group.h"

static void loop(struct run *run, uint64_t n) {
    const struct group *own = state(run);
    uint64_t rounds = n / run->step, ready = 0;
    char report[GROUP_MOST];
    run->shared->word[GROUP_WANTED] = rounds * own->members;
    for (uint32_t i = 0; i < own->all; i++)
        EXPECT(run, os_write(go[i][1], &rounds, sizeof rounds) == sizeof rounds);
    while (ready < own->all && !run->failed) {
        long got = os_read(done[0], report, own->all - ready);
        EXPECT(run, got > 0);
        ready += got > 0 ? (uint64_t)got : 0;
    }
}

static long setup(struct run *run) {
    struct group *own = state(run);
    int64_t groups = run_param(run, "groups"), members = run_param(run, "members");
    if (groups < 1 || groups > GROUP_GROUPS)
        return REFUSE(run, "groups", "1..4");
    if (members < 1 || members > GROUP_MEMBERS)
        return REFUSE(run, "members", "1..20");
    PASS_ON(message_size(run, &own->size));
    run->bytes = own->size; /* one way */
    own->members = (uint32_t)members;
    own->all = (uint32_t)(groups * members);
    run->step = (uint64_t)(groups * members * members);
    return group_start(run);
}

/* Each receiver must get each sender's number in every round. */
static long verify(struct run *run) {
    enum { ROUNDS = 3 };
    uint64_t all = state(run)->all, members = state(run)->members;
    run->shared->word[GROUP_CHECK] = 1;
    loop(run, ROUNDS * run->step);
    run->shared->word[GROUP_CHECK] = 0;
    return !run->failed && run->shared->word[GROUP_SUM] == ROUNDS * members * (all * (all + 1) / 2)
               ? 0
               : WRONG(run, "not every receiver got every sender's message every round");
}

static void teardown(struct run *run) {
    group_end(state(run));
}

WORKLOAD_ROW{
    .name = "group_messages",
    .family = "ipc",
    .what = "a message in groups where all senders write to all receivers, by pipes (hackbench)",
    .per = PER_ONE_WAY,
    .ends = 2,
    .alone = 1,
    .params = "groups=1 members=8 size=100",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
