"""Bringing a real fabric up and down, in order and out of order."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from zaffre.devfabric.errors import FabricMismatch, FabricNotUp
from zaffre.devfabric.fabric import DevelopmentFabric
from zaffre.devfabric.progress import StepReport, StepState

SHARED_DIRECTORIES = (
    "/etc/libvirt",
    "/etc/openvswitch",
    "/run",
    "/run/libvirt",
    "/run/openvswitch",
    "/run/ovn",
    "/var/cache",
    "/var/cache/libvirt",
    "/var/lib/libvirt",
    "/var/lib/openvswitch",
    "/var/log",
    "/var/log/libvirt",
    "/var/log/openvswitch",
)
"""Where daemons of a fabric would leave files if they were not kept from it."""


@pytest.fixture
def directory(fabric_possible) -> Iterator[Path]:
    """A directory with a short path; whatever is left of a fabric in it is removed."""
    directory = Path(tempfile.mkdtemp(prefix="zf", dir="/tmp"))
    yield directory
    DevelopmentFabric(directory, 1).down(purge=True)
    shutil.rmtree(directory, ignore_errors=True)


def pids(directory: Path) -> set[int]:
    """The processes of a fabric, found without its help: by what they were started with."""
    return {
        pid
        for pid in map(int, filter(str.isdigit, (entry.name for entry in Path("/proc").iterdir())))
        if _is_of(pid, directory)
    }


def daemons(directory: Path) -> dict[str, int]:
    """The pid of each daemon by its own pid file, which is called after it."""
    files = [*directory.glob("c/*.pid"), *directory.glob("h*/run/*.pid"), *directory.glob("h*/run/o*/*.pid")]
    return {str(file.relative_to(directory)).removesuffix(".pid"): int(file.read_text()) for file in files}


def kill(pid: int) -> None:
    """Kill a process and wait until it has ended."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([handle], [], [], 10.0)[0], f"process {pid} does not end"
    os.close(handle)


def _is_of(pid: int, directory: Path) -> bool:
    try:
        started_with = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        alive = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
    return alive and pid != os.getpid() and f"ZAFFRE_DEVELOPMENT_FABRIC={directory}\0".encode() in started_with


def namespaces(fabric: DevelopmentFabric) -> list[str]:
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if line.startswith(fabric.plan.namespace_prefix)]


def mounts(fabric: DevelopmentFabric) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(fabric.plan.directory) in line or fabric.plan.namespace_prefix in line]


def links() -> str:
    return subprocess.run(["ip", "-br", "link"], check=True, capture_output=True, text=True).stdout


def shared_files() -> set[str]:
    names = {str(entry) for path in SHARED_DIRECTORIES if Path(path).is_dir() for entry in Path(path).iterdir()}
    return names - {"/run/netns"}


def assert_nothing_left(fabric: DevelopmentFabric) -> None:
    assert pids(fabric.plan.directory) == set()
    assert namespaces(fabric) == []
    assert mounts(fabric) == []


def test_a_fabric_leaves_the_machine_as_it_was(directory):
    before = links(), shared_files()
    fabric = DevelopmentFabric(directory, 2)
    fabric.up()
    while_up = links(), shared_files()
    fabric.down(purge=True)
    assert_nothing_left(fabric)
    assert not directory.exists()
    assert while_up == before
    assert (links(), shared_files()) == before


def test_bringing_up_a_fabric_that_is_up_changes_nothing(directory):
    fabric = DevelopmentFabric(directory, 1)
    layout = fabric.up()
    before = daemons(directory)
    reports: list[StepReport] = []
    started_s = time.monotonic()
    assert DevelopmentFabric(directory, 1).up(reports.append) == layout
    assert time.monotonic() - started_s < 2.0
    assert reports == []
    assert daemons(directory) == before
    assert DevelopmentFabric(directory, 1).layout() == layout
    assert fabric.is_up()


def test_every_step_is_reported_with_its_time(directory):
    reports: list[StepReport] = []
    DevelopmentFabric(directory, 1).up(reports.append)
    started = [report.step for report in reports if report.state is StepState.STARTED]
    finished = {report.step: report.elapsed_s for report in reports if report.state is StepState.FINISHED}
    assert set(started) == set(finished)
    assert "Start host-1" in started
    assert all(elapsed_s is not None and elapsed_s >= 0 for elapsed_s in finished.values())


@pytest.mark.parametrize(
    "daemon",
    [
        "c/ovn-nb",
        "c/ovn-sb",
        "c/ovn-northd",
        "h1/run/openvswitch/ovsdb-server",
        "h1/run/openvswitch/ovs-vswitchd",
        "h1/run/ovn/ovn-controller",
        "h1/run/libvirtd",
        "h1/run/virtlogd",
    ],
)
def test_a_daemon_that_died_is_started_again_and_the_others_run_on(directory, daemon):
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    before = daemons(directory)
    kill(before[daemon])
    assert not fabric.is_up()
    fabric.up()
    assert fabric.is_up()
    after = daemons(directory)
    assert {name for name in before if before[name] != after[name]} == {daemon}


