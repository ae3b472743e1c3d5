"""How checkpoints are shown: as the tree that they are."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from zaffre.cli.columns import created
from zaffre.cli.invocation import Invocation
from zaffre.cli.sheets import Section
from zaffre.cli.states import GOOD, styled_state
from zaffre.cli.tables import Cell, Column
from zaffre.cli.words import age, bytes_text
from zaffre.client import CheckpointView

HERE = "the machine is here"


@dataclass(frozen=True)
class Branch:
    """A line of the tree."""

    text: Text
    checkpoint: CheckpointView | None
    """None for the line that says where the machine is."""


def checkpoint_tree(checkpoints: Sequence[CheckpointView]) -> list[Branch]:
    """Return the tree's lines, children below their parents, with the machine's place in it."""
    known = {each.id for each in checkpoints}
    children: dict[str | None, list[CheckpointView]] = defaultdict(list)
    for each in sorted(checkpoints, key=lambda each: each.created_at):
        children[each.parent_id if each.parent_id in known else None].append(each)
    lines = [line for root in children[None] for line in _below(root, children, "", "")]
    if not any(each.current for each in checkpoints):
        lines.append(Branch(Text(HERE, style=GOOD), None))
    return lines


def _below(
    checkpoint: CheckpointView, children: dict[str | None, list[CheckpointView]], first: str, rest: str
) -> Iterator[Branch]:
    """Yield the lines of a checkpoint and of what descends from it.

    Args:
        checkpoint: the topmost.
        children: of each checkpoint.
        first: what stands before its own line.
        rest: what stands before the lines below it.
    """
    yield Branch(Text(first + checkpoint.name), checkpoint)
    below: list[CheckpointView | None] = [*children[checkpoint.id]]
    if checkpoint.current:
        below.append(None)
    for number, each in enumerate(below, 1):
        last = number == len(below)
        branch, trunk = (rest + "└─ ", rest + "   ") if last else (rest + "├─ ", rest + "│  ")
        if each is None:
            yield Branch(Text(branch).append(HERE, GOOD), None)
        else:
            yield from _below(each, children, branch, trunk)


def tree_columns(run: Invocation) -> list[Column[Branch]]:
    """Return the columns of the tree."""

    def of(value: Column[CheckpointView]) -> Column[Branch]:
        def cell(branch: Branch) -> Cell:
            return Text("") if branch.checkpoint is None else value.value(branch.checkpoint)

        return Column(value.title, cell, wide=value.wide, number=value.number, whole=value.whole)

    return [
        Column("NAME", lambda branch: branch.text),
        of(Column("STATE", lambda each: styled_state(each.state), whole=True)),
        of(Column("KEEPS", keeps, whole=True)),
        of(Column("SIZE", _size, number=True, wide=True)),
        of(Column("AGE", lambda each: age(each.created_at, run.terminal.now), number=True, whole=True)),
        of(Column("ID", lambda each: run.names.id(each.id), whole=True)),
    ]


def checkpoint_sections(run: Invocation, checkpoint: CheckpointView, parent: str | None) -> list[Section]:
    """Return the sheet of a checkpoint."""
    return [
        Section(
            None,
            [
                ("Name", checkpoint.name),
                ("State", styled_state(checkpoint.state)),
                ("Description", checkpoint.description),
                ("Keeps", keeps(checkpoint)),
                ("Memory takes", _size(checkpoint)),
                ("After", parent),
                ("Machine is here", "yes" if checkpoint.current else "no"),
                created(run, checkpoint),
                ("Id", checkpoint.id),
            ],
        )
    ]


def keeps(checkpoint: CheckpointView) -> str:
    """Say what a checkpoint keeps."""
    return "disks and memory" if checkpoint.with_memory else "disks"


def _size(checkpoint: CheckpointView) -> str | None:
    return bytes_text(checkpoint.size_bytes) if checkpoint.size_bytes else None
