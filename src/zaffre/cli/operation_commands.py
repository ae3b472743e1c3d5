"""`zaffre operation`: work under way and done."""

from datetime import datetime
from typing import Any

from rich.text import Text

from zaffre.cli.arguments import OperationArgument
from zaffre.cli.columns import STATE, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes, Waiting
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import AT_REST, BAD, GOOD, styled_state
from zaffre.cli.tables import Column, table_of
from zaffre.cli.waiting import watched
from zaffre.cli.words import deed_text, instant_text, title_text
from zaffre.client import OperationView
from zaffre.client.waiting import ENDED

group = CommandGroup(help="Operations: work under way and done.")
app = group.app


@group.command("list")
def list_operations(run: Invocation, wishes: ListWishes) -> None:
    """List operations, newest first; administrators see everybody's."""
    columns: list[Column[OperationView]] = [
        Column("OPERATION", lambda operation: deed_text(operation.kind)),
        Column("NAME", lambda operation: operation.resource_name),
        STATE,
        Column("NOW", lambda operation: "" if operation.state in ENDED else operation.sentence),
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.operations, wishes, columns, "There are no operations.")


@group.command("show")
def show_operation(run: Invocation, operation: OperationArgument) -> None:
    """Show an operation: how far it is, its steps, and why it failed."""
    found = run.client.operations.get(run.id_in(run.client.operations, operation))
    run.show(found, lambda: _sections(run, found))


@group.command("wait")
def wait_for_operation(run: Invocation, waiting: Waiting, operation: OperationArgument) -> None:
    """Wait until an operation has ended, showing its progress."""
    operation_id = run.id_in(run.client.operations, operation)
    found = watched(
        run.terminal,
        operation_id,
        lambda report: run.client.operations.wait(operation_id, waiting.timeout_s, on_progress=report),
    )
    run.report(found, f"{_title(found)} has {found.state}.")


@group.command("cancel")
def cancel_operation(run: Invocation, confirmation: Confirmation, operation: OperationArgument) -> None:
    """Ask for an operation to be cancelled: what it has done is undone."""
    found = run.find(run.client.operations, operation)
    run.confirm(confirmation, f"Cancel {_title(found)}?", ["what it has done so far is undone"])
    cancelled = run.client.operations.cancel(found.id)
    run.report(cancelled, f"{_title(found)} is asked to stop. Watch it: zaffre operation wait {found.id}")


@group.command("retry")
def retry_operation(run: Invocation, operation: OperationArgument) -> None:
    """Let a stuck operation finish undoing, now that its cause is gone. For administrators."""
    operations = run.client.admin.operations
    found = operations.retry(run.id_in(operations, operation))
    run.report(found, f"{_title(found)} is tried again. Watch it: zaffre operation wait {found.id}")


def _title(operation: OperationView) -> str:
    return f"{title_text(deed_text(operation.kind))} {operation.resource_name or operation.resource_id}"


def _sections(run: Invocation, operation: OperationView) -> list[Section]:
    now = run.terminal.now
    general: list[Fact] = [
        ("Operation", title_text(deed_text(operation.kind))),
        ("Name", operation.resource_name),
        ("State", styled_state(operation.state)),
        ("Progress", f"{operation.progress_percent} %, {operation.sentence}"),
        ("Created", instant_text(operation.created_at, now)),
        ("Started", instant_text(operation.started_at, now)),
        ("Finished", instant_text(operation.finished_at, now)),
        ("Resource id", operation.resource_id),
        ("Id", operation.id),
    ]
    sections = [Section(None, general)]
    if operation.problem is not None:
        problem = operation.problem
        facts = [
            ("What", problem.title),
            ("Detail", problem.detail),
            ("Remedy", problem.remedy),
            ("Code", problem.code),
        ]
        sections.append(Section("Why", facts))
    if operation.steps:
        sections.append(Section("Steps", table=table_of(operation.steps, STEP_COLUMNS, wide=run.wide)))
    return sections


def _step_result(step: dict[str, Any]) -> Text:
    result = str(step.get("result", ""))
    if step.get("direction") != "undo":
        return Text(result, style={"done": GOOD, "failed": BAD}.get(result, AT_REST))
    return Text("undone", style=AT_REST) if result == "done" else Text(f"undoing {result}", style=BAD)


def _step_time(step: dict[str, Any]) -> str:
    try:
        took = datetime.fromisoformat(step["finished_at"]) - datetime.fromisoformat(step["started_at"])
    except (KeyError, TypeError, ValueError):
        return ""
    return f"{took.total_seconds():.2f} s"


STEP_COLUMNS: list[Column[dict[str, Any]]] = [
    Column("STEP", lambda step: str(step.get("name", ""))),
    Column("RESULT", _step_result, whole=True),
    Column("TOOK", _step_time, number=True),
]
