"""`zaffre member`: who works in a subscription, in which roles."""

from typing import Annotated

import typer
from rich.text import Text

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.tables import Column
from zaffre.client import InvitationView, MemberView, Permission, RoleChangeBody, SubscriptionRoleView

group = CommandGroup(help="Who works in a subscription besides its owner, and what they may do there.")
app = group.app
roles = CommandGroup(help="Roles: what members may do. Three are built in; a subscription can have its own.")
invitations = CommandGroup(help="Invitations that wait for your answer.")
group.include("role", roles)
group.include("invitation", invitations)

MemberArgument = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS",
        help="E-mail address or id of a member.",
        autocompletion=names_of(lambda run: run.subscription().members),
    ),
]
RoleArgument = Annotated[
    str,
    typer.Argument(
        metavar="ROLE", help="Name or id of a role.", autocompletion=names_of(lambda run: run.subscription().roles)
    ),
]
InvitationArgument = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Name of the subscription, or an id.")]
PermissionOption = Annotated[
    list[Permission], typer.Option("--permission", metavar="PERMISSION", help="What it allows; can be repeated.")
]


@group.command("list")
def list_members(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the members, and who has been invited."""
    columns: list[Column[MemberView]] = [
        Column("ADDRESS", lambda member: member.email),
        Column("ROLE", lambda member: member.role_name),
        Column("", lambda member: Text("") if member.accepted else Text("invited", "dim")),
        age_column(run),
        id_column(run),
    ]
    none = "Only the owner works here. Invite somebody with: zaffre member invite ADDRESS --role contributor"
    run.show_list(run.subscription(chosen).members, wishes, columns, none)


@group.command("invite")
def invite_member(
    run: Invocation,
    chosen: InSubscription,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="E-mail address to invite.")],
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="owner, contributor, reader, or a role of the subscription's own.",
            autocompletion=names_of(lambda run: run.subscription().roles),
        ),
    ] = "contributor",
) -> None:
    """Invite somebody to work in the subscription.

    They become a member when they accept.
    """
    scope = run.subscription(chosen)
    found = run.find(scope.roles, role)
    run.report(scope.members.invite(address, found.id), f"{address} is invited as {found.name}.")


@group.command("change")
def change_member(run: Invocation, chosen: InSubscription, member: MemberArgument, role: RoleArgument) -> None:
    """Give a member another role, which counts at once."""
    scope = run.subscription(chosen)
    found = run.find(scope.roles, role)
    changed = scope.members.change_role(run.id_in(scope.members, member), found.id)
    run.report(changed, f"{changed.email} is {found.name} now.")


@group.command("remove")
def remove_member(run: Invocation, chosen: InSubscription, confirmation: Confirmation, member: MemberArgument) -> None:
    """Take a member's rights away, or an invitation back."""
    members = run.subscription(chosen).members
    found = run.find(members, member)
    run.confirm(confirmation, f"Remove {found.email}?", ["their consoles end; what they made stays"])
    members.remove(found.id)
    run.report(found, f"{found.email} is removed.")


@group.command("leave")
def leave(run: Invocation, chosen: InSubscription, confirmation: Confirmation) -> None:
    """End your own membership in a subscription of somebody else's."""
    found = run.client.subscriptions.get(run.subscription(chosen).id)
    run.confirm(confirmation, f"Leave the subscription {found.name}?", ["only an owner can invite you again"])
    run.client.subscriptions.leave(found.id)
    run.report(found, f"You work no longer in {found.name}.")
    if found.id == run.context.subscription_id:
        run.remember(subscription_id=None, subscription_name=None)


@roles.command("list")
def list_roles(run: Invocation, chosen: InSubscription) -> None:
    """List the roles that members can have."""
    columns: list[Column[SubscriptionRoleView]] = [
        NAME,
        Column("", lambda role: Text("built in", "dim") if role.built_in else Text("")),
        Column("PERMISSIONS", lambda role: ", ".join(role.permissions)),
        Column("ID", lambda role: role.id, wide=True),
    ]
    run.show_items(list(run.subscription(chosen).roles.all()), columns, "There are no roles.")


@roles.command("create")
def create_role(
    run: Invocation,
    chosen: InSubscription,
    name: NewNameArgument,
    permissions: PermissionOption,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
) -> None:
    """Put a role together. Nobody can put into it what they may not do themselves."""
    made = run.subscription(chosen).roles.create(name, permissions, description)
    run.report(made, f"Role {name} is made. Give it with: zaffre member invite ADDRESS --role {name}")


@roles.command("change")
def change_role(run: Invocation, chosen: InSubscription, role: RoleArgument, permissions: PermissionOption) -> None:
    """Let a role allow something else, at once for everybody who has it."""
    listed = run.subscription(chosen).roles
    changed = listed.change(run.id_in(listed, role), RoleChangeBody(permissions=permissions))
    run.report(changed, f"Role {changed.name} allows {len(changed.permissions)} things now.")


@roles.command("delete")
def delete_role(run: Invocation, chosen: InSubscription, confirmation: Confirmation, role: RoleArgument) -> None:
    """Remove a role that nobody has."""
    listed = run.subscription(chosen).roles
    found = run.find(listed, role)
    run.confirm(confirmation, f"Delete the role {found.name}?")
    listed.delete(found.id)
    run.report(found, f"Role {found.name} is deleted.")


@invitations.command("list")
def list_invitations(run: Invocation) -> None:
    """List the invitations that wait for your answer."""
    columns: list[Column[InvitationView]] = [
        Column("SUBSCRIPTION", lambda invitation: invitation.subscription_name),
        Column("ROLE", lambda invitation: invitation.role_name),
        age_column(run),
        id_column(run),
    ]
    run.show_items(list(run.client.invitations.all()), columns, "No invitation waits for your answer.")


@invitations.command("accept")
def accept_invitation(run: Invocation, invitation: InvitationArgument) -> None:
    """Become a member of the subscription."""
    found = run.find(run.client.invitations, invitation)
    member = run.client.invitations.accept(found.id)
    run.report(member, f"You work in {found.subscription_name} now, as {found.role_name}.")


@invitations.command("decline")
def decline_invitation(run: Invocation, invitation: InvitationArgument) -> None:
    """Send an invitation back."""
    found = run.find(run.client.invitations, invitation)
    run.client.invitations.decline(found.id)
    run.report(found, f"The invitation to {found.subscription_name} is sent back.")
