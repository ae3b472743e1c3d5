"""Checkpoints of real guests, through the public API; what comes of them is looked at on the hosts themselves."""

import hashlib
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.real_cloud import RealCloud, ask_and_die, assert_nothing_orphaned, real_cloud, settled, until
from zaffre.client import Checkpoints, CheckpointView, NewVirtualMachineBody, VirtualMachines, VirtualMachineView
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(600)

COUNTING = """#!/bin/sh
(
    n=0
    while true; do
        n=$((n + 1))
        echo "COUNT $n" | dd of=/dev/vda bs=1M seek=200 conv=notrunc 2> /dev/null
        dd if=/dev/urandom of=/dev/vda bs=64k seek=$((8000 + n % 64)) count=1 conv=notrunc 2> /dev/null
        sync
        echo "COUNT $n" > /dev/console
        sleep 0.5
    done
) &
"""
"""Counts in the guest's memory, and writes to its disk and console as it does."""

KILLS = 5
TAKING_S = 1.0
RESTORING_S = 2.0
DELETING_S = 0.6


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud(hosts=1) as cloud:
        yield cloud


@dataclass
class Subject:
    """A machine of a tenant, with its checkpoints, as the API has it and as its host has it."""

    cloud: RealCloud
    tenant: Tenant
    machine_id: str

    @property
    def machines(self) -> VirtualMachines:
        return self.tenant.scope.virtual_machines

    @property
    def checkpoints(self) -> Checkpoints:
        return self.machines.checkpoints(self.machine_id)

    @property
    def machine(self) -> VirtualMachineView:
        return self.machines.get(self.machine_id)

    @property
    def disks(self) -> list[Path]:
        pool = self.cloud.host_of(self.machine_id).pool_path
        return sorted(pool.glob(f"{self.machine_id}*.qcow2"))

    def take(self, name: str) -> CheckpointView:
        return self.checkpoints.create(name).wait()

    def restore(self, checkpoint_id: str) -> None:
        self.checkpoints.restore(checkpoint_id).wait()

    def log(self, offset: int = 0) -> str:
        text = ""
        while piece := self.machines.serial_log(self.machine_id, offset):
            text += piece.text
            offset = piece.next_offset
            if offset >= piece.size:
                break
        return text

    def count(self, offset: int = 0) -> int:
        """The newest number the guest has written behind an offset of its log."""
        found = re.findall(r"COUNT (\d+)\s", self.log(offset))
        return int(found[-1]) if found else 0

    def content(self) -> list[str]:
        """Hashes of what the guest sees on each of its disks, every byte of it."""
        return [_guest_visible_hash(disk) for disk in self.disks]

    def tree(self) -> dict[str, str | None]:
        found = list(self.checkpoints.all())
        names = {each.id: each.name for each in found}
        return {each.name: names.get(each.parent_id or "") for each in found}

    def assert_nothing_half(self) -> None:
        """Records, libvirt's list and every disk must have the same checkpoints."""
        found = list(self.checkpoints.all())
        assert {each.state for each in found} <= {"ready"}
        ids = {each.id for each in found}
        domain = self.cloud.host_of(self.machine_id).domain(self.machine_id)
        assert {snapshot.getName() for snapshot in domain.listAllSnapshots()} == ids
        for disk in self.disks:
            assert sorted(_names_in(disk)) == sorted(ids)
        used = {usage.dimension: usage.used for usage in self.tenant.scope.usage.all()}
        assert used["checkpoints"] == len(ids) == self.machine.checkpoint_count


def _guest_visible_hash(disk: Path) -> str:
    raw = disk.with_suffix(".raw-copy")
    try:
        subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", disk, raw], check=True)
        with raw.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        raw.unlink(missing_ok=True)


def _names_in(disk: Path) -> list[str]:
    shown = subprocess.run(["qemu-img", "info", "-U", "--output=json", disk], check=True, capture_output=True).stdout
    return [snapshot["name"] for snapshot in json.loads(shown).get("snapshots", [])]


@pytest.fixture
def subject(cloud: RealCloud, request: pytest.FixtureRequest) -> Iterator[Subject]:
    tenant = cloud.tenant(f"ann{abs(hash(request.node.name)) % 10**8}")
    body = NewVirtualMachineBody(
        name="counting",
        size="tiny",
        image_id=tenant.scope.images.find_item("tiny").id,
        ports=[],
        user_data=COUNTING,
    )
    machine = tenant.scope.virtual_machines.create(body).wait()
    subject = Subject(cloud, tenant, machine.id)
    until(lambda: subject.count() > 2, "the guest counts")
    yield subject
    until(lambda: settled(tenant), "everything is settled")
    subject.machines.delete(machine.id).wait()
    assert_nothing_orphaned(cloud, [tenant])


