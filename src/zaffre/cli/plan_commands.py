"""`zaffre plan`."""

from typing import Annotated, Any

import typer
from pydantic import SecretStr

from zaffre.cli.arguments import DescriptionOption, NewNameArgument, PlanArgument, plans_of
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
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import limit_text, state_text, title_text
from zaffre.client import (
    AddOnLinkBody,
    NewPlanBody,
    PlanChangeBody,
    PlannedServiceView,
    PlanView,
    SuspendPolicy,
)

group = CommandGroup(help="Plans: what can be subscribed to.")
app = group.app

AddOnOption = Annotated[
    list[str] | None,
    typer.Option("--add-on", metavar="NAME[=MAXIMUM]", help="An add-on that can be had with it, and how many."),
]


@group.command("list")
def list_plans(run: Invocation, wishes: ListWishes) -> None:
    """List the plans on offer; administrators see all."""
    columns: list[Column[PlanView]] = [
        NAME,
        STATE,
        Column("SERVICES", lambda plan: ", ".join(state_text(service.provider) for service in plan.services)),
        Column("DESCRIPTION", lambda plan: plan.description, wide=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(plans_of(run), wishes, columns, "No plan is on offer.")


@group.command("show")
def show_plan(run: Invocation, plan: PlanArgument) -> None:
    """Show a plan: its services and their limits."""
    found = run.find(plans_of(run), plan)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_plan(
    run: Invocation,
    name: NewNameArgument,
    *,
    cloud: Annotated[
        str | None,
        typer.Option(
            "--cloud",
            metavar="NAME",
            help="Sell virtual machines in this cloud.",
            autocompletion=names_of(lambda run: run.client.admin.clouds),
        ),
    ] = None,
    logical_network: Annotated[
        str | None,
        typer.Option(
            "--logical-network",
            metavar="NAME",
            help="Sell VM networks on this logical network.",
            autocompletion=names_of(lambda run: run.client.admin.logical_networks),
        ),
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option("--quota", metavar="DIMENSION=LIMIT", help="As in virtual_machines=10, or vcpus=unlimited."),
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="PROVIDER", help="Sell another provider's service.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--setting", metavar="PROVIDER.KEY=VALUE", help="A setting of a service.")
    ] = None,
    per_account: Annotated[
        int | None, typer.Option("--per-account", min=1, metavar="N", help="Subscriptions that one account may have.")
    ] = None,
    text: TextOption = None,
    fee: FeeOption = None,
    invitation_code: Annotated[
        str | None, typer.Option("--invitation-code", metavar="CODE", help="Only who knows it can subscribe.")
    ] = None,
    add_on: AddOnOption = None,
    description: DescriptionOption = "",
) -> None:
    """Make a plan. It is private until it is published.

    Limits that are not given are the provider's defaults; `zaffre provider list` shows the dimensions.
    """
    services = PlannedServices(list(run.client.admin.providers.all()))
    services.sell(service or [])
    if cloud is not None:
        services.set("virtual_machines", "cloud_id", run.id_in(run.client.admin.clouds, cloud))
    if logical_network is not None:
        services.set("networks", "logical_network_id", run.id_in(run.client.admin.logical_networks, logical_network))
    services.read_settings(setting or [])
    services.read_quotas(quota or [])
    body = NewPlanBody(
        name=name,
        description=description,
        services=services.bodies(),
        subscriptions_per_account=per_account,
        texts=texts_of(text or []),
        fee=fee_of(fee) if fee is not None else None,
        invitation_code=SecretStr(invitation_code) if invitation_code is not None else None,
        add_ons=_links(run, add_on or []),
    )
    plan = run.client.admin.plans.create(body)
    run.report(plan, f"Plan {name} is made. Offer it with: zaffre plan publish {name}")


@group.command("change")
def change_plan(
    run: Invocation,
    plan: PlanArgument,
    *,
    quota: Annotated[
        list[str] | None,
        typer.Option("--quota", metavar="DIMENSION=LIMIT", help="As in virtual_machines=10, or vcpus=unlimited."),
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="PROVIDER", help="Sell one more provider's service.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--setting", metavar="PROVIDER.KEY=VALUE", help="A setting of a new service.")
    ] = None,
    text: TextOption = None,
    fee: FeeOption = None,
    invitation_code: Annotated[
        str | None,
        typer.Option("--invitation-code", metavar="CODE", help="Only who knows it can subscribe; empty: anybody."),
    ] = None,
    add_on: AddOnOption = None,
    allow_over_quota: AllowOverQuotaOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Change a plan, for its subscriptions too.

    Texts and add-ons that are given replace all there were. What subscriptions hold, they keep.
    """
    plans = run.client.admin.plans
    found = run.find(plans, plan)
    wishes: dict[str, Any] = {}
    if quota or service or setting:
        services = PlannedServices(list(run.client.admin.providers.all()))
        services.begin_with(found.services)
        services.sell(service or [])
        services.read_settings(setting or [])
        services.read_quotas(quota or [])
        wishes |= {"services": services.bodies(), "allow_over_quota": allow_over_quota}
    if text is not None:
        wishes["texts"] = texts_of(text)
    if fee is not None:
        wishes["fee"] = fee_of(fee)
    if invitation_code is not None:
        wishes["invitation_code"] = SecretStr(invitation_code) if invitation_code else None
    if add_on is not None:
        wishes["add_ons"] = _links(run, add_on)
    body = PlanChangeBody(**wishes)
    if dry_run:
        impact = plans.what_if(found.id, body)
        run.show(impact, lambda: impact_sections(impact))
        return
    run.report(plans.change(found.id, body), f"Plan {found.name} is changed, for its subscriptions too.")


@group.command("terms")
def set_terms(
    run: Invocation,
    plan: PlanArgument,
    suspend_policy: Annotated[
        SuspendPolicy | None,
        typer.Option("--suspend-policy", help="What suspending a subscription does with its running machines."),
    ] = None,
    grace_days: Annotated[
        int | None,
        typer.Option("--grace-days", min=0, max=90, metavar="N", help="How long a deletion can be taken back."),
    ] = None,
) -> None:
    """Say what suspending and deleting does.

    It holds for subscriptions of the plan that are suspended or deleted from then on.
    """
    plans = run.client.admin.plans
    found = plans.set_terms(run.id_in(plans, plan), suspend_policy, grace_days)
    run.report(found, f"Plan {found.name}: {found.suspend_policy}, {found.deletion_grace_days} days of grace.")


@group.command("publish")
def publish_plan(run: Invocation, plan: PlanArgument) -> None:
    """Offer a plan to everybody."""
    plans = run.client.admin.plans
    found = plans.publish(run.id_in(plans, plan))
    run.report(found, f"Plan {found.name} is on offer.")


@group.command("decommission")
def decommission_plan(run: Invocation, confirmation: Confirmation, plan: PlanArgument) -> None:
    """Take a plan off the offer for good. Its subscriptions go on."""
    plans = run.client.admin.plans
    found = run.find(plans, plan)
    run.confirm(confirmation, f"Decommission the plan {found.name}?", ["It can never be offered again."])
    run.report(plans.decommission(found.id), f"Plan {found.name} is decommissioned.")


@group.command("delete")
def delete_plan(run: Invocation, confirmation: Confirmation, plan: PlanArgument) -> None:
    """Remove a plan that nobody subscribes to."""
    plans = run.client.admin.plans
    found = run.find(plans, plan)
    run.confirm(confirmation, f"Delete the plan {found.name}?")
    plans.delete(found.id)
    run.report(found, f"Plan {found.name} is deleted.")


def _links(run: Invocation, written: list[str]) -> list[AddOnLinkBody]:
    """Read add-ons written as `name` or `name=maximum`."""
    links: list[AddOnLinkBody] = []
    for text in written:
        name, equals, maximum = text.rpartition("=")
        counted = bool(equals) and maximum.isdecimal()
        add_on_id = run.id_in(run.client.admin.add_ons, name if counted else text)
        links.append(AddOnLinkBody(add_on_id=add_on_id, maximum=int(maximum) if counted else None))
    return links


def _sections(run: Invocation, plan: PlanView) -> list[Section]:
    facts: list[Fact] = [
        ("Name", plan.name),
        ("State", styled_state(plan.state)),
        ("Description", plan.description),
        ("Per account", plan.subscriptions_per_account or "any number of subscriptions"),
        ("Price", plan.display.price or (f"{plan.fee.amount} {plan.fee.currency}" if plan.fee else "")),
        ("Invitation code", "needed" if plan.needs_invitation_code else ""),
        ("Add-ons", ", ".join(each.display.name for each in plan.add_ons)),
        ("When suspended", title_text(plan.suspend_policy)),
        ("Days of grace", plan.deletion_grace_days),
        created(run, plan),
        ("Id", plan.id),
    ]
    return [Section(None, facts), *(_service_section(run, service) for service in plan.services)]


def _service_section(run: Invocation, service: PlannedServiceView) -> Section:
    facts: list[Fact] = []
    if run.is_admin:
        facts += [
            (title_text(key.removesuffix("_id")), _setting(run, key, value)) for key, value in service.settings.items()
        ]
    facts += [limit_text(dimension, limit) for dimension, limit in service.quota.items()]
    return Section(title_text(service.provider), facts, otherwise="the provider's usual limits")


def _setting(run: Invocation, key: str, value: object) -> str:
    if key == "cloud_id":
        return run.names.cloud(str(value))
    if key == "logical_network_id":
        return run.names.logical_network(str(value))
    return str(value)
