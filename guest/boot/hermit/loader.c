/* Starts a Hermit image as Hermit's own loader does: loads the image to a place of its own, and passes a record that
 * says where everything is.
 *
 * Layout of the record, state of the processor and address of the stack: crate hermit-entry 0.10.11 (src/boot_info,
 * RawBootInfo; src/lib.rs, Entry), the same since 0.10.3. Kernels treat as free the memory above their image, or all
 * memory from 2 MiB on except image, device tree and what the tree reserves: so everything of the loader that they read
 * stays below 2 MiB. */
#include <stddef.h>

#include "boot/end.h"
#include "boot/hermit/elf.h"
#include "boot/hermit/tree.h"
#include "boot/multiboot.h"
#include "boot/serial.h"
#include "core/text.h"

enum { PAGE = 4096, LARGE_PAGE = 0x200000, STACK = 0x8000, AREAS = 32, DIGITS = 20 };

static struct {
    uint64_t memory_start, memory_end; /* zero: the device tree describes memory */
    uint16_t serial_port __attribute__((aligned(8)));
    const void *device_tree;
    struct image_record {
        uint64_t start, end, tls_start, tls_file_size, tls_memory_size, tls_align;
    } image;
    uint32_t platform __attribute__((aligned(8))); /* 0: Multiboot */
    const char *command_line;
    uint64_t command_line_length;
    const struct multiboot_info *info;
} record;

static char command_line[PAGE];
static uint8_t stack[STACK] __attribute__((aligned(PAGE)));
static struct multiboot_info information;
static struct range areas[AREAS];

extern const char image_end[]; /* image.ld: the end of this loader */

static _Noreturn void refuse(const char *why) {
    serial_send(CONSOLE_PORT, "ferrule-loader: ", 16);
    serial_send(CONSOLE_PORT, why, text_length(why));
    serial_send(CONSOLE_PORT, "\n", 1);
    debug_exit(END_OTHER);
}

/* Appends the program's last argument, the counter at kernel entry: zeros until everything else is done. */
static void append_entered(void) {
    static const char word[] = " entered=00000000000000000000";
    size_t length = text_length(command_line);
    for (const char *at = command_line; *at; at++)
        if (text_starts(at, " -- ") && length + sizeof word <= sizeof command_line)
            text_copy(command_line + length, sizeof word, word);
}

/* Writes the counter into the last digits of a copy of the command line. */
static void fill_entered(char *line, uint64_t counter) {
    size_t at = text_length(line);
    for (unsigned i = 0; i < DIGITS && at && line[at - 1] >= '0' && line[at - 1] <= '9'; i++, counter /= 10)
        line[--at] = (char)('0' + counter % 10);
}

static uint64_t counter(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static unsigned list_memory(void) {
    struct entry { /* Multiboot specification 0.6.96, 3.3: `size` does not count itself */
        uint32_t size;
        uint64_t base, length;
        uint32_t type;
    } __attribute__((packed));
    enum { AVAILABLE = 1, MAP_KNOWN = 64 };
    unsigned count = 0;
    if (!(information.flags & MAP_KNOWN))
        refuse("the boot loader tells no map of memory");
    for (uint64_t at = information.map_address; at < (uint64_t)information.map_address + information.map_length;) {
        const struct entry *entry = (const void *)at;
        if (entry->type == AVAILABLE && count < AREAS)
            areas[count++] = (struct range){entry->base, entry->length};
        at += entry->size + sizeof entry->size;
    }
    return count;
}

/* ACPI specification 6.5, 5.2.5.1: on a 16-byte boundary in the firmware's memory. */
static uint64_t root_pointer(void) {
    const uint64_t signature = 0x2052545020445352; /* "RSD PTR " */
    for (uint64_t at = 0xE0000; at < 0x100000; at += 16)
        if (*(const uint64_t *)at == signature)
            return at;
    return 0;
}

void boot_main(const struct multiboot_info *info) {
    enum { COMMAND_LINE_KNOWN = 4, MODULES_KNOWN = 8 };
    information = *info;
    if (!(information.flags & MODULES_KNOWN) || information.modules_count < 1)
        refuse("no image: give its file as the first module (-initrd)");
    const uint32_t *module = (const void *)(uint64_t)information.modules_address; /* start, end, ... */
    if (information.flags & COMMAND_LINE_KNOWN)
        text_copy(command_line, sizeof command_line, (const char *)(uint64_t)information.command_line);
    append_entered();
    record.device_tree = tree_make(command_line, areas, list_memory(), root_pointer());

    struct image image;
    uint64_t above = module[1] > (uint64_t)image_end ? module[1] : (uint64_t)image_end;
    uint64_t at = (above + LARGE_PAGE - 1) & ~(uint64_t)(LARGE_PAGE - 1);
    const char *why = elf_load((const uint8_t *)(uint64_t)module[0], module[1] - module[0], at, &image);
    if (why)
        refuse(why);
    record.serial_port = CONSOLE_PORT;
    record.image = (struct image_record){image.start,           image.end,      image.tls.start, image.tls.file_size,
                                         image.tls.memory_size, image.tls.align};
    record.command_line = command_line;
    record.command_line_length = text_length(command_line);
    record.info = &information;
    uint64_t now = counter();
    fill_entered(command_line, now);
    fill_entered(tree_command_line(), now);
    /* The stack's lowest address: the kernel adds the length itself. The second argument is the processor's number. */
    __asm__ volatile("movq %1, %%rsp; jmp *%0" ::"r"(image.entry), "r"(stack), "D"(&record), "S"(0) : "memory");
    __builtin_unreachable();
}
