/*
 * Nodes: which frames are near to which processor.
 *
 * The machine gives each node's size; node n begins where node n - 1 ends, holes in the memory map count as part of the
 * node that they are in. The numbers come from outside: whatever they are, the ranges that numa_init() makes cover
 * [0, max_pfn) without overlap, there is at least one, and each has RAM. What lies above the last node's end is the last
 * node's. Without a description there is one node.
 */
#include "mm/internal.h"

struct numa_range numa_nodes[MAX_NUMNODES];
int nr_online_nodes = 1;

static u64 described_bytes[MAX_NUMNODES];
static unsigned described;

void numa_describe(const u64 *node_bytes, unsigned count)
{
    if (count > MAX_NUMNODES)
        printk(KERN_WARNING "numa: %u nodes, those above %d become part of the last\n", count, MAX_NUMNODES);
    described = min_t(unsigned, count, MAX_NUMNODES);
    for (unsigned i = 0; i < described; i++)
        described_bytes[i] = node_bytes[i];
}

/* End of the node that begins at start_pfn; at most max_pfn, whatever the size. */
static unsigned long end_of(unsigned long start_pfn, u64 bytes)
{
    u64 pages = bytes >> PAGE_SHIFT;

    return pages < max_pfn - start_pfn ? start_pfn + (unsigned long)pages : max_pfn;
}

void numa_init(void)
{
    unsigned long start = 0;
    int n = 0;

    for (unsigned i = 0; i < described; i++) {
        unsigned long end = i == described - 1 ? max_pfn : end_of(start, described_bytes[i]);

        if (!e820_ram_pages(&e820, start, end))
            continue; /* its frames, if any, go to the next one */
        numa_nodes[n++] = (struct numa_range){start, end};
        start = end;
    }
    if (n == 0)
        numa_nodes[n++] = (struct numa_range){0, max_pfn};
    numa_nodes[n - 1].end_pfn = max_pfn;
    nr_online_nodes = n;
    for (int i = 0; n > 1 && i < n; i++)
        printk(KERN_INFO "node %d: frames [%05lx, %05lx)\n", i, numa_nodes[i].start_pfn, numa_nodes[i].end_pfn);
}
