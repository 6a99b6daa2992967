"""Small tools for the system tests: TAP output, running faultline, running the same images on QEMU.

A test script makes a Suite, calls suite.check(name, condition, detail) for each fact, and ends with suite.finish().
"""
import os
import subprocess
import sys
import tempfile


class Suite:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, good, detail=""):
        self.count += 1
        print(("ok" if good else "not ok"), self.count, "-", name)
        if not good:
            self.failed += 1
            for line in str(detail).splitlines()[:40]:
                print("#   " + line)
        sys.stdout.flush()
        return good

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


class Images:
    """The build's files: arguments of each script are the build directory."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.faultline = os.path.join(self.build, "emu/commands/faultline")
        self.rom = os.path.join(self.build, "firmware/firmware.rom")
        self.kernel = os.path.join(self.build, "guestos/kernel.elf")
        self.initramfs = os.path.join(self.build, "guestos/user/initramfs.cpio")


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\nstdout:\n{self.out}\nstderr:\n{self.err}"


def run(command, timeout=120, stdin=b"", cwd=None, env=None):
    """Runs a command to its end. A time-out is reported as status None: a hang is a failure of its own."""
    try:
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              cwd=cwd, env=env)
    except subprocess.TimeoutExpired as late:
        return Result(None, (late.stdout or b"").decode(errors="replace"), "timed out")
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def qemu(images, memory_mib, cmdline, initrd=None, timeout=180):
    """The same ROM, kernel and initramfs on QEMU's pc machine. The status is the value written to the debug exit."""
    with tempfile.NamedTemporaryFile("w", suffix=".cmdline") as line:
        line.write(cmdline + "\0")
        line.flush()
        done = run(["qemu-system-i386", "-M", "pc", "-cpu", "max", "-m", str(memory_mib), "-bios", images.rom,
                    "-fw_cfg", "name=opt/faultline/kernel,file=" + images.kernel,
                    "-fw_cfg", "name=opt/faultline/initrd,file=" + (initrd or images.initramfs),
                    "-fw_cfg", "name=opt/faultline/cmdline,file=" + line.name,
                    "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-net", "none",
                    "-device", "isa-debug-exit,iobase=0xf4,iosize=4"], timeout=timeout)
    if done.status is not None and done.status & 1:
        done.status >>= 1
    return done
