"""Runs guestos/user/pressure.c on faultline, with a root that has files, swap and a disk to stream, and reads what it prints."""
import os
import random
import struct
import subprocess

MIB = 1 << 20
STREAM_MIB, SWAP_MIB, HOT_MIB = 160, 128, 8
STREAM, HOLES, HOT, OUT = "/dev/vdc", "/holes", "/hot", "/out"


def make_disks(folder):
    """What a run needs: a root of a file of random bytes and a file of one hole, a swap area, a disk of zeros."""
    root = os.path.join(folder, "root")
    for name in ("bin", "dev", "proc", "tmp"):
        os.makedirs(os.path.join(root, name))
    with open(root + HOT, "wb") as file:
        file.write(random.Random(1).randbytes(HOT_MIB * MIB))
    with open(root + HOLES, "wb") as file:
        file.truncate(STREAM_MIB * MIB)
    header = bytearray(4096)
    struct.pack_into("<III", header, 1024, 1, SWAP_MIB * MIB // 4096 - 1, 0)
    header[4086:] = b"SWAPSPACE2"
    with open(os.path.join(folder, "swap"), "wb") as file:
        file.write(header)
        file.truncate(SWAP_MIB * MIB)
    with open(os.path.join(folder, "stream"), "wb") as file:
        file.truncate(STREAM_MIB * MIB)


class Run:
    """One load: `values` by name; `pages`, the frames of load mappers, as (frame, kind) to number of mappers."""

    def __init__(self, build, folder, memory, load, trace=None):
        disks = ["--root", os.path.join(folder, "root"), "--disk", os.path.join(folder, "swap") , "--disk", os.path.join(folder, "stream")]
        command = [os.path.join(build, "emu/commands/faultline"), "run", "--headless", "--memory", memory, *disks, "--limit", "600"]
        command += ["--trace", trace] if trace else []
        done = subprocess.run(command + [os.path.join(build, "guestos/user/pressure"), *load], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False)
        self.values, self.pages = {}, {}
        for line in done.stdout.decode(errors="replace").splitlines():
            words = line.split()
            if words and words[0] == "page":
                self.pages[int(words[3])] = (words[2], int(words[1]))
            elif len(words) == 2:
                self.values[words[0]] = int(words[1])
            elif words and words[0].startswith("disk-"):
                self.values[words[0]] = [int(word) for word in words[1:]]
        if done.returncode != 0 or "ns" not in self.values:
            raise RuntimeError("%s ended with %d: %s" % (" ".join(load), done.returncode, done.stderr.decode(errors="replace")[-500:]))

    @property
    def scanned(self):
        return self.values["pgscan_kswapd_"] + self.values["pgscan_direct_"]

    @property
    def stolen(self):
        return self.values["pgsteal_"]

    @property
    def pages_a_second(self):
        return self.stolen / (self.values["ns"] / 1e9)

    @property
    def work(self):
        """Pages looked at for a page that was freed."""
        return self.scanned / max(self.stolen, 1)
