/*
 * The slab allocator: caches of objects of one size, carved from runs of frames called slabs.
 *
 *   cache  -> slabs_partial   some objects in use     new objects come from here first
 *          -> slabs_full      all in use
 *          -> slabs_free      none in use             given back when there are more than the limit, or by reclaim
 *
 *   slab:  | colour | struct slab, bufctl[num] | object 0 | object 1 | ...          (small objects: management inside)
 *          | colour | object 0 | object 1 | ...   struct slab elsewhere             (objects of 512 bytes and more)
 *
 * bufctl[i] is the index of the next free object after i; `free` is the first. Successive slabs of a cache begin at
 * different colours, so that equal objects of different slabs do not all compete for the same lines of the hardware
 * cache. Every frame of a slab has PG_slab; page->lru.next names the cache and page->lru.prev the slab, which is how
 * kfree() finds them.
 *
 * Debug builds put a red zone before and after each object below a page in size and check it when the object is
 * freed; under "mmcheck" free objects are filled with poison which must be there still when they are allocated.
 */
#include "mm/internal.h"

typedef u32 bufctl_t;
#define BUFCTL_END 0xffffffffu
#define BUFCTL_ALLOCATED 0xfffffffeu /* debug builds: catches a double free */

#define SLAB_FREE_LIMIT 2 /* empty slabs that a cache keeps */
#define SLAB_MAX_ORDER 5  /* 128 KiB */
#define OFF_SLAB_SIZE (PAGE_SIZE / 8)
#define CACHE_LINE 64u

#define RED_INACTIVE 0x5a2cf071u
#define RED_ACTIVE 0x170fc2a5u
#define POISON_FREE 0x6b
#define POISON_END 0xa5

#define CFLG_OFF_SLAB 0x80000000u
#define CFLG_RED_ZONE 0x40000000u
#define CFLG_POISON 0x20000000u

struct slab {
    struct list_head list;
    unsigned long colouroff;
    char *s_mem; /* object 0, red zone included */
    unsigned inuse;
    bufctl_t free;
};

struct kmem_cache {
    struct list_head slabs_partial, slabs_full, slabs_free;
    unsigned long free_objects, free_slabs, slabs;
    unsigned size;        /* distance between objects */
    unsigned object_size; /* what the user asked for */
    unsigned lead;        /* from the start of the slot to the object */
    unsigned align, num, gfporder, colour, colour_off, colour_next;
    u32 flags;
    kmem_cache_t *slabp_cache; /* management off the slab */
    void (*ctor)(void *object);
    const char *name;
    struct list_head next;
};

static LIST_HEAD(cache_chain);
static kmem_cache_t cache_cache;

#define KMALLOC_MIN_SHIFT 5
#define KMALLOC_CACHES 13 /* 32 bytes .. 128 KiB */
static kmem_cache_t *malloc_sizes[KMALLOC_CACHES];
static const char *const malloc_names[KMALLOC_CACHES] = {
    "size-32",   "size-64",   "size-128",   "size-256",   "size-512",   "size-1024",  "size-2048",
    "size-4096", "size-8192", "size-16384", "size-32768", "size-65536", "size-131072"};

static bufctl_t *slab_bufctl(struct slab *slab) { return (bufctl_t *)(slab + 1); }

static struct page *object_page(const void *object)
{
    struct page *page = virt_to_page(object);

    if (unlikely(!pfn_valid(page_to_pfn(page)) || !PageSlab(page)))
        panic("slab: %08lx is no object of a cache", (unsigned long)object);
    return page;
}

static kmem_cache_t *page_cache_of(const struct page *page) { return (kmem_cache_t *)(void *)page->lru.next; }
static struct slab *page_slab_of(const struct page *page) { return (struct slab *)(void *)page->lru.prev; }

/* ---- geometry ---- */

static unsigned management_size(unsigned num, unsigned align)
{
    return ALIGN_UP((unsigned)(sizeof(struct slab) + num * sizeof(bufctl_t)), align);
}