def test_a_fabric_can_grow_while_its_hosts_run_on(directory):
    DevelopmentFabric(directory, 1).up()
    before = daemons(directory)
    layout = DevelopmentFabric(directory, 2).up()
    assert [host.name for host in layout.hosts] == ["host-1", "host-2"]
    assert before.items() < daemons(directory).items()


def test_hosts_run_on_if_adding_one_to_them_fails(directory):
    first = DevelopmentFabric(directory, 1)
    first.up()
    before = daemons(directory)
    (directory / "h2" / "etc").mkdir(parents=True)
    (directory / "h2" / "etc" / "qemu.conf").mkdir()
    with pytest.raises(IsADirectoryError):
        DevelopmentFabric(directory, 2).up()
    assert first.is_up()
    assert daemons(directory) == before
    assert len(namespaces(first)) == 2
    (directory / "h2" / "etc" / "qemu.conf").rmdir()
    assert len(DevelopmentFabric(directory, 2).up().hosts) == 2


def test_hosts_run_on_if_adding_one_to_them_is_killed(directory):
    DevelopmentFabric(directory, 1).up()
    before = daemons(directory)
    run_until_killed(KILLED_AFTER, directory, "4")
    assert len(DevelopmentFabric(directory, 2).up().hosts) == 2
    assert before.items() < daemons(directory).items()


def test_a_fabric_does_not_shrink_silently(directory):
    DevelopmentFabric(directory, 2).up()
    with pytest.raises(FabricMismatch, match="2 hosts"):
        DevelopmentFabric(directory, 1).up()


def test_two_fabrics_live_side_by_side(directory):
    first = DevelopmentFabric(directory, 1)
    second = DevelopmentFabric(directory / "b", 1)
    first.up()
    second.up()
    assert first.plan.hosts[0].uuid != second.plan.hosts[0].uuid
    before = daemons(directory)
    second.down()
    assert_nothing_left(second)
    assert first.is_up()
    assert daemons(directory) == before


def test_down_keeps_built_images_unless_told_to_purge(directory):
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    fabric.plan.image_directory.mkdir()
    image = fabric.plan.image_directory / "tiny.qcow2"
    image.touch()
    fabric.down()
    assert list(directory.rglob("*")) == [fabric.plan.image_directory, image]
    fabric.down(purge=True)
    assert not directory.exists()


def test_down_without_a_fabric_removes_nothing(directory):
    directory.rmdir()
    assert DevelopmentFabric(directory, 1).down() == []
    assert not directory.exists()
    with pytest.raises(FabricNotUp):
        DevelopmentFabric(directory, 1).layout()


def test_down_needs_neither_pid_files_nor_its_record(directory):
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    for file in [*directory.rglob("*.pid"), fabric.plan.state_path]:
        file.unlink()
    removed = fabric.down(purge=True)
    assert any("libvirtd" in line for line in removed)
    assert_nothing_left(fabric)


GUEST = """
<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>
"""


@pytest.fixture
def fabric_with_guest(directory) -> tuple[DevelopmentFabric, int]:
    """A fabric of one host, and the process of a guest on it that is defined and runs."""
    fabric = DevelopmentFabric(directory, 1)
    host = fabric.up().hosts[0]
    disk = Path(host.pool_path) / "disk.raw"
    disk.touch()
    connection = libvirt.open(host.uri)
    connection.defineXML(GUEST.format(disk=disk)).create()
    connection.close()
    return fabric, int((fabric.plan.hosts[0].run_directory / "libvirt" / "qemu" / "guest.pid").read_text())


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_guests_end_with_their_fabric(fabric_with_guest):
    fabric, guest = fabric_with_guest
    assert not has_ended(guest)
    assert f"qemu-system-x86_64 (process {guest})" in fabric.down()
    assert has_ended(guest)
    assert_nothing_left(fabric)


def test_guests_end_even_if_neither_directory_nor_namespaces_are_there(fabric_with_guest):
    fabric, guest = fabric_with_guest
    shutil.rmtree(fabric.plan.directory)
    for name in namespaces(fabric):
        subprocess.run(["ip", "netns", "delete", name.split()[0]], check=True)
    fabric.down()
    assert has_ended(guest)
    assert_nothing_left(fabric)


def test_guests_run_on_while_a_dead_libvirtd_is_replaced(fabric_with_guest):
    fabric, guest = fabric_with_guest
    kill(daemons(fabric.plan.directory)["h1/run/libvirtd"])
    host = fabric.up().hosts[0]
    assert not has_ended(guest)
    connection = libvirt.open(host.uri)
    assert connection.lookupByName("guest").isActive()
    connection.close()


