/* Red-black trees against a sorted array. */
#include "world.h"

#define NODES 512
struct item {
    unsigned key;
    bool in;
    struct rb_node node;
};
static struct item items[NODES];
static struct rb_root root;

static void insert(struct item *item)
{
    struct rb_node **link = &root.rb_node, *parent = NULL;

    while (*link) {
        parent = *link;
        link = item->key < rb_entry(parent, struct item, node)->key ? &parent->rb_left : &parent->rb_right;
    }
    rb_link_node(&item->node, parent, link);
    rb_insert_color(&item->node, &root);
    item->in = true;
}

static void erase(struct item *item)
{
    rb_erase(&item->node, &root);
    item->in = false;
}

static void check_against_array(unsigned count)
{
    struct rb_node *node = rb_first(&root), *last = NULL;
    int height = rb_black_height(&root);
    unsigned limit = 1;

    CHECK(height >= 0);
    while ((1u << limit) < count + 2)
        limit++;
    CHECKF(height <= (int)limit, "black height %d with %u nodes", height, count);
    for (unsigned i = 0; i < NODES; i++) {
        if (!items[i].in)
            continue;
        CHECK(node == &items[i].node);
        CHECK(rb_prev(node) == last);
        last = node;
        node = rb_next(node);
    }
    CHECK(!node);
}

static void prepare(void)
{
    for (unsigned i = 0; i < NODES; i++)
        items[i].key = i;
}

static void in_order_and_back(void)
{
    prepare();
    for (unsigned i = 0; i < NODES; i++) {
        insert(&items[i]);
        check_against_array(i + 1);
    }
    for (unsigned i = 0; i < NODES; i++) {
        erase(&items[i]);
        check_against_array(NODES - i - 1);
    }
    CHECK(!rb_first(&root));
    CHECK_EQ(rb_black_height(&root), 0);
}

static void random_order(void)
{
    unsigned count = 0;

    prepare();
    random_seed(21);
    for (int step = 0; step < 30000; step++) {
        struct item *item = &items[random_u32() % NODES];

        if (item->in) {
            erase(item);
            count--;
        } else {
            insert(item);
            count++;
        }
        if (step % 16 == 0)
            check_against_array(count);
    }
}

/* Every order of inserting and erasing small sets. */
static void all_orders_of_six(void)
{
    prepare();
    for (unsigned order = 0; order < 720; order++) {
        unsigned left[6] = {0, 1, 2, 3, 4, 5}, rest = order, sequence[6];
        for (unsigned i = 0; i < 6; i++) {
            unsigned pick = rest % (6 - i);
            rest /= 6 - i;
            sequence[i] = left[pick];
            for (unsigned k = pick; k + 1 < 6 - i; k++)
                left[k] = left[k + 1];
        }
        for (unsigned i = 0; i < 6; i++) {
            insert(&items[sequence[i]]);
            check_against_array(i + 1);
        }
        for (unsigned i = 0; i < 6; i++) {
            erase(&items[(sequence[i] + order) % 6]);
            check_against_array(5 - i);
        }
    }
}

static void checker_sees_a_broken_tree(void)
{
    prepare();
    for (unsigned i = 0; i < 20; i++)
        insert(&items[i]);
    CHECK(rb_black_height(&root) > 0);
    root.rb_node->rb_left->rb_color ^= 1;
    CHECK_EQ(rb_black_height(&root), -1);
}

int main(void)
{
    tap_run("in order and back", in_order_and_back);
    tap_run("30000 random changes", random_order);
    tap_run("all orders of six", all_orders_of_six);
    tap_run("the checker sees a broken tree", checker_sees_a_broken_tree);
    return tap_done();
}
