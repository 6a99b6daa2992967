/* The local APIC: see local_apic.h for the model. */
#include "emu/devices/local_apic.h"

#include <string.h>

/* Registers, by number: offset / 16. */
#define REG_ID 0x02u
#define REG_VERSION 0x03u
#define REG_TPR 0x08u
#define REG_PPR 0x0Au
#define REG_EOI 0x0Bu
#define REG_LDR 0x0Du
#define REG_DFR 0x0Eu
#define REG_SVR 0x0Fu
#define REG_ISR 0x10u
#define REG_TMR 0x18u
#define REG_IRR 0x20u
#define REG_ESR 0x28u
#define REG_ICR_LOW 0x30u
#define REG_ICR_HIGH 0x31u
#define REG_LVT 0x32u
#define REG_INITIAL_COUNT 0x38u
#define REG_CURRENT_COUNT 0x39u
#define REG_DIVIDE 0x3Eu

#define VERSION 0x00050014u /* six local vectors */
#define DFR_FLAT 0xF0000000u
#define DFR_ONES 0x0FFFFFFFu
#define SVR_ENABLED 0x100u
#define SVR_BITS 0x1FFu
#define SVR_RESET 0xFFu
#define LVT_MASKED 0x10000u
#define LVT_LEVEL 0x8000u
#define LVT_PERIODIC 0x20000u
#define ESR_ILLEGAL_REGISTER 0x80u
#define ICR_LOGICAL 0x800u
#define ICR_LEVEL_TRIGGERED 0x8000u
#define DESTINATION_ALL 0xFFu
#define BASE_ADDRESS 0xFFFFFF000ull
#define DELIVERY(word) ((word) >> 8 & 7u)
#define NO_VECTOR (-1)
/* A periodic timer of less than this tells only every so many zeros: a vector that waits cannot wait twice. */
#define REPEAT_NS_MIN 1000u

static bool bit_is_set(const uint32_t *words, unsigned vector) { return words[vector / 32] >> vector % 32 & 1u; }
static void set_bit(uint32_t *words, unsigned vector) { words[vector / 32] |= 1u << vector % 32; }
static void clear_bit(uint32_t *words, unsigned vector) { words[vector / 32] &= ~(1u << vector % 32); }

static int highest_bit(const uint32_t *words) {
    for (int word = 7; word >= 0; word--)
        if (words[word])
            return word * 32 + 31 - __builtin_clz(words[word]);
    return NO_VECTOR;
}

/* Priority */

static uint32_t processor_priority(const struct local_apic *apic) {
    int served = highest_bit(apic->isr);
    uint32_t served_class = served == NO_VECTOR ? 0 : (uint32_t)served & 0xF0u;
    return (apic->tpr & 0xF0u) >= served_class ? apic->tpr : served_class;
}

static int request(const struct local_apic *apic) {
    int vector = highest_bit(apic->irr);
    uint32_t priority = processor_priority(apic);
    if (!local_apic_enabled(apic) || !(apic->spurious & SVR_ENABLED) || vector == NO_VECTOR)
        return NO_VECTOR;
    return priority && ((uint32_t)vector & 0xF0u) <= (priority & 0xF0u) ? NO_VECTOR : vector;
}

bool local_apic_enabled(const struct local_apic *apic) { return apic->base & APIC_BASE_ENABLE; }

bool local_apic_pending(const struct local_apic *apic) { return request(apic) != NO_VECTOR; }

bool local_apic_hears_pic(const struct local_apic *apic) {
    uint32_t lint0 = apic->lvt[APIC_LVT_LINT0];
    if (!local_apic_enabled(apic) || !(apic->spurious & SVR_ENABLED) || apic->extint)
        return true;
    return !(lint0 & LVT_MASKED) && DELIVERY(lint0) == APIC_EXTINT;
}

static void tell(const struct local_apic *apic) {
    irq_set(&apic->changed, local_apic_pending(apic) || (apic->lint[0] && local_apic_hears_pic(apic)));
}

