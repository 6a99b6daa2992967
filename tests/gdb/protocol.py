#!/usr/bin/env python3
"""The remote protocol by sockets: bytes cut and joined, who may connect, what a wrong address is told.

usage: protocol.py BUILD
"""
import os
import re
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from client import Client, Machine, frame  # noqa: E402
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()
temporary = tempfile.TemporaryDirectory()

QUESTIONS = ["qSupported:swbreak+;hwbreak+", "?", "Hg0", "qC", "qfThreadInfo", "qsThreadInfo", "qAttached", "g", "p8",
             "mfffffff0,10", "m0,0", "Z1,7c00,1", "z1,7c00,1", "vMustReplyEmpty", "vCont?",
             "qXfer:features:read:target.xml:0,800", "qXfer:features:read:target.xml:800,4000"]


def answers(machine, way):
    client = Client(machine.name)
    if way == "merged":
        client.send(b"".join(frame(question) for question in QUESTIONS))
        got = [client.receive() for _ in QUESTIONS]
    elif way == "split":
        got = [client.ask(question, piece=1, pause=0.0005) for question in QUESTIONS]
    else:
        got = [client.ask(question) for question in QUESTIONS]
    client.close()
    return got


# ---- bytes ----
with Machine(images, "0", "first-faults") as machine:
    suite.check("port 0 takes a free one and says which", re.search(r"target remote 127\.0\.0\.1:\d+$", machine.said),
                machine.said)
    whole = answers(machine, "whole")
    suite.check("replies are what GDB expects", whole[0].startswith(b"PacketSize=4000;") and whole[1] == b"T05thread:1;"
                and whole[3] == b"QC1" and len(whole[7]) > 600 and whole[8] == b"f0ff0000" and whole[13] == b"", whole)
    suite.check("a client that comes back byte by byte gets the same", answers(machine, "split") == whole)
    suite.check("and one that says all at once", answers(machine, "merged") == whole)
    client = Client(machine.name)
    client.send(b"$g#00")
    suite.check("a wrong checksum is asked for again", client.socket.recv(1) == b"-")
    suite.check("and then accepted", client.ask("qC") == b"QC1")
    client.send(b"-")
    suite.check("what did not arrive is said again", client.receive() == b"QC1")
    suite.check("a packet that is too long is refused", client.ask(b"X0,0:" + b"a" * 20000).startswith(b"E"))
    suite.check("without harm", client.ask("?") == b"T05thread:1;")
    suite.check("acknowledgements can be left out", client.ask("QStartNoAckMode") == b"OK")
    client.send(b"+")
    client.waiting = b""
    client.send(frame("qC"))
    suite.check("from then on", client.socket.recv(100) == b"$QC1#c5")
    client.send(frame("vCont;c"), piece=1)
    client.send(b"\x03")
    suite.check("Ctrl-C stops it", client.receive() == b"T02thread:1;")
    client.send(frame("c") + b"\x03")
    suite.check("and right behind the packet, too", client.receive() == b"T02thread:1;")
    client.send(frame("c"))
    suite.check("whatever else comes while it runs is refused", client.ask("g").startswith(b"E"))
    client.send(b"\x03")
    suite.check("and it goes on", client.receive() == b"T02thread:1;")
    client.send(frame("k"))
    suite.check("k ends the session", client.receive() is None)
    status, out, err = machine.end()
    suite.check("and the machine, with status 0", status == 0 and err == "", f"{status} {err}")

# ---- clients ----
with Machine(images, "0", "first-faults") as machine:
    silent = [Client(machine.name) for _ in range(3)]
    first = Client(machine.name)
    suite.check("clients that say nothing stop nobody", first.ask("qC") == b"QC1")
    second = Client(machine.name)
    refusal = second.ask("qSupported")
    suite.check("a second one is told why it is refused", refusal and b"another GDB" in refusal, refusal)
    suite.check("and sent away", second.receive() is None)
    suite.check("the first is not disturbed", first.ask("?") == b"T05thread:1;")
    first.ask("Z1,c0104800,1")
    first.socket.shutdown(socket.SHUT_RDWR)
    first.close()
    again = Client(machine.name)
    suite.check("after a lost connection the machine is found as it was", again.ask("p8") == b"f0ff0000")
    suite.check("without the points of the one that left", b"no stop" in bytes.fromhex(
        again.ask("qRcmd," + b"stops".hex())[1:].decode()).lower() and again.receive() == b"OK")
    suite.check("detaching lets it run", again.ask("D") == b"OK" and again.receive() is None)
    status, out, err = machine.end()
    suite.check("to its end", status == 0 and "signal 11, si_addr 0x10" in out, f"{status} {out[-300:]} {err}")

with Machine(images, "0", "first-faults", command="debug") as machine:
    client = Client(machine.name)
    client.send(frame("c"))
    words = client.receive()
    suite.check("the end of the machine is told in words", words[:1] == b"O" and b"status 0" in bytes.fromhex(words[1:].decode()))
    suite.check("and by its status", client.receive() == b"W00")
    suite.check("and ends the program", machine.end()[0] == 0)

# ---- addresses ----
with Machine(images, "0", "first-faults") as machine:
    with open("/proc/net/tcp", encoding="ascii") as table:
        lines = [line.split()[1] for line in table if line.split()[1].endswith(":%04X" % machine.port)]
    suite.check("it listens on 127.0.0.1 and nowhere else", lines == ["0100007F:%04X" % machine.port], lines)
    done = run([images.faultline, "run", "--headless", "--gdb", str(machine.port), "first-faults"])
    suite.check("a port in use: one sentence", done.status == 2 and len(done.err.splitlines()) == 1
                and "in use" in done.err, done)
with Machine(images, "localhost:0", "first-faults") as machine:
    suite.check("HOST:PORT", Client(machine.name.replace("[::1]", "::1")).ask("qC") == b"QC1", machine.said)
for where, words in [("70000", "give a port"), ("", "give a port"), ("1234x", "give a port"), ("host:", "give a port"),
                     (":1", "give a port"), ("no.such.host.invalid:1", "not known"), ("192.0.2.1:1", "listen"),
                     ("unix:", "path"), ("unix:" + "x" * 200, "path"), ("unix:/", "exist|file|directory|permit"),
                     ("unix:/no/such/folder/s", "No such file")]:
    done = run([images.faultline, "run", "--headless", "--gdb", where, "first-faults"])
    suite.check(f"--gdb '{where[:30]}' is refused in one sentence", done.status == 2 and len(done.err.splitlines()) == 1
                and re.search(words, done.err), done)
path = os.path.join(temporary.name, "socket")
with Machine(images, "unix:" + path, "first-faults") as machine:
    suite.check("a socket file", Client(machine.name).ask("qC") == b"QC1", machine.said)
    done = run([images.faultline, "run", "--headless", "--gdb", "unix:" + path, "first-faults"])
    suite.check("that is in use is refused", done.status == 2 and "already" in done.err, done)
    machine.process.kill()
    machine.process.wait()
suite.check("a killed machine leaves its socket behind", os.path.exists(path))
with Machine(images, "unix:" + path, "first-faults") as machine:
    client = Client(machine.name)
    suite.check("which the next one takes over", client.ask("qC") == b"QC1", machine.said)
    client.send(frame("k"))
    machine.end()
suite.check("and removes at its end", not os.path.exists(path))
with open(path, "w", encoding="ascii") as file:
    file.write("precious")
done = run([images.faultline, "run", "--headless", "--gdb", "unix:" + path, "first-faults"])
suite.check("a file that is no socket is left alone", done.status == 2 and os.path.getsize(path) == 8, done)
suite.finish()
