#!/usr/bin/env python3
"""Runs the program failnth, which refuses each allocation of the kernel once, in a machine with an ext2 disk and swap
space, and lets e2fsck judge the disk. Prints TAP.

usage: failnth.py --build DIR --program PATH [--memory MIB] [--words WORDS] MACHINE...

MACHINE is faultline or qemu: both must print the same lines.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402

DRIVE = " -drive file={%s},if=none,id=%s,format=raw -device virtio-blk-pci,drive=%s,disable-modern=on"
MACHINES = {
    "qemu": compare.TEMPLATES["qemu"] + DRIVE % ("disk", "d0", "d0") + DRIVE % ("swap", "d1", "d1"),
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M --disk {disk} --disk {swap}"
                 " --cmdline '{words}' {program}",
}


def path_names(source):
    """The names in the table of the program: each must be told unharmed."""
    with open(source, encoding="ascii") as file:
        return re.findall(r'^    \{"([a-z0-9 ]+)", ', file.read(), re.M)


def run(machine, options, folder):
    names = {"build": options.build, "program": options.program, "memory": str(options.memory), "machine": "",
             "disk": os.path.join(folder, "disk.img"), "swap": os.path.join(folder, "swap.img"),
             "initrd": os.path.join(folder, "initrd"), "cmdline": os.path.join(folder, "cmdline"), "words": options.words}
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", names["disk"], "4096"], check=True, stdout=subprocess.DEVNULL)
    with open(names["swap"], "wb") as file:
        file.truncate(24 << 20)
    subprocess.run(["mkswap", names["swap"]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(names["initrd"], "wb") as file:
        file.write(compare.make_initrd(os.path.join(options.build, "guestos/user/initramfs.cpio"), options.program))
    with open(names["cmdline"], "wb") as file:
        file.write(options.words.encode() + b"\0")
    command = shlex.split(MACHINES[machine].format(**names))
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=options.limit, check=False).stdout
    except subprocess.TimeoutExpired as late:
        done = (late.stdout or b"") + b"\nit does not end\n"
    fsck = subprocess.run(["e2fsck", "-fn", names["disk"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = [line.rstrip("\r") for line in done.decode(errors="replace").splitlines()]
    return lines, fsck.stdout.decode(errors="replace").splitlines() if fsck.returncode else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--memory", type=int, default=16)
    parser.add_argument("--words", default="loglevel=0")
    parser.add_argument("--limit", type=int, default=240)
    parser.add_argument("machines", nargs="+")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    expected = [name + ": unharmed" for name in path_names(os.path.join(os.path.dirname(os.path.abspath(__file__)), "failnth.c"))]
    failed = 0
    for number, machine in enumerate(options.machines, 1):
        with tempfile.TemporaryDirectory() as folder:
            lines, fsck = run(machine, options, folder)
        wrong = lines != expected or not expected or fsck
        failed += bool(wrong)
        print("%s %d - every allocation of %d paths fails once on %s" % ("not ok" if wrong else "ok", number, len(expected), machine))
        for line in lines[-400:] + fsck if wrong else []:
            print("#   " + line)
    print("1..%d" % len(options.machines))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
