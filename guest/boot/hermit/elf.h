/* A Hermit image: an ELF file, static and position-independent, that is laid out and relocated once. */
#ifndef FERRULE_HERMIT_ELF_H
#define FERRULE_HERMIT_ELF_H

#include <stdint.h>

struct image {
    uint64_t start, end, entry; /* its place in memory; its first instruction */
    struct {
        uint64_t start, file_size, memory_size, align;
    } tls; /* the initial thread-local storage */
};

/* Loads the file of `size` bytes to address `at`. Returns NULL, or the reason why it cannot. */
const char *elf_load(const uint8_t *file, uint64_t size, uint64_t at, struct image *image);

#endif
