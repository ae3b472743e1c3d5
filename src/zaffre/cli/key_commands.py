"""`zaffre key`: SSH keys."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.arguments import KeyArgument, NewNameArgument
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.client import SshKeyView

group = CommandGroup(help="SSH keys that new virtual machines let in.")
app = group.app

USUAL_FILES = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")


@group.command("list")
def list_keys(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the subscription's SSH keys."""
    columns: list[Column[SshKeyView]] = [
        NAME,
        Column("KIND", lambda key: key.public_key.partition(" ")[0].removeprefix("ssh-")),
        Column("FINGERPRINT", lambda key: key.fingerprint),
        age_column(run),
        id_column(run),
    ]
    none = "There are no SSH keys here. Add yours with: zaffre key add NAME"
    run.show_list(run.subscription(chosen).ssh_keys, wishes, columns, none)


@group.command("add")
def add_key(
    run: Invocation,
    chosen: InSubscription,
    name: NewNameArgument,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="The public key; - reads standard input.",
            show_default="~/.ssh/id_*.pub",
        ),
    ] = None,
    tag: TagOption = None,
) -> None:
    """Add a public key."""
    key = run.subscription(chosen).ssh_keys.add(name, _public_key(file), new_tags(tag))
    run.report(key, f"SSH key {name} is added ({key.fingerprint}).")


add_label_commands(group, "The SSH key", KeyArgument, lambda run, chosen: run.subscription(chosen).ssh_keys)


@group.command("show")
def show_key(run: Invocation, chosen: InSubscription, key: KeyArgument) -> None:
    """Show an SSH key."""
    found = run.find(run.subscription(chosen).ssh_keys, key)
    facts = [("Name", found.name), ("Fingerprint", found.fingerprint), ("Key", found.public_key), tags_fact(found)]
    run.show(found, lambda: [Section(None, [*facts, created(run, found), ("Id", found.id)])])


@group.command("delete")
def delete_key(run: Invocation, chosen: InSubscription, confirmation: Confirmation, key: KeyArgument) -> None:
    """Remove an SSH key. Virtual machines made with it keep letting it in."""
    keys = run.subscription(chosen).ssh_keys
    found = run.find(keys, key)
    run.confirm(confirmation, f"Remove the SSH key {found.name}?")
    keys.delete(found.id)
    run.report(found, f"SSH key {found.name} is removed.")


def _public_key(file: str | None) -> str:
    if file == "-":
        return sys.stdin.read().strip()
    directory = Path.home() / ".ssh"
    candidates = [Path(file).expanduser()] if file is not None else [directory / name for name in USUAL_FILES]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        raise UsageProblem(
            f"There is no public key at {file or directory}.", "Name the file with --file, or make one: ssh-keygen"
        )
    text = path.read_text(errors="replace").strip()
    if "PRIVATE KEY" in text:
        raise UsageProblem(f"{path} is a private key.", f"Never send it anywhere; use {path}.pub instead.")
    return text
