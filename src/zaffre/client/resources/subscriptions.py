"""Subscriptions, and what is inside one."""

from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlencode

from pydantic import SecretStr

from zaffre.client.collection import LabelledCollection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    ChangePlanBody,
    DeletionPreviewView,
    NewSubscriptionBody,
    NewSubscriptionForBody,
    PlanFitView,
    SizeView,
    SubscriptionChangeBody,
    SubscriptionDetailView,
    SubscriptionView,
    UsagePreviewView,
    UsageView,
    WantedUsageBody,
)
from zaffre.client.resources.add_ons import HeldAddOns
from zaffre.client.resources.audit import AuditRecords
from zaffre.client.resources.availability_sets import AvailabilitySets
from zaffre.client.resources.budgets import Budgets
from zaffre.client.resources.disks import Disks
from zaffre.client.resources.focus import Focus
from zaffre.client.resources.images import SubscriptionImages
from zaffre.client.resources.members import Members, SubscriptionRoles
from zaffre.client.resources.money import SubscriptionMoney
from zaffre.client.resources.resource_providers import SubscriptionServices
from zaffre.client.resources.service_accounts import ServiceAccounts
from zaffre.client.resources.sizes import AvailableSizes
from zaffre.client.resources.ssh_keys import SshKeys
from zaffre.client.resources.usage import SubscriptionUsage
from zaffre.client.resources.virtual_machines import VirtualMachines
from zaffre.client.resources.vm_networks import VmNetworks
from zaffre.client.resources.webhooks import Webhooks
from zaffre.client.waiting import Accepted


