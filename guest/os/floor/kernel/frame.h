/* Frames: physical pages, named by their physical address, at which the kernel also sees them. */
#ifndef FERRULE_FLOOR_FRAME_H
#define FERRULE_FLOOR_FRAME_H

#include <stdint.h>

enum { PAGE = 4096 };
void frames_init(uint64_t from, uint64_t to);
uint64_t frames_total(void);
uint64_t frame_take(void);                /* 0: none is left */
uint64_t frame_take_run(uint64_t frames); /* adjacent ones, never given back */
void frame_share(uint64_t frame);         /* one more space holds it */
int frame_shared(uint64_t frame);
void frame_drop(uint64_t frame); /* one less; the last one frees it */

static inline uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* String instructions: the processor's own way to move memory (SDM vol. 1 7.3.9.3, fast-string operation). Eight bytes
 * a step where possible, because under icount the steps are counted. */
static inline void page_zero(uint64_t frame) {
    uint64_t count = PAGE / 8;
    __asm__ volatile("rep stosq" : "+D"(frame), "+c"(count) : "a"(0) : "memory");
}

static inline void bytes_copy(void *into, const void *from, uint64_t length) {
    uint64_t words = length / 8;
    if (words)
        __asm__ volatile("rep movsq" : "+D"(into), "+S"(from), "+c"(words) : : "memory");
    length %= 8;
    if (length)
        __asm__ volatile("rep movsb" : "+D"(into), "+S"(from), "+c"(length) : : "memory");
}

#endif
