"""`zaffre session`: where one is signed in."""

from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.tables import Column
from zaffre.cli.words import age, yes_no
from zaffre.client import SessionView

group = CommandGroup(help="Where you are signed in.")
app = group.app


@group.command("list")
def list_sessions(run: Invocation) -> None:
    """List your sign-in sessions."""
    now = run.terminal.now
    columns: list[Column[SessionView]] = [
        Column("CLIENT", lambda session: session.client),
        Column("SIGNED IN WITH", lambda session: session.signed_in_with or "password"),
        Column("THIS ONE", lambda session: yes_no(session.current)),
        Column("BEGAN", lambda session: f"{age(session.created_at, now)} ago", whole=True),
        Column("LAST USED", lambda session: f"{age(session.refreshed_at, now)} ago", whole=True),
        Column("ID", lambda session: run.names.id(session.id), whole=True),
    ]
    run.show_list(run.client.sessions, ListWishes(everything=True), columns, "There are no sessions.")


@group.command("revoke")
def revoke_session(
    run: Invocation, session: Annotated[str, typer.Argument(metavar="SESSION", help="Id of a session.")]
) -> None:
    """End a sign-in session, for example on a machine you lost."""
    run.client.sessions.revoke(run.id_in(run.client.sessions, session))
    run.terminal.done("The session is ended. Its last access token runs out within minutes.")
