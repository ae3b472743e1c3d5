"""Showing how an operation gets on."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.terminal import Terminal
from zaffre.client import OperationView

ResultT = TypeVar("ResultT")
Show = Callable[[float, str], None]
"""Takes a share from 0 to 1 and a sentence."""


def watched(
    terminal: Terminal, operation_id: str, wait: Callable[[Callable[[OperationView], None]], ResultT]
) -> ResultT:
    """Wait for an operation in sight of whoever waits.

    Args:
        terminal: where to show it.
        operation_id: which one.
        wait: does the waiting, reporting to the function it is given.

    Raises:
        typer.Exit: the waiting was interrupted; the operation goes on.
    """
    try:
        with progress(terminal) as show:
            return wait(lambda operation: show(operation.progress_percent / 100, operation.sentence))
    except KeyboardInterrupt:
        terminal.note("\nNo longer waiting. The operation goes on:")
        terminal.note(f"  wait again    zaffre operation wait {operation_id}")
        terminal.note(f"  cancel it     zaffre operation cancel {operation_id}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def progress(terminal: Terminal) -> Generator[Show]:
    """Show progress while the block runs: a bar where it can move, else a line for each change."""
    if not terminal.lively:
        yield _Lines(terminal).show
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal.notes, transient=True) as bar:
        task = bar.add_task("Asking the server", total=1.0)

        def show(share: float, sentence: str) -> None:
            bar.update(task, completed=share, description=sentence)

        yield show


class _Lines:
    """Progress for files and pipes: a line when the sentence changes, and for each tenth of a long step."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = ("", -1)

    def show(self, share: float, sentence: str) -> None:
        reached = (sentence, int(share * 10))
        if reached != self._last:
            self._terminal.note(f"{share:>5.0%}  {sentence}")
            self._last = reached
