"""Loops that compare the network's records with its planes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.batches import batches
from zaffre.foundation.errors import DomainError, Unavailable
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork
from zaffre.network.drivers.plane import (
    NetworkPlane,
    PlaneContents,
    PlaneNetwork,
    PlanePort,
    PlanePortState,
    PlaneSubnet,
)
from zaffre.network.planes import NetworkPlanes
from zaffre.network.ports import plane_port
from zaffre.network.subnets import plane_subnet
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow
from zaffre.network.vm_networks import NetworkState

log = structlog.get_logger(__name__)

ACTOR = system_actor("network reconciler")
PORT_INTERVAL_S = 5.0
PORT_BATCH = 200
READ_BATCH = 250
SUBNET_COLUMNS = (
    SubnetRow.state,
    SubnetRow.vm_network_id,
    SubnetRow.vsid,
    SubnetRow.cidr,
    SubnetRow.gateway,
    SubnetRow.gateway_mac,
    SubnetRow.mtu,
    SubnetRow.dns_servers,
)
PORT_COLUMNS = (
    PortRow.subnet_id,
    PortRow.mac,
    PortRow.address,
    PortRow.requested_chassis,
    PortRow.wanted,
    PortRow.up,
    PortRow.chassis,
)


@dataclass
class _Wanted:
    """What a plane should hold, and the ids of everything that somebody is working on and is left alone."""

    networks: dict[str, PlaneNetwork] = field(default_factory=dict[str, PlaneNetwork])
    subnets: dict[str, PlaneSubnet] = field(default_factory=dict[str, PlaneSubnet])
    ports: dict[str, PlanePort] = field(default_factory=dict[str, PlanePort])
    in_motion: set[str] = field(default_factory=set[str])
    up: dict[str, tuple[bool, str | None]] = field(default_factory=dict[str, tuple[bool, str | None]])


class PlaneReconciler:
    """Puts back what is missing from a plane and removes what nobody wants there.

    The plane is read before the records. Something on the plane that the records do not know at that later moment was
    either made behind our back or belongs to something deleted, and deletions take things off the plane first. So it
    can go without asking whether somebody is just making it.
    """

    def __init__(self, units: UnitsOfWork, planes: NetworkPlanes, metrics: Metrics) -> None:
        self._units = units
        self._planes = planes
        self._metrics = metrics

    async def run(self) -> None:
        """Compare every plane that answers with the records."""
        for network_id, plane in (await self._planes.open_all()).items():
            if plane.connected:
                try:
                    await self._reconcile(network_id, plane)
                except Unavailable as error:
                    log.info("network plane skipped", cause=error.detail)
                except DomainError as error:
                    log.warning("network plane refused its repair and is skipped", cause=error.detail)

    async def _reconcile(self, network_id: str, plane: NetworkPlane) -> None:
        found = await plane.contents()
        async with self._units.read(ACTOR) as work:
            wanted = await _wanted(work, network_id)
        missing = await self._put_back(plane, found, wanted)
        orphans = await self._remove_orphans(plane, found, wanted)
        await self._note_ports(found, wanted)
        if missing or orphans:
            self._metrics.drift.labels("plane_missing").inc(len(missing))
            self._metrics.drift.labels("plane_orphan").inc(len(orphans))
            async with self._units.write(ACTOR) as work:
                logical = await work.session.get(LogicalNetworkRow, network_id)
                resource = ResourceRef("logical_network", network_id, logical.name if logical else None)
                work.emit("logical_network.repaired", resource, put_back=missing[:100], removed=orphans[:100])

    async def _put_back(self, plane: NetworkPlane, found: PlaneContents, wanted: _Wanted) -> list[str]:
        """Ensure everything that is wanted and is absent, different or damaged."""
        networks = [value for key, value in wanted.networks.items() if found.networks.get(key) != value]
        lost = {network.id for network in networks}
        subnets = [
            value
            for key, value in wanted.subnets.items()
            if found.subnets.get(key) != value or value.network_id in lost
        ]
        gone = {subnet.id for subnet in subnets}
        ports = [
            value
            for key, value in wanted.ports.items()
            if value.subnet_id in gone or (key not in found.ports) or found.ports[key].port != value
        ]
        if networks:
            await plane.ensure_networks(networks)
        if subnets:
            await plane.ensure_subnets(subnets)
        for some in batches(ports, PORT_BATCH):
            await plane.ensure_ports(some)
        return [thing.id for thing in (*networks, *subnets, *ports)]

    async def _remove_orphans(self, plane: NetworkPlane, found: PlaneContents, wanted: _Wanted) -> list[str]:
        """Remove everything of ours that is on the plane and that no record wants there."""
        known = wanted.in_motion | set(wanted.networks) | set(wanted.subnets) | set(wanted.ports)
        damaged = [key for key in found.damaged if key not in known]
        ports = [key for key in found.ports if key not in known]
        subnets = [key for key in found.subnets if key not in known]
        networks = [key for key in found.networks if key not in known]
        if ports or damaged:
            await plane.remove_ports([*ports, *damaged])
        if subnets or damaged:
            await plane.remove_subnets([*subnets, *damaged])
        if networks or damaged:
            await plane.remove_networks([*networks, *damaged])
        return [*ports, *subnets, *networks, *damaged]

    async def _note_ports(self, found: PlaneContents, wanted: _Wanted) -> None:
        changed = [
            state
            for key, state in found.ports.items()
            if key in wanted.up and wanted.up[key] != (state.up, state.chassis)
        ]
        await write_port_states(self._units, changed)


class PortWatch:
    """Writes down ports' changes of state as planes report them, in batches."""

    def __init__(self, units: UnitsOfWork, planes: NetworkPlanes, metrics: Metrics) -> None:
        self._units = units
        self._news: dict[str, PlanePortState] = {}
        self.loop = Loop("port watch", PORT_INTERVAL_S, self.flush, units.clock, metrics)
        planes.listen(self._on_port)

    def _on_port(self, state: PlanePortState) -> None:
        self._news[state.port.id] = state
        self.loop.wake()

    async def flush(self) -> None:
        """Write down what has been reported since the last time."""
        news, self._news = self._news, {}
        await write_port_states(self._units, list(news.values()))


