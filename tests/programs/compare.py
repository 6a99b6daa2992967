#!/usr/bin/env python3
"""Runs programs on the host and in the guest; output and exit status must be the same. Prints TAP.

usage: compare.py --build DIR [--on qemu|faultline] [--command TEMPLATE] [--memory MIB] [--words WORDS] [--machine OPTIONS]
                  [--keep DIR] [PROGRAM...]

PROGRAM is a path, or the name of a program in DIR/tests/programs; without any, all of those. On the host a program runs
on a pseudo-terminal of 24 x 80 in a session of its own, as it does in the guest under init. In the guest it stands at
the same path. WORDS go to the kernel's command line, OPTIONS to QEMU's or faultline's. TEMPLATE is a shell command with {program} (the path), {initrd} (the guest's archive with the program and
/etc/faultline/run in it), {cmdline} (a file), {memory}, {build}, {words}, {machine}; with --on qemu its status is isa-debug-exit's.
Where a file NAME.typed lies beside this script, its lines (with backslash escapes) are typed one by one, each when the
program prints "ready>" once more. Carriage returns before line feeds are left out on both sides: the guest's terminal may be raw.
"""
import argparse
import difflib
import fcntl
import os
import pty
import resource
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ENVIRONMENT = {"HOME": "/", "TERM": "linux", "PATH": "/bin:/sbin:/usr/bin"}
TIMEOUT = 60
PROMPT = b"ready>"
NO_END = "none within %d seconds" % TIMEOUT
TEMPLATES = {
    "qemu": "qemu-system-i386 -accel tcg -M pc -cpu max -m {memory} -bios {build}/firmware/firmware.rom"
            " -fw_cfg name=opt/faultline/kernel,file={build}/guestos/kernel.elf -fw_cfg name=opt/faultline/initrd,file={initrd}"
            " -fw_cfg name=opt/faultline/cmdline,file={cmdline} -display none -serial stdio -monitor none -no-reboot -net none"
            " -device isa-debug-exit,iobase=0xf4,iosize=4 {machine}",
    "faultline": "{build}/emu/commands/faultline run --headless --memory {memory}M --cmdline '{words}' {machine} {program}",
}


def become_program(path):
    """In the child, on its terminal: what a fresh process of the guest has, and nothing of ours."""
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.closerange(3, 4096)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    os.chdir(os.path.dirname(path))
    os.execve(path, [path], ENVIRONMENT)


def keys_of(path):
    """The lines to type, or nothing."""
    typed = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.path.basename(path) + ".typed")
    if not os.path.exists(typed):
        return []
    with open(typed, encoding="ascii") as file:
        return [line.rstrip("\n").encode().decode("unicode_escape").encode("latin-1") for line in file]


def converse(out, keyboard, keys):
    """Types keys as they are asked for and returns what is printed until the other side is gone; and whether it was in time."""
    output, typed, deadline = b"", 0, time.monotonic() + TIMEOUT
    while True:
        ready, _, _ = select.select([out], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return output, False
        try:
            part = os.read(out, 65536)
        except OSError:  # EIO: the terminal has no user any more
            part = b""
        if not part:
            return output, True
        output += part
        while typed < min(output.count(PROMPT), len(keys)):
            time.sleep(0.05)  # the program goes from its prompt into its read
            os.write(keyboard, keys[typed])
            typed += 1


def on_host(path):
    pid, master = pty.fork()
    if pid == 0:
        try:
            become_program(path)
        finally:
            os._exit(127)
    output, ended = converse(master, master, keys_of(path))
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    code = os.waitstatus_to_exitcode(status)
    return output, (code if code >= 0 else 128 - code) if ended else NO_END


def cpio_entry(name, mode, data):
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def make_initrd(base, path):
    with open(base, "rb") as file:
        archive = file.read()
    with open(path, "rb") as file:
        program = file.read()
    run = b"\0".join([b"", os.path.dirname(path).encode(), path.encode(), path.encode(), b""])
    archive += bytes(-len(archive) % 4) + cpio_entry(path[1:].encode(), 0o100755, program)
    archive += cpio_entry(b"etc/faultline/run", 0o100644, run)
    return archive + cpio_entry(b"TRAILER!!!", 0, b"")


def on_guest(path, options):
    with tempfile.TemporaryDirectory() as folder:
        names = {"program": path, "memory": str(options.memory), "build": options.build, "words": options.words, "machine": options.machine,
                 "initrd": os.path.join(folder, "initrd"), "cmdline": os.path.join(folder, "cmdline")}
        with open(names["initrd"], "wb") as file:
            file.write(make_initrd(os.path.join(options.build, "guestos/user/initramfs.cpio"), path))
        with open(names["cmdline"], "wb") as file:
            file.write(b"loglevel=0 " + options.words.encode() + b"\0")
        template = options.command or TEMPLATES[options.on]
        command = shlex.split(template.format(**names))
        return run_guest(command, path, options)


def run_guest(command, path, options):
    # The keyboard stays open: nobody types more than the keys, and the input has no end.
    with tempfile.TemporaryFile() as errors, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=os.path.dirname(path)) as process:
        output, ended = converse(process.stdout.fileno(), process.stdin.fileno(), keys_of(path))
        if not ended:
            process.kill()
            return output, NO_END, ""
        code = process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if options.on == "qemu" and code & 1:
        code >>= 1
    return output, code, said


