#!/usr/bin/env python3
"""busybox.py BUILD: Debian's own static busybox is the guest's user land, unmodified. Each script prints the same in a
chroot of the host, on faultline with the same tree as its root, and on QEMU's pc with an image of it; what only the
guest can tell (free, ps, top, mount, swapon) is looked at by what must stand in it."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import compare  # noqa: E402
import harness  # noqa: E402

images = harness.Images(sys.argv[1])
suite = harness.Suite()
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Each runs as `sh -c` in / of the same tree; /tmp is empty. Nothing may depend on time, pids or the machine.
SCRIPTS = {
    "pipelines": "seq 1 200 | sort -rn | head -5; seq 1 1000 | grep 7 | wc -l; echo b a c | tr ' ' '\\n' | sort | tr '\\n' ' '; echo",
    "files": "cd /tmp; echo one > a; echo two >> a; cat a; cp a b; mv b c; ln a d; ln -s a e; ls -1; readlink e; cat e; wc -c a c d; "
             "rm a; cat d; cat e; mkdir -p x/y/z; touch x/y/f; find x | sort; rm -r x; ls -1",
    "dd and md5sum": "cd /tmp; dd if=/bin/busybox of=copy bs=4096 count=100 2>/dev/null; md5sum < copy; "
                     "dd if=/dev/zero bs=1k count=300 2>/dev/null | md5sum; dd if=copy bs=1 skip=1000 count=64 2>/dev/null | md5sum; "
                     "cmp -n 409600 copy /bin/busybox && echo same; sha256sum copy; cksum < copy",
    "sort": "cd /tmp; i=0; while [ $i -lt 3000 ]; do echo $(( (i * 7919) % 3001 )); i=$((i + 1)); done > n; sort -n n | md5sum; "
            "sort -rn n | head -3; sort -n n | uniq | wc -l",
    "scripts": "f() { [ $1 -le 1 ] && echo 1 || echo $(( $1 * $(f $(( $1 - 1 ))) )); }; f 10; for w in a b c; do case $w in b) echo hit;; *) echo miss;; esac; done; "
               "x=$(echo inner | sed s/inner/outer/); echo $x; (exit 3); echo $?; trap 'echo bye' EXIT; set -- p q r; echo $# $2; printf '%05d|%s\\n' 42 text",
    "here documents and subshells": "cat <<END | (read a; read b; echo $b $a)\nfirst\nsecond\nEND\n( cd /tmp; pwd ); pwd; { echo x; echo y; } | cat -n",
    "background": "(sleep 0.1; echo later) & echo now; wait; echo done",
    "text tools": "printf 'a:1\\nb:2\\nc:3\\n' > /tmp/t; awk -F: '{ s += $2 } END { print s }' /tmp/t; cut -d: -f1 /tmp/t; sed -n '2p' /tmp/t; tac /tmp/t; "
                  "rev /tmp/t; od -c /tmp/t | head -2; hexdump -C /tmp/t; expr 6 '*' 7; nl /tmp/t; diff /tmp/t /bin/sh > /dev/null; echo $?",
    "archives": "cd /tmp; mkdir d; echo hello > d/f; tar cf t.tar d; tar tf t.tar; gzip -c d/f | gunzip; gzip t.tar; ls -1; rm -r d; tar xzf t.tar.gz; cat d/f; "
                "find d | cpio -o -H newc 2>/dev/null | cpio -t 2>/dev/null",
    "rights": "cd /tmp; touch f; chmod 640 f; stat -c '%a %U %s' f; chmod u+s,g-r f; stat -c %A f; umask 077; touch g; stat -c %a g; "
              "chown 5:6 g; stat -c '%u %g' g; test -x f; echo $?",
    "a large file": "cd /tmp; dd if=/dev/zero of=big bs=64k count=100 2>/dev/null; ls -l big | awk '{print $5}'; echo end >> big; tail -c 4 big; "
                    "truncate -s 1000 big; wc -c < big; md5sum < big",
}

# Only the guest can say these.
LOOKS = {
    "free": ("free", [r"^\s+total\s+used\s+free", r"^Mem:\s+\d{4,}\s+\d+\s+\d+", r"^Swap:\s+\d+"]),
    "ps": ("ps", [r"^PID\s+USER\s+COMMAND", r"^\s*1 .*init", r"kswapd0", r"pdflush|flush"]),
    "top": ("top -b -n1 | head -20", [r"^Mem: \d+K used, \d+K free", r"^CPU:", r"PID\s+PPID\s+USER\s+STAT\s+VSZ", r"top -b"]),
    "mount": ("mount", [r"^/dev/vda on / type ext2 \(rw", r"^proc on /proc type proc", r"/dev"]),
    "df": ("df /", [r"^/dev/vda\s+\d+\s+\d+\s+\d+\s+\d+% /$"]),
    "swapon": ("cat /proc/swaps; free | grep Swap", [r"^/dev/vdb\s+partition\s+\d{4,}", r"^Swap:\s+\d{4,}"]),
    "swapoff and swapon": ("swapoff /dev/vdb; grep -c vdb /proc/swaps; swapon /dev/vdb; grep -c vdb /proc/swaps", [r"^0$", r"^1$"]),
    "mount and umount": ("mkdir -p /mnt/t; mount -t tmpfs none /mnt/t && touch /mnt/t/x && ls /mnt/t && umount /mnt/t && ls /mnt/t | wc -l", [r"^x$", r"^0$"]),
    "uname": ("uname -m", [r"^i686$"]),
}


def guest_lines(text):
    return text.replace("\r\n", "\n")


def on_host(tree, script):
    """In a fresh copy's /tmp; without /proc, which no script asks."""
    subprocess.run(["rm", "-rf", tree + "/tmp"], check=True)
    os.mkdir(tree + "/tmp")
    os.chmod(tree + "/tmp", 0o1777)
    return harness.run(["chroot", tree, "/bin/sh", "-c", "exec 2>&1; cd /; " + script],
                       env={"HOME": "/", "TERM": "linux", "PATH": "/bin:/sbin:/usr/bin"})


