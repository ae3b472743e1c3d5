"""Virtual machines."""

from collections.abc import Callable, Iterator
from datetime import datetime

from zaffre.client.collection import Collection, LabelledCollection, checked_id
from zaffre.client.connection import Connection, parsed
from zaffre.client.consoles import Console, open_console
from zaffre.client.models import (
    AdminVirtualMachineView,
    CandidateHostsView,
    CandidateHostView,
    ConsoleKind,
    ConsoleView,
    GuestFactsView,
    InsertionBody,
    MachineChangeBody,
    MetricsView,
    MigrationBody,
    NewConsoleBody,
    NewPortBody,
    NewVirtualMachineBody,
    ResizeBody,
    SerialLogView,
    ShutdownBody,
    VirtualMachineView,
)
from zaffre.client.problems import ZaffreError, local_problem
from zaffre.client.resources.checkpoints import Checkpoints
from zaffre.client.waiting import USUAL_TIMEOUT_S, Accepted

LOG_POLL_S = 1.0
STATE_POLL_S = 0.5


class VirtualMachines(LabelledCollection[VirtualMachineView, VirtualMachineView]):
    """The virtual machines of a subscription."""

    noun = "virtual machine"
    change_body = MachineChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the machines of the subscription at `path`."""
        super().__init__(connection, path, VirtualMachineView, VirtualMachineView)

    def create(self, body: NewVirtualMachineBody) -> Accepted[VirtualMachineView]:
        """Make a virtual machine and start it.

        Raises:
            ZaffreError: the quota is used up, the name is taken, or something it refers to does not exist.
        """
        return self._start_creating(body, VirtualMachineView)

    def start(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Start a stopped machine."""
        return self._start(machine_id, "start", VirtualMachineView, if_match=if_match)

    def resize(self, machine_id: str, size: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Give a machine another size; `restart_required` says afterwards whether some of it waits for a restart.

        Raises:
            ZaffreError: the quota or the room on its host is used up, or it has checkpoints.
        """
        return self._start(machine_id, "resize", VirtualMachineView, body=ResizeBody(size=size), if_match=if_match)

    def shutdown(
        self, machine_id: str, *, timeout_s: int | None = None, force: bool = True, if_match: int | None = None
    ) -> Accepted[VirtualMachineView]:
        """Ask the guest to shut down.

        Args:
            machine_id: which one.
            timeout_s: how long it may take; the server's usual time when left out.
            force: whether to cut its power when it has not shut down in time.
            if_match: the generation it must still have.
        """
        body = ShutdownBody(force=force) if timeout_s is None else ShutdownBody(force=force, timeout_s=timeout_s)
        return self._start(machine_id, "shutdown", VirtualMachineView, body=body, if_match=if_match)

    def stop(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Cut a machine's power. What the guest has not written to disk is lost."""
        return self._start(machine_id, "stop", VirtualMachineView, if_match=if_match)

    def reset(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Press a machine's reset button."""
        return self._start(machine_id, "reset", VirtualMachineView, if_match=if_match)

    def pause(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Stop a machine's processors, keeping its memory."""
        return self._start(machine_id, "pause", VirtualMachineView, if_match=if_match)

    def resume(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Let a paused machine go on."""
        return self._start(machine_id, "resume", VirtualMachineView, if_match=if_match)

    def add_port(self, machine_id: str, body: NewPortBody, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Attach a machine to one more subnet, at once if it runs.

        Raises:
            ZaffreError: it has as many ports as it can have, the address is taken, or it has checkpoints.
        """
        return self._start(machine_id, "ports", VirtualMachineView, body=body, if_match=if_match)

    def remove_port(self, machine_id: str, port_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Detach a machine from a subnet, at once if it runs."""
        return self._start(
            machine_id, f"ports/{checked_id(port_id)}", VirtualMachineView, method="DELETE", if_match=if_match
        )

    def delete(
        self, machine_id: str, if_match: int | None = None, *, delete_disks: bool = False
    ) -> Accepted[VirtualMachineView]:
        """Delete a machine with its root disk. Its data disks stay, unless `delete_disks`."""
        path = self._member(machine_id) + ("?delete_disks=true" if delete_disks else "")
        response = self._connection.ask("DELETE", path, if_match=if_match)
        return self._gone(response, VirtualMachineView)

    def insert_iso(self, machine_id: str, image_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Put an ISO into a machine's drive, in place of what is in it."""
        body = InsertionBody(image_id=image_id)
        return self._start(machine_id, "iso", VirtualMachineView, body=body, if_match=if_match)

    def eject_iso(self, machine_id: str, if_match: int | None = None) -> Accepted[VirtualMachineView]:
        """Take the ISO out of a machine's drive."""
        response = self._connection.ask("DELETE", f"{self._member(machine_id)}/iso", if_match=if_match)
        return self._accepted(response, VirtualMachineView)

    def metrics(
        self,
        machine_id: str,
        begin: datetime | None = None,
        end: datetime | None = None,
        step_s: int | None = None,
    ) -> MetricsView:
        """Read what a machine used in the last day.

        Args:
            machine_id: which one.
            begin: where to begin; an hour before the end when left out.
            end: where to end; now when left out.
            step_s: seconds between points; as fits a chart when left out.
        """
        parameters = {"from": _instant(begin), "to": _instant(end), "step_s": step_s}
        return self._connection.get(f"{self._member(machine_id)}/metrics", MetricsView, parameters)

    def guest_facts(self, machine_id: str) -> GuestFactsView:
        """Ask a machine's guest about itself; see `available` for whether it has an agent that answers.

        Raises:
            ZaffreError: its host does not answer.
        """
        return self._connection.get(f"{self._member(machine_id)}/guest-facts", GuestFactsView)

    def serial_log(self, machine_id: str, offset: int | None = None, limit_bytes: int | None = None) -> SerialLogView:
        """Read a piece of what the guest wrote to its serial port.

        Args:
            machine_id: whose log.
            offset: first byte; left out, the log's end is read.
            limit_bytes: most bytes to read; the server's usual number when left out.
        """
        parameters = {"offset": offset, "limit": limit_bytes}
        return self._connection.get(f"{self._member(machine_id)}/serial-log", SerialLogView, parameters)

    def follow_serial_log(self, machine_id: str, offset: int | None = None) -> Iterator[str]:
        """Yield what the guest wrote, and then what it writes, until the caller stops listening.

        Raises:
            NotFound: the machine is gone.
        """
        while True:
            piece = self.serial_log(machine_id, offset)
            if piece.text:
                yield piece.text
            if piece.next_offset >= piece.size:
                self._connection.clock.sleep(LOG_POLL_S)
            offset = piece.next_offset

    def checkpoints(self, machine_id: str) -> Checkpoints:
        """Return the checkpoints of a machine."""
        return Checkpoints(self._connection, f"{self._member(machine_id)}/checkpoints")

    def console(self, machine_id: str, kind: ConsoleKind) -> ConsoleView:
        """Ask for the right to open a console of a running machine, once, within a minute.

        Most programs want `open_console`.
        """
        return parsed(
            self._connection.ask("POST", f"{self._member(machine_id)}/consoles", NewConsoleBody(kind=kind)), ConsoleView
        )

    def open_console(self, machine_id: str, kind: ConsoleKind) -> Console:
        """Open a console of a running machine: its screen, which speaks RFB 3.8, or its first serial port.

        A serial port is taken from whoever has it open.

        Raises:
            ZaffreError: the machine is off, or the server refused.
            Unreachable: no server answered.
        """
        right = self.console(machine_id, kind)
        connection = self._connection
        return open_console(connection.url, right.path, connection.credentials.bearer, connection.trust)

    def wait_until(
        self,
        machine_id: str,
        condition: Callable[[VirtualMachineView], bool],
        timeout_s: float = USUAL_TIMEOUT_S,
        on_look: Callable[[VirtualMachineView], None] | None = None,
    ) -> VirtualMachineView:
        """Look at a machine until a condition holds, for example that it is `ready`; returns it as it is then.

        Args:
            machine_id: which one.
            condition: what to wait for.
            timeout_s: the longest to wait.
            on_look: called with the machine each time it was looked at.

        Raises:
            ZaffreError: `timeout_s` seconds were not enough.
            NotFound: the machine is gone.
        """
        clock = self._connection.clock
        deadline_s = clock.monotonic_s() + timeout_s
        while True:
            machine = self.get(machine_id)
            if on_look is not None:
                on_look(machine)
            if condition(machine):
                return machine
            if clock.monotonic_s() >= deadline_s:
                raise _not_in_time(machine, timeout_s)
            clock.sleep(STATE_POLL_S)


class AllVirtualMachines(Collection[AdminVirtualMachineView, AdminVirtualMachineView]):
    """Everybody's virtual machines with their hosts, for administrators."""

    noun = "virtual machine"

    def __init__(self, connection: Connection) -> None:
        """Use the machines of the admin face."""
        super().__init__(connection, "/virtual-machines", AdminVirtualMachineView, AdminVirtualMachineView)

    def candidate_hosts(self, machine_id: str) -> list[CandidateHostView]:
        """Return the hosts of a machine's stamp, each with what speaks against moving it there."""
        return self._connection.get(f"{self._member(machine_id)}/hosts", CandidateHostsView).value

    def migrate(
        self, machine_id: str, host_id: str | None = None, if_match: int | None = None
    ) -> Accepted[AdminVirtualMachineView]:
        """Move a machine that is on to another host while it runs; left out, to the best that is fit.

        Raises:
            ZaffreError: it is off, has checkpoints, or the host cannot take it.
        """
        body = MigrationBody(host_id=host_id)
        return self._start(machine_id, "migrate", AdminVirtualMachineView, body=body, if_match=if_match)


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _not_in_time(machine: VirtualMachineView, timeout_s: float) -> ZaffreError:
    ready = "ready" if machine.ready else "not ready"
    return ZaffreError(
        local_problem(
            "not_in_time",
            "The virtual machine did not get there in time",
            f"After {timeout_s:g} s {machine.name!r} is {machine.state} and {ready}.",
            "Look at its serial log, or wait for longer.",
            target=machine.id,
        )
    )
