/* The 8254 computed from the virtual clock: see pit.h for the model. */
#include "emu/devices/pit.h"
#include "emu/devices/io_bytes.h"

#define NS_PER_SECOND 1000000000ull
#define TICK_NEVER UINT64_MAX

#define ACCESS_LOW 1u
#define ACCESS_HIGH 2u
#define ACCESS_BOTH 3u

#define STATUS_OUT 0x80u
#define STATUS_NULL_COUNT 0x40u

uint64_t pit_tick_at(vtime time) {
    return time / NS_PER_SECOND * PIT_HZ + time % NS_PER_SECOND * PIT_HZ / NS_PER_SECOND;
}

vtime pit_time_of(uint64_t tick) {
    return tick / PIT_HZ * NS_PER_SECOND + (tick % PIT_HZ * NS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

static bool is_periodic(const struct pit_channel *channel) { return channel->mode == 2 || channel->mode == 3; }

static bool is_triggered(const struct pit_channel *channel) { return channel->mode == 1 || channel->mode == 5; }

/* Ticks since the load, 0 when the load has not happened yet. */
static uint64_t elapsed_at(const struct pit_channel *channel, uint64_t tick) {
    if (!channel->counting)
        return channel->held;
    return tick < channel->start ? 0 : tick - channel->start;
}

/* Modes 0 and 1 are low until the count is used up, 2 is low for the last tick of a period, 3 for its second
 * half, 4 and 5 strobe low for the one tick after the count. */
static bool out_at(const struct pit_channel *channel, uint64_t tick) {
    if (!channel->loaded)
        return channel->mode != 0;
    if (is_periodic(channel) && !channel->gate)
        return true; /* data sheet: the gate's falling edge sets OUT high at once */
    if (is_triggered(channel) && !channel->counting)
        return true;
    uint64_t elapsed = elapsed_at(channel, tick), phase = elapsed % channel->count;
    switch (channel->mode) {
    case 0:
    case 1: return elapsed >= channel->count;
    case 2: return phase != channel->count - 1 || channel->count == 1;
    case 3: return phase < (channel->count + 1) / 2;
    default: return elapsed != channel->count;
    }
}

static uint16_t to_bcd(uint64_t value) {
    uint64_t v = value % 10000;
    return (uint16_t)((v / 1000 << 12) | (v / 100 % 10 << 8) | (v / 10 % 10 << 4) | v % 10);
}

static uint32_t from_bcd(uint32_t value) {
    return (value >> 12 & 15u) * 1000 + (value >> 8 & 15u) * 100 + (value >> 4 & 15u) * 10 + (value & 15u);
}

/* The counting element. Mode 3 counts down by two in each half period (data sheet, figure of mode 3). */
static uint16_t value_at(const struct pit_channel *channel, uint64_t tick) {
    uint64_t range = channel->bcd ? 10000 : 0x10000, value = channel->count;
    uint64_t elapsed = elapsed_at(channel, tick), phase = elapsed % channel->count;
    if (channel->mode == 2) {
        value = channel->count - phase;
    } else if (channel->mode == 3) {
        uint64_t high_ticks = (channel->count + 1) / 2;
        uint64_t in_half = phase < high_ticks ? phase : phase - high_ticks;
        value = (channel->count & ~1u) - 2 * in_half;
    } else {
        value = (channel->count + range - elapsed % range) % range;
    }
    return channel->bcd ? to_bcd(value) : (uint16_t)value;
}

/* First tick after `tick` at which OUT rises, TICK_NEVER when it will not. */
static uint64_t next_rise(const struct pit_channel *channel, uint64_t tick) {
    if (!channel->loaded || !channel->counting)
        return TICK_NEVER;
    uint64_t elapsed = tick < channel->start ? 0 : tick - channel->start;
    uint64_t at;
    if (is_periodic(channel)) {
        if (channel->count == 1)
            return TICK_NEVER;
        at = (elapsed / channel->count + 1) * channel->count;
    } else {
        at = channel->mode < 2 ? channel->count : channel->count + 1ull;
        if (at <= elapsed)
            return TICK_NEVER;
    }
    return channel->start + at;
}

/* A count that waited for the end of the period becomes the count. */
static void settle(struct pit_channel *channel, uint64_t tick) {
    if (!channel->next_set || tick < channel->next_start)
        return;
    channel->next_set = false;
    channel->count = channel->next_count;
    channel->start = channel->next_start;
}

static uint64_t now_tick(const struct pit *pit) { return pit_tick_at(pit->clock->now); }

static void rearm(struct pit *pit) {
    struct pit_channel *channel = &pit->channel[0];
    uint64_t rise = next_rise(channel, now_tick(pit));
    if (channel->next_set && rise > channel->next_start)
        rise = channel->next_start; /* the period that is running ends there with a rise */
    if (rise == TICK_NEVER)
        vtimer_cancel(pit->clock, &pit->timer);
    else
        vtimer_arm(pit->clock, &pit->timer, pit_time_of(rise));
}

static void fire(void *owner, vtime now) {
    struct pit *pit = owner;
    settle(&pit->channel[0], pit_tick_at(now));
    /* The low phase before a rise has no timer of its own: only the edge matters to the PIC. */
    irq_set(&pit->irq, false);
    irq_set(&pit->irq, true);
    rearm(pit);
}

/* Puts OUT of channel 0 on the line. Called before and after each change by the guest, so that an edge which the
 * change itself makes reaches the PIC, and a low phase that the line skipped is made up for. */
static void show_out(struct pit *pit) { irq_set(&pit->irq, out_at(&pit->channel[0], now_tick(pit))); }

static void channel_changed(struct pit *pit, unsigned number) {
    if (number != 0)
        return;
    show_out(pit);
    rearm(pit);
}

void pit_init(struct pit *pit, struct vclock *clock, struct irq_line irq) {
    *pit = (struct pit){.clock = clock, .irq = irq};
    for (unsigned i = 0; i < 3; i++)
        pit->channel[i] =
            (struct pit_channel){.mode = 3, .control = 0x36, .access = ACCESS_BOTH, .gate = i != 2, .count = 0x10000};
    vtimer_init(&pit->timer, fire, pit);
    show_out(pit);
}

static void load(struct pit_channel *channel, uint32_t written, uint64_t tick) {
    uint32_t count = channel->bcd ? from_bcd(written) : written;
    if (count == 0)
        count = channel->bcd ? 10000 : 0x10000;
    if (channel->loaded && channel->counting && is_periodic(channel) && tick >= channel->start) {
        channel->next_set = true;
        channel->next_count = count;
        channel->next_start = channel->start + ((tick - channel->start) / channel->count + 1) * channel->count;
        return;
    }
    channel->count = count;
    channel->held = 0;
    channel->start = tick + 1;
    channel->next_set = false;
    channel->loaded = true;
    channel->counting = channel->gate && !is_triggered(channel);
}

static void write_count(struct pit *pit, unsigned number, uint8_t value) {
    struct pit_channel *channel = &pit->channel[number];
    uint64_t tick = now_tick(pit);
    settle(channel, tick);
    show_out(pit);
    if (channel->access == ACCESS_BOTH && !channel->low_written) {
        channel->low_written = true;
        channel->low_byte = value;
        if (channel->mode == 0)
            channel->loaded = channel->counting = false; /* the first byte of two stops mode 0 */
    } else {
        uint32_t low = channel->access == ACCESS_BOTH ? channel->low_byte : 0;
        channel->low_written = false;
        load(channel, channel->access == ACCESS_LOW ? value : low | (uint32_t)value << 8, tick);
    }
    channel_changed(pit, number);
}

static void latch_count(struct pit_channel *channel, uint64_t tick) {
    if (channel->latched_bytes)
        return; /* data sheet: the first latch holds until it is read */
    channel->latched_value = value_at(channel, tick);
    channel->latched_bytes = channel->access == ACCESS_BOTH ? 2 : 1;
    channel->high_wanted = false;
}

static void latch_status(struct pit_channel *channel, uint64_t tick) {
    if (channel->status_latched)
        return;
    bool null_count = !channel->loaded || channel->next_set || (channel->counting && tick < channel->start);
    channel->status_latched = true;
    channel->latched_status =
        (uint8_t)((out_at(channel, tick) ? STATUS_OUT : 0u) | (null_count ? STATUS_NULL_COUNT : 0u) | channel->control);
}

/* Read-back command: bit 5 clear latches counts, bit 4 clear latches status, bits 1 to 3 choose channels. */
static void read_back(struct pit *pit, uint8_t command) {
    for (unsigned i = 0; i < 3; i++) {
        struct pit_channel *channel = &pit->channel[i];
        if (!(command & 2u << i))
            continue;
        settle(channel, now_tick(pit));
        if (!(command & 0x20u))
            latch_count(channel, now_tick(pit));
        if (!(command & 0x10u))
            latch_status(channel, now_tick(pit));
    }
}

static void set_mode(struct pit_channel *channel, uint8_t control) {
    uint8_t mode = control >> 1 & 7u;
    bool gate = channel->gate;
    *channel = (struct pit_channel){
        .mode = mode > 5 ? (uint8_t)(mode - 4) : mode,
        .control = control & 0x3Fu,
        .access = control >> 4 & 3u,
        .bcd = control & 1u,
        .gate = gate,
        .count = control & 1u ? 10000 : 0x10000,
    };
}

static void write_control(struct pit *pit, uint8_t control) {
    unsigned number = control >> 6;
    if (number == 3) {
        read_back(pit, control);
        return;
    }
    struct pit_channel *channel = &pit->channel[number];
    settle(channel, now_tick(pit));
    if ((control & 0x30u) == 0) {
        latch_count(channel, now_tick(pit));
        return;
    }
    show_out(pit);
    set_mode(channel, control);
    channel_changed(pit, number);
}

static uint8_t read_count(struct pit *pit, unsigned number) {
    struct pit_channel *channel = &pit->channel[number];
    uint64_t tick = now_tick(pit);
    settle(channel, tick);
    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->latched_status;
    }
    uint16_t value = channel->latched_bytes ? channel->latched_value : value_at(channel, tick);
    if (channel->latched_bytes)
        channel->latched_bytes--;
    bool high = channel->access == ACCESS_HIGH || (channel->access == ACCESS_BOTH && channel->high_wanted);
    if (channel->access == ACCESS_BOTH)
        channel->high_wanted = !channel->high_wanted;
    return (uint8_t)(high ? value >> 8 : value);
}

/* The gate's edges: see the data sheet's table "gate pin operations". */
static void set_gate(struct pit_channel *channel, bool gate, uint64_t tick) {
    settle(channel, tick);
    bool rises = gate && !channel->gate, falls = !gate && channel->gate;
    if (falls && !is_triggered(channel) && channel->counting) {
        channel->held = elapsed_at(channel, tick);
        channel->counting = false;
    }
    channel->gate = gate;
    if (!rises || !channel->loaded)
        return;
    if (channel->next_set)
        channel->count = channel->next_count;
    channel->next_set = false;
    bool restarts = is_triggered(channel) || is_periodic(channel);
    channel->start = restarts ? tick + 1 : tick - channel->held;
    channel->counting = true;
}

static uint8_t pit_read_byte(void *device, uint64_t offset) {
    return offset < 3 ? read_count(device, (unsigned)offset) : 0xFF; /* the control word cannot be read */
}

static void pit_write_byte(void *device, uint64_t offset, uint8_t value) {
    if (offset < 3)
        write_count(device, (unsigned)offset, value);
    else if (offset == 3)
        write_control(device, value);
}

static uint8_t port_61_read_byte(void *device, uint64_t offset) {
    struct pit *pit = device;
    if (offset > 0)
        return 0xFF;
    uint64_t tick = now_tick(pit);
    settle(&pit->channel[2], tick);
    bool refresh = tick / PIT_REFRESH_TICKS & 1u;
    return (uint8_t)(pit->port_61 | (refresh ? 0x10u : 0u) | (out_at(&pit->channel[2], tick) ? 0x20u : 0u));
}

static void port_61_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct pit *pit = device;
    if (offset > 0)
        return;
    pit->port_61 = value & 0x0Fu;
    set_gate(&pit->channel[2], value & 1u, now_tick(pit));
}

static uint32_t pit_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, pit_read_byte);
}

static void pit_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, pit_write_byte);
}

static uint32_t port_61_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, port_61_read_byte);
}

static void port_61_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, port_61_write_byte);
}

void pit_ranges(struct pit *pit, struct io_range ranges[PIT_RANGES]) {
    static const struct io_ops counter_ops = {pit_read, pit_write};
    static const struct io_ops port_61_ops = {port_61_read, port_61_write};
    ranges[0] = (struct io_range){0x40, 4, &counter_ops, pit};
    ranges[1] = (struct io_range){0x61, 1, &port_61_ops, pit};
}
