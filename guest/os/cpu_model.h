/* The processor's name, where a kernel does not report it: for the os_facts() of ports to x86. */
#ifndef FERRULE_CPU_MODEL_H
#define FERRULE_CPU_MODEL_H

#include <stdint.h>

#include "core/text.h"

/* The brand string (Intel SDM vol. 2A, CPUID leaves 0x80000002 to 0x80000004), without the blanks it begins with. */
static inline const char *cpu_model(char text[49]) {
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t word[4];
        __asm__ volatile("cpuid"
                         : "=a"(word[0]), "=b"(word[1]), "=c"(word[2]), "=d"(word[3])
                         : "a"(0x80000002u + i), "c"(0));
        memcpy(text + 16 * i, word, sizeof word);
    }
    text[48] = 0;
    while (*text == ' ')
        text++;
    return text;
}

#endif
