"""Routes of the network: tenants' VM networks, the provider's logical networks."""

from datetime import datetime
from ipaddress import IPv4Address
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.filters import Field as QueryField
from zaffre.foundation.http.filters import FieldType
from zaffre.foundation.http.lists import Listed, Listing, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, View
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import CurrentSubscription, Subscriptions
from zaffre.management.quotas import NotInPlan
from zaffre.network.addressing import mac_number, mac_text
from zaffre.network.logical_networks import LogicalNetworks, NewLogicalNetwork
from zaffre.network.services import Network
from zaffre.network.subnets import NewSubnet, Subnets
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow
from zaffre.network.vm_networks import DIMENSION, NetworkState, VmNetworks

tenant = APIRouter(
    prefix="/subscriptions/{subscription_id}/vm-networks", tags=["networks"], route_class=TransactionalRoute
)
administration = APIRouter(prefix="/logical-networks", tags=["networks"], route_class=TransactionalRoute)

Cidr = Annotated[str, StringConstraints(pattern=r"^[0-9.]{7,15}/[0-9]{1,2}$")]
Mac = Annotated[str, StringConstraints(pattern="^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
PlaneAddress = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,1000}$")]
DriverName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]{0,31}$")]

PORTS = Listing(
    PortRow,
    {
        "id": QueryField(PortRow.id, FieldType.ID),
        "subnet_id": QueryField(PortRow.subnet_id, FieldType.ID),
        "virtual_machine_id": QueryField(PortRow.owner_id, FieldType.ID),
        "mac": QueryField(PortRow.mac, FieldType.TEXT, searchable=True),
        "address": QueryField(PortRow.address, FieldType.TEXT, searchable=True),
        "up": QueryField(PortRow.up, FieldType.BOOLEAN),
        "created_at": QueryField(PortRow.created_at, FieldType.INSTANT),
    },
    key=PortRow.id,
    order="created_at",
)


class NewSubnetBody(Body):
    """A subnet to make."""

    name: Name
    cidr: Cidr
    """For example `10.0.0.0/24`. Other tenants may use the same."""
    dns_servers: Annotated[list[IPv4Address], Field(max_length=4)] = Field(default_factory=list[IPv4Address])

    def to_subnet(self) -> NewSubnet:
        """Return the value for the rules."""
        return NewSubnet(self.name, self.cidr, [str(server) for server in self.dns_servers])


class NewVmNetworkBody(Body):
    """A VM network to make, with its first subnets."""

    name: Name
    subnets: Annotated[list[NewSubnetBody], Field(max_length=8)] = Field(default_factory=list[NewSubnetBody])
    tags: NewTags = Field(default_factory=dict[str, str])


class VmNetworkChangeBody(Body):
    """What to call a VM network from now on. What is left out stays as it is."""

    name: Name | None = None
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


class SubnetView(View):
    """A subnet of a VM network."""

    id: str
    vm_network_id: str
    name: str
    state: NetworkState
    vsid: int
    """Virtual subnet id: the key its frames carry between hosts."""
    cidr: str
    gateway: str
    mtu: int
    dns_servers: list[str]
    created_at: datetime

    @classmethod
    def of(cls, row: SubnetRow) -> "SubnetView":
        """Shape a row."""
        return cls.model_validate(row)


class VmNetworkView(ResourceView):
    """A VM network."""

    subscription_id: str
    name: str
    state: NetworkState
    tags: dict[str, str]

    @classmethod
    def of(cls, row: VmNetworkRow) -> "VmNetworkView":
        """Shape a row."""
        return cls.model_validate(row)


class VmNetworkDetailView(VmNetworkView):
    """A VM network with its subnets."""

    subnets: list[SubnetView]

    @classmethod
    async def read(cls, work: Work, row: VmNetworkRow) -> "VmNetworkDetailView":
        """Shape a row with its subnets."""
        subnets = [SubnetView.of(subnet) for subnet in await Subnets(work).of_network(row.id)]
        return cls(**VmNetworkView.of(row).model_dump(), subnets=subnets)


