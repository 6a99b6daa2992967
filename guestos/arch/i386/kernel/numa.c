/*
 * The machine's description of its nodes: QEMU's fw_cfg device (docs/specs/fw_cfg), item 0x0D, little-endian:
 *
 *     u64 number of nodes, u64 node of each possible CPU (item 0x0F says how many), u64 bytes of each node
 *
 * A machine without the device, or without nodes, gives none.
 */
#include "asm/io.h"
#include "asm/setup.h"
#include "mm/internal.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_SIGNATURE 0x00
#define FW_CFG_NUMA 0x0D
#define FW_CFG_MAX_CPUS 0x0F
#define CPUS_LIMIT 4096u

static void fw_cfg_select(u16 key) { outw(key, FW_CFG_SELECTOR); }

static u64 fw_cfg_read(unsigned bytes)
{
    u64 value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)inb(FW_CFG_DATA) << (8 * i);
    return value;
}

static bool fw_cfg_present(void)
{
    fw_cfg_select(FW_CFG_SIGNATURE);
    return fw_cfg_read(4) == 0x554d4551; /* "QEMU" */
}

void numa_ask_machine(void)
{
    u64 bytes[MAX_NUMNODES];
    unsigned cpus, nodes;

    if (!fw_cfg_present())
        return;
    fw_cfg_select(FW_CFG_MAX_CPUS);
    cpus = (unsigned)fw_cfg_read(2);
    fw_cfg_select(FW_CFG_NUMA);
    nodes = (unsigned)fw_cfg_read(8);
    for (unsigned i = 0; i < cpus && i < CPUS_LIMIT; i++)
        fw_cfg_read(8);
    for (unsigned i = 0; i < nodes && i < MAX_NUMNODES; i++)
        bytes[i] = fw_cfg_read(8);
    numa_describe(bytes, nodes);
}
