"""Writes networks, subnets and ports into one transaction on OVN's northbound database.

Every method first checks and looks up all it needs and raises `Refusal` before anything is written, so a refused call
leaves no trace in a transaction that it shares with others. Every method writes only what differs: ensuring what is
already so costs the server nothing.

Other clients may change the database at the same time. Rows that are built upon are therefore verified: if one of
them has gone meanwhile, the server turns the whole transaction down and it is composed again on what is there then.
"""

from collections.abc import Iterable, Sequence

from ovs.db.idl import Idl, Row, Transaction

from zaffre.network.drivers.ovn_index import RowIndex
from zaffre.network.drivers.ovn_objects import (
    NETWORK_KEY,
    Columns,
    Kind,
    ObjectKey,
    dhcp_columns,
    differences,
    gateway_columns,
    network_columns,
    port_columns,
    switch_columns,
    uplink_columns,
)
from zaffre.network.drivers.ovn_schema import DHCP, ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT
from zaffre.network.drivers.plane import PlaneNetwork, PlanePort, PlaneSubnet
from zaffre.network.drivers.plane_limits import Refusal, check_network, check_port, check_subnet


class PlaneTransaction:
    """One northbound transaction in the making.

    An object may be ensured once per transaction, and ensuring and removing do not mix: the library applies a row's
    removals from a set before its additions, whatever the order in which they were asked for.
    """

    def __init__(self, idl: Idl, index: RowIndex) -> None:
        self.idl_transaction = Transaction(idl)
        self._idl = idl
        self._index = index
        self._created: dict[tuple[str, ObjectKey], Row] = {}

    def ensure_networks(self, networks: Sequence[PlaneNetwork]) -> None:
        """Make routers agree with these networks."""
        for network in networks:
            check_network(network)
        for network in networks:
            key = ObjectKey(Kind.NETWORK, network.id)
            router = self._ensure_row(ROUTER, key, network_columns(network))
            for duplicate in self._duplicates(ROUTER, key):
                self._move_children(ROUTER, duplicate, router)
                duplicate.delete()

    def ensure_subnets(self, subnets: Sequence[PlaneSubnet]) -> None:
        """Make switches, router ports and DHCP options agree with these subnets."""
        routers: list[Row] = []
        for subnet in subnets:
            check_subnet(subnet)
            routers.append(self._required(ROUTER, ObjectKey(Kind.NETWORK, subnet.network_id)))
        for subnet, router in zip(subnets, routers, strict=True):
            self._ensure_subnet(subnet, router)

    def ensure_ports(self, ports: Sequence[PlanePort]) -> None:
        """Make switch ports agree with these ports."""
        places: list[tuple[Row, Row]] = []
        for port in ports:
            check_port(port)
            subnet = ObjectKey(Kind.SUBNET, port.subnet_id)
            places.append((self._required(SWITCH, subnet), self._required(DHCP, subnet)))
        for port, (switch, dhcp) in zip(ports, places, strict=True):
            key = ObjectKey(Kind.PORT, port.id)
            row = self._ensure_row(SWITCH_PORT, key, port_columns(port, dhcp.uuid))
            self._ensure_parent(SWITCH_PORT, row, switch)
            self._detach_all(SWITCH_PORT, self._duplicates(SWITCH_PORT, key))

    def remove_ports(self, port_ids: Iterable[str]) -> None:
        """Remove switch ports, whatever switch they are in."""
        for port_id in port_ids:
            self._detach_all(SWITCH_PORT, self._index.rows(SWITCH_PORT, ObjectKey(Kind.PORT, port_id)))

    def remove_subnets(self, subnet_ids: Iterable[str]) -> None:
        """Remove subnets; a switch takes the ports that it holds with it."""
        for subnet_id in subnet_ids:
            key = ObjectKey(Kind.SUBNET, subnet_id)
            for table in (ROUTER_PORT, SWITCH_PORT):
                self._detach_all(table, self._index.rows(table, key))
            for table in (SWITCH, DHCP):
                for row in self._index.rows(table, key):
                    row.delete()

    def remove_networks(self, network_ids: Iterable[str]) -> None:
        """Remove networks and the subnets that are routed in them or, having lost their router, say they were."""
        wanted = set(network_ids)
        routers = [
            row for identifier in wanted for row in self._index.rows(ROUTER, ObjectKey(Kind.NETWORK, identifier))
        ]
        subnets = {key.id for router in routers for key, _ in self._index.children(ROUTER, router)}
        subnets |= self._subnets_that_name(wanted)
        self.remove_subnets(subnets)
        for router in routers:
            router.delete()

    def _subnets_that_name(self, network_ids: set[str]) -> set[str]:
        """Return the subnets whose switch bears the mark of one of these networks."""
        switches = self._idl.tables[SWITCH].rows.values()
        rows = [row for row in switches if row.external_ids.get(NETWORK_KEY) in network_ids]
        return {key.id for row in rows if (key := self._index.key(SWITCH, row.uuid))}

    def _ensure_subnet(self, subnet: PlaneSubnet, router: Row) -> None:
        """Make the rows of one subnet agree with it."""
        key = ObjectKey(Kind.SUBNET, subnet.id)
        switch = self._ensure_row(SWITCH, key, switch_columns(subnet))
        for duplicate in self._duplicates(SWITCH, key):
            self._move_children(SWITCH, duplicate, switch)
            duplicate.delete()
        gateway = self._ensure_row(ROUTER_PORT, key, gateway_columns(subnet))
        self._ensure_parent(ROUTER_PORT, gateway, router)
        self._detach_all(ROUTER_PORT, self._duplicates(ROUTER_PORT, key))
        uplink = self._ensure_row(SWITCH_PORT, key, uplink_columns(subnet))
        self._ensure_parent(SWITCH_PORT, uplink, switch)
        self._detach_all(SWITCH_PORT, self._duplicates(SWITCH_PORT, key))
        self._ensure_dhcp(subnet, key, switch)

    def _ensure_dhcp(self, subnet: PlaneSubnet, key: ObjectKey, switch: Row) -> None:
        """Make a subnet's DHCP options agree with it.

        OVN forgets which ports used DHCP options when the options are deleted, so new ones are given to the ports.
        """
        duplicates = self._duplicates(DHCP, key)
        is_new = self._first(DHCP, key) is None
        dhcp = self._ensure_row(DHCP, key, dhcp_columns(subnet))
        for duplicate in duplicates:
            duplicate.delete()
        if (is_new or duplicates) and (SWITCH, key) not in self._created:
            for child, port in self._index.children(SWITCH, switch):
                if child.kind is Kind.PORT:
                    _update(port, {"dhcpv4_options": [dhcp.uuid]})

    def _required(self, table: str, key: ObjectKey) -> Row:
        """Return the row that an object stands on, created in this transaction or there before.

        Raises:
            Refusal: there is none.
        """
        row = self._created.get((table, key)) or self._first(table, key)
        if row is None and table == DHCP:
            raise Refusal(f"subnet {key.id} has lost its DHCP options; ensure the subnet first")
        if row is None:
            raise Refusal(f"there is no {key.kind} {key.id}")
        return row

    def _first(self, table: str, key: ObjectKey) -> Row | None:
        """Return the row that counts for an object, of those that were there before."""
        return next(iter(self._index.rows(table, key)), None)

    def _duplicates(self, table: str, key: ObjectKey) -> list[Row]:
        """Return the rows of an object that are too many."""
        return self._index.rows(table, key)[1:]

    def _ensure_row(self, table: str, key: ObjectKey, columns: Columns) -> Row:
        """Make the row that counts agree with the columns, or create it."""
        row = self._first(table, key)
        if row is None:
            row = self.idl_transaction.insert(self._idl.tables[table])
            self._created[table, key] = row
            for column, value in columns.items():
                setattr(row, column, value)
        elif changes := differences(row, columns):
            row.verify("cidr" if table == DHCP else "name")
            _update(row, changes)
        return row

    def _ensure_parent(self, table: str, child: Row, parent: Row) -> None:
        """Make a port be in this router or switch and no other."""
        parents = self._index.parents(table, child.uuid)
        if parent not in parents:
            parent.verify("name")
            parent.addvalue("ports", child.uuid)
        for other in parents:
            if other != parent:
                other.delvalue("ports", child.uuid)

    def _move_children(self, table: str, source: Row, target: Row) -> None:
        """Put the ports of a router or switch that is about to go into another."""
        for _, child in self._index.children(table, source):
            target.addvalue("ports", child.uuid)

    def _detach_all(self, table: str, rows: Iterable[Row]) -> None:
        """Take ports out of their routers or switches; OVN deletes a port that is in none."""
        for row in rows:
            for parent in self._index.parents(table, row.uuid):
                parent.delvalue("ports", row.uuid)


def _update(row: Row, changes: Columns) -> None:
    """Write the changes into a row that was there before, leaving what others added to `external_ids`."""
    for column, value in changes.items():
        if column == "external_ids":
            for name, content in value.items():
                row.setkey(column, name, content)
        else:
            setattr(row, column, value)
