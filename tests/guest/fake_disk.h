/* A disk in memory under the real request queue: what it is given ends when the task sleeps, in an order of chance. */
#ifndef TESTS_GUEST_FAKE_DISK_H
#define TESTS_GUEST_FAKE_DISK_H

#include "world.h"
#include "block/request.h"

#define DISK_SECTORS 2048u
extern u8 disk_bytes[DISK_SECTORS << SECTOR_SHIFT];
extern unsigned disk_depth;     /* requests that it takes at a time; 0: none */
extern unsigned disk_under_way; /* of those that it has */
extern u64 disk_bad_sector;     /* a request that touches it fails; ~0: none */
extern bool disk_fail_writes, disk_fail_flush;
extern unsigned disk_requests[3]; /* ended, by READ, WRITE, REQ_FLUSH */
extern struct request disk_last;  /* a copy of the one that ended last */

struct block_device *disk_make(void); /* vda; also sets while_sleeping */
void disk_end_one(void);
void disk_end_all(void);

#endif
