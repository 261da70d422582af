/* From a Multiboot 1 loader (QEMU -kernel, GRUB) to 64-bit C: header, identity page tables, long mode.
 *
 * The header carries the addresses itself (Multiboot specification 0.6.96, 3.1.3), so the loader copies the file
 * unchanged and never looks at its ELF class: one 64-bit ELF file is the image. The link script places .multiboot
 * within the first 8192 bytes of the file and defines, as addresses in memory, multiboot_header_address, image_start
 * (where the file's first byte goes), image_load_end (end of its bytes) and image_end (end of .bss). The code itself is
 * linked where it is loaded. The rest of the program defines boot_main() of multiboot.h. */
#include "boot/processor.h"

    .file "multiboot.S" /* or the linker would write the name of a temporary object into the program */

    .set MAGIC, 0x1BADB002
    .set LOADER_MAGIC, 0x2BADB002
    .set FLAGS, 1 << 16 | 1 << 1 /* addresses are in the header; the loader reports the memory's size */
    .set PAGES_2M, 2048          /* 4 GiB: all memory in use and the local APIC at 0xFEE00000 */

    .section .multiboot, "a"
    .balign 4
multiboot_header:
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)
    .long multiboot_header_address, image_start, image_load_end, image_end, multiboot_entry

    /* State here (ibid. 3.2): 32-bit protected mode, paging and interrupts off, %ebx = address of the information. */
    .section .text.boot, "ax"
    .code32
    .globl multiboot_entry
multiboot_entry:
    movl %eax, %esi
    rdtsc
    movl %eax, boot_counter
    movl %edx, boot_counter + 4
    movl %esi, %eax
    cld
    cmpl $LOADER_MAGIC, %eax
    jne stop
    /* Every 2 MiB of the first 4 GiB at its own address (SDM vol. 3A 4.5, "4-Level Paging"; large pages: PS, bit 7). */
    movl $boot_directories, %edi
    movl $(PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE), %eax
    movl $PAGES_2M, %ecx
1:  movl %eax, (%edi) /* the high half of each entry is zero: .bss */
    addl $8, %edi
    addl $0x200000, %eax
    decl %ecx
    jnz 1b
    movl $boot_pointers, %edi
    movl $(boot_directories + PAGE_PRESENT + PAGE_WRITE), %eax
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x1000, %eax
    decl %ecx
    jnz 2b
    movl $(boot_pointers + PAGE_PRESENT + PAGE_WRITE), boot_tables
    movl $boot_stack_end, %esp
    movl %ebx, %edi
    movl $boot_main, %esi

/* 32-bit, paging off -> 64-bit: calls the function at %esi with %edi as its argument on the stack at %esp.
 * The order is that of SDM vol. 3A 10.8.5, "Initializing IA-32e Mode". */
    .globl boot_long_mode
boot_long_mode:
    movl %cr4, %eax
    orl $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $boot_tables, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl %cr0, %eax
    andl $~CR0_EM, %eax
    orl $(CR0_PE | CR0_MP | CR0_WP | CR0_PG), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $SELECTOR_KERNEL_CODE, $3f
    .code64
3:  movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl %esi, %eax
    xorl %ebp, %ebp
    call *%rax
stop:
    cli
    hlt
    jmp stop

    .section .rodata.boot, "a"
    .balign 8
boot_gdt:
    .quad 0, DESCRIPTOR_CODE_64, DESCRIPTOR_DATA
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
    .globl boot_tables
boot_tables:
    .skip 4096
boot_pointers:
    .skip 4096
boot_directories:
    .skip 4 * 4096
    .skip 16384
boot_stack_end:
    .globl boot_counter
boot_counter:
    .skip 8

    .section .note.GNU-stack, "", @progbits
