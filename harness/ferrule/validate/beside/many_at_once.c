/* Two calls that undo each other, as in libMicro: 256 of the first and then 256 of the second, so that 256 files (by=0)
 * or mappings (by=1) exist at once. One operation is one of each. The process has `maps` more mappings. */
#include "mappings.h"
#include "workloads/library.h"
#include "workloads/scratch.h"

enum { AT_ONCE = 256 };
enum { FILES, MAPPINGS, KINDS };

struct state {
    struct scratch scratch;
    int64_t by;
    struct mappings besides;
};
STATE(struct state)
static long fd[AT_ONCE];
static void *map[AT_ONCE];

static void loop(struct run *run, uint64_t n) {
    struct state *own = state(run);
    for (; n >= AT_ONCE; n -= AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            if (own->by == FILES)
                EXPECT(run, (fd[i] = library_open(own->scratch.path, OS_READ)) > 0);
            else
                EXPECT(run, library_map(OS_PAGE, &map[i]) == 0);
        for (unsigned i = 0; i < AT_ONCE; i++)
            EXPECT(run, (own->by == FILES ? library_close((int)fd[i]) : library_unmap(map[i], OS_PAGE)) == 0);
    }
}

static long setup(struct run *run) {
    state(run)->by = run_param(run, "by");
    if (state(run)->by < 0 || state(run)->by >= KINDS)
        return REFUSE(run, "by", "0..1");
    run->step = AT_ONCE;
    long made = mappings_make(run, &state(run)->besides);
    return made < 0 ? made : scratch_make(run, &state(run)->scratch, "ferrule", 7);
}

static long verify(struct run *run) {
    loop(run, AT_ONCE);
    return run->failed ? WRONG(run, "a call failed") : 0;
}

static void teardown(struct run *run) {
    scratch_end(&state(run)->scratch);
    mappings_end(&state(run)->besides);
}

WORKLOAD_ROW{
    .name = "many_at_once",
    .family = "beside",
    .what = "256 files or mappings made, and then undone",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "by=0 maps=30",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