def lines_of(output):
    return (output or b"").replace(b"\r\n", b"\n").decode(errors="replace").splitlines(keepends=True)


def compare(path, options):
    """What differs, as lines; nothing when all is the same."""
    host_output, host_code = on_host(path)
    guest_output, guest_code, errors = on_guest(path, options)
    host, guest = lines_of(host_output), lines_of(guest_output)
    if options.keep:
        for side, text in (("host", host), ("guest", guest)):
            with open(os.path.join(options.keep, os.path.basename(path) + "." + side), "w", encoding="utf-8") as file:
                file.writelines(text)
    if host_code == NO_END:
        return ["the program does not end on the host within %d seconds" % TIMEOUT]
    differences = [line.rstrip("\n") for line in difflib.unified_diff(host, guest, "host", "guest", n=1)]
    if host_code != guest_code:
        differences.append("exit status %s on the host, %s in the guest" % (host_code, guest_code))
    if not host:
        differences.append("the program printed nothing: nothing was compared")
    return differences + errors.splitlines()[-5:] if differences else []


def all_programs(folder):
    names = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return [name for name in names if os.path.isfile(name) and os.access(name, os.X_OK)]


def run_on_machines(title, description, machines, check):
    """The main function of tests that run one program on several machines: check(machine, options) gives what is wrong, as
    lines. Prints TAP."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("machines", nargs="*")
    options = parser.parse_args()
    options.build, options.program = os.path.abspath(options.build), os.path.abspath(options.program)
    machines, failed = options.machines or sorted(machines), 0
    for number, machine in enumerate(machines, 1):
        problems = check(machine, options)
        failed += bool(problems)
        print("%s %d - %s on %s" % ("not ok" if problems else "ok", number, title, machine))
        for line in problems:
            print("#   " + line)
    print("1..%d" % len(machines))
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--on", choices=sorted(TEMPLATES), default="qemu")
    parser.add_argument("--command")
    parser.add_argument("--memory", type=int, default=64)
    parser.add_argument("--words", default="")
    parser.add_argument("--machine", default="")
    parser.add_argument("--keep", help="a folder for both outputs of each program")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    folder = os.path.join(options.build, "tests/programs")
    paths = [os.path.abspath(p) if os.path.sep in p else os.path.join(folder, p) for p in options.programs]
    failed = 0
    paths = paths or all_programs(folder)
    for number, path in enumerate(paths, 1):
        differences = compare(path, options)
        failed += bool(differences)
        print("%s %d - %s" % ("not ok" if differences else "ok", number, os.path.basename(path)))
        for line in differences[:60]:
            print("#   " + line)
        sys.stdout.flush()
    print("1..%d" % len(paths))
    sys.exit(1 if failed or not paths else 0)


if __name__ == "__main__":
    main()
