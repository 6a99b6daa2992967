/*
 * The PCI bus by configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3): an address in port 0xCF8, its word in 0xCFC.
 *
 * Every function of every bus up to the highest one that a bridge leads to is kept with what a driver needs: its
 * ranges of ports and its interrupt line. What the firmware left open is settled here: a range of ports without an
 * address gets one above all that have one, and a pin without a line gets what the PIIX3's router (82371SB, 2.2.3) says
 * for its wire. The four wires are dealt out over slots: INTA of slot n is wire (n - 1) mod 4. Wires without a line
 * share 10 and 11. PCI interrupts are levels: the PIC is told so (ELCR).
 */
#include "block/blkdev.h"
#include "drivers/pci.h"
#include "asm/io.h"
#include "mm/slab.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u
#define ELCR 0x4d0

#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define COMMAND_IO 0x1u
#define COMMAND_MEMORY 0x2u
#define COMMAND_MASTER 0x4u
#define PCI_HEADER 0x0c
#define PCI_BAR0 0x10
#define PCI_SECONDARY_BUS 0x18
#define PCI_SUBSYSTEM 0x2c
#define PCI_INTERRUPT 0x3c /* line, pin */
#define HEADER_MULTI 0x80u
#define HEADER_BRIDGE 1u
#define BAR_IO 1u
#define BAR_MEMORY_64 4u

#define PIIX3_ID 0x70008086u
#define PIIX3_PIRQ 0x60
#define PIRQ_OFF 0x80u

#define FIRST_FREE_PORT 0xc000u
#define LAST_PORT 0xffffu

LIST_HEAD(pci_devices);

static u32 read_word(u8 bus, u8 devfn, u8 offset)
{
    outl(CONFIG_ENABLE | (u32)bus << 16 | (u32)devfn << 8 | (offset & 0xfcu), CONFIG_ADDRESS);
    return inl(CONFIG_DATA);
}

u32 pci_read_config(const struct pci_dev *dev, u8 offset) { return read_word(dev->bus, dev->devfn, offset); }

void pci_write_config(const struct pci_dev *dev, u8 offset, u32 value)
{
    outl(CONFIG_ENABLE | (u32)dev->bus << 16 | (u32)dev->devfn << 8 | (offset & 0xfcu), CONFIG_ADDRESS);
    outl(value, CONFIG_DATA);
}

/* The upper half are status bits that a written 1 would clear. */
static void change_command(const struct pci_dev *dev, u32 set, u32 clear)
{
    u32 command = pci_read_config(dev, PCI_COMMAND) & 0xffffu;
    pci_write_config(dev, PCI_COMMAND, (command & ~clear) | set);
}

void pci_enable_device(const struct pci_dev *dev) { change_command(dev, COMMAND_IO | COMMAND_MASTER, 0); }

/* ---- ports ---- */

static u8 bar_offset(unsigned bar) { return (u8)(PCI_BAR0 + bar * 4); }

/* How many bits of a BAR take a value says how large its range is; the function must not answer meanwhile. */
static void size_bar(struct pci_dev *dev, unsigned bar, u32 value)
{
    pci_write_config(dev, bar_offset(bar), ~0u);
    u32 writable = pci_read_config(dev, bar_offset(bar)) & 0xfffcu;
    pci_write_config(dev, bar_offset(bar), value);
    dev->io_bytes[bar] = writable & (0u - writable);
    dev->io_base[bar] = (u16)(value & 0xfffcu);
}

static void read_bars(struct pci_dev *dev)
{
    u32 command = pci_read_config(dev, PCI_COMMAND) & (COMMAND_IO | COMMAND_MEMORY);
    change_command(dev, 0, COMMAND_IO | COMMAND_MEMORY);
    for (unsigned bar = 0; bar < 6; bar++) {
        u32 value = pci_read_config(dev, bar_offset(bar));
        if (value & BAR_IO)
            size_bar(dev, bar, value);
        else if (value & BAR_MEMORY_64)
            bar++;
    }
    change_command(dev, command, 0);
}

static u32 ports_end(void)
{
    const struct pci_dev *dev;
    u32 end = FIRST_FREE_PORT;
    list_for_each_entry (dev, &pci_devices, list) {
        for (unsigned bar = 0; bar < 6; bar++)
            if (dev->io_base[bar])
                end = max_t(u32, end, dev->io_base[bar] + dev->io_bytes[bar]);
    }
    return end;
}

