"""`zaffre context`: sites one works with."""

from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import complete_contexts
from zaffre.cli.contexts import Context, effective
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import OutputFormat
from zaffre.cli.printing import print_fields
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section, sheet_of
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import state_text

group = CommandGroup(help="Sites you work with, each with its sign-in and its current subscription.")
app = group.app

_ARGUMENT = typer.Argument(
    metavar="CONTEXT", help="Name of a context.", autocompletion=complete_contexts, show_default=False
)
ContextArgument = Annotated[str, _ARGUMENT]
AnyContextArgument = Annotated[str | None, _ARGUMENT]


@group.command("list")
def list_contexts(run: Invocation) -> None:
    """List the contexts. The current one is marked."""
    kept = run.file.read()
    contexts = list(kept.by_name.values())
    if run.output is not OutputFormat.TABLE:
        print_fields([_fields(context, context.name == kept.current) for context in contexts], run.output)
        return
    if not contexts:
        run.terminal.note("There are no contexts yet. Sign in with: zaffre login --url https://cloud.example:30006")
        return
    columns: list[Column[Context]] = [
        Column("", lambda context: "*" if context.name == kept.current else " "),
        Column("NAME", lambda context: context.name),
        Column("SITE", lambda context: context.url or context.admin_url),
        Column("ACCOUNT", lambda context: context.email if context.signed_in else "not signed in"),
        Column("SUBSCRIPTION", lambda context: context.subscription_name),
        Column("ADMIN API", lambda context: context.admin_url, wide=True),
    ]
    run.terminal.show(table_of(contexts, columns, wide=run.wide), cut=not run.wide)


@group.command("use")
def use_context(run: Invocation, name: ContextArgument) -> None:
    """Make a context the current one."""
    context = _context(run, name)
    run.file.use(name)
    run.terminal.done(f"Now working with {context.url or context.admin_url} as {context.email or 'nobody'}.")


@group.command("show")
def show_context(run: Invocation, name: AnyContextArgument = None) -> None:
    """Show a context: the one in use, or another. Environment variables count."""
    kept = run.file.read()
    context = run.context if name is None else effective(_context(run, name))
    if run.output is not OutputFormat.TABLE:
        print_fields(_fields(context, context.name == kept.current), run.output)
        return
    facts = [
        ("Name", context.name),
        ("Site", context.url),
        ("Admin API", context.admin_url),
        ("Certificates", context.ca_file),
        ("Client certificate", context.certificate_file),
        ("Account", context.email),
        ("Role", state_text(context.role or "")),
        ("Signed in", "yes" if context.signed_in else "no"),
        ("Subscription", context.subscription_name),
        ("Kept in", str(run.file.path)),
    ]
    run.terminal.show(sheet_of([Section(None, facts)]))


@group.command("delete")
def delete_context(run: Invocation, name: ContextArgument) -> None:
    """Forget a context. Its sign-in session is left to run out; sign out first to end it."""
    _context(run, name)
    run.file.forget(name)
    run.terminal.done(f"Context {name} is forgotten.")


def _context(run: Invocation, name: str) -> Context:
    context = run.file.read().get(name)
    if context is None:
        raise UsageProblem(f"There is no context {name!r}.", "See which there are: zaffre context list")
    return context


def _fields(context: Context, current: bool) -> dict[str, object]:
    """Return what may be shown of a context. Its tokens may not."""
    return {
        "name": context.name,
        "current": current,
        "url": context.url,
        "admin_url": context.admin_url,
        "ca_file": context.ca_file,
        "certificate_file": context.certificate_file,
        "email": context.email,
        "role": context.role,
        "signed_in": context.signed_in,
        "subscription_id": context.subscription_id,
        "subscription_name": context.subscription_name,
    }
