/* process_create of a process like a dynamically linked one with a C library: it has `maps` mappings of a file, the
 * child reads `reads` pages of them that are not in its page table, and the parent writes to 2 and the child to
 * `writes` pages that they share. A trace of UnixBench's spawn has 27 page faults for each child, 12 of them reads of
 * the library, the loader and the program: the child resolves exit(), and runs the exit handlers. With the default
 * parameters there are as many here. */
#include "workloads/buffer.h"
#include "workloads/object.h"

enum { APART = 16, MOST = 64, OWN = 2 };

struct state {
    struct object object;
    struct buffer dirty;
    int64_t maps, reads, writes;
};
STATE(struct state)
static void *map[MOST];

/* Bytes of a mapping: few, so that all mappings need few page-table pages. */
static size_t span(struct run *run) {
    return (size_t)(state(run)->reads / state(run)->maps + 1) * APART * OS_PAGE;
}

static void put(struct run *run, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        ((volatile char *)state(run)->dirty.at)[(size_t)i * OS_PAGE] = 1;
}

static void body(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    for (int64_t i = 0; i < own->reads; i++)
        (void)((volatile char *)map[i % own->maps])[(size_t)(i / own->maps) * APART * OS_PAGE];
    put(run, own->writes);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    own->maps = run_param(run, "maps");
    own->reads = run_param(run, "reads");
    own->writes = run_param(run, "writes");
    if (own->maps < 1 || own->maps > MOST || own->reads < 0 || own->reads > MOST || own->writes < OWN ||
        own->writes > MOST)
        return REFUSE(run, "maps", "1..64");
    long made = object_make(run, &own->object, MOST * APART);
    for (int64_t i = 0; i < own->maps && made >= 0; i++)
        made = os_map_object(own->object.fd, span(run), &map[i]);
    own->dirty.size = MOST * OS_PAGE;
    return made < 0 ? made : buffer_map(run, &own->dirty);
}

static inline void op(struct run *run) {
    struct os_process process;
    long started = os_process_start(&process, body, run);
    put(run, OWN);
    EXPECT(run, (started >= 0) && (os_process_join(&process) == 0));
}

static long verify(struct run *run) {
    op(run);
    return run->failed ? WRONG(run, "the child did not run to its end") : 0;
}

static void teardown(struct run *run) {
    for (int64_t i = 0; i < MOST; i++) {
        if (map[i])
            os_unmap(map[i], span(run));
        map[i] = NULL;
    }
    buffer_unmap(&state(run)->dirty);
    object_end(&state(run)->object);
}

WORKLOAD{
    .name = "process_faults",
    .family = "beside",
    .what = "start and end of a process with as many page faults as one of a C library",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .switches = 2,
    .params = "maps=10 reads=11 writes=9",
    STEPS_AND_TEARDOWN,
};
