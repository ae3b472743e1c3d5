"""Arguments that many commands share: the names of things, completed in the shell."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription
from zaffre.client import ImageView, Listing, PlanView, SizeView


def plans_of(run: Invocation) -> Listing[PlanView]:
    """Return the plans that the caller may see: all of them, or those on offer."""
    return run.client.admin.plans if run.is_admin else run.client.plans


def images_of(run: Invocation, chosen: InSubscription | None = None) -> Listing[ImageView]:
    """Return the library for administrators, and for tenants what virtual machines can be made from."""
    if run.is_admin and (chosen is None or chosen.subscription is None):
        return run.client.admin.images
    return run.subscription(chosen).images


def sizes_of(run: Invocation, chosen: InSubscription | None = None) -> Listing[SizeView]:
    """Return all sizes for administrators, and for tenants those that virtual machines can have."""
    if run.is_admin and (chosen is None or chosen.subscription is None):
        return run.client.admin.sizes
    return run.subscription(chosen).sizes


AccountArgument = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="E-mail address or id.", autocompletion=names_of(lambda run: run.client.admin.accounts)
    ),
]
SiteRoleArgument = Annotated[
    str,
    typer.Argument(
        metavar="ROLE", help="Name or id of a role.", autocompletion=names_of(lambda run: run.client.admin.site_roles)
    ),
]
PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="Name or id of a plan.", autocompletion=names_of(plans_of))
]
SubscriptionArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBSCRIPTION",
        help="Name or id of a subscription.",
        autocompletion=names_of(lambda run: run.client.subscriptions),
    ),
]
NetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="Name or id of a VM network.",
        autocompletion=names_of(lambda run: run.subscription().vm_networks),
    ),
]
MachineArgument = Annotated[
    str,
    typer.Argument(
        metavar="VM",
        help="Name or id of a virtual machine.",
        autocompletion=names_of(lambda run: run.subscription().virtual_machines),
    ),
]
DiskArgument = Annotated[
    str,
    typer.Argument(
        metavar="DISK", help="Name or id of a disk.", autocompletion=names_of(lambda run: run.subscription().disks)
    ),
]
KeyArgument = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="Name or id of a key.", autocompletion=names_of(lambda run: run.subscription().ssh_keys)
    ),
]
StampArgument = Annotated[
    str,
    typer.Argument(
        metavar="STAMP", help="Name or id of a stamp.", autocompletion=names_of(lambda run: run.client.admin.stamps)
    ),
]
HostArgument = Annotated[
    str,
    typer.Argument(
        metavar="HOST", help="Name or id of a host.", autocompletion=names_of(lambda run: run.client.admin.hosts)
    ),
]
CloudArgument = Annotated[
    str,
    typer.Argument(
        metavar="CLOUD", help="Name or id of a cloud.", autocompletion=names_of(lambda run: run.client.admin.clouds)
    ),
]
LogicalNetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="Name or id of a logical network.",
        autocompletion=names_of(lambda run: run.client.admin.logical_networks),
    ),
]
ImageArgument = Annotated[
    str, typer.Argument(metavar="IMAGE", help="Name or id of an image.", autocompletion=names_of(images_of))
]
SizeArgument = Annotated[
    str, typer.Argument(metavar="SIZE", help="Name or id of a size.", autocompletion=names_of(sizes_of))
]
OperationArgument = Annotated[
    str, typer.Argument(metavar="OPERATION", help="Id of an operation; the end that lists show will do.")
]
RenamedArgument = Annotated[str, typer.Argument(metavar="NEW_NAME", help="What to call it from now on.")]
NewNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
StampOption = Annotated[
    str,
    typer.Option(
        "--stamp",
        metavar="NAME",
        help="Name or id of the stamp.",
        autocompletion=names_of(lambda run: run.client.admin.stamps),
    ),
]
DescriptionOption = Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")]


def in_utc(instant: datetime | None) -> datetime | None:
    """Return an instant that somebody wrote; without a zone it is UTC, as bills are."""
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant
