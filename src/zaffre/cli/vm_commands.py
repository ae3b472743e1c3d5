"""`zaffre vm`: virtual machines."""

from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument, NewNameArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import add_label_commands
from zaffre.cli.machine_views import all_machine_columns, machine_columns, machine_sections
from zaffre.cli.new_machine import NewMachine
from zaffre.cli.options import WAIT_TIMEOUT_S, Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.vm_console_commands import add_console_commands
from zaffre.cli.vm_facts_commands import add_facts_command
from zaffre.cli.vm_iso_commands import group as iso
from zaffre.cli.vm_measure_commands import add_measure_commands
from zaffre.cli.vm_migration_commands import add_migration_commands
from zaffre.cli.vm_nic_commands import group as interfaces
from zaffre.cli.vm_power_commands import add_power_commands
from zaffre.cli.vm_resize_commands import add_resize_command
from zaffre.cli.waiting import progress
from zaffre.cli.words import state_text
from zaffre.client import DiskKind, MachineState, VirtualMachineView

group = CommandGroup(help="Virtual machines.")
group.include("iso", iso)
app = group.app


@group.command("list")
def list_machines(
    run: Invocation,
    wishes: ListWishes,
    chosen: InSubscription,
    *,
    everybody: Annotated[
        bool,
        typer.Option("--everybody", "-A", help="Those of all subscriptions, with their hosts; for administrators."),
    ] = False,
) -> None:
    """List virtual machines."""
    if everybody:
        run.show_list(run.client.admin.virtual_machines, wishes, all_machine_columns(run), "There are none at all.")
        return
    scope = run.subscription(chosen)
    none = "There are no virtual machines here. Make one with: zaffre vm create NAME --image IMAGE --size SIZE"
    run.show_list(scope.virtual_machines, wishes, machine_columns(run, scope), none)


@group.command("show")
def show_machine(run: Invocation, chosen: InSubscription, machine: MachineArgument) -> None:
    """Show a virtual machine: its state, network and disks."""
    scope = run.subscription(chosen)
    found = run.find(scope.virtual_machines, machine)
    run.show(found, lambda: machine_sections(run, scope, found))


@group.command("create")
def create_machine(
    run: Invocation, name: NewNameArgument, new: NewMachine, chosen: InSubscription, waiting: Waiting
) -> None:
    """Make a virtual machine and start it."""
    scope = run.subscription(chosen)
    run.finish(scope.virtual_machines.create(new.body(run, scope, name)), waiting, _made)


add_power_commands(group)
add_console_commands(group)
add_migration_commands(group)
group.include("nic", interfaces)
add_label_commands(
    group, "The virtual machine", MachineArgument, lambda run, chosen: run.subscription(chosen).virtual_machines
)
add_resize_command(group)
add_measure_commands(group)
add_facts_command(group)


@group.command("delete")
def delete_machine(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    confirmation: Confirmation,
    machine: MachineArgument,
    *,
    with_disks: Annotated[
        bool, typer.Option("--with-disks", help="Its data disks go too; else they are detached and stay.")
    ] = False,
) -> None:
    """Delete a virtual machine with its root disk."""
    machines = run.subscription(chosen).virtual_machines
    found = run.find(machines, machine)
    goes = [
        f"disk {disk.name}, {disk.size_gib} GiB, with all that is on it"
        for disk in found.disks
        if with_disks or disk.kind == DiskKind.ROOT
    ]
    goes += [f"address {port.address}" for port in found.ports]
    goes += [f"{found.checkpoint_count} checkpoints"] if found.checkpoint_count else []
    stays = [disk.name for disk in found.disks if not with_disks and disk.kind == DiskKind.DATA]
    if stays:
        run.terminal.note(f"Stays, and can be attached to others: {', '.join(stays)}. To delete it: --with-disks")
    run.confirm(confirmation, f"Delete the virtual machine {found.name}, which is {found.state}?", goes)
    accepted = machines.delete(found.id, delete_disks=with_disks)
    run.finish(accepted, waiting, lambda _: f"Virtual machine {found.name} is deleted.")


@group.command("log")
def show_log(
    run: Invocation,
    chosen: InSubscription,
    machine: MachineArgument,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the guest writes more.")] = False,
    tail_bytes: Annotated[
        int | None, typer.Option("--bytes", min=1, max=1_048_576, metavar="N", help="So much of the log's end.")
    ] = None,
) -> None:
    """Print what the guest wrote to its serial port."""
    machines = run.subscription(chosen).virtual_machines
    machine_id = run.id_in(machines, machine)
    piece = machines.serial_log(machine_id, limit_bytes=tail_bytes)
    run.terminal.write(piece.text)
    if not piece.size:
        run.terminal.note("The guest has written nothing yet.")
    if follow:
        for text in machines.follow_serial_log(machine_id, piece.next_offset):
            run.terminal.write(text)


@group.command("wait")
def wait_for_machine(
    run: Invocation,
    chosen: InSubscription,
    machine: MachineArgument,
    *,
    ready: Annotated[
        bool, typer.Option("--ready", help="Wait until the guest says that it is up and serving.")
    ] = False,
    state: Annotated[MachineState | None, typer.Option("--state", help="Wait until it is in this state.")] = None,
    timeout_s: Annotated[
        int, typer.Option("--timeout", min=0, metavar="SECONDS", help="The longest to wait.")
    ] = WAIT_TIMEOUT_S,
) -> None:
    """Wait for a virtual machine to get somewhere.

    Without options, until nothing is being done with it.
    """
    machines = run.subscription(chosen).virtual_machines
    machine_id = run.id_in(machines, machine)

    def there(found: VirtualMachineView) -> bool:
        settled = found.operation_id is None if state is None else found.state == state
        return settled and (found.ready or not ready)

    with progress(run.terminal) as show:
        found = machines.wait_until(machine_id, there, timeout_s, lambda seen: show(0.0, _sentence(seen)))
    run.report(found, f"{_sentence(found)}.")


def _made(machine: VirtualMachineView) -> str:
    addresses = ", ".join(port.address for port in machine.ports)
    return f"Virtual machine {machine.name} is {machine.state}{f' at {addresses}' if addresses else ''}."


def _sentence(machine: VirtualMachineView) -> str:
    said = f"Virtual machine {machine.name} is {state_text(machine.state)}"
    if machine.state != MachineState.RUNNING:
        return said
    return f"{said} and {'ready' if machine.ready else 'not ready yet'}"
