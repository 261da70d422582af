/* Physical pages. The free ones form a linked stack; pages never used yet are taken when it is empty. */
#include "frame.h"

enum { FRAMES = 1 << 18 }; /* 1 GiB: the memory below the window of the address spaces */

static uint64_t free_frame, unused, unused_end, frames;
static uint16_t sharers[FRAMES]; /* spaces that hold a frame, less one */

void frames_init(uint64_t from, uint64_t to) {
    uint64_t most = (uint64_t)FRAMES * PAGE;
    unused = (from + PAGE - 1) / PAGE * PAGE;
    unused_end = (to < most ? to : most) / PAGE * PAGE;
    frames = (unused_end - unused) / PAGE;
}

uint64_t frames_total(void) {
    return frames;
}

uint64_t frame_take_run(uint64_t count) {
    if (unused + count * PAGE > unused_end)
        return 0;
    unused += count * PAGE;
    return unused - count * PAGE;
}

uint64_t frame_take(void) {
    uint64_t frame = free_frame;
    if (!frame)
        return frame_take_run(1);
    free_frame = *(uint64_t *)frame;
    return frame;
}

void frame_share(uint64_t frame) {
    sharers[frame / PAGE]++;
}

int frame_shared(uint64_t frame) {
    return sharers[frame / PAGE] != 0;
}

void frame_drop(uint64_t frame) {
    if (sharers[frame / PAGE]) {
        sharers[frame / PAGE]--;
        return;
    }
    *(uint64_t *)frame = free_frame;
    free_frame = frame;
}
