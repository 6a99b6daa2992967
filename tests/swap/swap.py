#!/usr/bin/env python3
"""Runs the program hog, which needs three times the memory of the machine, with a swap area on its disk; it must find
every byte again, on every machine alike. Prints TAP.

usage: swap.py --build DIR --program PATH [MACHINE...]
"""
import os
import shlex
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402

PAGES = 16384
BAD_PAGES = [1, 2, 77, 4000, PAGES - 1]
MEMORY = "16"
TIMEOUT = 300
MACHINES = {
    "qemu": compare.TEMPLATES["qemu"].replace("{machine}", "") + " -drive file={image},if=none,id=d0,format=raw,cache=writeback"
            " -device virtio-blk-pci,drive=d0,disable-modern=on",
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M --disk {image} {program}",
}
AREA = "  /dev/vda partition of %d KiB, " % ((PAGES - 1 - len(BAD_PAGES)) * 4)
EXPECTED = ["before:", AREA + "unused", "0 and 0 wrong words", "child: 0 wrong words", "child ended with 0",
            "after the child: 0 and 0 wrong words", "then:", AREA + "used", "out: many pages, in: many pages",
            "swapoff: done", "after:", "0 and 0 wrong words"]


def make_area(path):
    """What mkswap writes; bad pages are filled with junk that must stay."""
    header = bytearray(4096)
    struct.pack_into("<III", header, 1024, 1, PAGES - 1, len(BAD_PAGES))
    struct.pack_into("<%dI" % len(BAD_PAGES), header, 1536, *BAD_PAGES)
    header[4086:] = b"SWAPSPACE2"
    with open(path, "wb") as file:
        file.write(header)
        file.truncate(PAGES * 4096)
        for page in BAD_PAGES:
            file.seek(page * 4096)
            file.write(b"bad." * 1024)
    return bytes(header)


def untouched(path, header):
    with open(path, "rb") as file:
        good = file.read(4096) == header
        for page in BAD_PAGES:
            file.seek(page * 4096)
            good &= file.read(4096) == b"bad." * 1024
    return good


def check(machine, options):
    with tempfile.TemporaryDirectory() as folder:
        names = {"program": options.program, "memory": MEMORY, "build": options.build,
                 "image": os.path.join(folder, "swap.img"), "initrd": os.path.join(folder, "initrd"),
                 "cmdline": os.path.join(folder, "cmdline")}
        header = make_area(names["image"])
        with open(names["initrd"], "wb") as file:
            file.write(compare.make_initrd(os.path.join(options.build, "guestos/user/initramfs.cpio"), options.program))
        with open(names["cmdline"], "wb") as file:
            file.write(b"loglevel=0\0")
        command = [word.format(**names) for word in shlex.split(MACHINES[machine])]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, check=False)
        lines = [line.rstrip("\r") for line in done.stdout.decode(errors="replace").splitlines()]
        problems = [] if untouched(names["image"], header) else ["the header or a bad page was written"]
    if lines != EXPECTED:
        problems += ["it prints:"] + lines + ["and not:"] + EXPECTED + done.stderr.decode().splitlines()[-5:]
    return problems


if __name__ == "__main__":
    compare.run_on_machines("swap", __doc__, MACHINES, check)
