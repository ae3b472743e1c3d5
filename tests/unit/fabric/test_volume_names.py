"""Volume names become paths on hosts, so they are checked."""

from dataclasses import replace

import pytest

from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestSpec, HypervisorRefused
from zaffre.fabric.drivers.volume_names import check_guest_volumes, check_volume_name

GUEST = GuestSpec("id", "title", 1, 64, Accelerator.TCG, (GuestDisk("disk.qcow2", "qcow2"),), "seed.iso", "log", ())


@pytest.mark.parametrize("name", ["a", "0190a1b2.qcow2", "A_b-c.1", "x" * 200])
def test_ordinary_names_are_fine(name: str):
    check_volume_name("host", name)


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "a/b", "a b", "ä", "a\n", "x" * 201, "disk.unfinished"])
def test_other_names_are_refused(name: str):
    with pytest.raises(HypervisorRefused):
        check_volume_name("host", name)


@pytest.mark.parametrize(
    "guest",
    [
        replace(GUEST, disks=(GuestDisk("../../etc/shadow", "raw"),)),
        replace(GUEST, seed_volume="../x"),
        replace(GUEST, serial_log_volume="/etc/cron.d/x"),
    ],
)
def test_a_guest_cannot_name_a_file_outside_the_pool(guest: GuestSpec):
    check_guest_volumes("host", GUEST)
    with pytest.raises(HypervisorRefused):
        check_guest_volumes("host", guest)
