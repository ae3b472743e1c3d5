"""Where a program runs: in a network namespace, and for hosts with their own name and their own system directories."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zaffre.devfabric.plan import FabricPlan, HostPlan

_ENTER = Path(__file__).with_name("enter.py")

_RUN_DIRECTORIES = ("libvirt", "lock", "openvswitch", "ovn")
_LOG_DIRECTORIES = ("libvirt", "openvswitch")


@dataclass(frozen=True)
class Room:
    """A place to run programs in."""

    namespace: str
    """Name of a network namespace."""
    hostname: str | None = None
    """None for a room that is only a network namespace."""
    binds: tuple[tuple[Path, str], ...] = ()
    """(source on the machine, where programs in the room see it)."""

    def enter(self, arguments: Iterable[str]) -> list[str]:
        """Return the command line that runs `arguments` in this room."""
        room: dict[str, object] = {"namespace": self.namespace}
        if self.hostname is not None:
            room["hostname"] = self.hostname
            room["binds"] = [[str(source), target] for source, target in self.binds]
        return [sys.executable, "-I", "-S", str(_ENTER), json.dumps(room), *arguments]


def host_room(host: HostPlan) -> Room:
    """Return the room that is a host."""
    return Room(host.namespace, host.name, host.binds)


def furnish_host(host: HostPlan) -> None:
    """Create the directories that programs on the host expect to find."""
    for source, _ in host.binds:
        if source != host.names_path:
            source.mkdir(mode=0o755, parents=True, exist_ok=True)
    for directory in (host.pool_directory, host.directory / "cache" / "libvirt"):
        directory.mkdir(mode=0o755, exist_ok=True)
    for name in _RUN_DIRECTORIES:
        (host.run_directory / name).mkdir(mode=0o755, exist_ok=True)
    for name in _LOG_DIRECTORIES:
        (host.log_directory / name).mkdir(mode=0o755, exist_ok=True)


def write_names(plan: FabricPlan) -> None:
    """Write the hosts' names and addresses into what every host sees as /etc/hosts.

    The file is written in place: hosts hold on to the file, not to its name.
    """
    lines = ["127.0.0.1 localhost", *(f"{host.provider_address} {host.name}" for host in plan.hosts)]
    plan.names_path.write_text("\n".join(lines) + "\n")
