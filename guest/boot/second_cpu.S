/* From a start-up IPI to 64-bit C: a processor begins in 16-bit mode at the page that the IPI named (SDM vol. 3A 9.4.4,
 * "MP Initialization Example"). This code is copied there, so it refers to itself by address from SECOND_CPU_AT on. */
#include "boot/processor.h"

    .file "second_cpu.S" /* or the linker would write the name of a temporary object into the program */

    .set AT, SECOND_CPU_AT

    .section .text.boot, "ax"
    .code16
    .globl second_cpu_code, second_cpu_code_end
second_cpu_code:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl AT + gdt_pointer - second_cpu_code
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $SELECTOR_KERNEL_CODE, $(AT + protected - second_cpu_code)
    .code32
protected:
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $second_cpu_stack_end, %esp
    movl $second_cpu_main, %esi
    movl $boot_long_mode, %eax
    jmp *%eax
    .balign 8
gdt:
    .quad 0, DESCRIPTOR_CODE_32, DESCRIPTOR_DATA
gdt_pointer:
    .word . - gdt - 1
    .long AT + gdt - second_cpu_code
second_cpu_code_end:

    .section .bss.boot, "aw", @nobits
    .balign 16
    .skip 4096
second_cpu_stack_end:

    .section .note.GNU-stack, "", @progbits
