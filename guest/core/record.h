/* The record stream: one line per record.
 *
 *     #fr1 <run>.<process> <seq> <kind>[ <key>=<value>]... ~<crc>\n
 *
 * run      token of the plan, [0-9a-z]{1,16}; process: decimal. Together they name the stream.
 * seq      decimal, 0, 1, 2 ... within the stream: a gap means lost records.
 * kind,key [a-z][a-z0-9_.]*
 * value    printable ASCII; space, '%', '~', '#', control and non-ASCII bytes are written %XX (upper-case hex).
 * crc      CRC-32 (IEEE 802.3, as in zlib) of every byte from '#' to the space before '~', eight lower-case hex digits.
 * A line, newline included, is at most RECORD_LIMIT bytes. A carriage return before the newline is tolerated by
 * readers, and so is foreign text before '#' on the same line: consoles are shared with kernels that log. */
#ifndef FERRULE_RECORD_H
#define FERRULE_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* [cffi */
enum { RECORD_LIMIT = 1000 };

/* Where finished lines go. Must take all bytes. */
typedef void (*record_sink)(void *context, const char *bytes, size_t length);

struct record {
    record_sink sink;
    void *context;
    char run[20];
    uint32_t process;
    uint64_t seq;
    size_t used;
    int32_t overflow; /* a field did not fit and was left out: the record is sent with a last field cut=1 */
    char line[1024];
};

void record_init(struct record *record, record_sink sink, void *context, const char *run, uint32_t process);
void record_begin(struct record *record, const char *kind);
void record_text(struct record *record, const char *key, const char *value);
void record_u64(struct record *record, const char *key, uint64_t value);
void record_i64(struct record *record, const char *key, int64_t value);
/* key=a,b,c with as many of the values as fit in the line; returns how many. At least one value of a record's first
 * list always fits (the other fields leave room for it), so a caller that sends the rest in further records
 * terminates. */
size_t record_u64_list(struct record *record, const char *key, const uint64_t *values, size_t count);
/* key=index:count,... of the non-empty buckets from *next on; advances *next. Returns 1 when there are more for a
 * further record, 0 when these were the last: do { begin; more = record_buckets(); end; } while (more). Nothing is
 * written for an empty histogram. */
int record_buckets(struct record *record, const char *key, const uint32_t *bucket, uint32_t buckets, uint32_t *next);
void record_end(struct record *record);

uint32_t crc32_of(const void *bytes, size_t length);
/* cffi] */

#endif
