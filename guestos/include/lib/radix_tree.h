/* Radix tree from an unsigned long index to a pointer, with tags (dirty, writeback): the page cache's index. lib/radix_tree.c */
#ifndef _LIB_RADIX_TREE_H
#define _LIB_RADIX_TREE_H

#include "lib/types.h"

#define RADIX_TREE_MAX_TAGS 2

struct radix_tree_node;
struct radix_tree_root {
    unsigned int height;
    gfp_t gfp_mask;
    struct radix_tree_node *rnode;
};

#define RADIX_TREE_INIT(mask)                                                                                          \
    {                                                                                                                  \
        0, (mask), NULL                                                                                                \
    }

int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item); /* 0, -EEXIST, -ENOMEM */
void *radix_tree_lookup(struct radix_tree_root *root, unsigned long index);
void *radix_tree_delete(struct radix_tree_root *root, unsigned long index);
unsigned int radix_tree_gang_lookup(struct radix_tree_root *root, void **results, unsigned long first,
                                    unsigned int max);
void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag);
void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag);
int radix_tree_tag_get(struct radix_tree_root *root, unsigned long index, unsigned int tag);
unsigned int radix_tree_gang_lookup_tag(struct radix_tree_root *root, void **results, unsigned long first,
                                        unsigned int max, unsigned int tag);
int radix_tree_tagged(struct radix_tree_root *root, unsigned int tag);
void radix_tree_init(void); /* its slab cache */

#endif
