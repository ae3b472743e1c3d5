"""The open doors to all network planes, and what comes through them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitsOfWork
from zaffre.network.drivers.plane import NetworkPlane, NetworkPlaneDriver, PlanePortState
from zaffre.network.logical_networks import LogicalNetworks
from zaffre.network.tables import LogicalNetworkRow

PortListener = Callable[[PlanePortState], None]


@dataclass
class _Door:
    plane: NetworkPlane
    unsubscribe: Callable[[], None]


class NetworkPlanes:
    """One open door per logical network."""

    def __init__(self, units: UnitsOfWork, drivers: Mapping[str, NetworkPlaneDriver]) -> None:
        self._units = units
        self._drivers = drivers
        self._doors: dict[str, _Door] = {}
        self._listeners: list[PortListener] = []

    def driver(self, name: str) -> NetworkPlaneDriver:
        """Return the driver called `name`.

        Raises:
            InvalidInput: there is none, or what it needs is not installed.
        """
        driver = self._drivers.get(name)
        if driver is None:
            raise InvalidInput(
                f"There is no network driver {name!r} here.",
                remedy=f"Available are: {', '.join(sorted(self._drivers))}.",
                target="driver",
            )
        return driver

    def listen(self, listener: PortListener) -> None:
        """Call `listener` with every port's change of state from now on, on the event loop."""
        self._listeners.append(listener)

    async def get(self, network_id: str) -> NetworkPlane:
        """Return the plane of a logical network, opening the door when needed.

        Raises:
            NotFound: there is no such logical network.
        """
        door = self._doors.get(network_id)
        if door is not None:
            return door.plane
        async with self._units.read(system_actor("network")) as work:
            row = await LogicalNetworks(work).get(network_id)
        return self._open(row)

    def answers(self, network_id: str) -> bool:
        """Tell whether a logical network's plane answers this process; False also when its door was never opened."""
        door = self._doors.get(network_id)
        return door is not None and door.plane.connected

    async def open_all(self) -> dict[str, NetworkPlane]:
        """Return all planes by the id of their logical network, closing the doors of those that are gone."""
        open_before = set(self._doors)  # a door that is opened while we read leads to a network we do not see yet
        async with self._units.read(system_actor("network")) as work:
            rows = (await work.session.scalars(select(LogicalNetworkRow))).all()
        for gone in open_before - {row.id for row in rows}:
            await self._close(gone)
        return {row.id: self._open(row) for row in rows}

    async def close(self) -> None:
        """Close every door. Traffic goes on."""
        for network_id in list(self._doors):
            await self._close(network_id)

    def _open(self, row: LogicalNetworkRow) -> NetworkPlane:
        door = self._doors.get(row.id)
        if door is None:
            plane = self.driver(row.driver).open(row.name, row.address)
            door = self._doors[row.id] = _Door(plane, plane.subscribe(self._on_port))
        return door.plane

    async def _close(self, network_id: str) -> None:
        door = self._doors.pop(network_id, None)
        if door is None:
            return
        door.unsubscribe()
        await door.plane.close()

    def _on_port(self, state: PlanePortState) -> None:
        for listener in self._listeners:
            listener(state)
