/*
 * Radix tree: index -> pointer, 6 bits of the index a level.
 *
 *   height 0: empty, rnode NULL. height h: indices [0, 64^h), rnode is a node of level h; slots of level 1 are items.
 *
 * Held true:
 *   1. count of a node = its slots that are not NULL; no node has count 0 (an insert that fails adds no node).
 *   2. A tag bit of an inner slot is set exactly when some tag bit of the child node is set; no empty slot is tagged.
 * An insert takes all the nodes that it needs before it changes anything, so -ENOMEM leaves the tree as it was.
 * The end of a write-out clears a tag in an interrupt: changes are made with interrupts off.
 */
#include "lib/radix_tree.h"
#include "lib/kernel.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "asm/irqflags.h"

#define MAP_SHIFT 6u
#define MAP_SIZE 64u
#define MAP_MASK 63u
#define MAX_HEIGHT 6u /* 36 bits cover an index of 32 */

struct radix_tree_node {
    u64 tags[RADIX_TREE_MAX_TAGS];
    unsigned int count;
    void *slots[MAP_SIZE];
};

static kmem_cache_t *node_cache;

void radix_tree_init(void)
{
    node_cache = kmem_cache_create("radix_tree_node", sizeof(struct radix_tree_node), 0,
                                   SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

static unsigned slot_of(unsigned long index, unsigned level)
{
    return (unsigned)(index >> (MAP_SHIFT * (level - 1))) & MAP_MASK;
}

static bool covers(unsigned height, unsigned long index)
{
    return height >= MAX_HEIGHT || (height > 0 && index >> (MAP_SHIFT * height) == 0);
}

/* ---- insert ---- */

/* Nodes taken in advance, linked through slot 0. */
struct node_stock {
    struct radix_tree_node *first;
    unsigned count;
};

static struct radix_tree_node *stock_take(struct node_stock *stock)
{
    struct radix_tree_node *node = stock->first;
    stock->first = node->slots[0];
    stock->count--;
    node->slots[0] = NULL;
    return node;
}

static bool stock_fill(struct node_stock *stock, unsigned needed, gfp_t gfp)
{
    while (stock->count < needed) {
        struct radix_tree_node *node = kmem_cache_zalloc(node_cache, gfp);
        if (!node)
            return false;
        node->slots[0] = stock->first;
        stock->first = node;
        stock->count++;
    }
    return true;
}

static void stock_free(struct node_stock *stock)
{
    while (stock->count)
        kmem_cache_free(node_cache, stock_take(stock));
}

static unsigned height_for(const struct radix_tree_root *root, unsigned long index)
{
    unsigned height = root->height;
    while (!covers(height, index))
        height++;
    return height;
}

static unsigned nodes_missing(const struct radix_tree_root *root, unsigned long index)
{
    unsigned height = height_for(root, index);
    if (!root->rnode)
        return height;
    if (height > root->height) /* a column of new roots, and a path down from the topmost */
        return height - root->height + (height - 1);
    const struct radix_tree_node *node = root->rnode;
    for (unsigned level = height; level > 1; level--) {
        node = node->slots[slot_of(index, level)];
        if (!node)
            return level - 1;
    }
    return 0;
}

static void grow(struct radix_tree_root *root, unsigned height, struct node_stock *stock)
{
    while (root->rnode && root->height < height) {
        struct radix_tree_node *node = stock_take(stock);
        node->slots[0] = root->rnode;
        node->count = 1;
        for (unsigned tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
            node->tags[tag] = root->rnode->tags[tag] != 0;
        root->rnode = node;
        root->height++;
    }
    if (!root->rnode) {
        root->rnode = stock_take(stock);
        root->height = height;
    }
}

static int insert_prepared(struct radix_tree_root *root, unsigned long index, void *item, struct node_stock *stock)
{
    if (radix_tree_lookup(root, index))
        return -EEXIST;
    grow(root, height_for(root, index), stock);
    struct radix_tree_node *node = root->rnode;
    for (unsigned level = root->height; level > 1; level--) {
        unsigned slot = slot_of(index, level);
        if (!node->slots[slot]) {
            node->slots[slot] = stock_take(stock);
            node->count++;
        }
        node = node->slots[slot];
    }
    node->slots[index & MAP_MASK] = item;
    node->count++;
    return 0;
}

int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item)
{
    struct node_stock stock = {NULL, 0};
    BUG_ON(item == NULL);
    /* An allocation may sleep and the tree may change meanwhile: count again until the stock is enough. */
    while (stock.count < nodes_missing(root, index)) {
        if (!stock_fill(&stock, nodes_missing(root, index), root->gfp_mask)) {
            stock_free(&stock);
            return -ENOMEM;
        }
    }
    unsigned long flags = local_irq_save();
    int error = insert_prepared(root, index, item, &stock);
    local_irq_restore(flags);
    stock_free(&stock);
    return error;
}

/* ---- look up ---- */

/* The path of nodes from the root to the leaf of index: path[level]. False when the tree does not reach it. */
static bool find_path(const struct radix_tree_root *root, unsigned long index, struct radix_tree_node **path)
{
    if (!root->rnode || !covers(root->height, index))
        return false;
    path[root->height] = root->rnode;
    for (unsigned level = root->height; level > 1; level--) {
        path[level - 1] = path[level]->slots[slot_of(index, level)];
        if (!path[level - 1])
            return false;
    }
    return true;
}

void *radix_tree_lookup(struct radix_tree_root *root, unsigned long index)
{
    struct radix_tree_node *path[MAX_HEIGHT + 1];
    return find_path(root, index, path) ? path[1]->slots[index & MAP_MASK] : NULL;
}

static bool slot_matches(const struct radix_tree_node *node, unsigned slot, int tag)
{
    return tag < 0 ? node->slots[slot] != NULL : (node->tags[tag] >> slot & 1) != 0;
}

/*
 * First item at or after *index (with the tag when tag >= 0); *index becomes its index. Where a node has nothing
 * more, the search starts again from the root at the first index behind that node.
 */
static void *next_item(const struct radix_tree_root *root, unsigned long *index, int tag)
{
    while (root->rnode && covers(root->height, *index)) {
        const struct radix_tree_node *node = root->rnode;
        unsigned level = root->height;
        for (;;) {
            unsigned shift = MAP_SHIFT * (level - 1), slot = slot_of(*index, level), first = slot;
            while (slot < MAP_SIZE && !slot_matches(node, slot, tag))
                slot++;
            unsigned long base = level >= MAX_HEIGHT ? 0 : *index >> (shift + MAP_SHIFT) << (shift + MAP_SHIFT);
            u64 next = (u64)base + ((u64)slot << shift);
            if (next > (unsigned long)-1)
                return NULL;
            if (slot != first)
                *index = (unsigned long)next;
            if (slot == MAP_SIZE)
                break;
            if (level == 1)
                return node->slots[slot];
            node = node->slots[slot];
            level--;
        }
    }
    return NULL;
}

static unsigned gang(struct radix_tree_root *root, void **results, unsigned long first, unsigned max, int tag)
{
    unsigned found = 0;
    while (found < max) {
        void *item = next_item(root, &first, tag);
        if (!item)
            break;
        results[found++] = item;
        if (++first == 0)
            break;
    }
    return found;
}

unsigned int radix_tree_gang_lookup(struct radix_tree_root *root, void **results, unsigned long first, unsigned int max)
{
    return gang(root, results, first, max, -1);
}

unsigned int radix_tree_gang_lookup_tag(struct radix_tree_root *root, void **results, unsigned long first,
                                        unsigned int max, unsigned int tag)
{
    return gang(root, results, first, max, (int)tag);
}

/* ---- tags ---- */

static bool node_tagged(const struct radix_tree_node *node, unsigned tag) { return node->tags[tag] != 0; }

void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
    struct radix_tree_node *path[MAX_HEIGHT + 1];
    if (!find_path(root, index, path) || !path[1]->slots[index & MAP_MASK])
        return NULL;
    unsigned long flags = local_irq_save();
    for (unsigned level = root->height; level > 0; level--)
        path[level]->tags[tag] |= 1ull << slot_of(index, level);
    local_irq_restore(flags);
    return path[1]->slots[index & MAP_MASK];
}

static void clear_tag_on_path(struct radix_tree_node **path, unsigned height, unsigned long index, unsigned tag)
{
    for (unsigned level = 1; level <= height; level++) {
        path[level]->tags[tag] &= ~(1ull << slot_of(index, level));
        if (node_tagged(path[level], tag))
            return;
    }
}

void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
    struct radix_tree_node *path[MAX_HEIGHT + 1];
    if (!find_path(root, index, path) || !path[1]->slots[index & MAP_MASK])
        return NULL;
    unsigned long flags = local_irq_save();
    clear_tag_on_path(path, root->height, index, tag);
    local_irq_restore(flags);
    return path[1]->slots[index & MAP_MASK];
}

