"""`zaffre vm iso`: what is in a virtual machine's drive."""

from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, Waiting

group = CommandGroup(help="The ISO in a virtual machine's drive.")

IsoArgument = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        help="Name or id of an image of kind iso.",
        autocompletion=names_of(lambda run: run.subscription().images),
    ),
]


@group.command("insert")
def insert_iso(
    run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument, image: IsoArgument
) -> None:
    """Put an ISO into the drive, in place of what is in it."""
    scope = run.subscription(chosen)
    found = run.find(scope.images, image)
    accepted = scope.virtual_machines.insert_iso(run.id_in(scope.virtual_machines, machine), found.id)
    run.finish(accepted, waiting, lambda changed: f"The drive of {changed.name} holds {found.name}.")


@group.command("eject")
def eject_iso(run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument) -> None:
    """Empty the drive."""
    machines = run.subscription(chosen).virtual_machines
    accepted = machines.eject_iso(run.id_in(machines, machine))
    run.finish(accepted, waiting, lambda changed: f"The drive of {changed.name} is empty.")
