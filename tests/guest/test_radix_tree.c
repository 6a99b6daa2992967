/* The radix tree against an array, with tags, sparse indices and allocation failures. */
#include "world.h"

#define SLOTS 400
static struct radix_tree_root root = RADIX_TREE_INIT(GFP_KERNEL);
static unsigned long indices[SLOTS];
static bool in[SLOTS], tagged[SLOTS][RADIX_TREE_MAX_TAGS];
static int items[SLOTS];

static int by_index(unsigned long a, unsigned long b) { return a < b ? -1 : a > b; }

/* Distinct, sorted: dense, around powers of 64, anywhere, and the last of all. */
static void choose_indices(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned shift = random_u32() % 27;
        indices[i] = i < 100 ? i : i < 200 ? (1ul << (i % 31)) + i : random_u32() >> shift;
    }
    indices[SLOTS - 1] = ~0ul;
    for (unsigned i = 1; i < SLOTS; i++)
        for (unsigned k = i; k > 0 && by_index(indices[k - 1], indices[k]) > 0; k--) {
            unsigned long swap = indices[k];
            indices[k] = indices[k - 1];
            indices[k - 1] = swap;
        }
    for (unsigned i = 1; i < SLOTS; i++)
        in[i] = indices[i] == indices[i - 1]; /* a twin is never used: it is marked and skipped */
}

static bool twin(unsigned i) { return i > 0 && indices[i] == indices[i - 1]; }

static void check_listing(int tag)
{
    void *found[64];
    unsigned long first = 0;
    unsigned i = 0;
    for (;;) {
        unsigned count = tag < 0 ? radix_tree_gang_lookup(&root, found, first, 64)
                                 : radix_tree_gang_lookup_tag(&root, found, first, 64, (unsigned)tag);
        for (unsigned k = 0; k < count; k++) {
            while (i < SLOTS && (twin(i) || !in[i] || (tag >= 0 && !tagged[i][tag])))
                i++;
            CHECKF(i < SLOTS && found[k] == &items[i], "listing with tag %d", tag);
            first = indices[i++] + 1;
        }
        if (count < 64 || first == 0)
            break;
    }
    while (i < SLOTS && (twin(i) || !in[i] || (tag >= 0 && !tagged[i][tag])))
        i++;
    CHECKF(i == SLOTS, "listing with tag %d ends early", tag);
}

static void check_all(void)
{
    bool any[RADIX_TREE_MAX_TAGS] = {false};
    for (unsigned i = 0; i < SLOTS; i++) {
        if (twin(i))
            continue;
        CHECKF(radix_tree_lookup(&root, indices[i]) == (in[i] ? &items[i] : NULL), "index %lu", indices[i]);
        for (unsigned tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++) {
            CHECK_EQ(radix_tree_tag_get(&root, indices[i], tag), in[i] && tagged[i][tag]);
            any[tag] |= in[i] && tagged[i][tag];
        }
    }
    for (int tag = -1; tag < RADIX_TREE_MAX_TAGS; tag++)
        check_listing(tag);
    for (unsigned tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
        CHECK_EQ(radix_tree_tagged(&root, tag), any[tag]);
}

static void put(unsigned i)
{
    int error = radix_tree_insert(&root, indices[i], &items[i]);
    CHECKF(error == (in[i] ? -EEXIST : 0), "insert of %lu gives %d", indices[i], error);
    in[i] = true;
}

static void take(unsigned i)
{
    CHECK(radix_tree_delete(&root, indices[i]) == (in[i] ? &items[i] : NULL));
    in[i] = tagged[i][0] = tagged[i][1] = false;
}

static void step(unsigned i)
{
    unsigned tag = random_u32() % 2;
    switch (random_u32() % 6) {
    case 0:
    case 1: put(i); break;
    case 2: take(i); break;
    case 3:
    case 4:
        CHECK(radix_tree_tag_set(&root, indices[i], tag) == (in[i] ? &items[i] : NULL));
        tagged[i][tag] = in[i];
        break;
    default:
        radix_tree_tag_clear(&root, indices[i], tag);
        tagged[i][tag] = false;
    }
}

static void prepare(void)
{
    world_boot(8 * MIB, NULL);
    choose_indices();
    for (unsigned i = 0; i < SLOTS; i++)
        in[i] = false;
}

static void like_an_array(void)
{
    prepare();
    struct resources before = resources_now();
    for (unsigned round = 0; round < 6000; round++) {
        unsigned i = random_u32() % SLOTS;
        if (!twin(i))
            step(i);
        if (round % 100 == 0)
            check_all();
    }
    for (unsigned i = 0; i < SLOTS; i++)
        if (!twin(i))
            take(i);
    check_all();
    CHECK(!root.rnode && root.height == 0);
    check_resources(&before, "after deleting all");
}

static void failed_insert_changes_nothing(void)
{
    prepare();
    struct resources before = resources_now();
    unsigned failures = 0;
    for (unsigned i = 0; i < SLOTS; i += 3) {
        if (twin(i))
            continue;
        for (unsigned n = 1;; n++) {
            fail_allocation(n);
            int error = radix_tree_insert(&root, indices[i], &items[i]);
            bool was_failed = allocation_failed();
            fail_allocation(0);
            if (!was_failed) {
                CHECK_EQ(error, 0);
                in[i] = true;
                break;
            }
            CHECK_EQ(error, -ENOMEM);
            failures++;
            check_all();
        }
    }
    CHECKF(failures > 50, "only %u failures were injected", failures);
    for (unsigned i = 0; i < SLOTS; i++)
        if (!twin(i))
            take(i);
    check_resources(&before, "after deleting all");
}

int main(void)
{
    tap_run("a radix tree behaves as an array with tags", like_an_array);
    tap_run("an insert without memory changes nothing", failed_insert_changes_nothing);
    return tap_done();
}
