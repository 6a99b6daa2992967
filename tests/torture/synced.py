#!/usr/bin/env python3
"""Cuts the machine's power at random points while the program synced works on an ext2 root with little memory and swap:
e2fsck -p must put the image right, and nothing that was promised may be lost. Point 0 is the end. Prints TAP.

usage: synced.py --build DIR --program PATH [--first N] [--points N] [--keep DIR]

The model follows what the program prints. After a promise (fsync, msync, sync) a cell of a file, its size and its name
each have one value that the disk may show; what is printed later adds others. Nothing is asked of what was never
promised, of cells that were cut off since, and of holes in a page that was written since: the disk may show them any bytes. A size that was changing may be
any between, and up to the end of a page, since e2fsck takes every block that a file has into its size.
"""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

CELL, PAGE, TIMEOUT = 512, 4096, 400
POWER_CUT = 4
HOLE = (0, 0)  # version, bytes of the cell that are of it; the rest is zero
SHAPES = [["-b", "1024"], ["-b", "4096"], ["-b", "1024", "-g", "1024", "-O", "sparse_super"], ["-b", "2048"]]


class Failure(Exception):
    pass


def cell_bytes(number, cell, value):
    version, length = value
    whole = b"".join(struct.pack("<4I", 0x5ec70000 + i, number, cell, version) for i in range(CELL // 16))
    return whole[:length] + bytes(CELL - length)


class File:
    def __init__(self, number):
        self.number, self.size, self.now = number, 0, {}
        self.promised, self.sizes, self.cells, self.mapped = False, [], [], set()
        self.places, self.gone = None, False

    def promise(self):
        self.promised, self.sizes, self.mapped = True, [(self.size, self.size)], set()
        self.cells = [[self.now.get(i, HOLE)] for i in range(-(-self.size // CELL))]

    def write(self, cell, count, version, mapped=False):
        for i in range(cell, cell + count):
            self.now[i] = (version, CELL)
            if i < len(self.cells) and self.cells[i]:
                self.cells[i].append(self.now[i])
                if mapped:
                    self.mapped.add(i)
        per_page = PAGE // CELL
        for i in range(cell // per_page * per_page, min(len(self.cells), -(-(cell + count) // per_page) * per_page)):
            if self.cells[i] and self.cells[i][0] == HOLE:
                self.cells[i] = None  # the block may be new
        if (cell + count) * CELL > self.size:
            self.sizes.append((self.size, -(-(cell + count) * CELL // PAGE) * PAGE))
            self.size = (cell + count) * CELL

    def truncate(self, size):
        self.sizes.append((min(size, self.size), -(-max(size, self.size) // PAGE) * PAGE))
        self.size = size
        whole, rest = divmod(size, CELL)
        if rest and whole in self.now:
            version, length = self.now[whole]
            self.now[whole] = (version, min(length, rest))
            if whole < len(self.cells) and self.cells[whole]:
                self.cells[whole].append(self.now[whole])
        first = whole + bool(rest)
        self.now = {i: value for i, value in self.now.items() if i < first}
        self.cells[first:] = [None] * len(self.cells[first:])

    def cell_holds(self, cell, got):
        wanted = [cell_bytes(self.number, cell, value) for value in self.cells[cell]]
        if cell not in self.mapped:
            return any(one.startswith(got) for one in wanted)
        return all(any(one[at:at + 4].startswith(got[at:at + 4]) for one in wanted) for at in range(0, len(got), 4))

    def problem(self, content):
        """None, or what is wrong with these bytes as this file."""
        if not self.promised:
            return None
        if not any(low <= len(content) <= high for low, high in self.sizes):
            return "file %d has %d bytes, not %s" % (self.number, len(content), self.sizes)
        for cell, values in enumerate(self.cells):
            got = content[cell * CELL:(cell + 1) * CELL]
            if values and not self.cell_holds(cell, got):
                return "file %d, cell %d, starts with %s, not one of %s" % (self.number, cell, struct.unpack("<4I", got[:16].ljust(16, b"\0")), values)
        return None


class Worker:
    def __init__(self):
        self.files, self.names, self.shown = {}, {}, {}  # by number; name -> number; name -> numbers, None: absent
        self.promises = 0

    def name_changes(self, name, number):
        if name in self.shown:
            self.shown[name].append(number)
        if number is None:
            del self.names[name]
        else:
            self.names[name] = number
            if self.files[number].places is not None:
                self.files[number].places.add(name)

    def promise_name(self, name):
        number = self.names.get(name)
        self.shown[name] = [number]
        if number is not None:
            self.files[number].places = {name}

    def name_of(self, number):
        return next(name for name, other in self.names.items() if other == number)

    def feed(self, what, *words):
        if what == "n":
            self.files[int(words[0])] = File(int(words[0]))
            self.name_changes(words[1], int(words[0]))
        elif what in "wm":
            number, cell, count, version = map(int, words)
            self.files[number].write(cell, count, version, what == "m")
        elif what == "t":
            self.files[int(words[0])].truncate(int(words[1]))
        elif what == "r":
            if words[1] in self.names:
                self.files[self.names[words[1]]].gone = True
            number = self.names[words[0]]
            self.name_changes(words[1], number)
            self.name_changes(words[0], None)
        elif what == "u":
            self.files[self.names[words[0]]].gone = True
            self.name_changes(words[0], None)
        elif what in "FMDA":
            self.promises += 1
            self.keep(what, *words)
        else:
            raise Failure("the program says: " + " ".join((what,) + words))

    def keep(self, what, *words):
        if what in "FM":
            self.files[int(words[0])].promise()
            self.promise_name(self.name_of(int(words[0])))
            return
        if what == "A":
            for number in self.names.values():
                self.files[number].promise()
        for name in set(self.names) | set(self.shown):
            number = self.names.get(name)
            if what == "A" or ("/" not in name and (number is None or self.files[number].promised)):
                self.promise_name(name)

    def problems(self, tree):
        for name, numbers in self.shown.items():
            if name not in tree:
                if None not in numbers:
                    yield "%s is lost" % name
                continue
            found = [self.files[number].problem(tree[name]) for number in numbers if number is not None]
            if not found:
                yield "%s is there again" % name
            elif None not in found:
                yield "%s: %s" % (name, "; ".join(found))
        for file in self.files.values():
            if file.gone or file.places is None:
                continue
            if not any(name in tree and file.problem(tree[name]) is None for name in file.places):
                yield "file %d is in none of %s" % (file.number, sorted(file.places))

    def cells_promised(self):
        return sum(bool(values) for file in self.files.values() if not file.gone for values in file.cells)


def run(command, allowed, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT,
                          check=False, **options)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    if done.returncode not in allowed:
        raise Failure("%s ends with %d:\n%s" % (" ".join(command[:2]), done.returncode, text[-3000:]))
    return done.returncode, text


def read_tree(image, folder):
    """name -> bytes, for each worker."""
    out = os.path.join(folder, "out")
    os.mkdir(out)
    run(["debugfs", "-R", "rdump /data " + out, image], [0])
    trees = [{}, {}]
    for number, tree in enumerate(trees):
        top = os.path.join(out, "data/w%d" % number)
        for where, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(where, name), "rb") as file:
                    tree[os.path.relpath(os.path.join(where, name), top)] = file.read()
    return trees


def judge(text, image, folder):
    workers = [Worker(), Worker()]
    lines = text.split("\n")[:-1]
    for line in lines:
        if line[:2] in ("0 ", "1 "):
            workers[int(line[0])].feed(*line[2:].split())
    run(["e2fsck", "-p", image], [0, 1])
    run(["e2fsck", "-fn", image], [0])
    found = []
    for number, (worker, tree) in enumerate(zip(workers, read_tree(image, folder))):
        found += ["worker %d: %s" % (number, problem) for problem in worker.problems(tree)]
    if found:
        raise Failure("\n".join(found[:12] + lines[-30:]))
    return sum(worker.promises for worker in workers), sum(worker.cells_promised() for worker in workers)


def cut(options, number, folder):
    chance = random.Random(number)
    image, swap, root = (os.path.join(folder, name) for name in ("image", "swap", "root"))
    for name in ("dev", "proc", "tmp", "data"):
        os.makedirs(os.path.join(root, name))
    run(["mke2fs", "-q", "-F", "-t", "ext2", *SHAPES[number % len(SHAPES)], "-d", root, image, "16M" if number % 5 else "5M"], [0])
    with open(swap, "wb") as file:
        file.truncate(16 << 20)
    run(["mkswap", swap], [0])
    where = (["--cut-after", str(chance.randrange(20, 2200))] if number % 4 else
             ["--cut-at", str(chance.randrange(3000000, 150000000))] if number else [])
    command = [os.path.join(options.build, "emu/commands/faultline"), "run", "--headless", "--memory", "16M",
               "--root", image + ",rw", "--disk", swap, *where, "--cut-seed", str(number), "--limit", "3000",
               options.program, "/data", str(number), str(options.operations), str(chance.choice([0, 8, 11, 14]) if number else 14)]
    status, text = run(command, [0, POWER_CUT])
    promises, cells = judge(text, image, folder)
    return "%s: %d promises, %d cells" % ("cut " + " ".join(where) if status else "not cut", promises, cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--operations", type=int, default=400)
    parser.add_argument("--keep", help="where the folders of failures go")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    failed = 0
    print("1..%d" % (options.points + 1))
    for count, number in enumerate([0, *range(options.first, options.first + options.points)], 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                print("ok %d - point %d, %s" % (count, number, cut(options, number, folder)))
            except (Failure, subprocess.TimeoutExpired) as problem:
                failed += 1
                print("not ok %d - point %d" % (count, number))
                for line in str(problem).splitlines():
                    print("#   " + line)
                if options.keep:
                    shutil.copytree(folder, os.path.join(options.keep, str(number)), dirs_exist_ok=True)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
