/* Slabs: lists, colours, red zones, poison, kmalloc. */
#include "world.h"

static void boot(void) { world_boot(32 * MIB, NULL); }
static void boot_checked(void) { world_boot(32 * MIB, "mmcheck"); }

static struct slab_numbers numbers_of(const char *name)
{
    struct slab_numbers n;

    for (unsigned i = 0; slab_numbers_of(i, &n); i++)
        if (strcmp(n.name, name) == 0)
            return n;
    tap_fail(__FILE__, __LINE__, "no cache %s", name);
}

static void objects_fill_slabs(void)
{
    boot();
    kmem_cache_t *cache = kmem_cache_create("things", 100, 0, 0, NULL);
    struct slab_numbers n = numbers_of("things");
    CHECK_EQ(n.pages_a_slab, 1);
    CHECK(n.objects_a_slab >= 30);
    void *first = kmem_cache_alloc(cache, GFP_KERNEL);
    CHECK_EQ(numbers_of("things").slabs, 1);
    for (unsigned i = 1; i < n.objects_a_slab; i++)
        CHECK(kmem_cache_alloc(cache, GFP_KERNEL));
    CHECK_EQ(numbers_of("things").slabs, 1);
    CHECK_EQ(numbers_of("things").active_objects, n.objects_a_slab);
    void *next = kmem_cache_alloc(cache, GFP_KERNEL);
    CHECK_EQ(numbers_of("things").slabs, 2);
    CHECK_EQ(numbers_of("things").active_slabs, 2);
    kmem_cache_free(cache, next);
    CHECK_EQ(numbers_of("things").active_slabs, 1);
    CHECK_EQ(kmem_cache_shrink(cache), 1);
    CHECK_EQ(numbers_of("things").slabs, 1);
    kmem_cache_free(cache, first);
    CHECK(kmem_cache_alloc(cache, GFP_KERNEL) == first); /* partial slabs first, last freed first */
    check_slab();
}

static void slabs_have_colours(void)
{
    boot();
    kmem_cache_t *cache = kmem_cache_create("colourful", 180, 0, SLAB_HWCACHE_ALIGN, NULL);
    unsigned per_slab = (unsigned)numbers_of("colourful").objects_a_slab;
    unsigned long first = (unsigned long)kmem_cache_alloc(cache, GFP_KERNEL), second = 0;
    for (unsigned i = 0; i < per_slab; i++)
        second = (unsigned long)kmem_cache_alloc(cache, GFP_KERNEL);
    CHECK((first & PAGE_MASK) != (second & PAGE_MASK));
    CHECKF((first & ~PAGE_MASK) != (second & ~PAGE_MASK), "%lx %lx", first, second);
    CHECK_EQ(first % 64, 0);
    CHECK_EQ(second % 64, 0);
}

static void kmalloc_of_every_size(void)
{
    boot();
    static char *object[200];
    unsigned n = 0;
    for (size_t size = 1; size <= 128 * 1024; size += 1 + size / 9) {
        CHECKF(object[n] = kmalloc(size, GFP_KERNEL), "%lu", (unsigned long)size);
        CHECK(ksize(object[n]) >= size);
        CHECK_EQ((unsigned long)object[n] % 16, 0);
        memset(object[n++], 0x33, size);
    }
    CHECK(!kmalloc(128 * 1024 + 1, GFP_KERNEL));
    CHECK_EQ((unsigned long)kmalloc(4096, GFP_KERNEL) % 4096, 0);
    check_slab();
    while (n)
        kfree(object[--n]);
    kfree(NULL);
    check_slab();
    check_buddy();
}

static unsigned constructed;
static void construct(void *object)
{
    *(u32 *)object = 0x12345678;
    constructed++;
}

static void constructor_runs_once(void)
{
    boot();
    kmem_cache_t *cache = kmem_cache_create("built", 64, 0, 0, construct);
    u32 *object = kmem_cache_alloc(cache, GFP_KERNEL);
    unsigned after_first = constructed;
    CHECK_EQ(*object, 0x12345678);
    CHECK_EQ(after_first, numbers_of("built").objects_a_slab);
    kmem_cache_free(cache, object);
    CHECK(kmem_cache_alloc(cache, GFP_KERNEL) == object);
    CHECK_EQ(constructed, after_first);
    CHECK_EQ(*object, 0x12345678);
}

static void poison_does_not_lose_the_constructor(void)
{
    boot_checked();
    kmem_cache_t *cache = kmem_cache_create("built", 64, 0, 0, construct);
    u32 *object = kmem_cache_alloc(cache, GFP_KERNEL);
    kmem_cache_free(cache, object);
    CHECK(*object != 0x12345678);
    CHECK(kmem_cache_alloc(cache, GFP_KERNEL) == object);
    CHECK_EQ(*object, 0x12345678);
}

static void write_past_the_end_is_caught(void)
{
    boot();
    char *object = kmalloc(64, GFP_KERNEL);
    object[64] = 1;
    tap_expect_panic("written past its end");
    kfree(object);
}

static void write_before_the_start_is_caught(void)
{
    boot();
    char *object = kmalloc(64, GFP_KERNEL);
    object[-1] = 1;
    tap_expect_panic("written before its start");
    kfree(object);
}

