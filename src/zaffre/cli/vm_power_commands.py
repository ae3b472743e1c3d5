"""The verbs of `zaffre vm` that change a machine's power."""

from collections.abc import Callable
from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, Waiting
from zaffre.cli.words import state_text
from zaffre.client import Accepted, VirtualMachines, VirtualMachineView

Change = Callable[[VirtualMachines, str], Accepted[VirtualMachineView]]


def add_power_commands(group: CommandGroup) -> None:
    """Put the verbs into the group."""

    @group.command("start")
    def start(run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument) -> None:
        """Start a stopped virtual machine."""
        _change(run, chosen, waiting, machine, lambda machines, machine_id: machines.start(machine_id))

    @group.command("shutdown")
    def shutdown(
        run: Invocation,
        chosen: InSubscription,
        waiting: Waiting,
        machine: MachineArgument,
        *,
        patience_s: Annotated[
            int | None,
            typer.Option("--patience", min=1, max=900, metavar="SECONDS", help="How long the guest may take."),
        ] = None,
        force: Annotated[
            bool, typer.Option("--force/--no-force", help="Cut its power when it has not shut down by then.")
        ] = True,
    ) -> None:
        """Ask the guest to shut down."""
        _change(
            run,
            chosen,
            waiting,
            machine,
            lambda machines, machine_id: machines.shutdown(machine_id, timeout_s=patience_s, force=force),
        )

    @group.command("stop")
    def stop(
        run: Invocation, chosen: InSubscription, waiting: Waiting, confirmation: Confirmation, machine: MachineArgument
    ) -> None:
        """Cut a virtual machine's power. What the guest has not written to disk is lost."""
        _interrupt(run, chosen, waiting, confirmation, machine, "Cut the power of", VirtualMachines.stop)

    @group.command("reset")
    def reset(
        run: Invocation, chosen: InSubscription, waiting: Waiting, confirmation: Confirmation, machine: MachineArgument
    ) -> None:
        """Press a virtual machine's reset button. What the guest has not written to disk is lost."""
        _interrupt(run, chosen, waiting, confirmation, machine, "Reset", VirtualMachines.reset)

    @group.command("pause")
    def pause(run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument) -> None:
        """Stop a virtual machine's processors, keeping its memory."""
        _change(run, chosen, waiting, machine, lambda machines, machine_id: machines.pause(machine_id))

    @group.command("resume")
    def resume(run: Invocation, chosen: InSubscription, waiting: Waiting, machine: MachineArgument) -> None:
        """Let a paused virtual machine go on."""
        _change(run, chosen, waiting, machine, lambda machines, machine_id: machines.resume(machine_id))


def _change(run: Invocation, chosen: InSubscription, waiting: Waiting, reference: str, change: Change) -> None:
    machines = run.subscription(chosen).virtual_machines
    run.finish(change(machines, run.id_in(machines, reference)), waiting, _result)


def _interrupt(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    reference: str,
    question: str,
    change: Change,
) -> None:
    machines = run.subscription(chosen).virtual_machines
    found = run.find(machines, reference)
    lost = ["what its guest has not written to disk is lost"]
    run.confirm(confirmation, f"{question} the virtual machine {found.name}?", lost)
    run.finish(change(machines, found.id), waiting, _result)


def _result(machine: VirtualMachineView) -> str:
    return f"Virtual machine {machine.name} is {state_text(machine.state)}."
