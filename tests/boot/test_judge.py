"""Holds the same conversation (judge_script.h) with QEMU's devices, with emu/devices alone and with the whole of faultline,
and compares the transcripts (TAP).

usage: test_judge.py QEMU ROM JUDGE_KERNEL JUDGE_HOST BOOT_HOST
"""
import difflib
import os
import subprocess
import sys
import tempfile

SECONDS = 60
GOOD_VALUE = 0x10
GOOD_EXIT = GOOD_VALUE << 1 | 1


# QEMU's clock counts instructions here: with the host's clock a busy host makes its UART see a time-out that is none.
def on_qemu(qemu, rom, kernel, memory):
    with tempfile.TemporaryDirectory() as folder:
        debug = os.path.join(folder, 'debugcon')
        done = subprocess.run(
            [qemu, '-M', 'pc', '-accel', 'tcg', '-icount', 'shift=3,sleep=off', '-m', str(memory), '-display', 'none', '-no-reboot', '-nodefaults',
             '-serial', 'null', '-bios', rom, '-debugcon', 'file:' + debug,
             '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-fw_cfg', 'name=opt/faultline/kernel,file=' + kernel],
            stdin=subprocess.DEVNULL, timeout=SECONDS)
        with open(debug) as transcript:
            lines = transcript.read().splitlines()
    return lines if done.returncode == GOOD_EXIT else lines + [f'QEMU ended with {done.returncode}']


def on_faultline(boot_host, rom, kernel, memory):
    with tempfile.TemporaryDirectory() as folder:
        debug = os.path.join(folder, 'debugcon')
        done = subprocess.run([boot_host, rom, str(memory), debug, 'kernel=' + kernel], stdin=subprocess.DEVNULL, timeout=SECONDS)
        with open(debug) as transcript:
            lines = transcript.read().splitlines()
    return lines if done.returncode == GOOD_VALUE else lines + [f'faultline ended with {done.returncode}']


def on_devices(host, memory):
    return subprocess.run([host, str(memory)], capture_output=True, text=True, check=True).stdout.splitlines()


def main():
    qemu, rom, kernel, host, boot_host = sys.argv[1:6]
    number, failures = 0, 0
    for memory in (8, 64, 3072):
        theirs = on_qemu(qemu, rom, kernel, memory)
        for name, ours in (('devices alone', on_devices(host, memory)), ('faultline', on_faultline(boot_host, rom, kernel, memory))):
            good = theirs == ours and len(ours) > 300
            number += 1
            failures += not good
            print('ok' if good else 'not ok', number, '-', f'{len(ours)} answers with {memory} MiB, {name}')
            if not good:
                for line in difflib.unified_diff(theirs, ours, 'QEMU', name, lineterm=''):
                    print('#', line)
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
