/* Address spaces. Each is a window of USER_PAGES pages, with its entries in one array. */
#ifndef FERRULE_FLOOR_SPACE_H
#define FERRULE_FLOOR_SPACE_H

#include <stddef.h>
#include <stdint.h>
#include "boot/processor.h"
#include "frame.h"
#include "list.h"
#include "pipe_end.h"

enum { USER_BASE = 0x40000000, USER_PAGES = 32768 };
struct space {
    uint64_t *entry;     /* of page USER_BASE + i * PAGE */
    uint64_t tables;     /* physical address of the top table, for %cr3 */
    uint64_t used;       /* entries from here on are zero */
    struct list members; /* its contexts; the process ends with the first */
    struct space *next_free;
    struct pipe_ends ends;
};
void spaces_init(void);
struct space *space_payload(void);            /* a fresh program; NULL: no memory */
struct space *space_copy(struct space *from); /* the current one */
uint64_t payload_stack_end(void);
void space_drop(struct space *space);              /* not the one loaded */
int space_fault(uint64_t address, uint64_t error); /* of the current space; 0: nothing should be there */
char *space_resolve(struct space *space, uint64_t page, int write); /* NULL: nothing should be there */

/* Where the kernel sees a byte of a space, whose page it first makes present and, for writing, private; NULL: nothing
 * is there. */
static inline char *space_at(struct space *space, uint64_t address, int write) {
    const uint64_t frame_bits = 0x000FFFFFFFFFF000, need = PAGE_PRESENT | (write ? PAGE_WRITE : 0);
    uint64_t page = (address - USER_BASE) / PAGE;
    if (page >= USER_PAGES)
        return NULL;
    uint64_t entry = space->entry[page];
    if ((entry & need) == need)
        return (char *)(entry & frame_bits) + address % PAGE;
    char *at = space_resolve(space, page, write);
    return at ? at + address % PAGE : NULL;
}

long space_write(struct space *space, uint64_t into, const char *from, uint64_t length);
long space_read(struct space *space, uint64_t from, char *into, uint64_t length);
long space_transfer(struct space *to, uint64_t into, struct space *space, uint64_t from, uint64_t length);
extern uint64_t loaded_tables; /* what %cr3 holds; 0: load it again */

#endif
