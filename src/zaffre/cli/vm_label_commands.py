"""The verbs of `zaffre vm` that change what a machine is called, and how large it is."""

from collections.abc import Iterable
from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument, RenamedArgument, SizeArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, Waiting
from zaffre.client import VirtualMachineView

TagsArgument = Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="The tags it gets.")]
KeysArgument = Annotated[list[str], typer.Argument(metavar="KEY...", help="The tags it loses.")]


def add_label_commands(group: CommandGroup) -> None:
    """Put the verbs into the group."""

    @group.command("rename")
    def rename(run: Invocation, chosen: InSubscription, machine: MachineArgument, name: RenamedArgument) -> None:
        """Give a virtual machine another name. The host name inside the guest stays as it is."""
        machines = run.subscription(chosen).virtual_machines
        found = run.find(machines, machine)
        renamed = machines.change(found.id, name=name)
        run.report(renamed, f"Virtual machine {found.name} is now called {renamed.name}.")

    @group.command("tag")
    def tag(run: Invocation, chosen: InSubscription, machine: MachineArgument, tags: TagsArgument) -> None:
        """Put tags on a virtual machine. A tag that it has already gets the new value."""
        machines = run.subscription(chosen).virtual_machines
        tagged = machines.change(run.id_in(machines, machine), tags=dict(_pairs(tags)))
        run.report(tagged, _sentence(tagged))

    @group.command("untag")
    def untag(run: Invocation, chosen: InSubscription, machine: MachineArgument, keys: KeysArgument) -> None:
        """Take tags off a virtual machine."""
        machines = run.subscription(chosen).virtual_machines
        untagged = machines.change(run.id_in(machines, machine), tags=dict.fromkeys(keys))
        run.report(untagged, _sentence(untagged))


def add_resize_command(group: CommandGroup) -> None:
    """Put the verb into the group."""

    @group.command("resize")
    def resize(
        run: Invocation,
        chosen: InSubscription,
        waiting: Waiting,
        machine: MachineArgument,
        size: SizeArgument,
    ) -> None:
        """Give a virtual machine another size. What a running guest cannot take at once waits for its next start."""
        scope = run.subscription(chosen)
        name = run.find(scope.sizes, size).name
        run.finish(scope.virtual_machines.resize(run.id_in(scope.virtual_machines, machine), name), waiting, _resized)


def tags_text(machine: VirtualMachineView) -> str:
    """Return a machine's tags on one line."""
    return ", ".join(f"{key}={value}" for key, value in sorted(machine.tags.items()))


def _pairs(tags: Iterable[str]) -> Iterable[tuple[str, str]]:
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not equals:
            raise typer.BadParameter(f"{tag!r} is not KEY=VALUE.")
        yield key, value


def _resized(machine: VirtualMachineView) -> str:
    later = "; stop and start it to give it all of that" if machine.restart_required else ""
    return f"Virtual machine {machine.name} has the size {machine.size}{later}."


def _sentence(machine: VirtualMachineView) -> str:
    return f"Virtual machine {machine.name} has the tags {tags_text(machine) or '(none)'}."
