#include "tests/story/booted.h"
#include "tests/story/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *error) {
    fprintf(stderr, "%s\n", error);
    exit(2);
}

/* e_shoff, e_shnum and e_shstrndx of an ELF32 header. */
static void hide_sections(uint8_t *elf) {
    memset(elf + 32, 0, 4);
    memset(elf + 48, 0, 4);
}

void booted_open(struct booted *booted, uint64_t ram_bytes, bool story, void (*exit_hook)(void *owner, uint32_t status),
                 void *exit_owner) {
    static const char *const paths[] = {FIRMWARE_ROM, GUEST_KERNEL, INITRAMFS, FIRST_FAULTS};
    char error[300];
    for (unsigned i = 0; i < 4; i++)
        booted->files[i] = toy_read_file(paths[i], &booted->sizes[i]);
    booted->files[4] = toy_read_file(paths[1], &booted->sizes[4]);
    if (booted->foreign)
        hide_sections(booted->files[4]);
    booted->kernel = image_open(booted->files[1], booted->sizes[1], error, sizeof error);
    booted->view = booted->kernel ? kernelview_create(booted->kernel, error, sizeof error) : NULL;
    if (!booted->view)
        die(error);
    struct session_config config = {.ram_bytes = ram_bytes,
                                    .rom = {booted->files[0], booted->sizes[0]},
                                    .kernel = {booted->files[4], booted->sizes[4]},
                                    .initrd = {booted->files[2], booted->sizes[2]},
                                    .program = {booted->files[3], booted->sizes[3]},
                                    .cmdline = "loglevel=0",
                                    .program_name = "first-faults",
                                    .program_directory = PROGRAM_DIRECTORY,
                                    .story = story,
                                    .owner = exit_owner,
                                    .on_program_exit = exit_hook};
    booted->session = session_create(&config, error, sizeof error);
    if (!booted->session)
        die(error);
}

void booted_close(struct booted *booted) {
    session_destroy(booted->session);
    kernelview_destroy(booted->view);
    image_close(booted->kernel);
    for (unsigned i = 0; i < 5; i++)
        free(booted->files[i]);
}
