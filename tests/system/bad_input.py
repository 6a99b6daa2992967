#!/usr/bin/env python3
"""Bad input gets one clear sentence and a non-zero status, never a crash, and leaves no half-written file.

usage: bad_input.py BUILD
"""
import os
import subprocess
import sys
import tempfile

from harness import Images, Suite, run

images = Images(sys.argv[1])
suite = Suite()
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)
    os.chmod(path(name), 0o755)
    return path(name)


def compile(name, source, *flags):
    write(name + ".c", source.encode())
    subprocess.run(["gcc", *flags, "-o", path(name), path(name + ".c")], check=True)
    return path(name)


def refused(name, arguments, *words, env=None):
    """One line of ours that contains the words; status neither 0 nor that of a crash."""
    done = run([images.faultline, "run", "--headless", *arguments], timeout=60, env=env)
    ours = [line for line in done.err.splitlines() if line.startswith("faultline: ")]
    good = (done.status is not None and 0 < done.status < 126 and len(ours) == 1 and len(done.err.splitlines()) == 1
            and all(word in ours[0] for word in words) and len(ours[0]) < 300)
    suite.check(name, good, f"expected words {words}\n{done}")


HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n'
hello = compile("hello", HELLO, "-m32", "-static")
kernel = open(images.kernel, "rb").read()
initramfs = open(images.initramfs, "rb").read()

done = run([images.faultline, "run", "--headless", hello])
suite.check("a good program runs", done.status == 3 and done.out == "hello\n", done)

# Programs.
refused("a missing program", [path("nothing-here")], "nothing-here", "No such file")
refused("a program that is a directory", [folder.name], "not a regular file")
refused("a program that is text", [write("text", b"hello\n")], "not an ELF program", "gcc -m32 -static")
refused("an empty program", [write("empty", b"")], "not an ELF program")
refused("a 64-bit program", [compile("hello64", HELLO, "-static")], "64-bit", "gcc -m32 -static")
refused("a dynamic program", [compile("dynamic", HELLO, "-m32")], "dynamically linked", "gcc -m32 -static")
arm = bytearray(open(hello, "rb").read())
arm[18:20] = b"\x28\x00"
refused("a program of another architecture", [write("arm", bytes(arm))], "another machine")
refused("a program cut short", [write("half", open(hello, "rb").read()[:100000])], "cut short")
refused("an object file", [compile("object.o", HELLO, "-m32", "-c")], "not a program")

depth = os.getcwd()
os.chdir(folder.name)
while len(os.getcwd()) < 4080 - 100:
    os.makedirs("d" * 100, exist_ok=True)
    os.chdir("d" * 100)
os.makedirs("e" * (4094 - len(os.getcwd())))
os.chdir("e" * (4094 - len(os.getcwd())))
refused("a working directory of the longest path that there is", [hello], "too long")
os.chdir(depth)

