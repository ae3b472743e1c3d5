"""`zaffre provider`: resource providers."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.arguments import SubscriptionArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text, yes_no
from zaffre.client import (
    NewResourceProviderBody,
    ProviderSyncView,
    ProviderView,
    ResourceProviderChangeBody,
    ResourceProviderView,
)

group = CommandGroup(help="Resource providers: what can be put into plans, and programs that are such.")
app = group.app


@group.command("list")
def list_providers(run: Invocation) -> None:
    """List the resource providers, their health and their quotas."""
    columns: list[Column[ProviderView]] = [
        Column("NAME", lambda provider: provider.name, whole=True),
        Column("TITLE", lambda provider: provider.title),
        Column("HEALTHY", lambda provider: styled_state(yes_no(provider.healthy)), whole=True),
        Column("DIMENSIONS", lambda provider: ", ".join(each.name for each in provider.dimensions)),
        Column("VERSION", lambda provider: provider.version, wide=True),
        Column("HEALTH", lambda provider: provider.sentence, wide=True),
    ]
    run.show_list(run.client.admin.providers, ListWishes(everything=True), columns, "There are no resource providers.")


@group.command("syncs")
def list_syncs(run: Invocation) -> None:
    """List which provider knows which subscription's state."""
    columns: list[Column[ProviderSyncView]] = [
        Column("SUBSCRIPTION", lambda sync: run.names.subscription(sync.subscription_id)),
        Column("PROVIDER", lambda sync: sync.provider, whole=True),
        Column("STATE", lambda sync: styled_state(sync.state), whole=True),
        Column("LAST ERROR", lambda sync: sync.last_error),
    ]
    run.show_items(run.client.admin.provider_syncs(), columns, "There are no subscriptions.")


@group.command("resync")
def resync(
    run: Invocation,
    subscription: SubscriptionArgument,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Name of a resource provider.")],
) -> None:
    """Tell a provider a subscription's state again, now."""
    admin = run.client.admin
    told = admin.resync(run.id_in(admin.subscriptions, subscription), provider)
    run.report(told, f"{provider} is told again.")


ProviderArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER",
        help="Name or id of a registered program.",
        autocompletion=names_of(lambda run: run.client.admin.resource_providers),
    ),
]
CertificatesOption = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Certificates that vouch for it, in PEM; else those this system trusts."),
]


@group.command("programs")
def list_programs(run: Invocation, wishes: ListWishes) -> None:
    """List the programs that are registered as providers."""
    columns: list[Column[ResourceProviderView]] = [
        NAME,
        Column("TITLE", lambda program: program.title),
        Column("STATE", lambda program: styled_state(_condition(program)), whole=True),
        Column("URL", lambda program: program.url),
        Column("HEALTH", lambda program: program.sentence, wide=True),
        Column("VERSION", lambda program: program.version, wide=True),
        age_column(run),
        id_column(run),
    ]
    none = "No program is registered. Register one with: zaffre provider register NAME URL"
    run.show_list(run.client.admin.resource_providers, wishes, columns, none)


@group.command("show")
def show_program(run: Invocation, provider: ProviderArgument) -> None:
    """Show a registered program, and what it says of itself."""
    found = run.find(run.client.admin.resource_providers, provider)
    run.show(found, lambda: _sections(run, found))


@group.command("register")
def register(
    run: Invocation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the program calls itself.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it answers: https://…")],
    certificates: CertificatesOption = None,
) -> None:
    """Make a program a resource provider. Its access key is printed this once."""
    pem = certificates.read_text() if certificates is not None else None
    body = NewResourceProviderBody(name=name, url=url, ca_certificates=pem)
    made = run.client.admin.resource_providers.register(body)
    run.report_once(
        made, made.access_key, f"{made.title} is registered. Give the program its access key: it is not shown again."
    )


@group.command("change")
def change(
    run: Invocation,
    provider: ProviderArgument,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Another address.")] = None,
    certificates: CertificatesOption = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether anything is asked of it.")] = None,
) -> None:
    """Change where a program is, or disable it."""
    pem = certificates.read_text() if certificates is not None else None
    given = {"url": url, "ca_certificates": pem, "enabled": enabled}
    wanted = {key: value for key, value in given.items() if value is not None}
    if not wanted:
        raise UsageProblem("Nothing is to change.", "Say what with --url, --ca, --enable or --disable.")
    programs = run.client.admin.resource_providers
    changed = programs.change(run.id_in(programs, provider), ResourceProviderChangeBody.model_validate(wanted))
    run.report(changed, f"{changed.name} is changed ({_condition(changed)}).")


@group.command("refresh")
def refresh(run: Invocation, provider: ProviderArgument) -> None:
    """Ask a program anew what it is. What would break plans that are sold is refused."""
    programs = run.client.admin.resource_providers
    found = programs.refresh(run.id_in(programs, provider))
    run.report(found, f"{found.name} is known as version {found.version}.")


@group.command("rotate-keys")
def rotate_keys(run: Invocation, provider: ProviderArgument) -> None:
    """Give a program other keys.

    Its own access key, and the key that signs what it is asked: both at once.
    """
    programs = run.client.admin.resource_providers
    made = programs.rotate_keys(run.id_in(programs, provider))
    run.report_once(
        made, made.access_key, f"{made.name} has another access key. Give it to the program: it is not shown again."
    )


@group.command("unregister")
def unregister(run: Invocation, confirmation: Confirmation, provider: ProviderArgument) -> None:
    """Forget a program that no plan sells."""
    programs = run.client.admin.resource_providers
    found = run.find(programs, provider)
    run.confirm(confirmation, f"Unregister the resource provider {found.name}?")
    programs.unregister(found.id)
    run.report(found, f"{found.name} is no resource provider any more.")


def _condition(program: ResourceProviderView) -> str:
    if not program.enabled:
        return "disabled"
    return "healthy" if program.healthy else "failing"


def _sections(run: Invocation, found: ResourceProviderView) -> list[Section]:
    def told(instant: datetime | None) -> str | None:
        return instant_text(instant, run.terminal.now) if instant is not None else None

    described = found.described
    facts = [
        ("Name", found.name),
        ("Title", found.title),
        ("Version", found.version),
        ("State", _condition(found)),
        ("Health", found.sentence),
        ("Asked", told(found.checked_at)),
        ("URL", found.url),
        ("Dimensions", ", ".join(each.name for each in described.dimensions)),
        ("Meters", ", ".join(each.name for each in described.meters)),
        ("Collections", ", ".join(each.name for each in described.collections)),
        ("Usage read", told(found.usage_read_at)),
        ("Usage error", found.usage_error),
        ("Usage refused", found.usage_refused),
        created(run, found),
        ("Id", found.id),
    ]
    return [Section(None, facts)]
