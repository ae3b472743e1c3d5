"""`zaffre checkpoint`: states of virtual machines to go back to."""

from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument, NewNameArgument
from zaffre.cli.checkpoint_views import checkpoint_sections, checkpoint_tree, tree_columns
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, OutputFormat, Waiting
from zaffre.cli.tables import table_of
from zaffre.client import CheckpointView

group = CommandGroup(help="Checkpoints: states of a virtual machine to go back to.")
app = group.app

CheckpointArgument = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="Name or id of a checkpoint.")]
DescriptionOption = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is good for.")]


@group.command("list")
def list_checkpoints(run: Invocation, chosen: InSubscription, machine: MachineArgument) -> None:
    """Show a virtual machine's tree of checkpoints.

    It also says where in the tree the machine is.
    """
    machines = run.subscription(chosen).virtual_machines
    found = list(machines.checkpoints(run.id_in(machines, machine)).all())
    if found and run.output is OutputFormat.TABLE:
        run.terminal.show(table_of(checkpoint_tree(found), tree_columns(run), wide=run.wide), cut=not run.wide)
        return
    run.show_items(found, [], f"There are no checkpoints. Take one with: zaffre checkpoint create {machine} NAME")


@group.command("show")
def show_checkpoint(
    run: Invocation, chosen: InSubscription, machine: MachineArgument, checkpoint: CheckpointArgument
) -> None:
    """Show a checkpoint."""
    machines = run.subscription(chosen).virtual_machines
    checkpoints = machines.checkpoints(run.id_in(machines, machine))
    found = run.find(checkpoints, checkpoint)
    parent = checkpoints.get(found.parent_id).name if found.parent_id is not None else None
    run.show(found, lambda: checkpoint_sections(run, found, parent))


@group.command("create")
def create_checkpoint(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    machine: MachineArgument,
    name: NewNameArgument,
    *,
    description: DescriptionOption = None,
) -> None:
    """Take a checkpoint. A running machine stands still meanwhile."""
    machines = run.subscription(chosen).virtual_machines
    accepted = machines.checkpoints(run.id_in(machines, machine)).create(name, description or "")
    run.finish(accepted, waiting, _taken)


@group.command("rename")
def rename_checkpoint(
    run: Invocation,
    chosen: InSubscription,
    machine: MachineArgument,
    checkpoint: CheckpointArgument,
    name: NewNameArgument,
    *,
    description: DescriptionOption = None,
) -> None:
    """Give a checkpoint another name."""
    machines = run.subscription(chosen).virtual_machines
    checkpoints = machines.checkpoints(run.id_in(machines, machine))
    found = run.find(checkpoints, checkpoint)
    renamed = checkpoints.change(found.id, name=name, description=description)
    run.report(renamed, f"Checkpoint {found.name} is now called {renamed.name}.")


@group.command("restore")
def restore_checkpoint(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    machine: MachineArgument,
    checkpoint: CheckpointArgument,
) -> None:
    """Bring a virtual machine back to a checkpoint."""
    machines = run.subscription(chosen).virtual_machines
    restored = run.find(machines, machine)
    checkpoints = machines.checkpoints(restored.id)
    found = run.find(checkpoints, checkpoint)
    lost = ["what the machine has written and done since its last checkpoint is lost"]
    run.confirm(confirmation, f"Bring the virtual machine {restored.name} back to {found.name}?", lost)
    state = "running or paused, as it was" if found.with_memory else "stopped"
    sentence = f"Virtual machine {restored.name} is back at {found.name}, {state}."
    run.finish(checkpoints.restore(found.id), waiting, lambda _: sentence)


@group.command("delete")
def delete_checkpoint(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    machine: MachineArgument,
    checkpoint: CheckpointArgument,
) -> None:
    """Delete a checkpoint. What descends from it stays."""
    machines = run.subscription(chosen).virtual_machines
    checkpoints = machines.checkpoints(run.id_in(machines, machine))
    found = run.find(checkpoints, checkpoint)
    run.confirm(
        confirmation, f"Delete the checkpoint {found.name}?", ["the state that it keeps cannot be gone back to"]
    )
    run.finish(checkpoints.delete(found.id), waiting, lambda _: f"Checkpoint {found.name} is deleted.")


def _taken(checkpoint: CheckpointView) -> str:
    return f"Checkpoint {checkpoint.name} is taken, {'with memory' if checkpoint.with_memory else 'disks only'}."
