#!/usr/bin/env python3
"""What a user can do with `faultline run`, tried as a user would.

usage: cli.py BUILD
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

from harness import Images, Suite, run

images = Images(sys.argv[1])
suite = Suite()
temporary = tempfile.TemporaryDirectory()
folder = os.path.realpath(temporary.name)


def path(name):
    return os.path.join(folder, name)


def compile(name, source, *flags):
    with open(path(name) + ".c", "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run(["gcc", "-m32", "-static", "-g", "-O1", *flags, "-o", path(name), path(name) + ".c"], check=True)
    return path(name)


def faultline(*arguments, **named):
    return run([images.faultline, "run", "--headless", *arguments], **named)


ECHO = r"""
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char cwd[4096];
    for (int i = 0; i < argc; i++)
        printf("%d: %s\n", i, argv[i]);
    printf("cwd: %s\n", getcwd(cwd, sizeof cwd));
    printf("itself: %d\n", access(argv[0], X_OK));
    return argc + 40;
}
"""
echo = compile("echo-arguments", ECHO)
here = subprocess.run(["./echo-arguments", "one", "two words", ""], cwd=folder, capture_output=True, text=True)
there = faultline("./echo-arguments", "one", "two words", "", cwd=folder)
suite.check("arguments, working directory and argv[0] are those of the host",
            there.out == here.stdout and there.status == here.returncode == 44, f"{here.stdout}\n{there}")
os.mkdir(path("deep"))
here = subprocess.run(["../echo-arguments"], cwd=path("deep"), capture_output=True, text=True)
there = faultline("../echo-arguments", cwd=path("deep"))
suite.check("a path through .. works", there.out == here.stdout and there.status == 41, f"{here.stdout}\n{there}")
here = subprocess.run([echo], cwd="/", capture_output=True, text=True)
there = faultline(echo, cwd="/")
suite.check("the root as working directory works", there.out == here.stdout and there.status == 41, f"{here.stdout}\n{there}")

crash = compile("crash", "int main(void) { *(volatile int *)0x12345678 = 1; return 0; }\n")
done = faultline(crash)
suite.check("a program killed by a signal gives 128 + signal and is named",
            done.status == 139 and done.out == "" and re.search(r"crash\[\d+\]: segfault at 12345678", done.err), done)

cat = compile("cat", r"""
#include <stdio.h>
int main(void) { int c, n = 0; while ((c = getchar()) != EOF) { putchar(c); n++; } printf("[%d]\n", n); return 0; }
""")
lines = b"".join(b"line %d of the input\n" % i for i in range(2000))
with open(path("input"), "wb") as file:
    file.write(lines)
with open(path("input"), "rb") as file:
    done = subprocess.run([images.faultline, "run", "--headless", cat], stdin=file, capture_output=True, timeout=120)
suite.check("standard input from a file arrives whole", done.stdout == lines + b"[%d]\n" % len(lines), done.stdout[-200:])
done = faultline(cat, stdin=b"no newline at the end")
suite.check("standard input from a pipe arrives whole", done.out == "no newline at the end[21]\n", done)

touch = compile("touch-pages", r"""
#include <sys/mman.h>
#include <stdio.h>
int main(void)
{
    volatile char *p = mmap((void *)0x20000000, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    char sum = p[0];       /* the zero page */
    p[0] = 1;              /* its copy */
    for (int i = 1; i < 8; i++)
        p[i * 4096] = 1;   /* fresh frames */
    puts("done");
    return sum;
}
""")
done = faultline("--faults", touch)
faults = [line for line in done.err.splitlines() if re.search(r"2000[0-7]000", line)]
suite.check("--faults prints a line for each page fault", done.status == 0 and done.out == "done\n" and len(faults) == 9,
            f"{len(faults)} lines\n{done}")
done = faultline("--explain", "0x20003000", touch)
suite.check("--explain tells the walk level by level", done.status == 0 and all(
    word in done.err for word in ("PDE", "PTE", "present", "20003000", "region: 20000000-20008000 rw")), done)
done = faultline("--explain", "10000000", touch)
suite.check("--explain of nothing says so", done.status == 0 and "not present" in done.err and "none holds it" in done.err, done)

trace = path("out.jsonl")
done = faultline("--trace", trace, touch)
records = [json.loads(line) for line in open(trace, encoding="utf-8")]
suite.check("--trace writes JSON, an object a line", done.status == 0 and len(records) > 100 and
            all(isinstance(record, dict) for record in records), done)
first = open(trace, "rb").read()
faultline("--trace", trace, touch)
suite.check("two runs write the same trace, byte for byte", first == open(trace, "rb").read())

if os.environ.get("FAULTLINE_NO_WINDOW") is None:
    picture = path("picture.png")
    done = faultline("--screenshot", picture, "--at", "copy", "first-faults")
    head = open(picture, "rb").read(24) if os.path.exists(picture) else b""
    good = done.status == 0 and head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24]) == (1280, 800)
    suite.check("--screenshot writes a picture of 1280 x 800", good, done)

done = faultline("first-faults")
suite.check("a program of the guest's image runs by name", done.status == 0 and "copy on write" in done.out, done)
done = run([images.faultline, "info", images.kernel])
suite.check("info knows the kernel", done.status == 0 and "Multiboot" in done.out and "mem_map" in done.out, done)
done = run([images.faultline, "run", "--help"])
suite.check("run --help tells every option", done.status == 0 and all(
    word in done.out for word in ("--memory", "--faults", "--trace", "--explain", "--screenshot", "--limit", "--disk", "--root")), done)

# Disks. The guest sees them as files; a program of the host writes through one.
disk_io = compile("disk-io", r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char sector[512];
    int fd = open(argv[1], argc > 3 ? O_RDWR : O_RDONLY), at = 0;
    if (fd < 0 || sscanf(argv[2], "%d", &at) != 1 || lseek(fd, at * 512, SEEK_SET) < 0)
        return 9;
    if (argc > 3) {
        memset(sector, argv[3][0], sizeof sector);
        return write(fd, sector, sizeof sector) != 512 ? 1 : fsync(fd) ? 2 : 0;
    }
    if (read(fd, sector, sizeof sector) != 512)
        return 1;
    printf("%c%c\n", sector[0], sector[511]);
    return 0;
}
""")