int radix_tree_tag_get(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
    struct radix_tree_node *path[MAX_HEIGHT + 1];
    return find_path(root, index, path) && (path[1]->tags[tag] >> (index & MAP_MASK) & 1) != 0;
}

int radix_tree_tagged(struct radix_tree_root *root, unsigned int tag)
{
    return root->rnode && node_tagged(root->rnode, tag);
}

/* ---- delete ---- */

/* Levels at the top that lead to slot 0 only are not needed. */
static void shrink(struct radix_tree_root *root)
{
    while (root->height > 1 && root->rnode->count == 1 && root->rnode->slots[0]) {
        struct radix_tree_node *top = root->rnode;
        root->rnode = top->slots[0];
        root->height--;
        kmem_cache_free(node_cache, top);
    }
}

static void *delete_item(struct radix_tree_root *root, unsigned long index)
{
    struct radix_tree_node *path[MAX_HEIGHT + 1];
    void *item = find_path(root, index, path) ? path[1]->slots[index & MAP_MASK] : NULL;
    if (!item)
        return NULL;
    for (unsigned tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
        clear_tag_on_path(path, root->height, index, tag);
    for (unsigned level = 1; level <= root->height; level++) {
        path[level]->slots[slot_of(index, level)] = NULL;
        if (--path[level]->count > 0) {
            shrink(root);
            return item;
        }
        kmem_cache_free(node_cache, path[level]);
    }
    root->rnode = NULL;
    root->height = 0;
    return item;
}

void *radix_tree_delete(struct radix_tree_root *root, unsigned long index)
{
    unsigned long flags = local_irq_save();
    void *item = delete_item(root, index);
    local_irq_restore(flags);
    return item;
}
