"""Kernel images for the firmware's tests: takes the probe kernel apart and puts it together in other shapes."""
import struct

HEADER_MAGIC = 0x1BADB002
ADDRESSES = 0x10000


class Segment:
    def __init__(self, vaddr, paddr, data, memory_bytes=None, kind=1):
        self.vaddr, self.paddr, self.data, self.kind = vaddr, paddr, data, kind
        self.memory_bytes = len(data) if memory_bytes is None else memory_bytes


def read_elf32(image):
    """(entry, segments) of an ELF32 file."""
    entry, phoff = struct.unpack_from('<II', image, 24)
    phentsize, phnum = struct.unpack_from('<HH', image, 42)
    segments = []
    for i in range(phnum):
        kind, offset, vaddr, paddr, filesz, memsz = struct.unpack_from('<6I', image, phoff + i * phentsize)
        segments.append(Segment(vaddr, paddr, image[offset:offset + filesz], memsz, kind))
    return entry, segments


def make_elf(entry, segments, bits=32, machine=None, kind=2):
    """An executable with its data right after the program headers."""
    wide = bits == 64
    header_bytes, segment_bytes = (64, 56) if wide else (52, 32)
    machine = machine if machine is not None else (62 if wide else 3)
    ident = b'\x7fELF' + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    layout = '<HHIQQQIHHHHHH' if wide else '<HHIIIIIHHHHHH'
    head = ident + struct.pack(layout, kind, machine, 1, entry, header_bytes, 0, 0, header_bytes, segment_bytes,
                               len(segments), 0, 0, 0)
    table, body = b'', b''
    offset = header_bytes + segment_bytes * len(segments)
    offset += -offset % 16
    body += bytes(offset - header_bytes - segment_bytes * len(segments))
    for s in segments:
        if wide:
            table += struct.pack('<IIQQQQQQ', s.kind, 7, offset, s.vaddr, s.paddr, len(s.data), s.memory_bytes, 4)
        else:
            table += struct.pack('<8I', s.kind, offset, s.vaddr, s.paddr, len(s.data), s.memory_bytes, 7, 4)
        padded = s.data + bytes(-len(s.data) % 16)
        offset += len(padded)
        body += padded
    return head + table + body


def with_flags(image, flags, addresses=None):
    """The image with its Multiboot header's flags (and address fields) replaced."""
    at = image.index(struct.pack('<I', HEADER_MAGIC))
    fields = struct.pack('<III', HEADER_MAGIC, flags, -(HEADER_MAGIC + flags) & 0xFFFFFFFF)
    if addresses:
        fields += struct.pack('<5I', *addresses)
    return image[:at] + fields + image[at + len(fields):]


def patched(image, offset, data):
    return image[:offset] + data + image[offset + len(data):]


def flat(segments):
    """The memory image of the segments from the lowest address on, without what is only cleared."""
    base = min(s.paddr for s in segments)
    end = max(s.paddr + len(s.data) for s in segments)
    out = bytearray(end - base)
    for s in segments:
        out[s.paddr - base:s.paddr - base + len(s.data)] = s.data
    return base, bytes(out)
