"""The open doors to all hosts, and what comes through them.

Every process that speaks to hosts keeps one `Hypervisors`. Doors open when a host is first needed or when the watch
finds a new one. Events are handed to listeners at once; whether hosts answer is written to the database in batches.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import select

from zaffre.fabric.drivers.hypervisor import (
    HostAddress,
    HostConnected,
    HostEvent,
    HostLost,
    HostUnreachable,
    Hypervisor,
    HypervisorDriver,
)
from zaffre.fabric.hosts import Hosts, NewHost, address_of
from zaffre.fabric.tables import HostRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.batches import batches
from zaffre.foundation.errors import DomainError, InvalidInput
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

log = structlog.get_logger(__name__)

HostDown = HostUnreachable
EventListener = Callable[[str, HostEvent], None]
"""Called with the host's id and the event, on the event loop; must not block."""

Answer = TypeVar("Answer")

WATCH_INTERVAL_S = 5.0
HOSTS_AT_ONCE = 16
HOST_BATCH = 25


@dataclass
class _Door:
    hypervisor: Hypervisor
    name: str
    unsubscribe: Callable[[], None]


class Hypervisors:
    """One open door per host."""

    def __init__(self, units: UnitsOfWork, drivers: Mapping[str, HypervisorDriver], metrics: Metrics) -> None:
        self._units = units
        self._drivers = drivers
        self._metrics = metrics
        self._doors: dict[str, _Door] = {}
        self._listeners: list[EventListener] = []
        self._news: dict[str, HostConnected | HostLost] = {}
        self.watch = Loop("host watch", WATCH_INTERVAL_S, self._watch, units.clock, metrics)

    def driver(self, name: str) -> HypervisorDriver:
        """Return the driver called `name`.

        Raises:
            InvalidInput: there is none, or what it needs is not installed.
        """
        driver = self._drivers.get(name)
        if driver is None:
            raise InvalidInput(
                f"There is no hypervisor driver {name!r} here.",
                remedy=f"Available are: {', '.join(sorted(self._drivers))}.",
                target="driver",
            )
        return driver

    def listen(self, listener: EventListener) -> None:
        """Call `listener` with every event of every host from now on."""
        self._listeners.append(listener)

    async def get(self, host_id: str) -> Hypervisor:
        """Return the door to a host, opening it when needed.

        Raises:
            NotFound: there is no such host.
        """
        door = self._doors.get(host_id)
        if door is not None:
            return door.hypervisor
        async with self._units.read(system_actor("fabric")) as work:
            row = await Hosts(work).get(host_id)
        return self._open(row).hypervisor

    def open_unknown(self, draft: NewHost) -> Hypervisor:
        """Return a door to a machine that is not a host. It is nobody's but the caller's, who closes it.

        Raises:
            InvalidInput: there is no such driver, or it cannot understand the address.
        """
        address = HostAddress(draft.name, draft.uri, draft.pool_path, draft.integration_bridge)
        return self.driver(draft.driver).open(address)

    def connected(self) -> list[tuple[str, Hypervisor]]:
        """Return the hosts that answer, with their ids."""
        return [(host_id, door.hypervisor) for host_id, door in self._doors.items() if door.hypervisor.connected]

    def lost(self) -> list[str]:
        """Return the ids of hosts that do not answer."""
        return [host_id for host_id, door in self._doors.items() if not door.hypervisor.connected]

    async def gather(
        self, hosts: Sequence[tuple[str, Hypervisor]], action: Callable[[str, Hypervisor], Awaitable[Answer]]
    ) -> dict[str, Answer]:
        """Run `action` for some hosts, a bounded number at a time; returns the answers by host id.

        A host that stops answering meanwhile, or refuses, has no answer; the others are not its hostages.
        """
        answers: dict[str, Answer] = {}
        slots = asyncio.Semaphore(HOSTS_AT_ONCE)

        async def ask(host_id: str, hypervisor: Hypervisor) -> None:
            async with slots:
                try:
                    answers[host_id] = await action(host_id, hypervisor)
                except HostUnreachable as error:
                    log.info("host skipped", host=hypervisor.address.name, cause=error.detail)
                except DomainError as error:
                    log.warning("host refused and is skipped", host=hypervisor.address.name, cause=error.detail)

        async with asyncio.TaskGroup() as group:
            for host_id, hypervisor in hosts:
                group.create_task(ask(host_id, hypervisor))
        return answers

    async def forget(self, host_id: str) -> None:
        """Close the door to a host that is gone."""
        door = self._doors.pop(host_id, None)
        if door is not None:
            door.unsubscribe()
            self._metrics.host_connected.remove(door.name)
            await door.hypervisor.close()

    async def close(self) -> None:
        """Close every door. Guests run on."""
        await self.watch.stop()
        for host_id in list(self._doors):
            await self.forget(host_id)

    def _open(self, row: HostRow) -> _Door:
        door = self._doors.get(row.id)
        if door is None:
            hypervisor = self.driver(row.driver).open(address_of(row))
            unsubscribe = hypervisor.subscribe(lambda event: self._on_event(row.id, event))
            door = self._doors[row.id] = _Door(hypervisor, row.name, unsubscribe)
            self._metrics.host_connected.labels(row.name).set(int(hypervisor.connected))
        return door

    def _on_event(self, host_id: str, event: HostEvent) -> None:
        if isinstance(event, HostConnected | HostLost):
            self._news[host_id] = event
            self._metrics.host_connected.labels(self._doors[host_id].name).set(isinstance(event, HostConnected))
            self.watch.wake()
        for listener in self._listeners:
            listener(host_id, event)

    async def _watch(self) -> None:
        """Open doors to new hosts, close those of removed ones, and write down who answers."""
        open_before = set(self._doors)  # a door that an operation opens while we read leads to a host we do not see yet
        async with self._units.read(system_actor("fabric")) as work:
            known = {row.id: row.connected for row in await work.session.execute(select(HostRow.id, HostRow.connected))}
        for host_id in open_before - set(known):
            await self.forget(host_id)
        for ids in batches(sorted(set(known) - set(self._doors)), HOST_BATCH):
            await self._open_some(ids)
        await self._note_connections(known)

    async def _open_some(self, host_ids: Sequence[str]) -> None:
        async with self._units.read(system_actor("fabric")) as work:
            rows = (await work.session.scalars(select(HostRow).where(HostRow.id.in_(host_ids)))).all()
        for row in rows:
            try:
                self._open(row)
            except DomainError as error:
                # Its address cannot be understood; whoever adds it is told by the operation.
                log.warning("a host's door cannot be opened", host=row.name, cause=error.detail)
        await asyncio.sleep(0)

    async def _note_connections(self, known: Mapping[str, bool]) -> None:
        news, self._news = self._news, {}
        changed = {
            host_id: news.get(host_id)
            for host_id, door in self._doors.items()
            if host_id in known and (host_id in news or known[host_id] != door.hypervisor.connected)
        }
        for some in batches(list(changed.items()), HOST_BATCH):
            await self._note(dict(some))
            await asyncio.sleep(0)

    async def _note(self, changed: Mapping[str, HostConnected | HostLost | None]) -> None:
        async with self._units.write(system_actor("fabric")) as work:
            for host_id, event in changed.items():
                if host_id not in self._doors:
                    continue
                connected = self._doors[host_id].hypervisor.connected
                problem = None if connected else event.cause if isinstance(event, HostLost) else "not connected yet"
                await Hosts(work).note_connection(host_id, connected=connected, problem=problem)