def test_a_fabric_that_lost_a_namespace_is_switched_off_and_on_and_keeps_its_disks_and_definitions(fabric_with_guest):
    fabric, guest = fabric_with_guest
    subprocess.run(["ip", "netns", "delete", fabric.plan.hosts[0].namespace], check=True)
    notes: list[str] = []
    host = fabric.up(lambda report: notes.append(report.step)).hosts[0]
    assert any("switched off and on" in note for note in notes)
    assert has_ended(guest)
    connection = libvirt.open(host.uri)
    assert not connection.lookupByName("guest").isActive()
    connection.close()
    assert (Path(host.pool_path) / "disk.raw").exists()


def test_down_leaves_files_that_are_not_its_own(directory):
    mine = directory / "notes.txt"
    mine.touch()
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    fabric.down(purge=True)
    assert list(directory.iterdir()) == [mine]


def test_down_works_even_after_its_directory_was_deleted(directory):
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    shutil.rmtree(directory)
    fabric.down()
    assert_nothing_left(fabric)


def test_down_works_even_after_its_namespaces_were_deleted(directory):
    fabric = DevelopmentFabric(directory, 1)
    fabric.up()
    for name in namespaces(fabric):
        subprocess.run(["ip", "netns", "delete", name.split()[0]], check=True)
    fabric.down()
    assert_nothing_left(fabric)


KILLED_AFTER = """
import os, signal, sys
from pathlib import Path
from zaffre.devfabric.fabric import DevelopmentFabric

moments = 0
def report(step):
    global moments
    moments += 1
    if moments == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

DevelopmentFabric(Path(sys.argv[1]), 2).up(report)
"""
"""Is killed at a given report of progress; there are ten in all."""

KILLED_WITHIN = """
import os, signal, sys, threading
from pathlib import Path
from zaffre.devfabric.fabric import DevelopmentFabric

threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGKILL)).start()
DevelopmentFabric(Path(sys.argv[1]), 2).up()
signal.pause()
"""
"""Is killed after a given time, wherever it is then."""


def run_until_killed(program: str, directory: Path, moment: str) -> None:
    finished = subprocess.run([sys.executable, "-c", program, directory, moment], check=False)
    assert finished.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["1", "2", "3", "5", "7", "9", "10"])
def test_nothing_is_left_of_an_up_that_was_killed_at_a_step(directory, moment):
    run_until_killed(KILLED_AFTER, directory, moment)
    fabric = DevelopmentFabric(directory, 2)
    fabric.down(purge=True)
    assert_nothing_left(fabric)
    assert not directory.exists()


@pytest.mark.parametrize("moment", ["0.02", "0.05", "0.1", "0.15", "0.2", "0.3", "0.4", "0.5"])
def test_nothing_is_left_of_an_up_that_was_killed_at_any_time(directory, moment):
    run_until_killed(KILLED_WITHIN, directory, moment)
    fabric = DevelopmentFabric(directory, 2)
    fabric.down(purge=True)
    assert_nothing_left(fabric)
    assert not directory.exists()


@pytest.mark.parametrize("moment", ["1", "4", "10"])
def test_up_succeeds_after_an_up_that_was_killed(directory, moment):
    run_until_killed(KILLED_AFTER, directory, moment)
    fabric = DevelopmentFabric(directory, 2)
    fabric.up()
    assert fabric.is_up()


INTERRUPTED = KILLED_AFTER.replace("SIGKILL", "SIGINT")


@pytest.mark.parametrize("moment", ["1", "5", "10"])
def test_nothing_is_left_running_of_an_up_that_was_interrupted(directory, moment):
    finished = subprocess.run([sys.executable, "-c", INTERRUPTED, directory, moment], check=False, capture_output=True)
    assert b"KeyboardInterrupt" in finished.stderr
    assert_nothing_left(DevelopmentFabric(directory, 2))


FRESH_MACHINE = """
import subprocess, sys
from pathlib import Path
from zaffre.devfabric.fabric import DevelopmentFabric

def mounts():
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]

subprocess.run(["umount", "--lazy", "/run/netns"], check=False)
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
before = mounts()
fabric = DevelopmentFabric(Path(sys.argv[1]), 1)
fabric.up()
assert "/run/netns" in mounts()
fabric.down()
assert mounts() == before, set(mounts()) ^ set(before)
assert not Path("/run/netns").exists()
"""


def test_a_machine_that_never_had_a_named_namespace_has_no_trace_of_them(directory):
    alone = ["unshare", "--mount", "--propagation", "private"]
    subprocess.run([*alone, sys.executable, "-c", FRESH_MACHINE, directory], check=True)


def test_nothing_is_left_running_of_an_up_that_failed(directory):
    fabric = DevelopmentFabric(directory, 1)
    (directory / "c").mkdir()
    (directory / "c" / "nb.db").write_text("this is not a database\n")
    with pytest.raises(Exception, match=r"ovn-nb in zf-.* ended with exit status"):
        fabric.up()
    assert_nothing_left(fabric)
