"""Putting an owner's ports onto the plane and taking them off, for the sagas of the floors above."""

from collections.abc import Sequence

from zaffre.foundation.actor import Actor
from zaffre.foundation.work import UnitsOfWork
from zaffre.network.planes import NetworkPlanes
from zaffre.network.ports import Ports, plane_port
from zaffre.network.tables import PortRow


class PortPlane:
    """Acts on planes for one owner of ports at a time. Both ways are idempotent."""

    def __init__(self, units: UnitsOfWork, planes: NetworkPlanes) -> None:
        self._units = units
        self._planes = planes

    async def plug(self, actor: Actor, owner_id: str) -> None:
        """Make the planes have the owner's ports, and say that they shall.

        Raises:
            PlaneUnreachable: a plane does not answer.
        """
        async with self._units.write(actor) as work:
            await Ports(work).want(owner_id, wanted=True)
            ports = await Ports(work).of_owner(owner_id)
        for network_id, group in _by_logical_network(ports).items():
            plane = await self._planes.get(network_id)
            await plane.ensure_ports([plane_port(port) for port in group])

    async def hand_over(self, actor: Actor, owner_id: str, chassis: Sequence[str]) -> None:
        """Let only these hosts bind the owner's ports, by name: two while it moves from one to the other, none: any.

        Raises:
            PlaneUnreachable: a plane does not answer.
        """
        async with self._units.write(actor) as work:
            await Ports(work).request_chassis(owner_id, chassis)
        await self.plug(actor, owner_id)

    async def unplug(self, actor: Actor, owner_id: str) -> None:
        """Take the owner's ports off the planes.

        Raises:
            PlaneUnreachable: a plane does not answer.
        """
        async with self._units.write(actor) as work:
            await Ports(work).want(owner_id, wanted=False)
            ports = await Ports(work).of_owner(owner_id)
        for network_id, group in _by_logical_network(ports).items():
            plane = await self._planes.get(network_id)
            await plane.remove_ports([port.id for port in group])

    async def unplug_one(self, actor: Actor, port_id: str) -> None:
        """Take one port off its plane; one that is gone is left alone.

        Raises:
            PlaneUnreachable: the plane does not answer.
        """
        async with self._units.write(actor) as work:
            port = await Ports(work).want_not(port_id)
        if port is not None:
            plane = await self._planes.get(port.logical_network_id)
            await plane.remove_ports([port_id])


def _by_logical_network(ports: Sequence[PortRow]) -> dict[str, list[PortRow]]:
    groups: dict[str, list[PortRow]] = {}
    for port in ports:
        groups.setdefault(port.logical_network_id, []).append(port)
    return groups
