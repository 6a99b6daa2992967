/* The 8259A pair, rule by rule of its data sheet. */
#include "tests/devices/rig.h"
#include "emu/devices/pic.h"

#define MASTER 0x20
#define SLAVE 0xA0
#define ELCR 0x4D0
#define EOI 0x20u
#define SPECIFIC_EOI 0x60u
#define READ_IRR 0x0Au
#define READ_ISR 0x0Bu

struct fixture {
    struct pic pic;
    struct bus bus;
    struct wire output;
};

static void start(struct fixture *f, unsigned icw4) {
    static const unsigned port[2] = {MASTER, SLAVE}, base[2] = {0x20, 0x28}, wiring[2] = {4, 2};
    for (unsigned i = 0; i < 2; i++) {
        out(&f->bus, port[i], 0x11);
        out(&f->bus, port[i] + 1, base[i]);
        out(&f->bus, port[i] + 1, wiring[i]);
        out(&f->bus, port[i] + 1, icw4);
        out(&f->bus, port[i] + 1, 0);
    }
}

static struct fixture *make(unsigned icw4) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[PIC_RANGES];
    pic_init(&f->pic, wire_line(&f->output));
    pic_ranges(&f->pic, ranges);
    bus_add(&f->bus, ranges, PIC_RANGES);
    start(f, icw4);
    return f;
}

static void edge(struct fixture *f, unsigned number) {
    pic_set_irq(&f->pic, number, true);
    pic_set_irq(&f->pic, number, false);
}

static unsigned irr(struct fixture *f, unsigned port) {
    out(&f->bus, port, READ_IRR);
    return in(&f->bus, port);
}

static unsigned isr(struct fixture *f, unsigned port) {
    out(&f->bus, port, READ_ISR);
    return in(&f->bus, port);
}

Test(pic, an_edge_asks_until_it_is_acknowledged) {
    struct fixture *f = make(1);
    cr_assert(!f->output.level);
    edge(f, 3);
    cr_assert(f->output.level, "the request must outlive the input's high level");
    cr_assert_eq(irr(f, MASTER), 0x08);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x23);
    cr_assert_eq(irr(f, MASTER), 0);
    cr_assert_eq(isr(f, MASTER), 0x08);
    cr_assert(!f->output.level);
}

Test(pic, a_constant_high_edge_input_asks_once) {
    struct fixture *f = make(1);
    pic_set_irq(&f->pic, 3, true);
    pic_acknowledge(&f->pic);
    out(&f->bus, MASTER, EOI);
    pic_set_irq(&f->pic, 3, true);
    cr_assert(!f->output.level);
}

Test(pic, a_level_input_asks_while_it_is_high) {
    struct fixture *f = make(1);
    out(&f->bus, ELCR, 0x20);
    pic_set_irq(&f->pic, 5, true);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x25);
    cr_assert_eq(irr(f, MASTER), 0x20, "still high");
    cr_assert(!f->output.level, "in service");
    out(&f->bus, MASTER, EOI);
    cr_assert(f->output.level, "asks again after the end of interrupt");
    pic_set_irq(&f->pic, 5, false);
    cr_assert(!f->output.level);
}

Test(pic, a_request_that_went_away_gives_vector_7_and_no_service_bit) {
    struct fixture *f = make(1);
    out(&f->bus, ELCR, 0x20);
    pic_set_irq(&f->pic, 5, true);
    pic_set_irq(&f->pic, 5, false);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x27);
    cr_assert_eq(isr(f, MASTER), 0);
}

Test(pic, a_slave_request_that_went_away_gives_vector_15_and_a_cascade_bit) {
    struct fixture *f = make(1);
    out(&f->bus, ELCR + 1, 0x08);
    pic_set_irq(&f->pic, 11, true);
    pic_set_irq(&f->pic, 11, false);
    cr_assert(f->output.level, "the master latched the cascade's edge");
    cr_assert_eq(pic_acknowledge(&f->pic), 0x2F);
    cr_assert_eq(isr(f, SLAVE), 0);
    cr_assert_eq(isr(f, MASTER), 0x04);
}

Test(pic, higher_priority_interrupts_lower_waits) {
    struct fixture *f = make(1);
    edge(f, 4);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x24);
    edge(f, 6);
    cr_assert(!f->output.level);
    edge(f, 1);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x21);
    cr_assert_eq(isr(f, MASTER), 0x12);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(isr(f, MASTER), 0x10, "a non-specific end takes the highest in service");
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x26);
}

Test(pic, of_two_requests_the_lower_number_is_first) {
    struct fixture *f = make(1);
    edge(f, 7);
    edge(f, 3);
    edge(f, 0);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x20);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x23);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x27);
    cr_assert_eq(isr(f, MASTER), 0x80, "a real 7 is in service");
}

Test(pic, a_specific_end_takes_the_named_one) {
    struct fixture *f = make(1);
    edge(f, 4);
    pic_acknowledge(&f->pic);
    edge(f, 1);
    pic_acknowledge(&f->pic);
    out(&f->bus, MASTER, SPECIFIC_EOI | 4);
    cr_assert_eq(isr(f, MASTER), 0x02);
}

Test(pic, the_mask_holds_requests_back_but_keeps_them) {
    struct fixture *f = make(1);
    out(&f->bus, MASTER + 1, 0x08);
    edge(f, 3);
    cr_assert(!f->output.level);
    cr_assert_eq(irr(f, MASTER), 0x08);
    cr_assert_eq(in(&f->bus, MASTER + 1), 0x08);
    out(&f->bus, MASTER + 1, 0);
    cr_assert(f->output.level);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x23);
}

Test(pic, auto_end_leaves_nothing_in_service) {
    struct fixture *f = make(3);
    edge(f, 3);
    edge(f, 5);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x23);
    cr_assert_eq(isr(f, MASTER), 0);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x25);
}