static void place_bar(struct pci_dev *dev, unsigned bar)
{
    u32 base = ALIGN_UP(ports_end(), dev->io_bytes[bar]);
    if (base + dev->io_bytes[bar] - 1 > LAST_PORT) {
        printk(KERN_WARNING "pci %02x:%02x.%u: no ports left\n", dev->bus, dev->devfn >> 3, dev->devfn & 7u);
        return;
    }
    change_command(dev, 0, COMMAND_IO);
    pci_write_config(dev, bar_offset(bar), base);
    dev->io_base[bar] = (u16)base;
}

static void place_ports(void)
{
    struct pci_dev *dev;
    list_for_each_entry (dev, &pci_devices, list) {
        for (unsigned bar = 0; bar < 6; bar++)
            if (dev->io_bytes[bar] && !dev->io_base[bar])
                place_bar(dev, bar);
    }
}

/* ---- interrupts ---- */

static const struct pci_dev *find_router(void)
{
    const struct pci_dev *dev;
    list_for_each_entry (dev, &pci_devices, list) {
        if (((u32)dev->device << 16 | dev->vendor) == PIIX3_ID)
            return dev;
    }
    return NULL;
}

static void set_level_triggered(unsigned irq)
{
    u16 port = (u16)(ELCR + irq / 8);
    outb((u8)(inb(port) | 1u << irq % 8), port);
}

/* The line of a wire, given to it now if it has none. */
static u8 line_of_wire(const struct pci_dev *router, unsigned wire)
{
    u32 routes = pci_read_config(router, PIIX3_PIRQ);
    u8 route = (u8)(routes >> wire * 8);
    if (!(route & PIRQ_OFF))
        return route & 15u;
    route = (u8)(10 + wire / 2);
    pci_write_config(router, PIIX3_PIRQ, (routes & ~(0xffu << wire * 8)) | (u32)route << wire * 8);
    return route;
}

static void route_interrupt(struct pci_dev *dev, const struct pci_dev *router)
{
    u32 interrupt = pci_read_config(dev, PCI_INTERRUPT);
    unsigned pin = interrupt >> 8 & 0xffu, line = interrupt & 0xffu;
    dev->irq = PCI_NO_IRQ;
    if (pin < 1 || pin > 4)
        return;
    if ((line == 0 || line > 15) && router) {
        line = line_of_wire(router, (pin - 1 + (dev->devfn >> 3) - 1) & 3u);
        pci_write_config(dev, PCI_INTERRUPT, (interrupt & ~0xffu) | line);
    }
    if (line == 0 || line > 15)
        return;
    set_level_triggered(line);
    dev->irq = (u8)line;
}

static void route_interrupts(void)
{
    const struct pci_dev *router = find_router();
    struct pci_dev *dev;
    list_for_each_entry (dev, &pci_devices, list)
        route_interrupt(dev, router);
}

/* ---- the scan ---- */

static unsigned last_bus;

static void add_function(u8 bus, u8 devfn, u32 id, u32 header)
{
    struct pci_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
    if (!dev)
        panic("no memory for the PCI bus");
    dev->bus = bus;
    dev->devfn = devfn;
    dev->vendor = (u16)id;
    dev->device = (u16)(id >> 16);
    list_add_tail(&dev->list, &pci_devices);
    if (header == HEADER_BRIDGE) {
        last_bus = max_t(unsigned, last_bus, pci_read_config(dev, PCI_SECONDARY_BUS) >> 8 & 0xffu);
        return;
    }
    dev->subsystem_device = (u16)(pci_read_config(dev, PCI_SUBSYSTEM) >> 16);
    read_bars(dev);
}

static void scan_slot(u8 bus, u8 slot)
{
    for (unsigned function = 0; function < 8; function++) {
        u8 devfn = (u8)(slot << 3 | function);
        u32 id = read_word(bus, devfn, PCI_ID);
        u32 header = read_word(bus, devfn, PCI_HEADER) >> 16;
        if ((id & 0xffffu) != 0xffffu && (id & 0xffffu) != 0)
            add_function(bus, devfn, id, header & 0x7fu);
        else if (function == 0)
            return;
        if (function == 0 && !(header & HEADER_MULTI))
            return;
    }
}

static bool bus_is_there(void)
{
    outl(CONFIG_ENABLE, CONFIG_ADDRESS);
    return inl(CONFIG_ADDRESS) == CONFIG_ENABLE;
}

void pci_init(void)
{
    if (!bus_is_there())
        return;
    for (unsigned bus = 0; bus <= last_bus; bus++)
        for (unsigned slot = 0; slot < 32; slot++)
            scan_slot((u8)bus, (u8)slot);
    place_ports();
    route_interrupts();
}
