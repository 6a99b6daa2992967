"""A client of GDB's remote protocol for tests, byte by byte if wanted, and a machine for it to talk to."""
import os
import re
import socket
import subprocess
import time


def frame(data):
    data = data if isinstance(data, bytes) else data.encode()
    return b"$" + data + b"#%02x" % (sum(data) % 256)


def plain(data):
    """Without escapes."""
    return re.sub(rb"}(.)", lambda hidden: bytes([hidden[1][0] ^ 0x20]), data, flags=re.S)


class Machine:
    """faultline that waits for GDB. Leaves with it."""

    def __init__(self, images, where, *arguments, command="run", window=False):
        mode = ["--window"] if window else ["--headless"] if command == "run" else []
        environment = dict(os.environ, SDL_VIDEODRIVER="dummy") if window else None
        self.process = subprocess.Popen([images.faultline, command, *mode, "--gdb", where, "--timeout", "150", *arguments],
                                        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = self.process.stderr.readline().decode()
        self.name = self.said.split("target remote ")[-1].strip() if "target remote" in self.said else ""

    @property
    def port(self):
        return int(self.name.rsplit(":", 1)[1])

    def end(self, seconds=30):
        """Its exit status, standard output and error. None: it does not end."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            return None, out.decode(errors="replace"), err.decode(errors="replace")
        return self.process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Client:
    def __init__(self, name, patience=20):
        if name.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(name)
        else:
            host, port = name.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(patience)
        self.waiting = b""

    def send(self, data, piece=None, pause=0):
        piece = piece or len(data)
        for at in range(0, len(data), piece):
            self.socket.sendall(data[at:at + piece])
            if pause:
                time.sleep(pause)

    def receive(self):
        """The next reply's data, or None when the connection is over."""
        while not (found := re.search(rb"\$([^#]*)#[0-9a-f]{2}", self.waiting, re.S)):
            more = self.socket.recv(65536)
            if not more:
                return None
            self.waiting += more
        self.waiting = self.waiting[found.end():]
        return plain(found[1])

    def ask(self, data, **how):
        self.send(frame(data), **how)
        return self.receive()

    def close(self):
        self.socket.close()
