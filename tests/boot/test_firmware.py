"""Boots the firmware on QEMU's pc machine with good and bad kernel images and checks what comes out (TAP).

usage: test_firmware.py QEMU ROM PROBE_KERNEL INTERRUPTS_KERNEL [FAULTLINE_BOOT]

With FAULTLINE_BOOT (tests/boot/boot_host.c) every case runs on faultline as well, and the two consoles must be equal
byte for byte.
"""
import os
import struct
import subprocess
import sys
import tempfile

from images import ADDRESSES, Segment, flat, make_elf, patched, read_elf32, with_flags

MIB = 1 << 20
GOOD, BAD = 0x10, 0x7F  # values written to the debug exit port
SECONDS = 60


class Bench:
    def __init__(self, qemu, rom, faultline):
        self.qemu, self.rom, self.faultline = qemu, rom, faultline
        self.number, self.failures = 0, 0
        self.folder = tempfile.TemporaryDirectory()

    def file(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, 'wb') as out:
            out.write(data)
        return path

    def on_qemu(self, memory, files, rom=None, options=()):
        debug = os.path.join(self.folder.name, 'debugcon')
        command = [self.qemu, '-M', 'pc', '-accel', 'tcg', '-m', str(memory), '-display', 'none', '-no-reboot', '-nodefaults',
                   '-serial', 'stdio', '-bios', rom or self.rom, '-debugcon', 'file:' + debug,
                   '-device', 'isa-debug-exit,iobase=0xf4,iosize=4']
        command += options
        for name, path in files.items():
            command += ['-fw_cfg', f'name=opt/faultline/{name},file={path}']
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        with open(debug, 'rb') as from_debug:
            return done.returncode >> 1, done.stdout, from_debug.read(), done.stderr.decode(errors='replace')

    def on_faultline(self, memory, files):
        debug = os.path.join(self.folder.name, 'debugcon')
        command = [self.faultline, self.rom, str(memory), debug] + [f'{name}={path}' for name, path in files.items()]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        with open(debug, 'rb') as from_debug:
            return done.returncode, done.stdout, from_debug.read(), done.stderr.decode(errors='replace')

    def report(self, good, name, details):
        self.number += 1
        print(('ok' if good else 'not ok'), self.number, '-', name, flush=True)
        if not good:
            self.failures += 1
            for line in details:
                print('#', line)

    def boot(self, name, memory, kernel, judge, cmdline=None, initrd=None):
        """judge(exit, console text, debug console text) returns None or what is wrong."""
        contents = {'kernel': kernel, 'cmdline': cmdline, 'initrd': initrd}
        files = {key: self.file(key, data) for key, data in contents.items() if data is not None}
        status, console, debug, errors = self.on_qemu(memory, files)
        wrong = judge(status, console.decode('latin-1'), debug.decode('latin-1'))
        details = [f'QEMU: {wrong}', f'exit {status:#x}', f'console {console!r}', f'debug {debug!r}', errors]
        self.report(wrong is None, name, details)
        if self.faultline:
            ours = self.on_faultline(memory, files)
            same = ours[:3] == (status, console, debug)
            self.report(same, name + ', same on faultline', [f'faultline {ours!r}', f'QEMU {status:#x} {console!r} {debug!r}'])


def checksum(data):
    total = 0
    for byte in data:
        total = ((total << 5 | total >> 27) & 0xFFFFFFFF) ^ byte
    return total


def expected_map(memory):
    top = memory * MIB
    return [(0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0xF0000, 0x10000, 2), (0x100000, top - 0x100000, 1),
            (0xFFFF0000, 0x10000, 2)]


def expected_console(memory, cmdline, initrd, module_at):
    lines = ['magic 2badb002 pe-pg 00000001 if-vm 00000000 bss 00000000 data 600dda7a', 'a20 open',
             f'flags 0000024d lower 0000027f upper {(memory - 1) * 1024:08x}', 'loader faultline', f'cmdline [{cmdline}]']
    lines += [f'mmap {base:016x} + {size:016x} type {kind:08x}' for base, size, kind in expected_map(memory)]
    if initrd:
        lines.append(f'module {module_at:08x} - {module_at + len(initrd):08x} checksum {checksum(initrd):08x} initrd')
    return lines


def module_place(memory, size):
    return (min(memory * MIB, 0x38000000) - size) & ~0xFFF