# Kernels.
refused("a missing kernel", ["--kernel", path("no-kernel")], "kernel", "No such file")
refused("a kernel that is text", ["--kernel", write("k-text", b"not a kernel\n" * 100)], "firmware", "kernel")
refused("an empty kernel", ["--kernel", write("k-empty", b"")], "kernel")
refused("a kernel cut at 10 bytes", ["--kernel", write("k-10", kernel[:10])], "firmware", "kernel")
for size in (20, 52, 100, 4096, len(kernel) // 2, len(kernel) - 1):
    refused(f"a kernel cut at {size} bytes", ["--kernel", write(f"k-{size}", kernel[:size])], "kernel", "cut short")
refused("a program that is no Multiboot kernel", ["--kernel", hello], "firmware", "Multiboot")
refused("a 64-bit-only kernel", ["--kernel", path("hello64")], "firmware")

# Initramfs.
refused("a missing initramfs", ["--initrd", path("no-initrd")], "No such file")
for size in (3, 60, 200, len(initramfs) // 2):
    done = run([images.faultline, "run", "--headless", "--limit", "20", "--initrd", write(f"i-{size}", initramfs[:size])])
    good = done.status is not None and 0 < done.status < 256 and ("initramfs" in done.err or "init" in done.err)
    suite.check(f"an initramfs cut at {size} bytes", good, done)

# Machine.
refused("1 MiB of RAM", ["--memory", "1M", hello], "--memory", "4M", "3G")
refused("100 GiB of RAM", ["--memory", "100G", hello], "--memory", "4M", "3G")
refused("RAM that is no number", ["--memory", "lots", hello], "--memory")
refused("RAM that wraps around", ["--memory", "99999999999999999999G", hello], "--memory")
refused("a ROM of a wrong size", ["--rom", write("rom", b"\0" * 1000), hello], "ROM", "65536")
refused("a limit that is no number", ["--limit", "soon", hello], "--limit")
refused("an address that is no number", ["--explain", "xyz", hello], "--explain")
refused("an unknown option", ["--no-such-option", hello], "--no-such-option")

# Disks.
image = write("image", b"\0" * (1 << 20))
refused("a missing disk", ["--disk", path("no-disk"), hello], "no-disk", "No such file")
refused("a disk that is a directory", ["--disk", folder.name, hello], "cannot be opened")
refused("a disk that is a device", ["--disk", "/dev/zero", hello], "not a regular file")
refused("a disk of half a sector", ["--disk", write("odd", b"x" * 700), hello], "700 bytes", "512")
refused("an empty disk", ["--disk", path("empty"), hello], "0 bytes")
refused("a disk without a name", ["--disk", ",ro", hello], "no path")
refused("one disk twice", ["--disk", image, "--disk", image, hello], "in use by another run")
refused("too many disks", [word for _ in range(31) for word in ("--disk", image + ",ro")] + [hello], "at most 30")
refused("a missing root", ["--root", path("no-root"), hello], "no-root", "No such file")
refused("a directory that is to be written", ["--root", folder.name + ",rw", hello], "--keep-root")
refused("a place for a root without one", ["--keep-root", path("kept"), hello], "--root DIR")
refused("a place for a root that is an image", ["--root", image, "--keep-root", path("kept"), hello], ",rw")
os.mkdir(path("tiny-root"))
refused("a place for a root that cannot be", ["--root", path("tiny-root"), "--keep-root", path("none/kept"), hello],
        "cannot be written")
nowhere = dict(os.environ, TMPDIR=path("none"))
refused("no place for a root", ["--root", path("tiny-root"), hello], "TMPDIR", env=nowhere)
for text in ("vda", "vda:sing", "hda:read", "vda:read:9", "vda:read:9-8", "vda:read:0-1:0", "vda:read:0-1:1+", "vda:read:0-1:1+0",
             "vda:read:0-99999999999999999999", "vda:read:0-1:2x"):
    refused(f"the disk fault {text}", ["--disk", image, "--disk-fault", text, hello], "--disk-fault", "vda:write:0-7:3+1")
refused("a fault of a disk that is not there", ["--disk", image, "--disk-fault", "vdb:read", hello], "1 disks")
refused("a cut at no time", ["--cut-at", "0", hello], "--cut-at")
refused("a cut after words", ["--cut-after", "few", hello], "--cut-after")

# Outputs.
locked = path("locked")
os.mkdir(locked, 0o555)
as_root = os.geteuid() == 0
unwritable = "/proc/faultline-trace" if as_root else os.path.join(locked, "trace")
refused("a trace where nothing can be written", ["--trace", unwritable, hello], "cannot be written")
done = run([images.faultline, "run", "--headless", "--screenshot", unwritable + ".png", hello])
suite.check("a picture where nothing can be written",
            done.status not in (0, None) and "cannot write" in done.err and done.out == "hello\n", done)
suite.check("nothing half-written is left", not [name for name in os.listdir(folder.name) if ".tmp" in name],
            os.listdir(folder.name))

# A machine that goes wrong says so.
done = run([images.faultline, "run", "--headless", "--rom", write("zero-rom", b"\0" * 65536), "--limit", "0.00002"])
suite.check("a ROM of zeroes ends with a sentence", done.status not in (0, None) and done.err.startswith("faultline: "), done)
done = run([images.faultline, "run", "--headless", "--limit", "0.2",
            compile("spin", "int main(void) { for (;;) ; }\n", "-m32", "-static")])
suite.check("a program without end meets the limit", done.status == 124 and "--limit" in done.err, done)
done = run([images.faultline, "run", "--headless", "--timeout", "0.5", path("spin")])
suite.check("a program without end meets the limit of host time", done.status == 124 and "--timeout" in done.err, done)
refused("a time-out that is no number", ["--timeout", "-1", hello], "--timeout")

suite.finish()