int local_apic_acknowledge(struct local_apic *apic) {
    int vector = request(apic);
    if (vector == NO_VECTOR)
        return -1;
    clear_bit(apic->irr, (unsigned)vector);
    set_bit(apic->isr, (unsigned)vector);
    tell(apic);
    return vector;
}

void local_apic_pic_acknowledged(struct local_apic *apic) {
    apic->extint = false;
    tell(apic);
}

static void end_of_interrupt(struct local_apic *apic) {
    int vector = highest_bit(apic->isr);
    if (vector == NO_VECTOR)
        return;
    clear_bit(apic->isr, (unsigned)vector);
    if (bit_is_set(apic->tmr, (unsigned)vector) && apic->eoi)
        apic->eoi(apic->eoi_owner, (uint8_t)vector);
}

/* Arrival */

static void accept(struct local_apic *apic, unsigned vector, bool level) {
    set_bit(apic->irr, vector);
    if (level)
        set_bit(apic->tmr, vector);
    else
        clear_bit(apic->tmr, vector);
}

static void pulse_nmi(const struct local_apic *apic) {
    irq_set(&apic->nmi, true);
    irq_set(&apic->nmi, false);
}

/* SMI, INIT and start-up mean nothing to a machine of one CPU without system management mode. */
static void deliver(struct local_apic *apic, unsigned delivery, unsigned vector, bool level) {
    switch (delivery) {
    case APIC_FIXED:
    case APIC_LOWEST: accept(apic, vector, level); break;
    case APIC_NMI: pulse_nmi(apic); break;
    case APIC_EXTINT: apic->extint = true; break;
    default: break;
    }
    tell(apic);
}

static bool is_for(const struct local_apic *apic, uint8_t destination, bool logical) {
    uint32_t mine = apic->logical_destination >> 24;
    if (!logical)
        return destination == DESTINATION_ALL || destination == apic->id >> 24;
    if ((apic->destination_format & DFR_FLAT) == DFR_FLAT)
        return destination & mine;
    return (destination & 0xF0u) == (mine & 0xF0u) && (destination & mine & 0x0Fu);
}

void local_apic_receive(struct local_apic *apic, struct apic_message message) {
    if (local_apic_enabled(apic) && is_for(apic, message.destination, message.logical))
        deliver(apic, message.delivery, message.vector, message.level);
}

static void deliver_local(struct local_apic *apic, unsigned number) {
    uint32_t lvt = apic->lvt[number];
    bool line = number == APIC_LVT_LINT0 || number == APIC_LVT_LINT1;
    if (!(lvt & LVT_MASKED) && DELIVERY(lvt) != APIC_EXTINT)
        deliver(apic, DELIVERY(lvt), lvt & 0xFFu, line && (lvt & LVT_LEVEL));
}

void local_apic_lint(void *owner, unsigned number, bool level) {
    struct local_apic *apic = owner;
    if (number > 1)
        return;
    bool rises = level && !apic->lint[number];
    uint32_t lvt = apic->lvt[APIC_LVT_LINT0 + number];
    apic->lint[number] = level;
    if (rises && local_apic_enabled(apic))
        deliver_local(apic, APIC_LVT_LINT0 + number);
    else if (!level && DELIVERY(lvt) == APIC_FIXED && (lvt & LVT_LEVEL))
        clear_bit(apic->irr, lvt & 0xFFu);
    tell(apic);
}

/* Sending: to oneself, for there is nobody else. */
static void send(struct local_apic *apic) {
    uint32_t low = apic->icr[0];
    unsigned shorthand = low >> 18 & 3u;
    bool here = shorthand == 0 ? is_for(apic, (uint8_t)(apic->icr[1] >> 24), low & ICR_LOGICAL) : shorthand < 3;
    if (here)
        deliver(apic, DELIVERY(low), low & 0xFFu, low & ICR_LEVEL_TRIGGERED);
}

static void error(struct local_apic *apic, uint32_t bits) {
    bool first = !(apic->esr_pending & bits);
    apic->esr_pending |= bits;
    if (first)
        deliver_local(apic, APIC_LVT_ERROR);
}

/* The timer */

