"""The one table of permissions: what can be allowed, and what each role allows."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """Something a route may require. The value is stable; the text beside it is documentation."""

    def __new__(cls, value: str, text: str) -> "Permission":
        """Make a member from its stable value and its documentation."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    text: str

    ACCOUNT_SELF = "account.self", "See and change one's own account, sign-in sessions and API tokens"
    PLAN_READ = "plan.read", "See the plans on offer"
    SUBSCRIPTION_READ = "subscription.read", "See one's subscriptions and their usage"
    SUBSCRIPTION_WRITE = "subscription.write", "Subscribe to plans, rename and end subscriptions"
    SUBSCRIPTION_AUDIT = "subscription.audit", "See who changed what in one's subscriptions"
    SUBSCRIPTION_MEMBERS = (
        "subscription.members",
        "Invite people into a subscription, and say what they may do there",
    )
    NETWORK_READ = "network.read", "See VM networks, subnets and ports"
    NETWORK_WRITE = "network.write", "Create, change and delete VM networks and subnets"
    MACHINE_READ = "virtual_machine.read", "See virtual machines, sizes, images, keys and serial logs"
    MACHINE_WRITE = "virtual_machine.write", "Create, change and delete virtual machines and keys"
    MACHINE_OPERATE = "virtual_machine.operate", "Start, shut down, stop, reset, pause and resume virtual machines"
    MACHINE_CONSOLE = "virtual_machine.console", "See the screens of virtual machines and type at them"
    IMAGE_WRITE = "image.write", "Upload and delete images of one's own"
    CHANGE_REQUEST_SELF = "change_request.self", "Ask for changes that need an approval, and see what has become of it"
    USAGE_READ = "usage.read", "See what one's subscriptions used, as records and sums"
    COST_READ = "cost.read", "See what one's subscriptions cost, their prices, credits and statements"
    BUDGET_WRITE = "budget.write", "Set budgets for one's subscriptions, and what happens when they are reached"
    WEBHOOK_READ = "webhook.read", "See webhooks of one's subscriptions, and what they were sent"
    WEBHOOK_WRITE = "webhook.write", "Have one's subscriptions' events sent to others, and stop that"
    PROVIDER_RESOURCE_READ = "provider_resource.read", "See what one's subscriptions have at other resource providers"
    PROVIDER_RESOURCE_WRITE = (
        "provider_resource.write",
        "Create, change and delete things at other resource providers",
    )
    OPERATION_READ = "operation.read", "See one's operations and follow events"
    OPERATION_CANCEL = "operation.cancel", "Cancel one's operations"

    ACCOUNT_ADMIN = "account.admin", "See, create and change everybody's accounts"
    IDENTITY_PROVIDER_ADMIN = (
        "identity_provider.admin",
        "Say with which accounts that people have elsewhere they can sign in",
    )
    PLAN_ADMIN = "plan.admin", "Design and publish plans"
    SUBSCRIPTION_ADMIN = "subscription.admin", "See everybody's subscriptions"
    FABRIC_READ = "fabric.read", "See stamps, hosts, clouds, storage and capacity"
    FABRIC_WRITE = "fabric.write", "Add, change and remove stamps, hosts, clouds, sizes and logical networks"
    LIBRARY_WRITE = "library.write", "Upload, import and remove images"
    APPROVAL_ADMIN = "approval.admin", "Say which changes need an approval"
    CHANGE_REQUEST_DECIDE = "change_request.decide", "See everybody's change requests; approve and decline them"
    AUDIT_READ = "audit.read", "See, export and verify the site's audit trail"
    USAGE_ADMIN = "usage.admin", "Read everybody's usage records, and add late and corrected ones"
    MAIL_ADMIN = "mail.admin", "See which mail waits to be sent, and send a message as a trial"
    RATE_ADMIN = "rate.admin", "Set prices, give discounts and credits"
    WEBHOOK_ADMIN = "webhook.admin", "Have the site's events sent to others"
    STATEMENT_ADMIN = "statement.admin", "See everybody's statements and costs, and close months"
    PROVIDER_ADMIN = "provider.admin", "Register programs as resource providers, and unregister them"
    OPERATION_ADMIN = "operation.admin", "See everybody's operations and events; cancel and retry them"


class Role(StrEnum):
    """What an account is at the site."""

    SITE_ADMINISTRATOR = "site_administrator"
    """Runs the site; may do everything."""
    TENANT = "tenant"
    """Uses the site through subscriptions."""


TENANT_PERMISSIONS = frozenset(
    {
        Permission.ACCOUNT_SELF,
        Permission.PLAN_READ,
        Permission.SUBSCRIPTION_READ,
        Permission.SUBSCRIPTION_WRITE,
        Permission.SUBSCRIPTION_AUDIT,
        Permission.SUBSCRIPTION_MEMBERS,
        Permission.NETWORK_READ,
        Permission.NETWORK_WRITE,
        Permission.MACHINE_READ,
        Permission.MACHINE_WRITE,
        Permission.MACHINE_OPERATE,
        Permission.MACHINE_CONSOLE,
        Permission.IMAGE_WRITE,
        Permission.CHANGE_REQUEST_SELF,
        Permission.USAGE_READ,
        Permission.COST_READ,
        Permission.BUDGET_WRITE,
        Permission.WEBHOOK_READ,
        Permission.WEBHOOK_WRITE,
        Permission.PROVIDER_RESOURCE_READ,
        Permission.PROVIDER_RESOURCE_WRITE,
        Permission.OPERATION_READ,
        Permission.OPERATION_CANCEL,
    }
)

PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.SITE_ADMINISTRATOR: frozenset(Permission),
    Role.TENANT: TENANT_PERMISSIONS,
}

HELD_IN_SUBSCRIPTIONS = TENANT_PERMISSIONS - {
    Permission.ACCOUNT_SELF,
    Permission.PLAN_READ,
    Permission.CHANGE_REQUEST_SELF,
}
"""What can be allowed or withheld in a single subscription."""
