"""What a developer fabric offers to those who use it: where its hosts and its network plane are.

The values are plain facts that can be written to a file and read back, so that a fabric that was built by one process
can be used by another.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class HostLayout:
    """A host of the fabric, as a hypervisor driver needs to know it."""

    name: str
    """Also the host's hostname and its chassis name on the network plane, for example `host-1`."""
    uri: str
    """libvirt connection URI that works from anywhere on this machine."""
    pool_path: str
    """Absolute directory for volumes. It is the same path inside and outside the host."""
    provider_address: str
    """The host's tunnel address (PA) on the underlay; libvirtd listens there too, for migration between hosts."""
    integration_bridge: str
    """Open vSwitch bridge that guests' ports are plugged into."""


@dataclass(frozen=True)
class FabricLayout:
    """A whole developer fabric."""

    hosts: tuple[HostLayout, ...]
    northbound: str
    """OVSDB address of OVN's northbound database, for example `unix:/…/nb.sock`."""
    southbound: str
    """OVSDB address of OVN's southbound database."""
    underlay_mtu: int
    """Largest IP packet between hosts, in bytes; guests get this less the tunnel's overhead."""

    def to_json(self) -> dict[str, Any]:
        """Return the layout as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FabricLayout":
        """Return the layout that `to_json` described.

        Raises:
            KeyError, TypeError: the value does not describe a layout.
        """
        hosts = tuple(HostLayout(**host) for host in value["hosts"])
        return cls(
            hosts=hosts,
            northbound=value["northbound"],
            southbound=value["southbound"],
            underlay_mtu=value["underlay_mtu"],
        )
