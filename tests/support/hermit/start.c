/* The loader's part: it relocates the image; one kind of relocation is allowed. Then the calls that need no state. */
#include "stub.h"

__attribute__((noreturn)) void runtime_entry(int argc, char **argv, char **envp);

struct dynamic {
    int64_t tag;
    uint64_t value;
};
extern struct dynamic _DYNAMIC[] __attribute__((visibility("hidden")));
extern char __ehdr_start[] __attribute__((visibility("hidden")));

__attribute__((used)) static void enter(uint64_t *stack) {
    enum { DT_RELA = 7, DT_RELASZ = 8, R_X86_64_RELATIVE = 8 };
    uint64_t base = (uint64_t)__ehdr_start, rela = 0, size = 0;
    for (const struct dynamic *entry = _DYNAMIC; entry->tag; entry++) {
        rela = entry->tag == DT_RELA ? entry->value : rela;
        size = entry->tag == DT_RELASZ ? entry->value : size;
    }
    for (uint64_t *at = (uint64_t *)(base + rela); size; size -= 24, at += 3) {
        if ((uint32_t)at[1] != R_X86_64_RELATIVE)
            leave(98);
        *(uint64_t *)(base + at[0]) = base + at[2];
    }
    static char *environment[] = {NULL};
    runtime_entry((int)stack[0], (char **)(stack + 1), environment);
}

__asm__(".globl _start\n"
        "_start:\n\t"
        "movq %rsp, %rdi\n\t"
        "andq $-16, %rsp\n\t"
        "call enter\n\t"
        "ud2\n"
        ".pushsection .note.hermit.entry-version, \"a\", @note\n\t"
        ".balign 4\n\t"
        ".long 7, 1, 0x5a00\n\t"
        ".asciz \"HERMIT\"\n\t"
        ".balign 4\n\t"
        ".byte 4\n\t"
        ".balign 4\n"
        ".popsection\n");

int32_t sys_getpid(void) {
    return 0;
}

__attribute__((noreturn)) void sys_exit(int32_t status) {
    char text[] = "exit status ?\n";
    MUST(status >= 0 && status <= 9);
    text[12] = (char)('0' + status);
    say(1, "Number of interrupts\n");
    say(1, text);
    leave(status);
}

int32_t sys_clock_gettime(int32_t clock, struct time *now) {
    MUST(clock == 4 && now != NULL);
    uint64_t microseconds = now_ns() / 1000;
    now->seconds = (int64_t)(microseconds / 1000000);
    now->nanoseconds = (int32_t)(microseconds % 1000000 * 1000);
    now->padding = 0xa5a5a5a5;
    return 0;
}

uint16_t sys_get_processor_frequency(void) {
    return 1000;
}

size_t sys_get_processor_count(void) {
    return 1;
}
