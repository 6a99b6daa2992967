/* Split virtqueues: see virtqueue.h. */
#include "emu/devices/virtqueue.h"
#include "emu/devices/little_endian.h"

#define DESCRIPTOR_BYTES 16u
#define DESC_NEXT 1u
#define DESC_WRITABLE 2u
#define DESC_INDIRECT 4u
#define AVAILABLE_NO_INTERRUPT 1u
#define RING_HEAD 4u /* flags and index */
#define USED_ENTRY_BYTES 8u

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

/* Where descriptors are read from: the queue's own table or an indirect one. */
struct table {
    uint64_t address;
    uint32_t count;
};

static bool read_memory(const struct virtqueue *queue, uint64_t at, void *to, size_t size) {
    return queue->memory.read(queue->memory.owner, at, to, size);
}

static bool break_queue(struct virtqueue *queue) {
    queue->broken = true;
    return false;
}

static uint64_t available_ring(const struct virtqueue *queue) {
    return queue->base + (uint64_t)queue->size * DESCRIPTOR_BYTES;
}

static uint64_t used_ring(const struct virtqueue *queue) {
    uint64_t end = available_ring(queue) + RING_HEAD + (uint64_t)queue->size * 2 + 2;
    return (end + VIRTQ_ALIGN - 1) & ~(uint64_t)(VIRTQ_ALIGN - 1);
}

void virtqueue_init(struct virtqueue *queue, struct guest_memory memory, uint16_t size) {
    *queue = (struct virtqueue){.memory = memory, .size = size};
}

void virtqueue_place(struct virtqueue *queue, uint64_t base) {
    *queue = (struct virtqueue){queue->memory, base, queue->size, 0, 0, false};
}

static bool read_descriptor(const struct virtqueue *queue, struct table table, uint32_t index, struct descriptor *to) {
    uint8_t bytes[DESCRIPTOR_BYTES];
    if (index >= table.count ||
        !read_memory(queue, table.address + (uint64_t)index * DESCRIPTOR_BYTES, bytes, sizeof bytes))
        return false;
    *to = (struct descriptor){get64(bytes), get32(bytes + 8), get16(bytes + 12), get16(bytes + 14)};
    return true;
}

static bool add_segment(struct virtq_chain *chain, const struct descriptor *descriptor) {
    unsigned count = chain->readable + chain->writable;
    bool writable = descriptor->flags & DESC_WRITABLE;
    if (count == VIRTQ_SEGMENTS_MAX || descriptor->length == 0 || (chain->writable && !writable))
        return false;
    chain->segment[count] = (struct virtq_segment){descriptor->address, descriptor->length};
    if (writable) {
        chain->writable++;
        chain->writable_bytes += descriptor->length;
    } else {
        chain->readable++;
        chain->readable_bytes += descriptor->length;
    }
    return true;
}

/* A chain without a loop is no longer than its table. */
static bool walk(const struct virtqueue *queue, struct table table, uint32_t index, struct virtq_chain *chain) {
    struct descriptor descriptor;
    for (uint32_t steps = 0; steps < table.count; steps++) {
        if (!read_descriptor(queue, table, index, &descriptor) || (descriptor.flags & DESC_INDIRECT) ||
            !add_segment(chain, &descriptor))
            return false;
        if (!(descriptor.flags & DESC_NEXT))
            return true;
        index = descriptor.next;
    }
    return false;
}

/* An indirect table hangs on the first descriptor of a chain, and is all of it. */
static bool read_chain(const struct virtqueue *queue, uint16_t head, struct virtq_chain *chain) {
    struct table table = {queue->base, queue->size};
    struct descriptor first;
    chain->head = head;
    chain->readable = chain->writable = 0;
    chain->readable_bytes = chain->writable_bytes = 0;
    if (!read_descriptor(queue, table, head, &first))
        return false;
    if (!(first.flags & DESC_INDIRECT))
        return walk(queue, table, head, chain);
    if ((first.flags & DESC_NEXT) || first.length == 0 || first.length % DESCRIPTOR_BYTES != 0)
        return false;
    return walk(queue, (struct table){first.address, first.length / DESCRIPTOR_BYTES}, 0, chain);
}

bool virtqueue_take(struct virtqueue *queue, struct virtq_chain *chain) {
    uint8_t bytes[2];
    if (!queue->base || queue->broken)
        return false;
    if (!read_memory(queue, available_ring(queue) + 2, bytes, 2))
        return break_queue(queue);
    uint16_t waiting = (uint16_t)(get16(bytes) - queue->next_available);
    if (waiting == 0)
        return false;
    uint64_t entry = available_ring(queue) + RING_HEAD + (queue->next_available & (queue->size - 1u)) * 2ull;
    if (waiting > queue->size || !read_memory(queue, entry, bytes, 2) || !read_chain(queue, get16(bytes), chain))
        return break_queue(queue);
    queue->next_available++;
    return true;
}

bool virtqueue_give(struct virtqueue *queue, uint16_t head, uint32_t bytes) {
    uint8_t entry[USED_ENTRY_BYTES], index[2];
    uint64_t used = used_ring(queue),
             at = used + RING_HEAD + (queue->next_used & (queue->size - 1u)) * USED_ENTRY_BYTES;
    const struct guest_memory *memory = &queue->memory;
    if (!queue->base || queue->broken)
        return false;
    put32(entry, head);
    put32(entry + 4, bytes);
    put16(index, queue->next_used + 1u);
    if (!memory->write(memory->owner, at, entry, sizeof entry) || !memory->write(memory->owner, used + 2, index, 2))
        return break_queue(queue);
    queue->next_used++;
    return true;
}

bool virtqueue_wants_interrupt(const struct virtqueue *queue) {
    uint8_t flags[2];
    return !read_memory(queue, available_ring(queue), flags, 2) || !(get16(flags) & AVAILABLE_NO_INTERRUPT);
}

/* Copying. One of to and from is given. */

struct copy {
    const struct virtq_segment *segment;
    unsigned count;
    uint64_t offset;
    uint8_t *to;
    const uint8_t *from;
    size_t size;
};

static bool copy_piece(const struct guest_memory *memory, const struct copy *copy, uint64_t address, size_t done,
                       size_t piece) {
    if (copy->to)
        return memory->read(memory->owner, address, copy->to + done, piece);
    return memory->write(memory->owner, address, copy->from + done, piece);
}

static bool copy_bytes(const struct guest_memory *memory, const struct copy *copy) {
    uint64_t skip = copy->offset;
    size_t done = 0;
    for (unsigned i = 0; i < copy->count && done < copy->size; i++) {
        const struct virtq_segment *segment = &copy->segment[i];
        if (skip >= segment->length) {
            skip -= segment->length;
            continue;
        }
        size_t piece = segment->length - (size_t)skip;
        if (piece > copy->size - done)
            piece = copy->size - done;
        if (segment->address > UINT64_MAX - segment->length ||
            !copy_piece(memory, copy, segment->address + skip, done, piece))
            return false;
        done += piece;
        skip = 0;
    }
    return done == copy->size;
}

bool virtq_read(const struct virtqueue *queue, const struct virtq_chain *chain, uint64_t offset, void *to,
                size_t size) {
    struct copy copy = {chain->segment, chain->readable, offset, to, NULL, size};
    return copy_bytes(&queue->memory, &copy);
}

bool virtq_write(const struct virtqueue *queue, const struct virtq_chain *chain, uint64_t offset, const void *from,
                 size_t size) {
    struct copy copy = {chain->segment + chain->readable, chain->writable, offset, NULL, from, size};
    return copy_bytes(&queue->memory, &copy);
}
