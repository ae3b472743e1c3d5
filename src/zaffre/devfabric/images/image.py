"""What an image is, and what came of building one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zaffre.devfabric.progress import Progress


@dataclass(frozen=True)
class Assembled:
    """The outcome of building an image."""

    path: Path
    """A qcow2 file without backing file."""
    packages: tuple[str, ...]
    """The Debian packages in it, as `name=version`, sorted."""


@dataclass(frozen=True)
class Image:
    """A guest image that can be built here."""

    name: str
    title: str
    """For people, one line."""
    default_user: str
    """Whom to log in as."""
    minimum_memory_mib: int
    minimum_disk_gib: int
    programs: Mapping[str, str]
    """Programs that building it needs, each with the Debian package that has it."""
    sources: tuple[str, ...]
    """Files and directories of this package, relative to `images`, that the result depends on."""
    assemble: Callable[[Path, Progress], Assembled]
    """Builds the image inside an empty directory, which is deleted afterwards."""
