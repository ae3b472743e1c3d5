"""How Zaffre's networks, subnets and ports look as rows of OVN's northbound database, in both directions.

| Zaffre  | OVN                                                                                            |
|---------|------------------------------------------------------------------------------------------------|
| network | a logical router                                                                               |
| subnet  | a logical switch whose tunnel key is the VSID, the router's port in it (two rows: `gateway` on |
|         | the router, `uplink` on the switch) and a set of DHCP options                                  |
| port    | a logical switch port                                                                          |

The `*_columns` functions are the one definition of a healthy row: writing makes a row agree with them, and reading
takes a value from the rows and believes it only when `*_columns` of that value gives the same rows back.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Interface, IPv4Network
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from zaffre.foundation.ids import UUID_PATTERN
from zaffre.network.drivers.ovn_schema import DHCP, ID_KEY, KIND_KEY, ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT
from zaffre.network.drivers.plane import PlaneNetwork, PlanePort, PlaneSubnet

Columns = dict[str, Any]
"""Column values by column name, as the client library gives and takes them."""

NETWORK_KEY = "zaffre:network"
"""The key in a switch's `external_ids` that names its network, so that the two find each other without the router."""

LEASE_S = 3600
"""How long a DHCP lease lasts; guests ask again after half of it, and so learn of a new DNS server or MTU."""

_UUID = re.compile(UUID_PATTERN)
_GATEWAY_PREFIX = "gateway-"
_UPLINK_PREFIX = "uplink-"


class Kind(StrEnum):
    """What a row is part of."""

    NETWORK = "network"
    SUBNET = "subnet"
    PORT = "port"


class ObjectKey(NamedTuple):
    """Names one of Zaffre's objects."""

    kind: Kind
    id: str


class RowView(Protocol):
    """A row to read from: its columns are attributes."""

    uuid: UUID
    """The row's own id in the database."""

    def __getattr__(self, column: str, /) -> Any: ...


_KINDS: dict[str, tuple[Kind, ...]] = {
    ROUTER: (Kind.NETWORK,),
    ROUTER_PORT: (Kind.SUBNET,),
    SWITCH: (Kind.SUBNET,),
    SWITCH_PORT: (Kind.PORT, Kind.SUBNET),
    DHCP: (Kind.SUBNET,),
}
"""Of what kinds of objects the rows of a table can be part."""

_NAMES = (
    (ROUTER, Kind.NETWORK, ""),
    (ROUTER_PORT, Kind.SUBNET, _GATEWAY_PREFIX),
    (SWITCH, Kind.SUBNET, ""),
    (SWITCH_PORT, Kind.SUBNET, _UPLINK_PREFIX),
    (SWITCH_PORT, Kind.PORT, ""),
)
"""What Zaffre's rows are named: a prefix and the object's id."""


def key_of(table: str, row: RowView) -> ObjectKey | None:
    """Return which of Zaffre's objects the row belongs to, by its marks or else by its name; None for foreign rows.

    The name counts because a row that lost its marks still holds the name, and for ports OVN allows a name only once.
    """
    return _marked_key(table, row) or _named_key(table, row)


def is_marked(row: RowView, key: ObjectKey) -> bool:
    """Tell whether the row says of itself that it is part of this object."""
    marks: dict[str, str] = row.external_ids
    return marks.get(KIND_KEY) == key.kind and marks.get(ID_KEY) == key.id


def _marked_key(table: str, row: RowView) -> ObjectKey | None:
    """Return what the row's marks say."""
    marks: dict[str, str] = row.external_ids
    for kind in _KINDS[table]:
        if marks.get(KIND_KEY) == kind and ID_KEY in marks:
            return ObjectKey(kind, marks[ID_KEY])
    return None


def _named_key(table: str, row: RowView) -> ObjectKey | None:
    """Return what the row's name says."""
    for named_table, kind, prefix in _NAMES:
        if table == named_table and row.name.startswith(prefix):
            identifier = row.name[len(prefix) :]
            if _UUID.fullmatch(identifier):
                return ObjectKey(kind, identifier)
    return None


def agrees(row: RowView, columns: Columns) -> bool:
    """Tell whether the row holds exactly these values; in `external_ids` others may add theirs."""
    return not differences(row, columns)


def differences(row: RowView, columns: Columns) -> Columns:
    """Return those of the columns that the row does not hold."""
    return {column: value for column, value in columns.items() if not _holds(getattr(row, column), column, value)}


def _holds(actual: Any, column: str, wanted: Any) -> bool:
    """Compare a column's value with the wanted one."""
    if column == "external_ids":
        return wanted.items() <= actual.items()
    return actual == wanted


def _marks(kind: Kind, identifier: str) -> dict[str, str]:
    """Return what `external_ids` must hold."""
    return {KIND_KEY: kind.value, ID_KEY: identifier}


def network_columns(network: PlaneNetwork) -> Columns:
    """Return the logical router of a network."""
    return {
        "name": network.id,
        "enabled": [],
        "options": {},
        "external_ids": _marks(Kind.NETWORK, network.id),
    }


