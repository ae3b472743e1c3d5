"""The probe's guest, as far as it can be checked without running it."""

from zaffre.fabric.drivers.boot_sector import WORD, boot_disk


def test_the_disk_starts_with_a_sector_that_firmware_accepts():
    disk = boot_disk()
    assert len(disk) == 1024 * 1024
    assert disk[510:512] == b"\x55\xaa"
    assert not any(disk[512:])


def test_the_addresses_in_the_code_are_those_of_what_they_name():
    disk, loaded_at = boot_disk(), 0x7C00
    word = disk.index(WORD)
    assert disk[0x5F:0x64] == b"\xbe" + (loaded_at + word).to_bytes(4, "little")
    segments = int.from_bytes(disk[0x8C:0x90], "little") - loaded_at
    assert disk[segments : segments + 8] == bytes(8)
    assert disk[0x43:0x45] == (loaded_at + 0x8A).to_bytes(2, "little")
    assert disk[0x52:0x54] == (loaded_at + 0x56).to_bytes(2, "little")
