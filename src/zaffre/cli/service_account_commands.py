"""`zaffre service-account`: accounts of programs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.certificate_commands import (
    DaysOption,
    FileArgument,
    NameOption,
    certificate_columns,
    certificate_in,
    ends_in,
)
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, OptionBundle
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.client import AccountState, ApiTokenView, Permission, ServiceAccounts, ServiceAccountView

group = CommandGroup(help="Accounts of programs, without a password.")
app = group.app
tokens = CommandGroup(help="API tokens of a program's account.")
group.include("token", tokens)
certificates = CommandGroup(help="Client certificates of a program's account.")
group.include("certificate", certificates)


@dataclass(frozen=True)
class WhosePrograms(OptionBundle):
    """Whether the site's service accounts are meant and not a subscription's."""

    site: Annotated[bool, typer.Option("--site", help="Those of the site, as an administrator.")] = False


AccountArgument = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT",
        help="Name or id of a service account.",
        autocompletion=names_of(lambda run: run.subscription().service_accounts),
    ),
]
RoleOption = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="owner, contributor, reader; with --site a role at the site.")
]


@group.command("list")
def list_accounts(run: Invocation, chosen: InSubscription, whose: WhosePrograms, wishes: ListWishes) -> None:
    """List the accounts of programs."""
    columns: list[Column[ServiceAccountView]] = [
        NAME,
        Column("ROLE", lambda account: account.role),
        STATE,
        Column("CALLED", lambda account: account.email, wide=True),
        age_column(run),
        id_column(run),
    ]
    none = "No program has an account here. Make one with: zaffre service-account create NAME"
    run.show_list(_accounts(run, chosen, whose), wishes, columns, none)


@group.command("show")
def show_account(run: Invocation, chosen: InSubscription, whose: WhosePrograms, account: AccountArgument) -> None:
    """Show an account of a program."""
    found = run.find(_accounts(run, chosen, whose), account)
    facts = [
        ("Role", found.role),
        ("State", styled_state(found.state)),
        ("Called", found.email),
        created(run, found),
        ("Id", found.id),
    ]
    run.show(found, lambda: [Section(found.name, facts)])


@group.command("create")
def create_account(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    name: NewNameArgument,
    role: RoleOption = "contributor",
) -> None:
    """Make an account for a program. Then make a token for it."""
    made = _accounts(run, chosen, whose).create(name, role)
    run.report(made, f"{name} is {made.role}. Make a token for it with: zaffre service-account token create")


@group.command("change")
def change_account(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    account: AccountArgument,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Another role.")] = None,
    active: Annotated[
        bool | None, typer.Option("--activate/--suspend", help="Whether its tokens are good for anything.")
    ] = None,
) -> None:
    """Give it another role, suspend or activate it."""
    if role is None and active is None:
        raise UsageProblem("Nothing is to change.", "Say what with --role, --suspend or --activate.")
    accounts = _accounts(run, chosen, whose)
    state = None if active is None else (AccountState.ACTIVE if active else AccountState.SUSPENDED)
    changed = accounts.change(run.id_in(accounts, account), role=role, state=state)
    run.report(changed, f"{changed.name} is {changed.role}, {changed.state.value}.")


@group.command("delete")
def delete_account(
    run: Invocation, chosen: InSubscription, whose: WhosePrograms, confirmation: Confirmation, account: AccountArgument
) -> None:
    """Delete it with its tokens and certificates. What it made stays."""
    accounts = _accounts(run, chosen, whose)
    found = run.find(accounts, account)
    run.confirm(
        confirmation, f"Delete the service account {found.name}?", ["its tokens and certificates stop working at once"]
    )
    accounts.delete(found.id)
    run.report(found, f"The service account {found.name} is deleted.")


@tokens.command("list")
def list_tokens(run: Invocation, chosen: InSubscription, whose: WhosePrograms, account: AccountArgument) -> None:
    """List a program's API tokens."""
    accounts = _accounts(run, chosen, whose)
    columns: list[Column[ApiTokenView]] = [NAME, age_column(run), id_column(run)]
    listing = accounts.tokens(run.id_in(accounts, account))
    run.show_list(listing, ListWishes(everything=True), columns, "It has no tokens.")


@tokens.command("create")
def create_token(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    account: AccountArgument,
    name: NewNameArgument,
    days: Annotated[int | None, typer.Option("--days", min=1, metavar="N", help="Days until it expires.")] = None,
    scopes: Annotated[
        list[Permission] | None,
        typer.Option("--scope", metavar="PERMISSION", help="What it is for; can be repeated."),
    ] = None,
) -> None:
    """Make a token for a program. It is printed this once."""
    accounts = _accounts(run, chosen, whose)
    expires_at = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    made = accounts.tokens(run.id_in(accounts, account)).create(name, expires_at, scopes or None)
    run.report_once(made, made.token, f"API token {name} is made. Keep its text safe: it is not shown again.")


@tokens.command("delete")
def delete_token(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    confirmation: Confirmation,
    account: AccountArgument,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Name or id of a token.")],
) -> None:
    """Revoke a program's API token, at once."""
    accounts = _accounts(run, chosen, whose)
    listing = accounts.tokens(run.id_in(accounts, account))
    found = run.find(listing, token)
    run.confirm(confirmation, f"Revoke the API token {found.name}?", ["The program is refused from then on."])
    listing.delete(found.id)
    run.report(found, f"API token {found.name} is revoked.")


@certificates.command("list")
def list_certificates(run: Invocation, chosen: InSubscription, whose: WhosePrograms, account: AccountArgument) -> None:
    """List a program's client certificates."""
    accounts = _accounts(run, chosen, whose)
    listing = accounts.certificates(run.id_in(accounts, account))
    run.show_list(listing, ListWishes(everything=True), certificate_columns(run), "It has no client certificates.")


@certificates.command("add")
def add_certificate(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    account: AccountArgument,
    file: FileArgument,
    name: NameOption = None,
    days: DaysOption = None,
    scopes: Annotated[
        list[Permission] | None,
        typer.Option("--scope", metavar="PERMISSION", help="What it is for; can be repeated."),
    ] = None,
) -> None:
    """Let a program in with a certificate whose key it holds."""
    accounts = _accounts(run, chosen, whose)
    listing = accounts.certificates(run.id_in(accounts, account))
    made = listing.add(certificate_in(file), name, ends_in(days), scopes or None)
    run.report(made, f"Client certificate {made.name} is added.")


@certificates.command("delete")
def delete_certificate(
    run: Invocation,
    chosen: InSubscription,
    whose: WhosePrograms,
    confirmation: Confirmation,
    account: AccountArgument,
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="Name or id of a client certificate.")],
) -> None:
    """Let nobody in with a program's certificate any more, at once."""
    accounts = _accounts(run, chosen, whose)
    listing = accounts.certificates(run.id_in(accounts, account))
    found = run.find(listing, certificate)
    consequences = ["The program is refused from then on."]
    run.confirm(confirmation, f"Remove the client certificate {found.name}?", consequences)
    listing.delete(found.id)
    run.report(found, f"Client certificate {found.name} is removed.")


def _accounts(run: Invocation, chosen: InSubscription, whose: WhosePrograms) -> ServiceAccounts:
    return run.client.admin.service_accounts if whose.site else run.subscription(chosen).service_accounts
