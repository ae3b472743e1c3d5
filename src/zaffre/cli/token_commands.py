"""`zaffre token`: API tokens."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes, OutputFormat
from zaffre.cli.printing import print_fields
from zaffre.cli.tables import Column
from zaffre.client import ApiTokenView

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
    columns: list[Column[ApiTokenView]] = [NAME, Column("EXPIRES", _expiry), age_column(run), id_column(run)]
    none = "You have no API tokens. Make one with: zaffre token create NAME"
    run.show_list(run.client.api_tokens, ListWishes(everything=True), columns, none)


@group.command("create")
def create_token(
    run: Invocation,
    name: NewNameArgument,
    days: Annotated[int | None, typer.Option("--days", min=1, metavar="N", help="Days until it expires.")] = None,
) -> None:
    """Make an API token. Its text is printed this once."""
    expires_at = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    token = run.client.api_tokens.create(name, expires_at)
    run.terminal.done(f"API token {name} is made. Keep its text safe: it is not shown again.")
    if run.output is OutputFormat.TABLE:
        run.terminal.print(token.token)
    else:
        print_fields(token.model_dump(mode="json"), run.output)


@group.command("delete")
def delete_token(run: Invocation, confirmation: Confirmation, token: TokenArgument) -> None:
    """Revoke an API token, at once."""
    found = run.find(run.client.api_tokens, token)
    run.confirm(confirmation, f"Revoke the API token {found.name}?", ["Programs that use it are refused from then on."])
    run.client.api_tokens.delete(found.id)
    run.report(found, f"API token {found.name} is revoked.")


def _expiry(token: ApiTokenView) -> str:
    return f"{token.expires_at.astimezone():%Y-%m-%d}" if token.expires_at is not None else "never"
