"""What a plane can carry: checks that come before any change, the same for OVN and for its simulated twin.

OVN's database takes almost any text and leaves it to northd to ignore what makes no sense, so nonsense has to be
stopped here.
"""

import re
from ipaddress import IPv4Address, IPv4Network

from zaffre.foundation.ids import UUID_PATTERN
from zaffre.network.drivers.plane import PlaneNetwork, PlanePort, PlaneSubnet

GREATEST_VSID = 2**24 - 1
"""Tunnel keys have 24 bits; 0 means none."""

_UUID = re.compile(UUID_PATTERN)
_MAC = re.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")


class Refusal(Exception):
    """The plane cannot do what is asked of it; the text says why."""


def check_network(network: PlaneNetwork) -> None:
    """Raise `Refusal` unless the network can be carried."""
    _check(bool(_UUID.fullmatch(network.id)), f"{network.id!r} is not a UUID")


def check_subnet(subnet: PlaneSubnet) -> None:
    """Raise `Refusal` unless the subnet can be carried."""
    for identifier in (subnet.id, subnet.network_id):
        _check(bool(_UUID.fullmatch(identifier)), f"{identifier!r} is not a UUID")
    _check(0 < subnet.vsid <= GREATEST_VSID, f"VSID {subnet.vsid} does not fit into 24 bits")
    _check(bool(_MAC.fullmatch(subnet.gateway_mac)), f"{subnet.gateway_mac!r} is not a MAC address")
    _check(_is_cidr(subnet.cidr), f"{subnet.cidr!r} is not an IPv4 network")
    for address in (subnet.gateway, *subnet.dns_servers):
        _check(_is_address(address), f"{address!r} is not an IPv4 address")
    _check(
        IPv4Address(subnet.gateway) in IPv4Network(subnet.cidr),
        f"the gateway {subnet.gateway} is not in {subnet.cidr}",
    )
    _check(subnet.mtu > 0, f"an MTU of {subnet.mtu} carries nothing")


def check_port(port: PlanePort) -> None:
    """Raise `Refusal` unless the port can be carried."""
    for identifier in (port.id, port.subnet_id):
        _check(bool(_UUID.fullmatch(identifier)), f"{identifier!r} is not a UUID")
    _check(bool(_MAC.fullmatch(port.mac)), f"{port.mac!r} is not a MAC address")
    _check(_is_address(port.address), f"{port.address!r} is not an IPv4 address")


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raise `Refusal` unless something holds."""
    if not holds:
        raise Refusal(otherwise)


def _is_address(text: str) -> bool:
    """Tell whether the text is an IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    """Tell whether the text is an IPv4 network in the notation address/length with no host bits set."""
    try:
        return str(IPv4Network(text)) == text
    except ValueError:
        return False
