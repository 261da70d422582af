/* Memory, mapped and allocated. */
#include "stub.h"

#ifndef WITHOUT_MMAN
int32_t sys_mmap(size_t length, uint32_t protection, void **at) {
    MUST(length > 0 && protection == 3 && at != NULL);
    length = (length + 4095) & ~(size_t)4095;
    long result = map(length);
    MUST(result > 0); /* the kernel panics when it has no memory left */
    rubbish((void *)result, length);
    *at = (void *)result;
    return 0;
}

int32_t sys_munmap(void *at, size_t length) {
    MUST(at != NULL && (uintptr_t)at % 4096 == 0 && length > 0);
    return (int32_t)linux(LINUX_MUNMAP, (long)at, (long)length, 0, 0);
}

/* As in the real kernel today: memory that is made read-only can still be written to. */
int32_t sys_mprotect(void *at, size_t length, uint32_t protection) {
    MUST(at != NULL && (uintptr_t)at % 4096 == 0 && length > 0 && length % 4096 == 0);
    MUST(protection == 1 || protection == 3);
    return 0;
}
#endif

static struct {
    char *at;
    size_t size, alignment;
} pieces[4];

void *sys_malloc(size_t size, size_t alignment) {
    MUST(size > 0 && alignment > 0 && (alignment & (alignment - 1)) == 0 && alignment <= 4096);
    for (int i = 0; i < 4; i++)
        if (!pieces[i].at) {
            pieces[i].at = (char *)map(size);
            pieces[i].size = size;
            pieces[i].alignment = alignment;
            rubbish(pieces[i].at, size);
            return pieces[i].at;
        }
    return NULL;
}

void sys_free(void *at, size_t size, size_t alignment) {
    int known = 0;
    for (int i = 0; i < 4; i++)
        if (at && pieces[i].at == at) {
            MUST(pieces[i].size == size && pieces[i].alignment == alignment);
            linux(LINUX_MUNMAP, (long)at, (long)size, 0, 0);
            pieces[i].at = NULL;
            known = 1;
        }
    MUST(known);
}
