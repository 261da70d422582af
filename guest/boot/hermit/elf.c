/* What a loader must do with a Hermit image (crate hermit-entry 0.10.11, src/elf.rs): copy its segments to one place
 * and apply the relocations RELATIVE, 64 and GLOB_DAT of DT_RELA. Structures: System V gABI 4.1, psABI x86-64 4.4. */
#include "boot/hermit/elf.h"

#include "core/text.h"

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_TLS = 7, ET_DYN = 3, EM_X86_64 = 62 };
enum { DT_NULL = 0, DT_SYMTAB = 6, DT_RELA = 7, DT_RELASZ = 8 };
enum { R_X86_64_64 = 1, R_X86_64_GLOB_DAT = 6, R_X86_64_RELATIVE = 8 };

struct header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t size, segment_size, segment_count, section_size, section_count, names;
};

struct segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct tagged {
    int64_t tag;
    uint64_t value;
};

struct relocation {
    uint64_t offset, info;
    int64_t addend;
};

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

static const char *relocate(uint64_t at, const struct tagged *entry) {
    const struct relocation *each = NULL;
    const struct symbol *symbols = NULL;
    uint64_t size = 0;
    for (; entry->tag != DT_NULL; entry++) {
        if (entry->tag == DT_RELA)
            each = (const void *)(at + entry->value);
        else if (entry->tag == DT_RELASZ)
            size = entry->value;
        else if (entry->tag == DT_SYMTAB)
            symbols = (const void *)(at + entry->value);
    }
    for (const struct relocation *end = each + size / sizeof *each; each && each < end; each++) {
        uint64_t *place = (uint64_t *)(at + each->offset);
        const struct symbol *symbol = symbols + (each->info >> 32);
        switch ((uint32_t)each->info) {
        case R_X86_64_RELATIVE:
            *place = at + (uint64_t)each->addend;
            break;
        case R_X86_64_64:
        case R_X86_64_GLOB_DAT:
            if (symbol->section || symbol->info >> 4 != 2) /* else undefined and weak: stays zero */
                *place = at + symbol->value + (uint64_t)each->addend;
            break;
        default:
            return "a relocation of a kind that no Hermit image has";
        }
    }
    return NULL;
}

const char *elf_load(const uint8_t *file, uint64_t size, uint64_t at, struct image *image) {
    const struct header *header = (const void *)file;
    if (size < sizeof *header ||
        memcmp(file,
               "\x7f"
               "ELF\2\1",
               6) != 0 ||
        header->type != ET_DYN || header->machine != EM_X86_64)
        return "the module is no position-independent ELF file for x86-64";
    if (header->segments > size || header->segment_count > (size - header->segments) / sizeof(struct segment))
        return "the module is cut: its program headers are not in it";
    const struct segment *segment = (const void *)(file + header->segments);
    const struct tagged *dynamic = NULL;
    *image = (struct image){.start = at, .end = at, .entry = at + header->entry};
    for (unsigned i = 0; i < header->segment_count; i++, segment++) {
        if (segment->type == PT_DYNAMIC)
            dynamic = (const void *)(at + segment->address);
        if (segment->type == PT_TLS) {
            image->tls.start = at + segment->address;
            image->tls.file_size = segment->file_size;
            image->tls.memory_size = segment->memory_size;
            image->tls.align = segment->align;
        }
        if (segment->type != PT_LOAD)
            continue;
        if (segment->offset > size || segment->file_size > size - segment->offset ||
            segment->file_size > segment->memory_size)
            return "the module is cut: a segment is not in it";
        memcpy((void *)(at + segment->address), file + segment->offset, segment->file_size);
        memset((void *)(at + segment->address + segment->file_size), 0, segment->memory_size - segment->file_size);
        image->end = at + segment->address + segment->memory_size;
    }
    return dynamic ? relocate(at, dynamic) : NULL;
}
