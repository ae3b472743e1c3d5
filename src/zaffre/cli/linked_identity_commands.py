"""`zaffre account identity`: accounts elsewhere that one can sign in with."""

from typing import Annotated

import typer

from zaffre.cli.columns import age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.tables import Column
from zaffre.client import LinkedIdentityView

group = CommandGroup(help="Accounts elsewhere that sign you in.")


@group.command("list")
def list_identities(run: Invocation) -> None:
    """List the accounts elsewhere that you can sign in with."""
    columns: list[Column[LinkedIdentityView]] = [
        Column("PROVIDER", lambda identity: identity.provider_name),
        Column("E-MAIL", lambda identity: identity.email),
        age_column(run),
        id_column(run),
    ]
    none = "None is linked. Link one in the portal, under Account."
    run.show_list(run.client.account.identities, ListWishes(everything=True), columns, none)


@group.command("unlink")
def unlink_identity(
    run: Invocation,
    confirmation: Confirmation,
    identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="Name of its provider, or id.")],
) -> None:
    """Not sign in with it any more. The last way to sign in stays."""
    identities = run.client.account.identities
    found = run.find(identities, identity)
    run.confirm(confirmation, f"Unlink {found.email or found.id} at {found.provider_name}?")
    identities.unlink(found.id)
    run.terminal.done(f"{found.provider_name} signs in to your account no more.")
