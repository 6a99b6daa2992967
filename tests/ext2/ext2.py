#!/usr/bin/env python3
"""ext2 in the guest, judged by e2fsprogs and by the host. Prints TAP.

usage: ext2.py --build DIR [--on qemu|faultline] [--seeds N] [--operations N] [--memory MIB] [CASE...]

Each case makes an image with mke2fs, runs a program on it in the guest and judges what is left: the program must print
what it prints on the host, `e2fsck -fn` must find nothing, and debugfs must read out of the image the tree that the
program has on the host.
"""
import argparse
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../programs"))
from compare import cpio_entry  # noqa: E402

TIMEOUT = 200
TEMPLATES = {
    "qemu": "qemu-system-i386 -accel tcg -M pc -cpu max -m {memory} -bios {build}/firmware/firmware.rom"
            " -fw_cfg name=opt/faultline/kernel,file={build}/guestos/kernel.elf -fw_cfg name=opt/faultline/initrd,file={initrd}"
            " -fw_cfg name=opt/faultline/cmdline,file={cmdline} -display none -serial stdio -monitor none -no-reboot -net none"
            " -device isa-debug-exit,iobase=0xf4,iosize=4"
            " -drive file={image},if=none,id=d0,format=raw -device virtio-blk-pci,drive=d0,disable-modern=on",
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M {how} {program} {arguments}",
}


class Failure(Exception):
    pass


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False, **options)
    return done.returncode, done.stdout.decode(errors="replace").replace("\r\n", "\n")


def make_image(path, size, options):
    code, output = run(["mke2fs", "-q", "-F", "-t", "ext2", *options, path, size])
    if code:
        raise Failure("mke2fs: " + output)


def check_image(path):
    code, output = run(["e2fsck", "-fn", path])
    if code:
        raise Failure("e2fsck -fn finds:\n" + output)


def make_initrd(options, folder, program, arguments):
    with open(os.path.join(options.build, "guestos/user/initramfs.cpio"), "rb") as file:
        archive = file.read()
    with open(program, "rb") as file:
        binary = file.read()
    fields = [b"raw", b"/", program.encode(), program.encode()] + [a.encode() for a in arguments] + [b""]
    archive += bytes(-len(archive) % 4) + cpio_entry(program[1:].encode(), 0o100755, binary)
    archive += cpio_entry(b"etc/faultline/run", 0o100644, b"\0".join(fields)) + cpio_entry(b"TRAILER!!!", 0, b"")
    path = os.path.join(folder, "initrd")
    with open(path, "wb") as file:
        file.write(archive)
    return path


def in_guest(options, folder, image, program, arguments, root=False):
    """Status and output of a program in the guest, with the image as its first disk (or as its root)."""
    names = {"build": options.build, "memory": str(options.memory), "image": image, "program": program,
             "how": "--root %s,rw" % image if root else "--disk " + image, "arguments": shlex.join(arguments)}
    if options.on == "qemu":
        names["initrd"] = make_initrd(options, folder, program, arguments)
        names["cmdline"] = os.path.join(folder, "cmdline")
        with open(names["cmdline"], "wb") as file:
            file.write(b"loglevel=4%s\0" % (b" root=/dev/vda" if root else b""))
    code, output = run(shlex.split(TEMPLATES[options.on].format(**names)), cwd="/")
    return (code >> 1 if options.on == "qemu" and code & 1 else code), output


def digest(path):
    """One line for each file of a tree on the host."""
    lines = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name != "lost+found"]
        for name in names + folders:
            full = os.path.join(folder, name)
            if os.path.islink(full):
                what = "link " + os.readlink(full)
            elif os.path.isdir(full):
                what = "directory"
            else:
                with open(full, "rb") as file:
                    what = hashlib.md5(file.read()).hexdigest()
            lines.append("%s %s" % (os.path.relpath(full, path), what))
    return sorted(lines)


def read_out(image, folder):
    out = os.path.join(folder, "out")
    os.mkdir(out)
    run(["debugfs", "-R", "rdump / " + out, image])
    return digest(out)


