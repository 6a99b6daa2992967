#!/usr/bin/env python3
"""Runs the program torture in small machines with an ext2 root and two swap disks, checkers on, and judges what it leaves:
it must find every byte right, `e2fsck -fn` must find nothing, and the files on the image must hold what the program's
manifests say. Prints TAP.

usage: torture.py --build DIR --program PATH [--seconds N | --rounds N] [--on MACHINE...] MEMORY:HOARD:SEED...

MEMORY in MiB; HOARD, in KiB, is what the hoarders hold together. With rounds the output must be the host's; with seconds
(of the machine's time) it is only known to be good.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from array import array

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ext2"))
import ext2  # noqa: E402
from ext2 import Failure  # noqa: E402

RECORD, FILES, CHECK_EVERY = 2900, 4, 1000
SHAPES = ["1024", "4096", "2048"]
MASK = 0xffffffff
DRIVE = " -drive file={%s},if=none,id=%s,format=raw,cache=writeback -device virtio-blk-pci,drive=%s,disable-modern=on"
MACHINES = {
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M --cmdline mmcheck={every} --root {image},rw"
                 " --disk {swap} --disk {swap2} {program} {arguments}",
    "qemu": ext2.TEMPLATES["qemu"] + DRIVE % ("swap", "d1", "d1") + DRIVE % ("swap2", "d2", "d2"),
}


def mix(x):
    x = (x ^ x >> 16) * 0x7feb352d & MASK
    x = (x ^ x >> 15) * 0x846ca68b & MASK
    return x ^ x >> 16


def record_of(seed, file, version, record):
    """What the program's word_of gives for each word."""
    if not version:
        return bytes(RECORD)
    first = mix(mix(mix(seed ^ file << 20) ^ version) ^ record)
    return array("I", [(first + i * 0x9e3779b1) & MASK for i in range(RECORD // 4)]).tobytes()


def content_of(seed, file, size, records):
    whole = b""
    for record, (version, valid) in enumerate(records):
        whole += record_of(seed, file, version, record)[:valid] + bytes(RECORD - valid)
    return whole[:size]


def read_file(image, path):
    done = subprocess.run(["debugfs", "-R", "cat " + path, image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout


def check_files(image, seed):
    for number in range(FILES):
        words = read_file(image, "/data/manifest%d" % number).decode().split()
        if len(words) < 4:
            raise Failure("manifest %d is not on the disk" % number)
        name, file, size = words[0], int(words[1]), int(words[2])
        records = [tuple(int(n) for n in word.split(":")) for word in words[3:]]
        wanted, got = content_of(seed, file, size, records), read_file(image, "/data/" + name)
        if wanted != got:
            at = next((i for i, (a, b) in enumerate(zip(wanted, got)) if a != b), min(len(wanted), len(got)))
            raise Failure("%s: %d bytes wanted, %d on the disk; the first difference is at %d" % (name, len(wanted), len(got), at))


def make_disks(folder, shape):
    names = {name: os.path.join(folder, name) for name in ("image", "swap", "swap2")}
    tree = os.path.join(folder, "tree")
    for name in ("dev", "proc", "tmp", "data"):
        os.makedirs(os.path.join(tree, name))
    ext2.make_image(names["image"], "24M", ["-b", shape, "-d", tree])
    for name in ("swap", "swap2"):
        with open(names[name], "wb") as file:
            file.truncate(64 << 20)
        code, output = ext2.run(["mkswap", names[name]])
        if code:
            raise Failure("mkswap: " + output)
    return names


def in_machine(options, machine, folder, names, memory, arguments):
    """Status, output, and what is told beside it."""
    names = dict(names, build=options.build, memory=str(memory), program=options.program, every=str(CHECK_EVERY),
                 arguments=shlex.join(arguments))
    if machine == "qemu":
        names["initrd"] = ext2.make_initrd(options, folder, options.program, arguments)
        names["cmdline"] = os.path.join(folder, "cmdline")
        with open(names["cmdline"], "wb") as file:
            file.write(b"loglevel=0 root=/dev/vda mmcheck=%d\0" % CHECK_EVERY)
    command = shlex.split(MACHINES[machine].format(**names))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                          timeout=options.timeout, check=False)
    lines = done.stdout.decode(errors="replace").replace("\r\n", "\n").splitlines()
    told = [line for line in lines if " s; free before" in line]
    code = done.returncode >> 1 if machine == "qemu" and done.returncode & 1 else done.returncode
    return code, [line for line in lines if line not in told], told


def on_host(options, folder, arguments):
    place = os.path.join(folder, "host")
    os.mkdir(place)
    code, output = ext2.run([options.program, place, *arguments[1:]])
    if code:
        raise Failure("on the host:\n" + output)
    return output.splitlines()


def check_told(told):
    """Nothing may be lost: free memory returns, and the only swapped pages left are those of the program's own file."""
    numbers = [int(n) for n in re.findall(r"-?\d+", told[0])] if told else []
    if len(numbers) != 4 or numbers[2] < numbers[1] - 512 or numbers[3] > 1024:
        raise Failure("memory is lost: " + " ".join(told))


def torture(options, machine, folder, memory, hoard, seed):
    names = make_disks(folder, SHAPES[seed % len(SHAPES)])
    arguments = ["/data", str(seed), str(options.rounds), str(options.seconds), str(hoard)]
    code, lines, told = in_machine(options, machine, folder, names, memory, arguments)
    if code or not lines or lines[-1] != "all right":
        raise Failure("exit status %d\n%s" % (code, "\n".join(lines[-40:])))
    lines = [line for line in lines if not line.startswith("guest: ")]  # the kernel's notices
    expected = lines if options.seconds else on_host(options, folder, arguments)
    difference = ext2.first_difference(expected, lines)
    if difference:
        raise Failure(difference)
    check_told(told)
    ext2.check_image(names["image"])
    check_files(names["image"], seed)
    return told[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--timeout", type=int, default=300)
    parser.add_argument("--on", nargs="+", choices=sorted(MACHINES), default=["faultline"])
    parser.add_argument("cases", nargs="+", help="MEMORY:HOARD:SEED")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    failed = count = 0
    for case in options.cases:
        memory, hoard, seed = (int(n) for n in case.split(":"))
        for machine in options.on:
            count += 1
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                try:
                    told = torture(options, machine, folder, memory, hoard, seed)
                    print("ok %d - %d MiB, seed %d on %s" % (count, memory, seed, machine))
                    print("#   %s; %.0f s of the host" % (told, time.monotonic() - start))
                except (Failure, subprocess.TimeoutExpired) as problem:
                    failed += 1
                    print("not ok %d - %d MiB, seed %d on %s" % (count, memory, seed, machine))
                    for line in str(problem).splitlines():
                        print("#   " + line)
            sys.stdout.flush()
    print("1..%d" % count)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
