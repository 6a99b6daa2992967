"""Holds the same conversation (judge_script.h) with QEMU's devices and with ours and compares the transcripts (TAP).

usage: test_judge.py QEMU ROM JUDGE_KERNEL JUDGE_HOST
"""
import difflib
import os
import subprocess
import sys
import tempfile

SECONDS = 60
GOOD_EXIT = 0x10 << 1 | 1


def on_qemu(qemu, rom, kernel, memory):
    with tempfile.TemporaryDirectory() as folder:
        debug = os.path.join(folder, 'debugcon')
        done = subprocess.run(
            [qemu, '-M', 'pc', '-accel', 'tcg', '-m', str(memory), '-display', 'none', '-no-reboot', '-nodefaults',
             '-serial', 'null', '-bios', rom, '-debugcon', 'file:' + debug,
             '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-fw_cfg', 'name=opt/faultline/kernel,file=' + kernel],
            stdin=subprocess.DEVNULL, timeout=SECONDS)
        with open(debug) as transcript:
            lines = transcript.read().splitlines()
    return lines if done.returncode == GOOD_EXIT else lines + [f'QEMU ended with {done.returncode}']


def main():
    qemu, rom, kernel, host = sys.argv[1:5]
    failures = 0
    sizes = (8, 64, 3072)
    for number, memory in enumerate(sizes, 1):
        theirs = on_qemu(qemu, rom, kernel, memory)
        ours = subprocess.run([host, str(memory)], capture_output=True, text=True, check=True).stdout.splitlines()
        good = theirs == ours and len(ours) > 300
        failures += not good
        print('ok' if good else 'not ok', number, '-', f'{len(ours)} answers with {memory} MiB')
        if not good:
            for line in difflib.unified_diff(theirs, ours, 'QEMU', 'ours', lineterm=''):
                print('#', line)
    print(f'1..{len(sizes)}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
