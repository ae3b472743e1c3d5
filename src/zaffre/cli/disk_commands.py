"""`zaffre disk`: disks of virtual machines."""

from typing import Annotated

import typer

from zaffre.cli.arguments import DiskArgument, MachineArgument, NewNameArgument
from zaffre.cli.columns import age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.machine_views import DISK_COLUMNS
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.client import DiskView, SubscriptionScope

group = CommandGroup(help="Disks: root disks of virtual machines, and data disks that go from one to another.")
app = group.app

SizeArgument = Annotated[int, typer.Argument(metavar="GIB", min=1, help="Its size in GiB.")]


@group.command("list")
def list_disks(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the subscription's disks."""
    scope = run.subscription(chosen)
    columns: list[Column[DiskView]] = [
        *DISK_COLUMNS,
        Column("VIRTUAL MACHINE", lambda disk: _machine(run, scope, disk)),
        age_column(run),
        id_column(run),
    ]
    run.show_list(scope.disks, wishes, columns, "There are no disks here. Make one with: zaffre disk create NAME GIB")


@group.command("show")
def show_disk(run: Invocation, chosen: InSubscription, disk: DiskArgument) -> None:
    """Show a disk, and how its guest finds it."""
    scope = run.subscription(chosen)
    found = run.find(scope.disks, disk)
    run.show(found, lambda: _sections(run, scope, found))


@group.command("create")
def create_disk(
    run: Invocation,
    chosen: InSubscription,
    waiting: Waiting,
    name: NewNameArgument,
    size_gib: SizeArgument,
    machine: Annotated[
        str | None,
        typer.Option(
            "--attach",
            metavar="VM",
            help="Attach it to this virtual machine at once.",
            autocompletion=names_of(lambda run: run.subscription().virtual_machines),
        ),
    ] = None,
    tag: TagOption = None,
) -> None:
    """Make a data disk."""
    scope = run.subscription(chosen)
    machine_id = run.id_in(scope.virtual_machines, machine) if machine is not None else None
    run.finish(scope.disks.create(name, size_gib, machine_id, new_tags(tag)), waiting, _sentence)


add_label_commands(group, "The disk", DiskArgument, lambda run, chosen: run.subscription(chosen).disks)


@group.command("grow")
def grow_disk(
    run: Invocation, chosen: InSubscription, waiting: Waiting, disk: DiskArgument, size_gib: SizeArgument
) -> None:
    """Make a disk larger. It cannot be made smaller again."""
    disks = run.subscription(chosen).disks
    accepted = disks.grow(run.id_in(disks, disk), size_gib)
    run.finish(accepted, waiting, lambda grown: f"Disk {grown.name} has {grown.size_gib} GiB.")


@group.command("attach")
def attach_disk(
    run: Invocation, chosen: InSubscription, waiting: Waiting, disk: DiskArgument, machine: MachineArgument
) -> None:
    """Attach a data disk to a virtual machine, running or not."""
    scope = run.subscription(chosen)
    machine_id = run.id_in(scope.virtual_machines, machine)
    run.finish(scope.disks.attach(run.id_in(scope.disks, disk), machine_id), waiting, _sentence)


@group.command("detach")
def detach_disk(run: Invocation, chosen: InSubscription, waiting: Waiting, disk: DiskArgument) -> None:
    """Detach a data disk from its virtual machine.

    A running guest must have unmounted it.
    """
    disks = run.subscription(chosen).disks
    run.finish(disks.detach(run.id_in(disks, disk)), waiting, _sentence)


@group.command("delete")
def delete_disk(
    run: Invocation, chosen: InSubscription, waiting: Waiting, confirmation: Confirmation, disk: DiskArgument
) -> None:
    """Delete a data disk that is attached nowhere."""
    disks = run.subscription(chosen).disks
    found = run.find(disks, disk)
    goes = [f"{found.size_gib} GiB, with all that is on it"]
    run.confirm(confirmation, f"Delete the disk {found.name}, which is {found.state}?", goes)
    run.finish(disks.delete(found.id), waiting, lambda _: f"Disk {found.name} is deleted.")


def _machine(run: Invocation, scope: SubscriptionScope, disk: DiskView) -> str | None:
    return None if disk.virtual_machine_id is None else run.names.virtual_machine(scope, disk.virtual_machine_id)


def _sections(run: Invocation, scope: SubscriptionScope, disk: DiskView) -> list[Section]:
    general = [
        ("Name", disk.name),
        tags_fact(disk),
        ("State", styled_state(disk.state)),
        ("Kind", disk.kind),
        ("Size", f"{disk.size_gib} GiB"),
        ("Virtual machine", _machine(run, scope, disk)),
        ("In the guest", f"/dev/disk/by-id/virtio-{disk.serial}"),
        created(run, disk),
        ("Id", disk.id),
    ]
    return [Section(None, general)]


def _sentence(disk: DiskView) -> str:
    return f"Disk {disk.name} is {disk.state}; its guest finds it as /dev/disk/by-id/virtio-{disk.serial}."