/* 0: the clock as it is, 7: a 128th of it. */
static unsigned divide_shift(const struct local_apic *apic) {
    return ((apic->divide & 3u) + (apic->divide >> 1 & 4u) + 1) & 7u;
}

static uint64_t counts_since_load(const struct local_apic *apic) {
    return (apic->clock->now - apic->loaded) >> divide_shift(apic);
}

static uint32_t current_count(const struct local_apic *apic) {
    uint64_t counts = counts_since_load(apic);
    if (!apic->initial_count)
        return 0;
    if (apic->lvt[APIC_LVT_TIMER] & LVT_PERIODIC)
        return apic->initial_count - (uint32_t)(counts % apic->initial_count);
    return counts >= apic->initial_count ? 0 : apic->initial_count - (uint32_t)counts;
}

/* Arms for the next time that the count is zero and somebody is to be told, not before `counts` since the load. */
static void arm_timer_after(struct local_apic *apic, uint64_t counts) {
    uint32_t lvt = apic->lvt[APIC_LVT_TIMER];
    uint64_t next = apic->initial_count;
    vtimer_cancel(apic->clock, &apic->timer);
    if (!apic->initial_count || (lvt & LVT_MASKED) || !local_apic_enabled(apic))
        return;
    if (lvt & LVT_PERIODIC)
        next *= counts / apic->initial_count + 1;
    else if (counts >= apic->initial_count)
        return;
    vtimer_arm(apic->clock, &apic->timer, apic->loaded + (next << divide_shift(apic)));
}

static void arm_timer(struct local_apic *apic) { arm_timer_after(apic, counts_since_load(apic)); }

static void timer_fires(void *owner, vtime now) {
    struct local_apic *apic = owner;
    (void)now;
    deliver_local(apic, APIC_LVT_TIMER);
    arm_timer_after(apic, counts_since_load(apic) + (REPEAT_NS_MIN >> divide_shift(apic)));
}

static void load_timer(struct local_apic *apic, uint32_t count) {
    apic->initial_count = count;
    apic->loaded = apic->clock->now;
    arm_timer(apic);
}

/* Another divisor: what is left of the count goes on with it. */
static void set_divide(struct local_apic *apic, uint32_t value) {
    uint64_t counts = counts_since_load(apic);
    apic->divide = value & 0x0Bu;
    uint64_t passed = counts << divide_shift(apic);
    apic->loaded = passed > apic->clock->now ? 0 : apic->clock->now - passed;
    arm_timer(apic);
}

/* Registers */

static uint32_t read_register(struct local_apic *apic, unsigned number) {
    switch (number) {
    case REG_ID: return apic->id;
    case REG_VERSION: return VERSION;
    case REG_TPR: return apic->tpr;
    case REG_PPR: return processor_priority(apic);
    case REG_EOI:
    case 0x09: /* arbitration priority */ return 0;
    case REG_LDR: return apic->logical_destination;
    case REG_DFR: return apic->destination_format;
    case REG_SVR: return apic->spurious;
    case REG_ESR: return apic->esr;
    case REG_ICR_LOW:
    case REG_ICR_HIGH: return apic->icr[number - REG_ICR_LOW];
    case REG_INITIAL_COUNT: return apic->initial_count;
    case REG_CURRENT_COUNT: return current_count(apic);
    case REG_DIVIDE: return apic->divide;
    default: break;
    }
    if (number >= REG_ISR && number < REG_TMR)
        return apic->isr[number - REG_ISR];
    if (number >= REG_TMR && number < REG_IRR)
        return apic->tmr[number - REG_TMR];
    if (number >= REG_IRR && number < REG_ESR)
        return apic->irr[number - REG_IRR];
    if (number >= REG_LVT && number < REG_LVT + APIC_LOCAL_VECTORS)
        return apic->lvt[number - REG_LVT];
    error(apic, ESR_ILLEGAL_REGISTER);
    return 0;
}

static void write_lvt(struct local_apic *apic, unsigned number, uint32_t value) {
    apic->lvt[number] = value;
    if (number == APIC_LVT_TIMER)
        arm_timer(apic);
}

