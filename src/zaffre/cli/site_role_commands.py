"""`zaffre site-role`: what accounts may do at the site."""

from typing import Annotated

import typer
from rich.text import Text

from zaffre.cli.arguments import NewNameArgument, SiteRoleArgument
from zaffre.cli.columns import NAME
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.client import Permission, SiteRoleChangeBody, SiteRoleView

group = CommandGroup(help="Site roles: what accounts may do at the site. Give them with: zaffre account set-role.")
app = group.app

_OPTION = typer.Option("--permission", metavar="PERMISSION", help="What it allows; can be repeated.")
DescriptionOption = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")]


@group.command("list")
def list_roles(run: Invocation) -> None:
    """List the roles that are built in, and the site's own."""
    columns: list[Column[SiteRoleView]] = [
        NAME,
        Column("", lambda role: Text("built in", "dim") if role.built_in else Text("")),
        Column("HOLDERS", lambda role: str(role.holders), number=True, whole=True),
        Column("DESCRIPTION", lambda role: role.description),
        Column("ID", lambda role: role.id, wide=True),
    ]
    run.show_items(list(run.client.admin.site_roles.all()), columns, "There are no roles.")


@group.command("show")
def show_role(run: Invocation, role: SiteRoleArgument) -> None:
    """Show what a role allows."""
    found = run.find(run.client.admin.site_roles, role)
    run.show(found, lambda: _sections(found))


@group.command("create")
def create_role(
    run: Invocation,
    name: NewNameArgument,
    permissions: Annotated[list[Permission], _OPTION],
    description: DescriptionOption = None,
) -> None:
    """Make a role. Nobody can put into it what they may not do themselves."""
    made = run.client.admin.site_roles.create(name, permissions, description or "")
    run.report(made, f"Role {name} is made. Give it with: zaffre account set-role E-MAIL {name}")


@group.command("change")
def change_role(
    run: Invocation,
    role: SiteRoleArgument,
    permissions: Annotated[list[Permission] | None, _OPTION] = None,
    description: DescriptionOption = None,
) -> None:
    """Let a role allow something else, for everybody who has it."""
    roles = run.client.admin.site_roles
    change = SiteRoleChangeBody(permissions=permissions or None, description=description)
    changed = roles.change(run.id_in(roles, role), change)
    run.report(changed, f"Role {changed.name} allows {len(changed.permissions)} things now.")


@group.command("delete")
def delete_role(run: Invocation, confirmation: Confirmation, role: SiteRoleArgument) -> None:
    """Delete a role that nobody has."""
    roles = run.client.admin.site_roles
    found = run.find(roles, role)
    run.confirm(confirmation, f"Delete the role {found.name}?")
    roles.delete(found.id)
    run.report(found, f"Role {found.name} is deleted.")


def _sections(role: SiteRoleView) -> list[Section]:
    facts: list[tuple[str, str | None]] = [
        ("Name", role.name),
        ("Description", role.description),
        ("Built in", "yes" if role.built_in else "no"),
        ("Holders", str(role.holders)),
        ("Id", role.id),
    ]
    return [Section(None, [*facts]), Section("Permissions", [(each.value, "") for each in role.permissions])]
