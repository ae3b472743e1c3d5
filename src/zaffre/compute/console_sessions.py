"""Open consoles: bytes between a viewer's WebSocket and a guest, for as long as the viewer has the right to them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.websockets import WebSocket, WebSocketDisconnect

from zaffre.compute.consoles import ConsoleGrant, viewable
from zaffre.fabric import HostDown, Hypervisors
from zaffre.fabric.drivers.console import ConsoleChannel, ConsoleKind, GuestOff
from zaffre.fabric.drivers.hypervisor import GuestMissing, GuestState, Hypervisor
from zaffre.foundation.actor import Actor
from zaffre.foundation.errors import DomainError, Unavailable
from zaffre.foundation.http.sockets import MESSAGE_BYTES, NORMAL, ONLY_BYTES, TOO_LONG, Closing, close
from zaffre.foundation.settings import ConsoleSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity import Caller

log = structlog.get_logger(__name__)

WITHDRAWN = Closing(4001, "Your right to this console has ended.")
POWERED_OFF = Closing(4002, "The virtual machine is off.")
MOVED = Closing(4003, "The virtual machine has moved to another host. Open its console again.")
TAKEN_OVER = Closing(4004, "Somebody else opened this serial console.")
IDLE = Closing(4005, "Nothing happened on this console for a long time.")
HOST_LOST = Closing(4006, "The virtual machine's host does not answer.")
UNAVAILABLE = 4007
"""The host cannot give out this console; the reason says why."""
TOO_MANY = Closing(4008, "Too many consoles are open. Close one that is no longer needed.")
UNCHECKED = Closing(4009, "Your right to this console could not be checked. Open it again.")

CHECK_INTERVAL_S = 2.0
_CHECK_DEADLINE_S = 2.0
_UNCHECKED_S = 4.5
"""A right that could not be checked for so long counts as withdrawn."""
_LAST_LOOKS_S = (0.0, 0.3, 0.7)
"""Pauses before each look at why a console ended: a guest's console ends a moment before its host calls it off."""
_LOOK_DEADLINE_S = 3.0


class TooManyConsoles(Unavailable):
    """This process serves as many consoles as it may."""

    code = "console.too_many"
    title = "Too many consoles are open"


class ConsoleSessions:
    """The consoles that this process serves."""

    def __init__(
        self, units: UnitsOfWork, hypervisors: Hypervisors, settings: ConsoleSettings, metrics: Metrics
    ) -> None:
        self.units = units
        self.hypervisors = hypervisors
        self.settings = settings
        self._metrics = metrics
        self._open: Counter[str] = Counter()

    def check_room(self) -> None:
        """See that this process can serve one more console.

        Raises:
            TooManyConsoles: it cannot.
        """
        if self._open.total() >= self.settings.open:
            raise TooManyConsoles(
                f"All {self.settings.open} consoles of this server are in use.",
                remedy="Close a console that is no longer needed, or try again; the operator sets consoles.open.",
            )

    async def serve(self, socket: WebSocket, actor: Actor, caller: Caller, grant: ConsoleGrant) -> None:
        """Serve an accepted WebSocket until either side ends it, and say why."""
        if self._open[grant.machine_id] >= self.settings.per_machine:
            await close(socket, TOO_MANY)
            return
        with self._counted(grant):
            closing = await self._served(socket, actor, caller, grant)
        log.info("console closed", machine_id=grant.machine_id, kind=grant.kind, code=closing.code)
        await close(socket, closing)

    @contextmanager
    def _counted(self, grant: ConsoleGrant) -> Generator[None]:
        gauge = self._metrics.consoles.labels(grant.kind)
        self._open[grant.machine_id] += 1
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()
            self._open[grant.machine_id] -= 1
            if not self._open[grant.machine_id]:
                del self._open[grant.machine_id]

    async def _served(self, socket: WebSocket, actor: Actor, caller: Caller, grant: ConsoleGrant) -> Closing:
        try:
            hypervisor = await self.hypervisors.get(grant.host_id)
            channel = await hypervisor.open_console(grant.machine_id, grant.kind)
        except (GuestOff, GuestMissing):
            return POWERED_OFF
        except HostDown:
            return HOST_LOST
        except DomainError as error:
            return Closing(UNAVAILABLE, error.detail)
        try:
            return await _ConsoleSession(self, socket, channel, hypervisor, actor, caller, grant).run()
        finally:
            await channel.close()


