/* The program's own build-id, read from the ELF note that the linker put into its first segment. */
#include "payload/build_id.h"

#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

/* Defined by the linker (GNU ld, lld): the ELF header, which is part of the first loaded segment. */
extern const unsigned char __ehdr_start[] __attribute__((visibility("hidden")));

struct note {
    uint32_t name_size, value_size, type;
    char name[4];
};

static uint64_t little(const unsigned char *at, unsigned bytes) {
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static void to_hex(char text[BUILD_ID_TEXT], const unsigned char *bytes, size_t size) {
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < size && 2 * i + 2 < BUILD_ID_TEXT; i++) {
        text[2 * i] = digit[bytes[i] >> 4];
        text[2 * i + 1] = digit[bytes[i] & 15];
        text[2 * i + 2] = 0;
    }
}

void build_id(char text[BUILD_ID_TEXT]) {
    /* Offsets of the ELF64 header and program header: e_phoff 32, e_phentsize 54, e_phnum 56; p_offset 8, p_filesz 32.
     */
    enum { PT_NOTE = 4, NT_GNU_BUILD_ID = 3 };
    const unsigned char *segment = __ehdr_start + little(__ehdr_start + 32, 8);
    text[0] = 0;
    for (uint64_t left = little(__ehdr_start + 56, 2); left; left--, segment += little(__ehdr_start + 54, 2)) {
        if (little(segment, 4) != PT_NOTE)
            continue;
        const unsigned char *at = __ehdr_start + little(segment + 8, 8);
        const unsigned char *end = at + little(segment + 32, 8);
        while (at + sizeof(struct note) <= end) {
            const struct note *note = (const void *)at;
            const unsigned char *value = at + 12 + ((note->name_size + 3) & ~3u);
            if (note->type == NT_GNU_BUILD_ID && note->name_size == 4 && memcmp(note->name, "GNU", 4) == 0)
                to_hex(text, value, note->value_size);
            at = value + ((note->value_size + 3) & ~3u);
        }
    }
}
