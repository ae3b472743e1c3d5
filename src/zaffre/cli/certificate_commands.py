"""`zaffre certificate`: client certificates."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.cli.words import age
from zaffre.client import ClientCertificateView, Permission

group = CommandGroup(help="Client certificates for your programs. Set ZAFFRE_CERTIFICATE to use one.")
app = group.app

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
MAKE_ONE = (
    "Make one with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 "
    "-subj /CN=robot -keyout robot.key -out robot.crt"
)

FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="The certificate as PEM; - reads standard input. Its key is never sent.")
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call it.", show_default="its subject")
]
DaysOption = Annotated[
    int | None,
    typer.Option("--days", min=1, metavar="N", help="Days until it lets nobody in; left out, while it is valid."),
]
CertificateArgument = Annotated[
    str,
    typer.Argument(
        metavar="CERTIFICATE",
        help="Name or id of a client certificate.",
        autocompletion=names_of(lambda run: run.client.client_certificates),
    ),
]


@group.command("list")
def list_certificates(run: Invocation) -> None:
    """List your client certificates."""
    none = "You have no client certificates. Add one with: zaffre certificate add FILE"
    listing = run.client.client_certificates
    run.show_list(listing, ListWishes(everything=True), certificate_columns(run), none)


@group.command("add")
def add_certificate(
    run: Invocation,
    file: FileArgument,
    name: NameOption = None,
    days: DaysOption = None,
    scopes: Annotated[
        list[Permission] | None,
        typer.Option("--scope", metavar="PERMISSION", help="What it is for, of what you may do; can be repeated."),
    ] = None,
    subscriptions: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="SUBSCRIPTION",
            help="For this subscription only; can be repeated.",
            autocompletion=names_of(lambda run: run.client.subscriptions),
        ),
    ] = None,
) -> None:
    """Let whoever holds a certificate's key in at the public API.

    It is for everything that you may do, unless --scope or --only say less.
    """
    only = [run.id_in(run.client.subscriptions, each) for each in subscriptions] if subscriptions else None
    certificate, until = certificate_in(file), ends_in(days)
    made = run.client.client_certificates.add(certificate, name, until, scopes or None, only)
    run.report(made, f"Client certificate {made.name} is added. It lets in until {_day(made.expires_at)}.")


@group.command("delete")
def delete_certificate(run: Invocation, confirmation: Confirmation, certificate: CertificateArgument) -> None:
    """Let nobody in with a certificate any more, at once."""
    found = run.find(run.client.client_certificates, certificate)
    consequences = ["Programs that use it are refused from then on."]
    run.confirm(confirmation, f"Remove the client certificate {found.name}?", consequences)
    run.client.client_certificates.delete(found.id)
    run.report(found, f"Client certificate {found.name} is removed.")


def certificate_columns(run: Invocation) -> list[Column[ClientCertificateView]]:
    """Return what a table of client certificates shows."""
    return [
        NAME,
        Column("FINGERPRINT", lambda each: f"{each.fingerprint[:16]}…"),
        Column("SUBJECT", lambda each: each.subject, wide=True),
        Column("KEY", lambda each: each.key, wide=True),
        Column("EXPIRES", lambda each: _day(each.expires_at), whole=True),
        Column("USED", lambda each: _use(run, each)),
        age_column(run),
        id_column(run),
    ]


def certificate_in(file: str) -> str:
    """Return the certificate in a file, and nothing else of it: a key beside it stays here.

    Raises:
        UsageProblem: the file cannot be read, or holds none or several.
    """
    try:
        text = sys.stdin.read() if file == "-" else Path(file).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text, so it is no PEM"
        raise UsageProblem(f"{file} cannot be read: {reason}.", MAKE_ONE) from None
    found = _CERTIFICATE.findall(text)
    if len(found) != 1:
        raise UsageProblem(f"There must be one certificate in {file}, and there are {len(found)}.", MAKE_ONE)
    return f"{found[0]}\n"


def ends_in(days: int | None) -> datetime | None:
    """Return when so many days will be over."""
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _day(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d}"


def _use(run: Invocation, certificate: ClientCertificateView) -> str:
    if certificate.last_used_at is None:
        return "never"
    when = age(certificate.last_used_at, run.terminal.now)
    return f"{when} ago from {certificate.last_used_from}" if certificate.last_used_from else f"{when} ago"