class _ConsoleSession:
    """One open console."""

    def __init__(
        self,
        sessions: ConsoleSessions,
        socket: WebSocket,
        channel: ConsoleChannel,
        hypervisor: Hypervisor,
        actor: Actor,
        caller: Caller,
        grant: ConsoleGrant,
    ) -> None:
        self._units = sessions.units
        self._idle_s = sessions.settings.idle_s
        self._socket = socket
        self._channel = channel
        self._hypervisor = hypervisor
        self._actor = actor
        self._caller = caller
        self._grant = grant
        self._clock = sessions.units.clock
        self._active_s = self._clock.monotonic_s()

    async def run(self) -> Closing:
        """Carry bytes until something ends it; returns what."""
        parts = (self._from_guest(), self._from_viewer(), self._keep_watch())
        tasks = [asyncio.create_task(part, name="console") for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _from_guest(self) -> Closing:
        while content := await self._channel.read():
            self._active_s = self._clock.monotonic_s()
            try:
                await self._socket.send_bytes(content)
            except (WebSocketDisconnect, RuntimeError, OSError):  # the viewer left; `_from_viewer` may not know yet
                return NORMAL
        return await self._why_ended()

    async def _from_viewer(self) -> Closing:
        while True:
            message = await self._socket.receive()
            if message["type"] != "websocket.receive":
                return NORMAL
            content = message.get("bytes")
            if content is None:
                return ONLY_BYTES
            if len(content) > MESSAGE_BYTES:
                return TOO_LONG
            self._active_s = self._clock.monotonic_s()
            await self._channel.write(content)

    async def _keep_watch(self) -> Closing:
        """Return when the right to the console ends, or nothing happens on it."""
        checked_s = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(CHECK_INTERVAL_S)  # not by the site's clock: the promise is made to people
            try:
                async with asyncio.timeout(_CHECK_DEADLINE_S):
                    closing = await self._check()
            except (TimeoutError, DBAPIError):
                if asyncio.get_running_loop().time() - checked_s > _UNCHECKED_S - _CHECK_DEADLINE_S:
                    return UNCHECKED
                continue
            if closing is not None:
                return closing
            checked_s = asyncio.get_running_loop().time()
            if self._clock.monotonic_s() - self._active_s >= self._idle_s:
                return IDLE

    async def _check(self) -> Closing | None:
        """Return why the console must end; None while it need not."""
        async with self._units.read(self._actor) as work:
            machine = await viewable(work, self._caller, self._grant.subscription_id, self._grant.machine_id)
            if machine is None:
                return WITHDRAWN
            return None if machine.host_id == self._grant.host_id else MOVED

    async def _why_ended(self) -> Closing:
        """Return why the guest's side ended."""
        with contextlib.suppress(TimeoutError, DBAPIError):
            async with asyncio.timeout(_CHECK_DEADLINE_S):
                closing = await self._check()
                if closing is not None:
                    return closing
        try:
            async with asyncio.timeout(_LOOK_DEADLINE_S):
                return await self._look()
        except (TimeoutError, DomainError):
            return HOST_LOST

    async def _look(self) -> Closing:
        for pause_s in _LAST_LOOKS_S:
            await asyncio.sleep(pause_s)
            guest = await self._hypervisor.observe(self._grant.machine_id)
            if guest is None or guest.state not in (GuestState.RUNNING, GuestState.PAUSED):
                return POWERED_OFF
        return TAKEN_OVER if self._grant.kind is ConsoleKind.SERIAL else HOST_LOST
