#include "payload/outcome.h"

#include <stddef.h>

void operation_name(char name[OPERATION_NAME], const char *call) {
    size_t length = 0;
    const char *from = call ? call : "";
    for (const char *at = from; *at; at++) /* an operation of the port, anywhere in the call */
        if (at[0] == 'o' && at[1] == 's' && at[2] == '_' && (at == from || at[-1] == ' ' || at[-1] == '(')) {
            from = at;
            break;
        }
    for (const char *at = from; *at && *at != '(' && length + 1 < OPERATION_NAME; at++) {
        name[length++] = *at;
        if (*at == '=') /* the name is right of it */
            length = 0, at += at[1] == ' ';
    }
    name[length] = 0;
}
