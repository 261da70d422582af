/* Any fields in a record: its line is within the limit, ends with its own CRC, and holds only allowed bytes. */
#include "check.h"
#include "record.h"
#include <stdio.h>

static void whole(void *context, const char *bytes, size_t length) {
    char crc[16];
    ++*(size_t *)context;
    CHECK(length <= RECORD_LIMIT && length > 12 && bytes[length - 1] == '\n');
    snprintf(crc, sizeof crc, " ~%08x\n", crc32_of(bytes, length - 11));
    CHECK(memcmp(bytes + length - 11, crc, 11) == 0);
    for (size_t i = 1; i < length - 11; i++)
        CHECK(bytes[i] >= ' ' && bytes[i] < '~' && bytes[i] != '#');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct record record;
    static uint32_t bucket[64];
    struct input in = {data, size};
    size_t lines = 0;
    record_init(&record, whole, &lines, "a1", take_u32(&in));
    while (in.size) {
        size_t before = lines;
        record_begin(&record, "batch");
        for (int field = take_u8(&in) % 8; field-- && in.size;) {
            uint64_t list[40];
            char text[300];
            size_t count = take_u8(&in) % 40, next = take_u8(&in) % sizeof text;
            switch (take_u8(&in) % 4) {
            case 0:
                text[take_bytes(&in, text, next)] = 0;
                record_text(&record, "text", text);
                break;
            case 1:
                record_u64(&record, "u", take_u64(&in));
                break;
            case 2:
                record_i64(&record, "i", (int64_t)take_u64(&in));
                break;
            default:
                for (size_t i = 0; i < count; i++)
                    list[i] = take_u64(&in);
                CHECK(record_u64_list(&record, "t", list, count) <= count);
            }
        }
        record_end(&record);
        CHECK(lines == before + 1);
    }
    uint32_t next = 0;
    for (size_t i = 0; i < 64; i++)
        bucket[i] = i < size ? data[i] : 0;
    for (int more = 1, turns = 0; more; turns++) {
        record_begin(&record, "hist");
        more = record_buckets(&record, "b", bucket, 64, &next);
        record_end(&record);
        CHECK(turns < 64);
    }
    return 0;
}
