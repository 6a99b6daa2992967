/* The local APIC and the I/O APIC: priority, ends, virtual wire, timer, messages. */
#include "tests/devices/rig.h"
#include "emu/devices/io_apic.h"

#define APIC(number) (LOCAL_APIC_BASE + 16u * (number))
#define TPR 0x08u
#define EOI 0x0Bu
#define SVR 0x0Fu
#define ISR 0x10u
#define TMR 0x18u
#define IRR 0x20u
#define ESR 0x28u
#define ICR 0x30u
#define LVT_TIMER 0x32u
#define LVT_LINT0 0x35u
#define LVT_LINT1 0x36u
#define LVT_ERROR 0x37u
#define INITIAL 0x38u
#define CURRENT 0x39u
#define DIVIDE 0x3Eu
#define SELF 0x40000u
#define MASKED 0x10000u
#define LEVEL 0x8000u

struct fixture {
    struct vclock clock;
    struct local_apic apic;
    struct io_apic io;
    struct bus bus;
    struct wire changed, nmi;
};

static void receive(void *owner, struct apic_message message) { local_apic_receive(owner, message); }

static struct fixture *make(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct io_range range[2];
    *f = (struct fixture){0};
    vclock_init(&f->clock);
    local_apic_init(&f->apic, &f->clock, wire_line(&f->changed), wire_line(&f->nmi), io_apic_end_of_interrupt, &f->io);
    io_apic_init(&f->io, receive, &f->apic);
    local_apic_ranges(&f->apic, &range[0]);
    io_apic_ranges(&f->io, &range[1]);
    bus_add(&f->bus, range, 2);
    bus_write(&f->bus, APIC(SVR), 4, 0x1FF);
    return f;
}

static void set(struct fixture *f, unsigned number, uint32_t value) { bus_write(&f->bus, APIC(number), 4, value); }
static uint32_t get(struct fixture *f, unsigned number) { return bus_read(&f->bus, APIC(number), 4); }

static void set_entry(struct fixture *f, unsigned pin, uint32_t low) {
    bus_write(&f->bus, IO_APIC_BASE, 4, 0x10 + 2 * pin);
    bus_write(&f->bus, IO_APIC_BASE + 0x10, 4, low);
}

static void pulse(struct fixture *f, unsigned pin) {
    io_apic_set_pin(&f->io, pin, true);
    io_apic_set_pin(&f->io, pin, false);
}

static void expect_taken(struct fixture *f, int vector, const char *when) {
    int taken = local_apic_acknowledge(&f->apic);
    cr_expect_eq(taken, vector, "%s: vector %d, not %d", when, taken, vector);
}

Test(apic, the_higher_class_goes_first_and_the_same_class_waits) {
    struct fixture *f = make();
    set(f, ICR, SELF | 0x51);
    set(f, ICR, SELF | 0x58);
    set(f, ICR, SELF | 0x71);
    cr_expect(f->changed.level);
    expect_taken(f, 0x71, "highest");
    expect_taken(f, -1, "class 5 is below the one in service");
    cr_expect_eq(get(f, ISR + 3), 1u << 17);
    set(f, ICR, SELF | 0x80);
    expect_taken(f, 0x80, "nested");
    set(f, EOI, 0);
    expect_taken(f, -1, "0x71 still is in service");
    set(f, EOI, 0);
    expect_taken(f, 0x58, "then the next");
    expect_taken(f, -1, "the same class");
    set(f, EOI, 0);
    expect_taken(f, 0x51, "last");
    set(f, EOI, 0);
    set(f, EOI, 0);
    cr_expect_eq(get(f, ISR + 2) | get(f, IRR + 2), 0u);
}

Test(apic, the_task_priority_holds_back_its_class_and_below) {
    struct fixture *f = make();
    set(f, TPR, 0x50);
    set(f, ICR, SELF | 0x5F);
    expect_taken(f, -1, "class 5 at priority 0x50");
    set(f, ICR, SELF | 0x60);
    expect_taken(f, 0x60, "class 6");
    set(f, EOI, 0);
    set(f, TPR, 0x4F);
    cr_expect(f->changed.level, "lowering the priority lets it through");
    expect_taken(f, 0x5F, "class 5 at priority 0x4F");
}

Test(apic, switched_off_by_software_it_keeps_what_it_has) {
    struct fixture *f = make();
    set(f, ICR, SELF | 0x40);
    set(f, SVR, 0xFF);
    expect_taken(f, -1, "switched off");
    set(f, SVR, 0x1FF);
    expect_taken(f, 0x40, "switched on");
}

