/*
 * The device's side of a split virtqueue in guest memory, legacy layout.
 *
 *     base    descriptors  16 bytes each: address, length, flags (next, writable, indirect), next
 *             available    flags, index, ring of descriptor numbers, one more word   (the guest writes)
 *     4096    used         flags, index, ring of { descriptor number, bytes }         (the device writes)
 *
 * What it keeps true, whatever the guest writes:
 *   - a chain has at most VIRTQ_SEGMENTS_MAX segments, none of them empty, all readable ones before all writable ones;
 *     a loop, a number outside its table or a table inside a table makes the queue broken instead of long;
 *   - at most `size` chains are taken between two looks at the guest's index;
 *   - the device touches nothing but RAM: a structure or a segment outside makes the call fail.
 *
 * A queue that is broken once stays so until virtqueue_place(). Source: Virtual I/O Device 1.1, sections 2.6 and 2.6.2.
 */
#ifndef FAULTLINE_VIRTQUEUE_H
#define FAULTLINE_VIRTQUEUE_H

#include "emu/devices/device.h"

#define VIRTQ_SEGMENTS_MAX 1024u
#define VIRTQ_ALIGN 4096u

struct virtqueue {
    struct guest_memory memory;
    uint64_t base; /* 0: the guest has not placed it */
    uint16_t size; /* a power of two */
    uint16_t next_available, next_used;
    bool broken;
};

struct virtq_segment {
    uint64_t address;
    uint32_t length;
};

/* Readable segments come first. Offsets below count bytes from the first one of their kind. */
struct virtq_chain {
    uint16_t head;
    unsigned readable, writable; /* segments */
    uint64_t readable_bytes, writable_bytes;
    struct virtq_segment segment[VIRTQ_SEGMENTS_MAX];
};

void virtqueue_init(struct virtqueue *queue, struct guest_memory memory, uint16_t size);
/* The guest has put the queue at base, or taken it away (0). */
void virtqueue_place(struct virtqueue *queue, uint64_t base);

/* Takes the next chain. False: there is none, or the queue is broken. */
bool virtqueue_take(struct virtqueue *queue, struct virtq_chain *chain);
/* Gives a chain back; bytes: of its writable part. False: the queue is broken. */
bool virtqueue_give(struct virtqueue *queue, uint16_t head, uint32_t bytes);
/* Does the guest want an interrupt for used chains? */
bool virtqueue_wants_interrupt(const struct virtqueue *queue);

/* Copy between the chain's bytes and to or from. False: not all of it is in the chain and in RAM. */
bool virtq_read(const struct virtqueue *queue, const struct virtq_chain *chain, uint64_t offset, void *to, size_t size);
bool virtq_write(const struct virtqueue *queue, const struct virtq_chain *chain, uint64_t offset, const void *from,
                 size_t size);

#endif
