"""`zaffre cost`: what a subscription costs."""

from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.tables import Column, table_of
from zaffre.client import (
    CostLineView,
    CostOverviewView,
    CostShareView,
    CostTotalView,
    CurrencyCostsView,
    CurrentRateView,
    TierView,
)

group = CommandGroup(help="What subscriptions cost.")
app = group.app

MonthOption = Annotated[
    str | None, typer.Option("--month", metavar="YYYY-MM", help="Which month; the running one when left out.")
]
StepOption = Annotated[str, typer.Option("--by", metavar="STEP", help="day or total.")]
GroupOption = Annotated[str, typer.Option("--group", metavar="WHAT", help="meter, resource or tag.")]
TagOption = Annotated[str | None, typer.Option("--tag", metavar="KEY", help="Which tag to group by.")]


@group.command("show")
def show_costs(
    run: Invocation,
    chosen: InSubscription,
    month: MonthOption = None,
    step: StepOption = "total",
    grouping: GroupOption = "meter",
    tag: TagOption = None,
) -> None:
    """Show what a subscription's month costs.

    So far, and what to expect of the whole of it if everything stays as it is.
    """
    grouping = "tag" if tag is not None else grouping
    found = run.subscription(chosen).money.costs(month, group=grouping, step=step, tag=tag)
    totals: list[Column[CostTotalView]] = [
        Column("CURRENCY", lambda total: total.currency, whole=True),
        Column("BEFORE DISCOUNTS", lambda total: total.list_cost, number=True, whole=True),
        Column("SO FAR", lambda total: total.cost, number=True, whole=True),
        Column("EXPECTED", lambda total: total.forecast, number=True, whole=True),
    ]
    lines = _line_columns(step, grouping)
    run.show(
        found,
        lambda: [
            Section(f"Costs of {found.month}", table=table_of(found.totals, totals, wide=run.wide)),
            Section("For what", table=table_of(found.value, lines, wide=run.wide)),
        ],
    )


def _line_columns(step: str, grouping: str) -> list[Column[CostLineView]]:
    columns: list[Column[CostLineView]] = []
    if step == "day":
        columns.append(Column("DAY", lambda line: f"{line.began_at:%Y-%m-%d}" if line.began_at else "", whole=True))
    if grouping == "resource":
        columns.append(Column("RESOURCE", lambda line: line.resource_name))
    if grouping == "tag":
        columns.append(Column("TAG", lambda line: line.tag))
    columns.append(Column("WHAT", lambda line: line.title))
    columns.append(Column("KIND", lambda line: line.kind, wide=True))
    if grouping == "meter":
        columns.append(Column("STATE", lambda line: line.state))
    amounts: list[Column[CostLineView]] = [
        Column("QUANTITY", lambda line: line.quantity, number=True),
        Column("UNIT", lambda line: line.unit),
        Column("COST", lambda line: line.cost, number=True, whole=True),
    ]
    columns += amounts
    if step == "total":
        columns.append(Column("EXPECTED", lambda line: line.forecast, number=True, whole=True))
    columns.append(Column("CURRENCY", lambda line: line.currency, whole=True))
    return columns


@group.command("rates")
def list_rates(run: Invocation, chosen: InSubscription) -> None:
    """List what meters cost a subscription now."""
    columns: list[Column[CurrentRateView]] = [
        Column("WHAT", lambda rate: rate.title),
        Column("STATE", lambda rate: rate.state or "any"),
        Column("PRICE", lambda rate: tiers_text(rate.tiers)),
        Column("CURRENCY", lambda rate: rate.currency, whole=True),
        Column("FOR EACH", lambda rate: rate.unit, whole=True),
        Column("METER", lambda rate: rate.meter, wide=True),
    ]
    run.show_items(list(run.subscription(chosen).money.rates.all()), columns, "Nothing has a price.")


@group.command("overview")
def show_overview(
    run: Invocation,
    month: MonthOption = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, metavar="N", help="How many of each.")] = 10,
) -> None:
    """Show what everybody's month comes to, for administrators.

    By currency, plan, subscription and meter, as it was calculated last.
    """
    found = run.client.admin.cost_overview(month, top)
    run.show(found, lambda: _overview_sections(run, found))


def _overview_sections(run: Invocation, found: CostOverviewView) -> list[Section]:
    totals: list[Column[CurrencyCostsView]] = [
        Column("CURRENCY", lambda total: total.currency, whole=True),
        Column("USAGE", lambda total: total.usage, number=True, whole=True),
        Column("FEES", lambda total: total.fees, number=True, whole=True),
        Column("DISCOUNTS", lambda total: total.discounts, number=True, whole=True),
        Column("SO FAR", lambda total: total.cost, number=True, whole=True),
        Column("EXPECTED", lambda total: total.forecast, number=True, whole=True),
        Column("MONTH BEFORE", lambda total: total.last_month, number=True, whole=True),
        Column("CREDITS LEFT", lambda total: total.credits_left, number=True, wide=True),
        Column("BILLED", lambda total: total.billed, number=True, wide=True),
    ]
    facts: list[Fact] = [
        ("Month", found.month),
        ("As of", f"{found.as_of:%Y-%m-%d %H:%M} UTC" if found.as_of is not None else "not calculated yet"),
        ("Closed", f"{found.closed_at:%Y-%m-%d %H:%M} UTC" if found.closed_at is not None else "no"),
        ("Subscriptions", found.subscriptions),
    ]
    shares = (("Plans", found.plans), ("Subscriptions", found.top_subscriptions), ("Meters", found.meters))
    return [
        Section(None, facts),
        Section("In all", table=table_of(found.totals, totals, wide=run.wide)),
        *(Section(title, table=table_of(of_it, _share_columns(), wide=run.wide)) for title, of_it in shares),
    ]


def _share_columns() -> list[Column[CostShareView]]:
    return [
        Column("NAME", _share_name),
        Column("SO FAR", lambda share: share.cost, number=True, whole=True),
        Column("EXPECTED", lambda share: share.forecast, number=True, whole=True),
        Column("MONTH BEFORE", lambda share: share.last_month, number=True, whole=True),
        Column("CURRENCY", lambda share: share.currency, whole=True),
        Column("ID", lambda share: share.id, wide=True),
    ]


def _share_name(share: CostShareView) -> str:
    if share.kind == "discount":
        return "Discounts of an amount"
    return f"{share.name}, fee" if share.kind == "fee" else share.name


def tiers_text(tiers: list[TierView]) -> str:
    """Write graduated prices on one line."""
    if not tiers:
        return "free"
    parts = [f"{tier.price} up to {tier.up_to}" for tier in tiers[:-1]]
    return ", ".join([*parts, f"{tiers[-1].price} above" if parts else tiers[-1].price])
