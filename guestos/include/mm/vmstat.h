/* Event counters of /proc/vmstat; zone numbers live in zone->vm_stat. */
#ifndef _MM_VMSTAT_H
#define _MM_VMSTAT_H

enum vm_event_item {
    PGPGIN,
    PGPGOUT,
    PSWPIN,
    PSWPOUT,
    PGALLOC_DMA,
    PGALLOC_NORMAL,
    PGALLOC_HIGH,
    PGFREE,
    PGACTIVATE,
    PGDEACTIVATE,
    PGFAULT,
    PGMAJFAULT,
    PGREFILL_DMA,
    PGREFILL_NORMAL,
    PGREFILL_HIGH,
    PGSTEAL_DMA,
    PGSTEAL_NORMAL,
    PGSTEAL_HIGH,
    PGSCAN_KSWAPD_DMA,
    PGSCAN_KSWAPD_NORMAL,
    PGSCAN_KSWAPD_HIGH,
    PGSCAN_DIRECT_DMA,
    PGSCAN_DIRECT_NORMAL,
    PGSCAN_DIRECT_HIGH,
    PGINODESTEAL,
    SLABS_SCANNED,
    KSWAPD_STEAL,
    KSWAPD_INODESTEAL,
    PAGEOUTRUN,
    ALLOCSTALL,
    PGROTATED,
    NR_VM_EVENT_ITEMS
};

extern unsigned long vm_events[NR_VM_EVENT_ITEMS];
static inline void count_vm_event(enum vm_event_item item) { vm_events[item]++; }
static inline void count_vm_events(enum vm_event_item item, unsigned long n) { vm_events[item] += n; }

#endif