def test_a_running_machine_goes_on_from_where_it_was(subject: Subject):
    taken = subject.take("counting")
    assert taken.with_memory
    assert taken.size_bytes
    at = subject.count()
    until(lambda: subject.count() > at + 8, "the guest counts on")
    end = len(subject.log().encode())
    subject.machines.stop(subject.machine_id).wait()
    subject.restore(taken.id)
    assert subject.machine.state == "running"
    until(lambda: subject.count(end) > 0, "the guest counts again")
    [first, *_] = [int(number) for number in re.findall(r"COUNT (\d+)\s", subject.log(end))]
    assert at - 2 <= first <= at + 3
    assert "ready after" not in subject.log(end), "it booted anew"
    subject.assert_nothing_half()


def test_every_byte_of_a_disk_is_as_it_was(subject: Subject):
    subject.machines.pause(subject.machine_id).wait()
    before = subject.content()
    paused = subject.take("paused")
    subject.machines.resume(subject.machine_id).wait()
    at = subject.count()
    until(lambda: subject.count() > at + 4, "the guest writes")
    subject.machines.stop(subject.machine_id).wait()
    later = subject.content()
    assert later != before
    stopped = subject.take("stopped")
    assert not stopped.with_memory
    subject.restore(paused.id)
    assert subject.machine.state == "paused"
    assert subject.content() == before
    subject.restore(stopped.id)
    assert (subject.machine.state, subject.machine.desired) == ("stopped", "stopped")
    assert subject.content() == later


def test_a_tree_branches_and_loses_one_in_the_middle(subject: Subject):
    contents: dict[str, list[str]] = {}
    made: dict[str, CheckpointView] = {}

    def write_and_take(name: str) -> None:
        at = subject.count()
        until(lambda: subject.count() > at + 1, "the guest writes")
        subject.machines.pause(subject.machine_id).wait()
        contents[name], made[name] = subject.content(), subject.take(name)
        subject.machines.resume(subject.machine_id).wait()

    for name in ("first", "second", "third"):
        write_and_take(name)
    subject.restore(made["second"].id)
    subject.machines.resume(subject.machine_id).wait()
    end = len(subject.log().encode())
    until(lambda: subject.count(end) > 0, "the guest goes on")
    write_and_take("other")
    assert subject.tree() == {"first": None, "second": "first", "third": "second", "other": "second"}
    subject.checkpoints.delete(made["second"].id).wait()
    assert subject.tree() == {"first": None, "third": "first", "other": "first"}
    subject.assert_nothing_half()
    for name in ("third", "first", "other"):
        subject.restore(made[name].id)
        assert subject.content() == contents[name], name
    subject.checkpoints.delete(made["other"].id).wait()
    subject.assert_nothing_half()


@pytest.mark.thorough
def test_a_checkpoint_deleted_on_the_host_leaves_the_tree(subject: Subject):
    kept, lost = subject.take("kept"), subject.take("lost")
    domain = subject.cloud.host_of(subject.machine_id).domain(subject.machine_id)
    domain.snapshotLookupByName(lost.id).delete()
    until(lambda: list(subject.tree()) == ["kept"], "the loss is noticed", 150)
    assert subject.checkpoints.get(kept.id).current
    subject.assert_nothing_half()


@pytest.mark.thorough
def test_checkpoints_are_whole_or_gone_wherever_the_server_dies(subject: Subject, seed: int):
    dice = random.Random(seed)
    cloud, tenant, checkpoints = subject.cloud, subject.tenant, subject.checkpoints

    def die(ask, longest_s: float, number: int) -> None:
        ask_and_die(cloud, ask, longest_s * (number + dice.random()) / KILLS)
        until(lambda: settled(tenant), "everything is settled after the kill", 120)
        subject.assert_nothing_half()

    for number in range(KILLS):
        die(lambda number=number: checkpoints.create(f"taken {number}"), TAKING_S, number)
    made = list(checkpoints.all())
    assert made, "the last kill came after the request was answered"
    assert subject.machine.state == "running"
    for number in range(KILLS):
        chosen = dice.choice(made)
        die(lambda chosen=chosen: checkpoints.restore(chosen.id), RESTORING_S, number)
        assert subject.machine.state == "running"
    for number, victim in enumerate(made):
        die(lambda victim=victim: checkpoints.delete(victim.id), DELETING_S, number)
    for left in list(checkpoints.all()):
        subject.restore(left.id)
        checkpoints.delete(left.id).wait()
    subject.assert_nothing_half()
    assert subject.machine.state == "running"
