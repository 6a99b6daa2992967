/* Zones of every node, node by node along pgdat_next. A zone that spans nothing is left out. */
#include "emu/kernelview/internal.h"

static void copy_zone(struct reader *reader, const uint8_t *zone, struct kv_zone *to) {
    const struct layout *layout = reader->layout;
    reader_string(reader, member_of(zone, layout->zone_name), sizeof to->name - 1, to->name, sizeof to->name);
    to->start_pfn = member_of(zone, layout->zone_start);
    to->spanned = member_of(zone, layout->zone_spanned);
    to->present = member_of(zone, layout->zone_present);
    to->free = member_of(zone, layout->zone_free_pages);
    to->min = member_of(zone, layout->zone_min);
    to->low = member_of(zone, layout->zone_low);
    to->high = member_of(zone, layout->zone_high);
    to->nr_active = member_of(zone, layout->zone_active);
    to->nr_inactive = member_of(zone, layout->zone_inactive);
    to->pageset_count[0] = member_of(zone, layout->zone_hot);
    to->pageset_count[1] = member_of(zone, layout->zone_cold);
    for (unsigned i = 0; i < 3 && i < layout->zone_reserve.count; i++)
        to->lowmem_reserve[i] = member_at(zone, layout->zone_reserve, i);
    for (unsigned order = 0; order < KV_ORDERS && order < layout->zone_areas.count; order++) {
        struct member blocks = layout->zone_area0;
        blocks.offset += order * layout->zone_areas.size; /* inside the zone: free_area lies wholly in it */
        to->nr_free_blocks[order] = member_of(zone, blocks);
    }
}

/*
 * Up to KV_LRU_MAX pages from a list's head on, in the copy of mem_map. Links are those of struct page.lru; a link that
 * leads out of mem_map is the head again, or the list is being changed: it ends there.
 */
static void read_lru(const struct reader *reader, uint64_t first, struct kv_lru *to) {
    const struct layout *layout = reader->layout;
    uint64_t mem_map = reader->view->frames.mem_map, at = first;
    for (to->count = 0; to->count < KV_LRU_MAX; to->count++) {
        uint64_t address = at - layout->page_lru.offset, offset = address - mem_map, pfn = offset / layout->page_bytes;
        const uint8_t *page = address >= mem_map && offset % layout->page_bytes == 0 ? frames_page(reader, pfn) : NULL;
        if (!page)
            return;
        to->pfn[to->count] = (uint32_t)pfn;
        to->referenced[to->count] = (word_of(page, layout->page_flags) & layout->pg_referenced) != 0;
        at = word_of(page, layout->page_lru);
    }
}

static void read_reclaim(struct reader *reader, const uint8_t *zone, struct kv_zone *to) {
    const struct layout *layout = reader->layout;
    to->pages_scanned = member_of(zone, layout->zone_scanned);
    to->prev_priority = member_of(zone, layout->zone_priority);
    to->all_unreclaimable = member_of(zone, layout->zone_unreclaimable) != 0;
    to->dirty = member_at(zone, layout->zone_stat, layout->stat_dirty);
    to->writeback = member_at(zone, layout->zone_stat, layout->stat_writeback);
    if (to->nr_inactive)
        read_lru(reader, member_of(zone, layout->zone_inactive_list), &to->lru[0]);
    if (to->nr_active)
        read_lru(reader, member_of(zone, layout->zone_active_list), &to->lru[1]);
}

static void read_node(struct reader *reader, const uint8_t *node, struct kv_snapshot *snapshot) {
    const struct layout *layout = reader->layout;
    uint64_t count = member_of(node, layout->node_nr_zones);
    if (count > layout->node_zones.count) {
        reader->torn = true;
        count = layout->node_zones.count;
    }
    for (unsigned i = 0; i < count && snapshot->zone_count < KV_MAX_ZONES; i++) {
        const uint8_t *zone = node + layout->node_zones.offset + (size_t)i * layout->zone_bytes;
        if (member_of(zone, layout->zone_spanned) == 0)
            continue;
        struct kv_zone *to = &snapshot->zones[snapshot->zone_count++];
        to->node = (int32_t)member_of(node, layout->node_id);
        copy_zone(reader, zone, to);
        read_reclaim(reader, zone, to);
    }
}

void zones_read(struct reader *reader, struct kv_snapshot *snapshot) {
    const struct layout *layout = reader->layout;
    uint8_t node[KV_STRUCT_MAX];
    uint64_t address = layout->contig_page_data;
    for (unsigned i = 0; address && i < KV_NODES_MAX; i++) {
        if (!reader_copy(reader, address, node, layout->node_bytes))
            return;
        read_node(reader, node, snapshot);
        address = member_of(node, layout->node_next);
    }
    reader->torn |= address != 0;
    snapshot->swap_total = reader_word(reader, layout->total_swap_pages);
    snapshot->swap_free = reader_word(reader, layout->nr_swap_pages);
}
