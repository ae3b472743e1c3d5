"""`zaffre plan`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import DescriptionOption, NewNameArgument, PlanArgument, plans_of
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.planned_services import PlannedServices
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import limit_text, state_text, title_text
from zaffre.client import NewPlanBody, PlannedServiceView, PlanView, SuspendPolicy

group = CommandGroup(help="Plans: what can be subscribed to.")
app = group.app


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
        name=name, description=description, services=services.bodies(), subscriptions_per_account=per_account
    )
    plan = run.client.admin.plans.create(body)
    run.report(plan, f"Plan {name} is made. Offer it with: zaffre plan publish {name}")


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


def _sections(run: Invocation, plan: PlanView) -> list[Section]:
    facts: list[Fact] = [
        ("Name", plan.name),
        ("State", styled_state(plan.state)),
        ("Description", plan.description),
        ("Per account", plan.subscriptions_per_account or "any number of subscriptions"),
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
