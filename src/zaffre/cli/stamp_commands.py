"""`zaffre stamp`."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument, StampArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import mib_text
from zaffre.client import NewStampBody, StampView

group = CommandGroup(help="Stamps: scale units of hosts, storage and one network plane.")
app = group.app


@group.command("list")
def list_stamps(run: Invocation, wishes: ListWishes) -> None:
    """List the stamps."""
    columns: list[Column[StampView]] = [
        NAME,
        Column("VCPU RATIO", lambda stamp: f"{stamp.vcpu_ratio:g}", number=True),
        Column("STORAGE RATIO", lambda stamp: f"{stamp.storage_ratio:g}", number=True),
        Column("KEPT FREE", lambda stamp: mib_text(stamp.memory_reserve_mib), number=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(
        run.client.admin.stamps, wishes, columns, "There are no stamps. Add one with: zaffre stamp create NAME"
    )


@group.command("show")
def show_stamp(run: Invocation, stamp: StampArgument) -> None:
    """Show a stamp."""
    found = run.find(run.client.admin.stamps, stamp)
    facts = [
        ("Name", found.name),
        ("vCPUs per CPU", f"{found.vcpu_ratio:g}"),
        ("Storage ratio", f"{found.storage_ratio:g}"),
        ("Kept free", f"{mib_text(found.memory_reserve_mib)} of memory on each host"),
    ]
    run.show(found, lambda: [Section(None, [*facts, created(run, found), ("Id", found.id)])])


@group.command("create")
def create_stamp(
    run: Invocation,
    name: NewNameArgument,
    vcpu_ratio: Annotated[
        float, typer.Option("--vcpu-ratio", metavar="RATIO", help="Virtual processors handed out per processor.")
    ] = 4.0,
    storage_ratio: Annotated[
        float, typer.Option("--storage-ratio", metavar="RATIO", help="Disk space promised per space there is.")
    ] = 2.0,
    memory_reserve_mib: Annotated[
        int, typer.Option("--memory-reserve", min=0, metavar="MIB", help="Memory kept free on each host.")
    ] = 1024,
) -> None:
    """Add a stamp."""
    body = NewStampBody(
        name=name, vcpu_ratio=vcpu_ratio, storage_ratio=storage_ratio, memory_reserve_mib=memory_reserve_mib
    )
    stamp = run.client.admin.stamps.create(body)
    run.report(stamp, f"Stamp {name} is added.")


@group.command("delete")
def delete_stamp(run: Invocation, confirmation: Confirmation, stamp: StampArgument) -> None:
    """Remove an empty stamp."""
    stamps = run.client.admin.stamps
    found = run.find(stamps, stamp)
    run.confirm(confirmation, f"Remove the stamp {found.name}?")
    stamps.delete(found.id)
    run.report(found, f"Stamp {found.name} is removed.")
