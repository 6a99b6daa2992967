/*
 * Priority search tree: intervals [start, last] of unsigned longs; which of them touch a given one? Intrusive.
 * Insertion and removal take at most 64 steps; a query looks at few nodes more than it finds (lib/prio_tree.c).
 */
#ifndef _LIB_PRIO_TREE_H
#define _LIB_PRIO_TREE_H

#include "lib/list.h"

struct prio_tree_node {
    struct prio_tree_node *left, *right, *parent;
    unsigned long start, last;
    struct list_head equals; /* ring of those with the same interval: one of them is in the tree */
    bool in_tree;
};

struct prio_tree_root {
    struct prio_tree_node *node;
};

#define PRIO_TREE_ROOT ((struct prio_tree_root){NULL})
static inline bool prio_tree_empty(const struct prio_tree_root *root) { return !root->node; }

/* start and last are set and stay as they are until the node is removed. */
void prio_tree_insert(struct prio_tree_root *root, struct prio_tree_node *node);
void prio_tree_remove(struct prio_tree_root *root, struct prio_tree_node *node);

/* The tree must not change between first and the last next. */
struct prio_tree_iter {
    const struct prio_tree_root *root;
    unsigned long first, last;
    struct prio_tree_node *node, *equal; /* in the tree; the one of its ring that was given last */
    unsigned depth;
};

/* Each node that touches [first, last], in no particular order; NULL at the end. */
struct prio_tree_node *prio_tree_first(struct prio_tree_iter *iter, const struct prio_tree_root *root,
                                       unsigned long first, unsigned long last);
struct prio_tree_node *prio_tree_next(struct prio_tree_iter *iter);
/* Number of nodes; -1 when a rule of the tree is broken. For the checkers. */
long prio_tree_check(const struct prio_tree_root *root);

#endif
