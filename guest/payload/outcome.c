#include "payload/outcome.h"

#include <stddef.h>

void operation_name(char name[OPERATION_NAME], const char *call) {
    size_t length = 0;
    for (const char *at = call ? call : ""; *at && *at != '(' && length + 1 < OPERATION_NAME; at++) {
        name[length++] = *at;
        if (*at == '=') /* what stands right of it */
            length = 0, at += at[1] == ' ';
    }
    name[length] = 0;
}
