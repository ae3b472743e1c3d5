"""`zaffre vm migrate` and `zaffre vm hosts`: where virtual machines run, for operators."""

from typing import Annotated

import typer

from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Waiting
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import mib_text, yes_no
from zaffre.client import AdminVirtualMachineView, CandidateHostView

AnyMachineArgument = Annotated[
    str,
    typer.Argument(
        metavar="VM",
        help="Name or id of anybody's virtual machine.",
        autocompletion=names_of(lambda run: run.client.admin.virtual_machines),
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="HOST",
        help="Where to; left out, to the best host that is fit.",
        autocompletion=names_of(lambda run: run.client.admin.hosts),
    ),
]


def add_migration_commands(group: CommandGroup) -> None:
    """Put the verbs into the group."""

    @group.command("migrate")
    def migrate(run: Invocation, waiting: Waiting, machine: AnyMachineArgument, host: HostOption = None) -> None:
        """Move a running virtual machine to another host; for operators.

        It goes on running. `zaffre operation cancel` stops the move: it stays where it is.
        """
        machines = run.client.admin.virtual_machines
        host_id = run.id_in(run.client.admin.hosts, host) if host is not None else None
        run.finish(machines.migrate(run.id_in(machines, machine), host_id), waiting, lambda moved: _moved(run, moved))

    @group.command("hosts")
    def hosts(run: Invocation, machine: AnyMachineArgument) -> None:
        """List where a virtual machine could move to; for operators."""
        machines = run.client.admin.virtual_machines
        found = machines.candidate_hosts(run.id_in(machines, machine))
        columns: list[Column[CandidateHostView]] = [
            Column("NAME", lambda host: host.name, whole=True),
            Column("FIT", lambda host: styled_state(yes_no(host.fit)), whole=True),
            Column("WHY NOT", lambda host: host.unfit_because),
            Column("MEMORY FREE", lambda host: mib_text(host.memory_free_mib), number=True),
            Column("VCPUS FREE", lambda host: host.vcpus_free, number=True),
        ]
        run.show_items(found, columns, "There are no hosts.")


def _moved(run: Invocation, machine: AdminVirtualMachineView) -> str:
    return f"Virtual machine {machine.name} is on {run.names.host(machine.host_id)}."
