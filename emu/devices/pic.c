/* The 8259A pair: see pic.h for the model. */
#include "emu/devices/pic.h"
#include "emu/devices/io_bytes.h"

#define PIC_SPURIOUS 7u
#define PIC_NONE (-1)

#define ICW1_ICW4 0x01u
#define ICW1_SINGLE 0x02u
#define ICW1_MARK 0x10u
#define ICW4_AUTO_EOI 0x02u
#define ICW4_SPECIAL_FULLY_NESTED 0x10u
#define OCW3_MARK 0x08u
#define OCW3_POLL 0x04u

#define ELCR_MASTER_WRITABLE 0xF8u
#define ELCR_SLAVE_WRITABLE 0xDEu

static uint8_t bit(unsigned number) { return (uint8_t)(1u << number); }

/* Rank of the most urgent set bit of a mask (0 is most urgent), 8 when there is none. */
static unsigned chip_rank(const struct pic_chip *chip, uint8_t mask) {
    unsigned rank = 0;
    while (rank < 8 && !(mask & bit((chip->highest + rank) & 7u)))
        rank++;
    return rank;
}

static uint8_t chip_blocking(const struct pic_chip *chip) {
    uint8_t blocking = chip->isr;
    if (chip->special_mask)
        blocking &= (uint8_t)~chip->imr;
    if (chip->special_fully_nested && chip->is_master)
        blocking &= (uint8_t)~bit(PIC_CASCADE_INPUT);
    return blocking;
}

/* The input to be served now, or PIC_NONE. */
static int chip_request(const struct pic_chip *chip) {
    unsigned rank = chip_rank(chip, (uint8_t)(chip->irr & ~chip->imr));
    if (rank == 8 || rank >= chip_rank(chip, chip_blocking(chip)))
        return PIC_NONE;
    return (int)((chip->highest + rank) & 7u);
}

static void chip_set_input(struct pic_chip *chip, unsigned number, bool level) {
    uint8_t mask = bit(number);
    bool was_high = chip->input & mask;
    chip->input = (uint8_t)(level ? chip->input | mask : chip->input & ~mask);
    if (chip->level & mask)
        chip->irr = (uint8_t)(level ? chip->irr | mask : chip->irr & ~mask);
    else if (level && !was_high)
        chip->irr |= mask;
}

static void chip_rotate_after(struct pic_chip *chip, unsigned number) { chip->highest = (number + 1) & 7u; }

/* The chip's half of INTA: returns the input number, PIC_SPURIOUS without an ISR bit when there is none. */
static unsigned chip_acknowledge(struct pic_chip *chip) {
    int request = chip_request(chip);
    if (request == PIC_NONE)
        return PIC_SPURIOUS;
    unsigned number = (unsigned)request;
    if (!(chip->level & bit(number)))
        chip->irr &= (uint8_t)~bit(number);
    if (!chip->auto_eoi)
        chip->isr |= bit(number);
    else if (chip->rotate_on_auto_eoi)
        chip_rotate_after(chip, number);
    return number;
}

/* Carries the slave's output into the master and the master's to the CPU. */
static void pic_update(struct pic *pic) {
    chip_set_input(&pic->master, PIC_CASCADE_INPUT, chip_request(&pic->slave) != PIC_NONE);
    irq_set(&pic->output, pic_pending(pic));
}

void pic_init(struct pic *pic, struct irq_line output) {
    *pic = (struct pic){
        .master = {.is_master = true, .level_writable = ELCR_MASTER_WRITABLE, .imr = 0xFF},
        .slave = {.level_writable = ELCR_SLAVE_WRITABLE, .imr = 0xFF},
        .output = output,
    };
}

void pic_set_irq(void *owner, unsigned number, bool level) {
    struct pic *pic = owner;
    if (number > 15 || number == PIC_CASCADE_INPUT)
        return;
    chip_set_input(number < 8 ? &pic->master : &pic->slave, number & 7u, level);
    pic_update(pic);
}

bool pic_pending(const struct pic *pic) { return chip_request(&pic->master) != PIC_NONE; }

uint8_t pic_acknowledge(struct pic *pic) {
    bool cascade = chip_request(&pic->master) == (int)PIC_CASCADE_INPUT;
    unsigned number = chip_acknowledge(&pic->master);
    uint8_t vector = (uint8_t)(pic->master.vector_base + number);
    if (cascade) {
        number = chip_acknowledge(&pic->slave);
        vector = (uint8_t)(pic->slave.vector_base + number);
        /* The slave's output falls with the acknowledge; a further request of it is a new edge. */
        chip_set_input(&pic->master, PIC_CASCADE_INPUT, false);
    }
    pic_update(pic);
    return vector;
}

static void chip_start_init(struct pic_chip *chip, uint8_t icw1) {
    chip->irr = chip->input & chip->level;
    chip->imr = chip->isr = 0;
    chip->highest = 0;
    chip->read_isr = chip->poll = chip->special_mask = false;
    chip->auto_eoi = chip->rotate_on_auto_eoi = chip->special_fully_nested = false;
    chip->icw4_follows = icw1 & ICW1_ICW4;
    chip->single = icw1 & ICW1_SINGLE;
    chip->init_step = PIC_WANTS_ICW2;
}

