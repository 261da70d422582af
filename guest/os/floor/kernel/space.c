/* Address spaces. In all of them the kernel's gigabyte at 0 and the devices' at 3 GiB use the boot code's tables, made
 * global; the gigabyte at USER_BASE is private to each: a window of USER_PAGES pages whose 64 page tables are adjacent,
 * so that a page's entry is found by a subtraction and a shift, without a walk.
 *
 *     USER_BASE   program: read-only part (shared by all), then .data and .bss
 *                 stack, with a page that is never mapped below it
 *     heap        what CALL_MAP gives, upwards */
#include "space.h"

#include "boot/multiboot.h"
#include "context.h"
#include "errors.h"
#include "image.h"

enum {
    /* Bits of an entry that are ours: SDM vol. 3A table 4-20, "ignored" */
    OURS_LAZY = 0x200, /* not present yet; a zeroed page on the first touch */
    OURS_COPY = 0x400, /* present and shared with a copy of this space; a page of its own on the first write */
    OURS_KEPT = 0x800, /* present and the same page in copies of this space */
    STACK_PAGES = 16,
    TABLE_ENTRIES = PAGE / 8,
    TABLES = USER_PAGES / TABLE_ENTRIES,
    FAULT_WRITE = 2, /* error code: SDM vol. 3A 4.7 */
};
static const uint64_t user_page = PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_ACCESSED | PAGE_DIRTY;
static const uint64_t address_bits = 0x000FFFFFFFFFF000;

static struct space *free_spaces;

static uint64_t page_of(uint64_t address) {
    return (address - USER_BASE) / PAGE;
}

/* Where the stack begins. The page before it, behind .bss, is never mapped. */
static uint64_t stack_page(void) {
    return page_of((uint64_t)user_end + PAGE - 1) + 1;
}

static uint64_t heap_page(void) {
    return stack_page() + STACK_PAGES;
}

static void forget_translation(uint64_t page) {
    __asm__ volatile("invlpg (%0)" ::"r"(USER_BASE + page * PAGE) : "memory");
}

/* The kernel's own pages are the same in all spaces, so a change of %cr3 need not drop them (SDM vol. 3A 4.10.2.4). */
void spaces_init(void) {
    const uint64_t *pointers = (const uint64_t *)(boot_tables[0] & address_bits);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        ((uint64_t *)(pointers[0] & address_bits))[i] |= PAGE_GLOBAL;
        ((uint64_t *)(pointers[3] & address_bits))[i] |= PAGE_GLOBAL;
    }
}

/* The tables of a space never used before: record, top, pointers, directory, window, and in that the read-only part of
 * the program. None of it is ever moved or freed. */
static struct space *space_carve(void) {
    enum { RECORD_PAGES = (sizeof(struct space) + PAGE - 1) / PAGE };
    uint64_t at = frame_take_run(RECORD_PAGES + 3 + TABLES);
    if (!at)
        return NULL;
    for (uint64_t i = 0; i < RECORD_PAGES + 3 + TABLES; i++)
        page_zero(at + i * PAGE);
    uint64_t top = at + RECORD_PAGES * PAGE, pointers = top + PAGE, directory = pointers + PAGE;
    const uint64_t *boot_pointers = (const uint64_t *)(boot_tables[0] & address_bits);
    uint64_t *entry = (uint64_t *)top;
    *entry = pointers | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    entry = (uint64_t *)pointers;
    entry[0] = boot_pointers[0];
    entry[USER_BASE >> 30] = directory | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    entry[3] = boot_pointers[3];
    entry = (uint64_t *)directory;
    for (uint64_t i = 0; i < TABLES; i++)
        entry[i] = (directory + PAGE + i * PAGE) | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    struct space *space = (struct space *)at;
    space->entry = (uint64_t *)(directory + PAGE);
    space->tables = top;
    for (uint64_t i = 0; i < page_of((uint64_t)user_writable); i++)
        space->entry[i] = ((uint64_t)image_start + i * PAGE) | PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED | OURS_KEPT;
    return space;
}

