/* All entries of a directory with `files` small files are read, from the first on. One operation is the rewind and the
 * reads until nothing more comes. */
#include "workloads/scratch.h"

enum { MOST = 1024, ROOM = 32768 };
static char entries[ROOM] __attribute__((aligned(64)));

struct state {
    struct scratch directory;
    long files, made, length; /* length: bytes of entries, as the first listing found */
};
STATE(struct state)

static void name_of(const struct state *own, long number, char path[64]) {
    text_copy(path, 64, own->directory.path);
    size_t length = text_length(path);
    path[length++] = '/';
    text_u64(path + length, (uint64_t)(number + 1000)); /* four digits: entries of one length */
}

static inline long list(struct state *own) {
    long length = 0, got;
    if (os_directory_rewind(own->directory.fd) < 0)
        return -1;
    while ((got = os_directory_read(own->directory.fd, entries, sizeof entries)) > 0)
        length += got;
    return got < 0 ? got : length;
}

static long setup(struct run *run) {
    struct state *own = state(run);
    char path[64];
    long fd;
    own->files = run_param(run, "files");
    if (own->files < 0 || own->files > MOST)
        return REFUSE(run, "files", "0..1024");
    scratch_name(&own->directory);
    TRY(run, os_directory_make(own->directory.path));
    own->directory.made = 1;
    for (; own->made < own->files; own->made++) {
        name_of(own, own->made, path);
        TRY(run, fd = os_open(path, OS_WRITE | OS_CREATE));
        TRY(run, os_close((int)fd));
    }
    TRY(run, fd = os_open(own->directory.path, OS_READ));
    own->directory.fd = (int)fd;
    TRY(run, os_directory_rewind(own->directory.fd));
    own->length = list(own);
    return own->length > 0 ? 0 : REFUSE(run, "files", "less: the directory could not be listed");
}

static long verify(struct run *run) {
    struct state *own = state(run);
    char path[64];
    long fd;
    name_of(own, MOST, path);
    TRY(run, fd = os_open(path, OS_WRITE | OS_CREATE));
    TRY(run, os_close((int)fd));
    long longer = list(own);
    TRY(run, os_remove(path));
    if (longer <= own->length)
        return WRONG(run, "a new file was not in the list");
    return list(own) == own->length ? 0 : WRONG(run, "two lists of one directory differ");
}

static inline void op(struct run *run) {
    EXPECT(run, list(state(run)) == state(run)->length);
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    char path[64];
    if (own->directory.fd > 0)
        os_close(own->directory.fd);
    while (own->made > 0) {
        name_of(own, --own->made, path);
        os_remove(path);
    }
    if (own->directory.made)
        os_directory_remove(own->directory.path);
}

WORKLOAD{
    .name = "directory_list",
    .family = "fs",
    .what = "all entries of a directory with `files` files",
    .per = PER_CALL,
    .ends = 1,
    .params = "files=16",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
