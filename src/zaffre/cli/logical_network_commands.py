"""`zaffre logical-network`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import LogicalNetworkArgument, NewNameArgument, StampOption
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.client import LogicalNetworkView, NewLogicalNetworkBody

group = CommandGroup(help="Logical networks: the network planes of stamps, with their pools.")
app = group.app


@group.command("list")
def list_logical_networks(run: Invocation, wishes: ListWishes) -> None:
    """List the logical networks."""
    columns: list[Column[LogicalNetworkView]] = [
        NAME,
        Column("PLANE", lambda network: styled_state(_connection(network)), whole=True),
        Column("STAMP", lambda network: run.names.stamp(network.stamp_id)),
        Column("DRIVER", lambda network: network.driver),
        Column("MTU", lambda network: network.underlay_mtu, number=True),
        Column("ADDRESS", lambda network: network.address, wide=True),
        age_column(run),
        id_column(run),
    ]
    none = "There are none. Add one with: zaffre logical-network create NAME --stamp STAMP --address ADDRESS"
    run.show_list(run.client.admin.logical_networks, wishes, columns, none)


@group.command("show")
def show_logical_network(run: Invocation, network: LogicalNetworkArgument) -> None:
    """Show a logical network."""
    found = run.find(run.client.admin.logical_networks, network)
    facts = [
        ("Name", found.name),
        ("Plane", styled_state(_connection(found))),
        ("Stamp", run.names.stamp(found.stamp_id)),
        ("Driver", found.driver),
        ("Address", found.address),
        ("Underlay MTU", found.underlay_mtu),
        ("MAC addresses", f"{found.first_mac} to {found.last_mac}"),
    ]
    run.show(found, lambda: [Section(None, [*facts, created(run, found), ("Id", found.id)])])


@group.command("create")
def create_logical_network(
    run: Invocation,
    name: NewNameArgument,
    stamp: StampOption,
    address: Annotated[
        str,
        typer.Option(
            "--address", metavar="ADDRESS", help="Where its plane is: nb=tcp:192.0.2.1:6641;sb=tcp:192.0.2.1:6642"
        ),
    ],
    driver: Annotated[str, typer.Option("--driver", metavar="NAME", help="What speaks to the plane.")] = "ovn",
    underlay_mtu: Annotated[
        int, typer.Option("--underlay-mtu", metavar="BYTES", help="Largest packet between hosts.")
    ] = 1500,
) -> None:
    """Give a stamp its logical network."""
    stamp_id = run.id_in(run.client.admin.stamps, stamp)
    body = NewLogicalNetworkBody(
        name=name, stamp_id=stamp_id, address=address, driver=driver, underlay_mtu=underlay_mtu
    )
    run.report(run.client.admin.logical_networks.create(body), f"Logical network {name} is added.")


@group.command("delete")
def delete_logical_network(run: Invocation, confirmation: Confirmation, network: LogicalNetworkArgument) -> None:
    """Remove a logical network without VM networks."""
    networks = run.client.admin.logical_networks
    found = run.find(networks, network)
    run.confirm(confirmation, f"Remove the logical network {found.name}?")
    networks.delete(found.id)
    run.report(found, f"Logical network {found.name} is removed.")


def _connection(network: LogicalNetworkView) -> str:
    return "connected" if network.connected else "unreachable"