/* Objects that fit slabs of 2^order frames; *left: bytes over, for colours. */
static unsigned objects_that_fit(const kmem_cache_t *cache, unsigned order, unsigned *left)
{
    unsigned bytes = (unsigned)(PAGE_SIZE << order), num = bytes / cache->size, head = 0;

    if (!(cache->flags & CFLG_OFF_SLAB)) {
        while (num && management_size(num, cache->align) + num * cache->size > bytes)
            num--;
        head = management_size(num, cache->align);
    }
    *left = bytes - head - num * cache->size;
    return num;
}

/* The smallest slab that wastes at most an eighth; big slabs are hard to get, so order 1 is enough for a poor fit. */
static bool choose_order(kmem_cache_t *cache)
{
    unsigned left = 0;

    for (cache->gfporder = 0; cache->gfporder <= SLAB_MAX_ORDER; cache->gfporder++) {
        cache->num = objects_that_fit(cache, cache->gfporder, &left);
        if (!cache->num)
            continue;
        if (cache->gfporder >= 1 || left * 8 <= PAGE_SIZE << cache->gfporder)
            break;
    }
    cache->colour = left / cache->colour_off;
    return cache->num != 0;
}

/* Slot = [lead with the first red zone][object][second red zone], the object on its alignment. */
static void lay_out_object(kmem_cache_t *cache, unsigned size)
{
    cache->object_size = size;
    cache->lead = 0;
    cache->size = ALIGN_UP(size, cache->align);
    if (CONFIG_DEBUG_VM && size < PAGE_SIZE) {
        cache->flags |= CFLG_RED_ZONE;
        cache->lead = ALIGN_UP((unsigned)sizeof(u32), cache->align);
        cache->size = ALIGN_UP(cache->lead + ALIGN_UP(size, 4u) + (unsigned)sizeof(u32), cache->align);
    }
    if (mm_check_always && size < PAGE_SIZE)
        cache->flags |= CFLG_POISON;
}

static kmem_cache_t *kmalloc_cache(size_t size)
{
    for (int i = 0; i < KMALLOC_CACHES; i++)
        if (size <= 1ul << (KMALLOC_MIN_SHIFT + i))
            return malloc_sizes[i];
    return NULL;
}

/* Everything but the name and the chain; false: objects of this size cannot be. */
static bool init_cache(kmem_cache_t *cache, const char *name, unsigned size, unsigned align, u32 flags,
                       void (*ctor)(void *))
{
    *cache = (kmem_cache_t){.name = name, .flags = flags, .ctor = ctor, .colour_off = CACHE_LINE};
    INIT_LIST_HEAD(&cache->slabs_partial);
    INIT_LIST_HEAD(&cache->slabs_full);
    INIT_LIST_HEAD(&cache->slabs_free);
    cache->align = max_t(unsigned, align, sizeof(void *));
    if (flags & SLAB_HWCACHE_ALIGN)
        cache->align = max_t(unsigned, cache->align, size > CACHE_LINE / 2 ? CACHE_LINE : CACHE_LINE / 2);
    cache->colour_off = max_t(unsigned, cache->align, CACHE_LINE);
    lay_out_object(cache, size);
    if (size >= OFF_SLAB_SIZE)
        cache->flags |= CFLG_OFF_SLAB;
    if (!choose_order(cache))
        return false;
    if (cache->flags & CFLG_OFF_SLAB) {
        cache->slabp_cache = kmalloc_cache(management_size(cache->num, 4));
        BUG_ON(!cache->slabp_cache);
    }
    return true;
}

/* ---- debug ---- */

static u32 *red_zone_before(const kmem_cache_t *cache, char *slot) { return (u32 *)(void *)(slot + cache->lead) - 1; }
static u32 *red_zone_after(const kmem_cache_t *cache, char *slot)
{
    return (u32 *)(void *)(slot + cache->lead + ALIGN_UP(cache->object_size, 4u));
}

static void set_red_zones(const kmem_cache_t *cache, char *slot, u32 value)
{
    if (!(cache->flags & CFLG_RED_ZONE))
        return;
    *red_zone_before(cache, slot) = value;
    *red_zone_after(cache, slot) = value;
}

