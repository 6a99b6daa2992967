/*
 * emu/demo: a demonstration is a Lua script that sets a machine up, runs a program in it, says what happens step by
 * step, and checks that it did happen.
 *
 * The model. A script gives one table: what the machine is like, and a function play(). play() runs as one long
 * function: "run until this happens" is a call that returns when it has happened. The same script plays without a
 * display and in the window; what shows it is a stage. Nothing that a script does changes what the guest does, so a
 * demonstration is the same on every run. docs/demos.md describes the functions that a script may call.
 */
#ifndef FAULTLINE_DEMO_H
#define FAULTLINE_DEMO_H

#include "emu/debug/session.h"

#define DEMO_ARGUMENTS 16

struct demo;

/* What the script asks for; texts belong to the demo. */
struct demo_setup {
    const char *title;
    const char *program[DEMO_ARGUMENTS + 1]; /* name and arguments, NULL at the end */
    const char *cmdline;                     /* words for the kernel; "" none */
    uint64_t memory;                         /* bytes of guest RAM */
    uint64_t swap;                           /* bytes of a fresh swap disk; 0 none */
    uint64_t disk_file;                      /* bytes of the file /data on a fresh ext2 root; 0: no disk */
    unsigned nodes;                          /* 0: not said */
};

/* Who shows it. All functions run on the thread that plays. */
struct demo_stage {
    void *owner;
    /* Runs the machine until its next stop of whatever kind. *left: the audience is gone, the demo ends. */
    enum machine_stop (*run)(void *owner, bool *left);
    bool (*say)(void *owner, const char *text);                /* returns when the audience has read it; false: left */
    void (*show)(void *owner, const char *scene);              /* "fault", "reclaim", "memory", "console" */
    void (*checked)(void *owner, bool good, const char *text); /* a check of the script */
};

/* Loads and runs the script's outer part. NULL and one sentence on failure. */
struct demo *demo_load(const char *path, char *error, size_t error_size);
void demo_free(struct demo *demo);
const struct demo_setup *demo_setup(const struct demo *demo);

/* The session's hooks while a demo plays; owner is the demo. */
void demo_on_console(void *demo, const char *bytes, size_t count);
void demo_on_event(void *demo, uint64_t blocks, const struct flt_record *record);
void demo_on_fault(void *demo, const struct story_fault *fault);

enum demo_result { DEMO_GOOD, DEMO_CHECK_FAILED, DEMO_ERROR /* a sentence in error */, DEMO_LEFT };
enum demo_result demo_play(struct demo *demo, struct session *session, const struct demo_stage *stage, char *error,
                           size_t error_size);

#endif
