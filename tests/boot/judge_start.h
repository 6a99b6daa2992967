/* How a judge begins as a Multiboot kernel: a stack, then judge_main(). Each judge includes it once. */
#ifndef TESTS_BOOT_JUDGE_START_H
#define TESTS_BOOT_JUDGE_START_H

#include <stdint.h>

#define STACK_BYTES 16384
#define EXIT_GOOD 0x10u

void judge_main(void);
extern uint8_t judge_stack[STACK_BYTES];

__asm__(".section .multiboot, \"a\"\n"
        ".balign 4\n"
        ".long 0x1BADB002, 0, -0x1BADB002\n"
        ".text\n"
        ".globl start\n"
        "start:\n"
        "movl $judge_stack + 16384, %esp\n"
        "call judge_main\n"
        "1: hlt\n"
        "jmp 1b\n");

uint8_t judge_stack[STACK_BYTES];

#endif
