"""`zaffre usage`: what was used over time."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, ListWishes
from zaffre.cli.printing import print_fields
from zaffre.cli.tables import Column
from zaffre.client import MeterView, NewUsageRecordBody, UsageLineView, UsageRecordView

group = CommandGroup(help="What was used, as records and sums.")
app = group.app

FromOption = Annotated[
    datetime | None, typer.Option("--from", metavar="TIME", help="Where to begin, in UTC; 30 days before the end.")
]
ToOption = Annotated[datetime | None, typer.Option("--to", metavar="TIME", help="Where to end, in UTC; now.")]
StepOption = Annotated[str, typer.Option("--by", metavar="STEP", help="hour, day or total.")]
GroupOption = Annotated[
    str, typer.Option("--group", metavar="WHAT", help="meter or resource; for administrators also subscription.")
]
MeterOption = Annotated[
    str | None, typer.Option("--meter", metavar="NAME", help="Only this meter; see zaffre usage meters.")
]
EveryoneOption = Annotated[bool, typer.Option("--everybody", help="Of all subscriptions, as an administrator.")]


@group.command("show")
def show_usage(
    run: Invocation,
    chosen: InSubscription,
    begin: FromOption = None,
    end: ToOption = None,
    step: StepOption = "total",
    grouping: GroupOption = "meter",
    meter: MeterOption = None,
    *,
    everybody: EveryoneOption = False,
) -> None:
    """Show what a subscription used, in all or by day or hour."""
    if everybody:
        found = run.client.admin.usage.summary(begin, end, step=step, group=grouping, meter=meter)
    else:
        scope = run.subscription(chosen)
        found = scope.consumption.summary(begin, end, step=step, group=grouping, meter=meter)
    columns: list[Column[UsageLineView]] = []
    if step != "total":
        columns.append(Column("FROM", lambda line: f"{line.began_at:%Y-%m-%d %H:%M}", whole=True))
    if everybody and grouping != "meter":
        columns.append(Column("SUBSCRIPTION", lambda line: run.names.subscription(line.subscription_id or "")))
    if grouping == "resource":
        columns.append(Column("RESOURCE", lambda line: line.resource_name))
    amounts: list[Column[UsageLineView]] = [
        Column("WHAT", lambda line: line.title),
        Column("STATE", lambda line: line.state),
        Column("QUANTITY", lambda line: line.quantity, number=True, whole=True),
        Column("UNIT", lambda line: line.unit, whole=True),
        Column("METER", lambda line: line.meter, wide=True),
    ]
    run.show_items(found.value, [*columns, *amounts], "Nothing was used in that time.")


@group.command("records")
def list_records(run: Invocation, chosen: InSubscription, wishes: ListWishes) -> None:
    """List a subscription's usage records, newest first."""
    columns: list[Column[UsageRecordView]] = [
        Column("FROM", lambda record: f"{record.began_at:%Y-%m-%d %H:%M:%S}", whole=True),
        Column("TO", lambda record: f"{record.ended_at:%H:%M:%S}", whole=True),
        Column("RESOURCE", lambda record: record.resource_name),
        Column("METER", lambda record: record.meter),
        Column("STATE", lambda record: record.state),
        Column("QUANTITY", lambda record: record.quantity, number=True, whole=True),
        Column("UNIT", lambda record: record.unit, whole=True),
        Column("KIND", lambda record: record.kind, wide=True),
        Column("ID", lambda record: record.id, wide=True),
    ]
    run.show_list(run.subscription(chosen).consumption.records, wishes, columns, "Nothing is recorded yet.")


@group.command("meters")
def list_meters(run: Invocation) -> None:
    """List what is measured."""
    columns: list[Column[MeterView]] = [
        Column("NAME", lambda meter: meter.name, whole=True),
        Column("TITLE", lambda meter: meter.title),
        Column("UNIT", lambda meter: meter.unit, whole=True),
        Column("KIND", lambda meter: meter.kind),
    ]
    run.show_items(run.client.meters(), columns, "Nothing is measured.")


@group.command("feed")
def read_feed(
    run: Invocation,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Where to go on; the oldest record when left out.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=5000, metavar="N", help="At most so many.")] = 500,
) -> None:
    """Read everybody's records, as billing systems do.

    They come in the order in which they were written, as the API's fields, with the cursor to go on from.
    """
    page = run.client.admin.usage.feed(after, limit)
    print_fields(page.model_dump(mode="json"), run.output)


@group.command("add")
def add_record(
    run: Invocation,
    chosen: InSubscription,
    *,
    meter: Annotated[
        str, typer.Option("--meter", metavar="NAME", help="What was used; see zaffre usage meters.", show_default=False)
    ],
    quantity: Annotated[
        str, typer.Option("--quantity", metavar="N", help="How much, in the meter's unit.", show_default=False)
    ],
    begin: Annotated[datetime, typer.Option("--from", metavar="TIME", help="When it began, UTC.", show_default=False)],
    end: Annotated[datetime, typer.Option("--to", metavar="TIME", help="When it ended, UTC.", show_default=False)],
    resource: Annotated[str, typer.Option("--resource", metavar="ID", help="Id of what used it.", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name.", show_default=False)],
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="What it is.")] = "virtual_machine",
    state: Annotated[str, typer.Option("--state", metavar="STATE", help="What it was doing, such as running.")] = "",
    dimensions: Annotated[
        list[str] | None, typer.Option("--dimension", metavar="KEY=VALUE", help="What else prices depend on.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag that it had.")] = None,
) -> None:
    """Add a late usage record, as an administrator.

    It counts for the time that it is of. Of a month that is closed, the next statement has it as an adjustment.
    """
    made = run.client.admin.usage.add(
        NewUsageRecordBody(
            meter=meter,
            subscription_id=run.subscription(chosen).id,
            resource_type=kind,
            resource_id=resource,
            resource_name=name,
            state=state,
            quantity=quantity,
            began_at=begin.replace(tzinfo=UTC),
            ended_at=end.replace(tzinfo=UTC),
            dimensions={
                key: int(value) if value.isdecimal() else value
                for key, value in _pairs(dimensions, "--dimension").items()
            },
            tags=_pairs(tags, "--tag"),
        )
    )
    run.report(made, f"Recorded {made.quantity} {made.unit} as {made.id}.")


def _pairs(written: list[str] | None, option: str) -> dict[str, str]:
    """Read `KEY=VALUE`, any number of times."""
    pairs: dict[str, str] = {}
    for each in written or ():
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{each!r} is not KEY=VALUE.", param_hint=option)
        pairs[key] = value
    return pairs


@group.command("correct")
def correct_record(
    run: Invocation,
    record: Annotated[str, typer.Argument(metavar="ID", help="Id of a usage record.")],
    difference: Annotated[
        str, typer.Option("--by", metavar="QUANTITY", help="What to add to it, such as -2.5.", show_default=False)
    ],
) -> None:
    """Correct a usage record by a difference."""
    made = run.client.admin.usage.correct(record, difference)
    run.report(made, f"Corrected by {made.quantity} {made.unit}.")
