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

    ACCOUNT_SELF = "account.self", "See and change one's own account, sessions, API tokens and client certificates"
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

    ACCOUNT_READ = "account.read", "See everybody's accounts"
    ACCOUNT_ADMIN = "account.admin", "Create, rename, suspend and reactivate accounts that may do no more than oneself"
    ACCOUNT_ACT_FOR = "account.act_for", "Act for tenants; the audit trail says who really acted"
    ACCOUNT_RESET = "account.reset", "Have people sent a link that sets a new password"
    ROLE_READ = "role.read", "See the site's roles and who holds them"
    ROLE_ADMIN = "role.admin", "Make site roles, and give and take them, with no more permissions than one has"
    IDENTITY_PROVIDER_READ = "identity_provider.read", "See with which accounts elsewhere people can sign in"
    IDENTITY_PROVIDER_ADMIN = (
        "identity_provider.admin",
        "Say with which accounts that people have elsewhere they can sign in",
    )
    PLAN_READ_ALL = "plan.read_all", "See all plans and add-ons, and what they sell"
    PLAN_ADMIN = "plan.admin", "Design and publish plans and add-ons"
    SUBSCRIPTION_READ_ALL = (
        "subscription.read_all",
        "See everybody's subscriptions, and do in them what one's other permissions say",
    )
    SUBSCRIPTION_ADMIN = (
        "subscription.admin",
        "Subscribe for others, suspend and resume subscriptions; past approvals, codes and suspensions",
    )
    FABRIC_READ = "fabric.read", "See stamps, hosts, clouds, storage and capacity"
    FABRIC_WRITE = "fabric.write", "Add, change and remove stamps, hosts, clouds, sizes and logical networks"
    LIBRARY_WRITE = "library.write", "Upload, import and remove images"
    APPROVAL_READ = "approval.read", "See which changes need an approval, and everybody's change requests"
    APPROVAL_ADMIN = "approval.admin", "Say which changes need an approval"
    APPROVAL_PROGRAM_ADMIN = (
        "approval_program.admin",
        "Name programs that decide on changes, rotate their secrets and ask them as a trial",
    )
    CHANGE_REQUEST_DECIDE = "change_request.decide", "See everybody's change requests; approve and decline them"
    AUDIT_READ = "audit.read", "See, export and verify the site's audit trail"
    USAGE_READ_ALL = "usage.read_all", "Read everybody's usage records"
    USAGE_ADMIN = "usage.admin", "Add late and corrected usage records"
    MAIL_READ = "mail.read", "See which mail waits to be sent"
    MAIL_ADMIN = "mail.admin", "Send a message as a trial"
    RATE_READ = "rate.read", "See rate cards, discounts and credits"
    RATE_ADMIN = "rate.admin", "Set prices, give discounts and credits"
    WEBHOOK_READ_ALL = "webhook.read_all", "See the site's webhooks, and what they were sent"
    WEBHOOK_ADMIN = "webhook.admin", "Have the site's events sent to others"
    STATEMENT_READ_ALL = "statement.read_all", "See everybody's statements and costs"
    STATEMENT_ADMIN = "statement.admin", "Close months"
    PROVIDER_ADMIN = "provider.admin", "Register programs as resource providers, and unregister them"
    OPERATION_READ_ALL = "operation.read_all", "See everybody's operations and events"
    OPERATION_ADMIN = "operation.admin", "Cancel and retry everybody's operations"


class Role(StrEnum):
    """The roles at the site that are built in; an account has one of them, or one that the site has made."""

    SITE_ADMINISTRATOR = "site_administrator"
    FABRIC_OPERATOR = "fabric_operator"
    PLANS_AND_BILLING = "plans_and_billing"
    HELP_DESK = "help_desk"
    AUDITOR = "auditor"
    TENANT = "tenant"


DESCRIPTIONS: Mapping[Role, str] = {
    Role.SITE_ADMINISTRATOR: "Runs the site; may do everything",
    Role.FABRIC_OPERATOR: "Runs hosts, clouds, storage, networks, the library and operations",
    Role.PLANS_AND_BILLING: "Designs plans and prices; sees to subscriptions, approvals, usage and statements",
    Role.HELP_DESK: "Sees accounts, subscriptions and operations; acts for tenants",
    Role.AUDITOR: "Sees everything and changes nothing",
    Role.TENANT: "Uses the site through subscriptions",
}


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

