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
}
