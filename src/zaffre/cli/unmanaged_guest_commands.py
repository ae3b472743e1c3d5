"""`zaffre unmanaged-guest`."""

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import age, yes_no
from zaffre.client import UnmanagedGuestView

group = CommandGroup(help="Guests on hosts that belong to no virtual machine Zaffre knows.")
app = group.app


@group.command("list")
def list_unmanaged_guests(run: Invocation, wishes: ListWishes) -> None:
    """List unmanaged guests. They take up room that placement does not know of."""
    now = run.terminal.now
    columns: list[Column[UnmanagedGuestView]] = [
        Column("TITLE", lambda guest: guest.title),
        Column("HOST", lambda guest: run.names.host(guest.host_id)),
        Column("POWER", lambda guest: styled_state(guest.power_state), whole=True),
        Column("OURS ONCE", lambda guest: yes_no(guest.made_by_zaffre)),
        Column("FIRST SEEN", lambda guest: f"{age(guest.first_seen_at, now)} ago", whole=True),
        Column("LAST SEEN", lambda guest: f"{age(guest.last_seen_at, now)} ago", whole=True),
        Column("GUEST ID", lambda guest: run.names.id(guest.guest_id), whole=True),
    ]
    run.show_list(run.client.admin.unmanaged_guests, wishes, columns, "Every guest on the hosts is known.")
