/* No build flag is needed for this file. A compiler that sees a plain byte loop turns it into a call of memcpy, memset
 * or strlen (gcc: -ftree-loop-distribute-patterns, clang: loop-idiom), which inside memcpy itself is an endless
 * recursion. OPAQUE hides the pointer's next value from the compiler and costs no instruction, so no loop here is ever
 * recognised, by either compiler, at any -O. */
#include "text.h"

#define OPAQUE(pointer) __asm__("" : "+r"(pointer))

size_t text_length(const char *text) {
    const char *end = text;
    while (*end) {
        end++;
        OPAQUE(end);
    }
    return (size_t)(end - text);
}

int text_equal(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

int text_starts(const char *text, const char *prefix) {
    while (*prefix && *text == *prefix)
        text++, prefix++;
    return *prefix == 0;
}

int text_lists(const char *list, const char *word) {
    size_t length = text_length(word);
    for (const char *at = list; *at; at += *at != 0) {
        if (length && text_starts(at, word) && (at[length] == ' ' || !at[length]))
            return 1;
        while (*at && *at != ' ')
            at++;
    }
    return 0;
}

int text_copy(char *into, size_t size, const char *from) {
    size_t length = text_length(from);
    if (size == 0)
        return 0;
    int whole = length < size;
    if (!whole)
        length = size - 1;
    memcpy(into, from, length);
    into[length] = 0;
    return whole;
}

size_t text_u64(char *into, uint64_t value) {
    char reversed[20];
    size_t digits = 0;
    do {
        reversed[digits++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < digits; i++)
        into[i] = reversed[digits - 1 - i];
    return digits;
}

int text_to_u64(const char *text, size_t length, uint64_t *value) {
    uint64_t sum = 0;
    if (length == 0)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return 0;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 1;
}

int text_to_i64(const char *text, size_t length, int64_t *value) {
    int negative = length > 0 && text[0] == '-';
    uint64_t magnitude;
    if (negative)
        text++, length--;
    if (!text_to_u64(text, length, &magnitude) || magnitude > (uint64_t)INT64_MAX + (uint64_t)negative)
        return 0;
    *value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return 1;
}

#if __STDC_HOSTED__ == 0

typedef uint64_t __attribute__((may_alias)) word;

static int aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word) - 1)) == 0;
}

void *memcpy(void *restrict into, const void *restrict from, size_t length) {
    unsigned char *to = into;
    const unsigned char *source = from;
    if (aligned(to, source)) {
        for (; length >= sizeof(word); length -= sizeof(word)) {
            *(word *)(void *)to = *(const word *)(const void *)source;
            to += sizeof(word);
            source += sizeof(word);
            OPAQUE(to);
        }
    }
    while (length--) {
        *to++ = *source++;
        OPAQUE(to);
    }
    return into;
}

void *memmove(void *into, const void *from, size_t length) {
    unsigned char *to = into;
    const unsigned char *source = from;
    if ((uintptr_t)to - (uintptr_t)source >= length) /* also when `into` is below: the difference wraps */
        return memcpy(into, from, length);
    to += length;
    source += length;
    while (length--) {
        *--to = *--source;
        OPAQUE(to);
    }
    return into;
}

void *memset(void *into, int byte, size_t length) {
    unsigned char *to = into;
    if (aligned(to, to)) {
        word pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);
        for (; length >= sizeof(word); length -= sizeof(word)) {
            *(word *)(void *)to = pattern;
            to += sizeof(word);
            OPAQUE(to);
        }
    }
    while (length--) {
        *to++ = (unsigned char)byte;
        OPAQUE(to);
    }
    return into;
}

int memcmp(const void *a, const void *b, size_t length) {
    const unsigned char *left = a;
    const unsigned char *right = b;
    for (; length; length--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

#endif
