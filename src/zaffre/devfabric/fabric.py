"""The developer fabric: a private cloud's hosts and network plane on one Linux machine.

Each host is a network namespace with its own libvirtd, virtual switch and OVN controller; one more namespace holds the
underlay and OVN central. `up` and `down` may be called at any time and in any state, also after a crash of either.
"""

import fcntl
import os
import shutil
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from zaffre.devfabric import namespaces
from zaffre.devfabric.central import Central
from zaffre.devfabric.commands import Commands
from zaffre.devfabric.daemons import Daemon
from zaffre.devfabric.databases import answers
from zaffre.devfabric.errors import FabricMismatch, FabricNotUp
from zaffre.devfabric.hypervisors import HypervisorDaemons
from zaffre.devfabric.layout import FabricLayout
from zaffre.devfabric.leftovers import Leftovers
from zaffre.devfabric.plan import MARK, HostPlan, plan_fabric
from zaffre.devfabric.processes import Process
from zaffre.devfabric.progress import Progress, Report, silent
from zaffre.devfabric.rooms import furnish_host, write_names
from zaffre.devfabric.state import read_layout, write_layout
from zaffre.devfabric.switches import Switch


class DevelopmentFabric:
    """The fabric in one directory.

    Args:
        directory: holds everything of the fabric; created when absent. Two directories are two fabrics.
        host_count: 1 to 32.

    Raises:
        DirectoryUnfit: the directory's path is too long, or hosts would not see it.
    """

    def __init__(self, directory: Path, host_count: int = 2) -> None:
        self.plan = plan_fabric(directory, host_count)
        self._commands = Commands(**{MARK: str(self.plan.directory)})
        self._leftovers = Leftovers(self.plan, self._commands)
        self._central = Central(self.plan, self._commands)

    def up(self, report: Report = silent) -> FabricLayout:
        """Bring the fabric up and return where everything is.

        - A fabric that is up and well is left alone; its guests notice nothing.
        - A daemon that has ended is started again; guests run on.
        - Hosts that are new are added; guests on the others run on.
        - A fabric that lost a namespace (after a reboot, or a crash of `up`) is power-cycled: its processes end,
          guests included, and it starts again with the databases, guest definitions and volumes it had.

        Raises:
            FabricMismatch: a fabric with more hosts is up in the directory.
            CommandFailed, DaemonFailed: a part did not start. Hosts that were being built are not left running;
                logs stay in the directory.
        """
        progress = Progress(report)
        with self._locked():
            self._check_recorded_shape()
            if self._is_well():
                return self.plan.layout()
            laid = self._hosts_laid()
            try:
                self._lay(laid, progress)
                self._start(progress)
            except BaseException:
                with progress.step("Clean up after the failure"):
                    self._remove_all_but(laid)
                raise
            write_layout(self.plan.state_path, self.plan.layout())
            return self.plan.layout()

    def down(self, *, purge: bool = False, report: Report = silent) -> list[str]:
        """Remove the fabric from the machine and return what was removed, in words.

        Ends every process, guests included, and deletes namespaces and files. Built images are kept unless `purge`.
        A fabric that is not there is removed at once.
        """
        if not self.plan.directory.exists() and not self._leftovers.namespaces():
            return self._leftovers.remove()
        progress = Progress(report)
        with self._locked():
            with progress.step("End processes and remove namespaces"):
                removed = self._leftovers.remove()
                if self.plan.first_path.exists():
                    namespaces.remove_directory(self._commands)
            with progress.step("Delete files"):
                removed += self._delete_files(purge=purge)
        return removed

    def layout(self) -> FabricLayout:
        """Return where everything of the fabric is, as recorded when it came up.

        Raises:
            FabricNotUp: no complete fabric is recorded in the directory.
        """
        layout = read_layout(self.plan.state_path)
        if layout is None:
            raise FabricNotUp(str(self.plan.directory))
        return layout

    def is_up(self) -> bool:
        """Tell whether the fabric is there with just these hosts, every daemon runs, and their sockets answer."""
        return self._is_well()

    # Looking -----------------------------------------------------------------------------------------------------

    def _is_well(self) -> bool:
        if read_layout(self.plan.state_path) != self.plan.layout() or self._hosts_laid() != self.plan.hosts:
            return False
        processes = self._leftovers.processes()
        if not all(daemon.is_among(processes) for daemon in self._daemons()):
            return False
        sockets = [host.libvirt_socket for host in self.plan.hosts]
        sockets += [self.plan.central_directory / "nb.sock", self.plan.central_directory / "sb.sock"]
        return all(answers(socket) for socket in sockets)

    def _hosts_laid(self) -> tuple[HostPlan, ...]:
        """Return the hosts whose namespaces and cables are known to be complete: all of the record's, or none."""
        recorded = read_layout(self.plan.state_path)
        if recorded is None:
            return ()
        hosts = self.plan.hosts[: len(recorded.hosts)]
        names = [self.plan.underlay_namespace, *(host.namespace for host in hosts)]
        return hosts if all(namespaces.inode(name) is not None for name in names) else ()

    def _daemons(self) -> Iterator[Daemon]:
        yield from self._central.daemons()
        for host in self.plan.hosts:
            yield from self._switch(host).daemons()
            yield from self._hypervisor(host).daemons()

    def _check_recorded_shape(self) -> None:
        recorded = read_layout(self.plan.state_path)
        if recorded is not None and len(recorded.hosts) > self.plan.host_count:
            raise FabricMismatch(
                f"A developer fabric with {len(recorded.hosts)} hosts is recorded in {self.plan.directory}, "
                f"and {self.plan.host_count} are asked for.",
                remedy="Run `zaffre down` first; it ends the guests on all hosts.",
                target=str(self.plan.directory),
            )

    # Building ----------------------------------------------------------------------------------------------------

    def _lay(self, laid: tuple[HostPlan, ...], progress: Progress) -> None:
        """Lay namespaces and cables of hosts that have none yet.

        The record of the hosts `laid` stays true meanwhile; where there are none there is no record, and whoever finds
        namespaces without one knows that work was interrupted.
        """
        if laid == self.plan.hosts:
            progress.note("A daemon of the fabric has ended; starting again what is missing.")
            return
        if not laid:
            self.plan.state_path.unlink(missing_ok=True)
            self._clear_machine(progress)
        with progress.step("Lay the underlay"):
            if not laid:
                self._central.lay_underlay()
            for host in self.plan.hosts[len(laid) :]:
                self._leftovers.remove_host(host)
                _clear_run_directory(host)
                self._switch(host).lay_cable()

    def _clear_machine(self, progress: Progress) -> None:
        if self._leftovers.namespaces() or self._leftovers.processes():
            progress.note("Parts of an incomplete fabric are in the way; its hosts are switched off and on again.")
            self._leftovers.remove()
        if not namespaces.directory_is_mounted():
            self.plan.first_path.touch()

    def _remove_all_but(self, hosts: tuple[HostPlan, ...]) -> None:
        """Undo an attempt to bring the fabric up, but spare the hosts that were there before it."""
        if not hosts:
            self._leftovers.remove()
        for host in self.plan.hosts[len(hosts) :]:
            self._leftovers.remove_host(host)

    def _start(self, progress: Progress) -> None:
        write_names(self.plan)
        processes = self._leftovers.processes()
        with ThreadPoolExecutor(max_workers=8, thread_name_prefix="fabric") as pool:
            parts = [pool.submit(self._start_central, progress, processes)]
            parts += [pool.submit(self._start_host, host, progress, processes) for host in self.plan.hosts]
        for part in parts:
            part.result()
        with progress.step("Connect the hosts to the network plane"):
            self._central.await_hosts()

    def _start_central(self, progress: Progress, processes: list[Process]) -> None:
        with progress.step("Start OVN central"):
            self._central.ensure(processes)

    def _start_host(self, host: HostPlan, progress: Progress, processes: list[Process]) -> None:
        with progress.step(f"Start {host.name}"):
            furnish_host(host)
            self._switch(host).ensure(processes)
            self._hypervisor(host).ensure(processes)

    def _switch(self, host: HostPlan) -> Switch:
        return Switch(self.plan, host, self._commands)

    def _hypervisor(self, host: HostPlan) -> HypervisorDaemons:
        return HypervisorDaemons(self.plan, host, self._commands)

    # Files -------------------------------------------------------------------------------------------------------

    def _delete_files(self, *, purge: bool) -> list[str]:
        """Delete what the fabric made in its directory, the lock last; the directory too if nothing else is in it."""
        entries = [entry for entry in self.plan.directory.iterdir() if self.plan.owns(entry.name)]
        if purge and self.plan.image_directory.exists():
            entries.append(self.plan.image_directory)
        for entry in sorted(entries, key=lambda entry: (entry == self.plan.lock_path, entry)):
            _delete(entry)
        removed = [str(entry) for entry in sorted(entries) if entry != self.plan.lock_path]
        if not any(self.plan.directory.iterdir()):
            self.plan.directory.rmdir()
            removed.append(str(self.plan.directory))
        return removed

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Hold the fabric's lock: `up` and `down` of different processes take turns."""
        lock = self._lock()
        try:
            yield
        finally:
            os.close(lock)

    def _lock(self) -> int:
        while True:
            self.plan.directory.mkdir(parents=True, exist_ok=True)
            try:
                lock = os.open(self.plan.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:  # whoever held it has just removed the directory
                continue
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.plan.lock_path.exists() and self.plan.lock_path.stat().st_ino == os.fstat(lock).st_ino:
                return lock
            os.close(lock)  # whoever held it has removed it, so it no longer keeps anybody out


def _clear_run_directory(host: HostPlan) -> None:
    """Empty the host's /run, as switching it off does: stale sockets and pid files would mislead daemons."""
    if host.run_directory.exists():
        shutil.rmtree(host.run_directory)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
