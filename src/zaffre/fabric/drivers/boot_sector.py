"""A guest of one boot sector, which proves that a host runs guests as fast as its processor can.

It enters the 64-bit mode that every current operating system runs in, counts down from 67 million, writes one word to
its first serial port and powers itself off. A processor does that in a fraction of a second, and QEMU's emulation in
a few tenths. An accelerator that only pretends hangs on the way, or counts for minutes.
"""

WORD = b"ZAFFRE PROBE RUNS"
"""What the guest writes."""

_SECTOR_BYTES = 512

_SIGNATURE = b"\x55\xaa"
"""The last two bytes of a sector that a PC's firmware is willing to start."""

_DISK_BYTES = 1024 * 1024
"""The firmware counts disks in cylinders of half a MiB and reads none of a disk that has not got one."""

# The firmware loads the sector to address 0x7c00 and jumps to it in 16-bit real mode. The number before each
# instruction is its offset in the sector; a jump's operand counts from the offset after it.
_REAL_MODE = (
    b"\xfa"  #                          00  cli                        no interrupts: nothing here waits for one
    b"\xfc"  #                          01  cld                        strings are read forwards
    b"\x31\xc0"  #                      02  xor  ax, ax
    b"\x8e\xd8"  #                      04  mov  ds, ax                addresses count from 0
    b"\x8e\xc0"  #                      06  mov  es, ax
    b"\xbf\x00\x10"  #                  08  mov  di, 0x1000            three page tables, from 0x1000:
    b"\xb9\x00\x18"  #                  0b  mov  cx, 0x1800
    b"\xf3\xab"  #                      0e  rep  stosw                 empty
    b"\xc7\x06\x00\x10\x03\x20"  #      10  mov  word [0x1000], 0x2003   level 4: the next is at 0x2000
    b"\xc7\x06\x00\x20\x03\x30"  #      16  mov  word [0x2000], 0x3003   level 3: the next is at 0x3000
    b"\xc7\x06\x00\x30\x83\x00"  #      1c  mov  word [0x3000], 0x0083   level 2: the first 2 MiB, as they are
    b"\x0f\x20\xe0"  #                  22  mov  eax, cr4
    b"\x0c\x20"  #                      25  or   al, 0x20              physical address extension
    b"\x0f\x22\xe0"  #                  27  mov  cr4, eax
    b"\x66\xb8\x00\x10\x00\x00"  #      2a  mov  eax, 0x1000
    b"\x0f\x22\xd8"  #                  30  mov  cr3, eax              here are the page tables
    b"\x66\xb9\x80\x00\x00\xc0"  #      33  mov  ecx, 0xc0000080       extended features:
    b"\x0f\x32"  #                      39  rdmsr
    b"\x80\xcc\x01"  #                  3b  or   ah, 1                 64-bit mode
    b"\x0f\x30"  #                      3e  wrmsr
    b"\x0f\x01\x16\x8a\x7c"  #          40  lgdt [0x7c8a]              the segments, below
    b"\x0f\x20\xc0"  #                  45  mov  eax, cr0
    b"\x66\x0d\x01\x00\x00\x80"  #      48  or   eax, 0x80000001       protection and paging
    b"\x0f\x22\xc0"  #                  4e  mov  cr0, eax
    b"\xea\x56\x7c\x08\x00"  #          51  jmp  0x08:0x7c56           into the 64-bit segment, to the next line
)
_LONG_MODE = (
    b"\xb9\x00\x00\x00\x04"  #          56         mov  ecx, 0x4000000
    b"\xff\xc9"  #                      5b  spin:  dec  ecx
    b"\x75\xfc"  #                      5d         jnz  spin
    b"\xbe\xa0\x7c\x00\x00"  #          5f         mov  esi, 0x7ca0    the word, which ends with a zero
    b"\xac"  #                          64  next:  lodsb               al = its next character
    b"\x84\xc0"  #                      65         test al, al
    b"\x74\x14"  #                      67         jz   done
    b"\x88\xc4"  #                      69         mov  ah, al         keep it while al holds the port's state
    b"\x66\xba\xfd\x03"  #              6b         mov  dx, 0x3fd      first serial port, line status
    b"\xec"  #                          6f  busy:  in   al, dx
    b"\xa8\x20"  #                      70         test al, 0x20       ready for a character?
    b"\x74\xfb"  #                      72         jz   busy
    b"\x66\xba\xf8\x03"  #              74         mov  dx, 0x3f8      first serial port, data
    b"\x88\xe0"  #                      78         mov  al, ah
    b"\xee"  #                          7a         out  dx, al
    b"\xeb\xe7"  #                      7b         jmp  next
    b"\x66\xba\x04\x06"  #              7d  done:  mov  dx, 0x604      power management, where QEMU's firmware puts it
    b"\x66\xb8\x00\x20"  #              81         mov  ax, 0x2000     sleep state 5, now: power off
    b"\x66\xef"  #                      85         out  dx, ax
    b"\xf4"  #                          87  stop:  hlt                 on a machine that did not power off
    b"\xeb\xfd"  #                      88         jmp  stop
)
_SEGMENTS = (
    b"\x0f\x00\x90\x7c\x00\x00"  #          8a  two segment descriptors, from 0x7c90:
    b"\x00\x00\x00\x00\x00\x00\x00\x00"  #  90  the first is never used
    b"\x00\x00\x00\x00\x00\x9a\x20\x00"  #  98  64-bit code
)


def boot_disk() -> bytes:
    """Return the disk of this guest: the boot sector, and zeros."""
    sector = _REAL_MODE + _LONG_MODE + _SEGMENTS + WORD
    return (sector.ljust(_SECTOR_BYTES - len(_SIGNATURE), b"\0") + _SIGNATURE).ljust(_DISK_BYTES, b"\0")
