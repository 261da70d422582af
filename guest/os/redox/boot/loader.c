/* Starts a Redox kernel as its own boot loader does: the kernel's file mapped unchanged, memory mapped twice, and a
 * record of twelve words that says where everything is. The protocol and its source: README.md beside the port. */
#include <stddef.h>

#include "boot/multiboot.h"
#include "boot/processor.h"
#include "boot/serial.h"
#include "os/redox/ending.h"
#include "os/redox/era.h"

enum { PAGE = 4096, ENTRIES = 512 };
enum { HIGH_MEMORY = 256, KERNEL_TOP = 511, KERNEL_POINTER = 510 }; /* of 0xFFFF800000000000, of 0xFFFFFFFF80000000 */
enum { KERNEL_TABLES = 16, AREAS = 64 };

struct range {
    uint64_t base, size;
};

/* The kernel gets the address of this. */
static struct {
    struct range kernel, stack, environment, hardware, areas, bootstrap;
} arguments;

static struct {
    struct range range;
    enum { AREA_FREE = 1, AREA_RESERVED = 3 } kind __attribute__((aligned(8)));
} areas[AREAS];

static uint64_t pointers[ENTRIES] __attribute__((aligned(PAGE)));
static uint64_t directory[ENTRIES] __attribute__((aligned(PAGE)));
static uint64_t tables[KERNEL_TABLES][ENTRIES] __attribute__((aligned(PAGE)));
static uint8_t hardware[PAGE] __attribute__((aligned(PAGE)));
static char environment[PAGE] __attribute__((aligned(PAGE)));

/* image.ld */
extern const char image_start[], image_end[], payload_load[], payload_load_end[];

static _Noreturn void refuse(const char *why) {
    uint64_t length = 0;
    while (why[length])
        length++;
    serial_send(CONSOLE_PORT, "ferrule: ", 9);
    serial_send(CONSOLE_PORT, why, length);
    serial_send(CONSOLE_PORT, "\n", 1);
    machine_end(END_LOADER);
}

static struct range kernel_file(const struct multiboot_info *info) {
    struct module {
        uint32_t start, end, text, reserved; /* Multiboot specification 0.6.96, 3.3 */
    };
    enum { MODULES_KNOWN = 8 };
    if (!(info->flags & MODULES_KNOWN) || info->modules_count < 1)
        refuse("no kernel: give its file as the first module (-initrd)");
    const struct module *module = (const void *)(uint64_t)info->modules_address;
    return (struct range){module->start, module->end - module->start};
}

/* The entry point of an ELF file (System V gABI 4.1, ELF header: magic at 0, e_entry at 24). */
static uint64_t entry_of(struct range kernel) {
    const uint32_t magic = 0x464C457F;
    if (kernel.base % PAGE || kernel.size > (uint64_t)KERNEL_TABLES * ENTRIES * PAGE)
        refuse("the kernel's file does not begin on a page, or is larger than 32 MiB");
    if (kernel.size < 64 || *(const uint32_t *)kernel.base != magic)
        refuse("the kernel's file is no ELF file");
    return *(const uint64_t *)(kernel.base + 24);
}

/* Maps the first 4 GiB again from the middle of the address space on, and the kernel's file in its last 2 GiB. */
static void map(struct range kernel) {
    boot_tables[HIGH_MEMORY] = boot_tables[0];
    boot_tables[KERNEL_TOP] = (uint64_t)pointers | PAGE_PRESENT | PAGE_WRITE;
    pointers[KERNEL_POINTER] = (uint64_t)directory | PAGE_PRESENT | PAGE_WRITE;
    for (uint64_t page = 0; page * PAGE < kernel.size; page++) {
        directory[page / ENTRIES] = (uint64_t)tables[page / ENTRIES] | PAGE_PRESENT | PAGE_WRITE;
        tables[page / ENTRIES][page % ENTRIES] = (kernel.base + page * PAGE) | PAGE_PRESENT | PAGE_WRITE;
    }
}

/* The boot loader's map of memory, with this image as a reserved area. */
static uint64_t list_areas(const struct multiboot_info *info) {
    struct entry { /* Multiboot specification 0.6.96, 3.3: `size` does not count itself */
        uint32_t size;
        uint64_t base, length;
        uint32_t type;
    } __attribute__((packed));
    enum { MAP_KNOWN = 64, AVAILABLE = 1 };
    uint64_t count = 0, at = info->map_address;
    if (!(info->flags & MAP_KNOWN))
        refuse("the boot loader tells no map of memory");
    while (at < info->map_address + info->map_length && count < AREAS - 1) {
        const struct entry *entry = (const void *)at;
        areas[count].range = (struct range){entry->base, entry->length};
        areas[count++].kind = entry->type == AVAILABLE ? AREA_FREE : AREA_RESERVED;
        at += entry->size + sizeof entry->size;
    }
    areas[count].range = (struct range){(uint64_t)image_start, (uint64_t)(image_end - image_start)};
    areas[count++].kind = AREA_RESERVED;
    return count;
}

/* The ACPI root pointer (ACPI specification 6.5, 5.2.5): 20 bytes in revision 0, as many as it says later. */
static struct range root_pointer(void) {
    const uint64_t signature = 0x2052545020445352; /* "RSD PTR " */
    enum { FROM = 0xE0000, TO = 0x100000, STEP = 16, REVISION = 15, LENGTH = 20 };
    for (uint64_t at = FROM; at < TO; at += STEP) {
        const uint8_t *found = (const uint8_t *)at;
        if (*(const uint64_t *)at != signature)
            continue;
        uint64_t size = found[REVISION] < 2 ? LENGTH : *(const uint32_t *)(at + LENGTH);
        for (uint64_t i = 0; i < size && i < PAGE; i++)
            hardware[i] = found[i];
        return (struct range){(uint64_t)hardware, size};
    }
    return (struct range){0, 0};
}

/* Where an object of the payload is now, before the kernel copies the payload. */
static uint64_t *in_payload(const uint64_t *at) {
    enum { USER = 0x1000 }; /* image.ld */
    return (uint64_t *)((uint64_t)payload_load + (uint64_t)at - USER);
}

static uint64_t counter(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

void boot_main(const struct multiboot_info *info) {
    struct range kernel = kernel_file(info);
    uint64_t entry = entry_of(kernel);
    map(kernel);
    arguments.kernel = kernel;
    arguments.environment = (struct range){(uint64_t)environment, 0};
    arguments.hardware = root_pointer();
    arguments.areas = (struct range){(uint64_t)areas, list_areas(info) * sizeof areas[0]};
    arguments.bootstrap = (struct range){(uint64_t)payload_load, (uint64_t)(payload_load_end - payload_load)};
    *in_payload(&redox_kernel_entered) = counter();
    __asm__ volatile("jmp *%0" ::"r"(entry), "D"(&arguments) : "memory");
    __builtin_unreachable();
}
