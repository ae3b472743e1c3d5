"""`zaffre network subnet`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NetworkArgument, NewNameArgument
from zaffre.cli.columns import NAME, STATE, created
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.client import NewSubnetBody, SubnetView

group = CommandGroup(help="Subnets of a VM network.")

SubnetArgument = Annotated[str, typer.Argument(metavar="SUBNET", help="Name or id of a subnet.")]
SUBNET_COLUMNS: list[Column[SubnetView]] = [
    NAME,
    STATE,
    Column("CIDR", lambda subnet: subnet.cidr, whole=True),
    Column("GATEWAY", lambda subnet: subnet.gateway, whole=True),
    Column("DNS", lambda subnet: ", ".join(subnet.dns_servers)),
    Column("MTU", lambda subnet: subnet.mtu, number=True, wide=True),
    Column("VSID", lambda subnet: subnet.vsid, number=True, wide=True),
    Column("ID", lambda subnet: subnet.id, wide=True),
]


@group.command("list")
def list_subnets(run: Invocation, chosen: InSubscription, network: NetworkArgument) -> None:
    """List the subnets of a VM network."""
    networks = run.subscription(chosen).vm_networks
    subnets = networks.subnets(run.id_in(networks, network))
    none = f"There are no subnets. Add one with: zaffre network subnet create {network} a 10.0.0.0/24"
    run.show_list(subnets, ListWishes(everything=True), SUBNET_COLUMNS, none)


@group.command("show")
def show_subnet(run: Invocation, chosen: InSubscription, network: NetworkArgument, subnet: SubnetArgument) -> None:
    """Show a subnet."""
    networks = run.subscription(chosen).vm_networks
    found = run.find(networks.subnets(run.id_in(networks, network)), subnet)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_subnet(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    network: NetworkArgument,
    name: NewNameArgument,
    cidr: Annotated[str, typer.Argument(metavar="CIDR", help="Its addresses, as in 10.0.0.0/24.")],
    dns: Annotated[
        list[str] | None, typer.Option("--dns", metavar="ADDRESS", help="A name server. May be repeated.")
    ] = None,
) -> None:
    """Add a subnet to a VM network."""
    networks = run.subscription(chosen).vm_networks
    body = NewSubnetBody(name=name, cidr=cidr, dns_servers=dns or [])
    accepted = networks.subnets(run.id_in(networks, network)).create(body)
    run.finish(accepted, waiting, lambda subnet: f"Subnet {subnet.name} {subnet.cidr} is {subnet.state}.")


@group.command("delete")
def delete_subnet(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    network: NetworkArgument,
    subnet: SubnetArgument,
) -> None:
    """Delete a subnet. No virtual machine may be attached."""
    networks = run.subscription(chosen).vm_networks
    subnets = networks.subnets(run.id_in(networks, network))
    found = run.find(subnets, subnet)
    run.confirm(confirmation, f"Delete the subnet {found.name} {found.cidr}?")
    run.finish(subnets.delete(found.id), waiting, lambda _: f"Subnet {found.name} is deleted.")


def _sections(run: Invocation, subnet: SubnetView) -> list[Section]:
    return [
        Section(
            None,
            [
                ("Name", subnet.name),
                ("State", styled_state(subnet.state)),
                ("CIDR", subnet.cidr),
                ("Gateway", subnet.gateway),
                ("Name servers", ", ".join(subnet.dns_servers)),
                ("MTU", subnet.mtu),
                ("Virtual subnet id", subnet.vsid),
                created(run, subnet),
                ("Id", subnet.id),
            ],
        )
    ]
