"""The two directions between Zaffre's objects and OVN's rows, without OVN."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from zaffre.network.drivers.ovn_objects import (
    Kind,
    ObjectKey,
    dhcp_columns,
    gateway_columns,
    key_of,
    network_columns,
    port_columns,
    read_network,
    read_port,
    read_subnet,
    switch_columns,
    uplink_columns,
)
from zaffre.network.drivers.ovn_schema import DHCP, ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT
from zaffre.network.drivers.plane import PlaneNetwork, PlanePort, PlaneSubnet

DHCP_ROW = UUID(int=7)


@dataclass
class Row:
    """A row that is not in any database."""

    columns: dict[str, Any]
    uuid: UUID = DHCP_ROW

    def __getattr__(self, column: str) -> Any:
        return self.columns[column]


ids = st.uuids().map(str)
macs = st.binary(min_size=6, max_size=6).map(lambda octets: ":".join(f"{octet:02x}" for octet in octets))
addresses = st.ip_addresses(v=4).map(str)
networks = st.builds(PlaneNetwork, ids)
ports = st.builds(PlanePort, ids, ids, macs, addresses)
subnets = st.builds(
    PlaneSubnet,
    id=ids,
    network_id=ids,
    vsid=st.integers(4096, 2**24 - 2),
    cidr=st.just("10.1.0.0/16"),
    gateway=st.integers(1, 65534).map(lambda host: f"10.1.{host >> 8}.{host & 255}"),
    gateway_mac=macs,
    mtu=st.integers(68, 65535),
    dns_servers=st.lists(addresses, max_size=4).map(tuple),
)


def rows_of(subnet: PlaneSubnet) -> tuple[Row, Row, Row, Row]:
    columns = (switch_columns, gateway_columns, uplink_columns, dhcp_columns)
    switch, gateway, uplink, dhcp = (Row(make(subnet)) for make in columns)
    return switch, gateway, uplink, dhcp


@given(networks)
def test_a_network_is_read_as_it_was_written(network: PlaneNetwork):
    assert read_network(Row(network_columns(network))) == network


@given(subnets)
def test_a_subnet_is_read_as_it_was_written(subnet: PlaneSubnet):
    assert read_subnet(subnet.network_id, *rows_of(subnet)) == subnet


@given(ports)
def test_a_port_is_read_as_it_was_written(port: PlanePort):
    assert read_port(Row(port_columns(port, DHCP_ROW)), port.subnet_id, Row({})) == port


@given(subnets, subnets)
def test_rows_of_different_subnets_are_not_read_as_one(one: PlaneSubnet, other: PlaneSubnet):
    other = replace(other, id=one.id, network_id=one.network_id)
    for number in range(4):
        mixed = list(rows_of(one))
        mixed[number] = rows_of(other)[number]
        read = read_subnet(one.network_id, *mixed)
        assert read is None or rows_of(read) == tuple(mixed)


@given(ports)
def test_a_port_that_leads_to_other_dhcp_options_is_not_read(port: PlanePort):
    assert read_port(Row(port_columns(port, UUID(int=8))), port.subnet_id, Row({})) is None


@given(subnets)
def test_every_row_tells_whose_it_is_by_its_marks_or_by_its_name(subnet: PlaneSubnet):
    key = ObjectKey(Kind.SUBNET, subnet.id)
    for table, row in zip((SWITCH, ROUTER_PORT, SWITCH_PORT, DHCP), rows_of(subnet), strict=True):
        assert key_of(table, row) == key
        unmarked = Row(row.columns | {"external_ids": {}})
        assert key_of(table, unmarked) == (None if table == DHCP else key)
        renamed = Row(row.columns | {"name": "somebody"})
        assert key_of(table, renamed) == key


def test_rows_of_somebody_else_belong_to_nobody():
    foreign = Row({"name": "router1", "external_ids": {"zaffre:kind": "port", "zaffre:id": "x", "owner": "them"}})
    assert key_of(ROUTER, foreign) is None
