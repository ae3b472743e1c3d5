"""`zaffre availability-set`: virtual machines that are kept on different hosts."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.machine_views import machine_columns
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column, table_of
from zaffre.client import AvailabilityPolicy, AvailabilitySetView, Query, SubscriptionScope

group = CommandGroup(help="Availability sets: virtual machines that are kept on different hosts.")
app = group.app

SetArgument = Annotated[
    str,
    typer.Argument(
        metavar="SET",
        help="Name or id of an availability set.",
        autocompletion=names_of(lambda run: run.subscription().availability_sets),
    ),
]


@group.command("list")
def list_sets(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the subscription's availability sets."""
    columns: list[Column[AvailabilitySetView]] = [
        NAME,
        Column("POLICY", lambda found: found.policy),
        Column("MACHINES", lambda found: found.virtual_machine_count, number=True),
        age_column(run),
        id_column(run),
    ]
    none = "There are no availability sets here. Make one with: zaffre availability-set create NAME"
    run.show_list(run.subscription(chosen).availability_sets, wishes, columns, none)


@group.command("show")
def show_set(run: Invocation, chosen: InSubscription, availability_set: SetArgument) -> None:
    """Show an availability set with its virtual machines."""
    scope = run.subscription(chosen)
    found = run.find(scope.availability_sets, availability_set)
    run.show(found, lambda: _sections(run, scope, found))


@group.command("create")
def create_set(
    run: Invocation,
    chosen: InSubscription,
    name: NewNameArgument,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a machine rather than let it share a host with another.")
    ] = False,
    tag: TagOption = None,
) -> None:
    """Make an availability set. Its policy cannot be changed later."""
    policy = AvailabilityPolicy.STRICT if strict else AvailabilityPolicy.PREFERRED
    made = run.subscription(chosen).availability_sets.create(name, policy, new_tags(tag))
    run.report(made, f"Availability set {name} is made ({policy}). Use it with: zaffre vm create --availability-set")


add_label_commands(
    group, "The availability set", SetArgument, lambda run, chosen: run.subscription(chosen).availability_sets
)


@group.command("delete")
def delete_set(
    run: Invocation, chosen: InSubscription, confirmation: Confirmation, availability_set: SetArgument
) -> None:
    """Delete an availability set. No virtual machine may be in it."""
    sets = run.subscription(chosen).availability_sets
    found = run.find(sets, availability_set)
    run.confirm(confirmation, f"Delete the availability set {found.name}?")
    sets.delete(found.id)
    run.report(found, f"Availability set {found.name} is deleted.")


def _sections(run: Invocation, scope: SubscriptionScope, found: AvailabilitySetView) -> list[Section]:
    machines = scope.virtual_machines.all(Query(filter=f"availability_set_id eq '{found.id}'"))
    facts = [("Name", found.name), ("Policy", found.policy), tags_fact(found), created(run, found), ("Id", found.id)]
    return [
        Section(None, facts),
        Section("Virtual machines", table=table_of(machines, machine_columns(run, scope), wide=run.wide)),
    ]
