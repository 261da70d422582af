#include "record.h"
#include "text.h"

enum {
    TAIL = 17,                  /* " cut=1" and " ~xxxxxxxx\n" */
    ROOM = RECORD_LIMIT - TAIL, /* for lists, which use all the room that is left */
    FIELD_ROOM = ROOM - 64      /* for all other fields: the rest is reserved for a list's key and first value */
};

uint32_t crc32_of(const void *bytes, size_t length) {
    /* Four bits a step: the reflected polynomial 0xedb88320 applied to 0..15 (ISO-HDLC, the CRC of Ethernet and zlib).
     */
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const unsigned char *at = bytes;
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static int put(struct record *record, const char *bytes, size_t length, size_t room) {
    if (length > room || record->used > room - length)
        return 0;
    memcpy(record->line + record->used, bytes, length);
    record->used += length;
    return 1;
}

static int put_text(struct record *record, const char *text, size_t room) {
    return put(record, text, text_length(text), room);
}

static int put_u64(struct record *record, uint64_t value, size_t room) {
    char digits[20];
    return put(record, digits, text_u64(digits, value), room);
}

static int put_key(struct record *record, const char *key, size_t room) {
    return put(record, " ", 1, room) && put_text(record, key, room) && put(record, "=", 1, room);
}

static int put_escaped(struct record *record, const char *value, size_t room) {
    static const char hex[] = "0123456789ABCDEF";
    for (; *value; value++) {
        unsigned char byte = (unsigned char)*value;
        char escape[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        int plain = byte > ' ' && byte < 0x7f && byte != '%' && byte != '~' && byte != '#';
        if (!put(record, plain ? value : escape, plain ? 1 : 3, room))
            return 0;
    }
    return 1;
}

/* A field is written whole or not at all. */
static void settle(struct record *record, size_t start, int complete) {
    if (!complete) {
        record->used = start;
        record->overflow = 1;
    }
}

void record_init(struct record *record, record_sink sink, void *context, const char *run, uint32_t process) {
    memset(record, 0, sizeof *record);
    record->sink = sink;
    record->context = context;
    record->process = process;
    text_copy(record->run, sizeof record->run, run);
}

void record_begin(struct record *record, const char *kind) {
    record->used = 0;
    record->overflow = 0;
    put_text(record, "#fr1 ", FIELD_ROOM);
    put_text(record, record->run, FIELD_ROOM);
    put_text(record, ".", FIELD_ROOM);
    put_u64(record, record->process, FIELD_ROOM);
    put_text(record, " ", FIELD_ROOM);
    put_u64(record, record->seq, FIELD_ROOM);
    put_text(record, " ", FIELD_ROOM);
    put_text(record, kind, FIELD_ROOM);
}

void record_text(struct record *record, const char *key, const char *value) {
    size_t start = record->used;
    settle(record, start, put_key(record, key, FIELD_ROOM) && put_escaped(record, value, FIELD_ROOM));
}

void record_u64(struct record *record, const char *key, uint64_t value) {
    size_t start = record->used;
    settle(record, start, put_key(record, key, FIELD_ROOM) && put_u64(record, value, FIELD_ROOM));
}

void record_i64(struct record *record, const char *key, int64_t value) {
    size_t start = record->used;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    settle(record, start,
           put_key(record, key, FIELD_ROOM) && (value >= 0 || put(record, "-", 1, FIELD_ROOM)) &&
               put_u64(record, magnitude, FIELD_ROOM));
}

size_t record_u64_list(struct record *record, const char *key, const uint64_t *values, size_t count) {
    size_t start = record->used, taken = 0;
    for (int fits = put_key(record, key, ROOM); fits && taken < count; taken++) {
        size_t before = record->used;
        fits = (taken == 0 || put(record, ",", 1, ROOM)) && put_u64(record, values[taken], ROOM);
        if (!fits) {
            record->used = before;
            break;
        }
    }
    if (taken == 0)
        settle(record, start, 0);
    return taken;
}

int record_buckets(struct record *record, const char *key, const uint32_t *bucket, uint32_t buckets, uint32_t *next) {
    size_t start = record->used;
    while (*next < buckets && bucket[*next] == 0)
        ++*next;
    if (*next >= buckets)
        return 0;
    int written = 0;
    for (int fits = put_key(record, key, ROOM); fits && *next < buckets; ++*next) {
        size_t before = record->used;
        if (bucket[*next] == 0)
            continue;
        fits = (!written || put(record, ",", 1, ROOM)) && put_u64(record, *next, ROOM) && put(record, ":", 1, ROOM) &&
               put_u64(record, bucket[*next], ROOM);
        if (!fits) {
            record->used = before;
            break;
        }
        written = 1;
    }
    if (!written)
        settle(record, start, 0);
    return *next < buckets;
}

void record_end(struct record *record) {
    static const char hex[] = "0123456789abcdef";
    if (record->overflow)
        put_text(record, " cut=1", RECORD_LIMIT);
    uint32_t crc = crc32_of(record->line, record->used);
    put_text(record, " ~", RECORD_LIMIT);
    for (int shift = 28; shift >= 0; shift -= 4)
        put(record, &hex[crc >> shift & 15], 1, RECORD_LIMIT);
    put_text(record, "\n", RECORD_LIMIT);
    record->seq++;
    record->sink(record->context, record->line, record->used);
}
