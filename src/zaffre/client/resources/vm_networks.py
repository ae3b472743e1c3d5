"""VM networks with their subnets and ports."""

from zaffre.client.collection import Collection, LabelledCollection, Listing
from zaffre.client.connection import Connection
from zaffre.client.models import (
    NewSubnetBody,
    NewVmNetworkBody,
    PortView,
    SubnetView,
    VmNetworkChangeBody,
    VmNetworkDetailView,
    VmNetworkView,
)
from zaffre.client.waiting import Accepted


class VmNetworks(LabelledCollection[VmNetworkView, VmNetworkDetailView]):
    """The VM networks of a subscription."""

    noun = "VM network"
    change_body = VmNetworkChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the networks of the subscription at `path`."""
        super().__init__(connection, path, VmNetworkView, VmNetworkDetailView)

    def create(self, body: NewVmNetworkBody) -> Accepted[VmNetworkDetailView]:
        """Make a VM network, with subnets if you like."""
        return self._start_creating(body, VmNetworkDetailView)

    def delete(self, network_id: str, if_match: int | None = None) -> Accepted[VmNetworkView]:
        """Delete a VM network with its subnets.

        Raises:
            ZaffreError: a virtual machine is attached.
        """
        return self._start_deleting(network_id, VmNetworkView, if_match)

    def subnets(self, network_id: str) -> "Subnets":
        """Return the subnets of a VM network."""
        return Subnets(self._connection, f"{self._member(network_id)}/subnets")

    def ports(self, network_id: str) -> "Ports":
        """Return the ports of a VM network."""
        return Ports(self._connection, f"{self._member(network_id)}/ports", PortView)


class Subnets(Collection[SubnetView, SubnetView]):
    """The subnets of a VM network."""

    noun = "subnet"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the subnets of the network at `path`."""
        super().__init__(connection, path, SubnetView, SubnetView)

    def create(self, body: NewSubnetBody) -> Accepted[SubnetView]:
        """Add a subnet."""
        return self._start_creating(body, SubnetView)

    def delete(self, subnet_id: str) -> Accepted[SubnetView]:
        """Delete a subnet.

        Raises:
            ZaffreError: a virtual machine is attached.
        """
        return self._start_deleting(subnet_id, SubnetView, if_match=None)


class Ports(Listing[PortView]):
    """Who is attached to a VM network, with which address. Ports are found by their address."""

    noun = "port"
    name_field = "address"
