/* A flattened device tree with the few entries that Hermit looks up in one. */
#ifndef FERRULE_HERMIT_TREE_H
#define FERRULE_HERMIT_TREE_H

#include <stdint.h>

struct range {
    uint64_t base, size;
};

/* Writes a tree with the kernel's command line, the usable memory and the address of the ACPI root pointer (0: none).
 * Returns its address. */
const void *tree_make(const char *command_line, const struct range *memory, unsigned count, uint64_t root_pointer);

/* The command line inside the tree. */
char *tree_command_line(void);

#endif