class PortView(View):
    """A virtual machine's attachment to a subnet."""

    id: str
    subnet_id: str
    virtual_machine_id: str
    mac: str
    address: str
    up: bool
    """Whether its host passes its traffic."""

    @classmethod
    def of(cls, row: PortRow) -> "PortView":
        """Shape a row."""
        return cls(
            id=row.id,
            subnet_id=row.subnet_id,
            virtual_machine_id=row.owner_id,
            mac=row.mac,
            address=row.address,
            up=row.up,
        )


class NewLogicalNetworkBody(Body):
    """A stamp's logical network: its network plane and pools."""

    stamp_id: Id
    name: Name
    driver: DriverName = "ovn"
    address: PlaneAddress
    """Where the plane is, for example `nb=tcp:192.0.2.1:6641;sb=tcp:192.0.2.1:6642`."""
    underlay_mtu: Annotated[int, Field(ge=1350, le=9216)] = 1500
    first_mac: Mac = "0a:5a:00:00:00:00"
    last_mac: Mac = "0a:5a:ff:ff:ff:ff"

    def to_network(self) -> NewLogicalNetwork:
        """Return the value for the rules.

        Raises:
            InvalidInput: the MAC range is empty or has multicast addresses.
        """
        first, last = mac_number(self.first_mac), mac_number(self.last_mac)
        if first > last or any(mac >> 40 & 1 for mac in (first, last)):
            raise InvalidInput(
                "The MAC pool must run from a lower to a higher unicast address.",
                remedy="Leave both out for the usual pool, or give for example 0a:5a:00:00:00:00 to 0a:5a:ff:ff:ff:ff.",
                target="first_mac",
            )
        return NewLogicalNetwork(self.stamp_id, self.name, self.driver, self.address, self.underlay_mtu, first, last)


class LogicalNetworkView(ResourceView):
    """A logical network."""

    stamp_id: str
    name: str
    driver: str
    address: str
    underlay_mtu: int
    first_mac: str
    last_mac: str
    connected: bool
    """Whether the plane answers this process."""

    @classmethod
    async def read(cls, row: LogicalNetworkRow, network: Network) -> "LogicalNetworkView":
        """Shape a row with its plane's state."""
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            stamp_id=row.stamp_id,
            name=row.name,
            driver=row.driver,
            address=row.address,
            underlay_mtu=row.underlay_mtu,
            first_mac=mac_text(row.first_mac),
            last_mac=mac_text(row.last_mac),
            connected=network.planes.answers(row.id),
        )


async def _vm_network(network_id: PathId, subscription: CurrentSubscription, work: Work) -> VmNetworkRow:
    return await VmNetworks(work, subscription.id).get(network_id)


CurrentNetwork = Annotated[VmNetworkRow, Depends(_vm_network)]


@tenant.post("", status_code=202, dependencies=[requires(Permission.NETWORK_WRITE)])
async def create_vm_network(
    subscription: CurrentSubscription, body: NewVmNetworkBody, work: Work, caller: CurrentCaller, response: Response
) -> VmNetworkDetailView:
    """Make a VM network, with subnets if you like."""
    service = await Subscriptions(work, caller).service(subscription.id, "networks")
    if service is None:
        raise NotInPlan(DIMENSION)
    logical_network_id = str(service.settings["logical_network_id"])
    row, operation = await VmNetworks(work, subscription.id).create(logical_network_id, body.name, body.tags)
    for subnet in body.subnets:
        await Subnets(work).add(row, subnet.to_subnet())
    accept(response, operation.id)
    return await VmNetworkDetailView.read(work, row)