Test(apic, the_pics_are_heard_by_virtual_wire_and_while_it_is_off) {
    struct fixture *f = make();
    cr_expect(!local_apic_hears_pic(&f->apic), "LINT0 is masked");
    set(f, LVT_LINT0, 0x700);
    cr_expect(local_apic_hears_pic(&f->apic), "ExtINT");
    local_apic_lint(&f->apic, 0, true);
    cr_expect(f->changed.level, "the CPU is told");
    cr_expect(!local_apic_pending(&f->apic), "without a vector of the APIC's");
    set(f, LVT_LINT0, MASKED | 0x700);
    cr_expect(!local_apic_hears_pic(&f->apic), "masked");
    set(f, SVR, 0xFF);
    cr_expect(local_apic_hears_pic(&f->apic), "off by software");
    set(f, SVR, 0x1FF);
    local_apic_set_base(&f->apic, LOCAL_APIC_BASE);
    cr_expect(local_apic_hears_pic(&f->apic), "off in IA32_APIC_BASE");
}

Test(apic, local_pins_deliver_by_their_mode) {
    struct fixture *f = make();
    set(f, LVT_LINT1, 0x400);
    local_apic_lint(&f->apic, 1, true);
    local_apic_lint(&f->apic, 1, true);
    cr_expect_eq(f->nmi.rises, 1, "an edge is one NMI, %u came", f->nmi.rises);
    set(f, LVT_LINT0, LEVEL | 0x44);
    local_apic_lint(&f->apic, 0, true);
    cr_expect_eq(get(f, TMR + 2), 1u << 4, "level");
    local_apic_lint(&f->apic, 0, false);
    expect_taken(f, -1, "the level is gone");
    set(f, LVT_LINT0, 0x45);
    local_apic_lint(&f->apic, 0, true);
    local_apic_lint(&f->apic, 0, false);
    expect_taken(f, 0x45, "an edge stays");
}

Test(apic, disabling_in_the_base_register_removes_and_resets_it) {
    struct fixture *f = make();
    struct io_range range;
    set(f, ICR, SELF | 0x40);
    cr_expect_eq(local_apic_base(&f->apic), 0xFEE00900u);
    local_apic_set_base(&f->apic, 0xFEE00000u);
    local_apic_ranges(&f->apic, &range);
    cr_expect_eq(range.count, 0);
    cr_expect_eq(local_apic_base(&f->apic), 0xFEE00100u);
    local_apic_set_base(&f->apic, 0xFFFFFFFFE0000FFFull);
    local_apic_ranges(&f->apic, &range);
    cr_expect_eq(range.base, 0xFE0000000ull, "%llx", (unsigned long long)range.base);
    cr_expect_eq(range.ops->read(range.device, 16 * SVR, 4), 0xFFu);
    cr_expect_eq(range.ops->read(range.device, 16 * (IRR + 2), 4), 0u);
}

Test(apic, one_shot_counts_down_once) {
    struct fixture *f = make();
    set(f, LVT_TIMER, 0x40);
    set(f, DIVIDE, 3); /* by 16 */
    set(f, INITIAL, 1000);
    vclock_advance(&f->clock, 8000);
    cr_expect_eq(get(f, CURRENT), 500u, "%u", get(f, CURRENT));
    vclock_advance(&f->clock, 15999);
    expect_taken(f, -1, "too early");
    vclock_advance(&f->clock, 16000);
    expect_taken(f, 0x40, "at zero");
    set(f, EOI, 0);
    vclock_advance(&f->clock, 1000000);
    expect_taken(f, -1, "only once");
    cr_expect_eq(get(f, CURRENT), 0u);
    cr_expect_eq(vclock_next(&f->clock), VTIME_NEVER);
}

Test(apic, periodic_counts_for_ever_and_masked_counts_in_silence) {
    struct fixture *f = make();
    set(f, LVT_TIMER, 0x20040);
    set(f, DIVIDE, 0x0B); /* by 1 */
    set(f, INITIAL, 10000);
    for (vtime at = 10000; at <= 50000; at += 10000) {
        vclock_advance(&f->clock, at - 1);
        expect_taken(f, -1, "before zero");
        vclock_advance(&f->clock, at);
        expect_taken(f, 0x40, "at zero");
        set(f, EOI, 0);
    }
    set(f, LVT_TIMER, MASKED | 0x20040);
    vclock_advance(&f->clock, 74000);
    cr_expect_eq(get(f, CURRENT), 6000u, "%u", get(f, CURRENT));
    expect_taken(f, -1, "masked");
    set(f, LVT_TIMER, 0x20040);
    vclock_advance(&f->clock, 80000);
    expect_taken(f, 0x40, "in step with the load");
}

