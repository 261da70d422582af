/* All entries of a directory with `files` small files are read, from the first on. One operation is the rewind and the
 * reads until nothing more comes. */
#include "workloads/directory.h"

enum { MOST = 1024, ROOM = 32768, MOST_BYTES = 1 << 24 }; /* the last: a longer list is taken for endless */
static char entries[ROOM] __attribute__((aligned(64)));

struct state {
    struct directory directory;
    long length; /* bytes of entries, in the first listing */
};
STATE(struct state)

static inline long list(struct state *own) {
    long length = 0, got;
    if (os_directory_rewind(own->directory.at.fd) < 0)
        return -1;
    while ((got = os_directory_read(own->directory.at.fd, entries, sizeof entries)) > 0 && length < MOST_BYTES)
        length += got;
    return got < 0 ? got : length;
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t files = run_param(run, "files");
    if (files < 1 || files > MOST)
        return REFUSE(run, "files", "1..1024");
    PASS_ON(directory_make(run, &own->directory, (long)files));
    TRY(run, os_directory_rewind(own->directory.at.fd));
    own->length = list(own);
    return own->length > 0 ? 0 : REFUSE(run, "files", "less: the directory could not be listed");
}

static long verify(struct run *run) {
    struct state *own = state(run);
    PASS_ON(directory_add(run, &own->directory));
    long longer = list(own);
    if (longer <= own->length)
        return WRONG(run, "a new file was not in the list");
    TRY(run, directory_drop(&own->directory));
    return list(own) == own->length ? 0 : WRONG(run, "two lists of one directory differ");
}

static inline void op(struct run *run) {
    EXPECT(run, list(state(run)) == state(run)->length);
}

static void teardown(struct run *run) {
    directory_end(&state(run)->directory);
}

WORKLOAD{
    .name = "directory_list",
    .family = "fs",
    .what = "all entries of a directory with `files` files",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "files=16",
    STEPS_AND_TEARDOWN,
};
