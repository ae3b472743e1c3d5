"""`zaffre cloud`."""

from zaffre.cli.arguments import CloudArgument, DescriptionOption, NewNameArgument, StampOption
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.client import CloudView, NewCloudBody

group = CommandGroup(help="Clouds: slices of stamps that plans offer.")
app = group.app


@group.command("list")
def list_clouds(run: Invocation, wishes: ListWishes) -> None:
    """List the clouds."""
    columns: list[Column[CloudView]] = [
        NAME,
        Column("STAMP", lambda cloud: run.names.stamp(cloud.stamp_id)),
        Column("DESCRIPTION", lambda cloud: cloud.description),
        age_column(run),
        id_column(run),
    ]
    none = "There are no clouds. Add one with: zaffre cloud create NAME --stamp STAMP"
    run.show_list(run.client.admin.clouds, wishes, columns, none)


@group.command("show")
def show_cloud(run: Invocation, cloud: CloudArgument) -> None:
    """Show a cloud."""
    found = run.find(run.client.admin.clouds, cloud)
    facts = [("Name", found.name), ("Description", found.description), ("Stamp", run.names.stamp(found.stamp_id))]
    run.show(found, lambda: [Section(None, [*facts, created(run, found), ("Id", found.id)])])


@group.command("create")
def create_cloud(
    run: Invocation, name: NewNameArgument, stamp: StampOption, description: DescriptionOption = ""
) -> None:
    """Add a cloud over a stamp."""
    stamp_id = run.id_in(run.client.admin.stamps, stamp)
    cloud = run.client.admin.clouds.create(NewCloudBody(name=name, stamp_id=stamp_id, description=description))
    run.report(cloud, f"Cloud {name} is added.")


@group.command("delete")
def delete_cloud(run: Invocation, confirmation: Confirmation, cloud: CloudArgument) -> None:
    """Remove a cloud. Virtual machines made through it run on."""
    clouds = run.client.admin.clouds
    found = run.find(clouds, cloud)
    run.confirm(confirmation, f"Remove the cloud {found.name}?")
    clouds.delete(found.id)
    run.report(found, f"Cloud {found.name} is removed.")