static void check_red_zones(const kmem_cache_t *cache, char *slot, u32 value)
{
    if (!(cache->flags & CFLG_RED_ZONE))
        return;
    if (*red_zone_before(cache, slot) != value)
        panic("slab %s: object %08lx: written before its start, or freed twice (%08x)", cache->name,
              (unsigned long)(slot + cache->lead), *red_zone_before(cache, slot));
    if (*red_zone_after(cache, slot) != value)
        panic("slab %s: object %08lx: written past its end (%08x)", cache->name, (unsigned long)(slot + cache->lead),
              *red_zone_after(cache, slot));
}

static void poison_object(const kmem_cache_t *cache, char *slot)
{
    char *object = slot + cache->lead;

    if (!(cache->flags & CFLG_POISON))
        return;
    memset(object, POISON_FREE, cache->object_size - 1);
    object[cache->object_size - 1] = (char)POISON_END;
}

static void check_poison(const kmem_cache_t *cache, char *slot)
{
    const u8 *object = (const u8 *)slot + cache->lead;

    if (!(cache->flags & CFLG_POISON))
        return;
    for (unsigned i = 0; i < cache->object_size; i++)
        if (object[i] != (i + 1 == cache->object_size ? POISON_END : POISON_FREE))
            panic("slab %s: object %08lx: byte %u written after it was freed", cache->name, (unsigned long)object, i);
}

/* ---- slabs ---- */

static struct slab *alloc_slab_management(kmem_cache_t *cache, char *base, gfp_t gfp)
{
    unsigned long colour = (unsigned long)cache->colour_next * cache->colour_off;
    struct slab *slab;

    if (cache->flags & CFLG_OFF_SLAB) {
        slab = kmem_cache_alloc(cache->slabp_cache, gfp & ~__GFP_ZERO);
        if (!slab)
            return NULL;
        slab->s_mem = base + colour;
    } else {
        slab = (struct slab *)(void *)(base + colour);
        slab->s_mem = base + colour + management_size(cache->num, cache->align);
    }
    cache->colour_next = cache->colour_next + 1 > cache->colour ? 0 : cache->colour_next + 1;
    slab->colouroff = colour;
    slab->inuse = 0;
    slab->free = 0;
    return slab;
}

static void init_slab_objects(kmem_cache_t *cache, struct slab *slab)
{
    for (unsigned i = 0; i < cache->num; i++) {
        char *slot = slab->s_mem + (size_t)i * cache->size;

        slab_bufctl(slab)[i] = i + 1 < cache->num ? i + 1 : BUFCTL_END;
        set_red_zones(cache, slot, RED_INACTIVE);
        poison_object(cache, slot);
        /* Poison would destroy what the constructor made: then it runs at each allocation. */
        if (cache->ctor && !(cache->flags & CFLG_POISON))
            cache->ctor(slot + cache->lead);
    }
}

static void claim_pages(kmem_cache_t *cache, struct slab *slab, struct page *page)
{
    for (unsigned i = 0; i < 1u << cache->gfporder; i++) {
        SetPageSlab(page + i);
        page[i].lru.next = (struct list_head *)(void *)cache;
        page[i].lru.prev = (struct list_head *)(void *)slab;
    }
    mod_zone_page_state(page_zone(page), NR_SLAB, 1l << cache->gfporder);
}

/* One more empty slab on slabs_free; false: no memory. */
static bool cache_grow(kmem_cache_t *cache, gfp_t gfp)
{
    struct page *page = alloc_pages((gfp & ~__GFP_ZERO) | __GFP_KERNEL_OWN, cache->gfporder);
    struct slab *slab;
    unsigned long flags;

    if (!page)
        return false;
    slab = alloc_slab_management(cache, page_address(page), gfp);
    if (!slab) {
        __free_pages(page, cache->gfporder);
        return false;
    }
    claim_pages(cache, slab, page);
    init_slab_objects(cache, slab);
    flags = local_irq_save();
    list_add(&slab->list, &cache->slabs_free);
    cache->free_slabs++;
    cache->slabs++;
    cache->free_objects += cache->num;
    local_irq_restore(flags);
    return true;
}