def first_difference(expected, got):
    for a, b in zip(expected + ["(end)"], got + ["(end)"]):
        if a != b:
            return "expected: %s\ngot:      %s" % (a, b)
    return None


def operations(options, folder, seed, mke2fs):
    image, host = os.path.join(folder, "image"), os.path.join(folder, "host")
    arguments = ["/mnt", str(seed), str(options.operations)]
    make_image(image, "24M", mke2fs)
    code, expected = run([options.program, host, *arguments[1:]])
    if code:
        raise Failure("on the host:\n" + expected)
    code, output = in_guest(options, folder, image, options.program, ["-m", "/dev/vda", *arguments])
    difference = first_difference(expected.splitlines(), output.splitlines())
    if code or difference:
        raise Failure("exit status %d\n%s\n%s" % (code, difference, output[-600:]))
    check_image(image)
    difference = first_difference(digest(host), read_out(image, folder))
    if difference:
        raise Failure("the tree on the disk:\n" + difference)


def full(options, folder, mke2fs):
    image = os.path.join(folder, "image")
    make_image(image, "6M", mke2fs)
    code, output = in_guest(options, folder, image, options.program, ["-m", "/dev/vda", "-f", "/mnt", "1", "0"])
    if code or output != "filled and freed\n0 operations\n":
        raise Failure("exit status %d\n%s" % (code, output[-600:]))
    check_image(image)


def as_root(options, folder, mke2fs):
    """The program is not on the disk, works in a directory of the root, and leaves nothing else behind."""
    image, host, tree = (os.path.join(folder, name) for name in ("image", "host", "tree"))
    for name in ("dev", "proc", "tmp", "data"):
        os.makedirs(os.path.join(tree, name))
    make_image(image, "24M", [*mke2fs, "-d", tree])
    arguments = ["/data", "7", str(options.operations)]
    _, expected = run([options.program, host, *arguments[1:]])
    code, output = in_guest(options, folder, image, options.program, arguments, root=True)
    difference = first_difference(expected.splitlines(), output.splitlines())
    if code or difference:
        raise Failure("exit status %d\n%s\n%s" % (code, difference, output[-600:]))
    check_image(image)
    expected_tree = sorted(["data/" + line for line in digest(host)] + [name + " directory" for name in ("data", "dev", "proc", "tmp")])
    difference = first_difference(expected_tree, read_out(image, folder))
    if difference:
        raise Failure("the tree on the disk:\n" + difference)


def all_cases(options):
    shapes = {"1K": ["-b", "1024"], "2K": ["-b", "2048"], "4K": ["-b", "4096"], "1K, inodes of 128 bytes": ["-b", "1024", "-I", "128"],
              "4K, revision 0": ["-b", "4096", "-r", "0", "-O", "none"], "1K, small groups": ["-b", "1024", "-g", "512", "-O", "sparse_super"]}
    for seed in range(1, options.seeds + 1):
        name = list(shapes)[(seed - 1) % len(shapes)]
        yield ("operations, seed %d, blocks of %s" % (seed, name),
               lambda folder, seed=seed, shape=shapes[name]: operations(options, folder, seed, shape))
    for name in ("1K", "4K"):
        yield "full disk, blocks of " + name, lambda folder, shape=shapes[name]: full(options, folder, shape)
    yield "root file system", lambda folder: as_root(options, folder, shapes["4K"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--on", choices=sorted(TEMPLATES), default="qemu")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--operations", type=int, default=800)
    parser.add_argument("--memory", type=int, default=32)
    parser.add_argument("cases", nargs="*", help="words of the cases to run")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.program = os.path.join(options.build, "tests/ext2/fileops")
    failed = count = 0
    for name, case in all_cases(options):
        if options.cases and not any(word in name for word in options.cases):
            continue
        count += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(folder)
                print("ok %d - %s" % (count, name))
            except (Failure, subprocess.TimeoutExpired) as problem:
                failed += 1
                print("not ok %d - %s" % (count, name))
                for line in str(problem).splitlines():
                    print("#   " + line)
        sys.stdout.flush()
    print("1..%d" % count)
    sys.exit(1 if failed or not count else 0)


if __name__ == "__main__":
    main()