static bool is_read_only(unsigned number) {
    return number == REG_VERSION || number == 0x09 || number == REG_PPR || number == REG_CURRENT_COUNT ||
           (number >= REG_ISR && number < REG_ESR);
}

static void write_register(struct local_apic *apic, unsigned number, uint32_t value) {
    switch (number) {
    case REG_ID: apic->id = value & 0xFF000000u; break;
    case REG_TPR: apic->tpr = value & 0xFFu; break;
    case REG_EOI: end_of_interrupt(apic); break;
    case REG_LDR: apic->logical_destination = value & 0xFF000000u; break;
    case REG_DFR: apic->destination_format = value | DFR_ONES; break;
    case REG_SVR: apic->spurious = value & SVR_BITS; break;
    case REG_ESR:
        apic->esr = apic->esr_pending;
        apic->esr_pending = 0;
        break;
    case REG_ICR_LOW:
        apic->icr[0] = value;
        send(apic);
        break;
    case REG_ICR_HIGH: apic->icr[1] = value; break;
    case REG_INITIAL_COUNT: load_timer(apic, value); break;
    case REG_DIVIDE: set_divide(apic, value); break;
    default:
        if (number >= REG_LVT && number < REG_LVT + APIC_LOCAL_VECTORS)
            write_lvt(apic, number - REG_LVT, value);
        else if (!is_read_only(number))
            error(apic, ESR_ILLEGAL_REGISTER);
        break;
    }
    tell(apic);
}

static uint32_t apic_read(void *device, uint64_t offset, unsigned size) {
    return size == 4 && offset < LOCAL_APIC_BYTES ? read_register(device, (unsigned)offset >> 4) : 0;
}

static void apic_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    if (size == 4 && offset < LOCAL_APIC_BYTES)
        write_register(device, (unsigned)offset >> 4, value);
}

/* Life */

static void reset_registers(struct local_apic *apic) {
    vtimer_cancel(apic->clock, &apic->timer);
    apic->id = apic->tpr = apic->logical_destination = 0;
    apic->destination_format = UINT32_MAX;
    apic->spurious = SVR_RESET;
    memset(apic->irr, 0, sizeof apic->irr);
    memset(apic->isr, 0, sizeof apic->isr);
    memset(apic->tmr, 0, sizeof apic->tmr);
    for (unsigned i = 0; i < APIC_LOCAL_VECTORS; i++)
        apic->lvt[i] = LVT_MASKED;
    apic->esr = apic->esr_pending = apic->icr[0] = apic->icr[1] = 0;
    apic->divide = apic->initial_count = 0;
    apic->extint = false;
}

void local_apic_init(struct local_apic *apic, struct vclock *clock, struct irq_line changed, struct irq_line nmi,
                     void (*eoi)(void *owner, uint8_t vector), void *eoi_owner) {
    *apic = (struct local_apic){
        .clock = clock,
        .base = LOCAL_APIC_BASE | APIC_BASE_BSP | APIC_BASE_ENABLE,
        .changed = changed,
        .nmi = nmi,
        .eoi = eoi,
        .eoi_owner = eoi_owner,
    };
    vtimer_init(&apic->timer, timer_fires, apic);
    reset_registers(apic);
}

uint64_t local_apic_base(const struct local_apic *apic) { return apic->base; }

void local_apic_set_base(struct local_apic *apic, uint64_t value) {
    apic->base = (value & (BASE_ADDRESS | APIC_BASE_ENABLE)) | APIC_BASE_BSP;
    if (!local_apic_enabled(apic))
        reset_registers(apic);
    tell(apic);
}

void local_apic_ranges(struct local_apic *apic, struct io_range ranges[LOCAL_APIC_RANGES]) {
    static const struct io_ops ops = {apic_read, apic_write};
    uint64_t bytes = local_apic_enabled(apic) ? LOCAL_APIC_BYTES : 0;
    ranges[0] = (struct io_range){apic->base & BASE_ADDRESS, bytes, &ops, apic};
}
