"""The consoles of one simulated host's guests.

Screens and serial lines live in the process that opened them, unlike guests and volumes: two processes that share a
world in a file each see their own.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from zaffre.fabric.drivers.console import READ_BYTES, ConsoleChannel, ConsoleKind, GuestOff
from zaffre.fabric.drivers.console_backlog import ConsoleBacklog
from zaffre.fabric.drivers.hypervisor import GuestChanged, GuestRemoved, GuestState, HostEvent, HostLost, StopReason
from zaffre.fabric.drivers.simulated_console import boot_lines, ready_lines
from zaffre.fabric.drivers.simulated_host import SimulatedHost
from zaffre.fabric.drivers.simulated_rfb import RfbServer
from zaffre.fabric.drivers.simulated_screen import SimulatedScreen
from zaffre.fabric.drivers.simulated_shell import SimulatedShell
from zaffre.fabric.drivers.simulated_store import StoredGuest
from zaffre.fabric.drivers.stream_channel import StreamChannel

Listen = Callable[[Callable[[HostEvent], None]], Callable[[], None]]


class SimulatedConsoles:
    """Opens consoles of a host's guests, and ends them with their guests' power.

    Args:
        host: the host.
        listen: makes its events heard, until the returned function is called.
        boot_s: tells how long a guest takes to boot.
    """

    def __init__(self, host: SimulatedHost, listen: Listen, boot_s: Callable[[], float]) -> None:
        self._host = host
        self._listen = listen
        self._boot_s = boot_s
        self._terminals: dict[str, _Terminals] = {}
        self._stop_listening: Callable[[], None] | None = None

    async def open(self, guest_id: str, kind: ConsoleKind) -> ConsoleChannel:
        """Open a console.

        Raises:
            GuestOff: the guest's power is off.
        """
        terminals = self._current(guest_id)
        if terminals is None:
            raise GuestOff(self._host.name, guest_id)
        if kind is ConsoleKind.SERIAL:
            return terminals.take_line()
        return await terminals.show_screen()

    def close(self) -> None:
        """End every console."""
        for guest_id in list(self._terminals):
            self._end(guest_id)
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _current(self, guest_id: str) -> "_Terminals | None":
        """Return the guest's terminals as they are now; None while its power is off."""
        guest = self._host.stored(guest_id)
        if guest is None or guest.live is None:
            self._end(guest_id)
            return None
        terminals = self._terminals.get(guest_id)
        if terminals is None:
            if self._stop_listening is None:
                self._stop_listening = self._listen(self._hear)
            write, switch = partial(self._host.write_serial, guest_id), partial(self._switch, guest_id)
            terminals = self._terminals[guest_id] = _Terminals(guest, write, switch, partial(self._current, guest_id))
        observation = self._host.observe(guest_id)
        terminals.follow(guest, ready=observation is not None and observation.ready)
        return terminals

    def _hear(self, event: HostEvent) -> None:
        if isinstance(event, GuestChanged) and event.observation.id in self._terminals:
            self._current(event.observation.id)
        elif isinstance(event, GuestRemoved):
            self._end(event.guest_id)
        elif isinstance(event, HostLost):
            for guest_id in list(self._terminals):
                self._end(guest_id)

    def _end(self, guest_id: str) -> None:
        terminals = self._terminals.pop(guest_id, None)
        if terminals is not None:
            terminals.end()

    def _switch(self, guest_id: str, how: str) -> None:
        if how == "reboot":
            self._host.reset(guest_id, self._boot_s())
        else:
            self._host.turn_off(guest_id, StopReason.GUEST_SHUTDOWN)


class _Terminals:
    """The screen and the serial line of a guest that is on."""

    def __init__(
        self,
        guest: StoredGuest,
        write_serial: Callable[[bytes], None],
        switch: Callable[[str], None],
        look: Callable[[], object],
    ) -> None:
        self._title = (guest.live or guest.defined).title
        self._write_serial = write_serial
        self._switch = switch
        self._look = look
        self._screen = SimulatedScreen(self._title)
        self._line: _SerialChannel | None = None
        self._viewers: set[asyncio.Task[None]] = set()
        self._boot: float | None = None
        self._shells: tuple[SimulatedShell, SimulatedShell] | None = None
        """On the screen and on the serial line, once the guest is ready."""
        self._running = False

    def follow(self, guest: StoredGuest, *, ready: bool) -> None:
        """Show what became of the guest since it was last looked at."""
        first = self._boot is None
        if guest.ready_at_s != self._boot:
            self._boot = guest.ready_at_s
            self._shells = None
            spec = guest.live or guest.defined
            self._screen.clear()
            self._show(boot_lines(spec.title, spec.vcpus, spec.memory_mib), on_line=not first)
        if ready and self._shells is None:
            self._shells = (SimulatedShell(self._title, self._switch), SimulatedShell(self._title, self._switch))
            self._show(ready_lines(self._title) + self._shells[0].greeting, on_line=not first)
        self._running = guest.state is GuestState.RUNNING
        state = guest.state if not self._running else "ready" if ready else "starting"
        self._screen.entitle(f" {self._title} | simulated guest, {state}")

    async def show_screen(self) -> ConsoleChannel:
        """Let one more viewer look at the screen."""
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours, limit=READ_BYTES)
        server = RfbServer(reader, writer, self._screen, self._type_on_screen)
        viewer = asyncio.create_task(server.serve(self._title), name="simulated-screen")
        self._viewers.add(viewer)
        viewer.add_done_callback(self._viewers.discard)
        return await StreamChannel.over(theirs)

    def take_line(self) -> ConsoleChannel:
        """Give the serial line to a new holder."""
        if self._line is not None:
            self._line.backlog.end()
        self._line = _SerialChannel(self._type_on_line)
        return self._line

    def end(self) -> None:
        """End all consoles."""
        if self._line is not None:
            self._line.backlog.end()
        for viewer in self._viewers:
            viewer.cancel()

    def _type_on_screen(self, content: bytes) -> None:
        self._look()
        if self._shells is not None and self._running:
            self._screen.write(self._shells[0].type(content))

    def _type_on_line(self, channel: "_SerialChannel", content: bytes) -> None:
        self._look()
        if channel is not self._line or self._shells is None or not self._running:
            return
        output = self._shells[1].type(content)
        self._write_serial(output)
        channel.backlog.put(output)

    def _show(self, output: bytes, *, on_line: bool) -> None:
        """Show what the guest writes to both; its host has put it into the log."""
        self._screen.write(output)
        if on_line and self._line is not None:
            self._line.backlog.put(output)


class _SerialChannel:
    """A `ConsoleChannel` to a simulated serial line."""

    def __init__(self, type_on_line: "Callable[[_SerialChannel, bytes], None]") -> None:
        self.backlog = ConsoleBacklog()
        self._type_on_line = type_on_line

    async def read(self) -> bytes:
        """Return what came from the guest; nothing at the end."""
        return await self.backlog.get()

    async def write(self, content: bytes) -> None:
        """Type at the guest."""
        if not self.backlog.ended:
            self._type_on_line(self, content)

    async def close(self) -> None:
        """Let go of the line."""
        self.backlog.end()
