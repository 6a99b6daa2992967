"""Boots the guest on machines of several nodes, on QEMU and on faultline: the zones must be the same. Prints TAP.

usage: nodes.py BUILD
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../programs"))
import compare

CASES = [  # MiB, words for the kernel, MiB of each node
    (64, "", [32, 32]),
    (64, "highmem=24M", [32, 32]),
    (64, "", [16, 16, 16, 16]),
    (256, "highmem=64M", [84, 84, 88]),
]


def qemu_nodes(sizes):
    return " ".join("-object memory-backend-ram,id=n%d,size=%dM -numa node,nodeid=%d,memdev=n%d" % (i, size, i, i)
                    for i, size in enumerate(sizes))


def zones(build, on, memory, words, machine):
    options = argparse.Namespace(build=build, on=on, memory=memory, words=words, machine=machine, command=None, keep=None)
    output, code, said = compare.on_guest(os.path.join(build, "tests/guest/zones"), options)
    return compare.lines_of(output) + ["status %s %s" % (code, said if code else "")]


def main():
    build = os.path.abspath(sys.argv[1])
    failures = 0
    for number, (memory, words, sizes) in enumerate(CASES, 1):
        theirs = zones(build, "qemu", memory, words, qemu_nodes(sizes))
        ours = zones(build, "faultline", memory, words, "--nodes %d" % len(sizes))
        nodes = {line.split(",")[0] for line in ours if line.startswith("Node")}
        good = theirs == ours and len(nodes) == len(sizes) and ours[-1].startswith("status 0")
        failures += not good
        print("ok" if good else "not ok", number, "- %d MiB in %d nodes %s" % (memory, len(sizes), words))
        if not good:
            print("# QEMU", theirs, "\n# faultline", ours)
    print("1..%d" % len(CASES))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
