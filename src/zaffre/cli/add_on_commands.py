"""`zaffre add-on`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import DescriptionOption, NewNameArgument
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.offer_options import (
    AllowOverQuotaOption,
    DryRunOption,
    FeeOption,
    TextOption,
    fee_of,
    impact_sections,
    texts_of,
)
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.planned_services import PlannedServices
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import limit_text, title_text
from zaffre.client import AddOnChangeBody, AddOnDetailView, AddOnView, NewAddOnBody

group = CommandGroup(help="Add-ons: what can be had on top of plans.")
app = group.app

AddOnArgument = Annotated[
    str,
    typer.Argument(
        metavar="ADD-ON", help="Name or id of an add-on.", autocompletion=names_of(lambda run: run.client.admin.add_ons)
    ),
]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option("--quota", metavar="DIMENSION=AMOUNT", help="What one of it adds, as in vcpus=4."),
]
ServiceOption = Annotated[
    list[str], typer.Option("--service", metavar="PROVIDER", help="A service that it adds to or brings.")
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="PROVIDER.KEY=VALUE", help="A setting of a service that plans have not."),
]


@group.command("list")
def list_add_ons(run: Invocation, wishes: ListWishes) -> None:
    """List all add-ons."""
    columns: list[Column[AddOnView]] = [
        NAME,
        STATE,
        Column("ADDS", lambda add_on: ", ".join(_adds(add_on))),
        Column("DESCRIPTION", lambda add_on: add_on.description, wide=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.admin.add_ons, wishes, columns, "There are no add-ons.")


@group.command("show")
def show_add_on(run: Invocation, add_on: AddOnArgument) -> None:
    """Show an add-on: what one of it adds, and to which plans."""
    found = run.client.admin.add_ons.get(run.id_in(run.client.admin.add_ons, add_on))
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_add_on(
    run: Invocation,
    name: NewNameArgument,
    *,
    service: ServiceOption,
    quota: QuotaOption = None,
    setting: SettingOption = None,
    text: TextOption = None,
    fee: FeeOption = None,
    description: DescriptionOption = "",
) -> None:
    """Make an add-on. It is private until it is published."""
    services = PlannedServices(list(run.client.admin.providers.all()))
    services.sell(service)
    services.read_settings(setting or [])
    services.read_quotas(quota or [])
    body = NewAddOnBody(
        name=name,
        description=description,
        services=services.bodies(),
        texts=texts_of(text or []),
        fee=fee_of(fee) if fee is not None else None,
    )
    made = run.client.admin.add_ons.create(body)
    run.report(made, f"Add-on {name} is made. Offer it with: zaffre add-on publish {name}")


@group.command("change")
def change_add_on(
    run: Invocation,
    add_on: AddOnArgument,
    *,
    quota: QuotaOption = None,
    allow_over_quota: AllowOverQuotaOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Change what one of it adds, for everybody who holds it."""
    add_ons = run.client.admin.add_ons
    found = run.find(add_ons, add_on)
    services = PlannedServices(list(run.client.admin.providers.all()))
    services.begin_with(found.services)
    services.read_quotas(quota or [])
    body = AddOnChangeBody(services=services.bodies(), allow_over_quota=allow_over_quota)
    if dry_run:
        impact = add_ons.what_if(found.id, body)
        run.show(impact, lambda: impact_sections(impact))
        return
    run.report(add_ons.change(found.id, body), f"Add-on {found.name} is changed; those who hold it get the new quota.")


@group.command("publish")
def publish_add_on(run: Invocation, add_on: AddOnArgument) -> None:
    """Offer an add-on with the plans it is linked to."""
    add_ons = run.client.admin.add_ons
    found = add_ons.publish(run.id_in(add_ons, add_on))
    run.report(found, f"Add-on {found.name} is on offer.")


@group.command("decommission")
def decommission_add_on(run: Invocation, confirmation: Confirmation, add_on: AddOnArgument) -> None:
    """Take an add-on off the offer for good. Who holds it keeps it."""
    add_ons = run.client.admin.add_ons
    found = run.find(add_ons, add_on)
    run.confirm(confirmation, f"Decommission the add-on {found.name}?", ["It can never be offered again."])
    run.report(add_ons.decommission(found.id), f"Add-on {found.name} is decommissioned.")


@group.command("delete")
def delete_add_on(run: Invocation, confirmation: Confirmation, add_on: AddOnArgument) -> None:
    """Remove an add-on that nobody holds."""
    add_ons = run.client.admin.add_ons
    found = run.find(add_ons, add_on)
    run.confirm(confirmation, f"Delete the add-on {found.name}?")
    add_ons.delete(found.id)
    run.report(found, f"Add-on {found.name} is deleted.")


def _adds(add_on: AddOnView) -> list[str]:
    limits = [limit for service in add_on.services for limit in service.limits]
    return [f"{limit.title} {'unlimited' if limit.limit is None else f'+{limit.limit}'}" for limit in limits]


def _sections(run: Invocation, add_on: AddOnDetailView) -> list[Section]:
    facts = [
        ("Name", add_on.name),
        ("State", styled_state(add_on.state)),
        ("Description", add_on.description),
        ("Fee", f"{add_on.fee.amount} {add_on.fee.currency} per {add_on.fee.period}" if add_on.fee else ""),
        ("Plans", ", ".join(plan.name for plan in add_on.plans)),
        created(run, add_on),
        ("Id", add_on.id),
    ]
    services = [
        Section(title_text(each.provider), [limit_text(name, limit) for name, limit in each.quota.items()])
        for each in add_on.services
    ]
    return [Section(None, facts), *services]
