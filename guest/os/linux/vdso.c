/* Symbol look-up in the vDSO: program headers -> dynamic section -> symbol and string tables. Only a hash table gives
 * the number of symbols: DT_HASH states it, DT_GNU_HASH (the only one on some kernels) implies it. Layouts: System V
 * gABI ch. 5; GNU hash as in binutils' documentation of --hash-style. */
#include "os/os.h"
#include "core/text.h"
#include "vdso.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

/* One more than the highest index in the GNU hash table's chains. */
static uint32_t gnu_hash_symbols(const uint32_t *table) {
    uint32_t buckets = table[0], first = table[1], bloom_words = table[2], last = 0;
    const uint32_t *bucket = table + 4 + 2 * bloom_words;
    const uint32_t *chain = bucket + buckets;
    for (uint32_t i = 0; i < buckets; i++)
        if (bucket[i] > last)
            last = bucket[i];
    if (last < first)
        return 0;
    while (!(chain[last - first] & 1)) /* the lowest bit ends a chain */
        last++;
    return last + 1;
}

vdso_clock vdso_symbol(const void *image, const char *name) {
    enum { PT_LOAD = 1, PT_DYNAMIC = 2, DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6, DT_GNU_HASH = 0x6ffffef5 };
    const char *base = image;
    const struct elf_header *header = image;
    uintptr_t bias = 0;
    int biased = 0;
    const uint64_t *dynamic = NULL;
    for (unsigned i = 0; i < header->phnum; i++) {
        const struct elf_segment *segment = (const void *)(base + header->phoff + i * (size_t)header->phentsize);
        if (segment->type == PT_LOAD && !biased) {
            bias = (uintptr_t)base + segment->offset - segment->vaddr;
            biased = 1;
        }
        if (segment->type == PT_DYNAMIC)
            dynamic = (const void *)(base + segment->offset);
    }
    if (!biased || !dynamic)
        return NULL;
    const uint32_t *hash = NULL, *gnu_hash = NULL;
    const char *strings = NULL;
    const struct elf_symbol *symbols = NULL;
    for (; dynamic[0]; dynamic += 2) {
        const void *at = (const void *)(bias + dynamic[1]);
        switch (dynamic[0]) {
        case DT_HASH:
            hash = at;
            break;
        case DT_GNU_HASH:
            gnu_hash = at;
            break;
        case DT_STRTAB:
            strings = at;
            break;
        case DT_SYMTAB:
            symbols = at;
            break;
        }
    }
    if (!strings || !symbols)
        return NULL;
    uint32_t count = hash ? hash[1] : gnu_hash ? gnu_hash_symbols(gnu_hash) : 0;
    for (uint32_t i = 0; i < count; i++)
        if (symbols[i].section && text_equal(strings + symbols[i].name, name))
            return (vdso_clock)(bias + symbols[i].value);
    return NULL;
}
