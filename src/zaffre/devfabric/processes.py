"""Processes of this machine as /proc shows them, and how to end some of them safely.

A pid alone never proves anything: pids are reused. Whoever ends a process here first takes a handle to it (a pidfd,
which stays with the process, not with the number), then looks again, and only then signals.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process at the moment it was looked at."""

    pid: int
    started_ticks: int
    """Kernel clock ticks from boot to its start; with the pid, unique until the next boot."""
    program: str
    """Base name of its executable, for example `ovs-vswitchd`."""
    arguments: tuple[str, ...]
    network_namespace: int
    """Inode of the network namespace it is in."""

    def describe(self) -> str:
        """Name the process for people."""
        return f"{self.program} (process {self.pid})"


Belongs = Callable[[Process], bool]


def look_at(pid: int) -> Process | None:
    """Return the process with this pid, or None when it is gone, dead but not yet reaped, or not ours to look at."""
    directory = _PROC / str(pid)
    try:
        state, started_ticks = parse_stat((directory / "stat").read_text(errors="replace"))
        if state in "ZX":
            return None
        return Process(
            pid=pid,
            started_ticks=started_ticks,
            program=(directory / "exe").readlink().name.removesuffix(" (deleted)"),
            arguments=tuple((directory / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]),
            network_namespace=(directory / "ns" / "net").stat().st_ino,
        )
    except OSError:
        return None


def parse_stat(line: str) -> tuple[str, int]:
    """Return state and start time from a line of /proc/PID/stat (proc(5), fields 3 and 22).

    The second field, the program's name in parentheses, may itself contain spaces and parentheses.
    """
    fields = line.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def all_processes() -> Iterator[Process]:
    """Yield every process of the machine that has an executable, except this one and its ancestors."""
    spared = _self_and_ancestors()
    for entry in os.listdir(_PROC):  # noqa: PTH208 - a Path per process would be slower than the rest of the loop
        if entry.isdigit() and int(entry) not in spared:
            process = look_at(int(entry))
            if process is not None:
                yield process


def carries_mark(pid: int, variable: str, value: str) -> bool:
    """Tell whether the process was started with `variable=value` in its environment."""
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return f"{variable}={value}".encode() in environment.split(b"\0")


def sees_directory(pid: int, path: str, device_and_inode: frozenset[tuple[int, int]]) -> bool:
    """Tell whether what the process sees at `path` is one of the directories given by (device, inode)."""
    try:
        seen = (_PROC / str(pid) / "root" / path.lstrip("/")).stat()
    except OSError:
        return False
    return (seen.st_dev, seen.st_ino) in device_and_inode


def end(
    processes: Iterable[Process], belongs: Belongs, grace_s: float = 3.0, deadline_s: float = 10.0
) -> list[Process]:
    """End processes: ask with SIGTERM, insist with SIGKILL after `grace_s`; return those that ended.

    `belongs` is asked again after a handle to the process is held, so a pid that was reused meanwhile is left alone.
    Returns when all have exited, or after `deadline_s` seconds.
    """
    handles: dict[int, Process] = {}
    try:
        for process in processes:
            handle = _handle(process, belongs)
            if handle is not None:
                handles[handle] = process
        living = set(handles)
        living = _signal_and_wait(living, signal.SIGTERM, grace_s)
        living = _signal_and_wait(living, signal.SIGKILL, deadline_s - grace_s)
        return [process for handle, process in handles.items() if handle not in living]
    finally:
        for handle in handles:
            os.close(handle)


def _handle(process: Process, belongs: Belongs) -> int | None:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    now = look_at(process.pid)
    if now is None or now.started_ticks != process.started_ticks or not belongs(now):
        os.close(handle)
        return None
    return handle


def _signal_and_wait(handles: set[int], number: signal.Signals, wait_s: float) -> set[int]:
    """Signal all, wait until they exited; return those that have not."""
    living = set(handles)
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
    poll = select.poll()
    for handle in living:
        poll.register(handle, select.POLLIN)  # a pidfd becomes readable when its process has exited
    until_s = time.monotonic() + wait_s
    while living:
        ready = poll.poll(max(0.0, until_s - time.monotonic()) * 1000)
        if not ready:
            break
        for handle, _ in ready:
            poll.unregister(handle)
            living.discard(handle)
    return living


def _self_and_ancestors() -> set[int]:
    spared = {os.getpid(), 1}
    pid = os.getppid()
    while pid > 1:
        spared.add(pid)
        pid = _parent(pid)
    return spared


def _parent(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0
