/* A flattened device tree of the few things that Hermit looks up in one. */
#ifndef FERRULE_HERMIT_TREE_H
#define FERRULE_HERMIT_TREE_H

#include <stdint.h>

struct range {
    uint64_t base, size;
};

/* Writes a tree that tells of the kernel's command line, the memory that can be used, and where the ACPI root pointer
 * is (0: nowhere). Returns its address. */
const void *tree_make(const char *command_line, const struct range *memory, unsigned count, uint64_t root_pointer);

/* Where the command line lies in it. */
char *tree_command_line(void);

#endif
