"""Debian packages as building material: downloaded and unpacked, never installed."""

from pathlib import Path

from zaffre.devfabric.commands import Commands
from zaffre.devfabric.errors import CommandFailed, ImageFailed

_DOWNLOAD_TIMEOUT_S = 600.0


def cloud_kernel_package(commands: Commands) -> str:
    """Return the name of the present package of Debian's kernel for virtual machines.

    Raises:
        ImageFailed: apt does not know it.
    """
    described = commands.run("apt-cache", "depends", "linux-image-cloud-amd64")
    for line in described.splitlines():
        kind, _, name = line.strip().partition(": ")
        if kind == "Depends":
            return name
    raise _lists_missing("apt does not know the package linux-image-cloud-amd64.")


def download(commands: Commands, names: list[str], directory: Path) -> tuple[str, ...]:
    """Download packages into `directory`; return them as `name=version`, sorted.

    Raises:
        ImageFailed: apt does not know one of them, or cannot reach its mirror.
    """
    # As root, apt would download as a user of its own, who may not write here.
    sandbox = ["-o", "APT::Sandbox::User=root"]
    try:
        commands.run("apt-get", *sandbox, "download", *names, directory=directory, timeout_s=_DOWNLOAD_TIMEOUT_S)
    except CommandFailed as failure:
        raise _lists_missing(failure.detail) from failure
    return tuple(sorted(name_and_version(file) for file in directory.glob("*.deb")))


def unpack(commands: Commands, packages: Path, target: Path) -> None:
    """Unpack all packages in the directory `packages` into `target`."""
    for file in sorted(packages.glob("*.deb")):
        commands.run("dpkg-deb", "--extract", file, target, timeout_s=120.0)


def name_and_version(file: Path) -> str:
    """Return `name=version` from the name that apt gave to a downloaded package's file."""
    name, version, _ = file.stem.split("_")
    return f"{name}={version.replace('%3a', ':')}"


def _lists_missing(what: str) -> ImageFailed:
    return ImageFailed(
        what,
        remedy="Run `apt-get update` on this Debian 12 machine, check that its mirror can be reached, and try again.",
    )
