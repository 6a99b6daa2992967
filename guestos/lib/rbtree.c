/*
 * Red-black trees. Rules that hold between calls: the root is black; a red node has black children; every path
 * from the root down to a missing child passes the same number of black nodes. So the longest path is at most
 * twice the shortest.
 *
 * Insertion leaves one possible fault: a red node under a red parent. It is pushed up by recolouring while the
 * parent's sibling is red too, and ended by at most two rotations when it is black. Removal of a black node
 * leaves a path one black short; `rebalance_short` pushes that up or ends it by at most three rotations.
 */
#include "lib/rbtree.h"

static bool is_black(const struct rb_node *node) { return !node || node->rb_color == RB_BLACK; }

/* Puts `with` (may be NULL) where `node` hangs. */
static void replace_child(struct rb_root *root, struct rb_node *node, struct rb_node *with)
{
    struct rb_node *parent = node->rb_parent;

    if (!parent)
        root->rb_node = with;
    else if (parent->rb_left == node)
        parent->rb_left = with;
    else
        parent->rb_right = with;
    if (with)
        with->rb_parent = parent;
}

static void rotate_left(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *right = node->rb_right;

    replace_child(root, node, right);
    node->rb_right = right->rb_left;
    if (node->rb_right)
        node->rb_right->rb_parent = node;
    right->rb_left = node;
    node->rb_parent = right;
}

static void rotate_right(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *left = node->rb_left;

    replace_child(root, node, left);
    node->rb_left = left->rb_right;
    if (node->rb_left)
        node->rb_left->rb_parent = node;
    left->rb_right = node;
    node->rb_parent = left;
}

/* node and its parent are red, the parent is a left child and the uncle is black: two rotations at most end it. */
static void end_red_pair_left(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
    struct rb_node *grandparent = parent->rb_parent;

    if (node == parent->rb_right) {
        rotate_left(root, parent);
        parent = node;
    }
    parent->rb_color = RB_BLACK;
    grandparent->rb_color = RB_RED;
    rotate_right(root, grandparent);
}

static void end_red_pair_right(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
    struct rb_node *grandparent = parent->rb_parent;

    if (node == parent->rb_left) {
        rotate_right(root, parent);
        parent = node;
    }
    parent->rb_color = RB_BLACK;
    grandparent->rb_color = RB_RED;
    rotate_left(root, grandparent);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
    struct rb_node *parent;

    while ((parent = node->rb_parent) && parent->rb_color == RB_RED) {
        struct rb_node *grandparent = parent->rb_parent;
        bool left = parent == grandparent->rb_left;
        struct rb_node *uncle = left ? grandparent->rb_right : grandparent->rb_left;

        if (is_black(uncle)) {
            if (left)
                end_red_pair_left(root, node, parent);
            else
                end_red_pair_right(root, node, parent);
            break;
        }
        uncle->rb_color = parent->rb_color = RB_BLACK;
        grandparent->rb_color = RB_RED;
        node = grandparent;
    }
    root->rb_node->rb_color = RB_BLACK;
}

/* The left side of parent is one black short. True when that moved up to parent, false when it is repaired. */
static bool repair_left(struct rb_root *root, struct rb_node *parent)
{
    struct rb_node *sibling = parent->rb_right;

    if (sibling->rb_color == RB_RED) {
        sibling->rb_color = RB_BLACK;
        parent->rb_color = RB_RED;
        rotate_left(root, parent);
        sibling = parent->rb_right;
    }
    if (is_black(sibling->rb_left) && is_black(sibling->rb_right)) {
        sibling->rb_color = RB_RED;
        return true;
    }
    if (is_black(sibling->rb_right)) {
        sibling->rb_left->rb_color = RB_BLACK;
        sibling->rb_color = RB_RED;
        rotate_right(root, sibling);
        sibling = parent->rb_right;
    }
    sibling->rb_color = parent->rb_color;
    parent->rb_color = RB_BLACK;
    sibling->rb_right->rb_color = RB_BLACK;
    rotate_left(root, parent);
    return false;
}

