"""`zaffre provider`: resource providers."""

from typing import Annotated

import typer

from zaffre.cli.arguments import SubscriptionArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import yes_no
from zaffre.client import ProviderSyncView, ProviderView

group = CommandGroup(help="Resource providers: what can be put into plans.")
app = group.app


@group.command("list")
def list_providers(run: Invocation) -> None:
    """List the resource providers, their health and their quotas."""
    columns: list[Column[ProviderView]] = [
        Column("NAME", lambda provider: provider.name, whole=True),
        Column("TITLE", lambda provider: provider.title),
        Column("HEALTHY", lambda provider: styled_state(yes_no(provider.healthy)), whole=True),
        Column("DIMENSIONS", lambda provider: ", ".join(each.name for each in provider.dimensions)),
        Column("VERSION", lambda provider: provider.version, wide=True),
        Column("HEALTH", lambda provider: provider.sentence, wide=True),
    ]
    run.show_list(run.client.admin.providers, ListWishes(everything=True), columns, "There are no resource providers.")


@group.command("syncs")
def list_syncs(run: Invocation) -> None:
    """List which provider knows which subscription's state."""
    columns: list[Column[ProviderSyncView]] = [
        Column("SUBSCRIPTION", lambda sync: run.names.subscription(sync.subscription_id)),
        Column("PROVIDER", lambda sync: sync.provider, whole=True),
        Column("STATE", lambda sync: styled_state(sync.state), whole=True),
        Column("LAST ERROR", lambda sync: sync.last_error),
    ]
    run.show_items(run.client.admin.provider_syncs(), columns, "There are no subscriptions.")


@group.command("resync")
def resync(
    run: Invocation,
    subscription: SubscriptionArgument,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Name of a resource provider.")],
) -> None:
    """Tell a provider a subscription's state again, now."""
    admin = run.client.admin
    told = admin.resync(run.id_in(admin.subscriptions, subscription), provider)
    run.report(told, f"{provider} is told again.")
