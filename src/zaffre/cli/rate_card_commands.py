"""`zaffre rate-card`: what usage costs."""

import re
from datetime import datetime
from typing import Annotated

import typer

from zaffre.cli.arguments import DescriptionOption, NewNameArgument, in_utc
from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.cost_commands import tiers_text
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.client import (
    NewRateBody,
    NewRateCardBody,
    RateCardUseView,
    RateCardView,
    RateView,
    TierBody,
)

group = CommandGroup(help="Rate cards: what usage costs.")
app = group.app

CardArgument = Annotated[
    str,
    typer.Argument(
        metavar="CARD",
        help="Name or id of a rate card.",
        autocompletion=names_of(lambda run: run.client.admin.rate_cards),
    ),
]
WhenOption = Annotated[
    datetime | None,
    typer.Option("--from", metavar="TIME", help="From when on: a full hour of UTC; the next one when left out."),
]
PlanOption = Annotated[
    str | None,
    typer.Option("--plan", metavar="PLAN", help="Which plan; all without a card of their own when left out."),
]
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@group.command("list")
def list_rate_cards(run: Invocation, wishes: ListWishes) -> None:
    """List the rate cards."""
    columns: list[Column[RateCardView]] = [
        NAME,
        Column("CURRENCY", lambda card: card.currency, whole=True),
        Column("DESCRIPTION", lambda card: card.description),
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.admin.rate_cards, wishes, columns, "There are no rate cards: usage costs nothing.")


@group.command("create")
def create_rate_card(
    run: Invocation,
    name: NewNameArgument,
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="As in EUR; it stays.")],
    description: DescriptionOption = "",
) -> None:
    """Begin a rate card."""
    made = run.client.admin.rate_cards.create(NewRateCardBody(name=name, description=description, currency=currency))
    run.report(made, f"Rate card {name} is made. Give it prices with: zaffre rate-card set {name} METER PRICE")


@group.command("show")
def show_rates(run: Invocation, card: CardArgument, wishes: ListWishes) -> None:
    """List a card's prices: past, present and to come."""
    cards = run.client.admin.rate_cards
    columns: list[Column[RateView]] = [
        Column("WHAT", lambda rate: rate.title),
        Column("STATE", lambda rate: rate.state or "any"),
        Column("PRICE", lambda rate: tiers_text(rate.tiers)),
        Column("FOR EACH", lambda rate: rate.unit, whole=True),
        Column("FROM", lambda rate: f"{rate.effective_from:%Y-%m-%d %H:%M}", whole=True),
        Column("METER", lambda rate: rate.meter, wide=True),
        Column("ID", lambda rate: rate.id, wide=True),
    ]
    run.show_list(cards.rates(run.id_in(cards, card)), wishes, columns, "The card has no prices.")


@group.command("set")
def set_rate(
    run: Invocation,
    card: CardArgument,
    meter: Annotated[str, typer.Argument(metavar="METER", help="As in vcpu_hours; see zaffre usage meters.")],
    price: Annotated[
        str, typer.Argument(metavar="PRICE", help="Of one unit, as 0.02; graduated as 10:0.05,100:0.04,0.03; or free.")
    ],
    state: Annotated[str, typer.Option("--state", metavar="STATE", help="Only of resources in this state.")] = "",
    begin: WhenOption = None,
) -> None:
    """Price a meter from an instant on. What was used before keeps its price."""
    cards = run.client.admin.rate_cards
    body = NewRateBody(meter=meter, state=state, tiers=tiers_of(price), effective_from=in_utc(begin))
    made = cards.rates(run.id_in(cards, card)).set(body)
    run.report(made, f"{made.title} costs {tiers_text(made.tiers)} from {made.effective_from:%Y-%m-%d %H:%M} UTC on.")


@group.command("withdraw")
def withdraw_rate(
    run: Invocation,
    card: CardArgument,
    rate: Annotated[str, typer.Argument(metavar="ID", help="Id of a price that has not taken effect.")],
) -> None:
    """Take back a price that has not taken effect."""
    cards = run.client.admin.rate_cards
    found = run.find(cards, card)
    cards.rates(found.id).withdraw(rate)
    run.report(found, "The price is taken back.")


@group.command("use")
def use_rate_card(
    run: Invocation,
    card: Annotated[str, typer.Argument(metavar="CARD", help="Name or id of a card; or none.")],
    plan: PlanOption = None,
    begin: WhenOption = None,
) -> None:
    """Have a card price a plan, or all others."""
    admin = run.client.admin
    card_id = None if card == "none" else run.id_in(admin.rate_cards, card)
    plan_id = run.id_in(admin.plans, plan) if plan is not None else None
    made = admin.rate_cards.uses.add(card_id, plan_id, in_utc(begin))
    run.report(made, f"It counts from {made.effective_from:%Y-%m-%d %H:%M} UTC on.")


@group.command("uses")
def list_uses(run: Invocation, wishes: ListWishes) -> None:
    """List which card prices which plan since when."""
    cards = run.client.admin.rate_cards
    columns: list[Column[RateCardUseView]] = [
        Column("PLAN", lambda use: run.names.plan(use.plan_id) if use.plan_id else "(all others)"),
        Column("CARD", lambda use: cards.get(use.rate_card_id).name if use.rate_card_id else "(none)"),
        Column("FROM", lambda use: f"{use.effective_from:%Y-%m-%d %H:%M}", whole=True),
        Column("ID", lambda use: use.id, wide=True),
    ]
    run.show_list(cards.uses, wishes, columns, "No card is in use: nothing is priced.")


@group.command("delete")
def delete_rate_card(run: Invocation, confirmation: Confirmation, card: CardArgument) -> None:
    """Remove a card that was never used."""
    cards = run.client.admin.rate_cards
    found = run.find(cards, card)
    run.confirm(confirmation, f"Delete the rate card {found.name}?")
    cards.delete(found.id)
    run.report(found, f"Rate card {found.name} is deleted.")


def tiers_of(written: str) -> list[TierBody]:
    """Read a price written as `0.02`, as `10:0.05,0.03` or as `free`.

    Raises:
        UsageProblem: it is not written so.
    """
    if written == "free":
        return []
    tiers: list[TierBody] = []
    for part in written.split(","):
        end, colon, price = part.strip().rpartition(":")
        if not all(_NUMBER.fullmatch(number) for number in ([end, price] if colon else [price])):
            raise UsageProblem(f"The price {written!r} cannot be read.", "Write it as 0.02, or as 10:0.05,0.03.")
        tiers.append(TierBody(up_to=end if colon else None, price=price))
    return tiers
