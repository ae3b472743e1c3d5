"""`zaffre mail`: what the site sends people."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.columns import age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.cli.words import age
from zaffre.client import MailView

group = CommandGroup(help="Mail that the site sends.")
app = group.app
SHOWN = 20


@group.command("list")
def list_mail(run: Invocation, wishes: ListWishes) -> None:
    """List the messages that wait to be sent, and why."""
    now = run.terminal.now
    columns: list[Column[MailView]] = [
        Column("TO", lambda mail: mail.recipient),
        Column("SUBJECT", lambda mail: mail.subject),
        Column("TRIED", lambda mail: f"{mail.attempts} times", whole=True),
        Column("GIVEN UP IN", lambda mail: age(now, mail.give_up_at), whole=True),
        Column("BECAUSE", lambda mail: mail.last_error),
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.admin.mail, wishes, columns, "No mail waits to be sent.")


@group.command("test")
def send_trial(
    run: Invocation, address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send it.")]
) -> None:
    """Send a message as a trial."""
    run.report(
        run.client.admin.mail.send_trial(address),
        f"A message to {address} is in the outbox. If it stays there, this says why: zaffre mail list",
    )


@group.command("caught")
def show_caught(
    run: Invocation,
    directory: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="Where the cloud on this machine keeps its things.")
    ] = None,
    count: Annotated[int, typer.Option("--last", min=1, max=1000, metavar="N", help="How many messages.")] = SHOWN,
) -> None:
    """Show what a cloud on this machine would have sent, the latest last."""
    from zaffre.devfabric.cloud.places import Places, usual_directory  # noqa: PLC0415 - most sites are elsewhere

    mail = Places(directory or usual_directory()).mail
    try:
        files = sorted(mail.glob("*.eml"))[-count:]
    except OSError as error:
        raise UsageProblem(f"{mail}: {error.strerror}", "Run it as who ran zaffre up.") from None
    if not files:
        run.terminal.note(f"There is no mail in {mail}.")
    for file in files:
        message = message_from_bytes(file.read_bytes(), EmailMessage, policy=default)
        for header in ("Date", "To", "Subject"):
            run.terminal.print(f"{header}: {message[header]}")
        run.terminal.print(f"\n{message.get_content().strip()}\n")
