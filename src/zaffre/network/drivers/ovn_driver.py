"""The network plane on OVN: one connection to a stamp's databases, changes in groups, reading without asking.

What becomes of networks, subnets and ports in OVN is described in `ovn_objects`, how changes share transactions in
`ovn_group_commit`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from ovs.stream import Stream

from zaffre.foundation.clock import Clock
from zaffre.network.drivers.ovn_address import OvnAddress
from zaffre.network.drivers.ovn_connection import OvnConnection
from zaffre.network.drivers.ovn_group_commit import MAX_OBJECTS, Change
from zaffre.network.drivers.ovn_transaction import PlaneTransaction
from zaffre.network.drivers.plane import (
    PlaneContents,
    PlaneNetwork,
    PlanePort,
    PlanePortState,
    PlaneSubnet,
    PlaneUnreachable,
    PortListener,
)
from zaffre.network.drivers.port_listeners import PortListeners

DEADLINE_S = 10.0
"""How long a call waits for the plane by default. A cluster elects a new leader, and a server restarts, in less."""


class _Identified(Protocol):
    """A network, subnet or port."""

    @property
    def id(self) -> str: ...


_Object = TypeVar("_Object", bound=_Identified)
_Part = TypeVar("_Part")


class OvnPlane:
    """A stamp's OVN.

    Calls with more than `MAX_OBJECTS` objects are carried out in parts of that size, each with a deadline of its own.
    """

    def __init__(self, name: str, address: OvnAddress, *, clock: Clock, deadline_s: float) -> None:
        self._name = name
        self._clock = clock
        self._deadline_s = deadline_s
        self._listeners = PortListeners()
        self._connection = OvnConnection(name, address, self._listeners, clock)

    @property
    def connected(self) -> bool:
        """Whether every database in the plane's address answers."""
        return self._connection.ready

    @property
    def committed_count(self) -> int:
        """How many transactions OVN has accepted from this side."""
        return self._connection.committed_count

    def subscribe(self, listener: PortListener) -> Callable[[], None]:
        """Call `listener` on the running event loop whenever a port's state changes; returns the way to unsubscribe.

        The states found when the plane is first read count as changes, and so does what changed during an outage.
        """
        return self._listeners.add(listener)

    async def ensure_networks(self, networks: Sequence[PlaneNetwork]) -> None:
        """Make the plane have these networks."""
        await self._ensure(networks, PlaneTransaction.ensure_networks)

    async def ensure_subnets(self, subnets: Sequence[PlaneSubnet]) -> None:
        """Make the plane have these subnets, routed in their networks, with DHCP for their ports."""
        await self._ensure(subnets, PlaneTransaction.ensure_subnets)

    async def ensure_ports(self, ports: Sequence[PlanePort]) -> None:
        """Make the plane have these ports."""
        await self._ensure(ports, PlaneTransaction.ensure_ports)

    async def remove_ports(self, port_ids: Sequence[str]) -> None:
        """Remove these ports."""
        await self._remove(port_ids, PlaneTransaction.remove_ports)

    async def remove_subnets(self, subnet_ids: Sequence[str]) -> None:
        """Remove these subnets with whatever ports they still have."""
        await self._remove(subnet_ids, PlaneTransaction.remove_subnets)

    async def remove_networks(self, network_ids: Sequence[str]) -> None:
        """Remove these networks with whatever subnets they still have."""
        await self._remove(network_ids, PlaneTransaction.remove_networks)

    async def contents(self) -> PlaneContents:
        """Read everything of Zaffre's on the plane, from the replica: no round trip."""
        await self._until_ready()
        return self._connection.replica.contents()

    async def port_state(self, port_id: str) -> PlanePortState | None:
        """Read one port, from the replica; None when it is absent or damaged."""
        await self._until_ready()
        return self._connection.replica.port(port_id)

    async def knows_host(self, hostname: str) -> bool | None:
        """Tell whether OVN has a chassis of this hostname; None when the address has no southbound database."""
        await self._until_ready()
        return self._connection.replica.knows_host(hostname)

    async def close(self) -> None:
        """Close the connection. Traffic goes on; calls that are under way fail with `PlaneUnreachable`."""
        await asyncio.to_thread(self._connection.close)

    async def _ensure(
        self, objects: Sequence[_Object], write: Callable[[PlaneTransaction, Sequence[_Object]], None]
    ) -> None:
        """Have objects written; of two with one id the later counts."""
        latest = {value.id: value for value in objects}
        for part in _parts(latest.values()):
            await self._change("ensure", [value.id for value in part], _writing(write, part))

    async def _remove(
        self, identifiers: Sequence[str], write: Callable[[PlaneTransaction, Sequence[str]], None]
    ) -> None:
        """Have objects removed."""
        for part in _parts(identifiers):
            await self._change("remove", part, _writing(write, part))

    async def _change(
        self, action: Literal["ensure", "remove"], ids: Iterable[str], write: Callable[[PlaneTransaction], None]
    ) -> None:
        """Have one change made and wait for it."""
        deadline_s = self._clock.monotonic_s() + self._deadline_s
        change = Change(action, frozenset(ids), write, deadline_s)
        self._connection.submit(change)
        await self._outcome(change.done)

    async def _until_ready(self) -> None:
        """Wait until the replica is a true copy."""
        if not self._connection.ready:
            await self._outcome(self._connection.when_ready())

    async def _outcome(self, future: Future[None]) -> None:
        """Wait for what the connection's thread does.

        Raises:
            PlaneUnreachable: the deadline passed.
        """
        try:
            async with asyncio.timeout(self._deadline_s):
                await asyncio.wrap_future(future)
        except TimeoutError:
            trouble = "no answer" if self.connected else "no connection"
            raise PlaneUnreachable(self._name, f"{trouble} for {self._deadline_s:g} s") from None


def _parts(items: Iterable[_Part]) -> Iterator[list[_Part]]:
    """Cut into pieces of what one transaction takes."""
    remaining = iter(items)
    while part := list(islice(remaining, MAX_OBJECTS)):
        yield part


def _writing(
    write: Callable[[PlaneTransaction, Sequence[_Part]], None], part: Sequence[_Part]
) -> Callable[[PlaneTransaction], None]:
    """Return what writes a part into whatever transaction it gets."""
    return lambda transaction: write(transaction, part)


@dataclass(frozen=True)
class OvnTls:
    """The files, in PEM format, with which Zaffre and OVN's databases prove to each other who they are."""

    private_key: Path
    certificate: Path
    ca_certificate: Path


class OvnPlaneDriver:
    """Opens planes on OVN, at addresses such as `nb=tcp:ovn:6641;sb=tcp:ovn:6642` (see `OvnAddress`).

    Without `sb=` everything works but ports have no chassis. `tls` is needed for `ssl:` remotes; the client library
    knows one identity per process, so the driver opened last decides.
    """

    name = "ovn"

    def __init__(self, clock: Clock, *, deadline_s: float = DEADLINE_S, tls: OvnTls | None = None) -> None:
        self._clock = clock
        self._deadline_s = deadline_s
        if tls is not None:
            Stream.ssl_set_private_key_file(str(tls.private_key))
            Stream.ssl_set_certificate_file(str(tls.certificate))
            Stream.ssl_set_ca_cert_file(str(tls.ca_certificate))

    def open(self, name: str, address: str) -> OvnPlane:
        """Return a door to the plane `name`. Connecting happens in the background and is retried until `close`.

        Raises:
            OvnAddressInvalid: the address cannot be understood.
        """
        return OvnPlane(name, OvnAddress.parse(address), clock=self._clock, deadline_s=self._deadline_s)
