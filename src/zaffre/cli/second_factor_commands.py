"""`zaffre account second-factor`: codes of a device, besides the password."""

from collections.abc import Sequence
from typing import Annotated

import typer

from zaffre.cli.arguments import AccountArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation
from zaffre.cli.passwords import asked_password
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.words import instant_text, yes_no

group = CommandGroup(help="A second factor: codes of a device.")

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="What your device shows, or a recovery code.")]


@group.command("show")
def show_factor(run: Invocation) -> None:
    """Show whether you have a second factor."""
    seen = run.client.account.second_factor()
    run.show(
        seen,
        lambda: [
            Section(
                None,
                [
                    ("Set up", instant_text(seen.confirmed_at, run.terminal.now) or "no"),
                    ("Recovery codes left", str(seen.recovery_codes_left)),
                    ("Wanted by the site", yes_no(seen.required)),
                ],
            )
        ],
    )


@group.command("set-up")
def set_up_factor(run: Invocation) -> None:
    """Set up a second factor: scan a picture, type a code."""
    if not run.terminal.interactive:
        raise UsageProblem("There is nobody to look at a picture and type a code.", "Run it at a terminal.")
    has_password = run.client.account.get().has_password
    password = asked_password(run, "Your password", from_stdin=False) if has_password else None
    begun = run.client.account.begin_second_factor(password)
    for line in half_blocks(begun.picture):
        run.terminal.print(line)
    run.terminal.print(f"Or type this secret into your device: {begun.secret}")
    codes = run.client.account.confirm_second_factor(str(typer.prompt("Code that it shows", err=True)))
    _print_codes(run, codes)


@group.command("recovery-codes")
def renew_codes(run: Invocation, code: CodeArgument) -> None:
    """Get new recovery codes. The old ones are void."""
    _print_codes(run, run.client.account.renew_recovery_codes(code))


@group.command("remove")
def remove_factor(run: Invocation, code: CodeArgument) -> None:
    """Remove your second factor."""
    run.client.account.remove_second_factor(code)
    run.terminal.done("Signing in needs only your password now.")


@group.command("reset")
def reset_factor(run: Invocation, confirmation: Confirmation, account: AccountArgument) -> None:
    """Remove the second factor of somebody who lost it."""
    accounts = run.client.admin.accounts
    found = run.find(accounts, account)
    run.confirm(confirmation, f"Reset the second factor of {found.email}?", ["make sure that it is them who ask"])
    accounts.reset_second_factor(found.id)
    run.report(found, f"{found.email} signs in with the password alone until they set one up again.")


def half_blocks(rows: Sequence[str]) -> list[str]:
    """Return a QR code's rows as text, two rows a line, dark on light whatever the terminal's colours."""
    padded = [*rows, "0" * len(rows[0])] if len(rows) % 2 else list(rows)
    blocks = {("0", "0"): "█", ("0", "1"): "▀", ("1", "0"): "▄", ("1", "1"): " "}
    return [
        "".join(blocks[pair] for pair in zip(above, below, strict=True))
        for above, below in zip(padded[::2], padded[1::2], strict=True)
    ]


def _print_codes(run: Invocation, codes: Sequence[str]) -> None:
    run.terminal.done("Keep these recovery codes safe. Each signs you in once when your device is lost:")
    for code in codes:
        run.terminal.print(code)
