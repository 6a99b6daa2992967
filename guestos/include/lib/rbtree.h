/* Red-black trees, intrusive. The user walks to the place of insertion, links, then rebalances (lib/rbtree.c). */
#ifndef _LIB_RBTREE_H
#define _LIB_RBTREE_H

#include "lib/kernel.h"

#define RB_RED 0
#define RB_BLACK 1

struct rb_node {
    struct rb_node *rb_parent;
    int rb_color;
    struct rb_node *rb_right, *rb_left;
};

struct rb_root {
    struct rb_node *rb_node;
};

#define RB_ROOT ((struct rb_root){NULL})
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
    node->rb_parent = parent;
    node->rb_color = RB_RED;
    node->rb_left = node->rb_right = NULL;
    *link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* Number of black nodes on each path; -1 when a rule of the tree is broken. For the checkers. */
int rb_black_height(const struct rb_root *root);

#endif
