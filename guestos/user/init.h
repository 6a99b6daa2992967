/* The parts of init. */
#ifndef USER_INIT_H
#define USER_INIT_H

void raw_terminal(const char *options); /* terminal.c: bytes pass through; no echo, unless options say "echo" */
void enable_swap(void);                 /* swap.c: every disk that carries a swap signature */
void enter_root(const char *program);   /* root.c: root= of the kernel's command line; program: found in it */
void leave_root(const char *program);   /* after the last process: the disk is clean */

#endif
