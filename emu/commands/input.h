/* Standard input as the guest's keyboard, and the headless run loop that feeds it. */
#ifndef FAULTLINE_INPUT_H
#define FAULTLINE_INPUT_H

#include "emu/debug/session.h"

/* Runs until a stop or the limit, feeding standard input to the guest's terminal, ^D at its end. A regular file
 * arrives at the same virtual times on every run; a terminal or a pipe when somebody types. MACHINE_STOP_POINT: a point
 * of the session's debugger was met. */
/* A slice without input: by the debugger when there are points. */
enum machine_stop input_slice(struct session *session, vtime until);
enum machine_stop input_run(struct session *session, vtime limit);

#endif