static bool repair_right(struct rb_root *root, struct rb_node *parent)
{
    struct rb_node *sibling = parent->rb_left;

    if (sibling->rb_color == RB_RED) {
        sibling->rb_color = RB_BLACK;
        parent->rb_color = RB_RED;
        rotate_right(root, parent);
        sibling = parent->rb_left;
    }
    if (is_black(sibling->rb_left) && is_black(sibling->rb_right)) {
        sibling->rb_color = RB_RED;
        return true;
    }
    if (is_black(sibling->rb_left)) {
        sibling->rb_right->rb_color = RB_BLACK;
        sibling->rb_color = RB_RED;
        rotate_left(root, sibling);
        sibling = parent->rb_left;
    }
    sibling->rb_color = parent->rb_color;
    parent->rb_color = RB_BLACK;
    sibling->rb_left->rb_color = RB_BLACK;
    rotate_right(root, parent);
    return false;
}

/* Every path through node (may be NULL), a child of parent, is one black short. */
static void rebalance_short(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
    while (node != root->rb_node && is_black(node)) {
        bool up = node == parent->rb_left ? repair_left(root, parent) : repair_right(root, parent);

        if (!up)
            return;
        node = parent;
        parent = node->rb_parent;
    }
    if (node)
        node->rb_color = RB_BLACK;
}

/* Two children: the successor takes node's place and colour; what is short is where the successor was. */
static void erase_inner(struct rb_node *node, struct rb_root *root)
{
    struct rb_node *next = rb_next(node), *child = next->rb_right, *parent = next->rb_parent;
    int removed = next->rb_color;

    if (parent == node) {
        parent = next;
    } else {
        replace_child(root, next, child);
        next->rb_right = node->rb_right;
        next->rb_right->rb_parent = next;
    }
    replace_child(root, node, next);
    next->rb_color = node->rb_color;
    next->rb_left = node->rb_left;
    next->rb_left->rb_parent = next;
    if (removed == RB_BLACK)
        rebalance_short(root, child, parent);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
    struct rb_node *child = node->rb_left ? node->rb_left : node->rb_right;

    if (node->rb_left && node->rb_right) {
        erase_inner(node, root);
        return;
    }
    replace_child(root, node, child);
    if (node->rb_color == RB_BLACK)
        rebalance_short(root, child, node->rb_parent);
}

struct rb_node *rb_first(const struct rb_root *root)
{
    struct rb_node *node = root->rb_node;

    while (node && node->rb_left)
        node = node->rb_left;
    return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
    struct rb_node *up;

    if (node->rb_right) {
        struct rb_node *down = node->rb_right;
        while (down->rb_left)
            down = down->rb_left;
        return down;
    }
    while ((up = node->rb_parent) && node == up->rb_right)
        node = up;
    return up;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    struct rb_node *up;

    if (node->rb_left) {
        struct rb_node *down = node->rb_left;
        while (down->rb_right)
            down = down->rb_right;
        return down;
    }
    while ((up = node->rb_parent) && node == up->rb_left)
        node = up;
    return up;
}

/* Black nodes between node (without it) and the root. */
static int blacks_above(const struct rb_node *node)
{
    int blacks = 0;

    for (node = node->rb_parent; node; node = node->rb_parent)
        blacks += node->rb_color == RB_BLACK;
    return blacks;
}

int rb_black_height(const struct rb_root *root)
{
    int height = 0;

    if (!is_black(root->rb_node) || (root->rb_node && root->rb_node->rb_parent))
        return -1;
    for (struct rb_node *node = rb_first(root); node; node = rb_next(node)) {
        struct rb_node *left = node->rb_left, *right = node->rb_right;
        int here = blacks_above(node) + (node->rb_color == RB_BLACK);

        if ((left && left->rb_parent != node) || (right && right->rb_parent != node))
            return -1;
        if (node->rb_color == RB_RED && (!is_black(left) || !is_black(right)))
            return -1;
        if (left && right)
            continue;
        if (height && height != here)
            return -1;
        height = here;
    }
    return height;
}
