/* Any bytes as text: numbers are written as they were read, copies are terminated, searches stay inside the text. */
#include "check.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t value;
    int64_t number;
    char digits[24], copy[16];
    char *text = exact(data, size);
    if (text_to_u64(text, size, &value)) {
        size_t length = text_u64(digits, value);
        size_t zeros = 0;
        while (zeros + 1 < size && text[zeros] == '0')
            zeros++;
        CHECK(length <= 20 && length == size - zeros && memcmp(digits, text + zeros, length) == 0);
    }
    if (text_to_i64(text, size, &number))
        CHECK(number >= 0 || text[0] == '-');
    char *ended = malloc(size + 1);
    memcpy(ended, text, size);
    ended[size] = 0;
    size_t length = text_length(ended);
    CHECK(length == strlen(ended) && text_equal(ended, ended) && text_starts(ended, ""));
    CHECK(text_copy(copy, sizeof copy, ended) == (length < sizeof copy) && strlen(copy) < sizeof copy);
    text_lists(ended, "redox");
    text_lists("linux redox", ended);
    free(ended);
    free(text);
    return 0;
}
