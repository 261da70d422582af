/* Format: Devicetree Specification 0.4, chapter 5. Nodes: those that the loader of Hermit writes (hermit-os/loader
 * 0.5.7, src/fdt.rs, read 2026-11). Numbers in it are big-endian, and everything is aligned to four bytes. */
#include "boot/hermit/tree.h"

#include "core/text.h"

enum { BYTES = 8192, HEADER = 40, RESERVED = 16, STRUCTURE = HEADER + RESERVED };
enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, END = 9 };

static const char names[] = "compatible\0#address-cells\0#size-cells\0bootargs\0device_type\0reg";
enum { COMPATIBLE = 0, ADDRESS_CELLS = 11, SIZE_CELLS = 26, BOOTARGS = 38, DEVICE_TYPE = 47, REG = 59 };

static uint8_t tree[BYTES] __attribute__((aligned(8)));
static uint64_t used, arguments;

static void put(uint64_t at, uint32_t word) {
    for (unsigned i = 0; i < 4; i++)
        tree[at + i] = (uint8_t)(word >> (24 - 8 * i));
}

static void word(uint32_t value) {
    if (used + 4 > BYTES)
        return; /* the total is then wrong, and the kernel reports it */
    put(used, value);
    used += 4;
}

static void bytes(const void *from, uint64_t length) {
    if (used + length + 4 > BYTES)
        return;
    memcpy(tree + used, from, length);
    used = (used + length + 3) & ~(uint64_t)3;
}

static void property(uint32_t name, const void *value, uint64_t length) {
    word(PROPERTY);
    word((uint32_t)length);
    word(name);
    bytes(value, length);
}

static void text_property(uint32_t name, const char *value) {
    property(name, value, text_length(value) + 1);
}

static void number_property(uint32_t name, uint32_t value) {
    word(PROPERTY);
    word(sizeof value);
    word(name);
    word(value);
}

static void range_property(struct range range) {
    word(PROPERTY);
    word(sizeof range);
    word(REG);
    word((uint32_t)(range.base >> 32));
    word((uint32_t)range.base);
    word((uint32_t)(range.size >> 32));
    word((uint32_t)range.size);
}

/* "memory@100000": a node's name ends with its address in hexadecimal digits. */
static void begin_at(const char *name, uint64_t address) {
    char text[40];
    unsigned digits = 1;
    text_copy(text, sizeof text - 17, name);
    size_t length = text_length(text);
    while (digits < 16 && address >> (4 * digits))
        digits++;
    while (digits--)
        text[length++] = "0123456789abcdef"[address >> (4 * digits) & 15];
    text[length] = 0;
    word(BEGIN_NODE);
    bytes(text, length + 1);
}

const void *tree_make(const char *command_line, const struct range *memory, unsigned count, uint64_t root_pointer) {
    used = STRUCTURE;
    word(BEGIN_NODE);
    bytes("", 1);
    text_property(COMPATIBLE, "hermit,multiboot");
    number_property(ADDRESS_CELLS, 2);
    number_property(SIZE_CELLS, 2);
    for (unsigned i = 0; i < count; i++) {
        begin_at("memory@", memory[i].base);
        text_property(DEVICE_TYPE, "memory");
        range_property(memory[i]);
        word(END_NODE);
    }
    if (root_pointer) {
        begin_at("hermit,rsdp@", root_pointer);
        range_property((struct range){root_pointer, 1});
        word(END_NODE);
    }
    word(BEGIN_NODE);
    bytes("chosen", 7);
    arguments = used + 3 * sizeof(uint32_t); /* kind of the entry, length, name */
    text_property(BOOTARGS, command_line);
    word(END_NODE);
    word(END_NODE);
    word(END);
    uint64_t strings = used;
    bytes(names, sizeof names);
    const uint32_t version = 17, oldest = 16, magic = 0xd00dfeed;
    const uint32_t header[HEADER / 4] = {
        magic,   (uint32_t)used, STRUCTURE, (uint32_t)strings, HEADER,
        version, oldest,         0,         sizeof names,      (uint32_t)strings - STRUCTURE,
    };
    for (unsigned i = 0; i < HEADER / 4; i++)
        put(4 * i, header[i]);
    return tree;
}

char *tree_command_line(void) {
    return (char *)tree + arguments;
}
