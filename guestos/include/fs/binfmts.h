/*
 * exec in the making: one structure from the system call to the program's first instruction. exec.c owns it; a binary
 * format reads it, and calls begin_new_program() when it is sure that it can run the file.
 */
#ifndef _FS_BINFMTS_H
#define _FS_BINFMTS_H

#include "fs/fs.h"

#define BINPRM_BUF_SIZE 256
#define STACK_TOP TASK_SIZE

struct linux_binprm {
    char buf[BINPRM_BUF_SIZE]; /* the file's beginning, zeroes after its end */
    struct file *file;
    struct mm_struct *mm; /* the new address space, until begin_new_program() */
    unsigned long p;      /* top of what is on the new stack */
    int argc, envc;
    const char *filename; /* what was asked for */
    const char *interp;   /* what runs: filename, or a script's interpreter in interp_name */
    char interp_name[BINPRM_BUF_SIZE];
    unsigned long exec_address; /* of filename on the stack */
    u32 euid, egid;
    bool secure;
    bool committed; /* the old program is gone: a failure kills */
    char *page;     /* scratch, PAGE_SIZE */
};

/* Strings go onto the new stack downwards: the last argument first. 0 or -errno. */
int copy_string_kernel(struct linux_binprm *bprm, const char *string);
int remove_arg_zero(struct linux_binprm *bprm);
int open_program(struct linux_binprm *bprm, const char *path); /* replaces bprm->file, reads buf */

/* The point of no return: the old program is gone. 0; -errno when it could not begin, and nothing has happened. */
int begin_new_program(struct linux_binprm *bprm);

/* 0: the program is ready to run. -ENOEXEC: not this format. Other -errno: cannot run. */
int load_script(struct linux_binprm *bprm); /* 1: look again, it is another file now */
int load_elf_binary(struct linux_binprm *bprm);

#endif
