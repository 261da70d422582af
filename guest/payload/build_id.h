/* The linker's build-id as hex, "" when there is none. */
#ifndef FERRULE_PAYLOAD_BUILD_ID_H
#define FERRULE_PAYLOAD_BUILD_ID_H

enum { BUILD_ID_TEXT = 65 };
void build_id(char text[BUILD_ID_TEXT]);

#endif