/* Where the slab's frames begin. */
static char *slab_base(const kmem_cache_t *cache, struct slab *slab)
{
    return (cache->flags & CFLG_OFF_SLAB ? slab->s_mem : (char *)slab) - slab->colouroff;
}

/* slab is empty and on no list any more. */
static void slab_destroy(kmem_cache_t *cache, struct slab *slab)
{
    struct page *page = virt_to_page(slab_base(cache, slab));

    for (unsigned i = 0; i < 1u << cache->gfporder; i++)
        ClearPageSlab(page + i);
    mod_zone_page_state(page_zone(page), NR_SLAB, -(1l << cache->gfporder));
    if (cache->flags & CFLG_OFF_SLAB)
        kmem_cache_free(cache->slabp_cache, slab);
    __free_pages(page, cache->gfporder);
    current->reclaimed_slab += 1ul << cache->gfporder;
}

/* Takes an empty slab off the cache for slab_destroy(); NULL when there is none. Interrupts off. */
static struct slab *take_free_slab(kmem_cache_t *cache)
{
    struct slab *slab;

    if (list_empty(&cache->slabs_free))
        return NULL;
    slab = list_entry(cache->slabs_free.prev, struct slab, list);
    list_del(&slab->list);
    cache->free_slabs--;
    cache->slabs--;
    cache->free_objects -= cache->num;
    return slab;
}

/* ---- objects ---- */

/* Puts the slab on the list that its number of used objects asks for. */
static void file_slab(kmem_cache_t *cache, struct slab *slab)
{
    if (slab->inuse == cache->num)
        list_move(&slab->list, &cache->slabs_full);
    else if (slab->inuse)
        list_move(&slab->list, &cache->slabs_partial);
    else
        list_move(&slab->list, &cache->slabs_free);
}

/* The slot of a free object; NULL when every slab is full. Interrupts off. */
static char *take_object(kmem_cache_t *cache)
{
    bool partial = !list_empty(&cache->slabs_partial);
    struct list_head *from = partial ? &cache->slabs_partial : &cache->slabs_free;
    struct slab *slab;
    unsigned index;

    if (list_empty(from))
        return NULL;
    slab = list_entry(from->next, struct slab, list);
    index = slab->free;
    slab->free = slab_bufctl(slab)[index];
    slab_bufctl(slab)[index] = BUFCTL_ALLOCATED;
    cache->free_objects--;
    if (slab->inuse++ == 0)
        cache->free_slabs--;
    if (!partial || slab->inuse == cache->num)
        file_slab(cache, slab);
    return slab->s_mem + (size_t)index * cache->size;
}

void *kmem_cache_alloc(kmem_cache_t *cache, gfp_t gfp)
{
    unsigned long flags;
    char *slot, *object;

    if (should_failslab(gfp))
        return NULL;
    flags = local_irq_save();
    while (!(slot = take_object(cache))) {
        local_irq_restore(flags);
        if (!cache_grow(cache, gfp))
            return NULL;
        flags = local_irq_save();
    }
    local_irq_restore(flags);

    object = slot + cache->lead;
    check_poison(cache, slot);
    check_red_zones(cache, slot, RED_INACTIVE);
    set_red_zones(cache, slot, RED_ACTIVE);
    if (cache->ctor && (cache->flags & CFLG_POISON))
        cache->ctor(object);
    if (gfp & __GFP_ZERO)
        memset(object, 0, cache->object_size);
    if (unlikely(MM_CHECK_DUE()))
        check_slab();
    return object;
}

void *kmem_cache_zalloc(kmem_cache_t *cache, gfp_t gfp) { return kmem_cache_alloc(cache, gfp | __GFP_ZERO); }

