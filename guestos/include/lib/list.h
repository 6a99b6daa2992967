/* Doubly linked circular lists: the head is a node too; an empty head points at itself. */
#ifndef _LIB_LIST_H
#define _LIB_LIST_H

#include "lib/kernel.h"

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                                                           \
    {                                                                                                                  \
        &(name), &(name)                                                                                               \
    }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)
#define list_for_each_safe(pos, n, head)                                                                               \
    for ((pos) = (head)->next, (n) = (pos)->next; (pos) != (head); (pos) = (n), (n) = (pos)->next)
#define list_for_each_entry(pos, head, member)                                                                         \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); &(pos)->member != (head);                       \
         (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))
#define list_for_each_entry_safe(pos, n, head, member)                                                                 \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member),                                                 \
        (n) = list_entry((pos)->member.next, __typeof__(*(pos)), member);                                              \
         &(pos)->member != (head); (pos) = (n), (n) = list_entry((n)->member.next, __typeof__(*(n)), member))

static inline void INIT_LIST_HEAD(struct list_head *head) { head->next = head->prev = head; }

/* A node is complete before a forward walk can reach it: an interrupt handler may walk a list that it interrupted. */
static inline void list_insert_between(struct list_head *node, struct list_head *prev, struct list_head *next)
{
    next->prev = node;
    node->next = next;
    node->prev = prev;
    __asm__ volatile("" : : : "memory");
    prev->next = node;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
    list_insert_between(node, head, head->next);
}
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
    list_insert_between(node, head->prev, head);
}

/* A removed node points at nothing valid: using it again without adding is caught quickly. */
static inline void list_del(struct list_head *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = (struct list_head *)0x00100100;
    node->prev = (struct list_head *)0x00200200;
}

static inline void list_del_init(struct list_head *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    INIT_LIST_HEAD(node);
}

static inline bool list_empty(const struct list_head *head) { return head->next == head; }

static inline void list_move(struct list_head *node, struct list_head *head)
{
    list_del(node);
    list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
    list_del(node);
    list_add_tail(node, head);
}

/* All of list to the front of head; list is empty afterwards. */
static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
    if (list_empty(list))
        return;
    list->next->prev = head;
    list->prev->next = head->next;
    head->next->prev = list->prev;
    head->next = list->next;
    INIT_LIST_HEAD(list);
}

#endif
