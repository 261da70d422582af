/* Unexpected exceptions. One in the kernel or in the payload ends the machine, one in a child of the payload ends the
 * child. */
#include "context.h"
#include "ending.h"
#include "process.h"
#include "say.h"

/* As entry.S pushes it. */
struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, flags, rsp, ss;
};

static void say_register(const char *name, uint64_t value) {
    say(" ");
    say(name);
    say("=");
    say_hex(value);
}

static void say_frame(const struct frame *frame) {
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {{"error", frame->error}, {"rip", frame->rip}, {"rsp", frame->rsp}, {"flags", frame->flags},
                     {"rax", frame->rax},     {"rbx", frame->rbx}, {"rcx", frame->rcx}, {"rdx", frame->rdx},
                     {"rsi", frame->rsi},     {"rdi", frame->rdi}, {"rbp", frame->rbp}, {"r8", frame->r8},
                     {"r9", frame->r9},       {"r10", frame->r10}, {"r11", frame->r11}, {"r12", frame->r12},
                     {"r13", frame->r13},     {"r14", frame->r14}, {"r15", frame->r15}};
    uint64_t address;
    __asm__("movq %%cr2, %0" : "=r"(address));
    say_register("cr2", address);
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++)
        say_register(registers[i].name, registers[i].value);
    say("\n");
}

struct context *fault_report(const struct frame *frame) {
    enum { RING = 3, CHILD_FAULT = 128 };
    int in_kernel = (frame->cs & RING) == 0;
    int in_payload = !in_kernel && current->space == payload_space;
    say(in_kernel ? "floor: kernel" : in_payload ? "floor: payload process " : "floor: child of payload process ");
    if (!in_kernel)
        say_number(payload_process());
    say(": exception ");
    say_number(frame->vector);
    say(":");
    say_frame(frame);
    if (in_kernel)
        machine_end(END_KERNEL + (unsigned)(frame->vector & 0x1F));
    if (in_payload)
        machine_end(end_of_fault(frame->vector));
    process_end(current->space, CHILD_FAULT + (long)frame->vector);
    return context_next();
}
