"""Consoles of a host's guests, through libvirt.

A screen's socket is handed over by libvirtd as a file descriptor, which only a Unix socket can carry. A serial line is
a stream inside libvirt's own protocol, which every connection carries.

Each serial line has a connection of its own. libvirtd stops reading from a client whose streams it cannot pass on, and
a guest need not read what is typed at it: on the host's shared connection, a tenant who pastes much into a guest that
hangs would cut the host off from Zaffre.
"""

import asyncio
import contextlib
import socket
from functools import partial
from urllib.parse import urlsplit

import libvirt

from zaffre.fabric.drivers.console import READ_BYTES, ConsoleUnavailable, GuestOff
from zaffre.fabric.drivers.console_backlog import ConsoleBacklog
from zaffre.fabric.drivers.hypervisor import GuestMissing, HostAddress, HostUnreachable, HypervisorRefused
from zaffre.fabric.drivers.libvirt_errors import has_code, words
from zaffre.fabric.drivers.libvirt_events import ensure_event_loop
from zaffre.fabric.drivers.libvirt_guests import find_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_workers import DetachedCall, call_soon
from zaffre.foundation.errors import DomainError

_OPEN_DEADLINE_S = 15.0
_WRITE_DEADLINE_S = 60.0
_PART_BYTES = 4096
"""Sent at once: about what a terminal's input buffer takes."""

_KEEP_ALIVE_INTERVAL_S = 5
_KEEP_ALIVE_COUNT = 5


def open_screen(session: HostSession, guest_id: str) -> socket.socket:
    """Return a connected socket that speaks RFB for the guest's screen. Blocks, like everything that takes a session.

    Raises:
        GuestMissing: there is no such guest.
        GuestOff: it is not running.
        ConsoleUnavailable: the host is reached over a network, which carries no file descriptors.
    """
    domain = find_guest(session, guest_id)
    if not domain.isActive():
        raise GuestOff(session.address.name, guest_id)
    if not carries_descriptors(session.address.uri):
        raise ConsoleUnavailable(
            session.address.name,
            "libvirt hands over screens only through a Unix socket, and this host is reached over a network",
            "Open the serial console, or run a Zaffre API process on the host that reaches libvirt by qemu:///system.",
        )
    return socket.socket(fileno=domain.openGraphicsFD(0, libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH))


def carries_descriptors(uri: str) -> bool:
    """Tell whether a connection to the URI is a Unix socket of this machine."""
    parts = urlsplit(uri)
    transport = parts.scheme.partition("+")[2]
    return transport == "unix" or (not transport and not parts.netloc)


async def open_serial(address: HostAddress, guest_id: str) -> "SerialChannel":
    """Open the guest's first serial port, taking it from whoever has it.

    Raises:
        GuestMissing: there is no such guest.
        GuestOff: it is not running.
        HostUnreachable: the host does not answer.
        HypervisorRefused: the host does not open it.
    """
    name = f"{address.name}-serial"
    channel = SerialChannel(name)
    opening = DetachedCall(name, partial(_SerialLine, address, guest_id, channel), _SerialLine.close)
    try:
        channel.attach(await opening.result(_OPEN_DEADLINE_S))
    except TimeoutError:
        pass
    else:
        return channel
    raise HostUnreachable(address.name, f"it took longer than {_OPEN_DEADLINE_S:g} s to open a serial line")


class SerialChannel:
    """A `ConsoleChannel` over a libvirt stream."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._line: _SerialLine | None = None
        self._backlog = ConsoleBacklog()

    def attach(self, line: "_SerialLine") -> None:
        """Take the line that feeds this channel."""
        self._line = line

    async def read(self) -> bytes:
        """Return what came from the guest; nothing at the end."""
        return await self._backlog.get()

    async def write(self, content: bytes) -> None:
        """Send to the guest, a part at a time."""
        for start in range(0, len(content), _PART_BYTES):
            line = self._line
            if line is None or self._backlog.ended:
                return
            part = content[start : start + _PART_BYTES]
            sending = DetachedCall(f"{self._name}-send", partial(line.send, part), _drop)
            try:
                await sending.result(_WRITE_DEADLINE_S)
            except (TimeoutError, libvirt.libvirtError):  # a guest that takes nothing, or a line that broke
                self._backlog.end()

    async def close(self) -> None:
        """Let go of the line, in a thread of its own: a host that hangs would hold us up."""
        self._backlog.end()
        line, self._line = self._line, None
        if line is not None:
            DetachedCall(f"{self._name}-close", line.close, _drop)

    def hear(self, part: bytes) -> None:
        """Take what came from the guest; called from libvirt's thread."""
        call_soon(self._loop, partial(self._backlog.put, part))

    def hear_end(self) -> None:
        """Take note of the end; called from libvirt's thread."""
        call_soon(self._loop, self._backlog.end)


class _SerialLine:
    """A serial port's stream and the connection that it has for itself. Every method blocks."""

    def __init__(self, address: HostAddress, guest_id: str, channel: SerialChannel) -> None:
        ensure_event_loop()
        self._channel = channel
        self._connection: libvirt.virConnect | None = None
        self._stream: libvirt.virStream | None = None
        failure: DomainError
        try:
            self._connection = libvirt.open(address.uri)
            self._connection.setKeepAlive(_KEEP_ALIVE_INTERVAL_S, _KEEP_ALIVE_COUNT)
            self._open(self._connection, address, guest_id)
        except libvirt.libvirtError as error:
            failure = _translated(error, address, guest_id, reached=self._connection is not None)
        except DomainError as error:
            failure = error
        else:
            return
        self.close()
        raise failure

    def send(self, part: bytes) -> None:
        """Send to the guest."""
        stream = self._stream
        while part and stream is not None:
            part = part[max(stream.send(part), 0) :]

    def close(self) -> None:
        """End the stream and the connection."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(libvirt.libvirtError):  # the callback is gone already when the stream broke
                stream.eventRemoveCallback()
            with contextlib.suppress(libvirt.libvirtError):  # it may have ended by itself
                stream.abort()
            del stream  # it holds the connection open
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(libvirt.libvirtError):  # it may have broken
                connection.close()

    def _open(self, connection: libvirt.virConnect, address: HostAddress, guest_id: str) -> None:
        domain = connection.lookupByUUIDString(guest_id)
        if not domain.isActive():
            raise GuestOff(address.name, guest_id)
        stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
        domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
        self._stream = stream
        events = libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP
        stream.eventAddCallback(events, self._on_event, None)

    def _on_event(self, stream: libvirt.virStream, _events: int, _opaque: object) -> None:
        """Take everything that has arrived. Runs in libvirt's thread, so nothing here may block."""
        try:
            while isinstance(part := stream.recvFlags(READ_BYTES), bytes):
                if not part:
                    break
                self._channel.hear(part)
            else:
                return
            stream.eventUpdateCallback(0)
        except libvirt.libvirtError:  # how a stream ends when its guest is switched off, or its host is lost
            with contextlib.suppress(libvirt.libvirtError):
                stream.eventUpdateCallback(0)
        self._channel.hear_end()


def _translated(error: libvirt.libvirtError, address: HostAddress, guest_id: str, *, reached: bool) -> DomainError:
    if not reached:
        return HostUnreachable(address.name, words(error))
    if has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
        return GuestMissing(address.name, guest_id)
    if has_code(error, libvirt.VIR_ERR_OPERATION_INVALID):  # it went off between two questions
        return GuestOff(address.name, guest_id)
    return HypervisorRefused(address.name, f"open the serial line of guest {guest_id}", words(error))


def _drop(_result: object) -> None:
    return