def prints(lines):
    def judge(status, console, debug):
        if status != GOOD:
            return f'exit value {status:#x}'
        if console != '\n'.join(lines) + '\n':
            return 'expected console ' + repr(lines)
        return None if debug == '' else 'the debug console is not empty'
    return judge


def refuses(sentence):
    def judge(status, console, debug):
        wanted = 'firmware: ' + sentence + '\n'
        if status != BAD:
            return f'exit value {status:#x}'
        if console != wanted.replace('\n', '\r\n') or debug != wanted:
            return 'expected ' + repr(wanted)
        return None
    return judge


def good_cases(bench, probe):
    initrd = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(70001))
    for memory in (8, 64, 1024, 3072):
        lines = expected_console(memory, 'console=ttyS0 quiet', initrd, module_place(memory, len(initrd))) + ['done']
        bench.boot(f'{memory} MiB', memory, probe, prints(lines), b'console=ttyS0 quiet', initrd)
    plain = expected_console(64, '', None, 0) + ['done']
    bench.boot('no command line, no initrd', 64, probe, prints(plain))
    longest = 'x' * 4095
    bench.boot('the longest command line', 64, probe, prints(expected_console(64, longest, None, 0) + ['done']), longest.encode())


def other_machine_cases(bench, probe):
    """What only QEMU can show: fw_cfg without DMA, and a machine that tells its memory by CMOS alone."""
    initrd = bytes(range(251)) * 3000
    files = {'kernel': bench.file('kernel', probe), 'initrd': bench.file('initrd', initrd)}
    with open(bench.rom, 'rb') as rom_file:
        rom = rom_file.read()
    assert rom.count(b'etc/e820\0') == 1
    no_map = bench.file('no-map.rom', rom.replace(b'etc/e820\0', b'etc/none\0'))
    for name, memory, other in (('fw_cfg without DMA', 64, {'options': ['-global', 'fw_cfg_io.dma_enabled=off']}),
                                ('memory from CMOS', 64, {'rom': no_map}), ('memory from CMOS', 8, {'rom': no_map}),
                                ('memory from CMOS', 3072, {'rom': no_map})):
        status, console, debug, errors = bench.on_qemu(memory, files, **other)
        judge = prints(expected_console(memory, '', initrd, module_place(memory, len(initrd))) + ['done'])
        wrong = judge(status, console.decode('latin-1'), debug.decode('latin-1'))
        bench.report(wrong is None, f'{name}, {memory} MiB', [wrong, f'exit {status:#x}', repr(console), errors])


def bios_lines(memory):
    lines = []
    for base, size, kind in expected_map(memory):
        words = (base >> 32, base & 0xFFFFFFFF, size >> 32, size & 0xFFFFFFFF, kind)
        lines.append(''.join(f'{word:08x} ' for word in words))
    kib = (memory - 1) * 1024
    above_16 = max(memory - 16, 0) * 16
    lines.append(f'{min(kib, 15 * 1024):08x} {above_16:08x} {min(kib, 65535):08x} ')
    return lines + ['d']


def bios_cases(bench, probe):
    for memory in (8, 64, 3072):
        lines = expected_console(memory, 'bios', None, 0) + bios_lines(memory)
        bench.boot(f'BIOS calls with {memory} MiB', memory, probe, prints(lines), b'bios')


def shape_cases(bench, probe):
    """Other forms of the same kernel."""
    entry, segments = read_elf32(probe)
    plain = prints(expected_console(64, '', None, 0) + ['done'])
    bench.boot('ELF64 with 32-bit code', 64, make_elf(entry, segments, bits=64), plain)
    high = [Segment(s.vaddr + 0xC0000000, s.paddr, s.data, s.memory_bytes) for s in segments]
    bench.boot('linked high, physical entry', 64, make_elf(entry, high), plain)
    bench.boot('linked high, virtual entry', 64, make_elf(entry + 0xC0000000, high), plain)
    note = Segment(0, 0, b'note', kind=4)
    bench.boot('segments that are not loaded', 64, make_elf(entry, [note] + segments), plain)
    base, body = flat(segments)
    end = max(s.paddr + s.memory_bytes for s in segments)
    addresses = (base, base, base + len(body), end, entry)
    bench.boot('address fields', 64, with_flags(body, ADDRESSES | 3, addresses), plain)
    addresses = (base, base, 0, end, entry)
    bench.boot('address fields, load to the end of the file', 64, with_flags(body, ADDRESSES | 3, addresses), plain)
    shifted = bytes(100) + body
    addresses = (base, base, base + len(body), end, entry)
    bench.boot('address fields, header not at the start', 64, with_flags(shifted, ADDRESSES | 3, addresses), plain)