static void chip_end_of_interrupt(struct pic_chip *chip, uint8_t command, unsigned number) {
    bool specific = command & 0x40u, rotate = command & 0x80u;
    if (!specific) {
        /* In special mask mode a masked input in service is passed over (data sheet, special mask mode). */
        unsigned rank = chip_rank(chip, chip->special_mask ? (uint8_t)(chip->isr & ~chip->imr) : chip->isr);
        if (rank == 8)
            return;
        number = (chip->highest + rank) & 7u;
    }
    chip->isr &= (uint8_t)~bit(number);
    if (rotate)
        chip_rotate_after(chip, number);
}

/* OCW2: bits 7-5 are rotate, specific, end of interrupt; bits 2-0 an input number. */
static void chip_write_ocw2(struct pic_chip *chip, uint8_t value) {
    switch (value >> 5) {
    case 0: chip->rotate_on_auto_eoi = false; break;
    case 4: chip->rotate_on_auto_eoi = true; break;
    case 1:
    case 3:
    case 5:
    case 7: chip_end_of_interrupt(chip, value, value & 7u); break;
    case 6: chip_rotate_after(chip, value & 7u); break;
    default: break; /* 2 is "no operation" */
    }
}

static void chip_write_ocw3(struct pic_chip *chip, uint8_t value) {
    if (value & 0x40u)
        chip->special_mask = value & 0x20u;
    if (value & OCW3_POLL)
        chip->poll = true;
    else if (value & 0x02u)
        chip->read_isr = value & 0x01u;
}

static void chip_write_icw(struct pic_chip *chip, uint8_t value) {
    switch (chip->init_step) {
    case PIC_WANTS_ICW2:
        chip->vector_base = value & 0xF8u;
        chip->init_step = chip->single ? (chip->icw4_follows ? PIC_WANTS_ICW4 : PIC_READY) : PIC_WANTS_ICW3;
        break;
    case PIC_WANTS_ICW3: /* the wiring is the PC's, whatever the guest says */
        chip->init_step = chip->icw4_follows ? PIC_WANTS_ICW4 : PIC_READY;
        break;
    default: /* ICW4 */
        chip->auto_eoi = value & ICW4_AUTO_EOI;
        chip->special_fully_nested = value & ICW4_SPECIAL_FULLY_NESTED;
        chip->init_step = PIC_READY;
        break;
    }
}

static void chip_write(struct pic_chip *chip, uint64_t offset, uint8_t value) {
    if (offset == 0 && (value & ICW1_MARK))
        chip_start_init(chip, value);
    else if (offset == 0 && (value & OCW3_MARK))
        chip_write_ocw3(chip, value);
    else if (offset == 0)
        chip_write_ocw2(chip, value);
    else if (offset == 1 && chip->init_step != PIC_READY)
        chip_write_icw(chip, value);
    else if (offset == 1)
        chip->imr = value;
}

/* The read after a poll command acknowledges like INTA and gives 0x80 | input, or 0. */
static uint8_t chip_poll(struct pic_chip *chip) {
    chip->poll = false;
    if (chip_request(chip) == PIC_NONE)
        return 0;
    return (uint8_t)(0x80u | chip_acknowledge(chip));
}

static uint8_t chip_read(struct pic_chip *chip, uint64_t offset) {
    if (offset > 1)
        return 0xFF;
    if (chip->poll)
        return chip_poll(chip);
    if (offset == 1)
        return chip->imr;
    return chip->read_isr ? chip->isr : chip->irr;
}

static uint8_t master_read_byte(void *device, uint64_t offset) {
    struct pic *pic = device;
    uint8_t value = chip_read(&pic->master, offset);
    pic_update(pic);
    return value;
}

static uint8_t slave_read_byte(void *device, uint64_t offset) {
    struct pic *pic = device;
    uint8_t value = chip_read(&pic->slave, offset);
    pic_update(pic);
    return value;
}

static void master_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct pic *pic = device;
    chip_write(&pic->master, offset, value);
    pic_update(pic);
}

static void slave_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct pic *pic = device;
    chip_write(&pic->slave, offset, value);
    pic_update(pic);
}

static uint8_t elcr_read_byte(void *device, uint64_t offset) {
    const struct pic *pic = device;
    if (offset > 1)
        return 0xFF;
    return offset == 0 ? pic->master.level : pic->slave.level;
}

static void elcr_write_byte(void *device, uint64_t offset, uint8_t value) {
    struct pic *pic = device;
    if (offset > 1)
        return;
    struct pic_chip *chip = offset == 0 ? &pic->master : &pic->slave;
    chip->level = value & chip->level_writable;
    /* An input that is level-triggered from now on asks exactly while it is high. */
    chip->irr = (uint8_t)((chip->irr & ~chip->level) | (chip->input & chip->level));
    pic_update(pic);
}

static uint32_t master_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, master_read_byte);
}

static void master_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, master_write_byte);
}

static uint32_t slave_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, slave_read_byte);
}

static void slave_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, slave_write_byte);
}

static uint32_t elcr_read(void *device, uint64_t offset, unsigned size) {
    return io_read_bytes(device, offset, size, elcr_read_byte);
}

static void elcr_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    io_write_bytes(device, offset, size, value, elcr_write_byte);
}

void pic_ranges(struct pic *pic, struct io_range ranges[PIC_RANGES]) {
    static const struct io_ops master_ops = {master_read, master_write};
    static const struct io_ops slave_ops = {slave_read, slave_write};
    static const struct io_ops elcr_ops = {elcr_read, elcr_write};
    ranges[0] = (struct io_range){0x20, 2, &master_ops, pic};
    ranges[1] = (struct io_range){0xA0, 2, &slave_ops, pic};
    ranges[2] = (struct io_range){0x4D0, 2, &elcr_ops, pic};
}
