"""Runs judge_pci.c on QEMU's pc machine and on faultline, with two disks, and compares what it says and the disks (TAP).

usage: test_judge_pci.py QEMU ROM JUDGE_KERNEL BOOT_HOST
"""
import difflib
import os
import subprocess
import sys
import tempfile

SECONDS = 60
GOOD_VALUE = 0x10
SECTORS = (20480, 3000)  # the second disk is read-only


def make_disks(folder):
    paths = []
    for number, sectors in enumerate(SECTORS):
        paths.append(os.path.join(folder, f'disk{number}'))
        with open(paths[-1], 'wb') as disk:
            disk.write(b''.join(bytes([(sector * 7 + number) & 0xFF]) * 512 for sector in range(sectors)))
    return paths


def contents(paths):
    result = []
    for path in paths:
        with open(path, 'rb') as disk:
            result.append(disk.read())
    return result


def run(command, debug, good):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SECONDS)
    with open(debug) as transcript:
        lines = transcript.read().splitlines()
    return lines if done.returncode == good else lines + [f'ended with {done.returncode}']


def on_qemu(qemu, rom, kernel):
    with tempfile.TemporaryDirectory() as folder:
        disks, debug = make_disks(folder), os.path.join(folder, 'debugcon')
        command = [qemu, '-M', 'pc', '-accel', 'tcg', '-m', '64', '-display', 'none', '-no-reboot', '-nodefaults',
                   '-serial', 'null', '-bios', rom, '-debugcon', 'file:' + debug,
                   '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-fw_cfg', 'name=opt/faultline/kernel,file=' + kernel]
        for number, path in enumerate(disks):
            command += ['-drive', f'file={path},if=none,id=d{number},format=raw,readonly=' + ('on' if number else 'off'),
                        '-device', f'virtio-blk-pci,drive=d{number},disable-modern=on,vectors=0,addr={2 + number}']
        return run(command, debug, GOOD_VALUE << 1 | 1), contents(disks)


def on_faultline(boot_host, rom, kernel):
    with tempfile.TemporaryDirectory() as folder:
        disks, debug = make_disks(folder), os.path.join(folder, 'debugcon')
        command = [boot_host, rom, '64', debug, 'kernel=' + kernel, 'disk:' + disks[0], 'disk-ro:' + disks[1]]
        return run(command, debug, GOOD_VALUE), contents(disks)


def report(number, good, name, details=()):
    print('ok' if good else 'not ok', number, '-', name)
    for line in () if good else details:
        print('#', line)
    return good


def main():
    qemu, rom, kernel, boot_host = sys.argv[1:5]
    theirs, their_disks = on_qemu(qemu, rom, kernel)
    ours, our_disks = on_faultline(boot_host, rom, kernel)
    again, disks_again = on_faultline(boot_host, rom, kernel)
    difference = difflib.unified_diff(theirs, ours, 'QEMU', 'faultline', lineterm='')
    with tempfile.TemporaryDirectory() as folder:
        fresh = contents(make_disks(folder))
    good = report(1, theirs == ours and len(ours) > 900, f'{len(ours)} answers are the same', difference)
    good &= report(2, their_disks == our_disks, 'the disks are the same afterwards')
    good &= report(3, our_disks[0] != fresh[0] and our_disks[1] == fresh[1], 'one is written, the read-only one is not')
    good &= report(4, ours == again and our_disks == disks_again, 'a second run does the same')
    print('1..4')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
