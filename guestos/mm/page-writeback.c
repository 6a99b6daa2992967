/* Dirty pages: how a page that was written through memory becomes known to its file. */
#include "mm/internal.h"

int set_page_dirty(struct page *page)
{
    struct address_space *mapping = PageAnon(page) ? NULL : page->mapping;

    if (mapping && mapping->a_ops && mapping->a_ops->set_page_dirty)
        return mapping->a_ops->set_page_dirty(page);
    if (PageDirty(page))
        return 0;
    SetPageDirty(page);
    return 1;
}
