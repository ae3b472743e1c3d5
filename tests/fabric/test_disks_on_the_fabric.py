"""Data disks and ISOs of real guests, through the public API: seen, written, taken away, found again elsewhere."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from support.media import SECTOR_BYTES, iso
from support.real_cloud import RealCloud, ask_and_die, assert_nothing_orphaned, real_cloud, settled, until
from zaffre.client import DiskView, ImageKind, NewImageBody, NewVirtualMachineBody
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(400)

WATCH = r"""#!/bin/sh
while true; do
    for disk in /sys/block/vd*; do
        [ -s "$disk/serial" ] || continue
        name=${disk##*/}
        state="$(cat "$disk/serial") $(cat "$disk/size")"
        [ "$(cat "/run/$name" 2> /dev/null)" = "$state" ] && continue
        echo "$state" > "/run/$name"
        echo "DISK $state: $(head -c 8 "/dev/$name" | tr '\0' .)"
        [ -e /run/wrote ] || [ "$(cat /run/hostname)" != writer ] || [ "$name" = vda ] || {
            printf KEEP-ME! | dd of="/dev/$name" conv=notrunc 2> /dev/null && sync && touch /run/wrote && echo WROTE
        }
    done
    medium=$(dd if=/dev/sr0 bs=2048 skip=17 count=1 2> /dev/null | tr -d '\0')
    [ "$(cat /run/medium 2> /dev/null)" = "$medium" ] || {
        echo "$medium" > /run/medium
        echo "MEDIUM <$medium>"
    }
    usleep 300000
done
"""
"""Tells on the console what disks and media come; the guest named `writer` writes to the first data disk it gets."""

KILLS = 3 if os.environ.get("TEST_THOROUGH") else 2
ATTACHING_S = 0.8
DETACHING_S = 1.5
DELETING_S = 0.4


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud(hosts=1) as cloud:
        yield cloud


def create(tenant: Tenant, name: str) -> str:
    image_id = tenant.scope.images.find_item("tiny").id
    body = NewVirtualMachineBody(name=name, size="tiny", image_id=image_id, ports=[], user_data=WATCH)
    return tenant.scope.virtual_machines.create(body).wait().id


def says(tenant: Tenant, machine_id: str, text: str) -> None:
    machines = tenant.scope.virtual_machines
    until(lambda: text in machines.serial_log(machine_id).text, f"{text!r} on the console")


def medium(cloud: RealCloud, directory: Path, name: str) -> str:
    """Put an ISO into the library that tells its name in the sector after its descriptor; returns its id."""
    file = directory / f"{name}.iso"
    file.write_bytes(iso(content=name.encode().ljust(SECTOR_BYTES, b"\0")))
    image = cloud.admin.admin.images.create(NewImageBody(name=name, kind=ImageKind.ISO))
    return cloud.admin.admin.images.upload(image.id, file).id


def test_a_disk_goes_with_its_content_from_one_running_guest_to_another(cloud: RealCloud):
    tenant = cloud.tenant("ann")
    writer, reader = create(tenant, "writer"), create(tenant, "reader")
    for machine_id in (writer, reader):
        tenant.scope.virtual_machines.wait_until(machine_id, lambda machine: machine.ready)
    disk = tenant.scope.disks.create("data", 1, writer).wait()
    says(tenant, writer, f"DISK {disk.serial} {1 << 21}:")
    says(tenant, writer, "WROTE")
    tenant.scope.disks.detach(disk.id).wait()
    tenant.scope.disks.attach(disk.id, reader).wait()
    says(tenant, reader, f"DISK {disk.serial} {1 << 21}: KEEP-ME!")
    tenant.scope.disks.grow(disk.id, 2).wait()
    says(tenant, reader, f"DISK {disk.serial} {2 << 21}: KEEP-ME!")
    tenant.scope.disks.detach(disk.id).wait()
    tenant.scope.disks.delete(disk.id).wait()
    for machine_id in (writer, reader):
        tenant.scope.virtual_machines.delete(machine_id).wait()
    assert_nothing_orphaned(cloud, [tenant])


def test_a_running_guest_reads_the_medium_that_is_in_its_drive(cloud: RealCloud, tmp_path: Path):
    tenant = cloud.tenant("bob")
    machines = tenant.scope.virtual_machines
    machine_id = create(tenant, "reader")
    machines.wait_until(machine_id, lambda machine: machine.ready)
    machines.insert_iso(machine_id, medium(cloud, tmp_path, "installer")).wait()
    says(tenant, machine_id, "MEDIUM <installer>")
    machines.insert_iso(machine_id, medium(cloud, tmp_path, "drivers")).wait()
    says(tenant, machine_id, "MEDIUM <drivers>")
    machines.eject_iso(machine_id).wait()
    says(tenant, machine_id, "MEDIUM <>")
    machines.delete(machine_id).wait()


@dataclass
class Subject:
    """A machine whose disks come and go, as the API has them and as its host has them."""

    cloud: RealCloud
    tenant: Tenant
    machine_id: str

    def disks(self) -> list[DiskView]:
        return [disk for disk in self.tenant.scope.disks.all() if disk.kind == "data"]

    def assert_nothing_half(self) -> None:
        """Records, the guest, its definition and the files on the host must have the same disks."""
        found = self.disks()
        assert {disk.state for disk in found} <= {"attached", "available"}, found
        attached = {disk.id for disk in found if disk.state == "attached"}
        domain = self.cloud.host_of(self.machine_id).domain(self.machine_id)
        for flags in (0, 2):  # as it runs, and as it is defined (VIR_DOMAIN_XML_INACTIVE)
            assert _data_disks(domain.XMLDesc(flags), self.machine_id) == attached
        kept = Counter(name[:36] for name in self.cloud.host_of(self.machine_id).volumes() if _is_data(name))
        known = {disk.id for disk in found}
        assert attached <= set(kept) <= known, "a disk that was never attached has no file"
        assert set(kept.values()) <= {1}
        used = {usage.dimension: usage.used for usage in self.tenant.scope.usage.all()}
        root_gib = sum(disk.size_gib for disk in self.tenant.scope.disks.all() if disk.kind == "root")
        assert (used["disks"], used["disk_gib"]) == (len(found), root_gib + sum(disk.size_gib for disk in found))


def _is_data(volume: str) -> bool:
    return not volume.endswith(("-root.qcow2", "-seed.iso", "-serial.log", "-serial.log.0"))


def _data_disks(xml: str, machine_id: str) -> set[str]:
    files = [Path(source.get("file", "")).name for source in ET.fromstring(xml).iterfind("devices/disk/source")]
    return {name[:36] for name in files if name and not name.startswith(machine_id)}


def test_disks_are_whole_or_gone_wherever_the_server_dies(cloud: RealCloud, seed: int):
    dice = random.Random(seed)
    tenant = cloud.tenant("cara")
    disks = tenant.scope.disks
    subject = Subject(cloud, tenant, create(tenant, "user"))

    def die(ask: Callable[[], object], longest_s: float, number: int) -> None:
        ask_and_die(cloud, ask, longest_s * (number + dice.random()) / KILLS)
        until(lambda: settled(tenant), "everything is settled after the kill", 120)
        subject.assert_nothing_half()

    for number in range(KILLS):
        die(lambda number=number: disks.create(f"disk {number}", 1, subject.machine_id), ATTACHING_S, number)
    made = subject.disks()
    assert made, "the last kill came after the request was answered"
    for number in range(KILLS):
        chosen = dice.choice(subject.disks())
        if chosen.state == "attached":
            die(lambda chosen=chosen: disks.detach(chosen.id), DETACHING_S, number)
        else:
            die(lambda chosen=chosen: disks.attach(chosen.id, subject.machine_id), ATTACHING_S, number)
    for disk in subject.disks():
        if disk.state == "attached":
            disks.detach(disk.id).wait()
    for number, disk in enumerate(subject.disks()[:KILLS]):
        die(lambda disk=disk: disks.delete(disk.id), DELETING_S, number)
    tenant.scope.virtual_machines.delete(subject.machine_id).wait()
    for disk in subject.disks():
        disks.delete(disk.id).wait()
    assert_nothing_orphaned(cloud, [tenant])
