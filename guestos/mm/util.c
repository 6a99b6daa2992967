/* Memory of any size for the kernel's own tables: small ones from the slab, others page by page. */
#include "mm/internal.h"
#include "mm/vmalloc.h"

static void *alloc(size_t size, gfp_t gfp, const void *caller)
{
    return size <= PAGE_SIZE ? kmalloc(size, gfp) : vmalloc_for(size, gfp, caller);
}

void *kvmalloc(size_t size) { return alloc(size, GFP_KERNEL, __builtin_return_address(0)); }
void *kvzalloc(size_t size) { return alloc(size, GFP_KERNEL | __GFP_ZERO, __builtin_return_address(0)); }

void kvfree(const void *object)
{
    if (is_vmalloc_addr(object))
        vfree(object);
    else
        kfree(object);
}
