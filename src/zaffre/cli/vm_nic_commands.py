"""`zaffre vm nic`: network interfaces of virtual machines."""

from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.attachments import attachment
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, Waiting
from zaffre.cli.refusals import UsageProblem
from zaffre.client import PortOfMachineView, VirtualMachineView

group = CommandGroup(help="Network interfaces of a virtual machine.")

PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK[/SUBNET][=ADDRESS]",
        help="Where to attach it; the address is chosen when left out.",
        autocompletion=names_of(lambda run: run.subscription().vm_networks),
    ),
]
InterfaceArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="Address, MAC address or id of the interface.")
]


@group.command("add")
def add_interface(
    run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument, place: PlaceArgument
) -> None:
    """Attach a virtual machine to one more subnet, also while it runs."""
    scope = run.subscription(chosen)
    found = run.find(scope.virtual_machines, machine)
    known = {port.id for port in found.ports}
    accepted = scope.virtual_machines.add_port(found.id, attachment(run, scope, place))
    run.finish(accepted, waiting, lambda changed: _added(changed, known))


@group.command("remove")
def remove_interface(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    machine: MachineArgument,
    interface: InterfaceArgument,
) -> None:
    """Detach a virtual machine from a subnet, also while it runs."""
    scope = run.subscription(chosen)
    found = run.find(scope.virtual_machines, machine)
    port = _port(found, interface)
    run.confirm(confirmation, f"Remove the interface {port.address} from the virtual machine {found.name}?")
    accepted = scope.virtual_machines.remove_port(found.id, port.id)
    run.finish(accepted, waiting, lambda _: f"Virtual machine {found.name} has given up {port.address}.")


def _added(machine: VirtualMachineView, known: set[str]) -> str:
    addresses = ", ".join(port.address for port in machine.ports if port.id not in known)
    return f"Virtual machine {machine.name} has {addresses} as well."


def _port(machine: VirtualMachineView, reference: str) -> PortOfMachineView:
    for port in machine.ports:
        if reference in (port.address, port.mac, port.id):
            return port
    addresses = ", ".join(port.address for port in machine.ports) or "none"
    raise UsageProblem(
        f"The virtual machine {machine.name} has no interface {reference}.", f"Choose one of these: {addresses}."
    )