_SEEING_SUBSCRIPTIONS = frozenset(
    {
        Permission.ACCOUNT_SELF,
        Permission.PLAN_READ,
        Permission.SUBSCRIPTION_READ,
        Permission.SUBSCRIPTION_READ_ALL,
        Permission.OPERATION_READ,
        Permission.OPERATION_READ_ALL,
    }
)
"""What everybody needs who has to do with other people's subscriptions."""

PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.SITE_ADMINISTRATOR: frozenset(Permission),
    Role.FABRIC_OPERATOR: _SEEING_SUBSCRIPTIONS
    | {
        Permission.NETWORK_READ,
        Permission.MACHINE_READ,
        Permission.PROVIDER_RESOURCE_READ,
        Permission.FABRIC_READ,
        Permission.FABRIC_WRITE,
        Permission.LIBRARY_WRITE,
        Permission.OPERATION_CANCEL,
        Permission.OPERATION_ADMIN,
    },
    Role.PLANS_AND_BILLING: _SEEING_SUBSCRIPTIONS
    | {
        Permission.ACCOUNT_READ,
        Permission.PLAN_READ_ALL,
        Permission.PLAN_ADMIN,
        Permission.SUBSCRIPTION_WRITE,
        Permission.SUBSCRIPTION_ADMIN,
        Permission.FABRIC_READ,
        Permission.BUDGET_WRITE,
        Permission.CHANGE_REQUEST_SELF,
        Permission.APPROVAL_READ,
        Permission.APPROVAL_ADMIN,
        Permission.CHANGE_REQUEST_DECIDE,
        Permission.USAGE_READ,
        Permission.USAGE_READ_ALL,
        Permission.USAGE_ADMIN,
        Permission.COST_READ,
        Permission.RATE_READ,
        Permission.RATE_ADMIN,
        Permission.STATEMENT_READ_ALL,
        Permission.STATEMENT_ADMIN,
    },
    Role.HELP_DESK: _SEEING_SUBSCRIPTIONS
    | {
        Permission.ACCOUNT_READ,
        Permission.ACCOUNT_ACT_FOR,
        Permission.ACCOUNT_RESET,
        Permission.PLAN_READ_ALL,
        Permission.SUBSCRIPTION_AUDIT,
        Permission.NETWORK_READ,
        Permission.MACHINE_READ,
        Permission.PROVIDER_RESOURCE_READ,
        Permission.FABRIC_READ,
        Permission.USAGE_READ,
    },
    Role.AUDITOR: _SEEING_SUBSCRIPTIONS
    | {
        Permission.ACCOUNT_READ,
        Permission.ROLE_READ,
        Permission.IDENTITY_PROVIDER_READ,
        Permission.PLAN_READ_ALL,
        Permission.SUBSCRIPTION_AUDIT,
        Permission.NETWORK_READ,
        Permission.MACHINE_READ,
        Permission.PROVIDER_RESOURCE_READ,
        Permission.FABRIC_READ,
        Permission.CHANGE_REQUEST_SELF,
        Permission.APPROVAL_READ,
        Permission.AUDIT_READ,
        Permission.USAGE_READ,
        Permission.USAGE_READ_ALL,
        Permission.MAIL_READ,
        Permission.COST_READ,
        Permission.RATE_READ,
        Permission.WEBHOOK_READ,
        Permission.WEBHOOK_READ_ALL,
        Permission.STATEMENT_READ_ALL,
    },
    Role.TENANT: TENANT_PERMISSIONS,
}
"""What each role allows. Only tenants may do the same in subscriptions without seeing everybody's."""

HELD_IN_SUBSCRIPTIONS = TENANT_PERMISSIONS - {
    Permission.ACCOUNT_SELF,
    Permission.PLAN_READ,
    Permission.CHANGE_REQUEST_SELF,
}
"""What can be allowed or withheld in a single subscription."""
