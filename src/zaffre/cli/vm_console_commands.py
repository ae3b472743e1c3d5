"""`zaffre vm console`: a machine's serial line in the terminal, or its screen for a VNC viewer."""

from typing import Annotated

import typer

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription
from zaffre.cli.screen_door import ScreenDoor
from zaffre.cli.serial_terminal import ESCAPE_NAME, SerialTerminal
from zaffre.client import Console, ConsoleKind


def add_console_commands(group: CommandGroup) -> None:
    """Put the verb into the group."""

    @group.command("console")
    def console(
        run: Invocation,
        chosen: InSubscription,
        machine: MachineArgument,
        *,
        graphical: Annotated[
            bool, typer.Option("--graphical", "-g", help="Its screen, for a VNC viewer on this computer.")
        ] = False,
        port: Annotated[
            int,
            typer.Option("--port", min=0, max=65_535, metavar="PORT", help="For the viewer; else a free one."),
        ] = 0,
    ) -> None:
        """Use a machine's serial line in this terminal; Ctrl+] leaves.

        What the guest prints reaches the terminal as it is. Whoever else has the serial line open loses it.

        With --graphical, serves the screen on a port of this computer until Ctrl+C. It asks for no password, so every
        user of this computer can connect to it meanwhile.
        """
        machines = run.subscription(chosen).virtual_machines
        found = run.find(machines, machine)
        if graphical:
            with ScreenDoor(lambda: machines.open_console(found.id, ConsoleKind.GRAPHICAL), port) as door:
                run.terminal.note(f"The screen of {found.name} is at 127.0.0.1:{door.port}; for example:")
                run.terminal.print(f"vncviewer 127.0.0.1::{door.port}")
                run.terminal.note("It is served until you press Ctrl+C.", "dim")
                door.serve(run.terminal.note)
            return
        with machines.open_console(found.id, ConsoleKind.SERIAL) as line:
            run.terminal.note(f"This is the serial line of {found.name}. {ESCAPE_NAME} leaves.", "dim")
            SerialTerminal(line).use()
            run.terminal.note(f"\r\n{_ending(line)}")


def _ending(line: Console) -> str:
    return line.end or "The console is closed."
