/* Slab allocator: caches of equal objects, and kmalloc on power-of-two caches. */
#ifndef _MM_SLAB_H
#define _MM_SLAB_H

#include "mm/gfp.h"

typedef struct kmem_cache kmem_cache_t;

#define SLAB_HWCACHE_ALIGN 0x1u
#define SLAB_PANIC 0x2u
#define SLAB_RECLAIM_ACCOUNT 0x4u

/* name is not copied. NULL on failure (with SLAB_PANIC: panics). */
kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags, void (*ctor)(void *object));
int kmem_cache_destroy(kmem_cache_t *cache);
void *kmem_cache_alloc(kmem_cache_t *cache, gfp_t gfp); /* NULL on failure */
void *kmem_cache_zalloc(kmem_cache_t *cache, gfp_t gfp);
void kmem_cache_free(kmem_cache_t *cache, void *object);
int kmem_cache_shrink(kmem_cache_t *cache); /* frees empty slabs, returns pages freed */
unsigned long kmem_cache_reap(void);        /* the same for every cache: memory is short */

void *kmalloc(size_t size, gfp_t gfp); /* up to 128 KiB; NULL on failure */
void *kzalloc(size_t size, gfp_t gfp);
void kfree(const void *object); /* NULL is allowed */
size_t ksize(const void *object);

#endif
