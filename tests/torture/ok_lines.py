#!/usr/bin/env python3
"""Runs a program that prints "WHAT: ok" for each thing that is right; every line must be such a line, and there must be as
many as told. Prints TAP.

usage: ok_lines.py --build DIR --program PATH --lines N [--memory MIB] [--swap MIB] [--nodes N] MACHINE...

With --swap /dev/vda is swap space. MACHINE is faultline or qemu.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402

DRIVE = {"qemu": "-drive file={swap},if=none,id=d0,format=raw -device virtio-blk-pci,drive=d0,disable-modern=on",
         "faultline": "--disk {swap}"}


def nodes_of(machine, options):
    if options.nodes == 1:
        return ""
    if machine == "faultline":
        return " --nodes %d" % options.nodes
    return "".join(" -object memory-backend-ram,id=n%d,size=%dM -numa node,nodeid=%d,memdev=n%d" %
                   (i, options.memory // options.nodes, i, i) for i in range(options.nodes))


def run(machine, options, folder):
    swap = os.path.join(folder, "swap.img")
    with open(swap, "wb") as file:
        file.truncate(options.swap << 20)
    if options.swap:
        subprocess.run(["mkswap", swap], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    words = (DRIVE[machine].format(swap=swap) if options.swap else "") + nodes_of(machine, options)
    asked = argparse.Namespace(build=options.build, on=machine, memory=options.memory, words="", machine=words, command=None,
                               keep=None)
    output, code, said = compare.on_guest(options.program, asked)
    return [line.rstrip("\n") for line in compare.lines_of(output)], code, said.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--memory", type=int, default=16)
    parser.add_argument("--swap", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("machines", nargs="+")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    failed = 0
    for number, machine in enumerate(options.machines, 1):
        with tempfile.TemporaryDirectory() as folder:
            lines, code, said = run(machine, options, folder)
        good = code == 0 and len(lines) == options.lines and all(line.endswith(": ok") for line in lines)
        failed += not good
        print("%s %d - %s on %s" % ("ok" if good else "not ok", number, os.path.basename(options.program), machine))
        for line in [] if good else lines + said + ["status %s" % code]:
            print("#   " + line)
    print("1..%d" % len(options.machines))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
