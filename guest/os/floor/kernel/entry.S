/* Into the kernel and out of it. SYSCALL puts the return address into %rcx and the flags into %r11 and changes nothing
 * else, not even the stack (SDM vol. 2B, SYSCALL and SYSRET); FMASK has turned interrupts off. */
#include "boot/processor.h"
#include "call.h"

    .file "entry.S" /* or the linker would write the name of a temporary object into the program */

    /* struct context of context.h */
    .set STACK, 0
    .set INSTRUCTION, 8
    .set FLAGS, 16
    .set RBX, 24
    .set RBP, 32
    .set R12, 40
    .set R13, 48
    .set R14, 56
    .set R15, 64
    .set RESULT, 72
    .set TABLES, 80

    .set NO_SUCH_CALL, -38

    .text
    .globl call_entry, call_entry_end
    .balign 64
call_entry:
    testl %eax, %eax
    jz 1f
    cmpl $CALLS, %eax
    jae 2f
    jmpq *calls(, %rax, 8)
2:  movq $NO_SUCH_CALL, %rax
1:  sysretq
call_entry_end:

/* A call that always returns to its caller: C preserves what the ABI preserves, the rest is saved on the kernel's
 * stack. */
.macro plain number, function
    .pushsection .rodata.calls, "a"
    .org calls + 8 * \number
    .quad call_\function
    .popsection
    .balign 16
call_\function:
    movq %rsp, %r8
    movq $kernel_stack_end - 8, %rsp /* after three pushes: aligned to 16, as the ABI requires before a call */
    pushq %r8
    pushq %rcx
    pushq %r11
    callq \function
    popq %r11
    popq %rcx
    popq %rsp
    sysretq
.endm

/* A call that may wait: all that the ABI preserves is saved in the context's record; the function returns the context
 * to resume, which is the caller, with its result in the record, or another. */
.macro switching number, function
    .pushsection .rodata.calls, "a"
    .org calls + 8 * \number
    .quad call_\function
    .popsection
    .balign 16
call_\function:
    movq current, %r8
    movq %rsp, STACK(%r8)
    movq %rcx, INSTRUCTION(%r8)
    movq %r11, FLAGS(%r8)
    movq %rbx, RBX(%r8)
    movq %rbp, RBP(%r8)
    movq %r12, R12(%r8)
    movq %r13, R13(%r8)
    movq %r14, R14(%r8)
    movq %r15, R15(%r8)
    movq $kernel_stack_end, %rsp
    callq \function
    jmp resume
.endm

    .section .rodata.calls, "a"
    .balign 8
calls:
    .quad 0
    .text

    plain CALL_SAY, machine_say
    plain CALL_FACT, machine_fact
    plain CALL_MAP, memory_map
    plain CALL_UNMAP, memory_unmap
    plain CALL_PIPE, pipe_make
    plain CALL_CLOSE, pipe_close
    plain CALL_WAKE, word_wake
    plain CALL_SWITCHES, context_waits
    plain CALL_IPI, second_cpu_ping
    plain CALL_PROTECT, memory_protect
    switching CALL_READ, pipe_read
    switching CALL_WRITE, pipe_write
    switching CALL_WAIT, word_wait
    switching CALL_SLEEP, context_sleep
    switching CALL_START, context_start
    switching CALL_JOIN, context_join
    switching CALL_KILL, process_kill
    switching CALL_END, context_end
    switching CALL_EXIT, process_exit
    switching CALL_IPC_CALL, ipc_call
    switching CALL_IPC_SERVE, ipc_serve
    switching CALL_YIELD, context_yield

/* Resumes the context in %rax. The page tables are changed only for another address space: writing %cr3 drops every
 * translation that is not global (SDM vol. 3A 4.10.4.1). */
    .globl context_resume
    .balign 16
context_resume:
    movq %rdi, %rax
resume:
    movq %rax, %r8
    movq TABLES(%r8), %rdx
    cmpq %rdx, loaded_tables
    je 1f
    movq %rdx, loaded_tables
    movq %rdx, %cr3
1:  movq %r8, current
    movq RBX(%r8), %rbx
    movq RBP(%r8), %rbp
    movq R12(%r8), %r12
    movq R13(%r8), %r13
    movq R14(%r8), %r14
    movq R15(%r8), %r15
    movq RESULT(%r8), %rax
    movq INSTRUCTION(%r8), %rcx
    movq FLAGS(%r8), %r11
    movq STACK(%r8), %rsp
    sysretq

/* Saves the registers that C may overwrite, for an exception or interrupt. */
.macro push_scratch
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
.endm
.macro pop_scratch
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
.endm

/* A page fault: the missing page is provided, and the instruction starts again (SDM vol. 3A 6.15, vector 14). */
    .globl page_fault_entry
    .balign 64
page_fault_entry:
    push_scratch
    movq %cr2, %rdi
    movq 72(%rsp), %rsi
    subq $8, %rsp
    callq space_fault
    addq $8, %rsp
    testl %eax, %eax
    jz 1f
    pop_scratch
    addq $8, %rsp /* the error code */
    iretq
1:  pop_scratch
    pushq $14
    jmp fatal

.macro interrupt name, function
    .globl \name
    .balign 16
\name:
    push_scratch
    callq \function
    pop_scratch
    iretq
.endm
    interrupt timer_entry, timer_interrupt
    interrupt ping_entry, ping_interrupt
    interrupt pong_entry, pong_interrupt

    .globl spurious_entry
spurious_entry: /* is not acknowledged: SDM vol. 3A 11.9 */
    iretq

/* The other exceptions end a process or the machine (fault.c). All get the same frame: 15 registers, vector, error code
 * (0 where the processor pushes none: SDM vol. 3A 6.13), then what the processor pushed. struct frame of fault.c. */
    .globl exception_entries
    .balign 16
exception_entries: /* 16 bytes each */
    .set vector, 0
    .rept 32
    .balign 16
    .if !((1 << vector) & 0x60227D00) /* 8, 10-14, 17, 21, 29, 30 push an error code */
    pushq $0
    .endif
    pushq $vector
    jmp fatal
    .set vector, vector + 1
    .endr
fatal:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    callq fault_report /* returns the context to resume, if there is one */
    movq $kernel_stack_end, %rsp
    jmp resume

    .bss
    .balign 16
    .skip 16384
    .globl kernel_stack_end
kernel_stack_end:
    .globl loaded_tables
loaded_tables:
    .skip 8

    .section .note.GNU-stack, "", @progbits
