"""`zaffre focus`: charges for FinOps tools."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription
from zaffre.client import FocusFormat

group = CommandGroup(help="Charges for FinOps tools, as FOCUS 1.2.")
app = group.app


@group.command("export")
def export_charges(
    run: Invocation,
    chosen: InSubscription,
    *,
    everybody: Annotated[bool, typer.Option("--everybody", help="Of all subscriptions, as an administrator.")] = False,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Which month; the running one when left out.")
    ] = None,
    form: Annotated[FocusFormat, typer.Option("--format", help="How rows are written.")] = FocusFormat.CSV,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it there, and not to standard output.")
    ] = None,
) -> None:
    """Export a month's charges, one row each."""
    focus = run.client.admin.focus if everybody else run.subscription(chosen).focus
    with focus.export(month, form) as pieces:
        if to is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            return
        size = 0
        with to.open("wb") as file:
            for piece in pieces:
                size += file.write(piece)
    run.terminal.done(f"{size} bytes are in {to}.")
