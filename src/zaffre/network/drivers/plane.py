"""What Zaffre asks of a network plane: the Protocol that the OVN driver and its simulated twin both fulfil.

A plane carries tenants' networks across the hosts of one stamp. It is told addresses, keys and MTU; it decides
nothing. As with hypervisors, every change is idempotent: `ensure_*` makes the plane agree with the given value
whatever it held before, `remove_*` of something absent succeeds, and both return when the plane's database has
accepted the change (hosts apply it within moments; `PlanePortState.up` tells).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from zaffre.foundation.errors import DomainError, Unavailable


class PlaneUnreachable(Unavailable):
    """The network plane does not answer; whether the last change took effect is unknown."""

    code = "network_plane.unreachable"
    title = "The network plane does not answer"

    def __init__(self, plane: str, cause: str) -> None:
        super().__init__(
            f"The network plane {plane} does not answer: {cause}.",
            remedy="Zaffre keeps reconnecting; check that OVN's northbound database is up at the stamp's address.",
            target=plane,
        )


class PlaneRefused(DomainError):
    """The plane answered with an error: the change is not there."""

    code = "network_plane.refused"
    title = "The network plane refused the change"
    status = 502

    def __init__(self, plane: str, cause: str) -> None:
        super().__init__(
            f"The network plane {plane} refused the change: {cause}",
            remedy="See the log of OVN's northbound database server.",
            target=plane,
        )


@dataclass(frozen=True)
class PlaneNetwork:
    """A VM network: an isolated routing domain. Subnets of one network reach each other, of two networks never."""

    id: str
    """UUID (the RDID)."""


@dataclass(frozen=True)
class PlaneSubnet:
    """A virtual subnet of a VM network."""

    id: str
    network_id: str
    vsid: int
    """Virtual subnet id, 4096-16777214: the key that its frames carry between hosts."""
    cidr: str
    """For example `10.0.0.0/24`."""
    gateway: str
    """The network's own address in the subnet, answering from every host."""
    gateway_mac: str
    mtu: int
    """What guests may send, with the tunnel's overhead already taken off."""
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanePort:
    """A guest's attachment to a subnet. The plane delivers only frames from and to exactly this MAC and address."""

    id: str
    """UUID; the host's virtual switch finds its interface by this id."""
    subnet_id: str
    mac: str
    address: str
    chassis: tuple[str, ...] = ()
    """The only hosts that may bind it, by the plane's name; empty: whichever has its interface.

    With two names it is on its way from the first host to the second, which gets its frames too and takes over at the
    first sign of life of its guest there."""


@dataclass(frozen=True)
class PlanePortState:
    """A port with what the plane observes about it."""

    port: PlanePort
    up: bool
    """A host has bound the port and passes its traffic."""
    chassis: str | None
    """The plane's name of that host, None while unbound."""


@dataclass(frozen=True)
class PlaneContents:
    """Everything Zaffre has put on a plane, as the plane holds it now.

    An object that was changed by hand shows its new value, and one that was spoilt (a DHCP option removed, a router
    port missing) is only named in `damaged`; neither equals what was ensured, and `ensure_*` of the intended value
    repairs both. Whatever is in neither place is not on the plane, so a reconciler removes exactly what it finds in
    one of the two and does not want.
    """

    networks: dict[str, PlaneNetwork]
    subnets: dict[str, PlaneSubnet]
    ports: dict[str, PlanePortState]
    damaged: frozenset[str] = frozenset()
    """Ids of objects that the plane holds in parts or with contradictions, so that they have no value to show."""


PortListener = Callable[[PlanePortState], None]


class NetworkPlane(Protocol):
    """An open door to one stamp's network plane.

    Every call has a deadline, after which it raises `PlaneUnreachable`; until then it waits for a plane that is just
    coming (back) up. Values that a plane cannot express at all raise `PlaneRefused`. A refused call has changed
    nothing, unless it names hundreds of objects: such calls may be carried out in parts.
    """

    @property
    def connected(self) -> bool:
        """Whether the plane answers."""
        ...

    def subscribe(self, listener: PortListener) -> Callable[[], None]:
        """Call `listener` on the event loop whenever a port's state changes; returns the way to unsubscribe."""
        ...

    async def ensure_networks(self, networks: Sequence[PlaneNetwork]) -> None:
        """Make the plane have these networks."""
        ...

    async def ensure_subnets(self, subnets: Sequence[PlaneSubnet]) -> None:
        """Make the plane have these subnets, routed in their networks, with DHCP for their ports.

        Raises:
            PlaneRefused: a network is absent.
        """
        ...

    async def ensure_ports(self, ports: Sequence[PlanePort]) -> None:
        """Make the plane have these ports.

        Raises:
            PlaneRefused: a subnet is absent, or so damaged that it has to be ensured first.
        """
        ...

    async def remove_ports(self, port_ids: Sequence[str]) -> None:
        """Remove these ports."""
        ...

    async def remove_subnets(self, subnet_ids: Sequence[str]) -> None:
        """Remove these subnets with whatever ports they still have."""
        ...

    async def remove_networks(self, network_ids: Sequence[str]) -> None:
        """Remove these networks with whatever subnets they still have."""
        ...

    async def contents(self) -> PlaneContents:
        """Read everything of Zaffre's on the plane; cheap enough to call every few seconds."""
        ...

    async def port_state(self, port_id: str) -> PlanePortState | None:
        """Read one port; None when the plane does not know it, or holds it damaged."""
        ...

    async def knows_host(self, hostname: str) -> bool | None:
        """Tell whether a host of this hostname takes part in the plane; None when the plane cannot tell.

        A hostname without a domain is that of the host of this name in any domain.
        """
        ...

    async def close(self) -> None:
        """Close the connection. Traffic goes on."""
        ...


class NetworkPlaneDriver(Protocol):
    """Opens planes of one kind."""

    name: str
    """What a stamp's `network_driver` field says: `ovn` or `simulated`."""

    def open(self, name: str, address: str) -> NetworkPlane:
        """Return a door to the plane `name`. Connecting happens in the background and is retried until `close`."""
        ...