def on_faultline(tree, script, swap, memory="32M"):
    return harness.run([images.faultline, "run", "--headless", "--memory", memory, "--root", tree, "--disk", swap, "/bin/sh", "-c",
                        "cd /; " + script], timeout=120)


def make_image(tree, path):
    """The tree as an ext2 image for QEMU; the harness removes nothing of it but /tmp's contents between scripts."""
    with open(path, "wb") as file:
        file.truncate(48 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", tree, path], check=True,
                   env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"))


def on_qemu(image, script, folder):
    run = b"\0".join([b"raw", b"/", b"/bin/sh", b"/bin/sh", b"-c", ("cd /; " + script).encode(), b""])
    with open(images.initramfs, "rb") as file:
        archive = file.read()
    archive += bytes(-len(archive) % 4) + compare.cpio_entry(b"etc/faultline/run", 0o100644, run)
    with open(folder + "/initrd", "wb") as file:
        file.write(archive + compare.cpio_entry(b"TRAILER!!!", 0, b""))
    with open(folder + "/cmdline", "wb") as file:
        file.write(b"root=/dev/vda loglevel=0\0")
    done = harness.run(["qemu-system-i386", "-M", "pc", "-cpu", "max", "-m", "32", "-bios", images.rom,
                        "-fw_cfg", "name=opt/faultline/kernel,file=" + images.kernel,
                        "-fw_cfg", "name=opt/faultline/initrd,file=" + folder + "/initrd",
                        "-fw_cfg", "name=opt/faultline/cmdline,file=" + folder + "/cmdline",
                        "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-net", "none",
                        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                        "-drive", f"file={image},if=none,id=d0,format=raw,snapshot=on",
                        "-device", "virtio-blk-pci,drive=d0,disable-modern=on"], timeout=120)
    done.status = done.status >> 1 if done.status is not None and done.status & 1 else done.status
    return done


def make_swap(path):
    with open(path, "wb") as file:
        file.truncate(32 << 20)
    subprocess.run(["mkswap", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree, swap = folder + "/tree", folder + "/swap.img"
        subprocess.run([TOP + "/tools/busybox", "--root", tree], check=True)
        for name in ("dev/null", "dev/zero"):
            minor = 3 if name.endswith("null") else 5
            os.mknod(os.path.join(tree, name), 0o20666, os.makedev(1, minor))
        make_swap(swap)
        make_image(tree, folder + "/root.img")
        for name, script in SCRIPTS.items():
            host = on_host(tree, script)
            on_host(tree, "true")
            guest = on_faultline(tree, script, swap)
            same = guest.status == host.status and guest_lines(guest.out) == host.out
            suite.check(f"{name}: the same as on the host", same and host.out != "", f"host: {host}\nguest: {guest}")
            qemu = on_qemu(folder + "/root.img", script, folder)
            suite.check(f"{name}: the same on QEMU", qemu.status == guest.status and qemu.out == guest.out, f"QEMU: {qemu}\nguest: {guest}")
        for name, (script, patterns) in LOOKS.items():
            guest = on_faultline(tree, script, swap)
            missing = [p for p in patterns if not re.search(p, guest_lines(guest.out), re.M)]
            suite.check(f"{name}: tells of the guest", guest.status == 0 and not missing, f"missing {missing}\n{guest}")
    suite.finish()


if os.geteuid() != 0:
    print("1..0 # SKIP the host's side needs chroot, which needs root")
    sys.exit(0)
main()