/* The index of an object that is in use; a pointer that is none of the cache's is a bug of the caller. */
static unsigned object_index(const kmem_cache_t *cache, struct slab *slab, const char *slot)
{
    unsigned long offset = (unsigned long)(slot - slab->s_mem);
    unsigned index = (unsigned)(offset / cache->size);

    if (slot < slab->s_mem || index >= cache->num || offset % cache->size)
        panic("slab %s: %08lx does not start an object", cache->name, (unsigned long)(slot + cache->lead));
    if (slab_bufctl(slab)[index] != BUFCTL_ALLOCATED)
        panic("slab %s: object %08lx is freed twice", cache->name, (unsigned long)(slot + cache->lead));
    return index;
}

void kmem_cache_free(kmem_cache_t *cache, void *object)
{
    struct page *page = object_page(object);
    struct slab *slab = page_slab_of(page), *empty = NULL;
    char *slot = (char *)object - cache->lead;
    unsigned long flags;
    unsigned index;

    if (unlikely(page_cache_of(page) != cache))
        panic("slab %s: object %08lx belongs to %s", cache->name, (unsigned long)object, page_cache_of(page)->name);
    flags = local_irq_save();
    index = object_index(cache, slab, slot);
    check_red_zones(cache, slot, RED_ACTIVE);
    set_red_zones(cache, slot, RED_INACTIVE);
    poison_object(cache, slot);
    slab_bufctl(slab)[index] = slab->free;
    slab->free = index;
    cache->free_objects++;
    slab->inuse--;
    file_slab(cache, slab);
    if (!slab->inuse && ++cache->free_slabs > SLAB_FREE_LIMIT)
        empty = take_free_slab(cache);
    local_irq_restore(flags);
    if (empty)
        slab_destroy(cache, empty);
    if (unlikely(MM_CHECK_DUE()))
        check_slab();
}

int kmem_cache_shrink(kmem_cache_t *cache)
{
    int pages = 0;

    for (;;) {
        unsigned long flags = local_irq_save();
        struct slab *slab = take_free_slab(cache);

        local_irq_restore(flags);
        if (!slab)
            return pages;
        slab_destroy(cache, slab);
        pages += 1 << cache->gfporder;
    }
}

unsigned long kmem_cache_reap(void)
{
    unsigned long pages = 0;
    kmem_cache_t *cache;

    list_for_each_entry (cache, &cache_chain, next)
        pages += (unsigned long)kmem_cache_shrink(cache);
    return pages;
}

/* ---- caches ---- */

kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags, void (*ctor)(void *object))
{
    kmem_cache_t *cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);

    if (cache && init_cache(cache, name, (unsigned)size, (unsigned)align, flags, ctor)) {
        list_add_tail(&cache->next, &cache_chain);
        return cache;
    }
    if (flags & SLAB_PANIC)
        panic("slab: no memory for the cache %s of %lu bytes", name, (unsigned long)size);
    if (cache)
        kmem_cache_free(&cache_cache, cache);
    return NULL;
}

int kmem_cache_destroy(kmem_cache_t *cache)
{
    if (!list_empty(&cache->slabs_full) || !list_empty(&cache->slabs_partial)) {
        printk(KERN_ERR "slab: cache %s is destroyed with objects in use\n", cache->name);
        return -EBUSY;
    }
    kmem_cache_shrink(cache);
    list_del(&cache->next);
    kmem_cache_free(&cache_cache, cache);
    return 0;
}

/* The small sizes first: the larger ones keep their management in them. */
void kmem_cache_init(void)
{
    if (!init_cache(&cache_cache, "kmem_cache", sizeof(kmem_cache_t), 0, SLAB_HWCACHE_ALIGN, NULL))
        panic("slab: no memory for the cache of caches");
    INIT_LIST_HEAD(&cache_chain);
    list_add_tail(&cache_cache.next, &cache_chain);
    for (int i = 0; i < KMALLOC_CACHES; i++)
        malloc_sizes[i] = kmem_cache_create(malloc_names[i], 1ul << (KMALLOC_MIN_SHIFT + i), 16, SLAB_PANIC, NULL);
}

