"""`zaffre account`: people's accounts."""

from typing import Annotated

import typer
from pydantic import SecretStr

from zaffre.cli import linked_identity_commands, second_factor_commands
from zaffre.cli.arguments import AccountArgument, SiteRoleArgument
from zaffre.cli.columns import STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.contexts import Context
from zaffre.cli.invocation import TENANT, Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.passwords import asked_password
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text, state_text
from zaffre.client import AccountView, NewAccountBody

group = CommandGroup(help="People's accounts. Those of others are for administrators.")
app = group.app
group.include("second-factor", second_factor_commands.group)
group.include("identity", linked_identity_commands.group)


@group.command("list")
def list_accounts(run: Invocation, wishes: ListWishes) -> None:
    """List all accounts."""
    columns: list[Column[AccountView]] = [
        Column("E-MAIL", lambda account: account.email),
        Column("NAME", lambda account: account.name),
        Column("ROLE", lambda account: state_text(account.role_name)),
        STATE,
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.admin.accounts, wishes, columns, "There are no accounts.")


@group.command("show")
def show_account(run: Invocation, account: AccountArgument) -> None:
    """Show an account."""
    found = run.find(run.client.admin.accounts, account)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_account(
    run: Invocation,
    email: Annotated[str, typer.Argument(metavar="E-MAIL", help="The address they sign in with.")],
    *,
    full_name: Annotated[str | None, typer.Option("--full-name", metavar="NAME", help="What they are called.")] = None,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="What they may do at the site.",
            autocompletion=names_of(lambda run: run.client.admin.site_roles),
        ),
    ] = TENANT,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read their first password from standard input.")
    ] = False,
) -> None:
    """Make an account for somebody. Their first password is asked for, or taken from ZAFFRE_PASSWORD."""
    password = asked_password(run, f"First password of {email}", from_stdin=password_stdin, twice=True)
    # Who makes tenants need not be allowed to see the roles.
    role_id = role if role == TENANT else run.id_in(run.client.admin.site_roles, role)
    name = full_name or email.split("@")[0]
    body = NewAccountBody(email=email, name=name, password=SecretStr(password), role=role_id)
    account = run.client.admin.accounts.create(body)
    run.report(account, f"The account {account.email} is made ({state_text(account.role_name)}).")


@group.command("suspend")
def suspend_account(run: Invocation, confirmation: Confirmation, account: AccountArgument) -> None:
    """Keep somebody from signing in. What they own runs on."""
    accounts = run.client.admin.accounts
    found = run.find(accounts, account)
    run.confirm(confirmation, f"Suspend {found.email}?", ["their sign-in sessions and API tokens stop working"])
    run.report(accounts.suspend(found.id), f"{found.email} is suspended.")


@group.command("activate")
def activate_account(run: Invocation, account: AccountArgument) -> None:
    """Let somebody sign in again."""
    accounts = run.client.admin.accounts
    found = accounts.activate(run.id_in(accounts, account))
    run.report(found, f"{found.email} is active.")


@group.command("set-role")
def set_role(run: Invocation, account: AccountArgument, role: SiteRoleArgument) -> None:
    """Give somebody another role at the site."""
    accounts = run.client.admin.accounts
    changed = accounts.set_role(run.id_in(accounts, account), run.id_in(run.client.admin.site_roles, role))
    run.report(changed, f"{changed.email} has the role {state_text(changed.role_name)}.")


@group.command("send-reset")
def send_password_reset(run: Invocation, account: AccountArgument) -> None:
    """Have somebody sent a link that sets a new password."""
    found = run.find(run.client.admin.accounts, account)
    run.client.admin.accounts.send_password_reset(found.id)
    run.terminal.done(f"A link is sent to {found.email}.")


@group.command("act-for")
def act_for(run: Invocation, account: AccountArgument) -> None:
    """Act for a tenant, for an hour at most. Every event names you."""
    found = run.find(run.client.admin.accounts, account)
    tokens = run.client.admin.act_for(found.id)
    context = Context(
        f"for-{found.email}",
        url=run.context.url,
        ca_file=run.context.ca_file,
        email=found.email,
        role=tokens.role,
        tokens=tokens.model_dump(mode="json"),
    )
    run.file.put(context)
    run.terminal.done(f"You can act for {found.email}, as in: zaffre vm list --context {context.name}")


@group.command("password")
def change_password(run: Invocation) -> None:
    """Change your own password. Your other sign-in sessions end."""
    if not run.terminal.interactive:
        raise UsageProblem("There is nobody to ask for the passwords.", "Run it at a terminal.")
    current = str(typer.prompt("Current password", hide_input=True, err=True))
    new = str(typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True))
    run.client.account.change_password(current, new)
    run.terminal.done("Your password is changed. Sessions elsewhere have ended.")


@group.command("email")
def change_email(
    run: Invocation, address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The new one.")]
) -> None:
    """Change your own e-mail address. A link is sent to the new one."""
    run.client.account.change_email(address, asked_password(run, "Your password", from_stdin=False))
    run.terminal.done(f"A link is sent to {address}. Open it, or give it to: zaffre account verify LINK")


@group.command("verify")
def verify_address(
    run: Invocation,
    link: Annotated[str | None, typer.Argument(metavar="LINK", help="The link; none: have it sent again.")] = None,
) -> None:
    """Prove that your address is yours, with the link sent there."""
    if link is None:
        run.client.account.send_verification()
        run.terminal.done("A link is sent. Open it, or give it to: zaffre account verify LINK")
        return
    run.client.account.verify_address(_token(link))
    run.terminal.done("The address is verified.")


@group.command("forgot-password")
def forgot_password(run: Invocation, address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Yours.")]) -> None:
    """Have a link sent that sets a new password."""
    run.client.account.forgot_password(address)
    run.terminal.done(f"If {address} has an account, a link is sent. Use it with: zaffre account reset-password LINK")


@group.command("reset-password")
def reset_password(
    run: Invocation,
    link: Annotated[str, typer.Argument(metavar="LINK", help="The link that was sent.")],
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from standard input.")
    ] = False,
) -> None:
    """Set a new password with the link that was sent. All your sessions end."""
    secret = asked_password(run, "The new password", from_stdin=password_stdin, twice=True)
    run.client.account.reset_password(_token(link), secret)
    run.terminal.done("The password is set. Sign in with: zaffre login")


def _token(link: str) -> str:
    """Return what a link carries; people may also give just that."""
    return link.rpartition("#")[2]


def _sections(run: Invocation, account: AccountView) -> list[Section]:
    return [
        Section(
            None,
            [
                ("E-mail", account.email),
                ("Name", account.name),
                ("Role", state_text(account.role_name)),
                ("State", styled_state(account.state)),
                ("Address verified", instant_text(account.verified_at, run.terminal.now) or "no"),
                created(run, account),
                ("Id", account.id),
            ],
        )
    ]