def make_disk(name, sectors=2048):
    with open(path(name), "wb") as file:
        file.write(b"".join(bytes([ord("a") + sector % 26]) * 512 for sector in range(sectors)))
    return path(name)


def bytes_of(name):
    with open(path(name), "rb") as file:
        return file.read()


first, second = make_disk("first"), make_disk("second", 1024)
done = faultline("--disk", first, "--disk", second + ",ro", disk_io, "/dev/vda", "3")
suite.check("a disk is read", done.status == 0 and done.out == "dd\n", done)
done = faultline("--disk", first, "--disk", second + ",ro", disk_io, "/dev/vdb", "1023")
suite.check("so is the second, to its end", done.status == 0 and done.out == "jj\n", done)
done = faultline("--disk", first, disk_io, "/dev/vda", "5", "Z")
changed = bytes_of("first")
make_disk("same")
suite.check("what the guest writes is in the file, and nothing else",
            done.status == 0 and changed == bytes_of("same")[:5 * 512] + b"Z" * 512 + bytes_of("same")[6 * 512:], done)
done = faultline("--disk", second + ",ro", disk_io, "/dev/vda", "5", "Z")
suite.check("a read-only disk is not written", done.status != 0 and bytes_of("second") == bytes_of("same")[:1024 * 512], done)
done = faultline("--disk", first, "--disk-fault", "vda:read:8-15", disk_io, "/dev/vda", "9")
suite.check("a fault makes a read fail", done.status == 1, done)
done = faultline("--disk", first, "--disk-fault", "vda:write:8-15", disk_io, "/dev/vda", "9", "Q")
suite.check("a fault makes a write fail, and fsync tells", done.status == 2 and bytes_of("first")[9 * 512] != ord("Q"), done)
images_after = []
for attempt in range(2):
    make_disk("cut")
    done = faultline("--disk", path("cut"), "--cut-after", "3", "--cut-seed", "5", "--limit", "20", disk_io, "/dev/vda", "9", "Q")
    images_after.append(bytes_of("cut"))
suite.check("the power goes after a number of requests, and leaves the same bytes twice",
            done.status == 4 and "power was cut" in done.err and images_after[0] == images_after[1], done)
done = faultline("--disk", path("cut"), "--cut-at", "100000", disk_io, "/dev/vda", "9")
suite.check("the power goes at a time", done.status == 4 and "power was cut" in done.err and done.out == "", done)

# A root file system.
os.makedirs(path("tree/bin"))
os.makedirs(path("tree/data"))
subprocess.run(["cp", echo, path("tree/bin/in-the-root")], check=True)
subprocess.run(["cp", disk_io, path("tree/bin")], check=True)
os.symlink("in-the-root", path("tree/bin/link"))
with open(path("tree/data/sector"), "w", encoding="utf-8") as file:
    file.write("R" * 512)
done = faultline("--root", path("tree"), "/bin/in-the-root", "x")
suite.check("a program of the root runs by its path there", done.status == 42 and done.out.startswith("0: /bin/in-the-root\n1: x\ncwd: /\n"), done)
done = faultline("--root", path("tree"), "link")
suite.check("and by its name", done.status == 41 and done.out.startswith("0: link\n"), done)
done = faultline("--root", path("tree"), disk_io, "/data/sector", "0")
suite.check("a program of the host runs in the root", done.status == 0 and done.out == "RR\n", done)
done = faultline("--root", path("tree"), "--keep-root", path("kept"), disk_io, "/data/sector", "0", "S")
again = faultline("--root", path("tree"), "--keep-root", path("kept"), disk_io, "/data/sector", "0")
suite.check("a kept root remembers", done.status == 0 and again.out == "SS\n", f"{done}\n{again}")
check = subprocess.run(["/sbin/e2fsck", "-fn", path("kept")], capture_output=True, text=True)
suite.check("and is clean", check.returncode == 0, check.stdout + check.stderr)
before = bytes_of("kept")
done = faultline("--root", path("kept"), disk_io, "/data/sector", "0", "T")
suite.check("an image is not changed unless asked", done.status == 0 and bytes_of("kept") == before, done)
done = faultline("--root", path("kept") + ",rw", disk_io, "/data/sector", "0", "U")
again = faultline("--root", path("kept") + ",ro", "disk-io", "/data/sector", "0")
suite.check("and is when asked", done.status == 0 and bytes_of("kept") != before and again.out == "UU\n", f"{done}\n{again}")
kept = []
for name in ("one", "two"):
    faultline("--root", path("tree"), "--keep-root", path(name), disk_io, "/data/sector", "0", "V")
    os.utime(path("tree/data/sector"), (1, os.stat(path("tree/data/sector")).st_mtime))
    kept.append(bytes_of(name))
suite.check("two runs leave the same image, byte for byte", kept[0] == kept[1])
suite.check("no temporary image is left", not [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("faultline-root-")])

suite.finish()
