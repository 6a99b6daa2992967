#!/usr/bin/env python3
"""The same firmware, kernel and initramfs print the same console output here and on QEMU's pc machine.

usage: same_as_qemu.py BUILD
"""
import difflib
import sys

from harness import Images, Suite, qemu, run

images = Images(sys.argv[1])
suite = Suite()

for memory in (8, 64, 1024, 3072):
    ours = run([images.faultline, "run", "--headless", "--memory", f"{memory}M", "--limit", "120"], timeout=300)
    theirs = qemu(images, memory, "", timeout=300)
    suite.check(f"{memory} MiB: the run ends with status 0 here", ours.status == 0, ours)
    suite.check(f"{memory} MiB: and on QEMU", theirs.status == 0, theirs)
    difference = "\n".join(difflib.unified_diff(theirs.out.splitlines(), ours.out.splitlines(), "qemu", "faultline",
                                                lineterm=""))
    suite.check(f"{memory} MiB: the console output is the same, byte for byte",
                ours.out == theirs.out and len(ours.out) > 400, difference or repr(ours.out))

suite.finish()
