#!/usr/bin/env python3
"""Boots the guest with its N-th allocation refused (fail_nth=N). Each boot must end in one of two ways: the first program
runs as ever, or the kernel panics with one sentence that names what had no memory. Prints TAP.

usage: fail_boot.py --build DIR [--on faultline|qemu] [--every STEP] [--jobs N] [--disk]

Every STEP-th allocation is tried, from the first to as many as a boot with fail_nth=0 counts (all: 1). With --disk the
root is an ext2 disk and a second disk is swap space.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402

LIMIT = 120
COUNTED = re.compile(r"fail_nth: the boot made (\d+) allocations")
PANIC = re.compile(r"Kernel panic: (.*)")
NO_MEMORY = re.compile(r"memory|\(error -?(12|11)\)")  # ENOMEM, EAGAIN
BROKEN = re.compile(r"BUG|Oops|Call trace.*\n.*BUG|unable to handle|bad state|freed twice", re.I)
NO_DISK = re.compile(r"virtio_blk .*: the device (gets no memory|cannot be made a disk)\n(.*\n)*init: cannot mount")
GOOD_END = "8. write to unmapped memory       signal 11, si_addr 0x10"


def command(options, n, folder):
    """The machine's command line; its output and its log come together."""
    words = "fail_nth=%d loglevel=6" % n
    if options.on == "faultline":
        run = [os.path.join(options.build, "emu/commands/faultline"), "run", "--headless", "--verbose", "--memory", "16M",
               "--cmdline", words, "--limit", "100"]
        if options.disk:
            run += ["--root", os.path.join(folder, "root.img"), "--disk", os.path.join(folder, "swap.img") + ",ro"]
        return run + ["first-faults"]
    cmdline = os.path.join(folder, "cmdline-%d" % n)
    with open(cmdline, "wb") as file:
        file.write(words.encode() + b"\0")
    names = {"build": options.build, "initrd": os.path.join(options.build, "guestos/user/initramfs.cpio"),
             "cmdline": cmdline, "memory": "16", "machine": ""}
    return compare.TEMPLATES["qemu"].format(**names).split()


def boot(options, n, folder):
    try:
        done = subprocess.run(command(options, n, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "\nit does not end"
    return done.stdout.decode(errors="replace").replace("\r", "")


def problem_of(text):
    """What is wrong with a boot, or nothing."""
    panic = PANIC.search(text)
    if BROKEN.search(text):
        return "broken"
    if panic:
        return None if NO_MEMORY.search(panic.group(1)) else "the panic does not speak of memory"
    return None if GOOD_END in text or NO_DISK.search(text) else "neither a panic nor the program's end"


def make_disks(folder):
    root, swap, tree = (os.path.join(folder, name) for name in ("root.img", "swap.img", "tree"))
    for name in ("bin", "dev", "proc", "tmp"):
        os.makedirs(os.path.join(tree, name))
    subprocess.run(["mke2fs", "-q", "-t", "ext2", "-b", "1024", "-d", tree, root, "2048"], check=True, stdout=subprocess.DEVNULL)
    with open(swap, "wb") as file:
        file.truncate(4 << 20)
    subprocess.run(["mkswap", swap], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--on", choices=["faultline", "qemu"], default="faultline")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--disk", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    with tempfile.TemporaryDirectory() as folder:
        if options.disk:
            make_disks(folder)
        counted = COUNTED.search(boot(options, 0, folder))
        if not counted:
            print("Bail out! the boot does not tell its allocations")
            sys.exit(1)
        numbers = range(options.first, int(counted.group(1)) + 1, options.every)
        failed, panics = 0, set()
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for n, text in zip(numbers, pool.map(lambda n: boot(options, n, folder), numbers)):
                problem = problem_of(text)
                panics.update(PANIC.findall(text))
                if problem:
                    failed += 1
                    print("# fail_nth=%d: %s" % (n, problem))
                    for line in text.splitlines()[-25:]:
                        print("#   " + line)
    for line in sorted(panics):
        print("# panic: " + line)
    print("%s 1 - %d boots of %s, each without one of %s allocations" %
          ("not ok" if failed else "ok", len(numbers), options.on, counted.group(1)))
    print("1..1")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
