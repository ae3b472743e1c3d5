"""`zaffre size`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument, SizeArgument, sizes_of
from zaffre.cli.columns import NAME, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import mib_text
from zaffre.client import NewSizeBody, SizeView

group = CommandGroup(help="Sizes of virtual machines.")
app = group.app


@group.command("list")
def list_sizes(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the sizes that virtual machines can have."""
    columns: list[Column[SizeView]] = [
        NAME,
        Column("VCPUS", lambda size: size.vcpus, number=True),
        Column("MEMORY", lambda size: mib_text(size.memory_mib), number=True),
        id_column(run),
    ]
    run.show_list(sizes_of(run, chosen), wishes, columns, "There are no sizes.")


@group.command("show")
def show_size(run: Invocation, chosen: InSubscription, size: SizeArgument) -> None:
    """Show a size."""
    found = run.find(sizes_of(run, chosen), size)
    facts = [("Name", found.name), ("vCPUs", found.vcpus), ("Memory", mib_text(found.memory_mib))]
    run.show(found, lambda: [Section(None, [*facts, created(run, found), ("Id", found.id)])])


@group.command("create")
def create_size(
    run: Invocation,
    name: NewNameArgument,
    vcpus: Annotated[int, typer.Option("--vcpus", min=1, metavar="N", help="Virtual processors.")],
    memory_mib: Annotated[int, typer.Option("--memory", min=16, metavar="MIB", help="Memory.")],
) -> None:
    """Add a size."""
    size = run.client.admin.sizes.create(NewSizeBody(name=name, vcpus=vcpus, memory_mib=memory_mib))
    run.report(size, f"Size {name} is added: {vcpus} vCPU, {mib_text(memory_mib)}.")


@group.command("delete")
def delete_size(run: Invocation, confirmation: Confirmation, size: SizeArgument) -> None:
    """Withdraw a size. Virtual machines that have it keep it."""
    sizes = run.client.admin.sizes
    found = run.find(sizes, size)
    run.confirm(confirmation, f"Withdraw the size {found.name}?", ["no virtual machine can be made with it any more"])
    sizes.delete(found.id)
    run.report(found, f"Size {found.name} is withdrawn.")
