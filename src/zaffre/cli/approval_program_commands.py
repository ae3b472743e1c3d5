"""`zaffre approval-program`: programs that decide on changes."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text, title_text
from zaffre.client import (
    ApprovalAskView,
    ApprovalProgramChangeBody,
    ApprovalProgramView,
    NewApprovalProgramBody,
    WhenSilent,
)

group = CommandGroup(help="Programs that decide on changes which need an approval.")
app = group.app

ProgramArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROGRAM",
        help="Name or id of an approval program.",
        autocompletion=names_of(lambda run: run.client.admin.approval_programs),
    ),
]
CertificatesOption = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Certificates that vouch for it, in PEM; else those this system trusts."),
]


@group.command("list")
def list_programs(run: Invocation, wishes: ListWishes) -> None:
    """List the programs."""
    columns: list[Column[ApprovalProgramView]] = [
        NAME,
        Column("STATE", lambda program: styled_state(_state(program)), whole=True),
        Column("WHEN SILENT", lambda program: title_text(program.when_silent)),
        Column("TIME", lambda program: f"{program.timeout_s} s", number=True, whole=True),
        Column("URL", lambda program: program.url),
        age_column(run),
        id_column(run),
    ]
    none = "No program decides on changes. Name one with: zaffre approval-program create NAME URL --when-silent …"
    run.show_list(run.client.admin.approval_programs, wishes, columns, none)


@group.command("show")
def show_program(run: Invocation, program: ProgramArgument) -> None:
    """Show a program."""
    found = run.find(run.client.admin.approval_programs, program)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_program(
    run: Invocation,
    name: NewNameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it is asked: https://…")],
    *,
    when_silent: Annotated[
        WhenSilent, typer.Option("--when-silent", help="What happens with a change when it does not answer.")
    ],
    timeout_s: Annotated[
        int, typer.Option("--timeout", min=1, max=10, metavar="SECONDS", help="How long it has for an answer.")
    ] = 5,
    certificates: CertificatesOption = None,
) -> None:
    """Name a program that rules can refer to. The signing secret is printed this once."""
    pem = certificates.read_text() if certificates is not None else None
    body = NewApprovalProgramBody(name=name, url=url, when_silent=when_silent, timeout_s=timeout_s, ca_certificates=pem)
    made = run.client.admin.approval_programs.create(body)
    run.report_once(made, made.secret, f"Approval program {name} is made. Keep its secret safe: it is not shown again.")


@group.command("change")
def change_program(
    run: Invocation,
    program: ProgramArgument,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Another address.")] = None,
    when_silent: Annotated[
        WhenSilent | None, typer.Option("--when-silent", help="What happens when it does not answer.")
    ] = None,
    timeout_s: Annotated[
        int | None, typer.Option("--timeout", min=1, max=10, metavar="SECONDS", help="How long it has.")
    ] = None,
    certificates: CertificatesOption = None,
) -> None:
    """Change a program; it counts for the next question."""
    pem = certificates.read_text() if certificates is not None else None
    given = {"name": name, "url": url, "when_silent": when_silent, "timeout_s": timeout_s, "ca_certificates": pem}
    wanted = {key: value for key, value in given.items() if value is not None}
    if not wanted:
        raise UsageProblem("Nothing is to change.", "Say what with --url, --when-silent, --timeout and the like.")
    programs = run.client.admin.approval_programs
    body = ApprovalProgramChangeBody.model_validate(wanted)
    changed = programs.change(run.id_in(programs, program), body)
    run.report(changed, f"Approval program {changed.name} is changed.")


@group.command("delete")
def delete_program(run: Invocation, confirmation: Confirmation, program: ProgramArgument) -> None:
    """Forget a program that no rule refers to. What waits for it is left to people."""
    programs = run.client.admin.approval_programs
    found = run.find(programs, program)
    run.confirm(confirmation, f"Delete the approval program {found.name}?")
    programs.delete(found.id)
    run.report(found, f"Approval program {found.name} is deleted.")


@group.command("rotate-secret")
def rotate_secret(
    run: Invocation,
    program: ProgramArgument,
    overlap_hours: Annotated[
        int, typer.Option("--overlap", min=0, max=168, metavar="HOURS", help="How long the present one signs as well.")
    ] = 24,
) -> None:
    """Have another secret sign. It is printed this once."""
    programs = run.client.admin.approval_programs
    made = programs.rotate_secret(run.id_in(programs, program), overlap_hours)
    run.report_once(
        made, made.secret, f"Approval program {made.name} has another secret. Keep it safe: it is not shown again."
    )


@group.command("test")
def test_program(run: Invocation, program: ProgramArgument) -> None:
    """Ask a program as a trial. Nothing is changed."""
    programs = run.client.admin.approval_programs
    tried = programs.test(run.id_in(programs, program))
    said = f" It said: {tried.reason}" if tried.reason else ""
    answer = f"status {tried.status}" if tried.status is not None else str(tried.error)
    run.report(tried, f"The trial is {tried.outcome} ({answer}, {tried.duration_ms} ms).{said}")


@group.command("asks")
def list_asks(run: Invocation, wishes: ListWishes, program: ProgramArgument) -> None:
    """List what a program was asked of late, newest first."""
    programs = run.client.admin.approval_programs
    columns: list[Column[ApprovalAskView]] = [
        Column("OUTCOME", lambda ask: styled_state(ask.outcome), whole=True),
        Column("ANSWER", lambda ask: str(ask.status) if ask.status is not None else ask.error, whole=True),
        Column("MS", lambda ask: ask.duration_ms, number=True, whole=True),
        Column("WHY", lambda ask: title_text(ask.trigger), whole=True),
        Column("SAID", lambda ask: ask.reason),
        Column("REQUEST", lambda ask: run.names.id(ask.request_id) if ask.request_id else None, wide=True),
        age_column(run),
    ]
    run.show_list(programs.asks(run.id_in(programs, program)), wishes, columns, "It was not asked yet.")


def _state(program: ApprovalProgramView) -> str:
    if program.last_asked_at is None:
        return "not asked"
    return "silent" if program.silent_since is not None else "answering"


def _sections(run: Invocation, found: ApprovalProgramView) -> list[Section]:
    def told(instant: datetime | None) -> str | None:
        return instant_text(instant, run.terminal.now) if instant is not None else None

    facts = [
        ("Name", found.name),
        ("State", _state(found)),
        ("URL", found.url),
        ("When silent", title_text(found.when_silent)),
        ("Time to answer", f"{found.timeout_s} s"),
        ("Own certificates", "given" if found.ca_certificates else None),
        ("Last asked", told(found.last_asked_at)),
        ("Last answer", told(found.last_answered_at)),
        ("Silent since", told(found.silent_since)),
        ("Old secret until", told(found.previous_secret_until)),
        created(run, found),
        ("Id", found.id),
    ]
    return [Section(None, facts)]