class Subscriptions(LabelledCollection[SubscriptionView, SubscriptionDetailView]):
    """One's subscriptions; administrators see everybody's."""

    noun = "subscription"
    change_body = SubscriptionChangeBody

    def __init__(self, connection: Connection) -> None:
        """Use the subscriptions of a face."""
        super().__init__(connection, "/subscriptions", SubscriptionView, SubscriptionDetailView)

    def create(
        self,
        plan_id: str,
        name: str,
        invitation_code: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Accepted[SubscriptionView]:
        """Subscribe to a plan on offer; one by invitation takes its code."""
        code = SecretStr(invitation_code) if invitation_code is not None else None
        body = NewSubscriptionBody(plan_id=plan_id, name=name, invitation_code=code, tags=dict(tags or {}))
        return self._start_creating(body, SubscriptionView)

    def delete(
        self, subscription_id: str, if_match: int | None = None, *, cascade: bool = False, grace_days: int | None = None
    ) -> Accepted[SubscriptionView]:
        """End a subscription. It must be empty, unless everything in it shall go with it (`cascade`).

        With days of grace, its own or its plan's, it is suspended until they are over, and can be restored.

        Raises:
            ZaffreError: there is still something in it.
        """
        wishes = {"cascade": "true"} if cascade else {}
        if grace_days is not None:
            wishes["grace_days"] = str(grace_days)
        path = f"{self._member(subscription_id)}?{urlencode(wishes)}" if wishes else self._member(subscription_id)
        response = self._connection.ask("DELETE", path, if_match=if_match)
        return self._gone(response, SubscriptionView)

    def deletion_preview(self, subscription_id: str) -> DeletionPreviewView:
        """Return everything that would go with a subscription."""
        return self._connection.get(f"{self._member(subscription_id)}/deletion-preview", DeletionPreviewView)

    def plan_fit(self, subscription_id: str, plan_id: str) -> PlanFitView:
        """Return what of a subscription would not fit another plan."""
        path = f"{self._member(subscription_id)}/change-plan-preview?{urlencode({'plan_id': plan_id})}"
        return self._connection.get(path, PlanFitView)

    def change_plan(self, subscription_id: str, plan_id: str) -> Accepted[SubscriptionView]:
        """Move a subscription to another plan.

        Raises:
            ZaffreError: something of it does not fit.
        """
        return self._start(subscription_id, "change-plan", SubscriptionView, body=ChangePlanBody(plan_id=plan_id))

    def restore(self, subscription_id: str) -> Accepted[SubscriptionView]:
        """Take the deletion of an expiring subscription back."""
        return self._start(subscription_id, "restore", SubscriptionView)

    def resume(self, subscription_id: str) -> Accepted[SubscriptionView]:
        """Let members work again in a subscription that was suspended, and bring back what that turned off.

        Owners can resume what a budget of their own suspended; everything else only administrators.
        """
        return self._start(subscription_id, "resume", SubscriptionView)

    def leave(self, subscription_id: str) -> None:
        """End one's own membership in a subscription of somebody else's."""
        self._connection.ask("DELETE", f"{self._member(subscription_id)}/membership")


class AllSubscriptions(Subscriptions):
    """Everybody's subscriptions, for administrators."""

    def create_for(
        self, account_id: str, plan_id: str, name: str, tags: Mapping[str, str] | None = None
    ) -> Accepted[SubscriptionView]:
        """Subscribe somebody to a plan, which may be private."""
        body = NewSubscriptionForBody(account_id=account_id, plan_id=plan_id, name=name, tags=dict(tags or {}))
        return self._start_creating(body, SubscriptionView)

    def suspend(self, subscription_id: str) -> Accepted[SubscriptionView]:
        """Let its members look and not change anything; the plan's policy says what becomes of what runs."""
        return self._start(subscription_id, "suspend", SubscriptionView)

    def resync(self, subscription_id: str) -> Accepted[SubscriptionView]:
        """Have all providers told its present state again."""
        return self._start(subscription_id, "resync", SubscriptionView)


class Usage(Listing[UsageView]):
    """How much of each quota a subscription uses."""

    noun = "quota dimension"
    name_field = "dimension"
    filterable = False


class SubscriptionScope:
    """What is inside one subscription."""

    def __init__(self, connection: Connection, subscription_id: str) -> None:
        """Look into a subscription."""
        self._connection = connection
        self.id = subscription_id
        self._path = f"/subscriptions/{subscription_id}"

    @cached_property
    def virtual_machines(self) -> VirtualMachines:
        """Its virtual machines."""
        return VirtualMachines(self._connection, f"{self._path}/virtual-machines")

    @cached_property
    def audit_records(self) -> AuditRecords:
        """What was done in it."""
        return AuditRecords(self._connection, f"{self._path}/audit-records")

    @cached_property
    def disks(self) -> Disks:
        """Its disks."""
        return Disks(self._connection, f"{self._path}/disks")

    @cached_property
    def vm_networks(self) -> VmNetworks:
        """Its VM networks with their subnets and ports."""
        return VmNetworks(self._connection, f"{self._path}/vm-networks")

    @cached_property
    def ssh_keys(self) -> SshKeys:
        """Its SSH keys."""
        return SshKeys(self._connection, f"{self._path}/ssh-keys")

    @cached_property
    def availability_sets(self) -> AvailabilitySets:
        """Its availability sets."""
        return AvailabilitySets(self._connection, f"{self._path}/availability-sets")

    @cached_property
    def members(self) -> Members:
        """Who works in it besides its owner."""
        return Members(self._connection, f"{self._path}/members")

    @cached_property
    def roles(self) -> SubscriptionRoles:
        """What its members can be."""
        return SubscriptionRoles(self._connection, f"{self._path}/roles")

    @cached_property
    def images(self) -> SubscriptionImages:
        """The images that its virtual machines can be made from: the site's, and its own."""
        return SubscriptionImages(self._connection, f"{self._path}/images")

    @cached_property
    def sizes(self) -> AvailableSizes:
        """The sizes that its virtual machines can have."""
        return AvailableSizes(self._connection, f"{self._path}/sizes", SizeView)

    @cached_property
    def add_ons(self) -> HeldAddOns:
        """The add-ons that it can have, and how many of each it holds."""
        return HeldAddOns(self._connection, f"{self._path}/add-ons")

    def usage_what_if(self, amounts: dict[str, int]) -> UsagePreviewView:
        """Tell whether amounts per dimension would fit beside what is used now."""
        body = WantedUsageBody.model_validate({"amounts": amounts})
        return parsed(self._connection.ask("POST", f"{self._path}/usage/what-if", body), UsagePreviewView)

    @cached_property
    def services(self) -> SubscriptionServices:
        """Its services at programs, and what it has there."""
        return SubscriptionServices(self._connection, f"{self._path}/providers")

    @cached_property
    def service_accounts(self) -> ServiceAccounts:
        """Accounts of programs that work in it."""
        return ServiceAccounts(self._connection, f"{self._path}/service-accounts")

    @cached_property
    def webhooks(self) -> Webhooks:
        """Where its events are sent."""
        return Webhooks(self._connection, f"{self._path}/webhooks")

    @cached_property
    def consumption(self) -> SubscriptionUsage:
        """What it used over time."""
        return SubscriptionUsage(self._connection, self._path)

    @cached_property
    def money(self) -> SubscriptionMoney:
        """What it costs."""
        return SubscriptionMoney(self._connection, self._path)

    @cached_property
    def focus(self) -> Focus:
        """Its charges for FinOps tools."""
        return Focus(self._connection, self._path)

    @cached_property
    def budgets(self) -> Budgets:
        """What its months may cost."""
        return Budgets(self._connection, f"{self._path}/budgets")

    @cached_property
    def usage(self) -> Usage:
        """How much of each quota it uses."""
        return Usage(self._connection, f"{self._path}/usage", UsageView)
