/* The few string functions that a program without libc needs. memcpy, memmove, memset and memcmp are defined in
 * text.c for freestanding builds (compilers emit calls to them on their own); the host's libc has them already. */
#ifndef FERRULE_TEXT_H
#define FERRULE_TEXT_H

#include <stddef.h>
#include <stdint.h>

size_t text_length(const char *text);
int text_equal(const char *a, const char *b);
int text_starts(const char *text, const char *prefix);
/* Whether `word` is one of the space-separated words of `list`. */
int text_lists(const char *list, const char *word);
/* Copies at most size-1 bytes and ends with NUL; returns 0 when the text was cut, 1 otherwise. */
int text_copy(char *into, size_t size, const char *from);
/* Decimal; returns the number of digits written (no NUL). `into` holds at least 20. */
size_t text_u64(char *into, uint64_t value);
/* Decimal, the whole of text[0..length); returns 0 on anything else or on overflow. */
int text_to_u64(const char *text, size_t length, uint64_t *value);
int text_to_i64(const char *text, size_t length, int64_t *value);

void *memcpy(void *restrict into, const void *restrict from, size_t length);
void *memmove(void *into, const void *from, size_t length);
void *memset(void *into, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

#endif
