"""The verb of `zaffre vm` that asks a guest about itself."""

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import bytes_text, instant_text
from zaffre.client import GuestFactsView, GuestFilesystemView, GuestInterfaceView, GuestSilence

INTERFACE_COLUMNS: list[Column[GuestInterfaceView]] = [
    Column("NAME", lambda interface: interface.name),
    Column("MAC", lambda interface: interface.mac, whole=True),
    Column("ADDRESSES", lambda interface: ", ".join(interface.addresses)),
]
FILESYSTEM_COLUMNS: list[Column[GuestFilesystemView]] = [
    Column("MOUNTED AT", lambda filesystem: filesystem.mountpoint),
    Column("TYPE", lambda filesystem: filesystem.type),
    Column("USED", lambda filesystem: _size(filesystem.used_bytes), number=True),
    Column("SIZE", lambda filesystem: _size(filesystem.total_bytes), number=True),
]
_SILENCES = {
    GuestSilence.NOT_RUNNING: "nothing: the machine is not running",
    GuestSilence.NO_AGENT: "nothing: no agent answers; install and start qemu-guest-agent in it",
}


def add_facts_command(group: CommandGroup) -> None:
    """Put the verb into the group."""

    @group.command("facts")
    def facts(run: Invocation, chosen: InSubscription, machine: MachineArgument) -> None:
        """Show what the guest of a virtual machine says about itself."""
        machines = run.subscription(chosen).virtual_machines
        found = machines.guest_facts(run.id_in(machines, machine))
        run.show(found, lambda: _sections(run, found))


def _sections(run: Invocation, found: GuestFactsView) -> list[Section]:
    said_at = ("Said", instant_text(found.observed_at, run.terminal.now))
    if found.reason is not None:
        return [Section(None, [("The guest says", _SILENCES.get(found.reason, f"nothing: {found.reason}")), said_at])]
    system = found.operating_system
    general = [
        ("Operating system", None if system is None else system.title),
        ("Kernel", found.kernel),
        ("Host name", found.hostname),
        said_at,
    ]
    return [
        Section(None, general),
        Section("Interfaces", table=table_of(found.interfaces, INTERFACE_COLUMNS, wide=run.wide)),
        Section("File systems", table=table_of(found.filesystems, FILESYSTEM_COLUMNS, wide=run.wide)),
    ]


def _size(count: int | None) -> str | None:
    return None if count is None else bytes_text(count)
