"""`zaffre up` and `zaffre down` on the simulated fabric: a real server process, brought up and taken down."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.command_line import Person, Result
from zaffre.devfabric.cloud import DevelopmentCloud, FabricChoice
from zaffre.devfabric.cloud.development_cloud import Ports
from zaffre.devfabric.cloud.furnishing import Furnishing
from zaffre.devfabric.cloud.journey import Journey
from zaffre.devfabric.errors import DaemonFailed
from zaffre.devfabric.processes import Process, all_processes, look_at

REPORT_FIELDS = {"fabric", "hosts", "accelerator", "seconds_total", "seconds_to_first_vm", "checks"}
ADDRESSES = {"web-1": "10.10.0.11", "web-2": "10.10.0.12"}


def ports_in_a_row() -> Ports:
    """Return the ports that belong to one public port and were free a moment ago."""
    while True:
        with socket.socket() as first, ExitStack() as others:
            first.bind(("127.0.0.1", 0))
            ports = Ports.from_public(first.getsockname()[1])
            wanted = (ports.admin, ports.tenant, ports.tenant_portal, ports.admin_portal)
            try:
                for port in wanted:
                    others.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return ports


def servers(directory: Path) -> list[Process]:
    """Return the processes that work for the cloud in a directory."""
    return [one for one in all_processes() if any(str(directory) in argument for argument in one.arguments)]


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


KEPT = {"images/simulated.qcow2"}
"""Images outlive the cloud, so that the next one need not build them."""


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


@pytest.fixture
def ports() -> Ports:
    return ports_in_a_row()


@pytest.fixture
def cloud(tmp_path: Path, ports: Ports) -> Iterator[DevelopmentCloud]:
    cloud = DevelopmentCloud(tmp_path / "cloud", 2, ports)
    yield cloud
    cloud.down(purge=True)


def demonstrate(person: Person, directory: Path, ports: Ports) -> Result:
    json_file = directory.with_suffix(".json")
    return person.types(
        f"up --demo --fabric simulated --port {ports.public} --state {directory} --json {json_file}",
        XDG_STATE_HOME=str(directory),
    )


def test_the_demo_passes_reports_and_leaves_nothing(person: Person, tmp_path: Path, ports: Ports) -> None:
    directory = tmp_path / "demo"
    result = demonstrate(person, directory, ports)
    report = json.loads(directory.with_suffix(".json").read_text())
    assert (result.code, set(report)) == (0, REPORT_FIELDS)
    assert (report["fabric"], report["hosts"]) == ("simulated", 2)
    assert 0 < report["seconds_to_first_vm"] < report["seconds_total"]
    assert all(set(check) == {"name", "ok", "detail"} and check["ok"] for check in report["checks"])
    details = {check["name"]: check["detail"] for check in report["checks"]}
    assert details["They are on two different hosts"] == "first is on host-1 and second is on host-2"
    assert details["After deleting, no quota is used"].count("uses nothing of its 9 quotas") == 2
    assert all(detail in result.out for detail in details.values())
    assert (servers(directory), files(directory)) == ([], KEPT)


def test_a_check_that_fails_is_told_and_everything_is_taken_down(
    person: Person, tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubt(journey: Journey, *_: object) -> None:
        journey._check("Pigs fly", False, "none was seen in the air")  # type: ignore[attr-defined]

    monkeypatch.setattr(Journey, "_check_subscription", doubt)
    directory = tmp_path / "demo"
    result = demonstrate(person, directory, ports)
    report = json.loads(directory.with_suffix(".json").read_text())
    assert result.code == 5
    assert report["checks"] == [{"name": "Pigs fly", "ok": False, "detail": "none was seen in the air"}]
    assert set(report) == REPORT_FIELDS
    assert "0 of 1 checks hold. First machine up after never" in result.out
    assert (servers(directory), files(directory)) == ([], KEPT)


def test_a_demo_that_breaks_off_takes_everything_down(
    person: Person, tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Furnishing, "furnish", interrupt)
    directory = tmp_path / "demo"
    assert demonstrate(person, directory, ports).code == 130
    assert (servers(directory), files(directory)) == ([], KEPT)


def test_up_again_finds_what_is_there_also_after_the_server_was_killed(cloud: DevelopmentCloud) -> None:
    first = cloud.up(FabricChoice.SIMULATED)
    assert {machine.name: machine.ports[0].address for machine in first.machines} == ADDRESSES
    assert (first.hosts, all(machine.ready for machine in first.machines)) == (2, True)
    (server,) = servers(cloud.places.directory)
    again = cloud.up(FabricChoice.SIMULATED)
    assert [server] == servers(cloud.places.directory)
    os.kill(server.pid, signal.SIGKILL)
    third = cloud.up(FabricChoice.SIMULATED)
    assert [server] != servers(cloud.places.directory)
    for other in (again, third):
        assert [machine.id for machine in other.machines] == [machine.id for machine in first.machines]
        assert (other.hosts, other.passwords) == (2, first.passwords)
    with cloud.administrator() as admin:
        assert len(list(admin.admin.virtual_machines.all())) == len(ADDRESSES)
        assert list(admin.admin.unmanaged_guests.all()) == []
    assert len(cloud.down()) > 1
    assert (servers(cloud.places.directory), files(cloud.places.directory)) == ([], KEPT)
    assert cloud.down(purge=True) == []
    assert not cloud.places.directory.exists()


def test_down_cleans_up_after_a_server_that_was_killed(cloud: DevelopmentCloud) -> None:
    cloud.up(FabricChoice.SIMULATED, tenant=False)
    (server,) = servers(cloud.places.directory)
    os.kill(server.pid, signal.SIGKILL)
    while look_at(server.pid) is not None:
        time.sleep(0.01)
    removed = cloud.down()
    assert "the server" not in removed
    assert "the file or directory world" in removed
    assert (servers(cloud.places.directory), files(cloud.places.directory)) == ([], KEPT)


def test_somebody_elses_server_is_not_taken_for_ours(cloud: DevelopmentCloud, ports: Ports) -> None:
    with (
        socket.create_server(("127.0.0.1", ports.tenant)),
        pytest.raises(DaemonFailed, match=f"cannot listen at 127.0.0.1:{ports.tenant}"),
    ):
        cloud.up(FabricChoice.SIMULATED)
    assert servers(cloud.places.directory) == []


def test_simulated_hosts_live_in_directories_with_long_paths(tmp_path: Path) -> None:
    assert DevelopmentCloud(tmp_path / ("long" * 25)).down() == []
