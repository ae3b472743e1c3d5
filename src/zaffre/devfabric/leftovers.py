"""Finding and removing what a fabric has on this machine, whether or not anything was written down about it.

A process belongs to a fabric when one of these is so; each holds even if files of the fabric have been deleted:

- it is in one of the fabric's network namespaces,
- what it sees as /run is the run directory of one of the fabric's hosts,
- it was started with the fabric's mark in its environment,
- it is one of the programs a fabric is made of and was started with a path of its central or of one of its hosts.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from zaffre.devfabric import namespaces
from zaffre.devfabric.commands import Commands
from zaffre.devfabric.errors import CommandFailed, RemovalFailed
from zaffre.devfabric.plan import MARK, FabricPlan, HostPlan
from zaffre.devfabric.processes import Belongs, Process, all_processes, carries_mark, end, sees_directory

_PROGRAMS = frozenset(
    {"ovsdb-server", "ovs-vswitchd", "ovn-northd", "ovn-controller", "libvirtd", "virtlogd", "qemu-system-x86_64"}
)
_SWEEPS = 5


class Leftovers:
    """Everything on this machine that belongs to one fabric, except its directory."""

    def __init__(self, plan: FabricPlan, commands: Commands) -> None:
        self._plan = plan
        self._commands = commands

    def processes(self) -> list[Process]:
        """Return the fabric's processes, guests included."""
        belongs = self._of_fabric()
        return [process for process in all_processes() if belongs(process)]

    def namespaces(self) -> list[str]:
        """Return the names of the fabric's network namespaces."""
        return namespaces.named(self._plan.namespace_prefix)

    def remove(self) -> list[str]:
        """End all processes and delete all namespaces; return what was removed, in words.

        Raises:
            RemovalFailed: something is still there after several sweeps.
        """
        return self._sweep(self._of_fabric, self.namespaces)

    def remove_host(self, host: HostPlan) -> list[str]:
        """End the processes and delete the namespace of one host; return what was removed, in words.

        Raises:
            RemovalFailed: something is still there after several sweeps.
        """
        return self._sweep(partial(self._of_host, host), lambda: namespaces.named(host.namespace, whole=True))

    def _sweep(self, belonging: Callable[[], Belongs], names: Callable[[], list[str]]) -> list[str]:
        """Remove, and look again: a program that was being started may have appeared meanwhile or stood in the way."""
        removed: list[str] = []
        remaining: list[str] = []
        obstacle = ""
        for _ in range(_SWEEPS):
            belongs = belonging()
            ended = end([process for process in all_processes() if belongs(process)], belongs)
            removed += [process.describe() for process in ended]
            try:
                removed += self._remove_namespaces(names())
            except CommandFailed as failure:
                obstacle = failure.detail
            belongs = belonging()
            remaining = [process.describe() for process in all_processes() if belongs(process)] + names()
            if not remaining:
                return removed
        raise RemovalFailed(
            f"Still there after {_SWEEPS} attempts: {', '.join(remaining)}. {obstacle}".strip(),
            remedy="Look at what keeps these busy, then run `zaffre down` again.",
        )

    def _remove_namespaces(self, names: list[str]) -> list[str]:
        for name in names:
            namespaces.remove(self._commands, name)
        return [f"namespace {name}" for name in names]

    def _of_fabric(self) -> Belongs:
        directory = str(self._plan.directory)
        paths = re.compile(re.escape(directory) + r"/(c|h\d+)/")
        inhabits = _inhabits(self.namespaces(), self._plan.directory.glob("h*/run"))

        def belongs(process: Process) -> bool:
            return inhabits(process) or carries_mark(process.pid, MARK, directory) or _mentions(process, paths)

        return belongs

    def _of_host(self, host: HostPlan) -> Belongs:
        return _inhabits([host.namespace], [host.run_directory])


def _inhabits(names: Iterable[str], run_directories: Iterable[Path]) -> Belongs:
    """Return what tells whether a process is in one of the namespaces, or has one of the directories as its /run."""
    inodes = {namespaces.inode(name) for name in names}
    identities = _identities(run_directories)

    def belongs(process: Process) -> bool:
        return process.network_namespace in inodes or sees_directory(process.pid, "/run", identities)

    return belongs


def _mentions(process: Process, paths: re.Pattern[str]) -> bool:
    return process.program in _PROGRAMS and any(paths.search(argument) for argument in process.arguments)


def _identities(directories: Iterable[Path]) -> frozenset[tuple[int, int]]:
    facts = [directory.stat() for directory in directories if directory.exists()]
    return frozenset((fact.st_dev, fact.st_ino) for fact in facts)
