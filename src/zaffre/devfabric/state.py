"""The small file that says what is up, so that another process can use a fabric it did not build."""

import json
from pathlib import Path

from zaffre.devfabric.layout import FabricLayout

_FORMAT = 1


def write_layout(path: Path, layout: FabricLayout) -> None:
    """Record a complete fabric. The file appears whole or not at all."""
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps({"format": _FORMAT, "layout": layout.to_json()}, indent=2) + "\n")
    unfinished.replace(path)


def read_layout(path: Path) -> FabricLayout | None:
    """Return the recorded fabric, or None when none is recorded, or by a release that wrote it in another way."""
    try:
        record = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    try:
        return FabricLayout.from_json(record["layout"]) if record["format"] == _FORMAT else None
    except (KeyError, TypeError):
        return None
