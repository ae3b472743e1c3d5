"""What only administrators may do, through the admin face."""

from functools import cached_property

from zaffre.client.connection import Connection
from zaffre.client.models import OverviewView, ReadinessView
from zaffre.client.resources.accounts import Accounts
from zaffre.client.resources.fabric import Clouds, Hosts, LogicalNetworks, Stamps, UnmanagedGuests
from zaffre.client.resources.images import Images
from zaffre.client.resources.operations import AllOperations
from zaffre.client.resources.plans import Plans
from zaffre.client.resources.providers import Providers
from zaffre.client.resources.search import Search
from zaffre.client.resources.sizes import Sizes
from zaffre.client.resources.subscriptions import AllSubscriptions
from zaffre.client.resources.virtual_machines import AllVirtualMachines


class Administration:
    """The provider's side of a site."""

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        self._connection = connection

    @cached_property
    def accounts(self) -> Accounts:
        """Everybody's accounts."""
        return Accounts(self._connection)

    @cached_property
    def plans(self) -> Plans:
        """All plans, private ones too."""
        return Plans(self._connection)

    @cached_property
    def subscriptions(self) -> AllSubscriptions:
        """Everybody's subscriptions."""
        return AllSubscriptions(self._connection)

    @cached_property
    def virtual_machines(self) -> AllVirtualMachines:
        """Everybody's virtual machines with their hosts."""
        return AllVirtualMachines(self._connection)

    @cached_property
    def images(self) -> Images:
        """The library's images."""
        return Images(self._connection)

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes on offer."""
        return Sizes(self._connection)

    @cached_property
    def stamps(self) -> Stamps:
        """The stamps."""
        return Stamps(self._connection)

    @cached_property
    def hosts(self) -> Hosts:
        """The hosts."""
        return Hosts(self._connection)

    @cached_property
    def clouds(self) -> Clouds:
        """The clouds."""
        return Clouds(self._connection)

    @cached_property
    def logical_networks(self) -> LogicalNetworks:
        """The logical networks."""
        return LogicalNetworks(self._connection)

    @cached_property
    def providers(self) -> Providers:
        """The resource providers."""
        return Providers(self._connection)

    @cached_property
    def unmanaged_guests(self) -> UnmanagedGuests:
        """Guests that belong to no virtual machine Zaffre knows."""
        return UnmanagedGuests(self._connection)

    @cached_property
    def operations(self) -> AllOperations:
        """Everybody's operations."""
        return AllOperations(self._connection)

    @cached_property
    def search(self) -> Search:
        """Finding anything of the site: call it with a text."""
        return Search(self._connection)

    def overview(self) -> OverviewView:
        """Return how the site is: what there is, how full it is, and what needs a human."""
        return self._connection.get("/overview", OverviewView)

    def readiness(self) -> ReadinessView:
        """Return whether the server can do its work.

        Raises:
            ZaffreError: it cannot.
        """
        return self._connection.get("/readyz", ReadinessView)
