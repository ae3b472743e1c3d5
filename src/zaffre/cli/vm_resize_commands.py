"""The verbs of `zaffre vm` that change how large a machine is."""

from zaffre.cli.arguments import MachineArgument, SizeArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, Waiting
from zaffre.client import VirtualMachineView


def add_resize_command(group: CommandGroup) -> None:
    """Put the verb into the group."""

    @group.command("resize")
    def resize(
        run: Invocation,
        chosen: InSubscription,
        waiting: Waiting,
        machine: MachineArgument,
        size: SizeArgument,
    ) -> None:
        """Give a virtual machine another size. What a running guest cannot take at once waits for its next start."""
        scope = run.subscription(chosen)
        name = run.find(scope.sizes, size).name
        run.finish(scope.virtual_machines.resize(run.id_in(scope.virtual_machines, machine), name), waiting, _resized)


def _resized(machine: VirtualMachineView) -> str:
    later = "; stop and start it to give it all of that" if machine.restart_required else ""
    return f"Virtual machine {machine.name} has the size {machine.size}{later}."
