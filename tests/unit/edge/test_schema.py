"""The schema holds every feature's tables."""

from pathlib import Path

import zaffre
from zaffre.edge.schema.tables import TABLE_MODULES


def test_no_features_tables_are_left_out() -> None:
    root = Path(zaffre.__file__).parent
    there = {
        ".".join(("zaffre", *file.relative_to(root).with_suffix("").parts))
        for file in root.rglob("tables.py")
        if "foundation.database" in file.read_text() and file.parent.name not in ("schema", "cli")
    }
    assert there - {module.__name__ for module in TABLE_MODULES} == set()
