/*
 * Priority search tree.
 *
 *   heap     a node's `last` is at least that of everything below it
 *   radix    what is below a node at depth d agrees with it in the first d bits of its key, and the next bit says left
 *            (0) or right (1). The key is the 32 bits of start, then those of last: two different intervals part at
 *            depth 64 at the latest, and equal ones share one place in the tree (the ring `equals`).
 *
 * So a query [first, last] leaves out a subtree in one look at its top: when the top's `last` is below first, all are;
 * when the least start that the bits above allow is beyond last, all are beyond.
 *
 *   insert   goes down along the bits of the new key; whoever ends earlier than what comes along gives its place to it
 *            and is what goes further down
 *   remove   the hole is filled by that child which ends later, and so on down
 */
#include "lib/prio_tree.h"

#define KEY_BITS (2 * 32u)

static bool key_bit(const struct prio_tree_node *node, unsigned depth)
{
    return depth < 32 ? node->start >> (31 - depth) & 1 : node->last >> (KEY_BITS - 1 - depth) & 1;
}

static bool same_interval(const struct prio_tree_node *a, const struct prio_tree_node *b)
{
    return a->start == b->start && a->last == b->last;
}

static void adopt_children(struct prio_tree_node *node)
{
    if (node->left)
        node->left->parent = node;
    if (node->right)
        node->right->parent = node;
}

/* Where the pointer to node is. */
static struct prio_tree_node **link_of(struct prio_tree_root *root, const struct prio_tree_node *node)
{
    struct prio_tree_node *parent = node->parent;

    if (!parent)
        return &root->node;
    return parent->left == node ? &parent->left : &parent->right;
}

/* node takes the place of old, which is in the tree no more. */
static void take_place(struct prio_tree_root *root, struct prio_tree_node *node, struct prio_tree_node *old)
{
    *link_of(root, old) = node;
    node->left = old->left;
    node->right = old->right;
    node->parent = old->parent;
    node->in_tree = true;
    adopt_children(node);
    old->in_tree = false;
}

void prio_tree_insert(struct prio_tree_root *root, struct prio_tree_node *node)
{
    struct prio_tree_node **link = &root->node, *parent = NULL;

    INIT_LIST_HEAD(&node->equals);
    node->in_tree = false;
    for (unsigned depth = 0; *link; depth++) {
        struct prio_tree_node *here = *link;

        if (same_interval(here, node)) {
            list_add_tail(&node->equals, &here->equals);
            return;
        }
        if (node->last > here->last) {
            take_place(root, node, here);
            parent = node;
            node = here;
        } else {
            parent = here;
        }
        link = key_bit(node, depth) ? &parent->right : &parent->left;
    }
    node->left = node->right = NULL;
    node->parent = parent;
    node->in_tree = true;
    *link = node;
}

/* Of two children, either may be missing: the one that ends later. */
static struct prio_tree_node *later(struct prio_tree_node *a, struct prio_tree_node *b)
{
    if (!a || !b)
        return a ? a : b;
    return a->last >= b->last ? a : b;
}

static void close_hole(struct prio_tree_root *root, struct prio_tree_node *node)
{
    struct prio_tree_node **link = link_of(root, node), *parent = node->parent, *left = node->left,
                          *right = node->right, *up;

    while ((*link = up = later(left, right))) {
        struct prio_tree_node *next_left = up->left, *next_right = up->right;

        up->left = left; /* one of the two is itself: the hole, which the next turn fills */
        up->right = right;
        adopt_children(up);
        up->parent = parent;
        link = up == left ? &up->left : &up->right;
        parent = up;
        left = next_left;
        right = next_right;
    }
}

void prio_tree_remove(struct prio_tree_root *root, struct prio_tree_node *node)
{
    if (node->in_tree && list_empty(&node->equals))
        close_hole(root, node);
    else if (node->in_tree)
        take_place(root, list_entry(node->equals.next, struct prio_tree_node, equals), node);
    list_del_init(&node->equals);
    node->in_tree = false;
}

/* ---- queries ---- */

/* May something in the subtree under node, a child at this depth, touch the interval? */
static bool worth_a_look(const struct prio_tree_iter *iter, const struct prio_tree_node *node, unsigned depth)
{
    unsigned long least;

    if (!node || node->last < iter->first)
        return false;
    least = depth >= 32 ? node->start : depth ? node->start >> (32 - depth) << (32 - depth) : 0;
    return least <= iter->last;
}

/* The next node of the tree after iter->node, before its children; NULL: none. */
static struct prio_tree_node *walk_on(struct prio_tree_iter *iter)
{
    struct prio_tree_node *node = iter->node, *up;

    if (worth_a_look(iter, node->left, iter->depth + 1)) {
        iter->depth++;
        return node->left;
    }
    if (worth_a_look(iter, node->right, iter->depth + 1)) {
        iter->depth++;
        return node->right;
    }
    while ((up = node->parent)) {
        if (node == up->left && worth_a_look(iter, up->right, iter->depth))
            return up->right;
        node = up;
        iter->depth--;
    }
    return NULL;
}

static struct prio_tree_node *find_from(struct prio_tree_iter *iter)
{
    while (iter->node && (iter->node->start > iter->last || iter->node->last < iter->first))
        iter->node = walk_on(iter);
    return iter->equal = iter->node;
}

struct prio_tree_node *prio_tree_first(struct prio_tree_iter *iter, const struct prio_tree_root *root,
                                       unsigned long first, unsigned long last)
{
    *iter = (struct prio_tree_iter){.root = root, .first = first, .last = last};
    if (worth_a_look(iter, root->node, 0))
        iter->node = root->node;
    return find_from(iter);
}

struct prio_tree_node *prio_tree_next(struct prio_tree_iter *iter)
{
    if (!iter->node)
        return NULL;
    if (iter->equal->equals.next != &iter->node->equals)
        return iter->equal = list_entry(iter->equal->equals.next, struct prio_tree_node, equals);
    iter->node = walk_on(iter);
    return find_from(iter);
}

/* ---- checker ---- */

static bool agrees_with(const struct prio_tree_node *node, const struct prio_tree_node *above, unsigned depth_above)
{
    const struct prio_tree_node *child = node;

    for (; node->parent != above; node = node->parent)
        ;
    return key_bit(child, depth_above) == (above->right == node);
}

/* node against everything above it. */
static bool place_is_right(const struct prio_tree_node *node)
{
    unsigned depth = 0;

    for (const struct prio_tree_node *up = node->parent; up; up = up->parent)
        depth++;
    for (const struct prio_tree_node *up = node->parent; up; up = up->parent)
        if (up->last < node->last || !agrees_with(node, up, --depth))
            return false;
    return node->in_tree && (!node->left || node->left->parent == node) &&
           (!node->right || node->right->parent == node);
}

long prio_tree_check(const struct prio_tree_root *root)
{
    struct prio_tree_iter iter;
    long count = 0;

    if (root->node && root->node->parent)
        return -1;
    for (const struct prio_tree_node *node = prio_tree_first(&iter, root, 0, ~0ul); node;
         node = prio_tree_next(&iter)) {
        bool right = iter.equal == iter.node ? place_is_right(node) : !node->in_tree && same_interval(node, iter.node);

        if (!right || node->start > node->last)
            return -1;
        count++;
    }
    return count;
}
