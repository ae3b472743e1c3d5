"""Recipes: what an image's content follows from, as a digest that names the image's file."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_DIGITS = 10


def digest_of_files(root: Path, names: Iterable[str]) -> str:
    """Return a digest over the given files, and all files in the given directories, with their paths below `root`."""
    digest = hashlib.sha256()
    for path in sorted(file for name in names for file in _files(root / name)):
        for part in (str(path.relative_to(root)).encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:_DIGITS]


def digest_of_packages(packages: Iterable[str]) -> str:
    """Return a digest over `name=version` texts, whatever their order."""
    return hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:_DIGITS]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
    else:
        yield path
