#!/usr/bin/env python3
"""Runs the program failing on disks that fail, are full, or hold swap, and compares what it prints, what the console says
and what is left on the disk with what must be. Prints TAP.

usage: failing.py --build DIR --program PATH [--on qemu|faultline] [CASE...]

QEMU runs the cases without injected errors.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ext2"))
from ext2 import make_initrd  # noqa: E402

PAGE, TIMEOUT = 4096, 200
QEMU = ("qemu-system-i386 -accel tcg -M pc -cpu max -m 16 -bios {build}/firmware/firmware.rom"
        " -fw_cfg name=opt/faultline/kernel,file={build}/guestos/kernel.elf -fw_cfg name=opt/faultline/initrd,file={initrd}"
        " -fw_cfg name=opt/faultline/cmdline,file={cmdline} -display none -serial stdio -monitor none -no-reboot -net none"
        " -device isa-debug-exit,iobase=0xf4,iosize=4"
        " -drive file={image},if=none,id=d0,format=raw -device virtio-blk-pci,drive=d0,disable-modern=on"
        " -drive file={swap},if=none,id=d1,format=raw -device virtio-blk-pci,drive=d1,disable-modern=on")


class Failure(Exception):
    pass


def run(command, allowed=(0,)):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False, cwd="/")
    out, err = (text.decode(errors="replace").replace("\r", "") for text in (done.stdout, done.stderr))
    if done.returncode not in allowed:
        raise Failure("%s ends with %d:\n%s\n%s" % (command[0], done.returncode, out[-3000:], err[-3000:]))
    return out, err


class Disks:
    """A root of files full of letters, one a page, and perhaps a disk of swap."""

    def __init__(self, folder, size="16M", swap=0, swap_file=0, block=4096):
        self.image, self.swap, root = (os.path.join(folder, name) for name in ("image", "swap", "root"))
        for name in ("dev", "proc", "tmp", "data/directory"):
            os.makedirs(os.path.join(root, name))
        for name in ("file", "other", "directory/inside"):
            with open(os.path.join(root, "data", name), "wb") as file:
                for page in range(16):
                    file.write(bytes([97 + page]) * PAGE)
        if swap_file:
            with open(os.path.join(root, "data/swap"), "wb") as file:
                file.write(b"\1" * swap_file)
            run(["mkswap", os.path.join(root, "data/swap")])
        run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", str(block), "-m", "0", "-d", root, self.image, size])
        with open(self.swap, "wb") as file:
            file.truncate(swap)
        self.has_swap, self.per_block = bool(swap), block // 512
        if swap:
            run(["mkswap", self.swap])

    def debugfs(self, command):
        return run(["debugfs", "-R", command, self.image])[0]

    def sectors(self, block):
        return "%d-%d" % (block * self.per_block, (block + 1) * self.per_block - 1)

    def sectors_of(self, path, page):
        return self.sectors(int(self.debugfs("bmap %s %d" % (path, page)).split()[0]))

    def indirect_of(self, path):
        return self.sectors(int(re.search(r"\(IND\):(\d+)", self.debugfs("stat " + path)).group(1)))

    def inode_of(self, path):
        """The sector of the inode table that holds it."""
        block, offset = re.search(r"located at block (\d+), offset (0x[0-9a-f]+)", self.debugfs("imap " + path)).groups()
        sector = int(block) * self.per_block + int(offset, 16) // 512
        return "%d-%d" % (sector, sector)

    def check(self):
        run(["e2fsck", "-fn", self.image])


def in_guest(options, folder, disks, faults, arguments):
    if options.on == "qemu":
        initrd, cmdline = make_initrd(options, folder, options.program, arguments), os.path.join(folder, "cmdline")
        with open(cmdline, "wb") as file:
            file.write(b"loglevel=3 root=/dev/vda\0")
        names = {"build": options.build, "initrd": initrd, "cmdline": cmdline, "image": disks.image, "swap": disks.swap}
        return run(shlex.split(QEMU.format(**names)), (1,))
    command = [os.path.join(options.build, "emu/commands/faultline"), "run", "--headless", "--verbose", "--memory", "16M",
               "--limit", "600", "--root", disks.image + ",rw", *(["--disk", disks.swap] if disks.has_swap else [])]
    for fault in faults:
        command += ["--disk-fault", fault]
    return run([*command, options.program, *arguments])


def expect(got, wanted):
    got = [line for line in got.splitlines() if not line.startswith("[")]
    wanted = wanted.strip().splitlines()
    for number, (a, b) in enumerate(zip(got + ["(end)"], wanted + ["(end)"])):
        if a != b:
            raise Failure("line %d is: %s\nand not: %s\nof:\n%s" % (number + 1, a, b, "\n".join(got)))


def expect_log(log, *patterns):
    for pattern in patterns:
        if not re.search(pattern, log):
            raise Failure("the console does not say '%s':\n%s" % (pattern, log[-2000:]))


READ = """
page 3: 4096, dd
page 4: 4096, ee
page 5: Input/output error, --
page 6: 4096, gg
page 7: 4096, hh
all of it: 20480
mapped 4: e
mapped 5: signal 7, code 2, this address
mapped 5, written: signal 7, code 2, this address
mapped 6: g
pipe to nowhere: Bad file descriptor
write from 5: Bad address
another file: 4096
done
"""
METADATA = """
a name in the directory: Input/output error
once more: Input/output error
its list: Input/output error
before the numbers: 4096
behind the numbers: Input/output error
written behind: Input/output error
mapped behind: signal 7, code 2, this address
fsync: 0
done
"""
WRITE = """
write: 4096
write: 4096
fsync of the other: 0
fsync: Input/output error
fsync again: 0
msync: Input/output error
msync again: 0
in memory: ZX
write: 4096
fsync after sync: Input/output error
fsync after sync again: 0
write: 4096
fsync when it works: 0
write: 4096
fsync of the other: 0
done
"""
METADATA_WRITE = """
write: 4096
fsync: Input/output error
fsync again: 0
create: Input/output error
stat: No such file or directory
create again: 0
stat: 0
unlink: 0
done
"""
SWAP_READ = """
memory written: 1
memory written: 1
told to look: 1
the owner: killed by 7
told to look: 1
the other: ended with 0
told to look: 1
a new one: ended with 0
done
"""
SWAP_WRITE = SWAP_READ.replace("killed by 7", "ended with 0")
FULL = """
a file of holes: 0
mapped, written: w
in the end: No space left on device
fsync: 0
a hole of a full disk: signal 7, code 2, this address
the same, read: \0
a page that is there: w
msync: 0
a directory: No space left on device
unlink: 0
the hole: w
msync: 0
in the end: No space left on device
fsync: 0
as much again: yes
unlink: 0
done
"""
HOG = """
memory written: 1
the hog: killed by 9
told to look: 1
the other: ended with 0
swapoff: 0
swapon: 0
told to look: 1
a new one: ended with 0
done
"""
USED = """memory written: 1
memory written: 1
write to it: Text file busy
truncate it: Text file busy
open with O_TRUNC: Text file busy
mapped, written: signal 7, code 2, this address
swapon again: Device or resource busy
told to look: 1
an owner: ended with 0
told to look: 1
an owner: ended with 0
swapoff: 0
write to it: 10
truncate it: 0
fsync: 0
"""
SWAP_FILE = "swapon: 0\n" + USED + "header: 4096\nswapon: 0\n" + USED + """holes: 0
swapon without a header: Invalid argument
header: 4096
swapon with holes: Invalid argument
write to it: 10
unlink: 0
done
"""


def data_read(options, folder):
    disks = Disks(folder)
    fault = "vda:read:" + disks.sectors_of("/data/file", 5)
    out, log = in_guest(options, folder, disks, [fault], ["read", "/data/file", "/data/other"])
    expect(out, READ)
    expect_log(log, r"vda: I/O error 5, read")
    disks.check()


def metadata_read(options, folder):
    disks = Disks(folder)
    faults = ["vda:read:" + disks.sectors_of("/data/directory", 0), "vda:read:" + disks.indirect_of("/data/file")]
    out, log = in_guest(options, folder, disks, faults, ["metadata", "/data/directory", "/data/file"])
    expect(out, METADATA)
    expect_log(log, r"vda: I/O error 5, read", r"ext2: .*cannot read directory", r"ext2: .*cannot read block")
    disks.check()


def data_write(options, folder):
    disks = Disks(folder)
    fault = "vda:write:" + disks.sectors_of("/data/file", 3) + ":1+3"
    out, log = in_guest(options, folder, disks, [fault], ["write", "/data/file", "/data/other"])
    expect(out, WRITE)
    expect_log(log, r"vda: I/O error 5, writing")
    disks.check()
    for name, pages in ("file", {3: b"W"}), ("other", {3: b"Y", 4: b"V"}):
        content = subprocess.run(["debugfs", "-R", "cat /data/" + name, disks.image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        if content != b"".join(pages.get(page, bytes([97 + page])) * PAGE for page in range(16)):
            raise Failure("the bytes of %s are wrong" % name)


def metadata_write(options, folder):
    disks = Disks(folder, block=1024)  # init makes names in the root: its inode is in another block than the file's
    faults = ["vda:write:" + disks.sectors_of("/data/directory", 0) + ":1+1", "vda:write:" + disks.inode_of("/data/file") + ":1+1"]
    out, log = in_guest(options, folder, disks, faults, ["metadata-write", "/data/directory", "/data/file"])
    expect(out, METADATA_WRITE)
    expect_log(log, r"vda: I/O error 5, writing")
    disks.check()


def flush_fails(options, folder):
    disks = Disks(folder)
    out, log = in_guest(options, folder, disks, ["vda:flush:0-0:40+1"], ["flush", "/data/file"])
    expect(out, "failed: 1\ndone\n")
    expect_log(log, r"vda: I/O error 5, flush")
    disks.check()


def swap_fails(options, folder, request, wanted, said):
    disks = Disks(folder, swap=32 << 20)
    out, log = in_guest(options, folder, disks, ["vdb:" + request], ["swap"])
    expect(out, wanted)
    expect_log(log, r"vdb: I/O error 5, ", said)
    disks.check()


def without_errors(options, folder, arguments, wanted, **how):
    disks = Disks(folder, **how)
    expect(in_guest(options, folder, disks, [], arguments)[0], wanted)
    disks.check()


CASES = {
    "data cannot be read": data_read,
    "metadata cannot be read": metadata_read,
    "data cannot be written": data_write,
    "metadata cannot be written": metadata_write,
    "a cache cannot be flushed": flush_fails,
    "swap cannot be read": lambda options, folder: swap_fails(options, folder, "read:4000-4799:1+3", SWAP_READ, "swap: read error"),
    "swap cannot be written": lambda options, folder: swap_fails(options, folder, "write:4000-4799", SWAP_WRITE, "swap: write error"),
    "full disk": lambda options, folder: without_errors(options, folder, ["full", "/data"], FULL, size="4M"),
    "full swap": lambda options, folder: without_errors(options, folder, ["hog"], HOG, swap=24 << 20),
    "swap file": lambda options, folder: without_errors(options, folder, ["swapfile", "/data/swap"], SWAP_FILE, size="40M", swap_file=16 << 20),
}
ON_QEMU = ("full disk", "full swap", "swap file")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--on", choices=["qemu", "faultline"], default="faultline")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    names = options.cases or (ON_QEMU if options.on == "qemu" else list(CASES))
    failed = 0
    print("1..%d" % len(names))
    for number, name in enumerate(names, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                CASES[name](options, folder)
                print("ok %d - %s" % (number, name))
            except (Failure, subprocess.TimeoutExpired) as problem:
                failed += 1
                print("not ok %d - %s" % (number, name))
                for line in str(problem).splitlines():
                    print("#   " + line)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
