#!/usr/bin/env python3
"""Runs the program blkdev in a machine with a disk and compares what it prints, and the disk afterwards, with a model of
what it does. Prints TAP.

usage: blkdev.py --build DIR --program PATH
"""
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402

SIZE = 5 * 1024 * 1024 + 7 * 512
SECOND_SIZE = 1 << 20  # of a disk that only stands beside: both may share an interrupt line
PIECES = [(0, 512), (1000, 3), (4096, 65536), (70001, 12345), (500000, 300 * 1024), (1 << 20, 1)]
MAPPED_AT, MAPPED_BYTES, MAPPED_STEP = 1 << 21, 64 * 1024, 777
MACHINES = {
    "qemu": compare.TEMPLATES["qemu"].replace("{machine}", "") + " -drive file={image},if=none,id=d0,format=raw,cache=writeback"
            " -device virtio-blk-pci,drive=d0,disable-modern=on,serial=first"
            " -drive file={second},if=none,id=d1,format=raw,readonly=on -device virtio-blk-pci,drive=d1,disable-modern=on",
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M --disk {image} --disk {second},ro {program}",
}


def first_image():
    state, image = 1, bytearray()
    while len(image) < SIZE:
        state = (state * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
        image += state.to_bytes(8, "little")
    return image[:SIZE]


def fill(count, seed):
    out = bytearray()
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) & 0xffffffff
        out.append(seed >> 16 & 0xff)
    return out


def last_image(image):
    image = bytearray(image)
    for number, (at, count) in enumerate(PIECES, 1):
        image[at:at + count] = fill(count, number)
    image[SIZE - 300:] = fill(1000, 77)[:300]
    for i in range(0, MAPPED_BYTES, MAPPED_STEP):
        image[MAPPED_AT + i] = i & 0xff
    return image


def checksum(image):
    value = 0xcbf29ce484222325
    for byte in image:
        value = (value ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return value


def expected(before, after):
    return ["%d sectors of 512, %d bytes, end at %d, read-only 0, blocks of 512, 16 heads" % (SIZE // 512, SIZE, SIZE),
            "major minor  #blocks  name", "", " 254        0 %10d vda" % (SIZE // 1024), " 254       16 %10d vdb" % (SECOND_SIZE // 1024),
            "before %016x" % checksum(before), "cached %016x" % checksum(after),
            "from the disk %016x" % checksum(after), "node 60660 254:0", "done"]


def run(machine, options, image, folder):
    names = {"program": options.program, "memory": "32", "build": options.build, "image": image,
             "second": os.path.join(folder, "second.img"),
             "initrd": os.path.join(folder, "initrd"), "cmdline": os.path.join(folder, "cmdline")}
    with open(names["second"], "wb") as file:
        file.truncate(SECOND_SIZE)
    with open(names["initrd"], "wb") as file:
        file.write(compare.make_initrd(os.path.join(options.build, "guestos/user/initramfs.cpio"), options.program))
    with open(names["cmdline"], "wb") as file:
        file.write(b"loglevel=0 mmcheck\0")
    command = [word.format(**names) for word in shlex.split(MACHINES[machine])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False)
    return [line.rstrip("\r") for line in done.stdout.decode(errors="replace").splitlines()], done.stderr


def check(machine, options, before, after):
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "disk.img")
        with open(image, "wb") as file:
            file.write(before)
        lines, errors = run(machine, options, image, folder)
        with open(image, "rb") as file:
            found = file.read()
    problems = []
    if lines != expected(before, after):
        problems += ["it prints:"] + lines + ["and not:"] + expected(before, after) + errors.decode().splitlines()[-5:]
    wrong = [at for at in range(0, SIZE, 512) if found[at:at + 512] != after[at:at + 512]]
    if wrong or len(found) != SIZE:
        problems.append("%d sectors of the disk are wrong, the first at byte %d" % (len(wrong), wrong[0] if wrong else SIZE))
    return problems


def main():
    before = first_image()
    after = last_image(before)
    compare.run_on_machines("blkdev", __doc__, MACHINES, lambda machine, options: check(machine, options, before, after))


if __name__ == "__main__":
    main()
