/* Priority search trees against an array of intervals. */
#include "world.h"
#include "lib/prio_tree.h"

#define NODES 300
struct item {
    struct prio_tree_node node;
    bool in, seen;
};
static struct item items[NODES];
static struct prio_tree_root root;

static void put(struct item *item, unsigned long start, unsigned long last) {
    item->node.start = start;
    item->node.last = last;
    prio_tree_insert(&root, &item->node);
    item->in = true;
}

static void take(struct item *item) {
    prio_tree_remove(&root, &item->node);
    item->in = false;
}

static void check_query(unsigned long first, unsigned long last) {
    struct prio_tree_iter iter;

    for (unsigned i = 0; i < NODES; i++)
        items[i].seen = false;
    for (struct prio_tree_node *node = prio_tree_first(&iter, &root, first, last); node; node = prio_tree_next(&iter)) {
        struct item *item = container_of(node, struct item, node);
        CHECKF(item->in && !item->seen, "[%lx, %lx] found twice or not there", node->start, node->last);
        item->seen = true;
    }
    for (unsigned i = 0; i < NODES; i++) {
        bool touches = items[i].in && items[i].node.start <= last && items[i].node.last >= first;
        CHECKF(items[i].seen == touches, "[%lx, %lx] for [%lx, %lx]", items[i].node.start, items[i].node.last, first,
               last);
    }
}

static void check_all(long count) {
    CHECK_EQ(prio_tree_check(&root), count);
    check_query(0, ~0ul);
}

static void an_empty_tree_finds_nothing(void) {
    CHECK(prio_tree_empty(&root));
    check_all(0);
}

static void ends_count(void) {
    put(&items[0], 10, 19);
    check_query(0, 9);
    check_query(0, 10);
    check_query(19, 30);
    check_query(20, 30);
    check_query(12, 12);
    take(&items[0]);
    CHECK(prio_tree_empty(&root));
}

static void equal_intervals_share_a_place(void) {
    for (int i = 0; i < 10; i++)
        put(&items[i], 5, 7);
    put(&items[10], 5, 8);
    check_all(11);
    CHECK(items[0].node.in_tree && !items[1].node.in_tree);
    take(&items[3]);
    take(&items[0]); /* another one takes its place */
    check_all(9);
    CHECK(items[1].node.in_tree);
    for (int i = 1; i < 10; i++)
        if (items[i].in)
            take(&items[i]);
    check_all(1);
}

static void extreme_intervals(void) {
    put(&items[0], 0, ~0ul);
    put(&items[1], ~0ul, ~0ul);
    put(&items[2], 0, 0);
    put(&items[3], 0, 1);
    put(&items[4], ~0ul - 1, ~0ul);
    put(&items[5], 0x80000000ul, 0x80000000ul);
    check_all(6);
    check_query(0, 0);
    check_query(~0ul, ~0ul);
    check_query(1, 1);
    check_query(0x7ffffffful, 0x7ffffffful);
    check_query(0x80000001ul, ~0ul - 2);
}

/* All starts equal: only `last` tells them apart, below 32 levels. */
static void same_start_different_ends(void) {
    for (unsigned i = 0; i < 200; i++)
        put(&items[i], 1000, 1000 + (i * 37) % 200);
    check_all(200);
    for (unsigned long at = 990; at < 1210; at += 7)
        check_query(at, at + 3);
    for (unsigned i = 0; i < 200; i += 2)
        take(&items[i]);
    check_all(100);
}

static unsigned long looked_at(unsigned long first, unsigned long last) {
    struct prio_tree_iter iter;
    unsigned long found = 0;

    for (struct prio_tree_node *node = prio_tree_first(&iter, &root, first, last); node; node = prio_tree_next(&iter))
        found++;
    return found;
}

static unsigned depth_of(const struct prio_tree_node *node) {
    unsigned depth = 0;

    for (; node->parent; node = node->parent)
        depth++;
    return depth;
}

static void many_short_intervals_lie_flat(void) {
    unsigned deepest = 0;

    for (unsigned i = 0; i < 256; i++)
        put(&items[i], i << 24, (i << 24) + 5);
    for (unsigned i = 0; i < 256; i++)
        deepest = max_t(unsigned, deepest, depth_of(&items[i].node));
    CHECKF(deepest <= 9, "depth %u", deepest);
    CHECK_EQ(looked_at(77 << 24, (77 << 24) + 1), 1);
    check_all(256);
}

static void random_against_model(unsigned seed, unsigned long spread, unsigned long longest) {
    long count = 0;

    random_seed(seed);
    for (int step = 0; step < 6000; step++) {
        struct item *item = &items[random_u32() % NODES];
        unsigned long start = random_u32() % spread, first = random_u32() % spread;

        if (item->in)
            take(item), count--;
        else
            put(item, start, start + random_u32() % longest), count++;
        check_query(first, first + random_u32() % longest);
        if (step % 20 == 0)
            check_all(count);
    }
}

static void random_small(void) { random_against_model(1, 40, 8); }
static void random_medium(void) { random_against_model(2, 4000, 300); }
static void random_large(void) { random_against_model(3, 0xf0000000ul, 0x0fffffff); }

int main(void) {
    tap_run("an empty tree finds nothing", an_empty_tree_finds_nothing);
    tap_run("both ends of an interval count", ends_count);
    tap_run("equal intervals share a place", equal_intervals_share_a_place);
    tap_run("extreme intervals", extreme_intervals);
    tap_run("same start, different ends", same_start_different_ends);
    tap_run("many short intervals lie flat", many_short_intervals_lie_flat);
    tap_run("random against a model: many equal ones", random_small);
    tap_run("random against a model: files of usual size", random_medium);
    tap_run("random against a model: the whole range", random_large);
    return tap_done();
}
