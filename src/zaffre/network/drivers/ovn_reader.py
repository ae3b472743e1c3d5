"""Reads one object of Zaffre's from its rows: whole, damaged or absent."""

from collections.abc import Sequence
from enum import Enum

from zaffre.network.drivers.ovn_bindings import Bindings
from zaffre.network.drivers.ovn_index import RowIndex
from zaffre.network.drivers.ovn_objects import (
    Kind,
    ObjectKey,
    RowView,
    is_marked,
    read_network,
    read_port,
    read_subnet,
)
from zaffre.network.drivers.ovn_schema import DHCP, ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT
from zaffre.network.drivers.plane import PlaneNetwork, PlanePortState, PlaneSubnet

PlaneValue = PlaneNetwork | PlaneSubnet | PlanePortState


class Unreadable(Enum):
    """Why an object has no value."""

    ABSENT = "absent"
    DAMAGED = "damaged"


class PlaneReader:
    """Reads objects through an index; `bindings` is None where the southbound database is not known."""

    def __init__(self, index: RowIndex, bindings: Bindings | None) -> None:
        self._index = index
        self._bindings = bindings

    def read(self, key: ObjectKey) -> PlaneValue | Unreadable:
        """Return the object as it is on the plane.

        An object is damaged when some row carries its marks and yet its rows are too few, too many, in the wrong
        place or not what Zaffre would write.
        """
        read = {Kind.NETWORK: self._network, Kind.SUBNET: self._subnet, Kind.PORT: self._port}[key.kind]
        value = read(key)
        if value is not None:
            return value
        return Unreadable.DAMAGED if self._has_marked_row(key) else Unreadable.ABSENT

    def _has_marked_row(self, key: ObjectKey) -> bool:
        """Tell whether anything on the plane says that it is part of the object."""
        tables = (ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT, DHCP)
        return any(is_marked(row, key) for table in tables for row in self._index.rows(table, key))

    def _network(self, key: ObjectKey) -> PlaneNetwork | None:
        """Return a whole network."""
        router = _only(self._index.rows(ROUTER, key))
        return None if router is None else read_network(router)

    def _subnet(self, key: ObjectKey) -> PlaneSubnet | None:
        """Return a whole subnet."""
        switch, gateway, uplink, dhcp = (
            _only(self._index.rows(table, key)) for table in (SWITCH, ROUTER_PORT, SWITCH_PORT, DHCP)
        )
        if switch is None or gateway is None or uplink is None or dhcp is None:
            return None
        network = self._owner(ROUTER_PORT, gateway)
        if network is None or self._owner(SWITCH_PORT, uplink) != key:
            return None
        return read_subnet(network.id, switch, gateway, uplink, dhcp)

    def _port(self, key: ObjectKey) -> PlanePortState | None:
        """Return a whole port with its state."""
        row = _only(self._index.rows(SWITCH_PORT, key))
        subnet = None if row is None else self._owner(SWITCH_PORT, row)
        if row is None or subnet is None:
            return None
        dhcp = _only(self._index.rows(DHCP, subnet))
        port = None if dhcp is None else read_port(row, subnet.id, dhcp)
        if port is None:
            return None
        up, chassis = self._state(row, port.id)
        return PlanePortState(port, up=up, chassis=chassis)

    def _owner(self, table: str, row: RowView) -> ObjectKey | None:
        """Return the network or subnet whose router or switch, and no other, has the row among its ports."""
        parent = _only(self._index.parents(table, row.uuid))
        return None if parent is None else self._index.key(ROUTER if table == ROUTER_PORT else SWITCH, parent.uuid)

    def _state(self, row: RowView, port_id: str) -> tuple[bool, str | None]:
        """Return whether the port is up, and on which chassis.

        OVN clears the binding a moment before it clears `up`; a port without a chassis is never reported as up.
        """
        up = row.up == [True]
        if self._bindings is None:
            return up, None
        chassis = self._bindings.chassis(port_id)
        return up and chassis is not None, chassis


def _only(rows: Sequence[RowView]) -> RowView | None:
    """Return the row if there is exactly one."""
    return rows[0] if len(rows) == 1 else None