async def write_port_states(units: UnitsOfWork, states: Sequence[PlanePortState]) -> None:
    """Write down whether ports are up and where, with an event for each that changed, in short transactions.

    When a door opens, a plane reports every port, nearly all of them as known: those cost a reading only.
    """
    for some in batches(states, PORT_BATCH):
        batch = {state.port.id: state for state in some}
        async with units.read(ACTOR) as work:
            statement = select(PortRow.id, PortRow.up, PortRow.chassis).where(PortRow.id.in_(batch))
            known = {row.id: (row.up, row.chassis) for row in await work.session.execute(statement)}
        news = [batch[key] for key, value in known.items() if value != (batch[key].up, batch[key].chassis)]
        if news:
            async with units.write(ACTOR) as work:
                await _note_port_states(work, news)
        await asyncio.sleep(0)


async def _note_port_states(work: UnitOfWork, states: Sequence[PlanePortState]) -> None:
    for state in states:
        result = await work.session.execute(
            update(PortRow)
            .where(PortRow.id == state.port.id)
            .values(up=state.up, chassis=state.chassis)
            .returning(PortRow.owner_id, PortRow.subscription_id, PortRow.address)
            .execution_options(synchronize_session=False)
        )
        row = result.first()
        if row is not None:
            resource = ResourceRef("virtual_machine", row.owner_id, subscription_id=row.subscription_id)
            work.emit("port.up" if state.up else "port.down", resource, port_id=state.port.id, address=row.address)


async def _wanted(work: UnitOfWork, network_id: str) -> _Wanted:
    """Read what the records want of a plane. What is being made or deleted is left to its operation."""
    wanted = _Wanted()
    session = work.session
    async for network in _some_of(session, VmNetworkRow, network_id, (VmNetworkRow.state,)):
        if network.state == NetworkState.READY:
            wanted.networks[network.id] = PlaneNetwork(network.id)
        else:
            wanted.in_motion.add(network.id)
    async for subnet in _some_of(session, SubnetRow, network_id, SUBNET_COLUMNS):
        if subnet.state == NetworkState.READY and subnet.vm_network_id in wanted.networks:
            wanted.subnets[subnet.id] = plane_subnet(subnet)
        else:
            wanted.in_motion.add(subnet.id)
    async for port in _some_of(session, PortRow, network_id, PORT_COLUMNS):
        _want_port(wanted, port)
    return wanted


async def _some_of(
    session: AsyncSession, table: type[Any], network_id: str, columns: Sequence[Any]
) -> AsyncGenerator[Any]:
    """Yield ids and columns of what a table holds for a network as plain tuples, in the order of ids.

    A few at a time, letting others go between: tens of thousands of mapped objects at once would be a burden.
    """
    statement = select(table.id, *columns).where(table.logical_network_id == network_id)
    statement = statement.order_by(table.id).limit(READ_BATCH)
    rows = (await session.execute(statement)).all()
    while rows:
        for row in rows:
            yield row
        await asyncio.sleep(0)
        rows = (await session.execute(statement.where(table.id > rows[-1].id))).all()


def _want_port(wanted: _Wanted, row: Any) -> None:
    if row.subnet_id not in wanted.subnets:
        wanted.in_motion.add(row.id)
    elif row.wanted:
        wanted.ports[row.id] = plane_port(row)
        wanted.up[row.id] = (row.up, row.chassis)