def switch_columns(subnet: PlaneSubnet) -> Columns:
    """Return the logical switch of a subnet. It has no `other_config:subnet`: addresses are never OVN's to choose."""
    return {
        "name": subnet.id,
        "other_config": {"requested-tnl-key": str(subnet.vsid)},
        "external_ids": _marks(Kind.SUBNET, subnet.id) | {NETWORK_KEY: subnet.network_id},
    }


def gateway_columns(subnet: PlaneSubnet) -> Columns:
    """Return the router's port in a subnet."""
    return {
        "name": _GATEWAY_PREFIX + subnet.id,
        "mac": subnet.gateway_mac,
        "networks": [f"{subnet.gateway}/{IPv4Network(subnet.cidr).prefixlen}"],
        "enabled": [],
        "options": {},
        "external_ids": _marks(Kind.SUBNET, subnet.id),
    }


def uplink_columns(subnet: PlaneSubnet) -> Columns:
    """Return the switch's port that leads to the router."""
    return {
        "name": _UPLINK_PREFIX + subnet.id,
        "type": "router",
        "addresses": ["router"],
        "port_security": [],
        "options": {"router-port": _GATEWAY_PREFIX + subnet.id},
        "enabled": [],
        "dhcpv4_options": [],
        "external_ids": _marks(Kind.SUBNET, subnet.id),
    }


def dhcp_columns(subnet: PlaneSubnet) -> Columns:
    """Return the DHCP options of a subnet. The gateway answers, so no address is spent on a server."""
    options = {
        "server_id": subnet.gateway,
        "server_mac": subnet.gateway_mac,
        "lease_time": str(LEASE_S),
        "router": subnet.gateway,
        "mtu": str(subnet.mtu),
    }
    if subnet.dns_servers:
        options["dns_server"] = "{" + ", ".join(subnet.dns_servers) + "}"
    return {"cidr": subnet.cidr, "options": options, "external_ids": _marks(Kind.SUBNET, subnet.id)}


def port_columns(port: PlanePort, dhcp: UUID) -> Columns:
    """Return the switch port of a guest; `dhcp` is the row of its subnet's DHCP options.

    Isolation: without `unknown` among the addresses OVN delivers only what is meant for this guest, and port security
    drops, in both directions, every frame with another MAC or address, ARP and all of IPv6 included.
    """
    return {
        "name": port.id,
        "type": "",
        "addresses": [f"{port.mac} {port.address}"],
        "port_security": [f"{port.mac} {port.address}"],
        "options": _port_options(port.chassis),
        "enabled": [],
        "dhcpv4_options": [dhcp],
        "external_ids": _marks(Kind.PORT, port.id),
    }


def _port_options(chassis: tuple[str, ...]) -> dict[str, str]:
    """Return the options of a guest's port.

    With two chassis (OVN 22.06 and later) both get the guest's frames, and the second stays silent until QEMU announces
    there, by RARP, that the guest goes on.
    """
    if not chassis:
        return {}
    requested = {"requested-chassis": ",".join(chassis)}
    return requested if len(chassis) == 1 else requested | {"activation-strategy": "rarp"}


def read_network(router: RowView) -> PlaneNetwork | None:
    """Return the network that the router expresses, or None."""
    network = PlaneNetwork(id=router.external_ids.get(ID_KEY, ""))
    return network if agrees(router, network_columns(network)) else None


def read_subnet(
    network_id: str, switch: RowView, gateway: RowView, uplink: RowView, dhcp: RowView
) -> PlaneSubnet | None:
    """Return the subnet that the four rows express together, or None when they do not."""
    options: dict[str, str] = dhcp.options
    try:
        subnet = PlaneSubnet(
            id=switch.external_ids.get(ID_KEY, ""),
            network_id=network_id,
            vsid=int(switch.other_config.get("requested-tnl-key", "")),
            cidr=dhcp.cidr,
            gateway=str(IPv4Interface(gateway.networks[0]).ip),
            gateway_mac=gateway.mac,
            mtu=int(options.get("mtu", "")),
            dns_servers=_read_dns_servers(options),
        )
        whole = (
            agrees(switch, switch_columns(subnet))
            and agrees(gateway, gateway_columns(subnet))
            and agrees(uplink, uplink_columns(subnet))
            and agrees(dhcp, dhcp_columns(subnet))
        )
    except (ValueError, IndexError):
        return None
    return subnet if whole else None


def _read_dns_servers(options: dict[str, str]) -> tuple[str, ...]:
    """Return the DNS servers among DHCP options."""
    text = options.get("dns_server", "").strip("{}")
    return tuple(text.split(", ")) if text else ()


def read_port(port: RowView, subnet_id: str, dhcp: RowView) -> PlanePort | None:
    """Return the port that the row expresses in its subnet, or None."""
    addresses: list[str] = port.addresses
    mac, _, address = addresses[0].partition(" ") if addresses else ("", "", "")
    requested = port.options.get("requested-chassis", "")
    value = PlanePort(
        id=port.external_ids.get(ID_KEY, ""),
        subnet_id=subnet_id,
        mac=mac,
        address=address,
        chassis=tuple(requested.split(",")) if requested else (),
    )
    return value if agrees(port, port_columns(value, dhcp.uuid)) else None