Test(pic, auto_end_may_rotate) {
    struct fixture *f = make(3);
    out(&f->bus, MASTER, 0x80);
    edge(f, 3);
    pic_acknowledge(&f->pic);
    edge(f, 3);
    edge(f, 5);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x25, "3 was served last and is lowest now");
    out(&f->bus, MASTER, 0x00);
    edge(f, 6);
    pic_acknowledge(&f->pic);
    pic_acknowledge(&f->pic);
    edge(f, 6);
    edge(f, 7);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x26, "rotation is off again: 5 stays lowest");
}

Test(pic, rotation_makes_the_ended_one_lowest) {
    struct fixture *f = make(1);
    edge(f, 2 + 1);
    pic_acknowledge(&f->pic);
    out(&f->bus, MASTER, 0xA0);
    edge(f, 3);
    edge(f, 4);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x24);
    out(&f->bus, MASTER, 0xE0 | 4);
    edge(f, 1);
    edge(f, 5);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x25);
}

Test(pic, priority_can_be_set) {
    struct fixture *f = make(1);
    out(&f->bus, MASTER, 0xC0 | 3);
    edge(f, 3);
    edge(f, 0);
    edge(f, 4);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x24);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x20);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x23);
}

Test(pic, special_mask_lets_lower_ones_through) {
    struct fixture *f = make(1);
    edge(f, 3);
    pic_acknowledge(&f->pic);
    edge(f, 5);
    cr_assert(!f->output.level);
    out(&f->bus, MASTER + 1, 0x08);
    out(&f->bus, MASTER, 0x68);
    cr_assert(f->output.level);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x25);
    out(&f->bus, MASTER, EOI);
    cr_assert_eq(isr(f, MASTER), 0x08, "the masked one in service is passed over");
    out(&f->bus, MASTER, 0x48);
    edge(f, 5);
    cr_assert(!f->output.level, "special mask is off");
}

Test(pic, slave_interrupts_need_both_ends) {
    struct fixture *f = make(1);
    edge(f, 12);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x2C);
    cr_assert_eq(isr(f, MASTER), 0x04);
    cr_assert_eq(isr(f, SLAVE), 0x10);
    edge(f, 14);
    cr_assert(!f->output.level, "lower priority on the slave");
    out(&f->bus, SLAVE, EOI);
    cr_assert(!f->output.level, "the master still serves the cascade");
    out(&f->bus, MASTER, EOI);
    cr_assert(f->output.level);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x2E);
}

Test(pic, two_slave_requests_come_one_after_the_other) {
    struct fixture *f = make(1);
    edge(f, 9);
    edge(f, 8);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x28);
    out(&f->bus, MASTER, EOI);
    cr_assert(!f->output.level);
    out(&f->bus, SLAVE, EOI);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x29);
}

Test(pic, special_fully_nested_lets_the_slave_interrupt_itself) {
    struct fixture *f = make(0x11);
    edge(f, 12);
    pic_acknowledge(&f->pic);
    edge(f, 9);
    cr_assert(f->output.level);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x29);
}

Test(pic, without_it_the_slave_waits_for_the_master) {
    struct fixture *f = make(1);
    edge(f, 12);
    pic_acknowledge(&f->pic);
    edge(f, 9);
    cr_assert(!f->output.level);
}

Test(pic, a_poll_acknowledges) {
    struct fixture *f = make(1);
    out(&f->bus, MASTER, 0x0C);
    cr_assert_eq(in(&f->bus, MASTER), 0, "nothing asks");
    edge(f, 5);
    out(&f->bus, MASTER, 0x0C);
    cr_assert_eq(in(&f->bus, MASTER), 0x85);
    cr_assert_eq(isr(f, MASTER), 0x20);
    cr_assert(!f->output.level);
}

Test(pic, initialisation_forgets_edges_masks_and_service) {
    struct fixture *f = make(1);
    edge(f, 3);
    pic_acknowledge(&f->pic);
    pic_set_irq(&f->pic, 6, true);
    out(&f->bus, MASTER + 1, 0xFF);
    start(f, 1);
    cr_assert_eq(isr(f, MASTER), 0);
    cr_assert_eq(irr(f, MASTER), 0, "an input that stays high has to rise again");
    cr_assert_eq(in(&f->bus, MASTER + 1), 0);
    pic_set_irq(&f->pic, 6, false);
    pic_set_irq(&f->pic, 6, true);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x26);
}

Test(pic, initialisation_without_icw4_or_cascade) {
    struct fixture *f = make(1);
    out(&f->bus, MASTER, 0x12); /* single, no ICW4 */
    out(&f->bus, MASTER + 1, 0x47);
    out(&f->bus, MASTER + 1, 0xFD);
    cr_assert_eq(in(&f->bus, MASTER + 1), 0xFD, "ICW2 was the last word");
    edge(f, 1);
    cr_assert_eq(pic_acknowledge(&f->pic), 0x41, "the low three bits of ICW2 do not count");
}

Test(pic, elcr_keeps_the_inputs_that_must_be_edges) {
    struct fixture *f = make(1);
    bus_write(&f->bus, ELCR, 2, 0xFFFF);
    cr_assert_eq(bus_read(&f->bus, ELCR, 2), 0xDEF8);
}

Test(pic, a_masked_pair_is_silent_after_reset) {
    static struct pic pic;
    struct wire output = {0};
    pic_init(&pic, wire_line(&output));
    for (unsigned i = 0; i < 16; i++)
        pic_set_irq(&pic, i, true);
    cr_assert(!output.level);
    pic_set_irq(&pic, 99, true);
    cr_assert_eq(pic_acknowledge(&pic), 7, "spurious");
}
