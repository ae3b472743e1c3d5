"""`zaffre discount`: less than the price, for a time."""

from datetime import datetime
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument, in_utc
from zaffre.cli.columns import NAME, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.client import DiscountScope, DiscountView, NewDiscountBody

group = CommandGroup(help="Discounts on prices.")
app = group.app

DiscountArgument = Annotated[str, typer.Argument(metavar="DISCOUNT", help="Name or id of a discount.")]


@group.command("list")
def list_discounts(run: Invocation, wishes: ListWishes) -> None:
    """List the discounts, past ones too."""
    columns: list[Column[DiscountView]] = [
        NAME,
        Column("OFF", _off),
        Column("OF", lambda each: each.scope),
        Column("FROM", lambda each: f"{each.begins_at:%Y-%m-%d %H:%M}", whole=True),
        Column("TO", lambda each: f"{each.ends_at:%Y-%m-%d %H:%M}" if each.ends_at else "", whole=True),
        Column("SCOPE ID", lambda each: each.scope_id, wide=True),
        id_column(run),
    ]
    run.show_list(run.client.admin.discounts, wishes, columns, "No discounts were given.")


@group.command("create")
def create_discount(
    run: Invocation,
    name: NewNameArgument,
    off: Annotated[str, typer.Option("--off", metavar="AMOUNT", help="As in 10%, or '5 EUR' a month.")],
    plan: Annotated[str | None, typer.Option("--plan", metavar="PLAN", help="For a plan's subscribers.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="EMAIL", help="For an account.")] = None,
    subscription: Annotated[
        str | None, typer.Option("--for", metavar="SUBSCRIPTION", help="For a subscription.")
    ] = None,
    begin: Annotated[datetime | None, typer.Option("--from", metavar="TIME", help="A full hour; this one.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", metavar="TIME", help="A full hour; never.")] = None,
) -> None:
    """Give a discount for a time.

    It is for a plan's subscribers, an account or a subscription.
    """
    admin = run.client.admin
    scopes = {
        DiscountScope.PLAN: run.id_in(admin.plans, plan) if plan is not None else None,
        DiscountScope.ACCOUNT: run.id_in(admin.accounts, account) if account is not None else None,
        DiscountScope.SUBSCRIPTION: run.id_in(run.client.subscriptions, subscription)
        if subscription is not None
        else None,
    }
    chosen = [(scope, id_) for scope, id_ in scopes.items() if id_ is not None]
    if len(chosen) != 1:
        raise UsageProblem("Whose price is it to be?", "Give one of --plan, --account and --for.")
    percent, amount, currency = off_of(off)
    body = NewDiscountBody(
        name=name,
        scope=chosen[0][0],
        scope_id=chosen[0][1],
        percent=percent,
        amount=amount,
        currency=currency,
        begins_at=in_utc(begin),
        ends_at=in_utc(end),
    )
    run.report(admin.discounts.create(body), f"Discount {name} is given.")


@group.command("end")
def end_discount(
    run: Invocation,
    discount: DiscountArgument,
    end: Annotated[datetime | None, typer.Option("--at", metavar="TIME", help="A full hour; the next one.")] = None,
) -> None:
    """Have a discount end."""
    discounts = run.client.admin.discounts
    found = discounts.end(run.id_in(discounts, discount), in_utc(end))
    run.report(found, f"Discount {found.name} ends at {found.ends_at:%Y-%m-%d %H:%M} UTC.")


def off_of(written: str) -> tuple[str | None, str | None, str | None]:
    """Read what a discount takes off: `10%` or `5 EUR`; returns percentage, amount and currency.

    Raises:
        UsageProblem: it is not written so.
    """
    if written.endswith("%"):
        return written.removesuffix("%").strip(), None, None
    parts = written.split()
    if len(parts) != 2:
        raise UsageProblem(f"{written!r} cannot be read.", "Write it as 10%, or as '5 EUR'.")
    return None, parts[0], parts[1]


def _off(discount: DiscountView) -> str:
    return f"{discount.percent} %" if discount.percent is not None else f"{discount.amount} {discount.currency}"
