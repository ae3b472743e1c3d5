"""`zaffre token`: API tokens."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.tables import Column
from zaffre.cli.words import age
from zaffre.client import ApiTokenView, Permission

group = CommandGroup(help="API tokens for your programs. Set ZAFFRE_TOKEN to use one.")
app = group.app

TokenArgument = Annotated[
    str,
    typer.Argument(
        metavar="TOKEN", help="Name or id of a token.", autocompletion=names_of(lambda run: run.client.api_tokens)
    ),
]


@group.command("list")
def list_tokens(run: Invocation) -> None:
    """List your API tokens. Their texts are not shown again."""
    columns: list[Column[ApiTokenView]] = [
        NAME,
        Column("FOR", _purpose),
        Column("EXPIRES", _expiry, whole=True),
        Column("USED", lambda token: _use(run, token)),
        age_column(run),
        id_column(run),
    ]
    none = "You have no API tokens. Make one with: zaffre token create NAME"
    run.show_list(run.client.api_tokens, ListWishes(everything=True), columns, none)


@group.command("create")
def create_token(
    run: Invocation,
    name: NewNameArgument,
    days: Annotated[int | None, typer.Option("--days", min=1, metavar="N", help="Days until it expires.")] = None,
    scopes: Annotated[
        list[Permission] | None,
        typer.Option("--scope", metavar="PERMISSION", help="What it is for, of what you may do; can be repeated."),
    ] = None,
    subscriptions: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="SUBSCRIPTION",
            help="For this subscription only; can be repeated.",
            autocompletion=names_of(lambda run: run.client.subscriptions),
        ),
    ] = None,
) -> None:
    """Make an API token. Its text is printed this once.

    It is for everything that you may do, unless --scope or --only say less.
    """
    expires_at = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    only = [run.id_in(run.client.subscriptions, each) for each in subscriptions] if subscriptions else None
    made = run.client.api_tokens.create(name, expires_at, scopes or None, only)
    run.report_once(made, made.token, f"API token {name} is made. Keep its text safe: it is not shown again.")


@group.command("delete")
def delete_token(run: Invocation, confirmation: Confirmation, token: TokenArgument) -> None:
    """Revoke an API token, at once."""
    found = run.find(run.client.api_tokens, token)
    run.confirm(confirmation, f"Revoke the API token {found.name}?", ["Programs that use it are refused from then on."])
    run.client.api_tokens.delete(found.id)
    run.report(found, f"API token {found.name} is revoked.")


def _purpose(token: ApiTokenView) -> str:
    """Return what a token is for, and in how many subscriptions."""
    what = ", ".join(token.scopes) if token.scopes is not None else "everything"
    count = len(token.subscription_ids) if token.subscription_ids is not None else 0
    return f"{what} in {count} subscription{'' if count == 1 else 's'}" if count else what


def _use(run: Invocation, token: ApiTokenView) -> str:
    if token.last_used_at is None:
        return "never"
    when = age(token.last_used_at, run.terminal.now)
    return f"{when} ago from {token.last_used_from}" if token.last_used_from else f"{when} ago"


def _expiry(token: ApiTokenView) -> str:
    return f"{token.expires_at.astimezone():%Y-%m-%d}" if token.expires_at is not None else "never"
