"""`zaffre overview`."""

from collections.abc import Callable

from rich.text import Text

from zaffre.cli.commands import single
from zaffre.cli.invocation import Invocation
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import BAD, UNDER_WAY, styled_state
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import age, mib_text, state_text, yes_no
from zaffre.client import FoundProblemView, OverviewView, RoomView

_STYLES = {"critical": BAD, "warning": UNDER_WAY}


def _overview(run: Invocation) -> None:
    """Show how the site is, and what needs a human.

    With -o json everything there is to say of each problem, the remedy too.
    """
    seen = run.client.admin.overview()
    run.show(seen, lambda: _sections(run, seen))


overview = single(_overview)


def _sections(run: Invocation, seen: OverviewView) -> list[Section]:
    hosts, work = seen.hosts, seen.operations
    general: list[Fact] = [
        ("Hosts", f"{hosts.enabled} enabled, {hosts.disabled} disabled, {hosts.unreachable} unreachable"),
        ("Virtual machines", ", ".join(f"{n} {state_text(s)}" for s, n in seen.virtual_machines.items()) or "none"),
        ("Operations", f"{work.running} running, {work.queued} queued, {work.failed_24h} failed within a day"),
        ("vCPUs", _room(seen.capacity.vcpus, str)),
        ("Memory", _room(seen.capacity.memory_mib, mib_text)),
        ("Storage", _room(seen.capacity.storage_gib, lambda gib: f"{gib} GiB")),
    ]
    providers: list[Fact] = [
        (each.title, Text.assemble(styled_state(yes_no(each.healthy)), f", {each.sentence}")) for each in seen.providers
    ]
    problems = table_of(seen.problems, _problem_columns(run), wide=run.wide)
    return [
        Section(None, general),
        Section("Providers healthy", providers),
        Section("Needs a human", table=problems, otherwise="nothing"),
    ]


def _room(room: RoomView, shown: Callable[[int], str]) -> str:
    used = f", {shown(room.used)} used" if room.used is not None else ""
    return f"{shown(room.reserved)} of {shown(room.total)} reserved{used}"


def _problem_columns(run: Invocation) -> list[Column[FoundProblemView]]:
    return [
        Column("SEVERITY", lambda each: Text(each.severity, style=_STYLES.get(each.severity, "")), whole=True),
        Column("SINCE", lambda each: age(each.since, run.terminal.now) if each.since else None, whole=True),
        Column("WHAT", lambda each: each.detail),
        Column("REMEDY", lambda each: each.remedy),
        Column("CODE", lambda each: each.code, wide=True),
    ]
