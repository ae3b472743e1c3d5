"""Network namespaces with names, as `ip netns` keeps them below /run/netns."""

from pathlib import Path

from zaffre.devfabric.commands import Commands

_DIRECTORY = Path("/run/netns")


def named(prefix: str, *, whole: bool = False) -> list[str]:
    """Return the names of the existing namespaces that begin with `prefix`, or are exactly it if `whole`."""
    if not _DIRECTORY.is_dir():
        return []
    return sorted(
        entry.name
        for entry in _DIRECTORY.iterdir()
        if entry.name == prefix or (not whole and entry.name.startswith(prefix))
    )


def inode(name: str) -> int | None:
    """Return the inode that identifies the namespace, or None when there is no such namespace.

    A name without a namespace behind it (left by an `ip netns` that was interrupted) counts as none.
    """
    try:
        facts = (_DIRECTORY / name).stat()
    except OSError:
        return None
    return facts.st_ino if facts.st_dev != _DIRECTORY.stat().st_dev else None


def directory_is_mounted() -> bool:
    """Tell whether /run/netns is a mount, which the first `ip netns add` since boot makes it."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == str(_DIRECTORY) for line in lines)


def remove_directory(commands: Commands) -> None:
    """Undo what the first `ip netns add` did, unless there are namespaces, ours or others'."""
    if directory_is_mounted() and not named(""):
        commands.run("umount", _DIRECTORY)
        _DIRECTORY.rmdir()


def create(commands: Commands, name: str) -> None:
    """Create a namespace with its loopback up."""
    commands.run("ip", "netns", "add", name)
    commands.run("ip", "-n", name, "link", "set", "lo", "up")


def remove(commands: Commands, name: str) -> None:
    """Remove a namespace and the devices in it. Processes in it must have ended before."""
    for device in virtual_devices(commands, name):
        commands.run("ip", "-n", name, "link", "delete", device)
    commands.run("ip", "netns", "delete", name)


def virtual_devices(commands: Commands, name: str) -> list[str]:
    """Return the virtual cables and bridges in the namespace.

    They are deleted one by one because a namespace that loses its name lives on while anything still refers to it.
    """
    if inode(name) is None:
        return []
    devices: list[str] = []
    for kind in ("veth", "bridge"):
        lines = commands.run("ip", "-n", name, "-oneline", "link", "show", "type", kind).splitlines()
        devices += [line.split(": ")[1].partition("@")[0] for line in lines]
    return devices
