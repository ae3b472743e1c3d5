"""The tables and columns of OVN's databases that Zaffre reads or writes, and how it marks what is its own.

This is both the request sent to the server (nothing else is replicated, which keeps the replica small) and the type
information that the client library needs, so no schema file and no extra round trip are needed. All of it exists in
every OVN since 20.12. References are declared as plain UUIDs on purpose: the replica then shows them as they are,
also when the row they name is in a table that is not replicated or has just gone.
"""

from typing import Any, Final

NORTHBOUND: Final = "OVN_Northbound"
SOUTHBOUND: Final = "OVN_Southbound"

ROUTER: Final = "Logical_Router"
ROUTER_PORT: Final = "Logical_Router_Port"
SWITCH: Final = "Logical_Switch"
SWITCH_PORT: Final = "Logical_Switch_Port"
DHCP: Final = "DHCP_Options"
PORT_BINDING: Final = "Port_Binding"
CHASSIS: Final = "Chassis"

KIND_KEY: Final = "zaffre:kind"
"""The key in `external_ids` that says which `Kind` of Zaffre's objects the row is part of."""
ID_KEY: Final = "zaffre:id"
"""The key in `external_ids` that carries that object's id."""

_STRING = {"type": "string"}
_MAP = {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}
_STRINGS = {"type": {"key": "string", "min": 0, "max": "unlimited"}}
_UUIDS = {"type": {"key": "uuid", "min": 0, "max": "unlimited"}}
_OPTIONAL_UUID = {"type": {"key": "uuid", "min": 0, "max": 1}}
_OPTIONAL_BOOLEAN = {"type": {"key": "boolean", "min": 0, "max": 1}}


def _table(columns: dict[str, Any], *, root: bool) -> dict[str, Any]:
    """Describe a table; rows of one that is not `root` live only while a row elsewhere refers to them."""
    return {"columns": columns, "isRoot": root}


def northbound_schema() -> dict[str, Any]:
    """Return the part of the northbound schema that Zaffre uses, in RFC 7047 notation."""
    return {
        "name": NORTHBOUND,
        "tables": {
            ROUTER: _table(
                {"name": _STRING, "ports": _UUIDS, "enabled": _OPTIONAL_BOOLEAN, "options": _MAP, "external_ids": _MAP},
                root=True,
            ),
            ROUTER_PORT: _table(
                {
                    "name": _STRING,
                    "mac": _STRING,
                    "networks": {"type": {"key": "string", "min": 1, "max": "unlimited"}},
                    "enabled": _OPTIONAL_BOOLEAN,
                    "options": _MAP,
                    "external_ids": _MAP,
                },
                root=False,
            ),
            SWITCH: _table({"name": _STRING, "ports": _UUIDS, "other_config": _MAP, "external_ids": _MAP}, root=True),
            SWITCH_PORT: _table(
                {
                    "name": _STRING,
                    "type": _STRING,
                    "options": _MAP,
                    "addresses": _STRINGS,
                    "port_security": _STRINGS,
                    "up": _OPTIONAL_BOOLEAN,
                    "enabled": _OPTIONAL_BOOLEAN,
                    "dhcpv4_options": _OPTIONAL_UUID,
                    "external_ids": _MAP,
                },
                root=False,
            ),
            DHCP: _table({"cidr": _STRING, "options": _MAP, "external_ids": _MAP}, root=True),
        },
    }


def southbound_schema() -> dict[str, Any]:
    """Return the part of the southbound schema that Zaffre uses: which hosts there are and what ports they bind."""
    return {
        "name": SOUTHBOUND,
        "tables": {
            PORT_BINDING: _table({"logical_port": _STRING, "type": _STRING, "chassis": _OPTIONAL_UUID}, root=True),
            CHASSIS: _table({"name": _STRING, "hostname": _STRING}, root=True),
        },
    }