static struct space *space_make(void) {
    struct space *space = free_spaces;
    if (space)
        free_spaces = space->next_free;
    else
        space = space_carve();
    if (space) {
        space->used = page_of((uint64_t)user_writable);
        list_init(&space->members);
    }
    return space;
}

/* A fresh program: .data copied from the image, .bss and stack zeroed, all present at once: first touches of the
 * program's pages are not to be measured, and the copy of this space costs the same whatever ran before. */
struct space *space_payload(void) {
    struct space *space = space_make();
    uint64_t data = (uint64_t)user_writable_load, data_end = (uint64_t)user_writable_load_end, end = heap_page();
    if (!space)
        return NULL;
    space->ends.count = 0;
    for (uint64_t page = space->used; page < end; page++, data += PAGE) {
        if (page == stack_page() - 1)
            continue;
        uint64_t frame = frame_take();
        if (!frame)
            return NULL;
        page_zero(frame);
        if (data < data_end)
            bytes_copy((void *)frame, (const void *)data, least(data_end - data, PAGE));
        space->entry[page] = frame | user_page;
        space->used = page + 1;
    }
    return space;
}

uint64_t payload_stack_end(void) {
    return USER_BASE + heap_page() * PAGE;
}

/* Copy-on-write: both spaces keep the page, which neither may write any more. */
struct space *space_copy(struct space *from) {
    struct space *space = space_make();
    if (!space)
        return NULL;
    for (uint64_t i = space->used; i < from->used; i++) {
        uint64_t entry = from->entry[i];
        if (entry & PAGE_PRESENT) {
            frame_share(entry & address_bits);
            if (!(entry & OURS_KEPT))
                entry = (entry & ~(uint64_t)PAGE_WRITE) | OURS_COPY;
            from->entry[i] = entry;
        }
        space->entry[i] = entry;
    }
    space->used = from->used;
    pipe_ends_copy(&space->ends, &from->ends);
    __asm__ volatile("movq %0, %%cr3" ::"r"(from->tables) : "memory"); /* drops translations that are still writable */
    return space;
}

static void empty(struct space *space, uint64_t page) {
    if (space->entry[page] & PAGE_PRESENT)
        frame_drop(space->entry[page] & address_bits);
    space->entry[page] = 0;
}

void space_drop(struct space *space) {
    uint64_t program = page_of((uint64_t)user_writable);
    pipe_ends_drop(&space->ends);
    for (uint64_t page = program; page < space->used; page++)
        empty(space, page);
    loaded_tables = 0; /* so that its successor loads %cr3 and finds no stale translation */
    space->next_free = free_spaces;
    free_spaces = space;
}

/* Makes a page's entry valid for reading or writing. Returns 0 when nothing should be there, it is read-only, or no
 * frame is left. */
static int resolve(uint64_t *entry, int write) {
    uint64_t old = *entry, frame;
    if (old == OURS_LAZY) {
        if (!(frame = frame_take()))
            return 0;
        page_zero(frame);
        *entry = frame | user_page;
        return 1;
    }
    if (!(old & PAGE_PRESENT))
        return 0;
    if (!write || old & PAGE_WRITE)
        return 1;
    if (!(old & OURS_COPY))
        return 0;
    if (!frame_shared(old & address_bits)) {
        *entry = (old & address_bits) | user_page;
        return 1;
    }
    if (!(frame = frame_take()))
        return 0;
    bytes_copy((void *)frame, (const void *)(old & address_bits), PAGE);
    frame_drop(old & address_bits);
    *entry = frame | user_page;
    return 1;
}

/* The fault itself has dropped the page's old translation (SDM vol. 3A 4.10.4.1), and what was not present had none. */
int space_fault(uint64_t address, uint64_t error) {
    uint64_t page = page_of(address);
    return page < USER_PAGES && resolve(&current->space->entry[page], (error & FAULT_WRITE) != 0);
}

char *space_resolve(struct space *space, uint64_t page, int write) {
    if (!resolve(&space->entry[page], write))
        return NULL;
    if (space == current->space)
        forget_translation(page);
    return (char *)(space->entry[page] & address_bits);
}

