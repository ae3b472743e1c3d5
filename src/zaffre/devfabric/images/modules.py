"""Kernel modules and the order in which they can be loaded."""

import re
from collections.abc import Iterable
from pathlib import Path

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def load_order(tree: Path, wanted: Iterable[str]) -> list[Path]:
    """Return the files of the wanted modules and all they need, each after those it needs.

    Args:
        tree: a kernel package's `lib/modules/VERSION/kernel`. The packages come without `modules.dep`, so the
            dependencies are read from the modules themselves.
        wanted: module names, with underscores.

    Raises:
        KeyError: the kernel has no such module.
    """
    files = {file.stem.replace("-", "_"): file for file in tree.rglob("*.ko")}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        if name not in ordered:
            for needed in needed_modules(files[name].read_bytes()):
                add(needed)
            ordered[name] = files[name]

    for name in wanted:
        add(name)
    return list(ordered.values())


def needed_modules(module: bytes) -> list[str]:
    """Return the names of the modules that a module's file says it depends on."""
    found = _DEPENDS.search(module)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []
