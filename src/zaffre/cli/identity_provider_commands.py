"""`zaffre identity-provider`: with which accounts that people have elsewhere they can sign in."""

from collections.abc import Sequence
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.passwords import asked_secret
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import state_text, yes_no
from zaffre.client import (
    IdentityProviderChangeBody,
    IdentityProviderView,
    NewIdentityProviderBody,
    NewPeople,
    ProviderTestView,
)

group = CommandGroup(help="Identity providers: with what people can sign in.")
app = group.app

ProviderArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER",
        help="Name or id of an identity provider.",
        autocompletion=names_of(lambda run: run.client.admin.identity_providers),
    ),
]
NewPeopleOption = Annotated[
    NewPeople | None, typer.Option("--new-people", help="What becomes of people whom no account is linked to.")
]
DomainsOption = Annotated[
    list[str] | None,
    typer.Option("--email-domain", metavar="DOMAIN", help="Where new people's addresses must be; may be repeated."),
]
ScopesOption = Annotated[
    list[str] | None, typer.Option("--scope", metavar="SCOPE", help="What is asked for; may be repeated.")
]
SecretOption = Annotated[
    bool, typer.Option("--client-secret-stdin", help="Read the client secret from standard input.")
]
ClaimOption = Annotated[str | None, typer.Option("--email-claim", metavar="CLAIM", help="Where the address is.")]
VerifiedClaimOption = Annotated[
    str | None, typer.Option("--verified-claim", metavar="CLAIM", help="Where it is said to be verified.")
]
NameClaimOption = Annotated[str | None, typer.Option("--name-claim", metavar="CLAIM", help="Where the name is.")]
TrustsOption = Annotated[
    bool | None,
    typer.Option(
        "--trust-addresses/--distrust-addresses",
        help="Whether addresses count of which it does not say that they are verified.",
    ),
]
FactorOption = Annotated[
    bool | None,
    typer.Option("--ask-second-factor/--no-second-factor", help="Whether second factors here are asked for, too."),
]


@group.command("list")
def list_providers(run: Invocation, wishes: ListWishes) -> None:
    """List the identity providers that the site trusts."""
    columns: list[Column[IdentityProviderView]] = [
        NAME,
        Column("ISSUER", lambda provider: provider.issuer),
        Column("NEW PEOPLE", lambda provider: state_text(provider.new_people)),
        Column("ENABLED", lambda provider: yes_no(provider.enabled)),
        age_column(run),
        id_column(run),
    ]
    none = "People sign in with passwords only. Trust a provider with: zaffre identity-provider create"
    run.show_list(run.client.admin.identity_providers, wishes, columns, none)


@group.command("show")
def show_provider(run: Invocation, provider: ProviderArgument) -> None:
    """Show an identity provider, and what to register there."""
    found = run.find(run.client.admin.identity_providers, provider)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_provider(
    run: Invocation,
    name: NewNameArgument,
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="Its address, as it names itself: https://…")],
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="What this site is called there.")],
    *,
    public: Annotated[bool, typer.Option("--public", help="There is no client secret.")] = False,
    secret_stdin: SecretOption = False,
    new_people: NewPeopleOption = None,
    domains: DomainsOption = None,
    scopes: ScopesOption = None,
    email_claim: ClaimOption = None,
    verified_claim: VerifiedClaimOption = None,
    name_claim: NameClaimOption = None,
    trusts: TrustsOption = None,
    factor: FactorOption = None,
) -> None:
    """Trust an OpenID provider. Its client secret is asked for, or read from standard input."""
    secret = None if public else asked_secret(run, f"Client secret of {client_id}", from_stdin=secret_stdin)
    given = _given(new_people, domains, scopes, email_claim, verified_claim, name_claim, trusts, factor)
    body = NewIdentityProviderBody.model_validate(
        given | {"name": name, "issuer": issuer, "client_id": client_id, "client_secret": secret}
    )
    made = run.client.admin.identity_providers.create(body)
    run.report(made, f"People can sign in with {made.name}. Register there: {_urls(made)}")


@group.command("change")
def change_provider(
    run: Invocation,
    provider: ProviderArgument,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", metavar="ID", help="Another client.")] = None,
    secret_stdin: SecretOption = False,
    new_people: NewPeopleOption = None,
    domains: DomainsOption = None,
    scopes: ScopesOption = None,
    email_claim: ClaimOption = None,
    verified_claim: VerifiedClaimOption = None,
    name_claim: NameClaimOption = None,
    trusts: TrustsOption = None,
    factor: FactorOption = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it signs anybody in.")] = None,
) -> None:
    """Change an identity provider. Disabling it ends the sessions that began there."""
    given = _given(new_people, domains, scopes, email_claim, verified_claim, name_claim, trusts, factor)
    more = {"name": name, "client_id": client_id, "enabled": enabled}
    given |= {key: value for key, value in more.items() if value is not None}
    if secret_stdin:
        given["client_secret"] = asked_secret(run, "Client secret", from_stdin=True)
    if not given:
        raise UsageProblem("Nothing is to change.", "Say what with --new-people, --enable and the like.")
    providers = run.client.admin.identity_providers
    changed = providers.change(run.id_in(providers, provider), IdentityProviderChangeBody.model_validate(given))
    run.report(changed, f"The identity provider {changed.name} is changed.")


@group.command("test")
def try_provider(run: Invocation, provider: ProviderArgument) -> None:
    """Ask a provider what it is, and look at it."""
    providers = run.client.admin.identity_providers
    seen: ProviderTestView = providers.test(run.id_in(providers, provider))
    facts = [
        ("Issuer", seen.issuer),
        ("Sends people to", seen.authorization_endpoint),
        ("Gives tokens at", seen.token_endpoint),
        ("Signs with", ", ".join(seen.algorithms)),
        ("Keys", seen.keys),
    ]
    run.show(seen, lambda: [Section(None, facts)])


@group.command("delete")
def delete_provider(run: Invocation, confirmation: Confirmation, provider: ProviderArgument) -> None:
    """Forget an identity provider to which no account is linked."""
    providers = run.client.admin.identity_providers
    found = run.find(providers, provider)
    run.confirm(confirmation, f"Forget the identity provider {found.name}?", ["nobody can sign in with it any more"])
    providers.delete(found.id)
    run.report(found, f"The identity provider {found.name} is deleted.")


def _given(
    new_people: NewPeople | None,
    domains: Sequence[str] | None,
    scopes: Sequence[str] | None,
    email_claim: str | None,
    verified_claim: str | None,
    name_claim: str | None,
    trusts: bool | None,
    factor: bool | None,
) -> dict[str, object]:
    """Return the fields that were given."""
    fields = {
        "new_people": new_people,
        "email_domains": list(domains) if domains else None,
        "scopes": list(scopes) if scopes else None,
        "email_claim": email_claim,
        "verified_claim": verified_claim,
        "name_claim": name_claim,
        "trusts_addresses": trusts,
        "asks_second_factor": factor,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _urls(provider: IdentityProviderView) -> str:
    return " and ".join(redirect.url for redirect in provider.redirect_urls)


def _sections(run: Invocation, provider: IdentityProviderView) -> list[Section]:
    facts = [
        ("Issuer", provider.issuer),
        ("Client", provider.client_id),
        ("Client secret", yes_no(provider.has_client_secret)),
        ("Enabled", yes_no(provider.enabled)),
        ("Scopes", " ".join(provider.scopes)),
        ("Claims", ", ".join((provider.email_claim, provider.verified_claim, provider.name_claim))),
        ("Trusts addresses", yes_no(provider.trusts_addresses)),
        ("New people", state_text(provider.new_people)),
        ("From", ", ".join(provider.email_domains) or "anywhere"),
        ("Asks second factor", yes_no(provider.asks_second_factor)),
        created(run, provider),
        ("Id", provider.id),
    ]
    return [
        Section(provider.name, facts),
        Section("To register there", [(each.portal, each.url) for each in provider.redirect_urls]),
    ]
