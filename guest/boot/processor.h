/* Bits and layouts of the x86-64 processor that boot code and mini-kernels share, for C and assembler.
 * SDM: Intel 64 and IA-32 Architectures Software Developer's Manual; chapters as numbered since edition 080 (2023). */
#ifndef FERRULE_PROCESSOR_H
#define FERRULE_PROCESSOR_H

/* Control registers: SDM vol. 3A 2.5 */
#define CR0_PE         0x00000001
#define CR0_MP         0x00000002
#define CR0_EM         0x00000004
#define CR0_WP         0x00010000
#define CR0_PG         0x80000000
#define CR4_PAE        0x00000020
#define CR4_PGE        0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400

/* Model-specific registers: SDM vol. 4, table 2-2; SYSCALL's: SDM vol. 3A 5.8.8 */
#define MSR_EFER  0xC0000080
#define MSR_STAR  0xC0000081
#define MSR_LSTAR 0xC0000082
#define MSR_FMASK 0xC0000084
#define EFER_SCE  0x001
#define EFER_LME  0x100
#define EFER_NXE  0x800

/* Page-table entries: SDM vol. 3A 4.5.4, table 4-20; bits 9 to 11 are the software's own */
#define PAGE_PRESENT   0x001
#define PAGE_WRITE     0x002
#define PAGE_USER      0x004
#define PAGE_CACHE_OFF 0x010
#define PAGE_ACCESSED  0x020
#define PAGE_DIRTY     0x040
#define PAGE_LARGE     0x080
#define PAGE_GLOBAL    0x100

/* Segments: SDM vol. 3A 3.4.5. The order is the one SYSRET wants (SDM vol. 2B, SYSRET): stack, then 64-bit code. */
#define DESCRIPTOR_CODE_64      0x00AF9A000000FFFF
#define DESCRIPTOR_DATA         0x00CF92000000FFFF
#define DESCRIPTOR_CODE_32      0x00CF9A000000FFFF
#define DESCRIPTOR_USER_CODE_64 0x00AFFA000000FFFF
#define DESCRIPTOR_USER_DATA    0x00CFF2000000FFFF
#define SELECTOR_KERNEL_CODE    0x08
#define SELECTOR_KERNEL_DATA    0x10
#define SELECTOR_USER_DATA      0x1B
#define SELECTOR_USER_CODE      0x23
#define SELECTOR_TASK           0x28

#define FLAG_INTERRUPTS 0x200

/* Where second_cpu.S runs: a page below 1 MiB that nothing else uses */
#define SECOND_CPU_AT 0x8000

#endif