/* One advance of a second with a period of one nanosecond must not be a milliard of calls. */
Test(apic, the_shortest_period_costs_little) {
    struct fixture *f = make();
    set(f, LVT_TIMER, 0x20040);
    set(f, DIVIDE, 0x0B);
    set(f, INITIAL, 1);
    f->changed.rises = 0;
    for (vtime at = 0; at < 1000000; at += 1000000 / 4)
        vclock_advance(&f->clock, at);
    cr_expect(vclock_next(&f->clock) >= f->clock.now + 1, "due in the past");
    expect_taken(f, 0x40, "it is told all the same");
    vtime due = vclock_next(&f->clock);
    cr_expect(due > f->clock.now && due <= f->clock.now + 1001, "due in %llu",
              (unsigned long long)(due - f->clock.now));
}

Test(apic, errors_are_latched_by_a_write) {
    struct fixture *f = make();
    set(f, LVT_ERROR, 0x4E);
    get(f, 0x3F);
    get(f, 0x3F);
    cr_expect_eq(get(f, ESR), 0u);
    expect_taken(f, 0x4E, "the error's vector");
    set(f, ESR, 0);
    cr_expect_eq(get(f, ESR), 0x80u);
    set(f, ESR, 0);
    cr_expect_eq(get(f, ESR), 0u);
}

Test(io_apic, a_masked_edge_is_lost_and_an_open_one_is_sent_once) {
    struct fixture *f = make();
    set_entry(f, 5, MASKED | 0x41);
    pulse(f, 5);
    set_entry(f, 5, 0x41);
    expect_taken(f, -1, "the edge of a masked pin");
    io_apic_set_pin(&f->io, 5, true);
    io_apic_set_pin(&f->io, 5, true);
    expect_taken(f, 0x41, "edge");
    set(f, EOI, 0);
    expect_taken(f, -1, "the pin stays high");
}

Test(io_apic, a_level_comes_again_after_its_end_while_it_is_asserted) {
    struct fixture *f = make();
    set_entry(f, 11, LEVEL | 0x61);
    io_apic_set_pin(&f->io, 11, true);
    expect_taken(f, 0x61, "level");
    cr_expect_eq(f->io.entry[11], 0x4000u | LEVEL | 0x61u, "remote IRR");
    io_apic_set_pin(&f->io, 11, false);
    io_apic_set_pin(&f->io, 11, true);
    cr_expect_eq(get(f, IRR + 3), 0u, "nothing before the end");
    set(f, EOI, 0);
    expect_taken(f, 0x61, "again");
    io_apic_set_pin(&f->io, 11, false);
    set(f, EOI, 0);
    expect_taken(f, -1, "no longer asserted");
    cr_expect_eq(f->io.entry[11], LEVEL | 0x61u);
}

Test(io_apic, an_edge_needs_no_end_of_the_io_apic) {
    struct fixture *f = make();
    set_entry(f, 4, LEVEL | 0x61);
    io_apic_set_pin(&f->io, 4, true);
    expect_taken(f, 0x61, "level");
    set(f, ICR, SELF | 0x61); /* the same vector as an edge: TMR follows the last */
    set(f, EOI, 0);
    cr_expect_eq(f->io.entry[4] & 0x4000u, 0x4000u, "remote IRR waits for an end of its own");
}

Test(io_apic, other_modes) {
    struct fixture *f = make();
    set_entry(f, 3, 0x400);
    pulse(f, 3);
    cr_expect_eq(f->nmi.rises, 1, "NMI");
    set_entry(f, 3, 0x700);
    pulse(f, 3);
    cr_expect(local_apic_hears_pic(&f->apic), "ExtINT asks for the PICs' vector");
    local_apic_pic_acknowledged(&f->apic);
    cr_expect(!local_apic_hears_pic(&f->apic), "once");
    set_entry(f, 3, 0x500);
    pulse(f, 3);
    set_entry(f, 3, 0x200);
    pulse(f, 3);
    expect_taken(f, -1, "INIT and SMI");
}

Test(io_apic, numbers_beyond_the_last_pin_are_ignored) {
    struct fixture *f = make();
    struct io_apic before = f->io;
    io_apic_set_pin(&f->io, IO_APIC_PINS, true);
    io_apic_set_pin(&f->io, UINT32_MAX, true);
    cr_expect_eq(memcmp(&before, &f->io, sizeof before), 0);
}
