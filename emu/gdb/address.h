/* Where to listen: see link.h for what may be said. */
#ifndef FAULTLINE_GDB_ADDRESS_H
#define FAULTLINE_GDB_ADDRESS_H

#include <stddef.h>

/* A listening socket, close-on-exec; -1 and one sentence. name: what it is called, for GDB. path: of a socket file to
 * remove at the end, else "". */
int address_listen(const char *where, char name[256], char path[108], char *error, size_t error_size);

#endif
