/* Time: how fast the counter and the local APIC's timer run, and waking contexts at their deadlines. */
#include "time.h"

#include "apic.h"
#include "boot/serial.h"
#include "cpu.h"

uint64_t tsc_hz, timer_hz, ns_per_tick;

enum { FRACTION = 30 }; /* bits after the point: rates up to 17 GHz fit */
static uint64_t timer_per_tick, tick_per_ns;
static struct list sleeping = {&sleeping, &sleeping}; /* by deadline */

/* Intel 8254 data sheet: channel 0 counts down at 1193182 Hz, 65536 steps a round here; reading it in mode 2 with the
 * latch command gives the count at one moment. */
enum { PIT_HZ = 1193182, PIT_ROUND = 65536, PIT_COUNT = 0x40, PIT_COMMAND = 0x43 };

static uint64_t pit_count(void) {
    enum { LATCH_0 = 0x00 };
    out8(PIT_COMMAND, LATCH_0);
    uint64_t low = in8(PIT_COUNT);
    return low | (uint64_t)in8(PIT_COUNT) << 8;
}

struct moment {
    uint64_t pit, tsc, timer;
};

/* The moment at which the 8254 steps: its step is 838 ns, the counter's is far below. */
static struct moment step(void) {
    struct moment now;
    uint64_t before = pit_count();
    do
        now.pit = pit_count();
    while (now.pit == before);
    now.tsc = tsc();
    now.timer = apic_read(APIC_LEFT);
    return now;
}

/* Measures the counter and the timer against the 8254 over some milliseconds, from step to step. */
void time_init(void) {
    enum { MODE_2_CHANNEL_0 = 0x34, WINDOW = 12000 }; /* of 65536: 10 ms */
    out8(PIT_COMMAND, MODE_2_CHANNEL_0);
    out8(PIT_COUNT, 0);
    out8(PIT_COUNT, 0);
    apic_write(APIC_COUNT, UINT32_MAX);
    struct moment start = step(), end;
    do {
        for (unsigned i = 0; i < 20000; i++) /* asking the 8254 is slow where it is emulated */
            __builtin_ia32_pause();
        end = step();
    } while ((start.pit - end.pit) % PIT_ROUND < WINDOW);
    apic_write(APIC_COUNT, 0);
    uint64_t steps = (start.pit - end.pit) % PIT_ROUND;
    tsc_hz = (end.tsc - start.tsc) * PIT_HZ / steps;
    timer_hz = (start.timer - end.timer) * PIT_HZ / steps;
    ns_per_tick = (UINT64_C(1000000000) << 32) / tsc_hz;
    timer_per_tick = (timer_hz << FRACTION) / tsc_hz;
    tick_per_ns = (tsc_hz << FRACTION) / 1000000000;
}

/* The timer counts down once and then interrupts (SDM vol. 3A 11.5.4). At least one step: 0 would stop it. */
static void arm(void) {
    if (list_empty(&sleeping)) {
        apic_write(APIC_COUNT, 0);
        return;
    }
    uint64_t now = tsc(), deadline = LIST_OWNER(sleeping.next, struct context, sleep)->deadline;
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t count = (uint64_t)((unsigned __int128)left * timer_per_tick >> FRACTION) + 1;
    apic_write(APIC_COUNT, count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

/* Also for a context that waits for something else as well: whichever comes first removes it from both lists. */
void sleep_until(struct context *context, uint64_t ns_from_now) {
    uint64_t ticks = (uint64_t)((unsigned __int128)ns_from_now * tick_per_ns >> FRACTION);
    struct list *after = sleeping.next;
    context->deadline = tsc() + ticks;
    while (after != &sleeping && LIST_OWNER(after, struct context, sleep)->deadline <= context->deadline)
        after = after->next;
    list_insert_before(after, &context->sleep);
    if (sleeping.next == &context->sleep)
        arm();
}

int sleepers_any(void) {
    return !list_empty(&sleeping);
}

void timer_interrupt(void) {
    uint64_t now = tsc();
    while (!list_empty(&sleeping)) {
        struct context *context = LIST_OWNER(sleeping.next, struct context, sleep);
        if (context->deadline > now)
            break;
        list_remove(&context->sleep);
        list_remove(&context->queue);
        context_ready(context, context->result);
    }
    arm();
    apic_end_of_interrupt();
}
