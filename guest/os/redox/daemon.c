/* Services of a userland's daemons: local sockets, channels, memory objects. Their protocol is that of schemes. */
#include "core/text.h"
#include "os/os.h"
#include "path.h"

enum { NAME_SIZE = 40 };

/* A unique name. */
static void make_name(char name[NAME_SIZE]) {
    static uint64_t count;
    text_copy(name, NAME_SIZE, "ferrule-");
    size_t length = text_length(name);
    length += text_u64(name + length, os_clock_ns());
    name[length++] = '-';
    name[length + text_u64(name + length, count++)] = 0;
}

/* Both ends of a connection are made from a listening descriptor, which is then closed. */
static long connect_pair(long listens, int end[2]) {
    if (listens < 0)
        return listens;
    long here = REDOX_DUP(listens, "connect");
    long there = here < 0 ? here : REDOX_DUP(listens, "listen");
    os_close((int)listens);
    if (there < 0) {
        if (here >= 0)
            os_close((int)here);
        return there;
    }
    end[0] = (int)here;
    end[1] = (int)there;
    return 0;
}

long os_socket_pair(int end[2]) {
    return connect_pair(redox_open(DAEMON_SOCKETS, "", READ_WRITE | CREATE), end);
}

long os_channel_pair(int end[2]) {
    char name[NAME_SIZE];
    make_name(name);
    return connect_pair(redox_open(DAEMON_CHANNELS, name, READ_WRITE | CREATE), end);
}

/* The object lives as long as its descriptor; its size is that of its first mapping. */
long os_memory_object(size_t size) {
    char name[NAME_SIZE];
    (void)size;
    make_name(name);
    long object = redox_open(DAEMON_MEMORY, name, READ_WRITE | CREATE);
    if (object >= 0)
        redox_remove(DAEMON_MEMORY, name);
    return object;
}

long os_map_object(int object, size_t size, void **at) {
    return redox_map(object, size, MAP_SHARED, at);
}
