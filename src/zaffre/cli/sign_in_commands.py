"""`zaffre login`, `logout`, `signup`, `whoami`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import typer

from zaffre.cli import environment
from zaffre.cli.commands import single
from zaffre.cli.contexts import DEFAULT_NAME, Context
from zaffre.cli.invocation import TENANT, Invocation
from zaffre.cli.passwords import asked_password
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.stored_credentials import StoredCredentials
from zaffre.cli.words import state_text
from zaffre.client import Credentials, NotSignedIn

LOCAL_URL = "http://127.0.0.1:30006"
CODE_NEEDED = "identity.code_needed"
PUBLIC_PORT, ADMIN_PORT = 30006, 30004

UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", show_default=False, help=f"The site's public API, as in {LOCAL_URL}."),
]
AdminUrlOption = Annotated[
    str | None,
    typer.Option("--admin-url", metavar="URL", help="The site's admin API. Found by itself where ports are the usual."),
]
CaFileOption = Annotated[
    str | None, typer.Option("--ca-file", metavar="FILE", help="Certificates to trust besides the system's.")
]
EmailOption = Annotated[
    str | None, typer.Option("--email", envvar=environment.EMAIL, metavar="ADDRESS", help="Who signs in.")
]
PasswordStdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]
CodeOption = Annotated[
    str | None, typer.Option("--code", metavar="CODE", help="Of your second factor, or a recovery code.")
]
CertificateOption = Annotated[
    str | None,
    typer.Option(
        "--certificate", metavar="FILE", help="Your client certificate, which signs in instead of a password."
    ),
]
CertificateKeyOption = Annotated[
    str | None,
    typer.Option(
        "--certificate-key", metavar="FILE", help="The certificate's key.", show_default="in the certificate's file"
    ),
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The context to keep the sign-in in.", show_default=False)
]


def _login(
    run: Invocation,
    *,
    url: UrlOption = None,
    admin_url: AdminUrlOption = None,
    email: EmailOption = None,
    name: NameOption = None,
    ca_file: CaFileOption = None,
    password_stdin: PasswordStdinOption = False,
    code: CodeOption = None,
    certificate: CertificateOption = None,
    certificate_key: CertificateKeyOption = None,
) -> None:
    """Sign in to a site.

    The password is asked for, or taken from ZAFFRE_PASSWORD. Tokens are kept in a file that only you can read, and
    renew themselves; the password is not kept. The code of a second factor is asked for where there is one.

    With --certificate nothing is asked for and no session begins: every command shows the certificate.
    """
    context = _target(run, name, url, admin_url, ca_file)
    if certificate is not None:
        _use_certificate(run, context, certificate, certificate_key)
        return
    address = _email(run, email or context.email)
    secret = asked_password(run, f"Password of {address}", from_stdin=password_stdin)
    _sign_in(run, context, address, secret, admin_url, code)


def _signup(
    run: Invocation,
    *,
    url: UrlOption = None,
    email: EmailOption = None,
    full_name: Annotated[str | None, typer.Option("--full-name", metavar="NAME", help="What you are called.")] = None,
    name: NameOption = None,
    ca_file: CaFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Make a tenant account for yourself, and sign in."""
    context = _target(run, name, url, None, ca_file)
    address = _email(run, email)
    called = full_name or (typer.prompt("Your name", err=True) if run.terminal.interactive else address.split("@")[0])
    secret = asked_password(run, "A password for the account", from_stdin=password_stdin, twice=True)
    with run.client_of(context, StoredCredentials(run.file, context)) as client:
        client.account.sign_up(address, called, secret)
    run.terminal.done(f"The account {address} is made.")
    _sign_in(run, context, address, secret, None)
    run.terminal.note("See what is on offer: zaffre plan list")


def _logout(run: Invocation) -> None:
    """Sign out: end the session and forget its tokens."""
    if not run.context.signed_in:
        run.terminal.note("You are not signed in.")
        return
    if run.context.tokens is not None:
        try:
            run.client.sessions.sign_out()
        except NotSignedIn:
            run.terminal.note("The session had ended already.")
    run.remember(tokens=None, certificate_file=None, certificate_key_file=None)
    run.terminal.done(f"Signed out of {run.context.url or run.context.admin_url}.")


