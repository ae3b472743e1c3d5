"""`zaffre network`: VM networks."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NetworkArgument, NewNameArgument
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.subnet_commands import SUBNET_COLUMNS
from zaffre.cli.subnet_commands import group as subnets
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import yes_no
from zaffre.client import (
    NewSubnetBody,
    NewVmNetworkBody,
    PortView,
    SubscriptionScope,
    VmNetworkDetailView,
    VmNetworkView,
)

group = CommandGroup(help="VM networks: private networks of your virtual machines.")
group.include("subnet", subnets)
app = group.app


@group.command("list")
def list_networks(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the subscription's VM networks."""
    columns: list[Column[VmNetworkView]] = [NAME, STATE, age_column(run), id_column(run)]
    none = "There are no VM networks here. Make one with: zaffre network create NAME --subnet a=10.0.0.0/24"
    run.show_list(run.subscription(chosen).vm_networks, wishes, columns, none)


@group.command("show")
def show_network(run: Invocation, chosen: InSubscription, network: NetworkArgument) -> None:
    """Show a VM network with its subnets and who is attached."""
    scope = run.subscription(chosen)
    found = scope.vm_networks.get(run.id_in(scope.vm_networks, network))
    run.show(found, lambda: _sections(run, scope, found))


@group.command("create")
def create_network(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    name: NewNameArgument,
    subnet: Annotated[
        list[str] | None,
        typer.Option("--subnet", metavar="NAME=CIDR", help="A subnet, as in a=10.0.0.0/24. May be repeated."),
    ] = None,
    dns: Annotated[
        list[str] | None, typer.Option("--dns", metavar="ADDRESS", help="Name server of the subnets. May be repeated.")
    ] = None,
    tag: TagOption = None,
) -> None:
    """Make a VM network with its subnets."""
    subnets = [_subnet(text, dns or []) for text in subnet or []]
    body = NewVmNetworkBody(name=name, subnets=subnets, tags=new_tags(tag))
    accepted = run.subscription(chosen).vm_networks.create(body)
    run.finish(accepted, waiting, lambda network: f"VM network {network.name} is {network.state}.")
    if not subnets:
        run.terminal.note(f"It has no subnet yet: zaffre network subnet create {name} a 10.0.0.0/24")


add_label_commands(group, "The VM network", NetworkArgument, lambda run, chosen: run.subscription(chosen).vm_networks)


@group.command("delete")
def delete_network(
    run: Invocation, chosen: InSubscription, waiting: Waiting, confirmation: Confirmation, network: NetworkArgument
) -> None:
    """Delete a VM network with its subnets. No virtual machine may be attached."""
    networks = run.subscription(chosen).vm_networks
    found = networks.get(run.id_in(networks, network))
    goes = [f"subnet {subnet.name} {subnet.cidr}" for subnet in found.subnets]
    run.confirm(confirmation, f"Delete the VM network {found.name}?", goes)
    run.finish(networks.delete(found.id), waiting, lambda _: f"VM network {found.name} is deleted.")


@group.command("ports")
def list_ports(run: Invocation, wishes: ListWishes, chosen: InSubscription, network: NetworkArgument) -> None:
    """List who is attached to a VM network, with which address."""
    scope = run.subscription(chosen)
    found = scope.vm_networks.get(run.id_in(scope.vm_networks, network))
    columns = _port_columns(run, scope, found)
    run.show_list(scope.vm_networks.ports(found.id), wishes, columns, f"Nothing is attached to {found.name}.")


def _subnet(text: str, dns_servers: list[str]) -> NewSubnetBody:
    name, equals, cidr = text.partition("=")
    if not equals:
        raise UsageProblem(f"The subnet {text!r} cannot be read.", "Write it as NAME=CIDR, for example a=10.0.0.0/24.")
    return NewSubnetBody(name=name, cidr=cidr, dns_servers=dns_servers)


def _port_columns(run: Invocation, scope: SubscriptionScope, network: VmNetworkDetailView) -> list[Column[PortView]]:
    subnet_names = {subnet.id: subnet.name for subnet in network.subnets}
    return [
        Column("ADDRESS", lambda port: port.address, whole=True),
        Column("VIRTUAL MACHINE", lambda port: run.names.virtual_machine(scope, port.virtual_machine_id)),
        Column("SUBNET", lambda port: subnet_names.get(port.subnet_id)),
        Column("MAC", lambda port: port.mac, whole=True),
        Column("UP", lambda port: styled_state(yes_no(port.up)), whole=True),
        Column("ID", lambda port: port.id, wide=True),
    ]


def _sections(run: Invocation, scope: SubscriptionScope, network: VmNetworkDetailView) -> list[Section]:
    ports = scope.vm_networks.ports(network.id).all()
    return [
        Section(
            None,
            [
                ("Name", network.name),
                ("State", styled_state(network.state)),
                tags_fact(network),
                created(run, network),
                ("Id", network.id),
            ],
        ),
        Section("Subnets", table=table_of(network.subnets, SUBNET_COLUMNS, wide=run.wide)),
        Section("Attached", table=table_of(ports, _port_columns(run, scope, network), wide=run.wide)),
    ]
