/* The vDSO: an ELF image that the kernel maps into every process, with a clock_gettime that stays in user mode. */
#ifndef FERRULE_LINUX_VDSO_H
#define FERRULE_LINUX_VDSO_H

#include <stddef.h>
#include <stdint.h>

typedef long (*vdso_clock)(int32_t clock, struct linux_time *time);

/* Address of a symbol of the image at `image` (AT_SYSINFO_EHDR), or NULL. */
vdso_clock vdso_symbol(const void *image, const char *name);

#endif
