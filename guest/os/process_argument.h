/* The payload's argument where a boot runs it several times: which process it is. For ports that start it themselves.
 */
#ifndef FERRULE_PROCESS_ARGUMENT_H
#define FERRULE_PROCESS_ARGUMENT_H

#include <stdint.h>

#include "core/text.h"

static inline void process_argument(char text[32], uint64_t number) {
    text_copy(text, 32, "process=");
    size_t length = text_length(text);
    text[length + text_u64(text + length, number)] = 0;
}

#endif