def module_cases(bench, probe):
    entry, segments = read_elf32(probe)
    kernel_end = max(s.paddr + s.memory_bytes for s in segments)
    room = 8 * MIB - (kernel_end + 0xFFF & ~0xFFF)
    initrd = bytes(range(256)) * (room // 256)
    lines = expected_console(8, '', initrd, 8 * MIB - room) + ['done']
    bench.boot('an initrd that just fits', 8, probe, prints(lines), initrd=initrd)
    sentence = 'the initrd of %u bytes does not fit into RAM, which ends at 0x00800000; give the machine more memory'
    bench.boot('an initrd one byte too long', 8, probe, refuses(sentence % (room + 1)), initrd=initrd + b'x')
    in_the_way = Segment(0x3FF0000, 0x3FF0000, b'', 0x8000)
    small = b'small initrd'
    lines = expected_console(64, '', small, 0x3FFF000) + ['done']
    bench.boot('room above a segment', 64, make_elf(entry, segments + [in_the_way]), prints(lines), initrd=small)
    large = bytes(0x9000)
    lines = expected_console(64, '', large, 0x3FF0000 - 0x9000) + ['done']
    bench.boot('a segment in the way', 64, make_elf(entry, segments + [in_the_way]), prints(lines), initrd=large)


def truncated_cases(bench, probe):
    """The file ends early. The header sits behind the program headers, so the first complaint is about it."""
    entry, segments = read_elf32(probe)
    image = make_elf(entry, segments)
    header_at = image.index(struct.pack('<I', 0x1BADB002))
    needed = max(image.index(s.data) + len(s.data) for s in segments)
    sizes = [1, 3, 4, 40, 51, 52, 83, 84, 115, 116, header_at, header_at + 4, header_at + 11]
    for size in sizes:
        sentence = f'the kernel image has no Multiboot header in its first {size} bytes'
        bench.boot(f'cut to {size} bytes', 64, image[:size], refuses(sentence))
    for size in (header_at + 12, header_at + 13, header_at + 500, needed - 5, needed - 1):
        sentence = f"the kernel image is truncated: a segment ends after the file's {size} bytes"
        bench.boot(f'cut to {size} bytes', 64, image[:size], refuses(sentence))
    bench.boot('cut after the last needed byte', 64, image[:needed],
               prints(expected_console(64, '', None, 0) + ['done']))
    late = patched(image, 28, struct.pack('<I', len(image) - 16))
    bench.boot('program headers cut off', 64, late,
               refuses(f"the kernel image is truncated: its program headers end after the file's {len(late)} bytes"))


def header_cases(bench, probe):
    """Bad ELF and Multiboot headers."""
    entry, segments = read_elf32(probe)
    magic_at = probe.index(struct.pack('<I', 0x1BADB002))
    nothing = bytes(magic_at)  # a file without ELF header whose Multiboot header is in place
    bench.boot('no kernel', 64, None,
               refuses('there is no kernel; pass one as the fw_cfg file opt/faultline/kernel'))
    bench.boot('empty kernel', 64, b'', refuses('the kernel image is empty'))
    bench.boot('text in place of a kernel', 64, b'#!/bin/sh\necho not a kernel\n',
               refuses('the kernel image has no Multiboot header in its first 28 bytes'))
    bench.boot('not ELF', 64, nothing + probe[magic_at:],
               refuses('the kernel image is neither an ELF file nor one with Multiboot address fields'))
    bench.boot('missing Multiboot magic', 64, patched(probe, magic_at, b'\0\0\0\0'),
               refuses('the kernel image has no Multiboot header in its first 8192 bytes'))
    bench.boot('wrong Multiboot checksum', 64, patched(probe, magic_at + 8, b'\0\0\0\0'),
               refuses("the kernel's Multiboot header has a wrong checksum"))
    bench.boot('Multiboot header after 8192 bytes', 64, make_elf(entry, [Segment(0x400000, 0x400000, bytes(8192))] + segments),
               refuses('the kernel image has no Multiboot header in its first 8192 bytes'))
    bench.boot('video mode required', 64, with_flags(probe, 7),
               refuses("the kernel's Multiboot header requires features 0x00000004, which this firmware does not have"))
    bench.boot('unknown feature required', 64, with_flags(probe, 0x8003),
               refuses("the kernel's Multiboot header requires features 0x00008000, which this firmware does not have"))
    bench.boot('another machine', 64, make_elf(entry, segments, machine=40),
               refuses('the kernel image is for ELF machine 40; this PC needs 3'))
    bench.boot('ELF64 for the i386', 64, make_elf(entry, segments, bits=64, machine=3),
               refuses('the kernel image is for ELF machine 3; this PC needs 62'))
    stripped = [Segment(s.vaddr, s.paddr, s.data.replace(struct.pack('<I', 0x1BADB002), bytes(4)), s.memory_bytes) for s in segments]
    image = make_elf(entry, stripped, bits=64)
    bench.boot('64-bit only', 64, image,
               refuses(f'the kernel image has no Multiboot header in its first {len(image)} bytes'))
    bench.boot('position-independent', 64, make_elf(entry, segments, kind=3),
               refuses('the kernel image is not an executable ELF file at fixed addresses (type 3); link it with -no-pie'))
    bench.boot('unknown ELF class', 64, patched(probe, 4, b'\7'),
               refuses('the kernel image is an ELF file of an unknown class or byte order'))
    bench.boot('big-endian', 64, patched(probe, 5, b'\2'),
               refuses('the kernel image is an ELF file of an unknown class or byte order'))
    bench.boot('no program headers', 64, patched(probe, 44, b'\0\0'),
               refuses('the kernel image is damaged: 0 program headers of 32 bytes'))
    bench.boot('65535 program headers', 64, patched(probe, 44, b'\xff\xff'),
               refuses('the kernel image is damaged: 65535 program headers of 32 bytes'))
    bench.boot('odd program header size', 64, patched(probe, 42, b'\x21\0'),
               refuses('the kernel image is damaged: 2 program headers of 33 bytes'))
    bench.boot('nothing to load', 64, make_elf(entry, [Segment(0, 0, segments[0].data, kind=4)]),
               refuses('the kernel image has nothing to load'))
    bench.boot('command line too long', 64, probe, refuses('the command line has 4096 bytes; at most 4095 fit'), b'x' * 4096)


def segment_cases(bench, probe):
    """Segments where none can be."""
    entry, segments = read_elf32(probe)
    first = segments[0]
    end = first.paddr + first.memory_bytes - 1

    def with_extra(base, size, bits=32, data=b''):
        return make_elf(entry, segments + [Segment(base, base, data, size)], bits)

    ours = "the kernel's segment 0x%08x to 0x%08x lies on the firmware's own memory; link it at 1 MiB or above"
    for base, size in ((0, 16), (0x4FF, 1), (0x8FFFF, 2), (0x9FFFF, 1), (0x1000, 0xFFFFEFFF)):
        bench.boot(f'segment on the firmware at {base:#x}', 64, with_extra(base, size), refuses(ours % (base, base + size - 1)))
    outside = "the kernel's segment 0x%08x to 0x%08x is outside RAM, which ends at 0x04000000"
    for base, size in ((0xA0000, 1), (0xB8000, 4000), (0xFFFFF, 2), (0x3FFFFFF, 2), (0x4000000, 1), (0xFFFF0000, 0x10000)):
        bench.boot(f'segment outside RAM at {base:#x}', 64, with_extra(base, size), refuses(outside % (base, base + size - 1)))
    above = 'the kernel image has a segment that ends above 4 GiB; link it lower'
    bench.boot('segment that wraps round', 64, with_extra(0xFFFFF000, 0x1001), refuses(above))
    bench.boot('segment that wraps round to the kernel', 64, with_extra(0x200000, 0xFFFFFFFF), refuses(above))
    bench.boot('64-bit segment above 4 GiB', 64, with_extra(0x100200000, 16, 64), refuses(above))
    bench.boot('64-bit segment of all memory', 64, with_extra(0x200000, 0xFFFFFFFFFFFFFFFF, 64), refuses(above))
    overlap = "the kernel's segment 0x%08x to 0x%08x overlaps another of its segments"
    bench.boot('segments that overlap', 64, make_elf(entry, [first, first]), refuses(overlap % (first.paddr, end)))
    bench.boot('segments that overlap by a byte', 64, make_elf(entry, [first, Segment(end, end, b'x')]), refuses(overlap % (end, end)))
    bench.boot('more bytes in the file than in memory', 64, with_extra(0x200000, 3, data=b'four'),
               refuses('the kernel image is damaged: a segment has more bytes in the file than in memory'))
    many = segments + [Segment(0x200000 + 16 * i, 0x200000 + 16 * i, b'', 16) for i in range(40)]
    bench.boot('too many segments', 64, make_elf(entry, many), refuses('the kernel image has more than 32 segments'))
    for bad in (0, 0xFFFFF, 0x300000, 0xFFFFFFFF):
        bench.boot(f'entry at {bad:#x}', 64, make_elf(bad, segments),
                   refuses(f"the kernel's entry point {bad:#010x} is outside its segments"))


def address_cases(bench, probe):
    """Bad address fields in the Multiboot header."""
    entry, segments = read_elf32(probe)
    base, body = flat(segments)
    size, end = len(body), max(s.paddr + s.memory_bytes for s in segments)

    def refused(name, addresses, sentence, image=body):
        bench.boot('address fields: ' + name, 64, with_flags(image, ADDRESSES | 3, addresses), refuses(sentence))

    refused('load above the header', (base, base + 4, 0, end, entry),
            "the Multiboot header's load address 0x00100004 does not fit its header address 0x00100000")
    refused('load before the file', (base + 64, base, 0, end, entry),
            "the Multiboot header's load address 0x00100000 does not fit its header address 0x00100040")
    refused('load end below load', (base, base, base - 1, end, entry),
            "the Multiboot header's load end 0x000fffff is below its load address")
    refused('bss end below load', (base, base, base + size, 1, entry),
            "the Multiboot header's bss end 0x00000001 is below its load address")
    refused('load end after the file', (base, base, base + size + 1, end + 1, entry),
            f"the kernel image is truncated: a segment ends after the file's {size} bytes")
    refused('bss end below load end', (base, base, base + size, base + 16, entry),
            'the kernel image is damaged: a segment has more bytes in the file than in memory')
    refused('entry outside', (base, base, 0, end, end), f"the kernel's entry point {end:#010x} is outside its segments")
    cut = with_flags(body, ADDRESSES | 3)[:20]
    bench.boot('address fields cut off', 64, cut,
               refuses('the kernel image is truncated: it ends inside its Multiboot header'))


def interrupt_case(bench, path):
    """A kernel that lives on interrupts: the firmware must leave the way from the PICs to the CPU open."""
    with open(path, 'rb') as kernel_file:
        kernel = kernel_file.read()
    sent, edge, level = ('sent by transmitter interrupts', 'sent through an edge-triggered pin', 'sent through a level-triggered pin')
    lines = ['ten ticks in mode 2', 'ten ticks in mode 3', 'a one-shot more: 1', sent, f'transmitter interrupts {len(sent) + 2}',
             'five periodic interrupts of the clock', 'keyboard interrupts 1', 'interrupts of a request withdrawn 0',
             'spurious interrupts 1', 'MP sums 0', 'MP entries that the table does not count 0', 'MP bytes behind the last entry 0',
             'MP CPUs 1', 'MP buses 2', 'MP I/O APICs 1', 'MP timer pin 2', 'MP UART pin 4', f'MP local interrupts {1 << 6 | 1 << 3}',
             f'base of the local APIC {0xFEE00900}', 'five ticks through the I/O APIC', edge, level,
             f'transmitter interrupts {len(edge) + 2 + len(level) + 2}', "five rounds of the local APIC's timer", 'one-shot: 1',
             '48 in the handler of 54: 0', '58 in the handler of 54: 0', '48 after it: 1', '58 after it: 1',
             '45 held back: 0', '45 let through: 1', 'done']
    bench.boot('interrupts of every device', 64, kernel, prints(lines))


def main():
    qemu, rom, probe_path, interrupts_path = sys.argv[1:5]
    bench = Bench(qemu, rom, sys.argv[5] if len(sys.argv) > 5 else None)
    with open(probe_path, 'rb') as probe_file:
        probe = probe_file.read()
    for cases in (good_cases, other_machine_cases, bios_cases, shape_cases, module_cases, truncated_cases, header_cases, segment_cases, address_cases):
        cases(bench, probe)
    interrupt_case(bench, interrupts_path)
    print(f'1..{bench.number}')
    return 1 if bench.failures else 0


if __name__ == '__main__':
    sys.exit(main())