/* Objects are in normal memory and 16 bytes aligned; a device that needs DMA memory takes frames (GFP_DMA). */
void *kmalloc(size_t size, gfp_t gfp)
{
    kmem_cache_t *cache = kmalloc_cache(size);

    BUG_ON(gfp & (__GFP_DMA | __GFP_HIGHMEM));
    return cache ? kmem_cache_alloc(cache, gfp) : NULL;
}

void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | __GFP_ZERO); }

void kfree(const void *object)
{
    if (object)
        kmem_cache_free(page_cache_of(object_page(object)), (void *)object);
}

size_t ksize(const void *object) { return object ? page_cache_of(object_page(object))->object_size : 0; }

/* ---- numbers and checker ---- */

bool slab_numbers_of(unsigned position, struct slab_numbers *numbers)
{
    kmem_cache_t *cache;

    list_for_each_entry (cache, &cache_chain, next) {
        if (position--)
            continue;
        *numbers = (struct slab_numbers){
            .name = cache->name,
            .objects = cache->slabs * cache->num,
            .active_objects = cache->slabs * cache->num - cache->free_objects,
            .object_size = cache->size,
            .objects_a_slab = cache->num,
            .pages_a_slab = 1ul << cache->gfporder,
            .active_slabs = cache->slabs - cache->free_slabs,
            .slabs = cache->slabs,
            .reclaimable = cache->flags & SLAB_RECLAIM_ACCOUNT,
        };
        return true;
    }
    return false;
}

static void check_one_slab(const kmem_cache_t *cache, struct slab *slab)
{
    const struct page *page = virt_to_page(slab_base(cache, slab));
    unsigned free = 0;

    for (bufctl_t i = slab->free; i != BUFCTL_END; i = slab_bufctl(slab)[i]) {
        if (i >= cache->num || ++free > cache->num)
            panic("slab %s: broken list of free objects in slab %08lx", cache->name, (unsigned long)slab);
        check_red_zones(cache, slab->s_mem + (size_t)i * cache->size, RED_INACTIVE);
        if (mm_check_always)
            check_poison(cache, slab->s_mem + (size_t)i * cache->size);
    }
    if (free + slab->inuse != cache->num)
        panic("slab %s: %u free and %u used of %u objects in slab %08lx", cache->name, free, slab->inuse, cache->num,
              (unsigned long)slab);
    for (unsigned i = 0; i < 1u << cache->gfporder; i++)
        if (!PageSlab(page + i) || page_cache_of(page + i) != cache || page_slab_of(page + i) != slab)
            page_state_broken(page + i, "frame of a slab that does not name its slab");
}

/* Slabs on the list; adds their free objects to *free. Each must have from `least` to `most` objects in use. */
static unsigned long check_slab_list(const kmem_cache_t *cache, const struct list_head *list, unsigned least,
                                     unsigned most, unsigned long *free)
{
    unsigned long count = 0;
    struct slab *slab;

    list_for_each_entry (slab, list, list) {
        if (slab->inuse < least || slab->inuse > most)
            panic("slab %s: slab %08lx with %u objects in use is on the wrong list", cache->name, (unsigned long)slab,
                  slab->inuse);
        check_one_slab(cache, slab);
        *free += cache->num - slab->inuse;
        count++;
    }
    return count;
}

void check_slab(void)
{
    unsigned long flags = local_irq_save();
    const kmem_cache_t *cache;

    list_for_each_entry (cache, &cache_chain, next) {
        unsigned long free = 0, slabs, free_slabs;

        slabs = check_slab_list(cache, &cache->slabs_partial, 1, cache->num - 1, &free);
        slabs += check_slab_list(cache, &cache->slabs_full, cache->num, cache->num, &free);
        free_slabs = check_slab_list(cache, &cache->slabs_free, 0, 0, &free);
        if (slabs + free_slabs != cache->slabs || free_slabs != cache->free_slabs || free != cache->free_objects)
            panic("slab %s: %lu slabs, %lu empty, %lu free objects; counts %lu, %lu, %lu", cache->name,
                  slabs + free_slabs, free_slabs, free, cache->slabs, cache->free_slabs, cache->free_objects);
    }
    local_irq_restore(flags);
}