long space_write(struct space *space, uint64_t into, const char *from, uint64_t length) {
    for (uint64_t part; length; into += part, from += part, length -= part) {
        char *at = space_at(space, into, 1);
        if (!at)
            return -E_FAULT;
        part = least(length, PAGE - into % PAGE);
        bytes_copy(at, from, part);
    }
    return 0;
}

long space_read(struct space *space, uint64_t from, char *into, uint64_t length) {
    for (uint64_t part; length; into += part, from += part, length -= part) {
        const char *at = space_at(space, from, 0);
        if (!at)
            return -E_FAULT;
        part = least(length, PAGE - from % PAGE);
        bytes_copy(into, at, part);
    }
    return 0;
}

long space_transfer(struct space *to, uint64_t into, struct space *space, uint64_t from, uint64_t length) {
    for (uint64_t part; length; into += part, from += part, length -= part) {
        char *at = space_at(to, into, 1);
        const char *source = space_at(space, from, 0);
        if (!at || !source)
            return -E_FAULT;
        part = least(length, least(PAGE - into % PAGE, PAGE - from % PAGE));
        bytes_copy(at, source, part);
    }
    return 0;
}

/* CALL_UNMAP */
long memory_unmap(uint64_t address, uint64_t length) {
    struct space *space = current->space;
    uint64_t page = page_of(address), pages = (length + PAGE - 1) / PAGE;
    if (address % PAGE || length == 0 || page < heap_page() || page > space->used || pages > space->used - page)
        return -E_INVAL;
    for (uint64_t i = page; i < page + pages; i++) {
        if (space->entry[i] & PAGE_PRESENT)
            forget_translation(i);
        empty(space, i);
    }
    if (page + pages == space->used) { /* and holes below it */
        while (page > heap_page() && !space->entry[page - 1])
            page--;
        space->used = page;
    }
    return 0;
}

/* CALL_PROTECT: of touched private memory. An entry that is neither writable nor OURS_COPY may only be read. */
long memory_protect(uint64_t address, uint64_t length, uint64_t writable) {
    struct space *space = current->space;
    uint64_t page = page_of(address), pages = (length + PAGE - 1) / PAGE;
    if (address % PAGE || length == 0 || page < heap_page() || page > space->used || pages > space->used - page)
        return -E_INVAL;
    for (uint64_t i = page; i < page + pages; i++) {
        if (!(space->entry[i] & PAGE_PRESENT) || space->entry[i] & OURS_COPY)
            return -E_INVAL;
        space->entry[i] = (space->entry[i] & ~(uint64_t)PAGE_WRITE) | (writable ? PAGE_WRITE : 0);
        forget_translation(i);
    }
    return 0;
}

/* First fit from the end of what is used, then from the heap's start. */
static uint64_t find_room(const struct space *space, uint64_t pages) {
    if (space->used + pages <= USER_PAGES)
        return space->used;
    uint64_t run = 0;
    for (uint64_t page = heap_page(); page < space->used; page++) {
        run = space->entry[page] ? 0 : run + 1;
        if (run == pages)
            return page + 1 - pages;
    }
    return USER_PAGES;
}

/* CALL_MAP */
long memory_map(uint64_t length, uint64_t shared) {
    struct space *space = current->space;
    uint64_t pages = (length + PAGE - 1) / PAGE;
    if (length == 0 || length > (uint64_t)USER_PAGES * PAGE)
        return -E_INVAL;
    uint64_t page = find_room(space, pages);
    if (page == USER_PAGES)
        return -E_NOMEM;
    if (page + pages > space->used)
        space->used = page + pages;
    for (uint64_t i = page; i < page + pages; i++) {
        space->entry[i] = OURS_LAZY;
        if (!shared)
            continue;
        if (!resolve(&space->entry[i], 1)) {
            memory_unmap(USER_BASE + page * PAGE, length);
            return -E_NOMEM;
        }
        space->entry[i] |= OURS_KEPT;
    }
    return USER_BASE + (long)(page * PAGE);
}
