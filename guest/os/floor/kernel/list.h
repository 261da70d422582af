/* Lists: a ring through a head; an element is in at most one of them. */
#ifndef FERRULE_FLOOR_LIST_H
#define FERRULE_FLOOR_LIST_H

#include <stddef.h>

struct list {
    struct list *next, *prev;
};
#define LIST_OWNER(item, type, member) ((type *)((char *)(item) - offsetof(type, member)))

static inline void list_init(struct list *list) {
    list->next = list->prev = list;
}

static inline int list_empty(const struct list *list) {
    return list->next == list;
}

static inline void list_insert_before(struct list *where, struct list *item) {
    item->next = where;
    item->prev = where->prev;
    where->prev->next = item;
    where->prev = item;
}

static inline void list_remove(struct list *item) {
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item); /* so that it can be removed again when it is in none */
}

#endif
