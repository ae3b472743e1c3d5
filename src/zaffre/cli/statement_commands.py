"""`zaffre statement`: what months came to."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.cost_commands import MonthOption
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, ListWishes, Waiting
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column, table_of
from zaffre.client import StatementLineView, StatementRunView, StatementSummaryView, StatementView
from zaffre.client.resources.money import Statements

group = CommandGroup(help="What months came to.")
app = group.app

EverybodyOption = Annotated[bool, typer.Option("--everybody", help="Of all subscriptions, as an administrator.")]
MineOption = Annotated[
    bool, typer.Option("--mine", help="Of all subscriptions that your account had, those that have ended too.")
]
StatementArgument = Annotated[str, typer.Argument(metavar="STATEMENT", help="Number or id of a statement.")]

_COLUMNS: list[Column[StatementSummaryView]] = [
    Column("NUMBER", lambda each: each.number, whole=True),
    Column("MONTH", lambda each: each.month, whole=True),
    Column("SUBSCRIPTION", lambda each: each.subscription_name),
    Column("ACCOUNT", lambda each: each.account_email),
    Column("TOTAL", lambda each: each.total, number=True, whole=True),
    Column("CURRENCY", lambda each: each.currency, whole=True),
    Column("ID", lambda each: each.id, wide=True),
]
_LINES: list[Column[StatementLineView]] = [
    Column("WHAT", lambda line: line.title),
    Column("KIND", lambda line: line.kind),
    Column("STATE", lambda line: line.state, wide=True),
    Column("MONTH", lambda line: line.month, whole=True),
    Column("QUANTITY", lambda line: line.quantity, number=True),
    Column("UNIT", lambda line: line.unit),
    Column("UNIT PRICE", lambda line: line.unit_price, number=True),
    Column("AMOUNT", lambda line: line.amount, number=True, whole=True),
]


def _statements(run: Invocation, chosen: InSubscription, *, everybody: bool, mine: bool) -> Statements:
    if everybody and mine:
        raise UsageProblem("Everybody's statements are not yours.", "Choose one of --everybody and --mine.")
    if mine:
        return run.client.statements
    return run.client.admin.statements if everybody else run.subscription(chosen).money.statements


@group.command("list")
def list_statements(
    run: Invocation,
    chosen: InSubscription,
    wishes: ListWishes,
    *,
    everybody: EverybodyOption = False,
    mine: MineOption = False,
) -> None:
    """List closed statements, the latest first."""
    run.show_list(
        _statements(run, chosen, everybody=everybody, mine=mine), wishes, _COLUMNS, "No month was closed yet."
    )


@group.command("show")
def show_statement(
    run: Invocation,
    chosen: InSubscription,
    statement: StatementArgument,
    *,
    everybody: EverybodyOption = False,
    mine: MineOption = False,
) -> None:
    """Show a closed statement."""
    found = _statements(run, chosen, everybody=everybody, mine=mine).numbered(statement)
    run.show(found, lambda: _sections(run, found))


@group.command("draft")
def show_draft(run: Invocation, chosen: InSubscription, month: MonthOption = None) -> None:
    """Show what a month comes to as of now."""
    found = run.subscription(chosen).money.draft_statements(month)
    for each in found:
        run.show(each, partial(_sections, run, each))
    if not found:
        run.terminal.note("Nothing is due so far.")


@group.command("pdf")
def save_pdf(
    run: Invocation,
    chosen: InSubscription,
    statement: StatementArgument,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="Where to write it.")],
    *,
    everybody: EverybodyOption = False,
    mine: MineOption = False,
) -> None:
    """Save a closed statement as a PDF."""
    statements = _statements(run, chosen, everybody=everybody, mine=mine)
    found = statements.numbered(statement)
    file.write_bytes(statements.pdf(str(found.id)))
    run.report(found, f"Statement {found.number} is in {file}.")


@group.command("runs")
def list_runs(run: Invocation, wishes: ListWishes) -> None:
    """List the months that were closed."""
    columns: list[Column[StatementRunView]] = [
        Column("MONTH", lambda each: each.month, whole=True),
        Column("BEGUN", lambda each: f"{each.began_at:%Y-%m-%d %H:%M}", whole=True),
        Column("CLOSED", lambda each: f"{each.closed_at:%Y-%m-%d %H:%M}" if each.closed_at else "not yet", whole=True),
    ]
    run.show_list(run.client.admin.statement_runs, wishes, columns, "No month was closed yet.")


@group.command("close")
def close_month(
    run: Invocation, waiting: Waiting, month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="Which month.")]
) -> None:
    """Close a month now instead of after the grace."""
    accepted = run.client.admin.statement_runs.close(month)
    run.finish(accepted, waiting, lambda _: f"{month} is closed.")


def _sections(run: Invocation, found: StatementView) -> list[Section]:
    facts = [
        ("Number", found.number or "(draft)"),
        ("Month", found.month),
        ("Subscription", found.subscription_name),
        ("Account", f"{found.account_name} <{found.account_email}>"),
        ("Total", f"{found.total} {found.currency}"),
    ]
    return [Section(None, facts), Section("Lines", table=table_of(found.lines, _LINES, wide=run.wide))]
