/*
 * libfaultline: the emulator without its window, for programs that embed it.
 *
 * A test program builds a session from bytes, runs it, and looks at what happened:
 *
 *     struct session_config config = {.ram_bytes = 64 << 20, .rom = rom, .kernel = kernel, .initrd = initrd,
 *                                     .cmdline = "loglevel=0", .program_name = "my test", .story = true,
 *                                     .on_fault = my_fault};
 *     char error[200];
 *     struct session *session = session_create(&config, error, sizeof(error));
 *     if (!session) ...                              // error holds one sentence
 *     enum machine_stop stop = session_run(session, 5000000000ull);   // at most 5 s of virtual time
 *     session_finish(session);
 *     int status = machine_exit_status(session_machine(session));
 *     session_destroy(session);
 *
 * Failures of the host come back as NULL or a negative errno with a sentence; what the guest does wrong comes back as
 * a typed stop or record; a broken invariant of the emulator itself is an assertion. Sessions are independent of each other and
 * each belongs to one thread. Everything is deterministic: same bytes in, same callbacks out.
 */
#ifndef FAULTLINE_H
#define FAULTLINE_H

#include "emu/debug/session.h"

#endif
