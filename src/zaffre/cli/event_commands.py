"""`zaffre events`."""

import itertools
from typing import Annotated

import typer
from rich.text import Text

from zaffre.cli.commands import single
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import OutputFormat
from zaffre.cli.printing import print_fields, print_item
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import deed_text, state_text
from zaffre.client import EventView

USUAL_NUMBER = 20


def _events(
    run: Invocation,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen, until Ctrl-C.")] = False,
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="ID", help="Only events of this resource.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Past events to show.")] = USUAL_NUMBER,
) -> None:
    """Show what happened lately, oldest first, and with --follow what happens.

    With -o json, followed events come one to a line.
    """
    events = run.client.events
    past = list(itertools.islice(events.history(resource), limit))[::-1]
    if follow:
        for event in past:
            _show(run, event)
        after = past[-1].cursor if past else None
        for event in events.follow(resource, after):
            _show(run, event)
    elif run.output is not OutputFormat.TABLE:
        print_fields([event.model_dump(mode="json") for event in past], run.output)
    elif past:
        run.terminal.show(table_of(past, _columns(run), wide=run.wide), cut=not run.wide)
    else:
        run.terminal.note("Nothing has happened yet.")


events = single(_events)


def _show(run: Invocation, event: EventView) -> None:
    """Show one event, at once: in columns whose widths do not depend on what is still to come."""
    if run.output is not OutputFormat.TABLE:
        print_item(event.model_dump(mode="json"), run.output)
        return
    line = Text.assemble(
        (f"{event.occurred_at.astimezone():%H:%M:%S}   ", "dim"),
        f"{_what(event):<26}   {_name(run, event):<16}   ",
        (_told(event), "dim"),
    )
    line.rstrip()
    run.terminal.print(line)


def _columns(run: Invocation) -> list[Column[EventView]]:
    return [
        Column("WHEN", lambda event: _when(event, run), whole=True),
        Column("WHAT", _what, whole=True),
        Column("NAME", lambda event: _name(run, event)),
        Column("MORE", lambda event: Text(_told(event), style="dim")),
        Column("BY", lambda event: f"{event.actor_kind} {event.actor_id}", wide=True),
        Column("RESOURCE ID", lambda event: event.resource_id, wide=True),
    ]


def _when(event: EventView, run: Invocation) -> str:
    """Return the time of an event, with its date if that is not today's."""
    then, now = event.occurred_at.astimezone(), run.terminal.now.astimezone()
    return f"{then:%H:%M:%S}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M:%S}"


def _what(event: EventView) -> str:
    return state_text(event.kind)


def _name(run: Invocation, event: EventView) -> str:
    return event.resource_name or run.names.id(event.resource_id)


def _told(event: EventView) -> str:
    """Return what an event tells in plain values. Ids are of no use to people."""
    told = event.data
    if "sentence" in told:
        return f"{told.get('percent', 0)} %, {told['sentence']}"
    if "operation_kind" in told:
        return ": ".join(filter(None, [deed_text(str(told["operation_kind"])), told.get("detail")]))
    plain = {key: value for key, value in told.items() if isinstance(value, str | int) and not key.endswith("_id")}
    return ", ".join(f"{state_text(key)} {value}" for key, value in plain.items())
