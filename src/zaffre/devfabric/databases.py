"""OVSDB database files and the sockets they are served at."""

import socket
from pathlib import Path

from zaffre.devfabric.commands import Commands


def ensure_database(commands: Commands, path: Path, schema: str) -> None:
    """Create an empty database of `schema` (a file) at `path`, unless there is one.

    It appears complete or not at all, so an interrupted creation is simply repeated.
    """
    if path.exists():
        return
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    commands.run("ovsdb-tool", "create", unfinished, schema)
    unfinished.replace(path)


def answers(path: Path) -> bool:
    """Tell whether somebody accepts connections at the unix socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