@tenant.get("", dependencies=[requires(Permission.NETWORK_READ)])
async def list_vm_networks(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[VmNetworkView]:
    """List the subscription's VM networks."""
    found = await VmNetworks(work, subscription.id).page(query)
    return found.page(request, [VmNetworkView.of(row) for row in found.rows])


@tenant.get("/{network_id}", dependencies=[requires(Permission.NETWORK_READ)])
async def get_vm_network(network: CurrentNetwork, work: Work, response: Response) -> VmNetworkDetailView:
    """Show a VM network with its subnets."""
    set_etag(response, network.generation)
    return await VmNetworkDetailView.read(work, network)


@tenant.patch("/{network_id}", dependencies=[requires(Permission.NETWORK_WRITE)])
async def change_vm_network(
    network: CurrentNetwork, body: VmNetworkChangeBody, work: Work, if_match: IfMatch, response: Response
) -> VmNetworkView:
    """Rename a VM network, or change its tags."""
    row = await VmNetworks(work, network.subscription_id).label(network.id, body.name, body.tags, if_match)
    set_etag(response, row.generation)
    return VmNetworkView.of(row)


@tenant.delete("/{network_id}", status_code=202, dependencies=[requires(Permission.NETWORK_WRITE)])
async def delete_vm_network(
    network: CurrentNetwork, work: Work, if_match: IfMatch, response: Response
) -> VmNetworkView:
    """Delete a VM network with its subnets. No virtual machine may be attached."""
    row, operation = await VmNetworks(work, network.subscription_id).delete(network.id, if_match)
    accept(response, operation.id)
    return VmNetworkView.of(row)


@tenant.post("/{network_id}/subnets", status_code=202, dependencies=[requires(Permission.NETWORK_WRITE)])
async def create_subnet(network: CurrentNetwork, body: NewSubnetBody, work: Work, response: Response) -> SubnetView:
    """Add a subnet to a VM network."""
    row, operation = await Subnets(work).create(network, body.to_subnet())
    accept(response, operation.id)
    return SubnetView.of(row)


@tenant.get("/{network_id}/subnets", dependencies=[requires(Permission.NETWORK_READ)])
async def list_subnets(network: CurrentNetwork, work: Work) -> Page[SubnetView]:
    """List a VM network's subnets."""
    return Page[SubnetView](value=[SubnetView.of(row) for row in await Subnets(work).of_network(network.id)])


@tenant.get("/{network_id}/subnets/{subnet_id}", dependencies=[requires(Permission.NETWORK_READ)])
async def get_subnet(network: CurrentNetwork, subnet_id: PathId, work: Work) -> SubnetView:
    """Show a subnet."""
    return SubnetView.of(await Subnets(work).get(network, subnet_id))


@tenant.delete("/{network_id}/subnets/{subnet_id}", status_code=202, dependencies=[requires(Permission.NETWORK_WRITE)])
async def delete_subnet(network: CurrentNetwork, subnet_id: PathId, work: Work, response: Response) -> SubnetView:
    """Delete a subnet. No virtual machine may be attached."""
    row, operation = await Subnets(work).delete(network, subnet_id)
    accept(response, operation.id)
    return SubnetView.of(row)


@tenant.get("/{network_id}/ports", dependencies=[requires(Permission.NETWORK_READ)])
async def list_ports(request: Request, network: CurrentNetwork, query: Listed, work: Work) -> Page[PortView]:
    """List the ports of a VM network: who is attached, with which address."""
    found = await PORTS.rows(work.session, query, PortRow.vm_network_id == network.id)
    return found.page(request, [PortView.of(row) for row in found.rows])


@administration.get("", dependencies=[requires(Permission.FABRIC_READ)])
async def list_logical_networks(
    request: Request, query: Listed, work: Work, network: Network
) -> Page[LogicalNetworkView]:
    """List all logical networks."""
    found = await LogicalNetworks(work).page(query)
    return found.page(request, [await LogicalNetworkView.read(row, network) for row in found.rows])


@administration.post("", status_code=201, dependencies=[requires(Permission.FABRIC_WRITE)])
async def create_logical_network(
    body: NewLogicalNetworkBody, work: Work, network: Network, response: Response
) -> LogicalNetworkView:
    """Give a stamp its logical network."""
    network.planes.driver(body.driver)
    row = await LogicalNetworks(work).create(body.to_network())
    set_etag(response, row.generation)
    return await LogicalNetworkView.read(row, network)


@administration.get("/{logical_network_id}", dependencies=[requires(Permission.FABRIC_READ)])
async def get_logical_network(
    logical_network_id: PathId, work: Work, network: Network, response: Response
) -> LogicalNetworkView:
    """Show a logical network."""
    row = await LogicalNetworks(work).get(logical_network_id)
    set_etag(response, row.generation)
    return await LogicalNetworkView.read(row, network)


@administration.delete("/{logical_network_id}", status_code=204, dependencies=[requires(Permission.FABRIC_WRITE)])
async def delete_logical_network(logical_network_id: PathId, work: Work, if_match: IfMatch) -> None:
    """Remove a logical network without VM networks."""
    await LogicalNetworks(work).delete(logical_network_id, if_match)
