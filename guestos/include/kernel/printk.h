/* The kernel's log: what boot code tells it. printk itself is in lib/kernel.h. */
#ifndef _KERNEL_PRINTK_H
#define _KERNEL_PRINTK_H

extern int console_loglevel;
void printk_console_ready(void); /* console_init has run: writes what waited */
void printk_options(void);       /* quiet, debug, loglevel=N of the command line */
void printk_force_console(void); /* a dying kernel: everything goes to the console */

#endif
