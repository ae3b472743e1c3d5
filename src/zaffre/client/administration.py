"""What only administrators may do, through the admin face."""

from collections.abc import Sequence
from functools import cached_property

from zaffre.client.collection import ItemT, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    CostOverviewView,
    HostStorageView,
    OverviewView,
    ProviderSyncView,
    ReadinessView,
    SettingView,
    TokensView,
)
from zaffre.client.resources.accounts import Accounts
from zaffre.client.resources.add_ons import AddOns
from zaffre.client.resources.approvals import AllChangeRequests, ApprovalPrograms, ApprovalRules
from zaffre.client.resources.audit import Audit
from zaffre.client.resources.budgets import Budgets
from zaffre.client.resources.fabric import Clouds, Hosts, LogicalNetworks, Stamps, UnmanagedGuests
from zaffre.client.resources.focus import Focus
from zaffre.client.resources.identity_providers import IdentityProviders
from zaffre.client.resources.images import Images
from zaffre.client.resources.mail import WaitingMail
from zaffre.client.resources.money import Credits, Discounts, RateCards, StatementRuns, Statements
from zaffre.client.resources.operations import AllOperations
from zaffre.client.resources.plans import Plans
from zaffre.client.resources.providers import Providers
from zaffre.client.resources.resource_providers import ResourceProviders
from zaffre.client.resources.search import Search
from zaffre.client.resources.service_accounts import ServiceAccounts
from zaffre.client.resources.site_roles import SiteRoles
from zaffre.client.resources.sizes import Sizes
from zaffre.client.resources.subscriptions import AllSubscriptions
from zaffre.client.resources.usage import AllUsage
from zaffre.client.resources.virtual_machines import AllVirtualMachines
from zaffre.client.resources.webhooks import Webhooks


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
    def site_roles(self) -> SiteRoles:
        """What accounts can be at the site."""
        return SiteRoles(self._connection)

    @cached_property
    def service_accounts(self) -> ServiceAccounts:
        """Accounts of programs that have a role at the site."""
        return ServiceAccounts(self._connection, "/service-accounts")

    @cached_property
    def identity_providers(self) -> IdentityProviders:
        """With which accounts that people have elsewhere they can sign in."""
        return IdentityProviders(self._connection)

    @cached_property
    def audit(self) -> Audit:
        """The site's audit trail."""
        return Audit(self._connection)

    @cached_property
    def plans(self) -> Plans:
        """All plans, private ones too."""
        return Plans(self._connection)

    @cached_property
    def add_ons(self) -> AddOns:
        """All add-ons."""
        return AddOns(self._connection)

    @cached_property
    def rate_cards(self) -> RateCards:
        """The rate cards, with their prices and the plans that they price."""
        return RateCards(self._connection)

    @cached_property
    def statements(self) -> Statements:
        """Everybody's statements."""
        return Statements(self._connection)

    @cached_property
    def statement_runs(self) -> StatementRuns:
        """The months that were closed."""
        return StatementRuns(self._connection)

    @cached_property
    def discounts(self) -> Discounts:
        """The discounts that were given."""
        return Discounts(self._connection)

    @cached_property
    def credits(self) -> Credits:
        """The credits that were given."""
        return Credits(self._connection)

    @cached_property
    def approval_rules(self) -> ApprovalRules:
        """Which changes need an approval."""
        return ApprovalRules(self._connection)

    @cached_property
    def approval_programs(self) -> ApprovalPrograms:
        """Programs that decide on changes."""
        return ApprovalPrograms(self._connection)

    @cached_property
    def change_requests(self) -> AllChangeRequests:
        """Everybody's change requests."""
        return AllChangeRequests(self._connection)

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
    def mail(self) -> WaitingMail:
        """Messages that wait to be sent."""
        return WaitingMail(self._connection)

    @cached_property
    def usage(self) -> AllUsage:
        """What everybody used, and the feed for billing systems."""
        return AllUsage(self._connection)

    @cached_property
    def focus(self) -> Focus:
        """Everybody's charges for FinOps tools."""
        return Focus(self._connection)

    @cached_property
    def budgets(self) -> Budgets:
        """Everybody's budgets, to look at."""
        return Budgets(self._connection)

    @cached_property
    def resource_providers(self) -> ResourceProviders:
        """Programs that are resource providers."""
        return ResourceProviders(self._connection)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Where the site's events are sent."""
        return Webhooks(self._connection, "/webhooks")

    @cached_property
    def search(self) -> Search:
        """Finding anything of the site: call it with a text."""
        return Search(self._connection)

    def overview(self) -> OverviewView:
        """Return how the site is: what there is, how full it is, and what needs a human."""
        return self._connection.get("/overview", OverviewView)

    def cost_overview(self, month: str | None = None, top: int = 10) -> CostOverviewView:
        """Return what everybody's month comes to, with the `top` plans, subscriptions and meters of each currency.

        Left out, it is the running month.
        """
        told = {"top": top} | ({"month": month} if month is not None else {})
        return self._connection.get("/cost-overview", CostOverviewView, told)

    def settings(self) -> Sequence[SettingView]:
        """Return the settings of the answering process, and where each comes from."""
        return self._listed("/settings", SettingView)

    def storage(self) -> Sequence[HostStorageView]:
        """Return each host's storage pool."""
        return self._listed("/storage", HostStorageView)

    def provider_syncs(self) -> Sequence[ProviderSyncView]:
        """Return which provider knows which subscription's present state."""
        return self._listed("/provider-syncs", ProviderSyncView)

    def resync(self, subscription_id: str, provider: str) -> ProviderSyncView:
        """Have a provider told a subscription's present state again."""
        path = f"/provider-syncs/{subscription_id}/{provider}/resync"
        return parsed(self._connection.ask("POST", path), ProviderSyncView)

    def act_for(self, account_id: str) -> TokensView:
        """Begin to act for a tenant, for an hour at most; use the tokens in another client's credentials."""
        return parsed(self._connection.ask("POST", f"/accounts/{account_id}/sessions"), TokensView)

    def _listed(self, path: str, view: type[ItemT]) -> Sequence[ItemT]:
        return list(Listing(self._connection, path, view).all())

    def readiness(self) -> ReadinessView:
        """Return whether the server can do its work.

        Raises:
            ZaffreError: it cannot.
        """
        return self._connection.get("/readyz", ReadinessView)
