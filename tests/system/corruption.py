#!/usr/bin/env python3
"""A hundred random corruptions of the kernel and of the initramfs: the emulator ends with a status, never by a crash.

usage: corruption.py BUILD [COUNT]     (meant for a build with the sanitizers)
A damaged guest may spend hours of the host on a second of its own (code that rewrites itself in every block); it must still
obey --timeout. The seed is fixed; a failure names its number, so that it can be repeated.
"""
import os
import random
import sys
import tempfile

from harness import Images, Suite, run

images = Images(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
suite = Suite()
kernel = open(images.kernel, "rb").read()
initramfs = open(images.initramfs, "rb").read()


def loaded_size(elf):
    """Bytes of the file that the firmware loads: damage in the debug information would test nothing."""
    phoff = int.from_bytes(elf[28:32], "little")
    entries = int.from_bytes(elf[44:46], "little")
    size = 0
    for i in range(entries):
        entry = elf[phoff + 32 * i:phoff + 32 * (i + 1)]
        if int.from_bytes(entry[0:4], "little") == 1:
            size = max(size, int.from_bytes(entry[4:8], "little") + int.from_bytes(entry[16:20], "little"))
    return size


def damage(data, limit, chooser):
    bytes_ = bytearray(data)
    for _ in range(chooser.choice((1, 3, 30, 1000))):
        at = chooser.randrange(limit)
        bytes_[at] = chooser.randrange(256)
    if chooser.random() < 0.1:
        del bytes_[chooser.randrange(limit):]
    return bytes(bytes_)


with tempfile.TemporaryDirectory() as folder:
    broken = os.path.join(folder, "image")
    for number in range(count):
        chooser = random.Random(number)
        of_kernel = number % 2 == 0
        source = kernel if of_kernel else initramfs
        with open(broken, "wb") as file:
            file.write(damage(source, loaded_size(kernel) if of_kernel else len(source), chooser))
        option = ["--kernel", broken, "--initrd", images.initramfs] if of_kernel else ["--initrd", broken]
        done = run([images.faultline, "run", "--headless", "--memory", "16M", "--limit", "0.3", "--timeout", "15", "--faults",
                    *option], timeout=60)
        good = done.status is not None and 0 <= done.status < 256 and "Sanitizer" not in done.err and \
            "runtime error" not in done.err
        suite.check(f"corruption {number} of the {'kernel' if of_kernel else 'initramfs'}: status {done.status}", good,
                    done.err[-3000:])

suite.finish()