static void double_free_is_caught(void)
{
    boot();
    char *object = kmalloc(64, GFP_KERNEL);
    CHECK(kmalloc(64, GFP_KERNEL));
    kfree(object);
    tap_expect_panic("freed twice");
    kfree(object);
}

static void inner_pointer_is_caught(void)
{
    boot();
    char *object = kmalloc(64, GFP_KERNEL);
    tap_expect_panic("does not start an object");
    kfree(object + 4);
}

static void foreign_object_is_caught(void)
{
    boot();
    kmem_cache_t *a = kmem_cache_create("a", 50, 0, 0, NULL), *b = kmem_cache_create("b", 50, 0, 0, NULL);
    void *object = kmem_cache_alloc(a, GFP_KERNEL);
    tap_expect_panic("belongs to a");
    kmem_cache_free(b, object);
}

static void no_object_is_caught(void)
{
    boot();
    tap_expect_panic("is no object of a cache");
    kfree((void *)__get_free_page(GFP_KERNEL));
}

static void write_after_free_is_caught(void)
{
    boot_checked();
    char *object = kmalloc(100, GFP_KERNEL);
    kfree(object);
    object[50] = 1;
    tap_expect_panic("written after it was freed");
    CHECK(kmalloc(100, GFP_KERNEL));
}

static void destroy_wants_an_empty_cache(void)
{
    boot();
    struct resources before = resources_now();
    kmem_cache_t *cache = kmem_cache_create("brief", 700, 0, 0, NULL);
    void *object = kmem_cache_alloc(cache, GFP_KERNEL);
    CHECK_EQ(kmem_cache_destroy(cache), -EBUSY);
    kmem_cache_free(cache, object);
    CHECK_EQ(kmem_cache_destroy(cache), 0);
    check_resources(&before, "after destroy");
}

static void every_failure_is_survived(void)
{
    boot();
    for (unsigned n = 1;; n++) {
        struct resources before = resources_now();
        fail_allocation(n);
        kmem_cache_t *cache = kmem_cache_create("fails", 1500, 0, 0, NULL);
        void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
        bool ended = !allocation_failed();
        fail_allocation(0);
        CHECK_EQ(ended, object != NULL);
        if (object)
            kmem_cache_free(cache, object);
        if (cache)
            CHECK_EQ(kmem_cache_destroy(cache), 0);
        check_resources(&before, "slab");
        if (ended) {
            CHECK(n > 3);
            return;
        }
    }
}

#define OBJECTS 400
static void torture_caches(const char *options)
{
    static const unsigned sizes[] = {8, 33, 100, 256, 500, 512, 1000, 2048, 4096, 9000};
    kmem_cache_t *caches[ARRAY_SIZE(sizes)];
    struct {
        u8 *object;
        unsigned cache;
        u8 mark;
    } held[OBJECTS] = {0};

    world_boot(32 * MIB, options);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
        CHECK(caches[i] = kmem_cache_create("torture", sizes[i], 0, i & 1 ? SLAB_HWCACHE_ALIGN : 0, NULL));
    struct resources before = resources_now();
    random_seed(5);
    for (int step = 0; step < (mm_check_always ? 2000 : 40000); step++) {
        unsigned i = random_u32() % OBJECTS;
        if (held[i].object) {
            for (unsigned b = 0; b < sizes[held[i].cache]; b++)
                CHECK_EQ(held[i].object[b], held[i].mark);
            kmem_cache_free(caches[held[i].cache], held[i].object);
            held[i].object = NULL;
        } else {
            held[i].cache = random_u32() % ARRAY_SIZE(sizes);
            held[i].mark = (u8)random_u32();
            held[i].object = kmem_cache_alloc(caches[held[i].cache], GFP_KERNEL);
            CHECK(held[i].object);
            memset(held[i].object, held[i].mark, sizes[held[i].cache]);
        }
        if (step % 400 == 0)
            check_slab();
    }
    for (int i = 0; i < OBJECTS; i++)
        if (held[i].object)
            kmem_cache_free(caches[held[i].cache], held[i].object);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
        kmem_cache_shrink(caches[i]);
    check_resources(&before, "torture");
}

static void torture(void) { torture_caches(NULL); }
static void torture_checked(void) { torture_caches("mmcheck"); }

int main(void)
{
    tap_run("objects fill slabs, empty slabs go", objects_fill_slabs);
    tap_run("slabs have colours", slabs_have_colours);
    tap_run("kmalloc of every size", kmalloc_of_every_size);
    tap_run("a constructor runs once an object", constructor_runs_once);
    tap_run("poison does not lose the constructor's work", poison_does_not_lose_the_constructor);
    tap_run("a write past the end is caught", write_past_the_end_is_caught);
    tap_run("a write before the start is caught", write_before_the_start_is_caught);
    tap_run("a double free is caught", double_free_is_caught);
    tap_run("a pointer into an object is caught", inner_pointer_is_caught);
    tap_run("another cache's object is caught", foreign_object_is_caught);
    tap_run("a pointer to no object is caught", no_object_is_caught);
    tap_run("a write after free is caught under mmcheck", write_after_free_is_caught);
    tap_run("a cache with objects is not destroyed", destroy_wants_an_empty_cache);
    tap_run("every failing allocation is survived", every_failure_is_survived);
    tap_run("40000 random operations", torture);
    tap_run("2000 random operations under mmcheck", torture_checked);
    return tap_done();
}
