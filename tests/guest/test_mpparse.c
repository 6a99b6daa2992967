/* The MP table: found where the specification says, read whole or not at all, whatever it is. */
#include "world.h"
#include "asm/irq.h"

#define EBDA 0x9fc00u
#define TABLE 0x9fd00u
#define TABLE_HEAD 44u

static u8 *ram(u32 at) { return __va(at); }

static void put32(u32 at, u32 value) { memcpy(ram(at), &value, 4); }
static void put16(u32 at, u16 value) { memcpy(ram(at), &value, 2); }

static void make_sum(u32 start, u32 bytes, u32 at)
{
    u8 sum = 0;

    *ram(at) = 0;
    for (u32 i = 0; i < bytes; i++)
        sum = (u8)(sum + *ram(start + i));
    *ram(at) = (u8)-sum;
}

static void put_pointer(u32 at, u32 table)
{
    memset(ram(at), 0, 16);
    memcpy(ram(at), "_MP_", 4);
    put32(at + 4, table);
    *ram(at + 8) = 1;
    *ram(at + 9) = 4;
    make_sum(at, 16, at + 10);
}

static u32 table_end;

static void add(const void *entry, u32 bytes)
{
    memcpy(ram(table_end), entry, bytes);
    table_end += bytes;
}

static void finish_table(u32 table)
{
    put16(table + 4, (u16)(table_end - table));
    make_sum(table, table_end - table, table + 7);
}

static void put_table(u32 table)
{
    static const u8 cpu[20] = {0, 0, 0x14, 3}, io_apic[8] = {2, 1, 0x11, 1, 0, 0, 0xc0, 0xfe};
    static const u8 pci_interrupt[8] = {3, 0, 0x0d, 0, 0, 3 << 2, 1, 11};

    memset(ram(table), 0, TABLE_HEAD);
    memcpy(ram(table), "PCMP", 4);
    put32(table + 36, 0xfee00000u);
    table_end = table + TABLE_HEAD;
    add(cpu, 20);
    add("\1\0PCI   ", 8);
    add("\1\1ISA   ", 8);
    add(io_apic, 8);
    for (u8 irq = 0; irq < 8; irq++) {
        const u8 interrupt[8] = {3, 0, 0, 0, 1, irq, 1, irq ? irq : 2};
        if (irq != 2)
            add(interrupt, 8);
    }
    add(pci_interrupt, 8);
    finish_table(table);
}

static void begin(void)
{
    world_map_ram();
    memset(ram(0), 0, MIB);
    put16(0x40e, EBDA >> 4);
    put16(0x413, 639);
}

static void check_config(const struct mp_config *config)
{
    CHECK_EQ(config->lapic_addr, 0xfee00000u);
    CHECK_EQ(config->ioapic_addr, 0xfec00000u);
    CHECK_EQ(config->ioapic_id, 1);
    CHECK_EQ(config->pin[0], 2);
    CHECK_EQ(config->pin[1], 1);
    CHECK_EQ(config->pin[2], NO_PIN);
    CHECK_EQ(config->pin[8], NO_PIN);
    CHECK_EQ(config->pin[11], 11);
    CHECK(config->level[11] && !config->active_low[11]);
    CHECK(!config->level[4] && !config->active_low[4]);
}

static void it_is_found_where_it_may_be(void)
{
    static const u32 places[] = {EBDA, EBDA + 0x90, 0x9f800, 0x9fbf0, 0xf0000, 0xffff0};
    struct mp_config config;

    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        begin();
        if (places[i] < EBDA)
            put16(0x40e, 0), put16(0x413, 639);
        put_table(TABLE);
        put_pointer(places[i], TABLE);
        CHECKF(find_mp_config(&config), "pointer at %x", places[i]);
        check_config(&config);
    }
}

static void nothing_is_no_table(void)
{
    struct mp_config config;

    begin();
    CHECK(!find_mp_config(&config));
    put_pointer(EBDA, 0); /* a default configuration: no table */
    CHECK(!find_mp_config(&config));
    put_pointer(EBDA, 0xfffffff0);
    CHECK(!find_mp_config(&config));
    put_pointer(EBDA, MIB - 8);
    CHECK(!find_mp_config(&config));
}

static void broken_ones_are_refused(void)
{
    struct mp_config config;
    u32 bytes;

    begin();
    put_table(TABLE);
    put_pointer(EBDA, TABLE);
    bytes = table_end - TABLE;
    for (u32 i = 0; i < bytes; i++) {
        ram(TABLE)[i] ^= 0x10;
        CHECKF(!find_mp_config(&config), "byte %u of the table", i);
        ram(TABLE)[i] ^= 0x10;
    }
    for (u32 i = 0; i < 16; i++) {
        ram(EBDA)[i] ^= 0x10;
        CHECKF(!find_mp_config(&config), "byte %u of the pointer", i);
        ram(EBDA)[i] ^= 0x10;
    }
    put32(TABLE + 36, 0xfee00004u);
    finish_table(TABLE);
    CHECK(!find_mp_config(&config)); /* not a page */
}

/* Any bytes with right sums: no access outside, and what is accepted makes sense. */
static void hostile_tables(void)
{
    random_seed(11);
    begin();
    for (int n = 0; n < 20000; n++) {
        struct mp_config config;

        put_table(TABLE);
        put_pointer(EBDA, TABLE);
        for (u32 i = random_u32() % 20; i > 0; i--)
            *ram(TABLE + 6 + random_u32() % (table_end - TABLE - 6)) = (u8)random_u32();
        if (n % 4 == 0)
            table_end = TABLE + TABLE_HEAD + random_u32() % 160;
        finish_table(TABLE);
        if (!find_mp_config(&config))
            continue;
        CHECK(config.ioapic_addr && !(config.ioapic_addr & 0xfff) && !(config.lapic_addr & 0xfff));
        CHECK(config.pin[0] != NO_PIN);
    }
}

int main(void)
{
    tap_run("it is found where it may be", it_is_found_where_it_may_be);
    tap_run("nothing is no table", nothing_is_no_table);
    tap_run("broken ones are refused", broken_ones_are_refused);
    tap_run("20000 hostile tables", hostile_tables);
    return tap_done();
}