def _whoami(run: Invocation) -> None:
    """Show who you are, where, and in which subscription."""
    account = run.client.account.get()

    def sections() -> list[Section]:
        context = run.context
        return [
            Section(
                None,
                [
                    ("Account", f"{account.name} <{account.email}>"),
                    ("Role", state_text(account.role)),
                    ("State", styled_state(account.state)),
                    ("Site", context.url or context.admin_url),
                    ("Admin API", context.admin_url),
                    ("Context", context.name),
                    ("Subscription", context.subscription_name),
                ],
            )
        ]

    run.show(account, sections)


def _target(run: Invocation, name: str | None, url: str | None, admin_url: str | None, ca_file: str | None) -> Context:
    """Return the context to sign in to, without the tokens it may have."""
    kept = run.file.read()
    context = run.stored_context if name is None else kept.get(name) or Context(name)
    target = url or environment.variable(environment.URL) or context.url or LOCAL_URL
    if context.url not in (None, target):
        own_name = name or _name_of(target)
        context = (kept.get(own_name) if name is None else None) or Context(own_name)
    admin = admin_url or environment.variable(environment.ADMIN_URL) or context.admin_url
    certificates = ca_file or environment.variable(environment.CA_FILE) or context.ca_file
    return replace(
        context,
        url=target,
        admin_url=admin,
        ca_file=certificates,
        tokens=None,
        certificate_file=None,
        certificate_key_file=None,
    )


def _name_of(url: str) -> str:
    """Return a name for the context of a second site, so that signing in there leaves the first one alone."""
    return urlsplit(url).netloc.removesuffix(f":{PUBLIC_PORT}")


def _sign_in(
    run: Invocation, context: Context, email: str, password: str, admin_url: str | None, code: str | None = None
) -> None:
    with run.client_of(context, StoredCredentials(run.file, context)) as client:
        try:
            tokens = client.sessions.sign_in(email, password, code)
        except NotSignedIn as refusal:
            if refusal.code != CODE_NEEDED or not run.terminal.interactive:
                raise
            tokens = client.sessions.sign_in(email, password, str(typer.prompt("Code of your device", err=True)))
    changed = replace(context, email=email, role=tokens.role, tokens=tokens.model_dump(mode="json"))
    if email != context.email:
        changed = replace(changed, subscription_id=None, subscription_name=None)
    if tokens.role == TENANT:
        changed = replace(changed, admin_url=admin_url)
    elif changed.admin_url is None:
        changed = replace(changed, admin_url=_admin_url_beside(changed.url or ""))
    run.file.put(changed, make_current=True)
    kept_in = "" if changed.name == DEFAULT_NAME else f" (context {changed.name})"
    run.terminal.done(f"Signed in to {changed.url} as {email}{kept_in}.")
    if tokens.role != TENANT and changed.admin_url is None:
        run.terminal.note("To administer the site, sign in with --admin-url too.")


def _use_certificate(run: Invocation, context: Context, certificate: str, key: str | None) -> None:
    """Keep a certificate in a context, once the site has said whose it is."""
    changed = replace(
        context,
        admin_url=None,
        certificate_file=_absolute(certificate),
        certificate_key_file=_absolute(key) if key is not None else None,
    )
    with run.client_of(changed, Credentials()) as client:
        account = client.account.get()
    if account.email != context.email:
        changed = replace(changed, subscription_id=None, subscription_name=None)
    run.file.put(replace(changed, email=account.email, role=account.role), make_current=True)
    run.terminal.done(f"{changed.url} knows the certificate: you are {account.email}.")


def _absolute(file: str) -> str:
    return str(Path(file).expanduser().absolute())


def _admin_url_beside(url: str) -> str | None:
    """Return where the admin API is when the public one is on its usual port; None when that cannot be told."""
    parts = urlsplit(url)
    if parts.port != PUBLIC_PORT:
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.removesuffix(str(PUBLIC_PORT)) + str(ADMIN_PORT)))


def _email(run: Invocation, given: str | None) -> str:
    if given:
        return given
    if not run.terminal.interactive:
        raise UsageProblem("It is not said who signs in.", f"Give --email, or set {environment.EMAIL}.")
    return str(typer.prompt("E-mail address", err=True))


login = single(_login)
signup = single(_signup)
logout = single(_logout)
whoami = single(_whoami)
