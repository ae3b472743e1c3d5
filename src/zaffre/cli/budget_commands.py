"""`zaffre budget`: what months may cost."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.discount_commands import off_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text
from zaffre.client import BudgetAlertView, BudgetChangeBody, BudgetView, NewBudgetBody, ThresholdBody, ThresholdView

group = CommandGroup(help="What months of a subscription may cost.")
app = group.app

EverybodyOption = Annotated[bool, typer.Option("--everybody", help="Of all subscriptions, as an administrator.")]
BudgetArgument = Annotated[
    str,
    typer.Argument(
        metavar="BUDGET",
        help="Name or id of a budget.",
        autocompletion=names_of(lambda run: run.subscription().budgets),
    ),
]
AmountOption = Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="A month, as in 50 or '50 EUR'.")]
AtOption = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="THRESHOLD",
        help="When to tell: 80%, 100%:forecast, 120%:suspend; may be repeated. 80% and 100% when left out.",
    ),
]
TagOption = Annotated[
    str | None, typer.Option("--tag", metavar="KEY=VALUE", help="Only what has this tag; '' for everything.")
]
TellOption = Annotated[
    list[str] | None, typer.Option("--tell", metavar="EMAIL", help="Whom to tell; may be repeated. You when left out.")
]


@group.command("list")
def list_budgets(
    run: Invocation, chosen: InSubscription, wishes: ListWishes, *, everybody: EverybodyOption = False
) -> None:
    """List budgets, and how much of each is used."""
    columns: list[Column[BudgetView]] = [
        NAME,
        Column("AMOUNT", lambda budget: budget.amount, number=True, whole=True),
        Column("SO FAR", lambda budget: budget.actual, number=True, whole=True),
        Column("%", lambda budget: budget.actual_percent, number=True, whole=True),
        Column("EXPECTED", lambda budget: budget.forecast, number=True, whole=True),
        Column("CURRENCY", lambda budget: budget.currency, whole=True),
        Column("TAG", _tag),
        Column("AT", lambda budget: ", ".join(_threshold(each) for each in budget.thresholds), wide=True),
        id_column(run),
    ]
    if everybody:
        columns.insert(1, Column("SUBSCRIPTION", lambda budget: budget.subscription_name))
    budgets = run.client.admin.budgets if everybody else run.subscription(chosen).budgets
    run.show_list(budgets, wishes, columns, "No budget is set. Set one with: zaffre budget create NAME --amount 50")


@group.command("show")
def show_budget(run: Invocation, chosen: InSubscription, budget: BudgetArgument) -> None:
    """Show a budget, and how much of it is used."""
    found = run.find(run.subscription(chosen).budgets, budget)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_budget(
    run: Invocation,
    chosen: InSubscription,
    name: NewNameArgument,
    amount: AmountOption = None,
    at: AtOption = None,
    tag: TagOption = None,
    tell: TellOption = None,
) -> None:
    """Say what a month may cost, and who is told when it comes near."""
    if amount is None:
        raise UsageProblem("A budget is an amount.", "Give it with --amount 50.")
    wanted = _amount(amount) | _tag_of(tag) | _thresholds(at)
    body = NewBudgetBody.model_validate({"name": name, "recipients": tell or None} | wanted)
    made = run.subscription(chosen).budgets.create(body)
    run.report(made, f"Budget {name} is set: {made.amount} {made.currency} a month.")


@group.command("change")
def change_budget(
    run: Invocation,
    chosen: InSubscription,
    budget: BudgetArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    amount: AmountOption = None,
    at: AtOption = None,
    tag: TagOption = None,
    tell: TellOption = None,
) -> None:
    """Change a budget. With another amount, tag or other thresholds what is reached is told again."""
    wanted: dict[str, object] = {}
    if name is not None:
        wanted["name"] = name
    if amount is not None:
        wanted["amount"] = _amount(amount)["amount"]
    if tell:
        wanted["recipients"] = tell
    wanted |= _thresholds(at) | _tag_of(tag)
    if not wanted:
        raise UsageProblem("Nothing is to change.", "Say what with --amount, --at, --tag, --tell or --name.")
    budgets = run.subscription(chosen).budgets
    changed = budgets.change(run.id_in(budgets, budget), BudgetChangeBody.model_validate(wanted))
    run.report(changed, f"Budget {changed.name} is changed.")


@group.command("delete")
def delete_budget(run: Invocation, chosen: InSubscription, confirmation: Confirmation, budget: BudgetArgument) -> None:
    """Remove a budget with what it told."""
    budgets = run.subscription(chosen).budgets
    found = run.find(budgets, budget)
    run.confirm(confirmation, f"Delete the budget {found.name}?", ["what it suspended stays suspended"])
    budgets.delete(found.id)
    run.report(found, f"Budget {found.name} is deleted.")


@group.command("alerts")
def list_alerts(run: Invocation, chosen: InSubscription, wishes: ListWishes, budget: BudgetArgument) -> None:
    """List the thresholds that were reached, the latest first."""
    budgets = run.subscription(chosen).budgets
    columns: list[Column[BudgetAlertView]] = [
        Column("WHEN", lambda alert: instant_text(alert.occurred_at, run.terminal.now), whole=True),
        Column("MONTH", lambda alert: alert.month, whole=True),
        Column("AT", lambda alert: f"{alert.percent}%", number=True, whole=True),
        Column("OF", lambda alert: alert.basis),
        Column("COST", lambda alert: alert.cost, number=True, whole=True),
        Column("AMOUNT", lambda alert: alert.amount, number=True, whole=True),
        Column("CURRENCY", lambda alert: alert.currency, whole=True),
        Column("SUSPENDED", lambda alert: "yes" if alert.suspended else ""),
        Column("TOLD", lambda alert: ", ".join(alert.told), wide=True),
    ]
    alerts = budgets.alerts(run.id_in(budgets, budget))
    run.show_list(alerts, wishes, columns, "No threshold was reached yet.")


def _amount(written: str) -> dict[str, object]:
    if " " not in written.strip():
        return {"amount": written.strip()}
    percent, amount, currency = off_of(written)
    if percent is not None:
        raise UsageProblem(f"{written!r} is no amount.", "Write it as 50, or as '50 EUR'.")
    return {"amount": amount, "currency": currency}


def _thresholds(written: list[str] | None) -> dict[str, object]:
    """Read thresholds such as `80%`, `100%:forecast` and `120%:suspend`."""
    return {"thresholds": [_read(each) for each in written]} if written else {}


def _read(written: str) -> ThresholdBody:
    percent, _, more = written.partition(":")
    number = percent.removesuffix("%").strip()
    if not number.isdecimal() or more not in ("", "actual", "forecast", "suspend"):
        raise UsageProblem(f"{written!r} cannot be read.", "Write it as 80%, 100%:forecast or 120%:suspend.")
    wanted = {"percent": int(number), "suspend": more == "suspend"}
    return ThresholdBody.model_validate(wanted | ({"basis": "forecast"} if more == "forecast" else {}))


def _tag_of(written: str | None) -> dict[str, object]:
    if written is None:
        return {}
    key, equals, value = written.partition("=")
    if written and not (key and equals and value):
        raise UsageProblem(f"{written!r} is no tag.", "Write it as team=red.")
    return {"tag_key": key or None, "tag_value": value or None}


def _tag(budget: BudgetView) -> str:
    return f"{budget.tag_key}={budget.tag_value}" if budget.tag_key is not None else ""


def _threshold(threshold: ThresholdView) -> str:
    more = ":suspend" if threshold.suspend else ":forecast" if threshold.basis == "forecast" else ""
    return f"{threshold.percent}%{more}"


def _sections(run: Invocation, found: BudgetView) -> list[Section]:
    told = [f"{each.email}{'' if each.verified else ' (not verified: gets no mail)'}" for each in found.recipients]
    facts = [
        ("Name", found.name),
        ("Amount", f"{found.amount} {found.currency} a month"),
        ("Counts", _tag(found) or "the whole subscription"),
        ("So far", f"{found.actual} {found.currency} ({found.actual_percent} %)"),
        ("Expected", f"{found.forecast} {found.currency} ({found.forecast_percent} %)"),
        ("As of", instant_text(found.evaluated_at, run.terminal.now) if found.evaluated_at is not None else None),
        ("Tells at", ", ".join(_threshold(each) for each in found.thresholds)),
        ("Tells", ", ".join(told) or "nobody by mail"),
        ("Set by", "the provider" if found.by_provider else "its owner"),
        created(run, found),
        ("Id", found.id),
    ]
    return [Section(None, facts)]
