#!/usr/bin/env python3
"""Faults stepped a second by a script: `n` for each fault of a program that swaps, one line of a batch each.

usage: steps.py BUILD [FAULTS]
"""
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time

FAULTLINE = os.path.join(os.path.abspath(sys.argv[1]), "emu/commands/faultline")
FAULTS = int(sys.argv[2]) if len(sys.argv) > 2 else 16000
MACHINE = ["--memory", "16M", "--disk"]
PROGRAM = ["hog", "32"]


def swap_file(path, mib):
    with open(path, "wb") as file:
        file.truncate(mib << 20)
        file.seek(1024)
        file.write(struct.pack("<II", 1, (mib << 20) // 4096 - 1))
        file.seek(4086)
        file.write(b"SWAPSPACE2")
    return path


def seconds(lines, disk):
    """Host time and processor time of a session that obeys these lines, and how many faults it showed."""
    start, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([FAULTLINE, "debug", "--batch", "-", *MACHINE, disk, *PROGRAM], input=lines, text=True,
                          capture_output=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    return time.monotonic() - start, used, done.stdout.count("\n#") + 1


with tempfile.TemporaryDirectory() as folder:
    swap = swap_file(os.path.join(folder, "swap"), 48)
    boot, boot_used, _ = seconds("quit\n", swap)
    stepped, used, shown = seconds("n\n" * FAULTS, swap)
if shown < FAULTS:
    sys.exit(f"the program took {shown} faults only; ask for fewer")
stepped, used = stepped - boot, used - boot_used
print(f"{FAULTS} faults in {stepped:.2f} s: {FAULTS / stepped:.0f} a second, {FAULTS / used:.0f} a second of processor time "
      f"(boot {boot:.2f} s)")
