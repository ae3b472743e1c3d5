"""`zaffre audit`: who did what, and the proof that nothing of it was altered."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from zaffre.cli.commands import CommandGroup
from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, ListWishes, OutputFormat
from zaffre.cli.printing import print_fields
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import BAD, GOOD
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import instant_text, state_text, title_text
from zaffre.client import AuditRecordView, ExportFormat, Listing, Query
from zaffre.foundation.audit.chain import ChainEnd, ChainFault, ChainWalk

group = CommandGroup(help="Who did what, and the proof that nothing of it was altered.")
app = group.app

Mine = Annotated[bool, typer.Option("--mine", help="What was done with your own account.")]
Filter = Annotated[
    str | None,
    typer.Option("--filter", metavar="EXPRESSION", help="Only those for which it holds.", show_default=False),
]
Search = Annotated[
    str | None, typer.Option("--search", metavar="WORDS", help="Only those with all the words.", show_default=False)
]
Partial = Annotated[bool, typer.Option("--partial", help="The export was made with a filter: gaps are no fault.")]


@group.command("list")
def list_records(run: Invocation, wishes: ListWishes, chosen: InSubscription, *, mine: Mine = False) -> None:
    """List what was done, the latest first.

    Administrators see the whole site, tenants what concerns their subscription or, with --mine, their account.
    """
    columns: list[Column[AuditRecordView]] = [
        Column("WHEN", lambda record: f"{record.occurred_at.astimezone():%Y-%m-%d %H:%M:%S}", whole=True),
        Column("WHAT", lambda record: state_text(record.action), whole=True),
        Column("NAME", lambda record: record.resource_name or run.names.id(record.resource_id)),
        Column("BY", _who),
        Column("FROM", lambda record: record.address, wide=True),
        Column("CHANGED", lambda record: Text(", ".join(_changed(record)), style="dim")),
        Column("ID", lambda record: run.names.id(record.id), whole=True),
    ]
    run.show_list(_records(run, chosen, mine=mine), wishes, columns, "Nothing was done yet.")


@group.command("show")
def show_record(
    run: Invocation,
    chosen: InSubscription,
    record: Annotated[str, typer.Argument(metavar="RECORD", help="Id of a record; the end that lists show will do.")],
    *,
    mine: Mine = False,
) -> None:
    """Show what was done: by whom, from where, before and after."""
    found = run.find(_records(run, chosen, mine=mine), record)
    run.show(found, lambda: _sections(run, found))


@group.command("head")
def show_head(run: Invocation) -> None:
    """Show where the chain ends. Note it elsewhere: it proves later that no end was cut off. For administrators."""
    head = run.client.admin.audit.head()
    facts: list[Fact] = [
        ("Head", f"{head.sequence}:{head.hash}"),
        ("Anchor", f"{head.anchor_sequence}:{head.anchor_hash}" if head.anchor_sequence else "none: nothing was cut"),
        ("Not yet sealed", head.unsealed),
    ]
    run.show(head, lambda: [Section(None, facts)])


@group.command("export")
def export_records(
    run: Invocation,
    *,
    form: Annotated[ExportFormat, typer.Option("--format", help="For programs, or for spreadsheets.")] = (
        ExportFormat.NDJSON
    ),
    filter_: Filter = None,
    search: Search = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it there, and not to standard output.")
    ] = None,
) -> None:
    """Export the trail, in the order of the chain. Without a filter it can be verified anywhere. For administrators."""
    with run.client.admin.audit.export(form, Query(filter_, None, search)) as lines:
        if to is None:
            for line in lines:
                sys.stdout.write(f"{line}\n")
            return
        count = 0
        with to.open("w", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(f"{line}\n")
                count += 1
    run.terminal.done(f"{count} lines are in {to}.")


@group.command("verify")
def verify_trail(
    run: Invocation,
    *,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="NUMBER:HASH", help="What `zaffre audit head` once said.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Verify an export, without any site.")
    ] = None,
    partial: Partial = False,
) -> None:
    """Verify that nothing in the trail was altered, taken out or put in. Ends with 1 if it was. For administrators."""
    known = _end(head) if head is not None else None
    found = _verified_site(run, known) if file is None else _verified_file(file, known, partial=partial)
    if run.output is not OutputFormat.TABLE:
        print_fields(found, run.output)
    else:
        for fault in found["faults"]:
            run.terminal.print(Text.assemble((f"{fault['kind']:<8} ", BAD), fault["detail"]))
    if found["fault_count"]:
        run.terminal.note(Text(f"The audit trail is damaged: {found['fault_count']} faults in {_extent(found)}.", BAD))
        raise typer.Exit(ExitCode.REFUSED)
    run.terminal.note(Text(f"The audit trail is whole: {_extent(found)}. Head {found['head']}", GOOD))


def _records(run: Invocation, chosen: InSubscription, *, mine: bool) -> Listing[AuditRecordView]:
    if mine:
        return run.client.account.audit_records
    if run.is_admin and chosen.subscription is None:
        return run.client.admin.audit
    return run.subscription(chosen).audit_records


def _who(record: AuditRecordView) -> str:
    if record.actor_kind == "operator":
        return "the provider"
    who = record.asked_by_email or record.actor_id or record.actor_kind
    return f"{who} for {record.acting_for_email}" if record.acting_for_email else who


def _changed(record: AuditRecordView) -> list[str]:
    return sorted({*(record.before or {}), *(record.after or {})})


def _sections(run: Invocation, record: AuditRecordView) -> list[Section]:
    token = f"API token {record.credential_name}" if record.credential_name else record.credential
    facts: list[Fact] = [
        ("What", title_text(record.action)),
        ("Resource", f"{state_text(record.resource_type)} {record.resource_name or ''}".rstrip()),
        ("Resource id", record.resource_id),
        ("When", instant_text(record.occurred_at, run.terminal.now)),
        ("By", _who(record)),
        ("From", record.address),
        ("With", record.user_agent),
        ("Credential", token),
        ("Face", record.face),
        ("Request", record.request_id),
        ("Operation", record.operation_id),
        ("In the chain", f"{record.sequence}:{record.hash}" if record.hash else None),
        ("Id", record.id),
    ]
    sections = [Section(None, [fact for fact in facts if fact[1]])]
    rows = [(name, (record.before or {}).get(name), (record.after or {}).get(name)) for name in _changed(record)]
    if rows:
        sections.append(Section("Changes", table=table_of(rows, CHANGE_COLUMNS, wide=run.wide)))
    if record.detail:
        sections.append(Section("Detail", [(title_text(name), _value(value)) for name, value in record.detail.items()]))
    return sections


def _value(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


CHANGE_COLUMNS: list[Column[tuple[str, Any, Any]]] = [
    Column("FIELD", lambda row: state_text(row[0]), whole=True),
    Column("BEFORE", lambda row: _value(row[1])),
    Column("AFTER", lambda row: _value(row[2])),
]


def _end(text: str) -> ChainEnd:
    sequence, _, digest = text.partition(":")
    if not (sequence.isdecimal() and sequence.isascii() and len(sequence) < 19 and len(digest) == 64):
        raise UsageProblem(f"{text[:90]!r} is not the head of a chain.", "Write it as `zaffre audit head` said it.")
    return ChainEnd(int(sequence), digest)


def _verified_site(run: Invocation, known: ChainEnd | None) -> dict[str, Any]:
    last: dict[str, Any] = {}
    noted = (known.sequence, known.hash) if known is not None else None
    for progress in run.client.admin.audit.verify(noted):
        last = progress.model_dump(mode="json")
        if run.terminal.lively and not progress.done:
            run.terminal.note(f"{progress.checked} of about {progress.up_to} records", "dim")
    if not last.get("done"):
        raise UsageProblem("The server broke off the verification.", "Try again.")
    return {**last, "head": f"{last['head_sequence']}:{last['head_hash']}"}


def _verified_file(file: Path, known: ChainEnd | None, *, partial: bool) -> dict[str, Any]:
    """Verify an export. It begins where it begins; a record that is known must be in it as it was."""
    walk, found_hash = ChainWalk(None, gaps_allowed=partial), None
    for content in _contents(file):
        walk.follow([content])
        if known is not None and walk.end is not None and walk.end.sequence == known.sequence:
            found_hash = walk.end.hash
    if known is not None:
        walk.expect(known, found_hash)
    return {
        "checked": walk.checked,
        "fault_count": walk.fault_count,
        "faults": [_fault(fault) for fault in walk.faults],
        "head": str(walk.end or ChainEnd()),
    }


def _contents(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _content(line, f"Line {number} of {file}")
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.", "Name the file of an export.") from None


def _content(line: str, place: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
        int(content["sequence"])
        str(content["hash"] + content["previous_hash"])
    except (ValueError, KeyError, TypeError):
        raise UsageProblem(f"{place} is not a record of an export.", "Export with --format ndjson.") from None
    return content


def _fault(fault: ChainFault) -> dict[str, Any]:
    return {"kind": fault.kind.value, "sequence": fault.sequence, "detail": fault.detail}


def _extent(found: dict[str, Any]) -> str:
    return "1 record" if found["checked"] == 1 else f"{found['checked']} records"
