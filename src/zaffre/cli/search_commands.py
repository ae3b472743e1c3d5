"""`zaffre search`."""

from typing import Annotated

import typer

from zaffre.cli.commands import single
from zaffre.cli.invocation import TENANT, Invocation
from zaffre.cli.tables import Column
from zaffre.cli.words import state_text
from zaffre.client import SearchHitView


def _search(
    run: Invocation,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="A piece of a name or tag, or how an id or address begins.")
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, metavar="N", help="Show at most so many.")] = 20,
) -> None:
    """Find things by name, id, address or tag.

    Tenants find what is theirs; administrators find everything: hosts, accounts and plans too.
    """
    everything = run.context.role not in (TENANT, None) and run.context.admin_url is not None
    hits = (run.client.admin.search if everything else run.client.search)(text, limit)
    columns: list[Column[SearchHitView]] = [
        Column("WHAT", lambda hit: state_text(hit.resource_type), whole=True),
        Column("NAME", lambda hit: hit.name),
        Column("DETAIL", lambda hit: hit.detail),
        Column("SUBSCRIPTION", lambda hit: hit.subscription_name),
        Column("ID", lambda hit: run.names.id(hit.id), whole=True),
    ]
    run.show_items(hits, columns, "Nothing is found.")


search = single(_search)
