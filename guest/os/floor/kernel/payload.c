/* The payload as a process: as often as its plan says, each time as new, in one boot. */
#include "kernel.h"

struct space *payload_space;

static uint64_t process, processes;

/* `processes=N` at the start of a line of the plan; 1 when there is none. */
static uint64_t planned_processes(void) {
    enum { PLAN_CAPACITY = 16384 }; /* guest/core/plan.h */
    static const char key[] = "\nprocesses=";
    uint64_t matched = 1, count = 0; /* the plan's start is the start of a line */
    for (const char *at = plan_load; at < plan_load + PLAN_CAPACITY && *at; at++) {
        matched = *at == key[matched] ? matched + 1 : *at == key[0];
        if (key[matched])
            continue;
        for (at++; *at >= '0' && *at <= '9'; at++)
            count = count * 10 + (uint64_t)(*at - '0');
        return count;
    }
    return 1;
}

struct context *payload_start(void) {
    if (!processes)
        processes = planned_processes();
    payload_space = space_payload();
    if (!payload_space || !context_make(payload_space, (uint64_t)floor_main, 0, payload_stack_end())) {
        say("floor: not enough memory for the payload\n");
        machine_end(END_KERNEL);
    }
    return context_next();
}

struct context *payload_end(long status) {
    process_end(payload_space, status);
    payload_space = NULL;
    processes_end();
    if (status == 0 && ++process < processes)
        return payload_start();
    say("floor: process ");
    say_number(status == 0 ? process - 1 : process);
    say(" ended with status ");
    say_number((uint64_t)status & 0xFF);
    say("\n");
    machine_end(END_STATUS + ((uint64_t)status < 0x1F ? (unsigned)status : 0x1F));
}

uint64_t payload_process(void) {
    return process;
}
